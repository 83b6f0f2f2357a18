"""Lights, which are decoded on request only: equal over the formats where these say the same."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest

from rhythm_maps import limits
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import UsageError
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.beat_saber import GAME
from rhythm_maps.games.beat_saber.objects import LIGHT_KINDS

FIELDS = ("time_s", "beat", "kind", "type", "value", "float_value", "boxes", "events")


def rows(folder, include=("lights",)):
    """Chart name -> row, with what is asked for."""
    mapset = GAME.identify(folder)
    charts = tuple((chart.name, chart.file) for chart in mapset.charts if chart.file)
    files = {name: folder.read(name) for name in {*(file for _, file in charts), *mapset.files}}
    batch = GAME.parse([MapsetBytes(charts, files, frozenset(include))])
    table = GAME.rows(batch, Facts(np.full(len(batch.names), np.nan)))
    return dict(zip(batch.names, table.to_pylist(), strict=True))


@pytest.fixture
def easy(folder, info_v2, info_v4):
    """Row of one beatmap; a v4 one comes with its lightshow."""

    def run(beatmap, lightshow=None, include=("lights",)):
        info = info_v2() if lightshow is None else info_v4()
        shows = {} if lightshow is None else {"Lights.dat": lightshow}
        return rows(folder({"Info.dat": info, "Easy.dat": beatmap} | shows), include)["Standard/Easy"]

    return run


def lights(row):
    """Entries as (time, beat, kind, type, value, float value, boxes, events)."""
    found = zip(*(row["lights"][name] for name in FIELDS), strict=True)
    return [(time, beat, LIGHT_KINDS[kind], *rest) for time, beat, kind, *rest in found]


BASIC = [(1.0, 2, 5, 0.5), (2.0, 0, 0, 1.0), (4.0, 12, 3, 1.0)]
EXPECTED = [
    (0.5, 1.0, "basic", 2, 5, 0.5, 0, 1),
    (1.0, 2.0, "basic", 0, 0, 1.0, 0, 1),
    (1.5, 3.0, "boost", 5, 1, 1.0, 0, 1),
    (2.0, 4.0, "basic", 12, 3, 1.0, 0, 1),
    (2.5, 5.0, "boost", 5, 0, 1.0, 0, 1),
]
V2 = {
    "_version": "2.6.0",
    "_notes": [],
    "_events": [
        *({"_time": b, "_type": kind, "_value": value, "_floatValue": f} for b, kind, value, f in BASIC),
        {"_time": 3, "_type": 5, "_value": 1},
        {"_time": 5, "_type": 5, "_value": 0},
        {"_time": 1, "_type": 14, "_value": 3},
        {"_time": 9, "_type": 100, "_value": 0, "_floatValue": 120},
    ],
}
V3 = {
    "version": "3.3.0",
    "basicBeatmapEvents": [{"b": b, "et": kind, "i": value, "f": f} for b, kind, value, f in BASIC],
    "colorBoostBeatmapEvents": [{"b": 3, "o": True}, {"b": 5, "o": False}],
}
V4 = {
    "version": "4.0.0",
    "basicEvents": [{"b": b, "i": i} for i, (b, *_) in enumerate(BASIC)],
    "basicEventsData": [{"t": kind, "i": value, "f": f} for _, kind, value, f in BASIC],
    "colorBoostEvents": [{"b": 3, "i": 1}, {"b": 5}],
    "colorBoostEventsData": [{}, {"b": 1}],
}


def test_equal_lights_of_three_formats_are_equal(easy):
    assert lights(easy(V2)) == EXPECTED
    assert lights(easy(V3)) == EXPECTED
    assert lights(easy({"version": "4.1.0"}, V4)) == EXPECTED


def test_nothing_is_decoded_unless_it_is_asked_for(easy):
    assert easy(V3, include=())["lights"] is None
    assert easy({"version": "3.0.0"})["lights"] == {name: [] for name in FIELDS}


def test_what_else_a_row_says_does_not_depend_on_lights(easy):
    for beatmap in (V2, V3):
        asked, plain = easy(beatmap), easy(beatmap, include=())
        assert asked.pop("lights") is not plain.pop("lights")
        assert repr(asked) == repr(plain)


def test_tempo_changes_move_lights(easy):
    row = easy(V3 | {"bpmEvents": [{"b": 0, "m": 60}]})
    assert [entry[:2] for entry in lights(row)] == [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0), (5.0, 5.0)]


@pytest.mark.parametrize(("stated", "kinds"), [("2.2.0", []), ("2.5.0", [10])])
def test_type_10_was_the_tempo_before_2_5(stated, kinds, easy):
    row = easy({"_version": stated, "_events": [{"_time": 0, "_type": 10, "_value": 90}]})
    assert row["lights"]["type"] == kinds
    assert len(row["bpm_events"]["bpm"]) == 1 - len(kinds)


def test_a_brightness_that_is_left_out_is_1_in_format_2_and_0_later(easy):
    old, new = {"_time": 1, "_type": 1, "_value": 1}, {"b": 1, "et": 1, "i": 1}
    assert easy({"_version": "2.6.0", "_events": [old]})["lights"]["float_value"] == [1.0]
    assert easy({"version": "3.3.0", "basicBeatmapEvents": [new]})["lights"]["float_value"] == [0.0]


def test_groups_of_event_boxes_are_counted_as_what_they_are(easy):
    v3 = {
        "version": "3.3.0",
        "lightColorEventBoxGroups": [{"b": 1, "g": 4, "e": [{"e": [{}, {"b": 1}]}, {"e": [{}]}]}],
        "lightRotationEventBoxGroups": [{"b": 2, "g": 5, "e": [{"l": [{}]}]}],
        "lightTranslationEventBoxGroups": [{"b": 3, "g": 6, "e": [{"l": []}, {}]}],
        "vfxEventBoxGroups": [{"b": 4, "e": [{"l": [0, 1, 1]}]}],
    }
    boxes = {
        1: [{"l": [{}, {"b": 1}]}, {"l": [{}]}],
        2: [{"l": [{}]}],
        3: [{"l": []}, {}],
        4: [{"l": [{}, {}, {}]}],
    }
    groups = [{"b": kind, "t": kind, "g": kind + 3 if kind < 4 else 0, "e": entry} for kind, entry in boxes.items()]
    for row in (easy(v3), easy({"version": "4.0.0"}, {"version": "4.0.0", "eventBoxGroups": groups})):
        assert all(math.isnan(value) for value in row["lights"]["float_value"])
        assert [(b, kind, group, value, n, m) for _, b, kind, group, value, _, n, m in lights(row)] == [
            (1.0, "color", 4, 0, 2, 3),
            (2.0, "rotation", 5, 0, 1, 1),
            (3.0, "translation", 6, 0, 2, 0),
            (4.0, "fx", 0, 0, 1, 3),
        ]


def test_a_lightshow_is_each_charts_own(folder, info_v4):
    info = info_v4()
    easy = info["difficultyBeatmaps"][0]
    hard = easy | {"difficulty": "Hard", "beatmapDataFilename": "Hard.dat", "lightshowDataFilename": "Gone.dat"}
    third = {name: value for name, value in easy.items() if name != "lightshowDataFilename"}
    third |= {"difficulty": "Expert", "beatmapDataFilename": "Expert.dat"}
    info["difficultyBeatmaps"] += [hard, third]
    beatmap = {"version": "4.0.0"}
    files = {"Info.dat": info, "Easy.dat": beatmap, "Hard.dat": beatmap, "Expert.dat": beatmap, "LIGHTS.dat": V4}
    found = rows(folder(files))
    assert {name: len(row["lights"]["beat"]) for name, row in found.items()} == {
        "Standard/Easy": 5,
        "Standard/Expert": 0,
        "Standard/Hard": 0,
    }
    assert found["Standard/Hard"]["warnings"] == ["missing_lightshow:1"]
    assert found["Standard/Expert"]["warnings"] == []


def test_an_older_beatmap_has_its_lights_itself_whatever_info_names(easy):
    assert lights(easy(V3, V4 | {"basicEvents": []})) == EXPECTED


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        {"b": "x"},
        {"b": 1, "et": 1.5},
        {"b": 1, "et": 1, "i": 2**40},
        {"b": 1, "et": 1, "f": None},
        {"b": True},
    ],
)
def test_a_light_without_a_value_is_dropped_and_counted(bad, easy):
    row = easy(V3 | {"basicBeatmapEvents": [bad, *V3["basicBeatmapEvents"]]})
    assert lights(row) == EXPECTED
    assert row["warnings"] == ["bad_light:1"]


def test_an_index_that_names_nothing_is_dropped_and_counted(easy):
    more = [{"b": 1, "i": 3}, {"b": 1, "i": -1}, {"b": 1, "i": 0.5}]
    row = easy({"version": "4.0.0"}, V4 | {"basicEvents": V4["basicEvents"] + more, "eventBoxGroups": [{"t": 9}]})
    assert lights(row) == EXPECTED
    assert row["warnings"] == ["bad_light:4"]


@pytest.mark.parametrize("lightshow", [b"", b"{", b"[]", b"\x1f\x8b\x08"])
def test_a_damaged_lightshow_costs_the_lights_alone(lightshow, easy):
    row = easy({"version": "4.0.0", "colorNotes": [{"b": 1}], "colorNotesData": [{}]}, lightshow)
    assert (row["n_notes"], row["lights"]["beat"], row["warnings"]) == (1, [], ["bad_lights:1"])


def test_more_lights_than_the_limit_cost_the_lights_alone(easy, monkeypatch):
    monkeypatch.setattr(limits, "NOTES", 4)
    row = easy(V3)
    assert (row["lights"]["beat"], row["warnings"]) == ([], ["bad_lights:1"])


def test_any_damage_of_a_lightshow_leaves_the_chart(easy):
    draw = random.Random(1)
    whole = json.dumps(V4 | {"eventBoxGroups": [{"b": 1, "t": 1, "e": [{"l": [{}]}]}]}).encode()
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.choice(b'0123456789{}[]",:x-.e\xff')
        row = easy({"version": "4.0.0"}, bytes(data))
        assert row["lights"] is not None
        assert np.isfinite(row["lights"]["time_s"]).all()


def test_what_a_game_does_not_have_cannot_be_asked_for():
    with pytest.raises(UsageError, match="expected some of lights"):
        make_spec("beat_saber", include=["smoke"])
    with pytest.raises(UsageError, match="osu! has nothing on request"):
        make_spec("osu", include=["lights"])
