"""Beats and seconds: grids with and without metre, and the way between the two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps import limits
from rhythm_maps.timeline import (
    QUALITIES,
    Segments,
    bar_grid,
    bar_grids,
    beat_grid,
    beats_at,
    elapsed_beats,
    labelled,
    near_quarter,
    seconds_at,
    timing_quality,
)


def grid(points, first=0.0, end=4.0):
    """Lay out bars from (start, beat length, metre) points."""
    start, length, meter = np.array(points, np.float64).reshape(-1, 3).T
    return bar_grid(start, length, meter.astype(np.int64), first, end)


def beats(*args, **kwargs):
    found = grid(*args, **kwargs)
    return list(zip(found.time_s.tolist(), found.position.tolist(), strict=True))


def test_beats_run_to_the_end_inclusive():
    assert beats([(0, 1, 4)]) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 1)]


def test_a_bar_restarts_at_every_point():
    assert beats([(0, 1, 4), (2, 0.5, 3)]) == [(0, 1), (1, 2), (2, 1), (2.5, 2), (3, 3), (3.5, 1), (4, 2)]


def test_a_beat_just_before_the_next_point_is_that_points_first():
    assert beats([(0, 1, 4), (2.0000004, 1, 4)], end=2.5) == [(0, 1), (1, 2), (2.0000004, 1)]
    assert [p for _, p in beats([(0, 1, 4), (2.0001, 1, 4)], end=2.5)] == [1, 2, 3, 1]


def test_a_point_shorter_than_a_beat_has_its_first_beat_only():
    assert beats([(0, 1, 4), (1, 1, 4), (1.25, 1, 4)], end=2.0) == [(0, 1), (1, 1), (1.25, 1)]


def test_the_first_point_reaches_back_to_the_first_object_and_never_below_zero():
    assert beats([(3, 1, 4)], first=1.5) == [(2, 4), (3, 1), (4, 2)]
    assert beats([(3, 1, 4)], first=-9.0) == [(0, 2), (1, 3), (2, 4), (3, 1), (4, 2)]
    assert beats([(3, 1, 4)], first=3.7) == [(3, 1), (4, 2)]


def test_a_point_below_zero_counts_from_where_it_stands():
    assert beats([(-1.5, 1, 4)], end=2.0) == [(0.5, 3), (1.5, 4)]
    assert beats([(-9, 1, 4), (-1, 1, 4)], end=1.0) == [(0, 2), (1, 3)]


def test_nothing_past_the_end_and_nothing_without_points():
    assert beats([(5, 1, 4)], first=5.0) == []
    assert beats([(0, 1, 4)], end=-1.0) == []
    assert beats([]) == []


def test_at_most_so_many_beats(monkeypatch):
    monkeypatch.setattr(limits, "BEATS", 5)
    whole, cut = grid([(0, 1, 4)], end=4.0), grid([(0, 1, 4)], end=5.0)
    assert (len(whole.time_s), whole.cut) == (5, False)
    assert (len(cut.time_s), cut.cut) == (5, True)
    assert grid([(0, 1, 4), (5, 1, 4)], end=9.0).cut
    assert not grid([(0, 1, 4), (5, 1, 4)], end=4.5).cut


POINT = st.tuples(
    st.integers(-60_000, 600_000).map(lambda ms: ms / 1000), st.floats(0.006, 60.0), st.integers(1, 9) | st.just(99_999)
)
POINTS = st.lists(POINT, max_size=8, unique_by=lambda point: point[0]).map(sorted)


@given(POINTS, st.floats(-10, 600), st.floats(-10, 700))
def test_any_grid_is_increasing_bounded_and_starts_its_bars_at_the_points(points, first, end):
    found = grid(points, first, end)
    assert (np.diff(found.time_s) > 0).all()
    assert ((found.time_s >= 0) & (found.time_s <= end + 1e-6)).all()
    assert len(found.time_s) <= limits.BEATS
    assert (found.position >= 1).all()
    starts = [start for start, _, _ in points if 0 <= start <= end]
    at = {
        round(time, 6): position for time, position in zip(found.time_s.tolist(), found.position.tolist(), strict=True)
    }
    if not found.cut:
        assert [at.get(round(start, 6)) for start in starts] == [1] * len(starts)


@given(POINTS.filter(bool), st.floats(0, 600))
def test_between_two_points_beats_are_one_beat_length_apart_and_count_up(points, end):
    found = grid(points, points[0][0], end)
    owner = np.searchsorted([start for start, _, _ in points], found.time_s + 1e-6, side="right") - 1
    for i, (start, length, meter) in enumerate(points):
        time, position = found.time_s[owner == i], found.position[owner == i]
        number = np.rint((time - start) / length)
        np.testing.assert_allclose(time, np.maximum(start + number * length, 0), atol=1e-6)
        np.testing.assert_array_equal(position, number % meter + 1)
        np.testing.assert_array_equal(np.diff(number), np.ones(max(len(number) - 1, 0)))


@given(POINTS.filter(bool), st.lists(st.floats(-60, 700), max_size=20))
def test_seconds_and_beats_undo_each_other(points, times):
    start, length, _ = np.array(points).T
    count = elapsed_beats(start, length)
    assert count[0] == 0
    back = seconds_at(beats_at(times, count, start, length), count, start, length)
    np.testing.assert_allclose(back, times, atol=1e-6)


def test_beats_elapsed_at_each_point():
    assert elapsed_beats(np.array([1.0, 3.0, 4.0]), np.array([0.5, 0.25, 1.0])).tolist() == [0, 4, 8]


def test_at_equal_starts_the_last_segment_holds():
    start, length = np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.5])
    assert beats_at([2.0], elapsed_beats(start, length), start, length).tolist() == [3]


# --- one running count ------------------------------------------------------------------------------------------------
def running(changes, end):
    """Lay out whole beats from (beat, seconds, beat length) changes."""
    beat, seconds, length = np.array(changes, np.float64).reshape(-1, 3).T
    return beat_grid(beat, seconds, length, end)


def test_whole_beats_without_metre():
    found = running([(0, 0, 0.5), (2, 1, 1)], 4.0)
    assert found.time_s.tolist() == [0, 0.5, 1, 2, 3, 4]
    assert found.position.tolist() == [0] * 6


def test_a_change_between_two_beats():
    assert running([(0, 0, 1), (1.5, 1.5, 2)], 5.0).time_s.tolist() == [0, 1, 2.5, 4.5]


@pytest.mark.parametrize(
    ("changes", "end"), [([], 4.0), ([(0, 0, 1)], np.nan), ([(0, 0, 1)], np.inf), ([(0, 0, 1)], -1.0)]
)
def test_no_beats_without_tempo_or_end(changes, end):
    found = running(changes, end)
    assert (len(found.time_s), len(found.position), found.cut) == (0, 0, False)


def test_running_beats_are_capped(monkeypatch):
    monkeypatch.setattr(limits, "BEATS", 3)
    assert (running([(0, 0, 1)], 2.0).cut, len(running([(0, 0, 1)], 2.0).time_s)) == (False, 3)
    assert (running([(0, 0, 1)], 9.0).cut, len(running([(0, 0, 1)], 9.0).time_s)) == (True, 3)


LENGTHS = st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 4)), min_size=1, max_size=6)


@given(LENGTHS, st.floats(0, 300))
def test_any_running_grid_is_increasing_and_on_whole_beats(parts, end):
    beat = np.cumsum([0, *(n for n, _ in parts[:-1])])
    length = np.array([each for _, each in parts])
    seconds = np.cumsum([0, *(np.diff(beat) * length[:-1])])
    found = beat_grid(beat, seconds, length, end)
    assert (np.diff(found.time_s) > 0).all()
    assert ((found.time_s >= 0) & (found.time_s <= end + 1e-3)).all()
    np.testing.assert_allclose(beats_at(found.time_s, beat, seconds, length), np.arange(len(found.time_s)), atol=1e-6)
    after = seconds_at(len(found.time_s), beat, seconds, length)
    assert found.cut or after > end


# --- many charts at once ----------------------------------------------------------------------------------------------
@given(st.lists(st.tuples(POINTS, st.floats(-10, 600), st.floats(-10, 700)), min_size=1, max_size=4))
def test_grids_of_many_charts_are_those_of_each(charts):
    columns = [np.array(points, np.float64).reshape(-1, 3).T for points, _, _ in charts]
    start, length, meter = (np.concatenate([column[i] for column in columns]) for i in range(3))
    offsets = np.cumsum([0, *(len(points) for points, _, _ in charts)])
    segments = Segments(start, length, meter.astype(np.int64), offsets)
    together = bar_grids(segments, np.array([each[1] for each in charts]), np.array([each[2] for each in charts]))
    for i, (points, first, end) in enumerate(charts):
        alone, mine = grid(points, first, end), slice(together.offsets[i], together.offsets[i + 1])
        np.testing.assert_array_equal(together.time_s[mine], alone.time_s)
        np.testing.assert_array_equal(together.position[mine], alone.position)
        assert together.cut[i] == alone.cut


# --- what timing is worth ---------------------------------------------------------------------------------------------
def test_objects_within_ten_milliseconds_of_a_quarter_beat_confirm_the_grid():
    beat = np.array([0, 0.02, 0.0201, 0.25, 0.27, 0.3, -0.5, 7.98])
    assert near_quarter(beat, np.full(8, 0.5)).tolist() == [True, True, False, True, True, False, True, True]
    assert near_quarter(np.array([0.02]), np.array([0.6])).tolist() == [False]


def test_the_labelled_stretch_of_each_chart():
    confirms = np.array([False, True, False, True, False, False])
    starts, ends = labelled(confirms, np.arange(6.0), np.array([0, 3, 3, 5, 6]))
    assert (starts, ends) == ([1, None, 3, None], [1, None, 3, None])


@pytest.mark.parametrize(
    ("starts", "lengths", "extreme", "quality"),
    [
        ([], [], False, "none"),
        ([0], [0.5], False, "single"),
        ([0], [0.5], True, "gimmick"),
        ([0], [61], False, "gimmick"),
        ([0, 9], [0.5, 0.005], False, "gimmick"),
        ([0, 5, 10], [0.5, 0.4, 0.5], False, "sparse"),
        ([0, 5, 9.9], [0.5, 0.4, 0.5], False, "dense"),
    ],
)
def test_timing_quality(starts, lengths, extreme, quality):
    assert quality in QUALITIES
    assert timing_quality(np.array(starts), np.array(lengths), extreme=extreme) == quality
