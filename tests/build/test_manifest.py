"""The manifest: bytes that say the same on every machine, and one byte range a shard."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps.build import manifest
from rhythm_maps.build.manifest import (
    SPLITS,
    ChartEntry,
    FileEntry,
    Header,
    MapsetEntry,
    MovedEntry,
    RejectEntry,
    StrangeEntry,
    position,
    shard_of,
)
from rhythm_maps.errors import BadFormat, InputError

names = st.text(
    st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), max_size=8
)
"""Any name that a file system gives: what is no UTF-8 comes as lone surrogates from DC80 to DCFF."""
files = st.builds(FileEntry, names, st.integers(0, 2**40), st.integers(0, 2**32 - 1), st.booleans())
charts = st.builds(
    ChartEntry, names, st.none() | names, st.none() | names, names, st.sampled_from(["", "audio_missing"])
)
lists = st.lists
entries = st.builds(
    MapsetEntry,
    root=st.integers(0, 3),
    path=names,
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
    charts=lists(charts, max_size=2),
    members=lists(files, max_size=2),
    audio=lists(files, max_size=2),
    song_keys=lists(names, max_size=2),
    links=lists(names, max_size=2),
    strange=lists(st.builds(StrangeEntry, names, names, names), max_size=1),
    group=st.text("0123456789abcdef", min_size=16, max_size=16),
    split=st.sampled_from(SPLITS),
)
rejects = st.builds(RejectEntry, st.integers(0, 3), names, names, names, names)


def header(**changes):
    plain = Header(manifest.FORMAT, "osu", ["/maps"], [], {}, {"x": "1"})
    return msgspec.structs.replace(plain, **changes)


def in_order(lines):
    return sorted(lines, key=lambda e: (SPLITS.index(e.split), position(e.group), e.group, e.root, e.path))


@given(lists(entries, max_size=4), lists(rejects, max_size=2))
def test_every_line_comes_back_as_it_was(tmp_path_factory, mapsets, bad):
    path = tmp_path_factory.mktemp("manifest") / "manifest.jsonl"
    lines = [header(), *mapsets, *bad, MovedEntry("a", "test", "b", "train")]
    manifest.write(path, lines)
    assert list(manifest.read_lines(path)) == lines
    data = path.read_bytes()
    assert data == manifest.encode(lines)
    assert data.count(b"\n") == len(lines)
    for line in data.splitlines():
        json.loads(line)


@given(lists(entries, max_size=12), st.sampled_from([1, 2, 8]))
def test_shards_are_byte_ranges_that_hold_every_mapset_once(tmp_path_factory, mapsets, n):
    path = tmp_path_factory.mktemp("manifest") / "manifest.jsonl"
    mapsets = in_order(mapsets)
    shards = {split: n for split in SPLITS if any(entry.split == split for entry in mapsets)}
    manifest.write(path, [header(shards=shards), *mapsets, RejectEntry(0, "bad", "c", "r", "p")])
    plan = manifest.load(path)
    assert plan.mapsets == len(mapsets)
    assert len(plan.shards) == n * len(shards), "empty shards are listed, too"
    assert [entry for shard in plan.shards for entry in manifest.read_shard(path, shard)] == mapsets
    for shard in plan.shards:
        read = manifest.read_shard(path, shard)
        assert len(read) == shard.mapsets
        assert all((entry.split, shard_of(entry.group, n)) == (shard.split, shard.k) for entry in read)
    assert [line.path for line in plan.rejects] == ["bad"]


def written(path, *lines):
    path.write_bytes(manifest.encode(lines))
    return path


@pytest.fixture
def entry():
    return MapsetEntry(0, "a.osz", "0" * 64, [], [], [], ["a/b"], [], group="ab", split="train")


def test_the_digest_knows_the_lines_and_not_the_roots(tmp_path, entry):
    lines = [header(shards={"train": 1}), entry]
    one = manifest.load(written(tmp_path / "1", *lines)).digest
    moved = [msgspec.structs.replace(lines[0], roots=["/elsewhere"]), entry]
    assert manifest.load(written(tmp_path / "2", *moved)).digest == one
    for other in (
        [msgspec.structs.replace(lines[0], shards={"train": 2}), entry],
        [lines[0], msgspec.structs.replace(entry, digest="1" * 64)],
        [*lines, RejectEntry(0, "a", "b", "c", "d")],
    ):
        assert manifest.load(written(tmp_path / "3", *other)).digest != one


def test_lines_of_a_split_out_of_order_are_refused(tmp_path, entry):
    test = msgspec.structs.replace(entry, split="test", path="b.osz")
    with pytest.raises(BadFormat, match="not sorted"):
        manifest.load(written(tmp_path / "m", header(shards={"train": 1, "test": 1}), test, entry))


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "line 1"),
        (b"not json\n", "line 1"),
        (b'{"kind":"header"}\n', "line 1"),
        (b'{"kind":"moved","group":"a","split":"b","to_group":"c","to_split":"d"}\n', "line 1"),
        (manifest.encode([header(), header()]), "line 2"),
        (manifest.encode([header()]) + b'{"kind":"mapset"}\n', "line 2"),
        (manifest.encode([header()]) + b'{"kind":"\\ud800"}\n', "line 2"),
        (manifest.encode([header(format=99)]), "line 1"),
    ],
)
def test_a_damaged_manifest_is_named_by_line(tmp_path, data, place):
    (tmp_path / "m").write_bytes(data)
    with pytest.raises(BadFormat) as caught:
        manifest.load(tmp_path / "m")
    assert (caught.value.code, caught.value.place) == ("bad_manifest", place)


@pytest.mark.parametrize("split", ["nowhere", ""])
def test_a_split_that_there_is_not_is_refused(tmp_path, entry, split):
    with pytest.raises(BadFormat):
        manifest.load(written(tmp_path / "m", header(shards={"train": 1}), msgspec.structs.replace(entry, split=split)))


def test_a_manifest_that_cannot_be_read_is_an_input_error(tmp_path):
    with pytest.raises(InputError):
        manifest.load(tmp_path / "none.jsonl")


def test_a_shard_has_the_name_of_its_files(tmp_path, entry):
    plan = manifest.load(written(tmp_path / "m", header(shards={"train": 2}), entry))
    assert [shard.name for shard in plan.shards] == ["train-00000-of-00002", "train-00001-of-00002"]
