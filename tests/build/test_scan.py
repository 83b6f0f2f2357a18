"""Scanning: what changed is read again, what did not is not opened, and no machine's detail enters a manifest."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pyarrow.parquet as pq
import pytest
from generate import osu_members, write_mapsets, zipped
from trees import build_osu, digests

from rhythm_maps.build import manifest
from rhythm_maps.build import scan as scan_module
from rhythm_maps.build.manifest import MapsetEntry
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import check_fractions, scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import InputError, NoDataError, UsageError


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", 12)
    return tmp_path / "maps"


@pytest.fixture
def opened(monkeypatch):
    """The paths of the mapsets that scans open."""
    paths = []
    examine = scan_module.examine

    def note(game, root, number, found):
        paths.append(found.path)
        return examine(game, root, number, found)

    monkeypatch.setattr(scan_module, "examine", note)
    return paths


def test_a_second_scan_opens_nothing_and_says_the_same(maps, opened):
    first = scan("osu", [maps])
    assert len(opened) == 12
    opened.clear()
    second = scan("osu", [maps])
    assert opened == []
    assert second.reused == 12
    assert manifest.encode(second.lines()) == manifest.encode(first.lines())


def test_a_touched_a_changed_and_a_new_file_are_read_again(maps, opened):
    before = manifest.encode(scan("osu", [maps]).lines())
    opened.clear()
    os.utime(maps / "0003.osz", ns=(1, 1))
    assert manifest.encode(scan("osu", [maps]).lines()) == before, "no mtime enters a manifest"
    assert opened == ["0003.osz"]
    opened.clear()
    (maps / "0004.osz").write_bytes(zipped(osu_members(4, seed=5)))
    (maps / "0005.osz").unlink()
    write_mapsets(maps, 1, first=12)
    found = scan("osu", [maps])
    assert sorted(opened) == ["0004.osz", "0012.osz"]
    assert {entry.path for entry in found.entries} == {f"{i:04d}.osz" for i in range(13) if i != 5}


def test_rejects_are_remembered_like_mapsets(maps, opened):
    (maps / "bad.osz").write_bytes(b"no zip")
    first = scan("osu", [maps])
    opened.clear()
    second = scan("osu", [maps])
    assert [reject.path for reject in first.rejects] == ["bad.osz"]
    assert second.rejects == first.rejects
    assert opened == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"mapset", b"mopset"),
        lambda data: b"[]\n" * 5,
        lambda data: b'"1:other"\n' + data.partition(b"\n")[2],
        lambda data: b"\xff\xfe" + data,
        lambda data: data.partition(b"\n")[0] + b'\n{}\n[]\n7\n["0001.osz"]\n["0001.osz",1,2]\n[[],1,2]\n',
    ],
)
def test_a_damaged_cache_is_no_cache(maps, own_cache, opened, damage):
    expected = manifest.encode(scan("osu", [maps]).lines())
    (cache,) = (own_cache / "scan").iterdir()
    cache.write_bytes(damage(cache.read_bytes()))
    assert manifest.encode(scan("osu", [maps]).lines()) == expected
    assert len(opened) > 12


def test_two_processes_that_scan_at_once_agree(maps, own_cache):
    write_mapsets(maps, 200, first=12)
    program = "import sys; from rhythm_maps.build.scan import scan; print(scan('osu', [sys.argv[1]]).keep())"
    command = [sys.executable, "-P", "-c", program, str(maps)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0], answers
    assert answers[0][0] == answers[1][0] == f"{scan('osu', [maps]).keep()}\n"
    assert [path.name for path in (own_cache / "scan").iterdir() if path.suffix != ".jsonl"] == []


def test_a_manifest_is_kept_under_the_name_of_its_content(maps):
    first = scan("osu", [maps]).keep()
    data = first.read_bytes()
    write_mapsets(maps, 1, first=12)
    second = scan("osu", [maps]).keep()
    assert second != first
    assert first.read_bytes() == data, "a stream that reads it is not disturbed"


def test_a_folder_and_the_archive_of_it_have_one_digest_and_one_group(tmp_path):
    members = osu_members(1)
    (tmp_path / "maps" / "unpacked").mkdir(parents=True)
    for name, data in members.items():
        (tmp_path / "maps" / "unpacked" / name).write_bytes(data)
    (tmp_path / "maps" / "packed.osz").write_bytes(zipped(members))
    one, two = scan("osu", [tmp_path / "maps"]).entries
    assert (one.digest, one.group) == (two.digest, two.group)
    info = build_osu(tmp_path / "maps", tmp_path / "out").info
    assert info["ledger"] == {"audio duplicate_of": 1, "audio row": 1, "chart duplicate_of": 1, "chart row": 1}


def test_the_same_path_twice_is_scanned_once_and_two_roots_are_two(maps, tmp_path):
    write_mapsets(tmp_path / "more", 2, first=50)
    assert len(scan("osu", [maps, maps, str(maps)]).entries) == 12
    both = scan("osu", [maps, tmp_path / "more"])
    assert both.header.roots == [str(maps), str(tmp_path / "more")]
    assert sorted({entry.root for entry in both.entries}) == [0, 1]
    assert len(both.entries) == 14


def test_a_single_archive_is_a_collection_of_one(maps):
    found = scan("osu", [maps / "0003.osz"])
    assert found.header.roots == [str(maps)]
    assert [(entry.path, entry.split) for entry in found.entries] == [("0003.osz", "train")]


def test_wrong_paths_and_shares_are_refused(tmp_path, maps):
    with pytest.raises(UsageError, match="no path"):
        scan("osu", [])
    with pytest.raises(InputError, match="no such file"):
        scan("osu", [tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoDataError, match="no osu! mapsets found"):
        scan("osu", [tmp_path / "empty"])
    for shares in ([1.0], [0.5, 0.5, 0.5], [2.0, -1.0, 0.0], [0.5, 0.5, float("nan")]):
        with pytest.raises(UsageError, match="three shares"):
            check_fractions(shares)


@pytest.mark.skipif(os.name == "nt", reason="names there are always Unicode")
def test_a_name_that_is_no_utf8_goes_through_scan_build_and_ledger(tmp_path):
    folder = tmp_path / "maps"
    write_mapsets(folder, 1)
    try:
        os.rename(folder / "0000.osz", os.fsencode(folder) + b"/caf\xe9.osz")  # noqa: PTH104
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    result = build_osu(folder, tmp_path / "out")
    assert result.info["rows"]["charts"] == {"train": 2}
    (path,) = set(pq.read_table(tmp_path / "out" / "meta" / "ledger.parquet")["path"].to_pylist())
    assert path == "caf\\udce9.osz"


@pytest.mark.skipif(os.name == "nt", reason="names there are always Unicode")
def test_one_name_that_is_no_utf8_does_not_keep_the_others_from_the_cache(maps, opened):
    try:
        os.rename(maps / "0003.osz", os.fsencode(maps) + b"/caf\xe9.osz")  # noqa: PTH104
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    scan("osu", [maps])
    opened.clear()
    scan("osu", [maps])
    assert opened == ["caf\udce9.osz"]


def removed(path):
    path.unlink()


def replaced(path):
    path.write_bytes(zipped(osu_members(77)))


def grown(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("normal.osu.bak", b"not part of the map")
    members = osu_members(3)
    members["normal.osu"] += b"1,1,99000,1,0,0:0:0:0:\n"
    path.write_bytes(zipped(members))


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def made_a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [removed, replaced, grown, cut, made_a_folder])
def test_a_mapset_changed_between_scan_and_build_is_rejected_and_the_rest_is_intact(maps, tmp_path, change):
    plan = scan("osu", [maps]).keep()
    whole = build(plan, tmp_path / "whole", make_spec("osu")).out
    change(maps / "0003.osz")
    result = build(plan, tmp_path / "out", make_spec("osu"))
    lines = pq.read_table(result.out / "meta" / "ledger.parquet").to_pylist()
    rejects = [line for line in lines if line["path"] == "0003.osz"]
    assert {line["outcome"] for line in rejects} == {"reject"}
    code = "changed_since_scan" if change is not cut else rejects[0]["code"]
    assert {(line["kind"], line["code"]) for line in rejects} == {("input", code), ("chart", code), ("audio", code)}
    assert [line for line in lines if line["path"] != "0003.osz"] == [
        line for line in pq.read_table(whole / "meta" / "ledger.parquet").to_pylist() if line["path"] != "0003.osz"
    ]
    assert result.info["rows"]["charts"] == {"train": 14}


def test_a_touched_input_is_not_a_changed_one(maps, tmp_path):
    plan = scan("osu", [maps]).keep()
    before = digests(build(plan, tmp_path / "one", make_spec("osu")).out)
    os.utime(maps / "0003.osz", ns=(1, 1))
    assert digests(build(plan, tmp_path / "two", make_spec("osu")).out) == before


def test_no_line_of_a_mapset_holds_an_absolute_path_or_a_time(maps, tmp_path):
    plan = scan("osu", [maps]).keep()
    lines = plan.read_bytes().splitlines()
    assert str(tmp_path).encode() in lines[0], "the roots, in the header"
    stamps = [str(path.stat().st_mtime_ns)[:9].encode() for path in maps.iterdir()]
    for line in lines[1:]:
        assert str(tmp_path).encode() not in line
        assert not any(stamp in line for stamp in stamps)
    assert all(isinstance(line, MapsetEntry) for line in list(manifest.read_lines(plan))[1:])
