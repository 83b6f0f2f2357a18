"""`Songs` with its `osu!.db` beside it: standing, ids and stars without asking a server; nothing of the player's."""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from osu_db import beatmap, database

from rhythm_maps.build.manifest import load
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

CHART = (
    "osu file format v14\n\n[Metadata]\nTitle:{title}\nArtist:A\nCreator:M\nVersion:N\nBeatmapID:{id}\n\n"
    "[TimingPoints]\n0,500,4,1,0,100,1,0\n\n[HitObjects]\n256,192,1000,1,0\n"
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def install(tmp_path: Path) -> Path:
    """An install with two songs, of which the database knows one."""
    songs = tmp_path / "osu!" / "Songs"
    for title, number in (("Known", 0), ("New", 7)):
        (songs / title).mkdir(parents=True)
        (songs / title / "map.osu").write_text(CHART.format(title=title, id=number), encoding="utf-8")
    known = hashlib.md5((songs / "Known" / "map.osu").read_bytes()).hexdigest()
    (tmp_path / "osu!" / "osu!.db").write_bytes(database(beatmap(known), beatmap("0" * 32, status=7)))
    return tmp_path / "osu!"


def rows(out: Path) -> dict[str, dict]:
    return {r["title"]: r for path in sorted((out / "charts").glob("*")) for r in pq.read_table(path).to_pylist()}


@pytest.mark.parametrize("start", ["Songs", "."])
def test_what_the_database_says_is_in_the_rows(start: str, install: Path, tmp_path: Path) -> None:
    build(scan("osu", [install / start]).keep(), tmp_path / "out", make_spec("osu"))
    known, new = (rows(tmp_path / "out")[title] for title in ("Known", "New"))
    assert (known["status"], known["beatmap_id"], known["beatmapset_id"]) == ("ranked", 11, 22)
    assert known["status_as_of"] == dt.date(2022, 9, 28)
    assert known["stars"] == 5.25
    assert known["stars_by_rate"] == {"rate": [0.75, 1.0, 1.5], "stars": [4.0, 5.25, 7.5]}
    assert known["stars_source"] == "osu!.db 20250108"
    assert (new["status"], new["stars"], new["stars_by_rate"], new["beatmap_id"]) == (None, None, None, 7)


def test_nothing_of_the_player_is_in_any_byte(install: Path, tmp_path: Path) -> None:
    plan = scan("osu", [install / "Songs"]).keep()
    build(plan, tmp_path / "out", make_spec("osu"))
    for path in [plan, *(p for p in (tmp_path / "out").rglob("*") if p.is_file())]:
        assert b"somebody" not in path.read_bytes()
        assert b"grade" not in path.read_bytes()


def test_presets_of_standing_find_their_charts(install: Path, tmp_path: Path) -> None:
    info = build(scan("osu", [install / "Songs"]).keep(), tmp_path / "out", make_spec("osu")).info
    assert info["presets"]["standard_ranked"] == {"train": 1}
    assert "loved" not in info["presets"]


def test_a_new_database_is_seen_although_the_maps_are_cached(install: Path, tmp_path: Path) -> None:
    first = load(scan("osu", [install / "Songs"]).keep())
    known = hashlib.md5((install / "Songs" / "Known" / "map.osu").read_bytes()).hexdigest()
    (install / "osu!.db").write_bytes(database(beatmap(known, status=7)))
    again = scan("osu", [install / "Songs"])
    assert again.reused == 2
    assert load(again.keep()).digest != first.digest
    build(again.keep(), tmp_path / "out", make_spec("osu"))
    assert rows(tmp_path / "out")["Known"]["status"] == "loved"


def test_a_damaged_database_is_a_reject_and_the_maps_come_through(install: Path, tmp_path: Path) -> None:
    data = (install / "osu!.db").read_bytes()
    (install / "osu!.db").write_bytes(data[: len(data) // 2])
    found = scan("osu", [install / "Songs"])
    assert [(reject.path, bool(reject.code), "byte" in reject.place) for reject in found.rejects] == [
        ("osu!.db", True, True)
    ]
    build(found.keep(), tmp_path / "out", make_spec("osu"))
    assert sorted(rows(tmp_path / "out")) == ["Known", "New"]
