"""What a build does with the folder it is given, and what it refuses."""

from __future__ import annotations

import json

import filelock
import pytest
from generate import osu_text, write_mapsets, zipped
from trees import build_osu, digests, faults_of

from rhythm_maps.build.run import build, read_info
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import BuildError, NoDataError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.paths import path_id


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", 8)
    return tmp_path / "maps"


def test_a_finished_build_is_whole_and_its_info_lists_every_file(maps, tmp_path):
    result = build_osu(maps, tmp_path / "out")
    assert faults_of(result.out) == []
    assert json.loads(json.dumps(result.info)) == read_info(result.out)
    assert result.info["content_sha256"] == build_osu(maps, tmp_path / "twice").info["content_sha256"]
    assert set(result.info["files"]) | {"meta/info.json"} == set(digests(result.out))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "maps", "out", "twice"]


def test_the_same_build_again_reads_nothing(maps, tmp_path):
    build_osu(maps, tmp_path / "out")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    started = []
    plan = scan("osu", [maps]).keep()
    result = build(plan, tmp_path / "out", make_spec("osu"), on_start=started.append)
    assert started == []
    assert result.reused == 1
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == stamps


def test_fresh_builds_again_to_the_same_bytes(maps, tmp_path):
    before = digests(build_osu(maps, tmp_path / "out").out)
    started = []
    build(scan("osu", [maps]).keep(), tmp_path / "out", make_spec("osu"), fresh=True, on_start=started.append)
    assert started == [8]
    assert digests(tmp_path / "out") == before


def test_progress_counts_every_mapset_once(maps, tmp_path):
    write_mapsets(maps, 40, first=8)
    started, done = [], []
    plan = scan("osu", [maps]).keep()
    build(plan, tmp_path / "out", make_spec("osu"), on_start=started.append, on_done=done.append)
    assert started == [48]
    assert sum(done) == 48
    assert len(done) >= 4


def test_another_build_replaces_the_one_that_stands_there(maps, tmp_path):
    build_osu(maps, tmp_path / "out")
    result = build_osu(maps, tmp_path / "out", configs=["charts"])
    assert set(result.info["rows"]) == {"charts"}
    assert not (tmp_path / "out" / "tracks").exists()
    assert faults_of(tmp_path / "out") == []


def test_an_empty_folder_is_filled_and_a_foreign_one_is_left_alone(maps, tmp_path):
    (tmp_path / "out").mkdir()
    build_osu(maps, tmp_path / "out")
    assert read_info(tmp_path / "out")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    (tmp_path / "a file").write_text("more work")
    for place in ("thesis", "a file"):
        with pytest.raises(UsageError, match="no build of rhythm-maps"):
            build_osu(maps, tmp_path / place)
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"
    assert (tmp_path / "a file").read_text() == "more work"


def test_the_maps_folder_itself_cannot_be_the_place_of_the_build(maps):
    with pytest.raises(UsageError, match="no build"):
        build_osu(maps, maps)
    assert len(list(maps.iterdir())) == 8


def test_a_build_without_rows_says_what_became_of_the_inputs_and_writes_nothing(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "a.osz").write_bytes(zipped({"a.osu": osu_text(1, notes=0)}))
    with pytest.raises(NoDataError, match="few_notes"):
        build_osu(tmp_path / "maps", tmp_path / "made" / "out")
    assert list((tmp_path / "made").iterdir()) == []


def test_a_build_without_rows_leaves_the_one_that_stands_there(maps, tmp_path):
    before = digests(build_osu(maps, tmp_path / "out").out)
    with pytest.raises(NoDataError):
        build_osu(maps, tmp_path / "out", min_notes=10_000)
    assert digests(tmp_path / "out") == before


def test_a_manifest_of_another_game_and_no_workers_are_refused(maps, tmp_path):
    plan = scan("osu", [maps]).keep()
    with pytest.raises(UsageError, match="a manifest of osu, not of beat_saber"):
        build(plan, tmp_path / "out", make_spec("beat_saber"))
    with pytest.raises(UsageError, match="at least 1"):
        build(plan, tmp_path / "out", make_spec("osu"), workers=0)


def test_a_build_that_another_process_is_writing_is_refused(maps, tmp_path, own_cache):
    lock = own_cache / "locks" / f"{path_id(tmp_path / 'out')}.lock"
    lock.parent.mkdir(parents=True)
    with filelock.FileLock(lock), pytest.raises(BuildError, match="another process is writing it"):
        build_osu(maps, tmp_path / "out")
    assert build_osu(maps, tmp_path / "out").out.exists()


def test_an_unfinished_build_of_other_settings_is_named_and_left_alone(maps, tmp_path, monkeypatch):
    class Stopped(BaseException):
        pass

    def stop_at_the_swap(operation, path):
        if operation == "rename" and path == tmp_path / "out":
            raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "step", stop_at_the_swap)
        with pytest.raises(Stopped):
            build_osu(maps, tmp_path / "out", min_notes=3)
    result = build_osu(maps, tmp_path / "out")
    (leftover,) = result.leftovers
    assert leftover.name.startswith("out.build-")
    assert leftover.is_dir()


@pytest.mark.parametrize("name", ["a b", "[1] {x}", "ü", "out.build", "percent%20"])
def test_any_name_of_a_folder_will_do(maps, tmp_path, name):
    out = tmp_path / name / name
    expected = digests(build_osu(maps, tmp_path / "out").out)
    assert digests(build_osu(maps, out).out) == expected
    assert [path.name for path in out.parent.iterdir()] == [name]


def test_what_the_operating_system_refuses_is_a_build_error(maps, tmp_path, monkeypatch):
    plan = scan("osu", [maps]).keep()
    for name in ("charts.parquet", "README.md", "info.json"):

        def refuse(operation, path, name=name):
            if operation == "create" and path.name == name:
                raise OSError(28, "No space left on device", str(path))

        with monkeypatch.context() as patch:
            patch.setattr(atomic, "step", refuse)
            with pytest.raises(BuildError, match="No space left on device"):
                build(plan, tmp_path / "out", make_spec("osu"))
    assert faults_of(build(plan, tmp_path / "out", make_spec("osu")).out) == []


def test_a_cache_or_a_place_that_cannot_be_written_is_one_clear_error(maps, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("no folder")
    plan = scan("osu", [maps])
    kept = plan.keep()
    with pytest.raises(BuildError, match="cannot be written"):
        plan.write(tmp_path / "a file" / "manifest.jsonl")
    with pytest.raises(BuildError, match="cannot be written"):
        build(kept, tmp_path / "a file" / "out", make_spec("osu"))
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "a file" / "cache"))
    with pytest.raises(BuildError, match="RHYTHM_MAPS_CACHE"):
        scan("osu", [maps]).keep()
    with pytest.raises(BuildError, match="cannot be written"):
        build(kept, tmp_path / "out", make_spec("osu"))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"7", b"\xff", b'{"key": 1}', b'{"codebase_version": "v2.1", "fps": 30}']
)
def test_a_folder_whose_info_is_not_ours_is_left_alone(maps, tmp_path, data):
    """Other tools keep a meta/info.json, too (LeRobot does)."""
    (tmp_path / "out" / "meta").mkdir(parents=True)
    (tmp_path / "out" / "meta" / "info.json").write_bytes(data)
    with pytest.raises(UsageError, match="no build of rhythm-maps"):
        build_osu(maps, tmp_path / "out")
    assert (tmp_path / "out" / "meta" / "info.json").read_bytes() == data
