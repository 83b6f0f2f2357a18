"""Opt-outs: the file, the command, and what a build makes of them."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from generate import noise_wav, osu_text, write_mapsets, zipped
from trees import build_osu, digests

from rhythm_maps import limits
from rhythm_maps.build import opt_outs
from rhythm_maps.build.opt_outs import OptOut, OptOuts, sha256_of
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import build_key, make_spec
from rhythm_maps.cli import cli
from rhythm_maps.errors import BadFormat, InputError, UsageError


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("RHYTHM_MAPS_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", 4)
    return tmp_path / "maps"


def keys(*entries):
    return OptOuts(tuple(sorted(OptOut(kind, value).key for kind, value in entries)))


def rows(out, config):
    return [row for path in sorted((out / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def ledger(out):
    return pq.read_table(out / "meta" / "ledger.parquet").to_pylist()


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


# --- what is meant ----------------------------------------------------------------------------------------------------

ROW = {
    "chart_id": "ABC/Standard/Easy",
    "file_sha256": "00ff",
    "beatmap_id": 77,
    "mapset_id": "ABC",
    "beatmapset_id": 88,
    "beatsaver_id": "1a2b",
    "mappers": ["One", "Two"],
    "lighters": None,
    "mapper_ids": [5],
    "track_id": "f" * 64,
    "song_key": "artist/song",
}


@pytest.mark.parametrize(
    ("kind", "value", "meant"),
    [
        ("chart", "abc/standard/easy", True),
        ("chart", "77", True),
        ("chart", "00FF", True),
        ("chart", "abc", False),
        ("mapset", " abc ", True),
        ("mapset", "88", True),
        ("mapset", "1a2b", False),
        ("beatsaver", "1A2B", True),
        ("mapper", "two", True),
        ("mapper", "\uff34\uff57\uff4f", True),
        ("mapper", "5", True),
        ("mapper", "tw", False),
        ("track", "F" * 64, True),
        ("track", "e" * 32, True),
        ("track", "d" * 32, False),
        ("song", "Artist/Song", True),
    ],
)
def test_what_an_opt_out_means(kind, value, meant):
    table = pa.Table.from_pylist([ROW, dict.fromkeys(ROW)])
    assert keys((kind, value)).mask(table, ["E" * 32, None]) == [meant, False]
    assert OptOuts().mask(table) == [False, False]


def test_kinds_do_not_mix():
    """A mapset of one number, a chart of the same, and a mapper who is called so are three."""
    table = pa.table({"mapset_id": ["7"], "chart_id": ["7"], "mappers": [["7"]]})
    for kind in ("mapset", "chart", "mapper"):
        others = [other for other in ("mapset", "chart", "mapper") if other != kind]
        assert keys((kind, "7")).mask(table) == [True]
        assert keys((kind, "7")).mask(table.select([{"mapper": "mappers"}.get(o, f"{o}_id") for o in others])) == [
            False
        ]


# --- builds -----------------------------------------------------------------------------------------------------------


def test_a_build_leaves_them_out_and_its_ledger_says_so(maps, tmp_path):
    asked = keys(("mapper", "mapper 1"), ("mapset", "20000002"))
    out = build_osu(maps, tmp_path / "out", opt_outs=asked).out
    assert {row["title"] for row in rows(out, "charts")} == {"Song 0000", "Song 0003"}
    assert {row["title"] for row in rows(out, "tracks")} == {"Song 0000", "Song 0003"}
    lines = [line for line in ledger(out) if line["code"] == "opted_out"]
    assert [(line["path"], line["kind"], line["outcome"]) for line in lines] == [
        ("0001.osz", "chart", "ignored"),
        ("0002.osz", "chart", "ignored"),
    ]
    assert {line["code"] for line in ledger(out) if line["kind"] == "audio" and line["outcome"] == "ignored"} == {
        "no_chart"
    }


def test_a_build_keeps_hashes_of_them_and_no_name(maps, tmp_path):
    out = build_osu(maps, tmp_path / "out", opt_outs=keys(("mapper", "Zqnobody"))).out
    spec = json.loads((out / "meta" / "info.json").read_bytes())["spec"]
    assert spec["opt_outs"] == [f"mapper:{hashlib.sha256(b'zqnobody').hexdigest()}"]
    assert not [path for path in out.rglob("*") if path.is_file() and b"qnobody" in path.read_bytes()]


def test_a_recording_goes_with_all_its_charts(maps, tmp_path):
    song = noise_wav(0.1, 8)
    (maps / "a.osz").write_bytes(zipped({"a.osu": osu_text(8), "audio.wav": song}))
    (maps / "b.osz").write_bytes(
        zipped({"b.osu": osu_text(9, title="Song 0008", artist="Artist 0008"), "audio.wav": song})
    )
    for value in (hashlib.md5(song).hexdigest(), hashlib.sha256(song).hexdigest()):
        out = build_osu(maps, tmp_path / value[:4], opt_outs=keys(("track", value))).out
        assert "Song 0008" not in {row["title"] for config in ("charts", "tracks") for row in rows(out, config)}
        assert len(rows(out, "tracks")) == 4


def test_they_are_part_of_a_build_s_key_and_workers_agree(maps, tmp_path):
    asked = keys(("mapper", "mapper 1"))
    assert build_key("m", make_spec("osu")) != build_key("m", make_spec("osu", opt_outs=asked))
    plan = scan("osu", [maps]).keep()
    one, two = (build(plan, tmp_path / str(n), make_spec("osu", opt_outs=asked), workers=n).out for n in (1, 2))
    assert digests(one) == digests(two)


def test_the_command_builds_without_what_the_person_s_own_list_names(maps, tmp_path):
    assert run("opt-out", "add", "mapper", "Mapper 1").exit_code == 0
    assert run("build", "osu", maps, "--out", tmp_path / "own", "--configs", "charts").exit_code == 0
    assert "Song 0001" not in {row["title"] for row in rows(tmp_path / "own", "charts")}
    other = tmp_path / "other.jsonl"
    run("opt-out", "add", "song", "artist0002/song0002", "--file", other)
    done = run("build", "osu", maps, "--out", tmp_path / "other", "--configs", "charts", "--opt-outs", other)
    assert done.exit_code == 0
    assert {row["title"] for row in rows(tmp_path / "other", "charts")} == {"Song 0000", "Song 0001", "Song 0003"}


# --- the file and the command -----------------------------------------------------------------------------------------


def test_what_is_added_is_listed_and_once(tmp_path):
    assert run("opt-out", "list").output == f"0 in {tmp_path / 'config' / 'opt_outs.jsonl'}\n"
    added = run("opt-out", "add", "mapper", "Ünï", "Two", "--reason", "by mail")
    assert added.output.startswith("Added 2 to ")
    assert "; 1 already there." in run("opt-out", "add", "mapper", "ÜNÏ").output
    shown = run("opt-out", "list").output
    assert shown.splitlines()[:2] == ["mapper     Ünï  (by mail)", "mapper     Two  (by mail)"]
    assert opt_outs.read() == keys(("mapper", "ünï"), ("mapper", "two"))


def test_maps_that_beatsaver_deleted(tmp_path):
    feed = tmp_path / "deleted.json"
    feed.write_text('{"docs": [{"id": "1a2b", "deletedAt": "2025-01-01T00:00:00Z"}, {"id": "ff", "deletedAt": null}]}')
    assert run("opt-out", "add", "--beatsaver-deleted", feed).output.startswith("Added 2 to ")
    assert opt_outs.read() == keys(("beatsaver", "1A2B"), ("beatsaver", "ff"))
    table = pa.table({"beatsaver_id": ["1a2b", "3c", None]})
    assert opt_outs.read().mask(table) == [True, False, False]


@pytest.mark.parametrize(
    "answer", ["{", "[]", '{"docs": [{"id": 5}]}', '{"docs": [{"id": "no hex"}]}', '{"docs": [{}]}']
)
def test_an_answer_that_is_none_is_an_error_that_names_the_file(answer, tmp_path):
    feed = tmp_path / "deleted.json"
    feed.write_text(answer)
    with pytest.raises(BadFormat, match=r"deleted\.json"):
        opt_outs.beatsaver_deleted(feed)
    with pytest.raises(InputError, match=r"gone\.json: cannot be read"):
        opt_outs.beatsaver_deleted(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"kind": "name", "value": "x"}', "expected one of chart, mapset, beatsaver, mapper, track, song"),
        (b'{"kind": "mapper", "value": " "}', "value is empty"),
        (b'{"kind": "mapper"}', "value"),
        (b'{"kind": "mapper", "value": "x", "why": "y"}', "why"),
        (b"mapper x", "expected"),
        (b"\xff", "expected"),
    ],
)
def test_a_line_that_is_not_right_is_named(line, problem, tmp_path):
    file = tmp_path / "list.jsonl"
    file.write_bytes(b'{"kind": "mapper", "value": "good"}\n\n' + line + b"\n")
    with pytest.raises(BadFormat, match=problem) as wrong:
        opt_outs.read(file)
    assert "list.jsonl, line 3" in str(wrong.value)


def test_mistakes_are_answered(tmp_path, monkeypatch):
    for arguments in (("add",), ("add", "mapper"), ("add", "mapper", "x", "--beatsaver-deleted", tmp_path / "f")):
        with pytest.raises(UsageError, match="expected KIND and VALUES"):
            run("opt-out", *arguments)
    with pytest.raises(UsageError, match="value is empty"):
        run("opt-out", "add", "mapper", "")
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read"):
        opt_outs.read(tmp_path / "none.jsonl")
    (tmp_path / "big.jsonl").write_bytes(b'{"kind": "mapper", "value": "good"}\n')
    monkeypatch.setattr(limits, "OPT_OUTS_BYTES", 10)
    with pytest.raises(BadFormat, match="more than 10 bytes"):
        opt_outs.read(tmp_path / "big.jsonl")


def test_hashes_are_what_anybody_can_compute():
    assert sha256_of(" Ａbc ") == hashlib.sha256(b"abc").hexdigest()
