"""Sliders: control points, edges, and how long their paths are."""

from __future__ import annotations

import numpy as np
import pytest

from rhythm_maps import limits

RED = "0,1000"


def slider(path, *, spans=1, length="", sounds="", head="0,0", at=1000, bits=2, sound=0):
    tail = f",{length}" if length != "" else ""
    return f"{head},{at},{bits},{sound},{path},{spans}{tail}{sounds}"


@pytest.fixture
def length(row, osu):
    """Length in osu! pixels that a path turns out to have: 100 pixels take a second."""

    def measure(path, given="", **options):
        version = options.pop("version", 14)
        found = row(osu(slider(path, length=given, **options), RED, version=version))
        return (found["notes"]["end_s"][0] - 1.0) * 100

    return measure


@pytest.mark.parametrize(
    ("path", "pixels"),
    [
        ("L|30:40", 50),
        ("L|30:40|30:140", 150),
        ("B|100:0", 100),
        ("B|30:40|60:80", 100),
        ("P|100:100|200:0", np.pi * 100),
        ("P|50:0|100:0", 100),
        ("P|100:0", 100),
        ("C|100:0", 100),
        ("B|100:0|100:0|100:100", 200),
        ("L|0:0", 0),
        ("B|0:0|0:0", 0),
    ],
)
def test_a_slider_without_a_length_is_as_long_as_its_path(length, path, pixels):
    assert length(path) == pytest.approx(pixels, abs=0.3)
    assert length(path, 0) == pytest.approx(pixels, abs=0.3)


def test_a_bezier_curve_is_as_long_as_its_integral(length):
    t = np.linspace(0, 1, 20001)
    x, y = 300 * 3 * t * (1 - t) ** 2 + 300 * 3 * t**2 * (1 - t), 200 * 3 * t**2 * (1 - t) + 200 * t**3
    whole = np.hypot(np.diff(x), np.diff(y)).sum()
    assert length("B|300:0|300:200|0:200") == pytest.approx(whole, abs=0.5)


@pytest.mark.parametrize(
    ("path", "pixels"),
    [
        ("L|100:0", 250),
        ("L|100:0|100:0", 100),
        ("B|100:0|100:0", 250),
        ("B|100:0|100:0|100:0", 100),
        ("B|0:0", 0),
        ("L|0:0", 0),
        ("P|100:0|100:0", 100),
        ("C|100:0|100:0", 250),
        ("B", 0),
    ],
)
def test_a_path_whose_last_two_points_are_equal_is_never_made_longer(length, path, pixels):
    """Points of the path as it is drawn: a Bezier curve that ends in two equal control points still moves there."""
    assert length(path, 250) == pytest.approx(pixels, abs=1e-3)


def test_a_path_is_cut_to_the_length_that_is_given(length):
    assert length("L|100:0|100:0", 40) == pytest.approx(40)


def test_segments_of_version_128_end_at_the_next_ones_first_point(length, row, osu):
    path = "L|100:0|B|100:50|100:100"
    assert length(path, version=128) == pytest.approx(200, abs=0.3)
    found = row(osu(slider(path, length=200), RED, version=128))["curves"]
    assert found["segment"] == [0, 1, 1]
    assert found["type"] == ["L", "B", "B"]
    assert (found["x"], found["y"]) == ([100, 100, 100], [0, 50, 100])


def test_splines_of_a_degree_and_fractions(length, row, osu):
    assert length("B1|100:0|100:100|0:100", version=128) == pytest.approx(300, abs=0.5)
    bow = length("B2|100:0|100:100|0:100", version=128)
    assert length("B|100:0|100:100|0:100", version=128) < bow < 300
    found = row(osu(slider("B2|1.5:2.25|3:4|5:6", length=9), RED, version=128))["curves"]
    assert (found["type"], found["x"][0], found["y"][0]) == (["B2"] * 3, 1.5, 2.25)


def test_work_on_curves_is_bounded(length, monkeypatch):
    monkeypatch.setattr(limits, "CURVE_WORK", 0)
    assert length("B|0:100|100:100") == pytest.approx(200)


def test_many_control_points_give_an_end(length):
    points = "|".join(f"{i % 512}:{i * 7 % 384}" for i in range(1500))
    assert length(f"B|{points}") > 100


def test_curves_list_every_control_point_of_every_slider_in_order_of_time(row, osu):
    lines = [slider("P|1:2|-3:4", length=9, at=2000), "5,5,1500,1,0", slider("C|7:8", length=9)]
    assert row(osu("\n".join(lines), RED))["curves"] == {
        "note": [0, 2, 2], "segment": [0, 0, 0], "type": ["C", "P", "P"], "x": [7, 1, -3], "y": [8, 2, 4],
    }  # fmt: skip


def edges(row, osu, *lines):
    return row(osu("\n".join(lines), RED))["edges"]


def test_edges_are_head_turns_and_tail(row, osu):
    found = edges(row, osu, slider("L|100:0", spans=3, length=100, sound=8, sounds=",2|0,1:2|0:0,3:1:0:0:"))
    assert found["time_s"] == [1, 2, 3, 4]
    assert found["hitsound"] == [2, 0, 8, 8]  # what is not listed takes the slider's own
    assert found["sample_set"] == [1, 0, 3, 3]
    assert found["addition_set"] == [2, 0, 1, 1]
    assert found["note"] == [0] * 4


def test_edges_that_are_listed_beyond_the_tail_are_nobodys(row, osu):
    found = edges(row, osu, slider("L|100:0", length=100, sounds=",2|4|8|2,1:0|2:0|3:0"))
    assert (found["hitsound"], found["sample_set"]) == ([2, 4], [1, 2])


def test_a_hitsound_that_is_no_number_is_none(row, osu):
    found = edges(row, osu, slider("L|100:0", length=100, sound=2, sounds=",x|4,|1:1"))
    assert (found["hitsound"], found["sample_set"]) == ([0, 4], [0, 1])


def test_edges_are_capped_by_whole_sliders(row, osu, monkeypatch):
    monkeypatch.setattr(limits, "EDGES", 5)
    lines = [slider("L|100:0", spans=2, length=1, at=at) for at in (1000, 3000)]
    found = row(osu("\n".join(lines), RED))
    assert found["edges"]["note"] == [0, 0, 0]
    assert found["warnings"] == ["edges_cut"]


@pytest.mark.parametrize(
    ("line", "samples"),
    [
        ("1,2,3,1,0,1:2:3:70:", (1, 2, 70)),
        ("1,2,3,1,0,0:3:0:5:a.wav", (0, 3, 5)),
        ("1,2,3,1,0,2:1", (2, 1, 0)),
        ("1,2,3,1,0,12:0:0:100:x", (12, 0, 100)),
        ("1,2,3,1,0", (0, 0, 0)),
        ("1,2,3,128,0,9:3:1:0:40:", (3, 1, 40)),
        ("1,2,3,8,0,9,1:1:0:30:", (1, 1, 30)),
        ("1,2,3,2,0,L|9:9,1,5,0|0,0:0|0:0,2:3:0:60:", (2, 3, 60)),
    ],
)
def test_samples_of_objects_are_as_the_file_has_them(row, osu, line, samples):
    own = row(osu(line))["notes_osu"]
    assert (own["sample_set"][0], own["addition_set"][0], own["volume"][0]) == samples


def test_raw_positions_are_there_in_every_mode(row, osu):
    for mode in range(4):
        own = row(osu("600,300,0,1,0\n1,2,9,12,0,100", mode=mode))["notes_osu"]
        assert (own["raw_x"], own["raw_y"]) == ([600, 1], [300, 2])
