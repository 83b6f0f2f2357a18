"""Arcs, chains, NJS events, tempo events and fakes of every format: the columns that stand beside notes."""

import pytest


def objects(row, column):
    """Return a struct of lists as a list of dicts."""
    lists = row[column]
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


ARC = {
    "time_s": 1.0,
    "end_s": 2.0,
    "beat": 2.0,
    "end_beat": 4.0,
    "color": 1,
    "x": 1.0,
    "y": 0.0,
    "direction": 3,
    "multiplier": 1.1,
    "rotation": 0.0,
    "tail_x": 2.0,
    "tail_y": 1.0,
    "tail_direction": 8,
    "tail_multiplier": 0.7,
    "tail_rotation": 0.0,
    "mid_anchor": 2,
}
CHAIN = {
    "time_s": 1.0,
    "end_s": 1.25,
    "beat": 2.0,
    "end_beat": 2.5,
    "color": 1,
    "x": 1.0,
    "y": 0.0,
    "direction": 3,
    "rotation": 0.0,
    "tail_x": 2.0,
    "tail_y": 1.0,
    "tail_rotation": 0.0,
    "slices": 5,
    "squish": 0.85,
}
ARC_V2 = {
    "_colorType": 1,
    "_headTime": 2,
    "_headLineIndex": 1,
    "_headLineLayer": 0,
    "_headControlPointLengthMultiplier": 1.1,
    "_headCutDirection": 3,
    "_tailTime": 4,
    "_tailLineIndex": 2,
    "_tailLineLayer": 1,
    "_tailControlPointLengthMultiplier": 0.7,
    "_tailCutDirection": 8,
    "_sliderMidAnchorMode": 2,
}
ARC_V3 = {"b": 2, "c": 1, "x": 1, "y": 0, "d": 3, "mu": 1.1}
ARC_V3 |= {"tb": 4, "tx": 2, "ty": 1, "tc": 8, "tmu": 0.7, "m": 2}
CHAIN_V3 = {"b": 2, "c": 1, "x": 1, "y": 0, "d": 3, "tb": 2.5, "tx": 2, "ty": 1, "sc": 5, "s": 0.85}


@pytest.mark.parametrize(
    "beatmap",
    [
        {"_version": "2.6.0", "_notes": [], "_sliders": [ARC_V2]},
        {"version": "3.3.0", "sliders": [ARC_V3]},
        {
            "version": "4.0.0",
            "colorNotesData": [{}, {"x": 1, "c": 1, "d": 3}, {"x": 2, "y": 1, "c": 0, "d": 8}],
            "arcs": [{"hb": 2, "tb": 4, "hi": 1, "ti": 2, "ai": 1}],
            "arcsData": [{}, {"m": 1.1, "tm": 0.7, "a": 2}],
        },
    ],
    ids=["v2.6", "v3", "v4"],
)
def test_an_arc_is_the_same_in_every_format(easy, beatmap):
    """In format 4 the head's note gives the colour, the tail's note the tail's direction."""
    row = easy(beatmap)
    assert objects(row, "arcs") == [ARC]
    assert (row["n_notes"], row["warnings"]) == (0, [])


@pytest.mark.parametrize(
    "beatmap",
    [
        {"version": "3.3.0", "burstSliders": [CHAIN_V3]},
        {
            "version": "4.0.0",
            "colorNotesData": [{}, {"x": 1, "c": 1, "d": 3}],
            "chains": [{"hb": 2, "tb": 2.5, "i": 1, "ci": 1}],
            "chainsData": [{}, {"tx": 2, "ty": 1, "c": 5, "s": 0.85}],
        },
    ],
    ids=["v3", "v4"],
)
def test_a_chain_is_the_same_in_every_format(easy, beatmap):
    row = easy(beatmap)
    assert objects(row, "chains") == [CHAIN]
    assert (row["n_notes"], row["warnings"]) == (0, [])


def test_omitted_fields_of_arcs_and_chains_are_zero(easy):
    row = easy({"version": "3.3.0", "sliders": [{}], "burstSliders": [{}]})
    assert [value for arc in objects(row, "arcs") for value in arc.values()] == [0] * 16
    assert [value for chain in objects(row, "chains") for value in chain.values()] == [0] * 14


def test_v4_arcs_and_chains_with_an_index_that_names_nothing_are_dropped(easy):
    """Each of an arc's three indices and a chain's two must name something; the others keep their own data."""
    notes = [{"x": 1}, {"x": 2}]
    arcs = [
        {"hb": 1, "hi": 2},
        {"hb": 2, "ti": -1},
        {"hb": 3, "ai": 1},
        {"hb": 4, "hi": 1},
    ]
    chains = [{"hb": 1, "ci": 1}, {"hb": 2, "i": 9}, {"hb": 3, "i": 1}]
    row = easy(
        {"version": "4.1.0", "colorNotesData": notes, "arcs": arcs, "arcsData": [{}], "chains": chains}
        | {"chainsData": [{"c": 3}]}
    )
    assert [(arc["beat"], arc["x"], arc["tail_x"]) for arc in objects(row, "arcs")] == [(4.0, 2.0, 1.0)]
    assert [(chain["beat"], chain["x"], chain["slices"]) for chain in objects(row, "chains")] == [(3.0, 2.0, 3)]
    assert row["warnings"] == ["bad_index:5"]


@pytest.mark.parametrize(
    ("beatmap", "code"),
    [
        ({"version": "3.3.0", "sliders": [{"m": 0.5}, {"tc": 2**31}, {"tx": 1e9}, None]}, "bad_arc:4"),
        ({"version": "3.3.0", "burstSliders": [{"sc": 1.5}, {"ty": -1e9}, {"s": "?"}]}, "bad_chain:3"),
        ({"_version": "2.6.0", "_notes": [], "_sliders": [{"_colorType": 0.5}, 7]}, "bad_arc:2"),
        ({"version": "4.1.0", "njsEvents": [{}, {"b": None}], "njsEventData": [{"e": 0.5}]}, "bad_njs_event:2"),
        ({"version": "3.3.0", "rotationEvents": [{"r": 1e300}, {"r": None}]}, "bad_event:1"),
    ],
)
def test_values_that_do_not_fit_drop_the_object_with_a_warning(easy, beatmap, code):
    row = easy(beatmap)
    assert code in row["warnings"]
    assert not any(row[column]["beat"] for column in ("arcs", "chains", "njs_events", "rotations"))


def test_njs_events_say_what_their_data_says(easy):
    events = [{"b": 8, "i": 1}, {"b": 4}]
    data = [{"d": -2.5, "e": 3}, {"p": 1}]
    row = easy({"version": "4.1.0", "njsEvents": events, "njsEventData": data})
    assert objects(row, "njs_events") == [
        {"time_s": 2.0, "beat": 4.0, "use_previous": 0, "easing": 3, "relative_njs": -2.5},
        {"time_s": 4.0, "beat": 8.0, "use_previous": 1, "easing": 0, "relative_njs": 0.0},
    ]


def test_tempo_events_stand_as_they_are_and_on_the_clock(easy):
    row = easy({"version": "3.0.0", "bpmEvents": [{"b": 8, "m": 0}, {"b": 4, "m": 60}, {"b": None, "m": 9}]})
    assert objects(row, "bpm_events") == [
        {"time_s": 2.0, "beat": 4.0, "bpm": 60.0},
        {"time_s": 6.0, "beat": 8.0, "bpm": 0.0},
    ]


def test_arcs_and_chains_end_by_the_tempo_of_their_end(easy):
    row = easy(
        {"version": "3.0.0", "bpmEvents": [{"b": 10, "m": 60}]}
        | {"sliders": [{"b": 8, "tb": 12}], "burstSliders": [{"b": 9, "tb": 11}]}
    )
    assert (row["arcs"]["time_s"], row["arcs"]["end_s"]) == ([4.0], [7.0])
    assert (row["chains"]["time_s"], row["chains"]["end_s"]) == ([4.5], [6.0])


def test_every_kind_is_sorted_by_time_and_keeps_file_order_within_one(easy):
    beats = [3, 1, 3, 1]
    row = easy(
        {
            "version": "3.0.0",
            "sliders": [{"b": b, "m": i} for i, b in enumerate(beats)],
            "burstSliders": [{"b": b, "sc": i} for i, b in enumerate(beats)],
            "rotationEvents": [{"b": b, "r": i} for i, b in enumerate(beats)],
        }
    )
    assert row["arcs"]["mid_anchor"] == row["chains"]["slices"] == row["rotations"]["degrees"] == [1, 3, 0, 2]


FAKE_WALL = {"x": 1.0, "y": 0.0, "width": 2.0, "height": 5.0}


def test_v2_fakes_and_ghosts_stand_in_fakes_and_nowhere_else(easy):
    fake = {"_customData": {"_fake": True}}
    row = easy(
        {
            "_version": "2.2.0",
            "_notes": [
                {"_time": 1, "_type": 1, "_lineIndex": 2, "_cutDirection": 7} | fake,
                {"_time": 2, "_type": 3, "_lineLayer": 1} | fake,
                {"_time": 3, "_type": 2, "_lineIndex": 3, "_cutDirection": 4},
                {"_time": 4, "_type": 0},
            ],
            "_obstacles": [{"_time": 0, "_duration": 2, "_lineIndex": 1, "_width": 2, "_type": 0} | fake],
        }
    )
    kept = ("kind", "beat", "end_beat", "end_s", "color", "direction", "x", "y")
    assert [tuple(one[name] for name in kept) for one in objects(row, "fakes")] == [
        (2, 0.0, 2.0, 1.0, -1, -1, 1.0, 0.0),
        (0, 1.0, 1.0, 0.5, 1, 7, 2.0, 0.0),
        (1, 2.0, 2.0, 1.0, -1, -1, 0.0, 1.0),
        (4, 3.0, 3.0, 1.5, 2, 4, 3.0, 0.0),
    ]
    wall, *others = objects(row, "fakes")
    assert {name: wall[name] for name in FAKE_WALL} == FAKE_WALL
    assert all(str(one["width"]) == str(one["height"]) == "nan" for one in others)
    assert (row["notes"]["beat"], row["bombs"]["beat"], row["walls"]["beat"]) == ([4.0], [], [])
    assert (row["n_notes"], row["max_score"], row["nps"]) == (1, 115, 0.0)
    assert row["warnings"] == ["fake_notes:2", "fake_walls:1", "ghost_notes:1"]


def test_v3_fakes_of_all_four_lists(easy):
    custom = {
        "fakeColorNotes": [{"b": 1, "c": 1, "d": 7, "x": 2}, {"b": 5, "c": 0.5}],
        "fakeBombNotes": [{"b": 2, "y": 1}],
        "fakeObstacles": [{"b": 3, "d": 2, "x": 1, "w": 2, "h": 5}],
        "fakeBurstSliders": [{"b": 4, "tb": 4.5, "c": 1, "sc": 3}],
        "customEvents": [{"b": 0, "t": "AnimateTrack", "d": {}}],
    }
    row = easy({"version": "3.2.0", "colorNotes": [{"b": 9}], "customData": custom})
    assert [(one["kind"], one["beat"], one["end_beat"]) for one in objects(row, "fakes")] == [
        (0, 1.0, 1.0),
        (1, 2.0, 2.0),
        (2, 3.0, 5.0),
        (3, 4.0, 4.5),
    ]
    assert (row["n_notes"], row["chains"]["beat"], row["walls"]["beat"]) == (1, [], [])
    assert row["warnings"] == ["bad_fake:1", "fake_chains:1", "fake_notes:3", "fake_walls:1"]


def test_the_word_fake_in_other_places_changes_nothing(easy):
    custom = {"fakeColorNotes": None, "tracks": ["fakeColorNotes", "_fake"]}
    row = easy({"version": "3.2.0", "colorNotes": [{"b": 9, "customData": {"fakes": 1}}], "customData": custom})
    assert (row["n_notes"], row["fakes"]["beat"], row["warnings"]) == (1, [], [])


@pytest.mark.parametrize(
    ("beatmap", "inside"),
    [
        ({"version": "3.0.0", "colorNotes": [{"x": 3, "y": 2, "d": 8}], "bombNotes": [{"x": 0}]}, True),
        ({"version": "3.0.0", "colorNotes": [{"x": 4}]}, False),
        ({"version": "3.0.0", "colorNotes": [{"x": 0.5}]}, False),
        ({"version": "3.0.0", "colorNotes": [{"d": 1090}]}, False),
        ({"version": "3.0.0", "bombNotes": [{"y": 3}]}, False),
        ({"version": "3.0.0", "sliders": [{"tx": -1}]}, False),
        ({"version": "3.0.0", "burstSliders": [{"ty": 3000}]}, False),
        ({"version": "3.0.0", "obstacles": [{"x": -2, "y": 0, "w": 8, "h": 5}]}, True),
        ({"version": "3.0.0", "obstacles": [{"x": 1500}]}, False),
        ({"version": "3.0.0", "obstacles": [{"h": 2.5}]}, False),
        ({"_notes": [], "_obstacles": [{"_type": 1500}]}, False),
        ({"version": "3.0.0", "customData": {"fakeColorNotes": [{"x": 9000}]}}, True),
    ],
)
def test_in_bounds_is_what_the_unmodded_game_can_show(easy, beatmap, inside):
    """Walls may reach out of the grid without a mod; what never counts does not matter."""
    assert easy(beatmap)["in_bounds"] is inside


def test_events_are_found_however_they_are_written(easy):
    """Only files that may hold a used event type have their events read: any spacing, quotes or 15.0 must be seen."""
    notes = '"_notes":[{"_time":9,"_type":0}]'
    for written in (
        '{"_time":1,"_value":4,"_type":15}',
        '{ "_type" : 15 , "_value" : 4, "_time" : 1 }',
        '{\n\t"_type":\t15,\n\t"_value": 4,\n\t"_time": 1\n}',
        '{"_type":15.0,"_value":4.0,"_time":1.0}',
        '{"_type":"15","_value":"4","_time":"1"}',
    ):
        row = easy(f'{{"_version":"2.6.0",{notes},"_events":[{{"_type":1}},{written}]}}'.encode())
        assert row["rotations"]["degrees"] == [15.0], written
        assert row["notes_beat_saber"]["rotation"] == [15.0], written


def test_events_are_found_where_one_stretch_that_is_searched_ends_and_the_next_begins(easy, monkeypatch):
    monkeypatch.setattr("rhythm_maps.games.beat_saber.v2._SCAN", 64)
    for padding in range(70):
        written = (
            '{"_notes":[{"_time":9,"_type":0}],"_events":[{"_value":4,"_time":' + " " * padding + '1,"_type":15}]}'
        )
        assert easy(written.encode())["rotations"]["degrees"] == [15.0], padding
