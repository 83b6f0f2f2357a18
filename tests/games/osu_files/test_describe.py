"""Which file it is, by content; what is told of it; and that nothing but declared errors comes of any bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osu_bytes import (
    FRAMES,
    MD5,
    alone,
    beatmap,
    collection_db,
    database,
    double,
    integer,
    osr,
    presence_db,
    score,
    scores_db,
    stars,
)

from rhythm_maps.build.game_files import plain
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import FileFacts, KnowsFiles
from rhythm_maps.games.beat_saber import GAME as BEAT_SABER
from rhythm_maps.games.osu import GAME

FILES = {
    "osu!.db": database(20250108, beatmap(20250108), beatmap(20250108, mode=3, ratings=[stars(tag=0x0C)] * 4)),
    "collection.db": collection_db(("Streams", [MD5, "b" * 32]), (None, [])),
    "scores.db": scores_db((MD5, [score(), score(mods=1 << 23, tail=double(0.5))])),
    "presence.db": presence_db((7, "Player One"), (-3, None)),
}
EMPTY = integer(20210316) + integer(0)


def told(name: str, data: bytes) -> FileFacts:
    found = GAME.describe(name, data)
    assert found is not None
    return found


def refusal(name: str, data: bytes) -> BadFormat:
    with pytest.raises(BadFormat) as error:
        GAME.describe(name, data)
    return error.value


def outcome(name: str, data: bytes) -> str:
    """The form of a file, or the code and place of its refusal; any other exception fails the test."""
    try:
        found = told(name, data)
    except BadFormat as error:
        assert error.place.startswith("byte ")  # noqa: PT017 - what comes of random bytes is not known before
        return f"{error.code} at {error.place}"
    json.dumps(plain(found.facts), allow_nan=False)
    json.dumps(plain(found.tables), allow_nan=False)
    return found.form


def test_osu_knows_other_files_and_beat_saber_has_none() -> None:
    assert isinstance(GAME, KnowsFiles)
    assert GAME.file_suffixes == (".db", ".osr")
    assert not isinstance(BEAT_SABER, KnowsFiles)


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("name", ["old.db", "OSU!.DB", "collection.db", "scores.db", "presence.db"])
def test_content_says_which_database_it_is_whatever_its_name(form: str, name: str) -> None:
    found = told(name, FILES[form])
    assert (found.form, found.problems) == (form, [])
    assert found.what.startswith(form)


def test_the_name_decides_between_databases_without_entries() -> None:
    assert told("x.db", EMPTY).form == "empty.db"
    assert told("x.db", EMPTY).facts == {"version": 20210316, "entries": 0}
    assert told("collection.db", EMPTY).form == "collection.db"
    assert told("scores.db", EMPTY).form == "scores.db"
    assert told("presence.db", EMPTY).form == "presence.db"
    assert told("x.db", database(20210316)).form == "osu!.db"


def test_sqlite_is_refused_and_named() -> None:
    for name in ("client.db", "osu!.db"):
        error = refusal(name, b"SQLite format 3\0" + b"\x10\0" * 50)
        assert error.code == "sqlite_database"
        assert "SQLite" in error.reason


def test_files_that_are_none_of_osus_are_left_alone() -> None:
    assert GAME.describe("Thumbs.db", bytes.fromhex("d0cf11e0a1b11ae1") * 100) is None
    assert GAME.describe("notes.txt", FILES["scores.db"]) is None
    assert GAME.describe("x.db", b"") is None
    assert refusal("osu!.db", bytes.fromhex("d0cf11e0a1b11ae1")).code == "bad_version"


def test_of_a_damaged_database_the_form_that_was_read_farthest_tells_what_is_wrong() -> None:
    for data in FILES.values():
        assert refusal("x.db", data[:-3]).code == "truncated"
        assert int(refusal("x.db", data[:-3]).place.removeprefix("byte ")) > len(data) - 40


def test_the_list_of_beatmaps_is_told_with_names_for_its_numbers() -> None:
    found = told("osu!.db", FILES["osu!.db"])
    table = found.tables["beatmaps"].columns
    assert table["status"] == ["ranked", "ranked"]
    assert table["mode"] == ["osu", "mania"]
    assert table["grade"] == ["SS", "SSH"]
    assert found.facts["status"] == {"ranked": 2}
    assert found.facts["permissions"] == ["normal", "supporter"]
    assert set(found.tables["beatmaps"].shown) < set(table)


def test_a_play_is_told_with_names_for_its_numbers() -> None:
    play = told("a.osr", osr(mode=3, mods=576, counts=(10, 2, 1, 80, 6, 1))).facts
    assert play["judgements"] == {"max": 80, "300": 10, "200": 6, "100": 2, "50": 1, "miss": 1}
    assert (play["mods"], play["mods_bits"], play["mode"], play["client"]) == (["NC"], 576, "mania", "stable")
    assert (play["grade"], play["frames"], play["frames_length_ms"], play["seed"]) == ("A", 4, 32.0, 4711)
    assert play["chart_id"] == MD5


def test_accuracy_and_grade_are_not_told_of_lazer_whose_rules_differ() -> None:
    play = told("a.osr", osr(version=30000000)).facts
    assert (play["client"], play["accuracy"], play["grade"]) == ("lazer", None, None)


def test_columns_of_a_table_are_of_one_length_and_as_json_there_is_no_nan() -> None:
    for name, data in {**FILES, "a.osr": osr()}.items():
        for table in told(name, data).tables.values():
            assert len({len(column) for column in table.columns.values()}) == 1
            assert set(table.shown) <= set(table.columns)
    table = plain(told("osu!.db", database(20210316, beatmap(20210316, ratings=[stars()] * 4))).tables)["beatmaps"]
    assert table["stars"] == [None]
    assert table["last_played_at"] == [None]
    assert table["modified_at"] == ["2021-01-01T00:00:00.000000+00:00"]


@pytest.mark.parametrize("name", [*FILES, "a.osr"])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_told_of_or_refused(name: str, data: bytes) -> None:
    for content in (data, integer(20210316) + data, FILES.get(name, osr())[:40] + data):
        assert outcome(name, content)


@pytest.mark.parametrize("name", [*FILES, "a.osr"])
@settings(max_examples=120, deadline=None, derandomize=True)
@given(data=st.data())
def test_mutants_are_told_of_or_refused(name: str, data: st.DataObject) -> None:
    content = bytearray(FILES.get(name) or osr(version=30000016, tail=integer(0), replay=alone(FRAMES * 3)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        if not content:
            return
    assert outcome(name, bytes(content))
