"""Groups, splits and shards: linked mapsets stay together, and a collection that grows keeps its places."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythm_maps import limits
from rhythm_maps.build import splits
from rhythm_maps.build.manifest import SPLITS, FileEntry, MapsetEntry, position, shard_of
from rhythm_maps.build.splits import choose_split, group_mapsets, shard_counts

SONGS = ["a/one", "b/two", "c/three", "d/four", "e/five"]
"""No more than five: audio shared by more songs than that links nothing."""


def mapset(path, songs=(), audio=(), links=(), *, size=1000, digest=""):
    """A manifest line without group and split; `audio` and `links` are small numbers that equal bytes share."""
    return MapsetEntry(
        root=0,
        path=path,
        digest=digest or f"digest of {path}",
        charts=[],
        members=[FileEntry("a.osu", 100, 1)],
        audio=[FileEntry(f"{number}.mp3", size, number) for number in audio],
        song_keys=sorted(songs),
        links=[f"link{number}" for number in links],
    )


few = st.frozensets
mapsets = st.lists(
    st.tuples(
        few(st.sampled_from(SONGS), max_size=2), few(st.integers(0, 5), max_size=2), few(st.integers(0, 5), max_size=1)
    ),
    max_size=14,
).map(lambda rows: [mapset(f"{i:02d}.osz", *row) for i, row in enumerate(rows)])


def in_train(number, size, group):
    entry = mapset(f"{number}", audio=[number], size=size)
    return msgspec.structs.replace(entry, group=group, split="train")


def keys_of(entry):
    return {*entry.song_keys, *(a.link for a in entry.audio), *entry.links}


def placed(entries, known=(), fractions=(0.4, 0.3, 0.3)):
    grouping = group_mapsets(entries, known, fractions)
    return {entry.path: entry for entry in grouping.entries}, grouping


@given(mapsets, st.randoms(use_true_random=False))
def test_linked_mapsets_share_group_and_split_in_whatever_order_they_come(entries, order):
    found, _ = placed(entries)
    for one in entries:
        for other in entries:
            if keys_of(one) & keys_of(other):
                assert found[one.path].group == found[other.path].group
    for group in {entry.group for entry in found.values()}:
        assert len({entry.split for entry in found.values() if entry.group == group}) == 1
    shuffled = list(entries)
    order.shuffle(shuffled)
    assert placed(shuffled)[0] == found


@given(mapsets)
def test_what_nothing_links_is_not_in_one_group(entries):
    """A group is connected: split in any two halves, a link goes from one to the other."""
    found, _ = placed(entries)
    for group in {entry.group for entry in found.values()}:
        members = [entry for entry in entries if found[entry.path].group == group]
        reached, rest = set(keys_of(members[0])), members[1:]
        while near := [entry for entry in rest if keys_of(entry) & reached]:
            reached.update(*(keys_of(entry) for entry in near))
            rest = [entry for entry in rest if entry not in near]
        assert rest == []


@settings(max_examples=200)
@given(mapsets, mapsets)
def test_known_groups_stay_where_they_are_but_for_merges_that_are_named(entries, more):
    before, first = placed(entries)
    known = splits.groups_of(first.entries)
    new = [msgspec.structs.replace(entry, path=f"new-{entry.path}", digest=f"new {entry.digest}") for entry in more]
    after, second = placed([*entries, *new], known)
    moved = {entry.group: entry for entry in second.moved}
    for path, entry in before.items():
        now = after[path]
        if entry.group in moved:
            assert (now.group, now.split) == (moved[entry.group].to_group, moved[entry.group].to_split)
            assert moved[entry.group].split == entry.split
        else:
            assert (now.group, now.split) == (entry.group, entry.split)
    for merge in second.moved:
        assert SPLITS.index(merge.to_split) <= SPLITS.index(merge.split), "a merge goes to the earlier split"


@given(mapsets)
def test_the_same_collection_again_changes_nothing(entries):
    before, first = placed(entries)
    after, second = placed(entries, splits.groups_of(first.entries))
    assert after == before
    assert second.moved == []


def test_a_mapset_of_two_known_songs_joins_their_groups_in_the_earlier_split():
    known = splits.groups_of(
        [
            msgspec.structs.replace(mapset("1", ["a/one"]), group="aaaa", split="test"),
            msgspec.structs.replace(mapset("2", ["b/two"]), group="bbbb", split="validation"),
            msgspec.structs.replace(mapset("3", ["c/three"]), group="cccc", split="train"),
        ]
    )
    found, grouping = placed([mapset("4", ["a/one", "b/two"]), mapset("5", ["c/three"])], known)
    assert (found["4"].group, found["4"].split) == ("bbbb", "validation")
    assert (found["5"].group, found["5"].split) == ("cccc", "train")
    assert [(m.group, m.split, m.to_group, m.to_split) for m in grouping.moved] == [
        ("aaaa", "test", "bbbb", "validation")
    ]


@given(mapsets, mapsets)
def test_songs_that_leave_and_come_back_keep_their_group_and_split(entries, others):
    """Version 2 has none of the first version's mapsets; version 3 has them again, and all that was merged is named."""
    before, first = placed(entries)
    away = [msgspec.structs.replace(e, path=f"other-{e.path}", digest=f"other {e.digest}") for e in others]
    _, second = placed(away, splits.groups_of(first.entries))
    after, third = placed([*away, *entries], splits.groups_of(second.entries, second.known))
    became = {m.group: (m.to_group, m.to_split) for m in [*second.moved, *third.moved]}
    for path, entry in before.items():
        place = (entry.group, entry.split)
        while place[0] in became and became[place[0]] != place:
            place = became[place[0]]
        assert (after[path].group, after[path].split) == place


def test_audio_of_more_than_five_songs_links_nothing_and_is_marked():
    """Keysounded maps share one silent file."""
    silent = [mapset(f"{i}.osz", [f"x/{i}"], [7]) for i in range(6)]
    found, _ = placed(silent)
    assert len({entry.group for entry in found.values()}) == 6
    assert all(entry.audio[0].shared for entry in found.values())
    found, _ = placed(silent[:5])
    assert len({entry.group for entry in found.values()}) == 1
    assert not any(entry.audio[0].shared for entry in found.values())


def test_empty_audio_and_empty_names_link_nothing():
    found, _ = placed([mapset("1.osz", audio=[1], size=0), mapset("2.osz", audio=[1], size=0)])
    assert found["1.osz"].group != found["2.osz"].group


def test_few_songs_are_all_train_unless_shares_are_asked_for():
    songs = [mapset(f"{i}.osz", [f"x/{i}"]) for i in range(19)]
    assert {entry.split for entry in group_mapsets(songs).entries} == {"train"}
    assert {entry.split for entry in group_mapsets(songs, (), (0.4, 0.3, 0.3)).entries} == set(SPLITS)


def test_splits_have_about_the_shares_asked_for():
    count = Counter(choose_split(f"{i:016x}", (0.8, 0.15, 0.05)) for i in range(20_000))
    assert count["train"] / 20_000 == pytest.approx(0.8, abs=0.01)
    assert count["validation"] / 20_000 == pytest.approx(0.15, abs=0.01)
    assert {choose_split(f"{i}", (0.0, 0.0, 1.0)) for i in range(50)} == {"test"}


def test_the_split_and_the_place_in_it_do_not_depend_on_each_other():
    """With one hash for both, the test split would fill the last shards only."""
    test = [group for i in range(4000) if choose_split(group := f"{i:016x}", (0.9, 0.05, 0.05)) == "test"]
    assert {shard_of(group, 8) for group in test} == set(range(8))


def test_large_groups_are_reported_with_a_song():
    entries = [mapset(f"{i}.osz", ["a/one"]) for i in range(21)]
    (large,) = group_mapsets(entries).large
    assert large[1:] == (21, "a/one")
    assert group_mapsets(entries[:20]).large == []


@given(st.text("0123456789abcdef", min_size=16, max_size=16), st.sampled_from([1, 2, 4, 8, 16, 64, 256]))
def test_shards_are_ranges_of_positions_that_nest(group, n):
    k = shard_of(group, n)
    assert k / n <= position(group) / 2**64 < (k + 1) / n
    assert shard_of(group, 2 * n) // 2 == k


@given(st.integers(1, 400), st.integers(0, 200 * limits.MIB), st.integers(0, 3))
def test_numbers_of_shards_are_powers_of_two_with_files_below_the_cap(n, size, seed):
    numbers = random.Random(seed)
    entries = [
        msgspec.structs.replace(
            mapset(f"{i}", audio=[i], size=size), group=f"{numbers.getrandbits(64):016x}", split="train"
        )
        for i in range(n)
    ]
    (count,) = shard_counts(entries).values()
    assert count & (count - 1) == 0
    assert count >= min(16, n // 8)
    fill = Counter()
    for entry in entries:
        fill[shard_of(entry.group, count)] += size + 100
    assert max(fill.values()) <= limits.SHARD_BYTES or count >= n


def test_a_kept_number_of_shards_stays_until_a_file_would_pass_its_cap():
    def entries(size):
        return [
            msgspec.structs.replace(mapset(f"{i}", audio=[i], size=size), group=f"{i}", split="train")
            for i in range(64)
        ]

    assert shard_counts(entries(1000), {"train": 2}) == {"train": 2}
    assert shard_counts(entries(1000)) == {"train": 8}
    assert shard_counts(entries(10 * limits.MIB), {"train": 2}) == {"train": 2}
    assert shard_counts(entries(20 * limits.MIB), {"train": 2})["train"] in {4, 8}
    assert shard_counts([], {"train": 2}) == {}
