"""osu!.db: every field of every version, star ratings by their tags, timing points by their flag."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from osu_bytes import MD5, beatmap, byte, database, integer, long, points, single, stars, text

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.osu.database import FIELDS, read_database

OLDEST, BYTES, FLOATS, SIZED, PLAIN, SINGLES = 20130601, 20140608, 20140609, 20191105, 20191106, 20250108
VERSIONS = [OLDEST, BYTES, FLOATS, SIZED, PLAIN, SINGLES]

EXPECTED = {
    "artist": "Camellia", "artist_unicode": "かめりあ", "title": "GHOST", "title_unicode": "", "mapper": "Mapper",
    "difficulty": "Hard", "audio_file": "audio.mp3", "chart_id": MD5, "file_name": "map.osu", "status": 4,
    "n_circles": 40_000, "n_sliders": 20, "n_spinners": 3, "ar": 9, "cs": 4, "hp": 6, "od": 8,
    "slider_multiplier": 1.4, "drain_s": 120, "length_ms": 125_000, "preview_ms": -1, "beatmap_id": 1001,
    "beatmapset_id": 2002, "thread_id": 3003, "grade_osu": 2, "grade_taiko": 9, "grade_catch": 9, "grade_mania": 0,
    "local_offset_ms": -12, "stack_leniency": np.float32(0.7), "mode": 0, "source": "Game", "tags": "tag one",
    "online_offset_ms": -3, "title_font": None, "unplayed": True, "is_osz2": False, "folder": "1 Folder",
    "ignore_sounds": False, "ignore_skin": True, "disable_storyboard": False, "disable_video": True,
    "visual_override": False, "unknown_int": 5, "mania_scroll_speed": 30,
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_of_every_version_is_read_and_the_second_map_is_in_step(version: int) -> None:
    db = read_database(database(version, beatmap(version), beatmap(version, artist="x" * 200, md5="b" * 32)))
    assert db.problems == []
    assert (db.version, db.folders, db.account_unlocked, db.unlocks_at) == (version, 1, True, None)
    assert (db.player, db.permissions, len(db)) == ("Player", 5, 2)
    for name, value in EXPECTED.items():
        assert db.beatmaps[name][0] == value, name
        assert name in {"artist", "chart_id"} or db.beatmaps[name][1] == value, name
    assert db.beatmaps["chart_id"] == [MD5, "b" * 32]
    assert str(db.beatmaps["modified_at"][1]) == "2021-01-01T00:00:00.000000"
    assert np.isnat(db.beatmaps["last_played_at"]).all()
    assert str(db.beatmaps["last_checked_at"][0]) == "2021-01-01T00:00:00.000000"
    assert {len(column) for column in db.beatmaps.values()} == {2}


def test_no_field_of_the_format_is_left_out() -> None:
    read = read_database(database(OLDEST, beatmap(OLDEST))).beatmaps
    named = {*EXPECTED, "modified_at", "last_played_at", "last_checked_at", "unknown_short"}
    assert {field.name for field in FIELDS} - {"star_ratings", "timing_points"} == named
    assert named <= set(read)
    assert read["unknown_short"].tolist() == [77]


@pytest.mark.parametrize("version", [OLDEST, BYTES])
def test_before_2014_06_09_there_are_no_stars(version: int) -> None:
    db = read_database(database(version, beatmap(version)))
    assert len(db.star_ratings["stars"]) == 0
    assert np.isnan(db.beatmaps["stars"]).all()
    assert db.beatmaps["ar"].dtype == np.uint8


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("artist", ["Camellia", "", None, "A"])
def test_the_size_of_old_entries_is_recognised_where_it_may_be_missing(sized: bool, artist: str | None) -> None:
    db = read_database(database(OLDEST, *[beatmap(OLDEST, artist=artist, sized=sized)] * 3))
    assert db.beatmaps["artist"] == [artist] * 3
    assert ("entry_bytes" in db.beatmaps) is sized


def test_an_entry_whose_size_is_wrong_is_read_and_told_of() -> None:
    entry = beatmap(SIZED, sized=False)
    db = read_database(database(SIZED, integer(len(entry) + 1) + entry))
    assert [problem.code for problem in db.problems] == ["entry_size"]
    assert db.beatmaps["mania_scroll_speed"].tolist() == [30]


@pytest.mark.parametrize("version", [20210316, 20250106, 20250108])
@pytest.mark.parametrize("tag", [0x0C, 0x0D])
def test_star_ratings_are_read_by_their_tags_whatever_the_version(version: int, tag: int) -> None:
    ratings = [stars((0, 5.25), (64, 7.5), tag=tag), stars((2, 1.5), tag=tag), stars(), stars((0, 0.5), tag=tag)]
    db = read_database(database(version, beatmap(version), beatmap(version, mode=3, ratings=ratings)))
    second = {name: column[2:].tolist() for name, column in db.star_ratings.items()}
    assert second == {
        "beatmap": [1, 1, 1, 1],
        "mode": [0, 0, 1, 3],
        "mods": [0, 64, 2, 0],
        "stars": [5.25, 7.5, 1.5, 0.5],
    }
    assert db.beatmaps["stars"].tolist() == [5.25, 0.5]


def test_one_list_may_hold_both_types_of_stars() -> None:
    mixed = integer(3) + b"\x08" + integer(0) + b"\x0d" + bytes.fromhex("0000000000001540")
    mixed += b"\x08" + integer(64) + b"\x0c" + single(2.5) + b"\x08" + integer(16) + b"\x0d" + b"\0" * 8
    ratings = [mixed, stars((1, 8.0)), stars((0, 9.0), tag=0x0C), stars()]
    db = read_database(database(PLAIN, beatmap(PLAIN, ratings=ratings)))
    assert db.star_ratings["stars"].tolist() == [5.25, 2.5, 0.0, 8.0, 9.0]
    assert db.star_ratings["mods"].tolist() == [0, 64, 16, 1, 0]


@pytest.mark.parametrize(("at", "tag"), [(0, 0x07), (5, 0x0B), (14, 0x00), (19, 0x08)])
def test_a_star_rating_of_another_type_is_an_error_at_its_byte(at: int, tag: int) -> None:
    good = stars((0, 5.25), (64, 7.5))
    bad = bytearray(good)
    bad[4 + at] = tag
    data = database(PLAIN, beatmap(PLAIN, ratings=[bytes(bad), stars(), stars(), stars()]))
    with pytest.raises(BadFormat) as error:
        read_database(data)
    assert error.value.code == "bad_tag"
    assert error.value.place == f"byte {data.index(bytes(bad)) + 4 + at}"


def test_timing_points_keep_their_flag_and_the_first_uninherited_one_gives_the_bpm() -> None:
    """Scroll speeds are negative beat lengths, and real databases hold uninherited points at negative times."""
    rows = [(-100.0, 5.0, False), (400.0, -20.0, True), (300.0, 60.0, True), (float("nan"), 70.0, True)]
    db = read_database(database(PLAIN, beatmap(PLAIN, timing=points(*rows)), beatmap(PLAIN, timing=points())))
    assert db.timing_points["uninherited"].tolist() == [False, True, True, True]
    assert db.timing_points["offset_ms"].tolist() == [5.0, -20.0, 60.0, 70.0]
    assert db.timing_points["beatmap"].tolist() == [0, 0, 0, 0]
    assert db.beatmaps["bpm"][0] == 150.0
    assert np.isnan(db.beatmaps["bpm"][1])


def test_a_database_without_maps_is_read() -> None:
    db = read_database(database(SINGLES))
    assert len(db) == 0
    assert {len(column) for column in db.beatmaps.values()} == {0}
    assert len(db.timing_points["beatmap"]) == len(db.star_ratings["mods"]) == 0


def test_the_account_may_be_locked_until_a_date_and_nobody_logged_in() -> None:
    head = integer(PLAIN) + integer(0) + byte(0) + long(637_450_560_000_000_000) + text(None)
    db = read_database(head + integer(0) + integer(0))
    assert (db.account_unlocked, db.player) == (False, None)
    assert db.unlocks_at == datetime(2021, 1, 1, tzinfo=UTC)


def test_dates_that_are_none_are_left_out_and_told_of() -> None:
    entry = beatmap(PLAIN).replace(long(637_450_560_000_000_000), long(-5), 1)
    db = read_database(database(PLAIN, entry))
    assert [problem.code for problem in db.problems] == ["bad_date"]
    assert np.isnat(db.beatmaps["modified_at"]).all()


def test_bytes_after_the_end_are_told_of() -> None:
    data = database(PLAIN, beatmap(PLAIN))
    db = read_database(data + b"xyz")
    assert [(p.code, p.place) for p in db.problems] == [("trailing_bytes", f"byte {len(data)}")]
    assert db.problems[0].reason.endswith(": 3")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_cut_anywhere_is_an_error_with_a_byte(version: int) -> None:
    data = database(version, beatmap(version), beatmap(version))
    for size in range(len(data)):
        with pytest.raises(BadFormat) as error:
            read_database(data[:size])
        assert error.value.place.startswith("byte ")
        assert 0 <= int(error.value.place[5:]) <= size


@pytest.mark.parametrize("count", [2**31 - 1, -(2**31), 3])
def test_more_maps_than_can_be_there_are_refused(count: int) -> None:
    with pytest.raises(BadFormat) as error:
        read_database(database(PLAIN, beatmap(PLAIN), count=count))
    assert error.value.code in {"bad_count", "truncated"}


@pytest.mark.parametrize("where", ["ratings", "timing"])
def test_more_ratings_or_points_than_can_be_there_are_refused(where: str) -> None:
    huge = integer(2**31 - 1)
    options = {"ratings": [huge, stars(), stars(), stars()]} if where == "ratings" else {"timing": huge}
    with pytest.raises(BadFormat) as error:
        read_database(database(PLAIN, beatmap(PLAIN, **options)))
    assert error.value.code == "bad_count"
    assert "entry 1" in error.value.reason
