"""What the charts' timing points come to: main tempo, beat grids, beats of notes. Milliseconds become seconds here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import NamedTuple

import numpy as np

from rhythm_maps import timeline
from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.digits import BoolArray
from rhythm_maps.games.osu.timing import Timing
from rhythm_maps.timeline import Grids, Segments

MS = 1000.0
"""Milliseconds in a second. Times are divided by it, so that ``rint(time_s * 1000)`` gives whole milliseconds back."""
_MINUTE_MS = 60_000.0


class Bpm(NamedTuple):
    """Main, lowest and highest tempo in beats a minute; None without tempo."""

    main: float | None
    lowest: float | None
    highest: float | None


def bpm(start: FloatArray, length: FloatArray, last_ms: float) -> Bpm:
    """Find the main tempo: the beat length that holds longest.

    Args:
        start, length: uninherited points of one chart in milliseconds.
        last_ms: end of the last object to end; NaN without objects.

    Source: ppy/osu IBeatmap.GetMostCommonBeatLength: the first point counts from 0, the last one up to `last_ms`, a
    point behind that not at all; beat lengths are grouped by whole microseconds; of equals the first.
    """
    if not len(start):
        return Bpm(None, None, None)
    if len(start) == 1:
        only = _MINUTE_MS / float(length[0])
        return Bpm(only, only, only)
    times, lengths = start.tolist(), length.tolist()
    last = times[-1] if isnan(last_ms) else last_ms
    held: dict[float, float] = {}
    for begin, time, end, each in zip([0.0, *times[1:]], times, [*times[1:], last], lengths, strict=True):
        group = round(each * 1000) / 1000
        held[group] = held.get(group, 0.0) + (end - begin if time <= last else 0.0)
    common = max(held, key=held.__getitem__)
    low, high = min(lengths), max(lengths)
    return Bpm(_MINUTE_MS / min(max(common, low), high), _MINUTE_MS / high, _MINUTE_MS / low)


def bpms(timing: Timing, last_ms: FloatArray) -> list[Bpm]:
    """Find the tempos of each chart; arguments as `bpm`, ``[charts]``."""
    bounds = timing.offsets.tolist()
    lasts = last_ms.tolist()
    return [
        bpm(timing.tempo_ms[a:b], timing.beat_length_ms[a:b], last)
        for a, b, last in zip(bounds[:-1], bounds[1:], lasts, strict=True)
    ]


def segments(timing: Timing) -> Segments:
    """Return the tempo segments in seconds."""
    return Segments(timing.tempo_ms / MS, timing.beat_length_ms / MS, timing.meter, timing.offsets)


def grid_ends(tempo: Segments, last_s: FloatArray, audio_end_s: FloatArray) -> FloatArray:
    """Return where each chart's beats end: with the audio, else one bar past the last object (or tempo point).

    Args:
        tempo: of all charts.
        last_s: float64 ``[charts]``, end of the last object to end; NaN without objects.
        audio_end_s: float64 ``[charts]``; not finite where it is unknown.
    """
    ends = audio_end_s.copy()
    for i in np.flatnonzero(~np.isfinite(audio_end_s)).tolist():
        a, b = int(tempo.offsets[i]), int(tempo.offsets[i + 1])
        last = float(last_s[i])
        if b > a:
            last = float(tempo.start_s[b - 1]) if np.isnan(last) else last
            at = a + max(int(np.searchsorted(tempo.start_s[a:b], last, side="right")) - 1, 0)
            last += float(tempo.beat_length_s[at] * tempo.meter[at])
        ends[i] = 0.0 if np.isnan(last) else last
    return ends


def beats(tempo: Segments, first_s: FloatArray, ends_s: FloatArray) -> Grids:
    """Lay out the beats of all charts; `first_s` is NaN for a chart without objects."""
    if not len(tempo.start_s):
        nothing = np.zeros(len(tempo.offsets), np.int64)
        return Grids(np.empty(0), np.empty(0, np.int64), nothing, np.zeros(len(nothing) - 1, np.bool_))
    heads = tempo.start_s[np.minimum(tempo.offsets[:-1], len(tempo.start_s) - 1)]
    return timeline.bar_grids(tempo, np.where(np.isnan(first_s), heads, first_s), ends_s)


@dataclass(frozen=True, slots=True)
class NoteBeats:
    """Beats of notes: beats since the first tempo point, and whether a note confirms the grid."""

    beat: FloatArray
    confirms: BoolArray


def note_beats(tempo: Segments, time_s: FloatArray, offsets: IntArray) -> NoteBeats:
    """Count the beats from each chart's first uninherited point to its notes; negative before it, 0 where none is.

    Args:
        tempo: of all charts.
        time_s: notes of all charts, sorted in each.
        offsets: int64 ``[charts + 1]``, which notes are whose.
    """
    if not len(tempo.start_s):
        return NoteBeats(np.zeros(len(time_s)), np.zeros(len(time_s), np.bool_))
    counts = np.diff(offsets)
    points = np.diff(tempo.offsets)
    at = np.repeat(np.minimum(tempo.offsets[:-1], len(tempo.start_s) - 1), counts)
    base = np.zeros(len(tempo.start_s))
    for i in np.flatnonzero(points > 1).tolist():
        a, b = int(tempo.offsets[i]), int(tempo.offsets[i + 1])
        base[a:b] = timeline.elapsed_beats(tempo.start_s[a:b], tempo.beat_length_s[a:b])
        mine = slice(int(offsets[i]), int(offsets[i + 1]))
        at[mine] += np.maximum(np.searchsorted(tempo.start_s[a:b], time_s[mine], side="right") - 1, 0)
    length = tempo.beat_length_s[at]
    phase = (time_s - tempo.start_s[at]) / length
    beat, confirms = base[at] + phase, timeline.near_quarter(phase, length)
    silent = np.repeat(points == 0, counts)
    if silent.any():
        beat[silent], confirms[silent] = 0.0, False
    return NoteBeats(beat, confirms)


def qualities(tempo: Segments, extreme: Sequence[bool]) -> list[str]:
    """Return each chart's `timeline.timing_quality`."""
    bounds = tempo.offsets.tolist()
    return [
        timeline.timing_quality(tempo.start_s[a:b], tempo.beat_length_s[a:b], extreme=odd)
        for a, b, odd in zip(bounds[:-1], bounds[1:], extreme, strict=True)
    ]
