"""`inspect` on the files that stable keeps beside its maps: as a person reads them, and as JSON with every field."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from osu_bytes import FRAMES, alone, beatmap, collection_db, database, osr, presence_db, score, scores_db

from rhythm_maps.build.inspect import inspect
from rhythm_maps.cli import cli
from rhythm_maps.errors import InputError

OSU = (
    "osu file format v14\n\n[General]\nAudioFilename: a.mp3\nMode: 3\n\n[Metadata]\nTitle:Song\nArtist:A\nCreator:M\n"
    "Version:Hard\n\n[Difficulty]\nCircleSize:4\n\n[TimingPoints]\n0,500,4,1,0,100,1,0\n\n[HitObjects]\n64,192,1000,1,0\n"
)
OSU_MD5 = hashlib.md5(OSU.encode()).hexdigest()


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, ["inspect", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def facts(*arguments: object) -> dict:
    return json.loads(run(*arguments, "--json").output)


@pytest.fixture
def replays(tmp_path: Path) -> Path:
    """A folder `Data/r` of four files: two plays, a damaged one, one that is none."""
    folder = tmp_path / "Data" / "r"
    folder.mkdir(parents=True)
    (folder / "one.osr").write_bytes(osr(mods=64))
    (folder / "two.osr").write_bytes(osr(mode=3, version=30000000))
    (folder / "torn.osr").write_bytes(osr(replay=alone(FRAMES)[:-6]))
    (folder / "none.osr").write_bytes(osr()[:20])
    return folder


def test_a_database_is_a_table_of_its_maps_and_json_has_every_field(tmp_path: Path) -> None:
    path = tmp_path / "osu!.db"
    path.write_bytes(database(20250108, beatmap(20250108, artist="\x1b[31m見本"), beatmap(20250108, mode=3)))
    text = run(path).output
    assert "2 beatmaps in 1 folders" in text
    assert "\\x1b[31m見本 - GHOST [Hard]" in text
    assert "\x1b" not in text
    assert "Nothing is wrong." in text
    found = facts(path)
    assert (found["kind"], found["game"], found["form"]) == ("game_file", "osu", "osu!.db")
    table = found["tables"]["beatmaps"]
    assert table["modified_at"] == ["2021-01-01T00:00:00.000000+00:00"] * 2
    assert table["last_played_at"] == [None, None]
    assert table["n_circles"] == [40_000, 40_000]
    assert found["tables"]["star_ratings"]["stars"] == [5.25, 7.5, 5.25, 7.5]
    assert found["tables"]["timing_points"]["uninherited"] == [False, True, False] * 2


def test_a_replay_shows_its_counts_by_name_and_json_has_its_frames(replays: Path) -> None:
    text = run(replays / "one.osr").output
    assert "judgements.300" in text
    assert "2021-01-01 00:00" in text
    assert "frames: 4 (--json shows all)" in text
    found = facts(replays / "one.osr")
    assert found["facts"]["played_at"] == "2021-01-01T00:00:00+00:00"
    assert found["facts"]["mods"] == ["DT"]
    assert found["tables"]["frames"]["x"] == [256.0, 256.0, 100.5, -3.0]
    assert found["tables"]["life_bar"] == {"time_ms": [0.0, 500.0], "life": [1.0, 0.75]}


def test_a_folder_of_replays_is_a_table_of_plays_and_tells_what_is_wrong(replays: Path) -> None:
    text = run(replays).output
    assert "replay: 3" in text
    assert all(name in text for name in ("one.osr", "two.osr", "torn.osr"))
    assert "torn.osr: LZMA data that is cut off before its end at the frames [bad_lzma]" in text
    assert "none.osr: " in text
    found = facts(replays)
    assert [entry["name"] for entry in found["files"]] == ["none.osr", "one.osr", "torn.osr", "two.osr"]
    assert [entry["rejected"] for entry in found["files"]] == [True, False, False, False]
    assert found["games"] == []


def test_plays_are_joined_to_the_maps_of_a_folder_and_of_an_osu_db(replays: Path, tmp_path: Path) -> None:
    songs = tmp_path / "Songs" / "1 A - Song"
    songs.mkdir(parents=True)
    (songs / "a.osu").write_text(OSU, encoding="utf-8", newline="")
    (replays / "known.osr").write_bytes(osr().replace(b"0123456789abcdef0123456789abcdef", OSU_MD5.encode()))
    by_folder = {e["name"]: e["facts"].get("song") for e in facts(replays, "--maps", tmp_path / "Songs")["files"]}
    assert by_folder == {
        "known.osr": "A - Song [Hard]", "one.osr": None, "two.osr": None, "torn.osr": None, "none.osr": None,
    }  # fmt: skip
    (tmp_path / "osu!.db").write_bytes(database(20250108, beatmap(20250108)))
    assert "Camellia - GHOST [Hard]" in run(replays, "--maps", tmp_path / "osu!.db").output
    assert facts(replays / "one.osr", "--maps", tmp_path / "osu!.db")["facts"]["song"] == "Camellia - GHOST [Hard]"
    assert facts(replays / "known.osr", "--maps", songs / "a.osu")["facts"]["song"] == "A - Song [Hard]"
    whole = {e["name"]: e["facts"].get("song") for e in facts(tmp_path)["files"]}
    assert whole["Data/r/known.osr"] == "A - Song [Hard]"
    assert whole["Data/r/two.osr"] == "Camellia - GHOST [Hard]"


def test_collections_scores_and_players_are_tables(tmp_path: Path) -> None:
    md5 = "0123456789abcdef0123456789abcdef"
    (tmp_path / "collection.db").write_bytes(collection_db(("Streams", [md5, "b" * 32])))
    (tmp_path / "scores.db").write_bytes(scores_db((md5, [score(), score(mods=8)])))
    (tmp_path / "presence.db").write_bytes(presence_db((7, "Somebody")))
    (tmp_path / "osu!.db").write_bytes(database(20250108, beatmap(20250108)))
    maps = ("--maps", tmp_path / "osu!.db")
    text = run(tmp_path / "collection.db", *maps).output
    assert "Streams" in text
    assert "Camellia - GHOST [Hard]" in text
    assert facts(tmp_path / "collection.db", *maps)["tables"]["entries"]["song"] == ["Camellia - GHOST [Hard]", None]
    assert "SH" in run(tmp_path / "scores.db").output or "HD" in run(tmp_path / "scores.db").output
    assert facts(tmp_path / "scores.db")["tables"]["scores"]["mods"] == [[], ["HD"]]
    assert "Somebody" in run(tmp_path / "presence.db").output
    text = run(tmp_path).output
    assert all(name in text for name in ("collection.db: ", "scores.db: ", "presence.db: ", "osu!.db: "))


def test_sqlite_is_a_coded_reject_that_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "client.db").write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    assert "SQLite" in run(tmp_path / "client.db").output
    found = facts(tmp_path / "client.db")
    assert found["rejected"] is True
    assert [problem["code"] for problem in found["problems"]] == ["sqlite_database"]
    assert "sqlite_database" in run(tmp_path).output


def test_a_db_that_is_none_of_osus_is_unknown_as_before(tmp_path: Path) -> None:
    (tmp_path / "Thumbs.db").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") * 20)
    assert facts(tmp_path / "Thumbs.db")["kind"] == "unknown"
    assert facts(tmp_path) == {"kind": "maps", "games": [], "files": []}
    assert run(tmp_path).output == "No maps of any game here.\n"


def test_maps_without_maps_is_an_error(replays: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no maps are known there"):
        inspect(replays, maps=tmp_path / "empty")


def test_nothing_of_a_player_enters_a_row(replays: Path, tmp_path: Path) -> None:
    """A build of a folder that also holds a player's files has no word of them."""
    (tmp_path / "a.osu").write_text(OSU, encoding="utf-8", newline="")
    (tmp_path / "scores.db").write_bytes(scores_db((OSU_MD5, [score()])))
    (replays / "mine.osr").write_bytes(osr().replace(b"Player", b"Qwxzvk"))
    result = CliRunner().invoke(cli, ["build", "osu", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    built = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert built
    assert not [path for path in built if b"Qwxzvk" in path.read_bytes() or b"Player" in path.read_bytes()]
