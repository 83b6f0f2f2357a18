"""Timing points: fields, precedence at one time, slider velocities, main tempo, beats."""

from __future__ import annotations

import numpy as np
import pytest

from rhythm_maps import limits
from rhythm_maps.errors import LimitExceeded

SLIDER = "0,0,{},2,0,L|100:0,1,100"


def reds(chart, timing, **sections):
    t = chart(timing=timing, **sections).timing
    return list(
        zip(t.tempo_ms.tolist(), t.beat_length_ms.tolist(), t.meter.tolist(), t.omit_first_bar.tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("line", "point"),
    [
        ("100,500", (100, 500, 4, False)),
        ("100,500,3", (100, 500, 3, False)),
        ("100,500,3,2,0,50", (100, 500, 3, False)),
        ("100,500,3,2,0,50,1", (100, 500, 3, False)),
        ("100,500,3,2,0,50,1,8", (100, 500, 3, True)),
        ("100,500,3,2,0,50,1,9,junk", (100, 500, 3, True)),
        (" 100 , 500 ,4", (100, 500, 4, False)),
        ("100.25,333.333333333333,4", (100.25, 333.333333333333, 4, False)),
        ("100,500,0", (100, 500, 4, False)),
        ("100,500,03", (100, 500, 4, False)),
        ("100,500,99999", (100, 500, 99999, False)),
        ("100,500,4,2,0,50,1,0 // fast", (100, 500, 4, False)),
        ("100,1e-50", (100, 6, 4, False)),
        ("100,60000000", (100, 60000, 4, False)),
        ("100,-50", (100, 6, 4, False)),
        ("-40,500", (-40, 500, 4, False)),
    ],
)
def test_lines_that_give_a_tempo(chart, line, point):
    assert reds(chart, line) == [point]


@pytest.mark.parametrize("line", ["100,500,4,2,0,50,0,0", "100,-50,4,2,0,50,0,0", "100,500,4,2,0,50, 1,0"])
def test_inherited_lines_give_none(chart, line):
    found = chart(timing=line)
    assert len(found.timing.tempo_ms) == 0
    assert found.warnings == ()


@pytest.mark.parametrize(
    "line",
    [
        "100",
        "100,",
        "x,500",
        "NaN,500",
        "100,NaN",
        "100,500,-1",
        "100,500,",
        "100,500,4.0",
        "100,500,4,a",
        "100,500,4,2,0,50,",
        "100,500,4,2,0,50,1,",
        "3e9,500",
        "1_0,500",
    ],
)
def test_bad_lines_are_dropped_alone(chart, line):
    found = chart(timing=f"0,400\n{line}\n1000,300")
    assert found.timing.tempo_ms.tolist() == [0, 1000]
    assert found.warnings == ("bad_line.timing_points:1",)


def duration(chart, timing, at=1000):
    return float(
        np.diff([chart(SLIDER.format(at), timing).notes.time_ms[0], chart(SLIDER.format(at), timing).notes.end_ms[0]])[
            0
        ]
    )


RED, FAST, SLOW = "1000,500,4,1,0,50,1,0", "1000,-50,4,1,0,50,0,0", "1000,-200,4,1,0,50,0,0"


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        (RED, 500),
        (f"{RED}\n{FAST}", 250),
        (f"{FAST}\n{RED}", 250),
        (f"{FAST}\n{SLOW}\n{RED}", 1000),
        (f"{RED}\n{FAST}\n{SLOW}", 1000),
        ("0,500\n500,-50,4,1,0,50,0,0\n" + RED, 500),
        ("0,500\n500,-50,4,1,0,50,0,0\n1001,-200,4,1,0,50,0,0", 250),
        ("0,500\n1000,-1,4,1,0,50,0,0", 50),
        ("0,500\n1000,-100000,4,1,0,50,0,0", 5000),
        ("0,500\n500,-50,4,1,0,50,0,0\n1000,NaN,4,1,0,50,0,0", 500),
        ("0,500\n1000,-200,4,1,0,50,1,0", 12),
        ("2000,300", 300),
        ("2000,-50,4,1,0,50,0,0", 1000),
        ("", 1000),
    ],
    ids=[
        "red alone", "green after red", "green before red", "last green before red", "last green after red",
        "a red resets the velocity", "velocity lasts until the next", "at most 10", "at least 0.1", "NaN is 1",
        "a negative red sets both", "before the first red", "before the first green, no red",
        "no timing at all",
    ],
)  # fmt: skip
def test_a_slider_lasts_as_the_points_at_its_start_say(chart, timing, expected):
    assert duration(chart, timing) == pytest.approx(expected)


def test_of_two_reds_at_one_time_the_first_holds_and_a_later_stretch_replaces_it(chart):
    assert reds(chart, "0,400\n0,300") == [(0, 400, 4, False)]
    assert reds(chart, "0,400\n10,350\n0,300") == [(0, 300, 4, False), (10, 350, 4, False)]


def test_points_may_be_out_of_order(chart):
    assert [point[0] for point in reds(chart, "2000,300\n1000,400\n0,500")] == [0, 1000, 2000]
    late = "0,500\n3000,-50,4,1,0,50,0,0\n500,-200,4,1,0,50,0,0"
    assert duration(chart, late) == pytest.approx(1000)
    assert duration(chart, late, at=3000) == pytest.approx(250)


def test_a_change_that_changed_nothing_when_it_was_read_is_forgotten(chart):
    """The game compares a point with those read before it, so that file order matters for points out of order."""
    timing = "0,500\n0,-50,4,1,0,50,0,0\n2000,-50,4,1,0,50,0,0\n1000,-200,4,1,0,50,0,0"
    assert duration(chart, timing, at=2000) == pytest.approx(1000)


def test_old_files_are_24_ms_late(row, osu):
    for version, shift in ((3, 0.024), (4, 0.024), (5, 0.0)):
        found = row(osu("0,0,1000,1,0\n256,192,2000,12,0,3000", "100,500", version=version, general="PreviewTime: 50"))
        assert found["tempo"]["time_s"] == pytest.approx([0.1 + shift])
        assert found["notes"]["time_s"] == pytest.approx([1 + shift, 2 + shift])
        assert found["notes"]["end_s"] == pytest.approx([1 + shift, 3 + shift])
        assert found["preview_s"] == pytest.approx(0.05 + shift)
        assert found["notes"]["beat"] == pytest.approx([1.8, 3.8])


def test_too_many_points_are_rejected(osu, parse, monkeypatch):
    monkeypatch.setattr(limits, "TEMPO_POINTS", 3)
    with pytest.raises(LimitExceeded):
        parse(osu(timing="0,500\n" * 4))


# --- tempo ------------------------------------------------------------------------------------------------------------
CIRCLE_AT = "0,0,{},1,0"


@pytest.mark.parametrize(
    ("timing", "objects", "bpm"),
    [
        ("0,500", CIRCLE_AT.format(5000), 120),
        ("0,500\n1000,250\n3500,500", CIRCLE_AT.format(4000), 240),
        ("0,500\n1000,250\n1900,500", CIRCLE_AT.format(2500), 120),
        ("1000,500\n1900,250", CIRCLE_AT.format(2900), 120),
        ("0,500\n1000,250\n1500,300", "256,192,1000,12,0,9000", 200),
        ("0,500\n1000,250", CIRCLE_AT.format(500), 120),
        ("0,500\n1000,250", CIRCLE_AT.format(2000), 120),
        ("0,400.0001\n900,250\n1900,400.0002", CIRCLE_AT.format(2100), 60000 / 400.0001),
        ("0,500\n1000,250\n9000,500", "", 240),
    ],
    ids=[
        "one", "the longest", "equal lengths add up", "the first counts from zero", "up to the end of a spinner",
        "a point behind the last object counts nothing", "of equals the first", "grouped by microseconds and clamped",
        "without objects up to the last point",
    ],
)  # fmt: skip
def test_main_tempo_is_the_beat_length_that_holds_longest(row, osu, timing, objects, bpm):
    assert row(osu(objects, timing))["tempo_bpm"] == pytest.approx(bpm)


def test_lowest_and_highest_tempo(row, osu):
    found = row(osu("", "0,500\n1000,250\n1500,300"))
    assert (found["tempo_min_bpm"], found["tempo_max_bpm"]) == (120, 240)


def test_without_tempo_there_is_nothing_to_say(row, osu):
    found = row(osu(CIRCLE_AT.format(1000), "0,-50,4,1,0,50,0,0"))
    assert (found["tempo_bpm"], found["tempo_min_bpm"], found["has_downbeats"]) == (None, None, False)
    assert found["tempo"] == {"time_s": [], "beat_length_s": [], "meter": [], "omit_first_bar": []}
    assert (found["beats"], found["notes"]["beat"]) == ({"time_s": [], "position": []}, [0.0])


# --- beats ------------------------------------------------------------------------------------------------------------
def test_beats_end_one_bar_past_the_last_object_or_with_the_audio(row, osu):
    data = osu("256,192,0,12,0,1000", "0,500,3")
    assert row(data)["beats"] == {"time_s": [0, 0.5, 1, 1.5, 2, 2.5], "position": [1, 2, 3, 1, 2, 3]}
    assert row(data, 0.6)["beats"]["time_s"] == [0, 0.5]
    assert row(data, 4.0)["beats"]["time_s"][-1] == 4.0
    assert row(data)["has_downbeats"] is True


def test_beats_reach_back_to_the_first_object(row, osu):
    found = row(osu(CIRCLE_AT.format(400), "1000,500"), 2.0)
    assert found["beats"] == {"time_s": [0.5, 1, 1.5, 2], "position": [4, 1, 2, 3]}
    assert found["notes"]["beat"] == pytest.approx([-1.2])


def test_an_omitted_bar_line_is_still_a_downbeat(row, osu):
    found = row(osu(CIRCLE_AT.format(0), "0,500,4,1,0,50,1,8"), 1.0)
    assert found["beats"]["position"] == [1, 2, 3]
    assert found["tempo"]["omit_first_bar"] == [True]


def test_beats_of_notes_count_across_tempo_changes(row, osu):
    found = row(osu("\n".join(CIRCLE_AT.format(t) for t in (-250, 0, 750, 1000, 1250)), "0,500\n1000,250"))
    assert found["notes"]["beat"] == pytest.approx([-0.5, 0, 1.5, 2, 3])


def test_gimmick_timing_stays_bounded(row, osu):
    found = row(osu(CIRCLE_AT.format(5_000_000), "0,1e-50\n10,0.001,99999"))
    assert len(found["beats"]["time_s"]) == limits.BEATS
    assert found["warnings"] == ["beats_cut"]
