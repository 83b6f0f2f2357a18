"""The table: its columns and types, counts and rates, the beat grid, and the batch it comes from."""

import json

import numpy as np
import pytest

from rhythm_maps.games import get
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.beat_saber import GAME
from rhythm_maps.schema import chart_columns

BUILDS_OWN = {
    "chart_id",
    "mapset_id",
    "track_id",
    "group_id",
    "song_key",
    "game",
    "file_name",
    "file_sha256",
    "rights",
}
OSU_ONLY = {"beatmap_id", "beatmapset_id", "background", "video", "has_storyboard"}
LIBRARYS = {"status", "status_as_of", "stars", "stars_by_rate", "stars_source"}
LIBRARYS |= {"ranked_by", "curated", "submitted_at", "year", "votes", "rating"}


def notes(*beats):
    return {"version": "3.0.0", "colorNotes": [{"b": beat} for beat in beats]}


def level(info, **beatmaps):
    files = {f"{name}.dat": json.dumps(beatmap).encode() for name, beatmap in beatmaps.items()}
    charts = tuple((f"Standard/{name}", f"{name}.dat") for name in beatmaps)
    return MapsetBytes(charts, files | {"Info.dat": json.dumps(info).encode()})


def test_the_game_is_found_by_name():
    assert get("beat_saber") is GAME


def test_rows_have_the_declared_columns_and_types(info_v2):
    batch = GAME.parse([level(info_v2(), Easy=notes(1))])
    table = GAME.rows(batch, Facts(np.array([np.nan])))
    declared = {column.name: column.type for column in chart_columns(GAME.columns)}
    assert set(table.column_names) == set(declared) - BUILDS_OWN - OSU_ONLY - LIBRARYS
    assert {name: table.schema.field(name).type for name in table.column_names} == {
        name: declared[name] for name in table.column_names
    }


def test_no_charts_give_a_table_without_rows_and_the_same_types(info_v2):
    none = GAME.rows(GAME.parse([]), Facts(np.empty(0)))
    one = GAME.rows(GAME.parse([level(info_v2(), Easy=notes(1))]), Facts(np.array([np.nan])))
    assert none.num_rows == 0
    assert none.schema == one.schema


def test_many_mapsets_come_back_in_order_with_every_chart_once(info_v2):
    first = level(info_v2("Easy", "Hard"), Easy=notes(1), Hard=notes(1, 2))
    broken = MapsetBytes((("Standard/Easy", "Easy.dat"),), {"Info.dat": b"{", "Easy.dat": b"{}"})
    third = level(info_v2("Easy"), Easy=notes(4, 5, 6), Other=notes(1))
    batch = GAME.parse([first, broken, third])
    table = GAME.rows(batch, Facts(np.full(3, np.nan)))
    assert list(zip(batch.mapset.tolist(), batch.names, table["n_notes"].to_pylist(), strict=True)) == [
        (0, "Standard/Easy", 1),
        (0, "Standard/Hard", 2),
        (2, "Standard/Easy", 3),
    ]
    assert table["notes"].to_pylist()[2]["beat"] == [4.0, 5.0, 6.0]
    assert [(reject.mapset, reject.name, reject.error.code) for reject in batch.rejects] == [
        (1, "Standard/Easy", "bad_json"),
        (2, "Standard/Other", "missing_chart"),
    ]
    assert batch.chart_ids == [f"{digest}/{name}" for digest, name in zip(batch.mapset_ids, batch.names, strict=True)]


def test_counts_and_rates(easy):
    row = easy(notes(2, 4, 6, 10))
    assert (row["n_notes"], row["first_object_s"], row["last_object_s"], row["length_s"]) == (
        4,
        1.0,
        5.0,
        4.0,
    )
    assert row["nps"] == 1.0


def test_one_moment_has_no_rate(easy):
    row = easy(notes(2, 2, 2))
    assert (row["n_notes"], row["length_s"], row["nps"]) == (3, 0.0, 0.0)


def test_objects_are_sorted_by_time_and_stay_in_file_order_within_one(easy):
    beatmap = notes(*[3, 1] * 50)
    for i, note in enumerate(beatmap["colorNotes"]):
        note["d"] = i
    row = easy(beatmap | {"bombNotes": [{"b": 2, "x": 1}, {"b": 1}, {"b": 2}], "obstacles": [{"b": 9}, {"b": 1}]})
    assert row["notes_beat_saber"]["direction"] == [*range(1, 100, 2), *range(0, 100, 2)]
    assert row["bombs"]["x"] == [0.0, 1.0, 0.0]
    assert row["walls"]["beat"] == [1.0, 9.0]


@pytest.mark.parametrize(("audio_end_s", "beats"), [(3.0, 7), (2.99, 6), (float("nan"), 9)])
def test_the_grid_runs_to_the_end_of_the_audio_else_a_bar_past_the_last_note(play, info_v2, audio_end_s, beats):
    played = play({"Info.dat": info_v2(), "Easy.dat": notes(1, 4)}, audio_end_s=audio_end_s)
    grid = played.rows["Standard/Easy"]["beats"]
    assert grid["time_s"] == [0.5 * i for i in range(beats)]
    assert grid["position"] == [0] * beats


def test_the_grid_follows_the_tempo(play, info_v2):
    beatmap = notes(1) | {"bpmEvents": [{"b": 2, "m": 60}]}
    played = play({"Info.dat": info_v2(), "Easy.dat": beatmap}, audio_end_s=3.5)
    assert played.rows["Standard/Easy"]["beats"]["time_s"] == [0.0, 0.5, 1.0, 2.0, 3.0]


def test_without_notes_or_audio_there_is_no_grid(easy):
    assert easy(notes())["beats"] == {"time_s": [], "position": []}


def test_a_grid_that_was_cut_off_says_so(play, info_v2):
    beatmap = notes(1) | {"bpmEvents": [{"b": 0, "m": 1e6}]}
    row = play({"Info.dat": info_v2(), "Easy.dat": beatmap}, audio_end_s=60.0).rows["Standard/Easy"]
    assert (len(row["beats"]["time_s"]), row["warnings"]) == (100_000, ["beats_cut:1"])
