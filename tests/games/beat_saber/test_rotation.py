"""Lane rotation: events of formats 2 and 3, objects of format 4; equal maps have equal columns."""

import pytest

VALUES = [(0, -60), (1, -45), (2, -30), (3, -15), (4, 15), (5, 30), (6, 45), (7, 60)]
EARLY, LATE = 14, 15


def v2(*events, beats=(1, 2, 3)):
    return {
        "_version": "2.6.0",
        "_notes": [{"_time": beat, "_type": 0} for beat in beats],
        "_events": [{"_time": beat, "_type": kind, "_value": value} for beat, kind, value in events],
    }


def rotation(row):
    return row["notes_beat_saber"]["rotation"]


@pytest.mark.parametrize(("value", "degrees"), VALUES)
def test_v2_values_are_eight_turns(easy, value, degrees):
    row = easy(v2((2, EARLY, value)))
    assert row["rotations"] == {"time_s": [1.0], "beat": [2.0], "late": [False], "degrees": [float(degrees)]}
    assert rotation(row) == [0.0, degrees, degrees]


@pytest.mark.parametrize(("value", "degrees"), [(1000, -360), (1360, 0), (1405, 45), (1720, 360)])
def test_mapping_extensions_values_are_degrees(easy, value, degrees):
    assert rotation(easy(v2((2, LATE, value)))) == [0.0, 0.0, degrees]


@pytest.mark.parametrize("value", [8, -1, 999, 2.5])
def test_other_v2_values_turn_nothing_and_are_counted(easy, value):
    row = easy(v2((2, EARLY, value)))
    assert (row["rotations"]["beat"], rotation(row), row["warnings"]) == ([], [0.0] * 3, ["bad_rotation:1"])


def test_early_events_turn_what_stands_at_their_beat_and_late_ones_what_comes_later(easy):
    assert rotation(easy(v2((2, EARLY, 4)))) == [0.0, 15.0, 15.0]
    assert rotation(easy(v2((2, LATE, 4)))) == [0.0, 0.0, 15.0]


def test_events_add_up_also_at_one_beat_and_in_any_order(easy):
    row = easy(v2((2, LATE, 7), (3, EARLY, 0), (2, EARLY, 4), (1, LATE, 5)))
    assert rotation(row) == [0.0, 30 + 15, 30 + 15 + 60 - 60]


def equal_maps():
    """One map in three formats: +15 early at beat 2, -30 late at beat 4, +45 early at beat 4."""
    beats = [1, 2, 3, 4, 5]
    turned = {1: 0, 2: 15, 3: 15, 4: 60, 5: 30}
    v2_map = {
        "_version": "2.6.0",
        "_notes": [{"_time": b, "_type": t} for b in beats for t in (0, 3)],
        "_obstacles": [{"_time": b, "_duration": 1, "_width": 1, "_type": 0} for b in beats],
        "_sliders": [{"_headTime": 1, "_tailTime": 4}],
        "_events": [
            {"_time": 2, "_type": EARLY, "_value": 4},
            {"_time": 4, "_type": LATE, "_value": 2},
            {"_time": 4, "_type": EARLY, "_value": 6},
        ],
    }
    v3_map = {
        "version": "3.3.0",
        "colorNotes": [{"b": b} for b in beats],
        "bombNotes": [{"b": b} for b in beats],
        "obstacles": [{"b": b, "d": 1, "w": 1, "h": 5} for b in beats],
        "sliders": [{"b": 1, "tb": 4}],
        "rotationEvents": [{"b": 2, "r": 15}, {"b": 4, "e": 1, "r": -30}, {"b": 4, "e": 0, "r": 45}],
    }
    v4_map = {
        "version": "4.1.0",
        "colorNotes": [{"b": b, "r": turned[b]} for b in beats],
        "colorNotesData": [{}],
        "bombNotes": [{"b": b, "r": turned[b]} for b in beats],
        "bombNotesData": [{}],
        "obstacles": [{"b": b, "r": turned[b]} for b in beats],
        "obstaclesData": [{"d": 1, "w": 1, "h": 5}],
        "arcs": [{"hb": 1, "tb": 4, "hr": turned[1], "tr": turned[4]}],
        "arcsData": [{}],
    }
    v4_0_map = v4_map | {
        "version": "4.0.0",
        "colorNotes": [{"b": b} for b in beats],
        "bombNotes": [{"b": b} for b in beats],
        "obstacles": [{"b": b} for b in beats],
        "arcs": [{"hb": 1, "tb": 4}],
        "spawnRotations": [{"b": 2}, {"b": 4, "i": 1}, {"b": 4, "i": 2}],
        "spawnRotationsData": [{"r": 15}, {"t": 1, "r": -30}, {"r": 45}],
    }
    return {"2.6": v2_map, "3.3": v3_map, "4.1": v4_map, "4.0": v4_0_map}


@pytest.mark.parametrize("version", ["2.6", "3.3", "4.1", "4.0"])
def test_equal_maps_of_all_formats_have_equal_rotation(easy, version):
    row = easy(equal_maps()[version])
    assert rotation(row) == row["bombs"]["rotation"] == row["walls"]["rotation"] == [0.0, 15.0, 15.0, 60.0, 30.0]
    assert (row["arcs"]["rotation"], row["arcs"]["tail_rotation"]) == ([0.0], [60.0])
    assert row["warnings"] == []


def test_equal_maps_are_equal_in_every_object_column(easy):
    rows = [easy(beatmap) for beatmap in equal_maps().values()]
    for column in ("notes", "notes_beat_saber", "bombs", "walls", "arcs", "max_score", "n_notes", "nps"):
        assert all(row[column] == rows[0][column] for row in rows), column
    events = [row["rotations"] for row in rows]
    assert events[0] == events[1] == events[3]
    assert events[2]["beat"] == []


def test_chains_turn_at_head_and_tail(easy):
    v3 = {"version": "3.0.0", "burstSliders": [{"b": 1, "tb": 3}], "rotationEvents": [{"b": 2, "r": 15}]}
    v4 = {"version": "4.0.0", "colorNotesData": [{}], "chains": [{"hb": 1, "tb": 3, "tr": 15}], "chainsData": [{}]}
    for row in (easy(v3), easy(v4)):
        assert (row["chains"]["rotation"], row["chains"]["tail_rotation"]) == ([0.0], [15.0])
