"""The frame rule, beat and bar phases, tempo and levels: by hand, at the edges, and as properties."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps.tokens.conditioning import NAMES, Frames, Tempo, beat_conditioning, rms_db

RATE, HOP = 24_000, 320
SECOND = Frames(RATE, RATE, HOP)
"""One second: 75 frames."""


def tempo(*segments):
    """Tempo of (start, beat length, metre)."""
    start, length, meter = zip(*segments, strict=True) if segments else ((), (), ())
    return Tempo(np.array(start, float), np.array(length, float), np.array(meter, np.int64))


def conditioned(frames, beats, positions, *segments):
    return beat_conditioning(frames, np.array(beats, float), np.array(positions, np.int64), tempo(*segments))


class TestFrameRule:
    def test_every_exact_frame_start_is_in_its_own_frame(self):
        """Where floor(t * 75) is wrong: 5 % of the starts as float64 seconds."""
        number = np.arange(540_000)
        frames = Frames(540_000 * HOP, RATE, HOP)
        found, inside = frames.of(number * HOP / RATE)
        assert inside.all()
        assert np.array_equal(found, number)
        naive = np.floor(number * HOP / RATE * 75).astype(int)
        assert 0.03 < np.mean(naive != number) < 0.1

    @pytest.mark.parametrize(
        ("time_s", "frame", "inside"),
        [
            (0.0, 0, True),
            (319.4 / RATE, 0, True),
            (319.5 / RATE, 1, True),  # half goes to the even sample, 320
            (318.5 / RATE, 0, True),
            (-0.4 / RATE, 0, True),
            (-0.6 / RATE, -1, False),
            (23_999 / RATE, 74, True),
            (1.0, 75, False),
            (np.nan, -1, False),
        ],
    )
    def test_events_go_to_the_frame_of_their_nearest_sample(self, time_s, frame, inside):
        found = SECOND.of([time_s])
        assert (int(found[0][0]), bool(found[1][0])) == (frame, inside)

    def test_the_end_is_that_of_the_samples_not_of_the_last_frame(self):
        frames = Frames(100, RATE, HOP)
        assert frames.count == 1
        assert frames.of([99 / RATE, 100 / RATE])[1].tolist() == [True, False]

    def test_times_as_large_as_a_file_may_say_are_outside(self):
        assert not SECOND.of([1e300, -1e300, np.inf, -np.inf])[1].any()

    @given(st.integers(0, 2 * 7200 * RATE), st.integers(1, 7200 * RATE))
    def test_a_sample_is_in_its_own_frame(self, sample, samples):
        frames = Frames(samples, RATE, HOP)
        found, inside = frames.of([float(Decimal(sample) / RATE)])
        assert bool(inside[0]) == (sample < samples)
        if inside[0]:
            assert found[0] == sample // HOP < frames.count


class TestBeats:
    def test_phases_run_from_beat_to_beat_and_from_downbeat_to_downbeat(self):
        found = conditioned(SECOND, [0.0, 0.2, 0.4, 0.6, 0.8], [1, 2, 1, 2, 1], (0.0, 0.2, 2)).values
        beat_frames = [0, 15, 30, 45, 60]
        assert np.flatnonzero(found["is_beat"]).tolist() == beat_frames
        assert np.flatnonzero(found["is_downbeat"]).tolist() == [0, 30, 60]
        assert found["beat_phase"][beat_frames].tolist() == [0.0] * 5
        assert found["beat_phase"][:15] == pytest.approx(np.arange(15) / 15, abs=1e-6)
        assert found["bar_phase"][:30] == pytest.approx(np.arange(30) / 30, abs=1e-6)
        assert (found["tempo_bpm"] == 300).all()

    def test_a_beat_within_a_frame_begins_its_phase_there(self):
        """And the phase goes on by time, not by whole frames."""
        found = conditioned(SECOND, [0.105, 0.605], [1, 2], (0.105, 0.5, 4)).values
        start = int(0.105 * RATE) // HOP
        assert found["is_beat"][start] == 1
        assert found["beat_phase"][start] == 0
        assert found["beat_phase"][start + 1] == pytest.approx(((start + 1) * HOP / RATE - 0.105) / 0.5, abs=1e-6)

    def test_before_the_first_beat_and_where_the_grid_ended_there_is_no_phase(self):
        found = conditioned(SECOND, [0.2, 0.4], [1, 2], (0.2, 0.2, 4)).values
        assert (found["beat_phase"][:15] == 0).all()
        assert found["beat_phase"][31] > 0
        assert (found["beat_phase"][45:] == 0).all(), "one beat after the last the grid has ended"
        assert found["bar_phase"][74] == pytest.approx((74 / 75 - 0.2) / 0.8, abs=1e-6)

    def test_without_metre_there_are_beats_and_no_bars(self):
        found = conditioned(SECOND, [0.0, 0.5], [0, 0], (0.0, 0.5, 0)).values
        assert found["is_beat"].sum() == 2
        assert not found["is_downbeat"].any()
        assert not found["bar_phase"].any()

    def test_without_a_grid_everything_is_zero(self):
        found = conditioned(SECOND, [], [])
        assert found.outside == 0
        assert all(not values.any() and len(values) == 75 for values in found.values.values())

    def test_beats_outside_are_dropped_and_counted(self):
        found = conditioned(SECOND, [-0.1, 0.5, 1.0, 1.5], [1, 2, 1, 2], (-0.1, 0.5, 2))
        assert found.outside == 3
        assert np.flatnonzero(found.values["is_beat"]).tolist() == [37]

    def test_tempo_changes_in_the_frame_of_its_segment(self):
        found = conditioned(SECOND, [], [], (0.2, 0.5, 4), (0.5, 0.25, 4), (0.5, 1.0, 4)).values["tempo_bpm"]
        assert set(found[:37]) == {120.0}
        assert set(found[37:]) == {60.0}, "of two at one time the last holds; before the first, the first"

    @given(
        st.integers(1, 3 * RATE),
        st.lists(st.floats(-1, 4), max_size=30, unique=True).map(sorted),
        st.integers(0, 7),
        st.floats(0.01, 2),
    )
    def test_values_stay_in_their_ranges(self, samples, beats, meter, length):
        frames = Frames(samples, RATE, HOP)
        positions = [i % meter + 1 if meter else 0 for i in range(len(beats))]
        found = conditioned(frames, beats, positions, *([(beats[0], length, meter)] if beats else []))
        assert set(found.values) == set(NAMES) - {"rms_db"}
        for name, values in found.values.items():
            assert values.dtype == np.float32
            assert len(values) == frames.count
            assert np.isfinite(values).all(), name
        for name in ("beat_phase", "bar_phase"):
            assert ((found.values[name] >= 0) & (found.values[name] <= 1)).all()
        marks = found.values["is_beat"] == 1
        assert (found.values["beat_phase"][marks] == 0).all()
        assert (found.values["is_downbeat"] <= found.values["is_beat"]).all()
        assert marks.sum() <= len(beats) - found.outside


class TestLevels:
    def test_a_sine_and_silence(self):
        wave = np.sin(2 * np.pi * 75 * np.arange(640) / RATE).astype(np.float32)
        found = rms_db([wave, np.zeros(320, np.float32)], HOP)
        assert found[:2] == pytest.approx([-3.0103] * 2, abs=1e-3)
        assert found[2] == pytest.approx(-240)

    def test_the_last_frame_is_measured_over_the_samples_it_has(self):
        assert rms_db([np.full(321, 0.5, np.float32)], HOP) == pytest.approx([-6.0206, -6.0206], abs=1e-3)

    @given(st.lists(st.integers(0, 1000), max_size=8), st.integers(0, 2**32 - 1))
    def test_blocks_change_nothing(self, lengths, seed):
        signal = np.random.default_rng(seed).standard_normal(sum(lengths)).astype(np.float32)
        whole = rms_db([signal], HOP)
        assert len(whole) == -(-len(signal) // HOP)
        assert np.array_equal(rms_db(np.split(signal, np.cumsum(lengths)[:-1]) if lengths else [], HOP), whole)

    def test_wild_samples_give_a_number(self):
        assert np.isfinite(rms_db([np.full(320, 3e38, np.float32)], HOP)).all()
