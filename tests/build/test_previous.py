"""A collection that grows by 1 %: with the previous version no song changes its split, and most files keep bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgspec
import pyarrow.parquet as pq
import pytest
from generate import noise_wav, osu_text, write_mapsets, zipped
from groups_hub import serve
from trees import digests

from rhythm_maps.build import manifest, previous, splits
from rhythm_maps.build.manifest import MapsetEntry
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import BadFormat, UsageError

MAPSETS = 200


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", MAPSETS)
    return tmp_path / "maps"


@pytest.fixture
def first(maps, tmp_path):
    """(manifest, folder) of the first version."""
    plan = scan("osu", [maps]).keep()
    build(plan, tmp_path / "v1", make_spec("osu"))
    return plan, tmp_path / "v1"


def entries_of(plan):
    return {line.path: line for line in manifest.read_lines(plan) if isinstance(line, MapsetEntry)}


def two_of_different_splits(plan):
    """Numbers of two mapsets, one of the test split and one of train."""
    split_of = {int(path.split(".")[0]): entry.split for path, entry in sorted(entries_of(plan).items())}
    return next(n for n, s in split_of.items() if s == "test"), next(n for n, s in split_of.items() if s == "train")


def is_shard(name):
    return name.endswith(".parquet") and not name.startswith("meta/")


def medley(*numbers):
    """A mapset that holds two known songs: it joins their groups."""
    members = {
        f"{n}.osu": osu_text(9000 + n, artist=f"Artist {n:04d}", title=f"Song {n:04d}", audio=f"{n}.wav")
        for n in numbers
    }
    return zipped({**members, **{f"{n}.wav": noise_wav(0.05, 9000 + n) for n in numbers}})


@pytest.mark.parametrize("place", ["manifest", "build"])
def test_one_per_cent_more_moves_no_song_but_by_the_merge_that_is_named(maps, first, tmp_path, place, capsys):
    plan, folder = first
    old, in_test, in_train = entries_of(plan), *two_of_different_splits(plan)
    write_mapsets(maps, 1, first=MAPSETS)
    (maps / "medley.osz").write_bytes(medley(in_test, in_train))
    known = previous.read(str(plan if place == "manifest" else folder))
    result = scan("osu", [maps], previous=known)
    new = {entry.path: entry for entry in result.entries}

    changed = [path for path, entry in old.items() if (new[path].group, new[path].split) != (entry.group, entry.split)]
    assert changed == [f"{in_test:04d}.osz"], "of the two songs that were joined, one goes to the other"
    assert new[f"{in_test:04d}.osz"].split == new["medley.osz"].split == "train"
    (moved,) = result.moved
    lost, kept = old[f"{in_test:04d}.osz"], old[f"{in_train:04d}.osz"]
    assert (moved.group, moved.split, moved.to_group, moved.to_split) == (lost.group, "test", kept.group, "train")
    assert result.header.shards == manifest.load(plan).header.shards, "the numbers of shards are kept"
    assert result.header.fractions == manifest.load(plan).header.fractions

    build(result.keep(), tmp_path / "v2", make_spec("osu"))
    assert pq.read_table(tmp_path / "v2" / "meta" / "moved.parquet").to_pylist() == [msgspec.structs.asdict(moved)]
    before, after = digests(folder), digests(tmp_path / "v2")
    shards = [name for name in after if not name.startswith("meta/") and name.endswith(".parquet")]
    assert sorted(shards) == sorted(
        name for name in before if not name.startswith("meta/") and name.endswith(".parquet")
    )
    same = sum(before[name] == after[name] for name in shards)
    with capsys.disabled():
        share = f"{same / len(shards):.0%}"
        print(f"\n  {MAPSETS} -> {MAPSETS + 2} mapsets: {same} of {len(shards)} files unchanged ({share})")
    assert same / len(shards) >= 0.7


def test_a_build_from_a_previous_build_is_the_same_as_from_its_manifest(maps, first):
    plan, folder = first
    write_mapsets(maps, 5, first=MAPSETS)
    one, two = (scan("osu", [maps], previous=previous.read(str(place))) for place in (plan, folder))
    assert manifest.encode(one.lines()) == manifest.encode(two.lines())


def test_groups_come_back_from_a_build_as_they_were(first):
    plan, folder = first
    expected = splits.groups_of(list(entries_of(plan).values()))
    read = previous.read(str(folder))
    assert read.groups == expected
    assert read.groups == previous.read(str(plan)).groups
    assert len(read.groups) == MAPSETS
    assert read.shards == manifest.load(plan).header.shards
    assert pq.read_table(folder / "meta" / "groups.parquet").equals(previous.groups_table(expected))


def test_without_the_previous_version_a_merge_may_move_more_but_a_hash_moves_nothing_else(maps, first):
    """Songs that nothing new joins keep their place even when nobody gives the previous version."""
    plan, _ = first
    write_mapsets(maps, 2, first=MAPSETS)
    new = {entry.path: entry for entry in scan("osu", [maps]).entries}
    assert {path: (e.group, e.split) for path, e in entries_of(plan).items()} == {
        path: (new[path].group, new[path].split) for path in entries_of(plan)
    }


def test_the_shares_asked_for_are_kept_from_version_to_version(tmp_path):
    write_mapsets(tmp_path / "maps", 40)
    plan = scan("osu", [tmp_path / "maps"], fractions=(0.5, 0.25, 0.25)).keep()
    write_mapsets(tmp_path / "maps", 40, first=40)
    grown = scan("osu", [tmp_path / "maps"], previous=previous.read(str(plan)))
    assert grown.header.fractions == [0.5, 0.25, 0.25]
    assert sum(entry.split == "train" for entry in grown.entries) < 60


def read_in_a_process(place, address, tmp_path):
    """Read a previous version with huggingface_hub's real client, whose address is fixed when it is imported."""
    program = (
        "import json, sys\n"
        "from rhythm_maps.build import previous\n"
        "from rhythm_maps.errors import RhythmMapsError\n"
        "try:\n"
        "    found = previous.read(sys.argv[1])\n"
        "    print(json.dumps([[[g.group, g.split] for g in found.groups], found.shards, found.fractions]))\n"
        "except RhythmMapsError as error:\n"
        "    print(json.dumps([type(error).__name__, str(error)]))\n"
    )
    environment = {
        **os.environ,
        "HF_ENDPOINT": address,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(tmp_path / "hf"),
        "HF_TOKEN": "hf_dummy",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, place],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_hub_repository_gives_its_groups_and_a_wrong_one_a_clear_error(tmp_path):
    write_mapsets(tmp_path / "maps", 24)
    plan = scan("osu", [tmp_path / "maps"]).keep()
    build(plan, tmp_path / "v1", make_spec("osu"))
    files = {name: (tmp_path / "v1" / name).read_bytes() for name in (previous.GROUPS_FILE, previous.INFO_FILE)}
    expected = previous.read(str(tmp_path / "v1"))
    answer = [[[g.group, g.split] for g in expected.groups], expected.shards, None]
    with serve("someone/osu-maps", {"main": files, "v1": files, "empty": {"README.md": b""}}) as (address, asked):
        assert read_in_a_process("someone/osu-maps", address, tmp_path) == answer
        assert "GET /datasets/someone/osu-maps/resolve/main/meta/groups.parquet" in asked
        assert read_in_a_process("someone/osu-maps@v1", address, tmp_path / "other") == answer
        assert "GET /datasets/someone/osu-maps/resolve/v1/meta/groups.parquet" in asked
        for wrong in ("someone/else", "someone/osu-maps@v9", "someone/osu-maps@empty"):
            kind, message = read_in_a_process(wrong, address, tmp_path)
            assert kind == "InputError"
            assert wrong in message
            assert "hf_dummy" not in message


@pytest.mark.parametrize("place", ["nowhere", "a/b/c", "./not/there", "/not/there"])
def test_a_place_that_is_no_previous_version_is_refused(place):
    with pytest.raises(UsageError, match="expected a manifest"):
        previous.read(place)


def test_a_folder_that_is_no_build_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not a build"):
        previous.read(str(tmp_path))


@pytest.mark.parametrize("name", ["groups.parquet", "info.json"])
def test_damaged_groups_are_named(tmp_path, name):
    write_mapsets(tmp_path / "maps", 2)
    out = build(scan("osu", [tmp_path / "maps"]).keep(), tmp_path / "out", make_spec("osu")).out
    (out / "meta" / name).write_bytes(b"{}" if name == "info.json" else b"PAR1 no")
    with pytest.raises(BadFormat) as caught:
        previous.read(str(out))
    assert caught.value.code == "bad_previous"


@pytest.mark.parametrize("road", ["manifest", "build"])
def test_a_song_that_leaves_and_comes_back_is_known_again(road, maps, first, tmp_path):
    plan, out = first
    gone = next(path for path, entry in entries_of(plan).items() if entry.split == "test")
    data = (maps / gone).read_bytes()
    (maps / gone).unlink()
    without = scan("osu", [maps], previous=previous.read(str(out if road == "build" else plan)))
    assert [line.split for line in without.known] == ["test"]
    second = without.keep()
    build(second, tmp_path / "v2", make_spec("osu"))
    (maps / gone).write_bytes(data)
    # Other shares would send it elsewhere, were it not known.
    place = str(tmp_path / "v2" if road == "build" else second)
    again = entries_of(scan("osu", [maps], previous=previous.read(place), fractions=(1, 0, 0)).keep())
    assert (again[gone].group, again[gone].split) == (entries_of(plan)[gone].group, "test")
