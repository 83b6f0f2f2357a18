"""What BeatSaver says of maps, from a saved answer to the rows of a build; nothing is asked of a server."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import rhythm_maps
from rhythm_maps import games
from rhythm_maps.build.manifest import load
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.cli import cli
from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.files import open_members

NOTES = {"version": "3.0.0", "colorNotes": [{"b": 4, "x": 1}, {"b": 6, "x": 2, "c": 1}]}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))


def level(folder: Path, title: str) -> str:
    """Write a level with an Easy and an Expert; return its map hash."""
    entries = [{"_difficulty": name, "_beatmapFilename": f"{name}.dat"} for name in ("Easy", "Expert")]
    info = {"_version": "2.0.0", "_songName": title, "_songAuthorName": "Artist", "_levelAuthorName": "Mapper"}
    info |= {"_beatsPerMinute": 120}
    sets = [{"_beatmapCharacteristicName": "Standard", "_difficultyBeatmaps": entries}]
    folder.mkdir(parents=True)
    (folder / "Info.dat").write_text(json.dumps(info | {"_difficultyBeatmapSets": sets}), encoding="utf-8")
    for name in ("Easy", "Expert"):
        (folder / f"{name}.dat").write_text(json.dumps(NOTES | {"title": title}), encoding="utf-8")
    entry = scan("beat_saber", [folder]).entries[0]
    return entry.charts[0].chart_id.partition("/")[0]


def detail(digest: str, **more: Any) -> dict[str, Any]:
    diffs = [{"characteristic": "Standard", "difficulty": "Expert", "stars": 6.5}]
    one = {"id": "2b69a", "uploaded": "2022-09-02T18:17:50.5Z", "ranked": True, "declaredAi": "None"}
    one |= {"stats": {"upvotes": 90, "downvotes": 10, "score": 0.85}}
    return one | {"versions": [{"hash": digest, "state": "Published", "diffs": diffs}]} | more


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Two levels, of which saved facts beside them know the first."""
    known = level(tmp_path / "CustomLevels" / "one", "Known")
    level(tmp_path / "CustomLevels" / "two", "New")
    write(tmp_path / "CustomLevels" / "beatsaver.json", {"as_of": "2026-11-20", "docs": [detail(known.upper())]})
    return tmp_path / "CustomLevels"


def write(path: Path, *values: Any) -> Path:
    path.write_text("\n".join(map(json.dumps, values)), encoding="utf-8")
    return path


def rows(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    tables = [pq.read_table(path).to_pylist() for path in sorted((out / "charts").glob("*"))]
    return {(row["title"], row["difficulty"]): row for table in tables for row in table}


def made(maps: Path, out: Path, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
    build(scan("beat_saber", [maps]).keep(), out, make_spec("beat_saber", **options))
    return rows(out)


def test_what_beatsaver_says_is_in_the_rows(maps: Path, tmp_path: Path) -> None:
    found = made(maps, tmp_path / "out")
    expert, easy, new = found["Known", "Expert"], found["Known", "Easy"], found["New", "Expert"]
    assert (expert["status"], expert["ranked_by"], expert["stars"]) == ("ranked", ["ScoreSaber"], 6.5)
    assert (easy["status"], easy["ranked_by"], easy["stars"]) == ("published", [], None)
    assert (new["status"], new["ranked_by"], new["beatsaver_id"], new["year"]) == (None, None, None, None)
    for row in (expert, easy):
        assert (row["beatsaver_id"], row["curated"], row["year"], row["rating"]) == ("2b69a", False, 2022, 0.85)
        assert row["submitted_at"] == dt.datetime(2022, 9, 2, 18, 17, 50, tzinfo=dt.UTC)
        assert row["votes"] == {"up": 90, "down": 10, "score": 0.85, "as_of": dt.date(2026, 11, 20)}
        assert row["status_as_of"] == dt.date(2026, 11, 20)
        assert (row["declared_ai"], row["rights"]["declared_ai"]) == (None, None)


def test_a_build_needs_the_manifest_alone(maps: Path, tmp_path: Path) -> None:
    first = scan("beat_saber", [maps]).keep()
    (maps / "beatsaver.json").unlink()
    build(first, tmp_path / "out", make_spec("beat_saber"))
    assert rows(tmp_path / "out")["Known", "Expert"]["status"] == "ranked"
    again = scan("beat_saber", [maps])
    assert again.reused == 2
    assert load(again.keep()).digest != load(first).digest


def test_facts_that_lie_elsewhere_count_more(maps: Path, tmp_path: Path) -> None:
    digest = scan("beat_saber", [maps / "two"]).entries[0].charts[0].chart_id.partition("/")[0]
    known = scan("beat_saber", [maps / "one"]).entries[0].charts[0].chart_id.partition("/")[0]
    lines = write(tmp_path / "saved.jsonl", detail(digest, id="ff"), detail(known, id="ee"))
    found = scan("beat_saber", [maps], facts=[lines])
    ids = {entry.path: entry.charts[0].facts["beatsaver_id"] for entry in found.entries}
    assert ids == {"one": "ee", "two": "ff"}


def test_maps_that_their_source_declares_ai_made_are_left_out(maps: Path, tmp_path: Path) -> None:
    digest = scan("beat_saber", [maps / "two"]).entries[0].charts[0].chart_id.partition("/")[0]
    write(maps / "beatsaver.jsonl", detail(digest, declaredAi="SageScore"))
    assert {title for title, _ in made(maps, tmp_path / "out")} == {"Known"}
    ledger = pq.read_table(tmp_path / "out" / "meta" / "ledger.parquet").to_pylist()
    left = [line for line in ledger if line["code"] == "declared_ai"]
    assert [(line["outcome"], line["path"], "SageScore" in line["reason"]) for line in left] == [
        ("ignored", "two", True)
    ] * 2
    kept = made(maps, tmp_path / "all", include_ai=True)["New", "Easy"]
    assert (kept["declared_ai"], kept["rights"]["declared_ai"]) == (True, "SageScore")


def test_maps_that_their_source_has_deleted_are_built_and_not_published(maps: Path, tmp_path: Path) -> None:
    [entry] = [one for one in scan("beat_saber", [maps]).entries if one.path == "two"]
    digest = entry.charts[0].chart_id.partition("/")[0]
    write(maps / "more.json", detail(digest, deletedAt="2026-01-01T00:00:00Z"))
    plan = scan("beat_saber", [maps], facts=[str(maps / "more.json")]).keep()
    out = build(plan, tmp_path / "out", make_spec("beat_saber", configs=["charts"])).out
    charts = pq.read_table(out / "charts" / "train-00000-of-00001.parquet").to_pylist()
    assert {(row["title"], row["rights"]["opt_out"]) for row in charts} == {("Known", False), ("New", True)}
    published = rhythm_maps.to_dataset_dict(out, "charts")
    assert {row["title"] for row in published["train"]} == {"Known"}


def test_a_credited_generator_is_no_declaration(tmp_path: Path) -> None:
    level(tmp_path / "maps" / "one", "Made")
    info = tmp_path / "maps" / "one" / "Info.dat"
    info.write_text(info.read_text(encoding="utf-8").replace("Mapper", "Beat Sage"), encoding="utf-8")
    row = made(tmp_path / "maps", tmp_path / "out")["Made", "Easy"]
    assert (row["declared_ai"], row["rights"]["declared_ai"]) == (True, None)


def test_presets_and_filters_of_standing(maps: Path, tmp_path: Path) -> None:
    assert set(made(maps, tmp_path / "out", preset="standard_ranked")) == {("Known", "Expert")}
    rated = made(maps, tmp_path / "rated", filters=[("rating", ">=", 0.8), ("year", "==", 2022)])
    assert {title for title, _ in rated} == {"Known"}


def test_damaged_entries_are_rejects_and_the_maps_come_through(maps: Path, tmp_path: Path) -> None:
    lines = write(maps / "beatsaver.jsonl", detail("0" * 40), {"versions": []}, {"error": "Not Found"})
    found = scan("beat_saber", [maps])
    assert [(r.path, r.code, r.place) for r in found.rejects] == [
        ("beatsaver.jsonl", "bad_facts", "line 2"),
        ("beatsaver.jsonl", "bad_facts", "line 3"),
    ]
    lines.write_bytes(b"{no json")
    build(scan("beat_saber", [maps]).keep(), tmp_path / "out", make_spec("beat_saber"))
    assert len(rows(tmp_path / "out")) == 4


def test_named_facts_that_cannot_be_read_are_an_error(maps: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.json: no such file"):
        scan("beat_saber", [maps], facts=[tmp_path / "gone.json"])
    broken = tmp_path / "broken.json"
    broken.write_text('{\n "docs": oops}', encoding="utf-8")
    with pytest.raises(BadFormat, match=r"broken\.json: no JSON: .* at line 2, column 10 \[bad_facts\]"):
        scan("beat_saber", [maps], facts=[broken])


def test_the_builder_takes_facts_and_follows_them(maps: Path, tmp_path: Path) -> None:
    (maps / "beatsaver.json").unlink()
    digest = scan("beat_saber", [maps / "one"]).entries[0].charts[0].chart_id.partition("/")[0]
    facts = str(write(tmp_path / "saved.json", detail(digest, declaredAi="Admin")))

    def titles(**options: Any) -> list[str]:
        data = rhythm_maps.load_dataset(
            "beat_saber", data_dir=maps, split="train", cache_dir=tmp_path / "hf", **options
        )
        return sorted(data["title"])

    assert titles() == ["Known", "Known", "New", "New"]
    assert titles(facts=facts) == ["New", "New"]
    assert titles(facts=[facts], include_ai=True) == titles()
    manifest = scan("beat_saber", [maps]).keep()
    with pytest.raises(UsageError, match="facts"):
        rhythm_maps.load_dataset("beat_saber", data_files=str(manifest), facts=[facts])


def test_the_command_takes_facts(maps: Path, tmp_path: Path) -> None:
    (maps / "beatsaver.json").unlink()
    digest = scan("beat_saber", [maps / "one"]).entries[0].charts[0].chart_id.partition("/")[0]
    facts = write(tmp_path / "saved.json", detail(digest, declaredAi="Admin"))
    arguments = ["build", "beat_saber", str(maps), "--facts", str(facts), "--out"]
    CliRunner().invoke(cli, [*arguments, str(tmp_path / "out")], catch_exceptions=False)
    assert {title for title, _ in rows(tmp_path / "out")} == {"New"}
    CliRunner().invoke(cli, [*arguments, str(tmp_path / "all"), "--include-ai"], catch_exceptions=False)
    assert {title for title, _ in rows(tmp_path / "all")} == {"New", "Known"}


def test_a_folder_named_as_beatsaver_names_downloads_gives_the_id(tmp_path: Path) -> None:
    level(tmp_path / "maps" / "2b69a (Is it Known - Mapper)", "Is it: Known?")
    level(tmp_path / "maps" / "face (Other Song - Mapper)", "A Song")
    level(tmp_path / "maps" / "2b69a", "Plain")
    found = {title: row["beatsaver_id"] for (title, _), row in made(tmp_path / "maps", tmp_path / "out").items()}
    assert found == {"Is it: Known?": "2b69a", "A Song": None, "Plain": None}


def test_map_hashes_at_the_scan_are_those_of_the_rows(tmp_path: Path) -> None:
    """For folders and for zips of every format, a lightshow that charts share included."""
    own = games.get("beat_saber")
    for sample in own.samples():
        (tmp_path / "maps").mkdir(exist_ok=True)
        (tmp_path / "maps" / sample.file_name).write_bytes(sample.data)
    for path in sorted((tmp_path / "maps").glob("*.zip"))[:2]:
        with open_members(path) as source:
            for name in source.names():
                target = tmp_path / "maps" / path.stem / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read(name))
    found = scan("beat_saber", [tmp_path / "maps"])
    scanned = {chart.chart_id for entry in found.entries for chart in entry.charts}
    build(found.keep(), tmp_path / "out", make_spec("beat_saber"))
    assert scanned == {row["chart_id"] for row in rows(tmp_path / "out").values()}
