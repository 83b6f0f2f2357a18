"""What a chart's timing points come to: main tempo, beat grid, beats of its notes. Milliseconds become seconds here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rhythm_maps import timeline
from rhythm_maps.games.base import FloatArray
from rhythm_maps.games.osu.timing import Timing
from rhythm_maps.timeline import Grid

MS = 1000.0
"""Milliseconds in a second. Times are divided by it, so that ``rint(time_s * 1000)`` gives whole milliseconds back."""
_MINUTE_MS = 60_000.0


class Span(NamedTuple):
    """Start of a chart's first note and end of its last one to end, in milliseconds; NaN without notes."""

    first_ms: float
    last_ms: float


class Bpm(NamedTuple):
    """Main, lowest and highest tempo in beats a minute; None without tempo."""

    main: float | None
    lowest: float | None
    highest: float | None


def bpm(timing: Timing, last_ms: float) -> Bpm:
    """Find the main tempo: the beat length that holds longest.

    Args:
        timing: the chart's timing.
        last_ms: end of the last object to end; NaN without objects.

    Source: ppy/osu IBeatmap.GetMostCommonBeatLength: the first point counts from 0, the last one up to `last_ms`, a
    point behind that not at all; beat lengths are grouped by whole microseconds; of equals the first.
    """
    start, length = timing.tempo_ms, timing.beat_length_ms
    if not len(start):
        return Bpm(None, None, None)
    last = float(start[-1]) if np.isnan(last_ms) else last_ms
    held = np.append(start[1:], last) - np.append(0.0, start[1:])
    held[start > last] = 0.0
    _, first, group = np.unique(np.rint(length * 1000), return_index=True, return_inverse=True)
    total = np.bincount(group, weights=held)
    best = max(range(len(total)), key=lambda i: (total[i], -first[i]))
    common = np.rint(length[first[best]] * 1000) / 1000
    low, high = float(length.min()), float(length.max())
    return Bpm(_MINUTE_MS / float(np.clip(common, low, high)), _MINUTE_MS / high, _MINUTE_MS / low)


def beats(timing: Timing, span: Span, audio_end_s: float) -> Grid:
    """Lay out the beats of a chart.

    Args:
        timing: the chart's timing; without uninherited points there are no beats.
        span: the chart's first start and last end.
        audio_end_s: where the beats end; not finite: one bar past the last object (without objects, past the last
            uninherited point).
    """
    start, length = timing.tempo_ms / MS, timing.beat_length_ms / MS
    if not len(start):
        return Grid(np.empty(0), np.empty(0, np.int64), cut=False)
    end = audio_end_s
    if not np.isfinite(end):
        last = float(start[-1]) if np.isnan(span.last_ms) else span.last_ms / MS
        at = max(int(np.searchsorted(start, last, side="right")) - 1, 0)
        end = last + float(length[at] * timing.meter[at])
    first = float(start[0]) if np.isnan(span.first_ms) else span.first_ms / MS
    return timeline.bar_grid(start, length, timing.meter, first, end)


def note_beats(timing: Timing, time_s: FloatArray) -> FloatArray:
    """Count the beats from the first uninherited point to each time; negative before it, 0 where there is no point."""
    if not len(timing.tempo_ms):
        return np.zeros(len(time_s))
    start, length = timing.tempo_ms / MS, timing.beat_length_ms / MS
    return timeline.beats_at(time_s, timeline.elapsed_beats(start, length), start, length)
