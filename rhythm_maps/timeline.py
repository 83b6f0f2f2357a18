"""Tempo segments, and the way between beats and seconds: the one place where time is computed.

All times are float64 seconds on the game's clock. A tempo segment starts at a time and lasts until the next one; the
last has no end. Two shapes of grid exist in the games: bars that restart at each tempo point (osu!: `bar_grid`) and
one running count of beats whose speed changes (Beat Saber: `beat_grid`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_EPSILON = 1e-6
"""A beat this much before the next tempo point (seconds) is that point's own first beat, not one more."""

LABEL_TOLERANCE_S = 0.010 + 1e-9
"""An object this close to a quarter of a beat (seconds) confirms the grid."""
SPARSE_S = 5.0
"""Segments at least this far apart (seconds) are changes of tempo; closer ones trace a performance or an effect."""
QUALITIES = ("single", "sparse", "dense", "gimmick", "none")
"""Values of `timing_quality`."""


class Grid(NamedTuple):
    """Beats of a chart: times in seconds (strictly increasing), positions in the bar, and whether some were cut off."""

    time_s: FloatArray
    position: IntArray
    cut: bool


class Grids(NamedTuple):
    """Beats of many charts: chart i owns ``offsets[i]:offsets[i + 1]`` and has `cut` i set where some were cut off."""

    time_s: FloatArray
    position: IntArray
    offsets: IntArray
    cut: npt.NDArray[np.bool_]


class Segments(NamedTuple):
    """Tempo segments of many charts: chart i owns ``offsets[i]:offsets[i + 1]``.

    Starts are seconds and do not decrease within a chart; beat lengths are seconds, positive; metres are positive.
    """

    start_s: FloatArray
    beat_length_s: FloatArray
    meter: IntArray
    offsets: IntArray


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
    """Lay out the beats of one chart whose bars restart at each tempo point; see `bar_grids`."""
    segments = Segments(start_s, beat_length_s, meter, np.array([0, len(start_s)]))
    found = bar_grids(segments, np.array([first_s]), np.array([end_s]))
    return Grid(found.time_s, found.position, cut=bool(found.cut[0]))


def bar_grids(segments: Segments, first_s: FloatArray, end_s: FloatArray) -> Grids:
    """Lay out the beats of many charts whose bars restart at each tempo point.

    A segment has beats at ``start + k * beat_length`` until the next start; beat k is at position ``k mod meter + 1``.
    A chart's first segment is extended backwards to its `first_s` where that lies before it. Nothing lies below 0 or
    past `end_s`, and at most `limits.BEATS` beats are returned for a chart.

    Args:
        segments: of all charts.
        first_s: float64 ``[charts]``, each one's first object, or any time from which beats are wanted.
        end_s: float64 ``[charts]``, last time of each grid, inclusive.

    Source: ppy/osu BarLineGenerator (bars restart at each uninherited point).
    """
    start, length, offsets = segments.start_s, segments.beat_length_s, segments.offsets
    counts = np.diff(offsets)
    chart = np.repeat(np.arange(len(counts)), counts)
    heads = offsets[:-1][counts > 0]
    begin = start.copy()
    begin[heads] = np.minimum(start[heads], first_s[counts > 0])
    begin = np.maximum(begin, 0.0)
    stop = np.full(len(start), np.inf)
    stop[:-1] = np.where(chart[1:] == chart[:-1], start[1:] - _EPSILON, np.inf)
    stop = np.minimum(stop, end_s[chart] + _EPSILON)
    first = np.ceil((begin - start) / length - _EPSILON)
    wanted = np.clip(np.ceil((stop - start) / length) - first, 0, limits.BEATS + 1).astype(np.int64)
    # A chart's beats are counted through its segments; what is past the cap is left out.
    total = np.cumsum(wanted) - wanted
    before = total - np.repeat(total[heads], counts[counts > 0])
    taken = np.minimum(wanted, np.maximum(limits.BEATS - before, 0))
    cut = np.bincount(chart, weights=wanted, minlength=len(counts)) > limits.BEATS
    owner = np.repeat(np.arange(len(start)), taken)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(taken) - taken, taken)
    number += first.astype(np.int64)[owner]
    time_s = np.maximum(start[owner] + number * length[owner], 0.0)
    position = number % segments.meter[owner] + 1
    of_chart = chart[owner]
    fresh = np.ones(len(time_s), np.bool_)
    fresh[1:] = (np.diff(time_s) > 0) | (of_chart[1:] != of_chart[:-1])
    if not fresh.all():
        time_s, position, of_chart = time_s[fresh], position[fresh], of_chart[fresh]
    return Grids(time_s, position, np.searchsorted(of_chart, np.arange(len(counts) + 1)), cut)


def near_quarter(beat: FloatArray, beat_length_s: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which objects lie within `LABEL_TOLERANCE_S` of a quarter of a beat: there they confirm the grid.

    Args:
        beat: beats counted from any beat of the grid.
        beat_length_s: length of a beat at each object.
    """
    quarters = beat * 4
    return np.asarray(np.abs(quarters - np.rint(quarters)) * beat_length_s <= LABEL_TOLERANCE_S * 4)


def labelled(
    confirms: npt.NDArray[np.bool_], time_s: FloatArray, offsets: IntArray
) -> tuple[list[float | None], list[float | None]]:
    """Return start and end of the stretch in which objects confirm the grid, of each chart; None where none does.

    Args:
        confirms: what `near_quarter` says of the objects of all charts.
        time_s: their starts, not decreasing within a chart.
        offsets: int64 ``[charts + 1]``; chart i owns objects ``offsets[i]:offsets[i + 1]``.
    """
    rows = np.flatnonzero(confirms)
    bounds = np.searchsorted(rows, offsets).tolist()
    times = time_s[rows]
    some = [(float(times[a]), float(times[b - 1])) if b > a else (None, None) for a, b in pairwise(bounds)]
    return [start for start, _ in some], [end for _, end in some]


def timing_quality(start_s: FloatArray, beat_length_s: FloatArray, *, extreme: bool) -> str:
    """Say in a word how far a chart's tempo segments can be trusted as music: one of `QUALITIES`.

    Args:
        start_s: starts of the segments.
        beat_length_s: their beat lengths.
        extreme: beats were cut off at the cap, or a beat length was out of range before it was clamped.
    """
    if not len(start_s):
        return "none"
    low, high = (each / 1000 for each in limits.BEAT_LENGTH_MS)
    if extreme or float(beat_length_s.min()) < low or float(beat_length_s.max()) > high:
        return "gimmick"
    if len(start_s) == 1:
        return "single"
    return "sparse" if float(np.diff(start_s).min()) >= SPARSE_S else "dense"


def beat_grid(change_beat: FloatArray, change_s: FloatArray, beat_length_s: FloatArray, end_s: float) -> Grid:
    """Lay out the whole beats 0, 1, 2, ... of one running count up to `end_s`, without metre (position 0)."""
    if not len(change_beat) or not np.isfinite(end_s):
        return Grid(np.empty(0), np.empty(0, np.int64), cut=False)
    last = np.floor(float(beats_at(end_s + _EPSILON, change_beat, change_s, beat_length_s)))
    count = int(min(max(last + 1, 0), limits.BEATS))
    time_s = seconds_at(np.arange(count, dtype=np.float64), change_beat, change_s, beat_length_s)
    keep = (time_s >= 0) & np.concatenate(([True], np.diff(time_s) > 0))[:count]
    return Grid(time_s[keep], np.zeros(int(keep.sum()), np.int64), cut=last + 1 > limits.BEATS)
