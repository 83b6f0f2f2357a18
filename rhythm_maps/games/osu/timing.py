"""The timing points of a `.osu` file: uninherited points (tempo) and slider velocities, with ppy/osu's precedence."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from typing import NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import LimitExceeded
from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.numbers import parse_float, parse_int
from rhythm_maps.games.osu.text import OsuText

DEFAULT_BEAT_LENGTH_MS = 1000.0
"""Beat length of a map without uninherited points (ppy/osu TimingControlPoint.DEFAULT_BEAT_LENGTH)."""
VELOCITIES = (0.1, 10.0)
"""Lowest and highest slider velocity (ppy/osu DifficultyControlPoint.SliderVelocityBindable)."""
_OMIT_FIRST_BAR = 8


@dataclass(frozen=True, slots=True)
class Timing:
    """Timing of one chart, times in milliseconds, strictly increasing.

    Attributes:
        tempo_ms: float64 ``[points]``, times of the uninherited points.
        beat_length_ms: float64 ``[points]``, clamped to `limits.BEAT_LENGTH_MS`.
        meter: int64 ``[points]``, beats in a bar, at least 1.
        omit_first_bar: bool ``[points]``.
        velocity_ms: float64 ``[changes]``, times at which the slider velocity changes.
        velocity: float64 ``[changes]``; before the first change it is 1.
        bad_lines: lines that were dropped.
    """

    tempo_ms: FloatArray
    beat_length_ms: FloatArray
    meter: IntArray
    omit_first_bar: np.ndarray
    velocity_ms: FloatArray
    velocity: FloatArray
    bad_lines: int

    def beat_length_at(self, time_ms: FloatArray) -> FloatArray:
        """Return the beat length in force at each time; before the first point it is the first point's."""
        if not len(self.tempo_ms):
            return np.full(len(time_ms), DEFAULT_BEAT_LENGTH_MS)
        at = np.searchsorted(self.tempo_ms, time_ms, side="right") - 1
        return self.beat_length_ms[np.maximum(at, 0)]

    def velocity_at(self, time_ms: FloatArray) -> FloatArray:
        """Return the slider velocity in force at each time."""
        at = np.searchsorted(self.velocity_ms, time_ms, side="right")
        return np.concatenate(([1.0], self.velocity))[at]


class _Point(NamedTuple):
    """One line: time, beat length as written (may be NaN), beats in a bar, uninherited or not, effect bits."""

    time: float
    beat_length: float
    meter: int
    red: bool
    effects: int

    @property
    def velocity(self) -> float:
        """Slider velocity that the line asks for: a negative beat length asks for one even on an uninherited line."""
        velocity = 100.0 / -self.beat_length if self.beat_length < 0 else 1.0
        return min(max(velocity, VELOCITIES[0]), VELOCITIES[1])


def read_timing(text: OsuText, offset_ms: float) -> Timing:
    """Read the timing points of a file.

    Args:
        text: the file.
        offset_ms: added to every time (files below version 5).

    Raises:
        LimitExceeded: there are more than `limits.TEMPO_POINTS` lines.

    Source: ppy/osu LegacyBeatmapDecoder.handleTimingPoint, addControlPoint and flushPendingPoints: of the consecutive
    lines of one time the first uninherited one gives the tempo, and the last inherited one, else the first
    uninherited one, the slider velocity. A later stretch of lines of the same time replaces an earlier one.
    """
    tempo: dict[float, _Point] = {}
    changes = _Velocities([], [])
    red: _Point | None = None
    speed: _Point | None = None
    bad = 0
    for count, line in enumerate(text.lines("TimingPoints")):
        if count >= limits.TEMPO_POINTS:
            raise LimitExceeded("too_many_timing_points", f"more than {limits.TEMPO_POINTS:,} timing points")
        try:
            point = _read_point(line, offset_ms)
        except (ValueError, IndexError):
            bad += 1
            continue
        if speed is not None and point.time != speed.time:
            _flush(red, speed, tempo, changes)
            red = speed = None
        if not point.red:
            speed = point
        elif red is None:
            red = point
            speed = speed or point
    if speed is not None:
        _flush(red, speed, tempo, changes)
    return _columns(tempo, changes, bad)


def _read_point(line: str, offset_ms: float) -> _Point:
    """Read one line: ``time,beatLength[,meter,sampleSet,sampleIndex,volume,uninherited,effects]``.

    Raises:
        ValueError, IndexError: the line is to be dropped.
    """
    fields = line.split(",", 2)
    time = parse_float(fields[0]) + offset_ms
    beat_length = parse_float(fields[1], nan=True)
    meter, red, effects = _read_rest(fields[2]) if len(fields) > 2 else (4, True, 0)
    if red and isnan(beat_length):
        raise ValueError(line)
    return _Point(time, beat_length, meter, red, effects)


@lru_cache(maxsize=4096)  # a map has thousands of lines and few different endings
def _read_rest(text: str) -> tuple[int, bool, int]:
    """Read the fields from the metre on: beats in a bar, uninherited or not, effect bits."""
    fields = text.split(",", 6)
    # A metre that begins with a zero means 4, whatever follows.
    meter = 4 if fields[0][0] == "0" else parse_int(fields[0])
    if meter < 1:
        raise ValueError(text)
    for field in fields[1:4]:
        parse_int(field)
    red = len(fields) < 5 or fields[4][0] == "1"  # untrimmed: " 1" is inherited
    effects = parse_int(fields[5]) if len(fields) > 5 else 0
    return meter, red, effects


class _Velocities(NamedTuple):
    """Slider velocities in order of time, as ppy/osu's ControlPointInfo builds them up."""

    times: list[float]
    values: list[float]

    def add(self, time: float, value: float) -> None:
        """Add a change unless it changes nothing at this moment (ControlPointInfo.CheckAlreadyExisting)."""
        times, values = self
        at = bisect_right(times, time)
        if value == (values[at - 1] if at else 1.0):
            return
        if at and times[at - 1] == time:
            values[at - 1] = value
        else:
            times.insert(at, time)
            values.insert(at, value)


def _flush(red: _Point | None, speed: _Point, tempo: dict[float, _Point], changes: _Velocities) -> None:
    """Enter what the lines of one time came to."""
    if red is not None:
        tempo[red.time] = red
    changes.add(speed.time, speed.velocity)


def _columns(tempo: dict[float, _Point], changes: _Velocities, bad: int) -> Timing:
    reds = [tempo[time] for time in sorted(tempo)]
    low, high = limits.BEAT_LENGTH_MS
    return Timing(
        tempo_ms=np.array([red.time for red in reds], np.float64),
        beat_length_ms=np.clip(np.array([red.beat_length for red in reds], np.float64), low, high),
        meter=np.array([red.meter for red in reds], np.int64),
        omit_first_bar=np.array([bool(red.effects & _OMIT_FIRST_BAR) for red in reds], np.bool_),
        velocity_ms=np.array(changes.times, np.float64),
        velocity=np.array(changes.values, np.float64),
        bad_lines=bad,
    )
