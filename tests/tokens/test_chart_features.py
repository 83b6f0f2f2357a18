"""Onsets, held notes and density at the codec's frame rate, of a chart and of its parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps.tokens.chart_features import note_features, outside, part_features
from rhythm_maps.tokens.conditioning import Frames

RATE, HOP = 24_000, 320
FOUR = Frames(4 * RATE, RATE, HOP)


def test_a_tap_is_one_frame_and_a_hold_all_of_its_frames():
    found = note_features(FOUR, np.array([1.0, 2.0]), np.array([1.0, 2.1]))
    assert np.flatnonzero(found.note_onset).tolist() == [75, 150]
    assert np.flatnonzero(found.note_active).tolist() == [75, *range(150, 158)]


def test_density_counts_a_second_around_the_frame():
    starts = np.arange(0, 4, 0.25)
    found = note_features(FOUR, starts, starts).note_density
    assert set(found[75:-75]) == {4.0}
    assert found[0] < 4, "before 0 there are no notes"


def test_a_note_that_starts_before_the_audio_is_counted_and_heard_where_it_is_within():
    start, end = np.array([-0.5, 3.9, 5.0]), np.array([0.1, 9.0, 6.0])
    found = note_features(FOUR, start, end)
    assert outside(FOUR, start) == 2
    assert np.flatnonzero(found.note_onset).tolist() == [292]
    assert np.flatnonzero(found.note_active).tolist() == [*range(8), *range(292, 300)]


def test_parts_share_the_notes_out():
    starts = np.array([0.0, 1.0, 1.0, 2.0, 3.0])
    found = part_features(FOUR, starts, starts, np.array([0, 1, 0, -1, 1]), 2)
    assert [np.flatnonzero(part.note_onset).tolist() for part in found] == [[0, 75], [75, 225]]


@given(
    st.integers(1, 4 * RATE),
    st.lists(st.tuples(st.floats(-1, 6), st.floats(0, 3)), max_size=40).map(sorted),
)
def test_features_agree_with_a_count_note_by_note(samples, notes):
    frames = Frames(samples, RATE, HOP)
    start = np.array([a for a, _ in notes])
    end = np.array([a + b for a, b in notes])
    found = note_features(frames, start, end)
    onset, active = np.zeros(frames.count), np.zeros(frames.count)
    for a, b in zip(start, end, strict=True):
        first, last = round(a * RATE), round(b * RATE)
        if 0 <= first < samples:
            onset[first // HOP] = 1
        for frame in range(max(first // HOP, 0), min(last // HOP, frames.count - 1) + 1):
            active[frame] = 1
    assert found.note_onset.tolist() == onset.tolist()
    assert found.note_active.tolist() == active.tolist()
    assert found.note_density.max() <= len(notes)


def test_features_are_float32_and_as_long_as_the_frames():
    for values in note_features(Frames(321, RATE, HOP), np.zeros(0), np.zeros(0)):
        assert values.dtype == np.float32
        assert values.shape == (2,)
        assert values == pytest.approx(0)
