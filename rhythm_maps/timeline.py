"""Tempo segments, and the way between beats and seconds: the one place where time is computed.

All times are float64 seconds on the game's clock. A tempo segment starts at a time and lasts until the next one; the
last has no end. Two shapes of grid exist in the games: bars that restart at each tempo point (osu!: `bar_grid`) and
one running count of beats whose speed changes (Beat Saber: `beat_grid`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_EPSILON = 1e-6
"""A beat this much before the next tempo point (seconds) is that point's own first beat, not one more."""


class Grid(NamedTuple):
    """Beats of a chart: times in seconds (strictly increasing), positions in the bar, and whether some were cut off."""

    time_s: FloatArray
    position: IntArray
    cut: bool


def seconds_at(
    beats: npt.ArrayLike, change_beat: FloatArray, change_s: FloatArray, beat_length_s: FloatArray
) -> FloatArray:
    """Turn beats into seconds.

    Args:
        beats: any shape, in beats; before the first change the first segment is extended.
        change_beat, change_s, beat_length_s: the segments' starts (beats and seconds, not decreasing) and beat lengths.
    """
    beats = np.asarray(beats, np.float64)
    at = np.clip(np.searchsorted(change_beat, beats, side="right") - 1, 0, None)
    return np.asarray(change_s[at] + (beats - change_beat[at]) * beat_length_s[at])


def beats_at(
    seconds: npt.ArrayLike, change_beat: FloatArray, change_s: FloatArray, beat_length_s: FloatArray
) -> FloatArray:
    """Turn seconds into beats; the inverse of `seconds_at`. At equal starts the last segment holds."""
    seconds = np.asarray(seconds, np.float64)
    at = np.clip(np.searchsorted(change_s, seconds, side="right") - 1, 0, None)
    return np.asarray(change_beat[at] + (seconds - change_s[at]) / beat_length_s[at])


def elapsed_beats(start_s: FloatArray, beat_length_s: FloatArray) -> FloatArray:
    """Count the beats from the first segment's start to each segment's start.

    Args:
        start_s: starts in seconds, not decreasing, at least one.
        beat_length_s: lengths of a beat, same length.
    """
    return np.concatenate(([0.0], np.cumsum(np.diff(start_s) / beat_length_s[:-1])))


def bar_grid(start_s: FloatArray, beat_length_s: FloatArray, meter: IntArray, first_s: float, end_s: float) -> Grid:
    """Lay out beats whose bars restart at each tempo point.

    Segment i has beats at ``start + k * beat_length`` until the next start; beat k is at position ``k mod meter + 1``.
    The first segment is extended backwards to `first_s` where that lies before it. Nothing lies below 0 or past
    `end_s`, and at most `limits.BEATS` are returned.

    Args:
        start_s: starts in seconds, not decreasing; may be empty.
        beat_length_s: beat lengths in seconds, positive.
        meter: beats in a bar, positive.
        first_s: the first object, or any time from which beats are wanted.
        end_s: last time of the grid, inclusive.

    Source: ppy/osu BarLineGenerator (bars restart at each uninherited point).
    """
    times: list[FloatArray] = []
    positions: list[IntArray] = []
    room = limits.BEATS
    cut = False
    ends = np.append(start_s[1:] - _EPSILON, np.inf)
    for i, (start, length, bar) in enumerate(
        zip(start_s.tolist(), beat_length_s.tolist(), meter.tolist(), strict=True)
    ):
        begin = max(0.0, min(start, first_s) if i == 0 else start)
        stop = min(float(ends[i]), end_s + _EPSILON)
        first = int(np.ceil((begin - start) / length - _EPSILON))
        count = int(np.ceil((stop - start) / length)) - first
        if count <= 0:
            continue
        if count > room:
            count, cut = room, True
        k = np.arange(first, first + count, dtype=np.int64)
        times.append(np.maximum(start + k * length, 0.0))
        positions.append(k % bar + 1)
        room -= count
        if room == 0:
            cut = cut or bool(np.any(start_s[i + 1 :] <= end_s))
            break
    if not times:
        return Grid(np.empty(0), np.empty(0, np.int64), cut=False)
    time_s = np.concatenate(times)
    fresh = np.concatenate(([True], np.diff(time_s) > 0))
    return Grid(time_s[fresh], np.concatenate(positions)[fresh], cut)


def beat_grid(change_beat: FloatArray, change_s: FloatArray, beat_length_s: FloatArray, end_s: float) -> Grid:
    """Lay out the whole beats 0, 1, 2, ... of one running count up to `end_s`, without metre (position 0)."""
    if not len(change_beat) or not np.isfinite(end_s):
        return Grid(np.empty(0), np.empty(0, np.int64), cut=False)
    last = np.floor(float(beats_at(end_s + _EPSILON, change_beat, change_s, beat_length_s)))
    count = int(min(max(last + 1, 0), limits.BEATS))
    time_s = seconds_at(np.arange(count, dtype=np.float64), change_beat, change_s, beat_length_s)
    keep = (time_s >= 0) & np.concatenate(([True], np.diff(time_s) > 0))[:count]
    return Grid(time_s[keep], np.zeros(int(keep.sum()), np.int64), cut=last + 1 > limits.BEATS)
