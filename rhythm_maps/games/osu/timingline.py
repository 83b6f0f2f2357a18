"""One line of [TimingPoints], and the way ppy/osu keeps changes in order: the rule book of `timing`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from math import isnan
from typing import NamedTuple

from rhythm_maps.games.osu.numbers import parse_float, parse_int

VELOCITIES = (0.1, 10.0)
"""Lowest and highest slider velocity (ppy/osu DifficultyControlPoint.SliderVelocityBindable)."""
KIAI, OMIT_FIRST_BAR = 1, 8
"""Bits of the effects field (LegacyEffectFlags)."""


class TimingLine(NamedTuple):
    """One line: time, beat length as written (NaN on inherited lines alone), metre, uninherited or not, effects."""

    time_ms: float
    beat_length: float
    meter: int
    red: bool
    effects: int


def read_line(line: str) -> TimingLine:
    """Read one line: ``time,beatLength[,meter,sampleSet,sampleIndex,volume,uninherited,effects]``.

    Raises:
        ValueError, IndexError: the line is to be dropped.

    Source: ppy/osu LegacyBeatmapDecoder.handleTimingPoint.
    """
    fields = line.split(",", 8)
    time = parse_float(fields[0])
    beat_length = parse_float(fields[1], nan=True)
    # A metre that begins with a zero means 4, whatever follows.
    meter = 4 if len(fields) < 3 or fields[2][0] == "0" else parse_int(fields[2])
    if meter < 1:
        raise ValueError(line)
    for field in fields[3:6]:
        parse_int(field)
    red = len(fields) < 7 or fields[6][0] == "1"  # untrimmed: " 1" is inherited
    effects = parse_int(fields[7]) if len(fields) > 7 else 0
    if red and isnan(beat_length):
        raise ValueError(line)
    return TimingLine(time, beat_length, meter, red, effects)


def inserted(changes: Iterable[tuple[float, float]], before: float) -> tuple[list[float], list[float]]:
    """Enter (time, value) changes in any order of time, as they come.

    A change to what already holds at its time is left out, also where a later line then changes what held
    (ppy/osu ControlPointInfo.Add and CheckAlreadyExisting).

    Args:
        changes: in file order.
        before: what holds before the first.

    Returns:
        Times in order, and values.
    """
    times: list[float] = []
    values: list[float] = []
    for time, value in changes:
        at = bisect_right(times, time)
        if value == (values[at - 1] if at else before):
            continue
        if at and times[at - 1] == time:
            values[at - 1] = value
        else:
            times.insert(at, time)
            values.insert(at, value)
    return times, values
