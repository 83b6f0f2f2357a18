"""docs/recipes_beat_saber.md runs as it stands, and gives what was counted or computed by hand.

The build holds the sample pack and two levels of hand-placed objects (`placed_levels`). Expectations come from the
rows' own columns, read through another road (Parquet), or from the levels' text, never from the recipes' code.
"""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from doc_blocks import ROOT, python_blocks, run_blocks
from placed_levels import write_levels

from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

RECIPES = ROOT / "docs" / "recipes_beat_saber.md"
FRAMES = 800
"""The hand-made levels last 8 s: this many frames of 10 ms."""


@pytest.fixture(scope="module")
def rows(place):
    """All chart rows of the build, by (title, mode, difficulty), read from its Parquet files."""
    write_samples("beat_saber", place / "maps")
    write_levels(place / "maps")
    manifest = scan("beat_saber", [place / "maps"], fractions=(0.5, 0.25, 0.25)).keep()
    build(manifest, place / "out" / "beat_saber", make_spec("beat_saber"))
    files = sorted((place / "out" / "beat_saber" / "charts").glob("*.parquet"))
    found = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert len(files) > 1, "several splits, which the recipes put together"
    return {(row["title"], row["mode"], row["difficulty"]): row for row in found}


@pytest.fixture(scope="module")
def recipes(rows):
    """The names that the page's blocks define."""
    return run_blocks(RECIPES)[-1]


@pytest.fixture
def precise(rows):
    return rows["Placed", "Standard", "ExpertPlus"]


def total(rows, column):
    return sum(len(row[column]["beat"]) for row in rows.values())


def test_blocks_are_short_and_all_found():
    blocks = python_blocks(RECIPES)
    assert len(blocks) == RECIPES.read_text(encoding="utf-8").count("```py")
    assert max(source.count("\n") for _, source in blocks) <= 30


def test_charts_of_all_splits_are_there(rows, recipes):
    assert sorted(recipes["charts"]["chart_id"]) == sorted(row["chart_id"] for row in rows.values())


# --- beat-weaver ----------------------------------------------------------------------------------

_HEAD = [
    ("song_hash", "string"),
    ("source", "string"),
    ("difficulty", "string"),
    ("characteristic", "string"),
    ("bpm", "float"),
    ("beat", "float"),
    ("time_seconds", "float"),
]
_CELL = [("x", "int8"), ("y", "int8")]
_TYPES = {
    "notes": [*_HEAD, *_CELL, ("color", "int8"), ("cut_direction", "int8"), ("angle_offset", "int16")],
    "bombs": [*_HEAD, *_CELL],
    "obstacles": [*_HEAD, ("duration_beats", "float"), *_CELL, ("width", "int8"), ("height", "int8")],
}


def weaver(place, name):
    return pq.ParquetFile(place / "out" / "beat_weaver" / f"{name}_0000.parquet")


@pytest.mark.parametrize("name", _TYPES)
def test_beat_weaver_columns_and_types(place, recipes, name):
    schema = weaver(place, name).schema_arrow
    assert [(field.name, str(field.type)) for field in schema] == _TYPES[name]


@pytest.mark.parametrize("name", _TYPES)
def test_beat_weaver_has_one_row_group_a_song_in_order(place, recipes, rows, name):
    file = weaver(place, name)
    hashes = [set(file.read_row_group(i)["song_hash"].to_pylist()) for i in range(file.num_row_groups)]
    column = {"obstacles": "walls"}.get(name, name)
    expected = sorted({row["mapset_id"] for row in rows.values() if row[column]["beat"]})
    assert hashes == [{song_hash} for song_hash in expected]


def test_beat_weaver_counts_what_its_types_cannot_hold(place, recipes, rows):
    """Of the hand-placed notes the one between columns and the one at a precise angle do not fit."""
    assert recipes["left_out"] == {"notes": 2, "bombs": 0, "obstacles": 0}
    assert weaver(place, "notes").metadata.num_rows == total(rows, "notes") - 2
    assert weaver(place, "bombs").metadata.num_rows == total(rows, "bombs")
    assert weaver(place, "obstacles").metadata.num_rows == total(rows, "walls")


def test_beat_weaver_values_of_hand_placed_objects(place, recipes, precise):
    """Beat 4.5 at 120 BPM is 2.25 s; a crouch wall covers rows 2 to 4."""
    same = {
        "song_hash": precise["mapset_id"],
        "source": "local_custom",
        "difficulty": "ExpertPlus",
        "characteristic": "Standard",
        "bpm": 120.0,
    }
    cut = {"x": 3, "y": 2, "color": 1, "cut_direction": 8, "angle_offset": 0}
    assert same | {"beat": 4.5, "time_seconds": 2.25} | cut in weaver(place, "notes").read().to_pylist()
    bomb = same | {"beat": 6.0, "time_seconds": 3.0, "x": 0, "y": 1}
    assert bomb in weaver(place, "bombs").read().to_pylist()
    size = {"duration_beats": 2.5, "x": 3, "y": 2, "width": 1, "height": 3}
    assert same | {"beat": 4.0, "time_seconds": 2.0} | size in weaver(place, "obstacles").read().to_pylist()


def test_beat_weaver_times_follow_tempo_changes(place, recipes, rows):
    """Two Gears goes from 100 to 150 BPM at 9.6 s, beat 16: beat 17 is 10 s, not 10.2 s."""
    row = rows["Two Gears", "Standard", "ExpertPlus"]
    table = weaver(place, "notes").read().to_pylist()
    late = [
        (note["beat"], note["time_seconds"])
        for note in table
        if note["song_hash"] == row["mapset_id"] and note["beat"] > 16
    ]
    assert late
    assert [time for _, time in late] == pytest.approx([9.6 + (beat - 16) * 0.4 for beat, _ in late], abs=1e-5)


def test_beat_weaver_metadata_lists_every_song_once(place, recipes, rows):
    songs = json.loads((place / "out" / "beat_weaver" / "metadata.json").read_text(encoding="utf-8"))
    assert [song["hash"] for song in songs] == sorted({row["mapset_id"] for row in rows.values()})
    counts = Counter((song["song_name"], level["difficulty"]) for song in songs for level in song["difficulties"])
    assert counts == Counter((title, difficulty) for title, _, difficulty in rows)


# --- DeepSaber ------------------------------------------------------------------------------------


def test_deepsaber_grid_of_hand_placed_objects(recipes, precise):
    """Frame 100 is 1 s, beat 2: red down in column 1 is 1 + 1, blue up in column 2 is 10 + 0; a bomb is 19."""
    grid, left_out, clashes = recipes["grid_of"](precise)
    assert grid.shape == (FRAMES, 12)
    filled = {(int(frame), int(cell)): int(grid[frame, cell]) for frame, cell in np.argwhere(grid)}
    assert filled == {(100, 1): 2, (100, 2): 10, (225, 4 * 2 + 3): 11, (300, 4): 19}
    assert left_out == 2, "the note between columns, and the one whose direction is no state"
    assert clashes == 1, "the later of two notes in one cell within 10 ms stays"


def test_deepsaber_grids_hold_every_object_of_unmodded_charts(recipes, rows):
    for row in rows.values():
        grid, left_out, clashes = recipes["grid_of"](row)
        assert np.count_nonzero(grid) + left_out + clashes == len(row["notes"]["beat"]) + len(row["bombs"]["beat"])
        if row["in_bounds"]:
            assert left_out == 0
            assert np.count_nonzero(grid == 19) == len(row["bombs"]["beat"])


def test_deepsaber_frames_of_exact_starts_are_not_early(recipes, precise):
    """0.29 s is the start of frame 29, though 0.29 / 0.01 is below 29 in float64."""
    moved = precise | {"notes": {name: values[:1] for name, values in precise["notes"].items()} | {"time_s": [0.29]}}
    moved["notes_beat_saber"] = {name: values[:1] for name, values in precise["notes_beat_saber"].items()}
    moved["bombs"] = {name: [] for name in precise["bombs"]}
    grid, _, _ = recipes["grid_of"](moved)
    assert np.flatnonzero(grid.any(axis=1)).tolist() == [29]


def test_deepsaber_reduced_states_number_the_patterns(recipes, precise):
    """Frames with objects have a state above 0, equal for equal patterns, and all others are 0."""
    grid, _, _ = recipes["grid_of"](precise)
    states = recipes["reduced_states"](precise)
    assert np.flatnonzero(states).tolist() == np.flatnonzero(grid.any(axis=1)).tolist()
    assert sorted(recipes["number"].values()) == list(range(1, len(recipes["number"]) + 1))
    assert len(set(states[states > 0])) == len({frame.tobytes() for frame in grid[states > 0]})


# --- InfernoSaber ---------------------------------------------------------------------------------


def test_infernosaber_takes_the_charts_that_its_filters_pass(recipes, rows):
    """Standard, Expert+ or else Expert, in bounds, 2 to 12 objects a second: of Placed its Expert, of Slow none."""
    titles = {row["chart_id"]: key for key, row in rows.items()}
    found = {(titles[song["chart_id"]][0], titles[song["chart_id"]][2]) for song in recipes["windows"]}
    assert found == {
        ("Placed", "Expert"),
        ("Two Gears", "ExpertPlus"),
        ("Long Shadows", "Expert"),
        ("見本の歌", "Expert"),
    }


def test_infernosaber_windows_of_hand_placed_objects(recipes, rows):
    """Notes at 1, 1.5, 2, 2.5, 3 s and a bomb at 4 s: one second to each side, both ends included."""
    chart = rows["Placed", "Standard", "Expert"]["chart_id"]
    at, song = next((i, song) for i, song in enumerate(recipes["windows"]) if song["chart_id"] == chart)
    assert song["notes"].tolist() == [
        [1, 1.5, 2, 2.5, 3, 4],
        [2, 2, 2, 2, 2, 0],
        [1, 1, 1, 1, 1, 2],
        [1, 1, 1, 1, 1, 3],
        [0, 0, 0, 0, 0, 8],
    ]
    assert [window[0].tolist() for window in recipes["around"][at]] == [
        [1, 1.5, 2],
        [1, 1.5, 2, 2.5],
        [1, 1.5, 2, 2.5, 3],
        [1.5, 2, 2.5, 3],
        [2, 2.5, 3, 4],
        [3, 4],
    ]
    assert song["whole"].all()


def test_infernosaber_windows_are_those_of_a_plain_search(recipes):
    """Each window, compared with a search over all pairs."""
    for song, around in zip(recipes["windows"], recipes["around"], strict=True):
        times = song["notes"][0]
        assert (np.diff(times) >= 0).all()
        for time, window in zip(times, around, strict=True):
            assert window[0].tolist() == [other for other in times if time - 1 <= other <= time + 1]


def test_infernosaber_leaves_out_charts_without_length(recipes, rows):
    """A single moment has no rate."""
    row = rows["Placed", "Standard", "Expert"]
    row = row | {"notes": row["notes"] | {"time_s": [1.0] * 5}, "bombs": row["bombs"] | {"time_s": [1.0]}}
    assert recipes["windows_of"](row) is None


# --- BeatMapSynthesizer ---------------------------------------------------------------------------


def test_beatmapsynthesizer_rows_of_hand_placed_objects(recipes, precise):
    """Whole beats 0 to 6 and the two notes between; 999 where nothing stands; what has no cell is counted."""
    table, left_out = recipes["beat_rows"](precise)
    assert table["_time"].to_pylist() == [0, 1, 2, 3, 4, 4.5, 4.502, 5, 6]
    assert table["time_s"].to_pylist() == pytest.approx([0, 0.5, 1, 1.5, 2, 2.25, 2.251, 2.5, 3])
    none, rows = (999, 999, 999, 999), table.to_pylist()
    fields = ("type", "lineIndex", "lineLayer", "cutDirection")
    found = {row["_time"]: [tuple(row[f"notes_{name}_{i}"] for name in fields) for i in (0, 1, 3)] for row in rows}
    assert found[2] == [(0, 1, 0, 1), (1, 2, 0, 0), none]
    assert found[3] == [none, none, none]
    assert found[4.502] == [none, (1, 3, 2, 1), none]
    assert found[5] == [(0, 0, 1, 1090), none, none], "a precise angle has a cell and stays as it is"
    assert found[6] == [none, none, (3, 0, 1, 8)]
    assert left_out == 1
    assert len(table.column_names) == 2 + 3 * 4


def test_beatmapsynthesizer_rows_hold_every_object_once(recipes, rows):
    for row in rows.values():
        table, left_out = recipes["beat_rows"](row)
        placed = sum(int((table[f"notes_type_{kind}"].to_numpy() == kind).sum()) for kind in (0, 1, 3))
        assert placed + left_out == len(row["notes"]["beat"]) + len(row["bombs"]["beat"])
        assert np.all(np.diff(table["_time"].to_numpy()) > 0)


def test_beatmapsynthesizer_seconds_of_rows_are_those_of_their_notes(recipes, rows):
    """Also past a change of tempo; three decimals of a beat are within half a millisecond."""
    for title, difficulty in (("Two Gears", "ExpertPlus"), ("Long Shadows", "Expert")):
        row = rows[title, "Standard", difficulty]
        table, _ = recipes["beat_rows"](row)
        seconds = dict(zip(table["_time"].to_pylist(), table["time_s"].to_pylist(), strict=True))
        found = [seconds[round(beat, 3)] for beat in row["notes"]["beat"]]
        assert found == pytest.approx(row["notes"]["time_s"], abs=5e-4)


def test_empty_charts_have_empty_shapes(recipes, precise):
    """A chart of walls alone, which min_notes=0 lets in."""
    bare = dict(precise, track_id=None)
    for column in ("notes", "notes_beat_saber", "bombs"):
        bare[column] = {name: [] for name in precise[column]}
    assert recipes["grid_of"](bare)[0].shape == (0, 12)
    assert recipes["beat_rows"](bare)[0].num_rows == 0
    assert recipes["table_of"](bare, "notes")[0] == pa.table([[]] * 12, schema=recipes["SCHEMAS"]["notes"])
    assert recipes["windows_of"](bare) is None
