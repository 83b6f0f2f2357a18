"""The timing points of a batch of `.osu` files: uninherited points (tempo), slider velocities, kiai.

Lines are read as columns (`timingline` reads the odd ones); precedence among lines of one time is worked out for all
files at once, but for files whose lines are out of order, which ppy/osu's own way of inserting is followed for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rhythm_maps import limits
from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.digits import BoolArray, decimals, integers
from rhythm_maps.games.osu.fields import Lines, Rows, chunks, rows
from rhythm_maps.games.osu.numbers import MAX_VALUE
from rhythm_maps.games.osu.objects import Table
from rhythm_maps.games.osu.text import OsuText, clean_line
from rhythm_maps.games.osu.timingline import KIAI, OMIT_FIRST_BAR, VELOCITIES, inserted, read_line

SECTION = "TimingPoints"
_WHOLE = (2, 3, 4, 5, 7)
"""Fields of whole numbers: metre, sample set, sample index, volume, effects."""
DEFAULT_BEAT_LENGTH_MS = 1000.0
"""Beat length of a map without uninherited points (ppy/osu TimingControlPoint.DEFAULT_BEAT_LENGTH)."""


@dataclass(frozen=True, slots=True)
class Points(Table):
    """Lines of [TimingPoints] in file order: time with the file's offset, beat length as written, effect bits, file."""

    KINDS = (np.float64, np.float64, np.int64, np.bool_, np.int64, np.int64)

    time_ms: FloatArray
    beat_length: FloatArray
    meter: IntArray
    red: BoolArray
    effects: IntArray
    chart: IntArray


@dataclass(frozen=True, slots=True)
class Steps:
    """A value that changes at times: chart i owns ``offsets[i]:offsets[i + 1]``, times strictly increasing."""

    time_ms: FloatArray
    value: FloatArray
    offsets: IntArray


@dataclass(frozen=True, slots=True)
class Timing:
    """Timing of a batch of charts, times in milliseconds, strictly increasing in each chart.

    Attributes:
        tempo_ms: float64 ``[points]``, times of the uninherited points.
        beat_length_ms: float64 ``[points]``, clamped to `limits.BEAT_LENGTH_MS`.
        meter: int64 ``[points]``, beats in a bar, at least 1.
        omit_first_bar: bool ``[points]``.
        offsets: int64 ``[charts + 1]``; chart i owns points ``offsets[i]:offsets[i + 1]``.
        extreme: bool ``[charts]``, whether a beat length had to be clamped.
        velocity: slider velocities (scroll speeds in taiko and mania); 1 before the first.
        kiai: 1 where kiai begins, 0 where it ends; 0 before the first.
    """

    tempo_ms: FloatArray
    beat_length_ms: FloatArray
    meter: IntArray
    omit_first_bar: BoolArray
    offsets: IntArray
    extreme: BoolArray
    velocity: Steps
    kiai: Steps


def read_timing(texts: Sequence[OsuText]) -> tuple[Timing, list[tuple[int, int]]]:
    """Read the timing points of a batch of files.

    Returns:
        The timing, and (file, byte) of each line that was dropped.

    Source: ppy/osu LegacyBeatmapDecoder.handleTimingPoint, addControlPoint and flushPendingPoints: of the consecutive
    lines of one time the first uninherited one gives the tempo, and the last inherited one, else the first
    uninherited one, slider velocity and effects. A later stretch of lines of the same time replaces an earlier one.
    """
    dropped: list[tuple[int, int]] = []
    parts = [_read_lines(Lines(chunk), texts, dropped) for chunk in chunks(texts, SECTION, dropped)]
    return _timing(Points.join(parts), len(texts)), dropped


def _read_lines(lines: Lines, texts: Sequence[OsuText], dropped: list[tuple[int, int]]) -> Points:
    """Read the lines of a chunk: the plain ones, of eight fields, as columns, then the others one by one."""
    found = Points.empty(len(lines))
    found.chart[:] = lines.chart
    read = np.zeros(len(lines), np.bool_)
    eight = lines.n_commas == 7
    eight[lines.with_comments()] = False
    if eight.any():
        at = rows(eight)
        read[at] = _plain(lines, found, at)
    for i in np.flatnonzero(~read).tolist():
        text = clean_line(lines.text(i))
        if text is None:
            continue
        try:
            point = read_line(text)
        except (ValueError, IndexError):
            dropped.append(lines.place(i))
            continue
        read[i] = True
        for name, value in zip(Points.names(), point, strict=False):
            getattr(found, name)[i] = value
    offset = np.array([text.offset_ms for text in texts], np.float64)
    if offset.any():
        found.time_ms[:] += offset[lines.chart]
    return found if read.all() else found.take(read)


def _plain(lines: Lines, found: Points, at: Rows) -> BoolArray:
    """Read ``time,beatLength,meter,sampleSet,sampleIndex,volume,uninherited,effects``; tell which lines were read."""
    fields = lines.fields(8, at)
    time, ok = decimals(lines, *fields[0], MAX_VALUE)
    length, ok_length = decimals(lines, *fields[1], MAX_VALUE)
    whole, ok_whole = integers(
        lines, *(np.concatenate(side) for side in zip(*(fields[i] for i in _WHOLE), strict=True))
    )
    whole, ok_whole = whole.reshape(len(_WHOLE), -1), ok_whole.reshape(len(_WHOLE), -1)
    meter = np.where(lines.buffer[fields[2][0]] == ord("0"), 4, whole[0])
    start, stop = fields[6]
    found.time_ms[at], found.beat_length[at], found.meter[at] = time, length, meter
    found.red[at], found.effects[at] = lines.buffer[start] == ord("1"), whole[4]
    return np.asarray(ok & ok_length & ok_whole.all(axis=0) & (meter >= 1) & (stop > start))


def _timing(points: Points, charts: int) -> Timing:
    """Work out which lines hold."""
    same = points.chart[1:] == points.chart[:-1]
    step = np.diff(points.time_ms)
    odd = np.unique(points.chart[1:][same & (step < 0)])
    fresh = np.ones(len(points), np.bool_)  # first line of each stretch of one time
    fresh[1:] = ~same | (step != 0)
    stretch = np.cumsum(fresh) - 1
    first_red, last_green = np.full((2, int(fresh.sum())), -1)
    reds = np.flatnonzero(points.red)[::-1]  # of several writes to one place the last holds: the first line, reversed
    first_red[stretch[reds]] = reds
    greens = np.flatnonzero(~points.red)
    last_green[stretch[greens]] = greens
    says = np.where(last_green >= 0, last_green, first_red)
    tempo = points.take(first_red[first_red >= 0])
    if len(odd):
        tempo = _last_of_each_time(tempo)
    velocity = _steps(points, says, _velocity(points), 1.0, charts, odd)
    kiai = _steps(points, says, (points.effects & KIAI).astype(np.float64), 0.0, charts, odd)
    return _columns(tempo, charts, velocity, kiai)


def _last_of_each_time(points: Points) -> Points:
    points = points.take(np.lexsort((points.time_ms, points.chart)))
    last = np.ones(len(points), np.bool_)
    last[:-1] = (np.diff(points.time_ms) != 0) | (np.diff(points.chart) != 0)
    return points.take(last)


def _velocity(points: Points) -> FloatArray:
    """Return the velocity that each line asks for: a negative beat length asks for one even on an uninherited line."""
    length = points.beat_length
    with np.errstate(divide="ignore", over="ignore"):
        asked = np.where(length < 0, 100.0 / np.where(length < 0, -length, 1.0), 1.0)
    return np.clip(asked, *VELOCITIES)


def _steps(points: Points, rows: IntArray, values: FloatArray, before: float, charts: int, odd: IntArray) -> Steps:
    """Return where a value changes, without what ppy/osu calls redundant.

    Args:
        points: all lines.
        rows: the lines that say it, one a time.
        values: what each line of `points` says.
        before: what holds before a chart's first line.
        charts: number of charts.
        odd: charts whose lines are not in order of time.
    """
    time, value, chart = points.time_ms[rows], values[rows], points.chart[rows]
    previous = np.full(len(rows), before)
    previous[1:] = np.where(chart[1:] == chart[:-1], value[:-1], before)
    keep = value != previous
    if len(odd):
        keep &= ~np.isin(chart, odd)
    parts = [(time[keep], value[keep], chart[keep])]
    for one in odd.tolist():
        mine = chart == one
        times, changed = inserted(zip(time[mine].tolist(), value[mine].tolist(), strict=True), before)
        parts.append((np.array(times), np.array(changed), np.full(len(times), one)))
    time, value, chart = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(odd):
        order = np.argsort(chart, kind="stable")
        time, value, chart = time[order], value[order], chart[order]
    return Steps(time, value, np.searchsorted(chart, np.arange(charts + 1)))


def _columns(reds: Points, charts: int, velocity: Steps, kiai: Steps) -> Timing:
    low, high = limits.BEAT_LENGTH_MS
    length = np.clip(reds.beat_length, low, high)
    extreme = np.zeros(charts, np.bool_)
    extreme[reds.chart[length != reds.beat_length]] = True
    return Timing(
        tempo_ms=reds.time_ms,
        beat_length_ms=length,
        meter=reds.meter,
        omit_first_bar=(reds.effects & OMIT_FIRST_BAR) != 0,
        offsets=np.searchsorted(reds.chart, np.arange(charts + 1)),
        extreme=extreme,
        velocity=velocity,
        kiai=kiai,
    )
