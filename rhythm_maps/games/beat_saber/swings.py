"""Swings of each hand, and where a hand must turn back between two of them.

Notes of one colour at most 0.07 s apart are cut in one swing, unless they stand in one place or point 90 degrees or
more away from one another (bsmap's rule, whose counts real maps are tested against).

Parity: a hand cuts forehand and backhand in turn. A direction is comfortable for one of them, or for both (dots, and
down and outwards); a swing that comes out on the wrong one is a parity warning, and the hand goes on from there. A bomb
low in the middle between two swings sends the hands up (the next swing is forehand), one high in the middle down. The
rule is the common one of parity checkers (bs-parity), without their finer grades; BeatSaver has its own for format 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps.games.beat_saber.document import BoolArray, FloatArray, Table, take
from rhythm_maps.games.beat_saber.objects import Objects

IntArray = npt.NDArray[np.int64]

_TOGETHER_S = 0.07
_AT_ONCE_S = 0.005
_SAME_PLACE = 0.5
_AGAINST_DEG = 90.0
_CONTEXT = 8
"""Most notes of a swing that a further one is compared with; a real swing has two to five."""

_ANGLES = np.array([180.0, 0.0, 270.0, 90.0, 225.0, 135.0, 315.0, 45.0])
"""Degrees counter-clockwise from down by cut direction."""
_PRECISE, _PRECISE_LAST = 1000.0, 1360.0
"""Mapping Extensions: 1000 is down, more is clockwise; what lies beyond is a dot."""

_FOREHAND, _BACKHAND, _EITHER = 0, 1, -1


class Swings(NamedTuple):
    """Number of swings and of parity warnings: (left, right)."""

    counts: tuple[int, int]
    warnings: tuple[int, int]


def swings(objects: Objects) -> Swings:
    """Count the swings and parity warnings of a chart whose tables have times and are sorted by them."""
    notes, bombs = objects.table("notes"), objects.table("bombs")
    if "time_s" not in notes:
        return Swings((0, 0), (0, 0))
    resets = _resets(bombs) if "time_s" in bombs else (np.empty(0), np.empty(0, np.int64))
    counts, warnings = [], []
    for hand in (0, 1):
        own = take(notes, notes["color"] == hand)
        angle = _angle(own["direction"])
        starts = _starts(own, angle)
        counts.append(len(starts))
        warnings.append(_parity_warnings(own["time_s"][starts], _classes(starts, angle, hand), *resets))
    return Swings((counts[0], counts[1]), (warnings[0], warnings[1]))


def _angle(direction: FloatArray) -> FloatArray:
    """Return cut angles in degrees counter-clockwise from down, NaN for dots."""
    plain = (direction >= 0) & (direction < len(_ANGLES))
    precise = (direction >= _PRECISE) & (direction <= _PRECISE_LAST)
    angle = np.where(plain, _ANGLES[np.where(plain, direction, 0).astype(np.int64)], np.nan)
    return np.where(precise, np.mod(_PRECISE - direction, 360), angle)


def _starts(notes: Table, angle: FloatArray) -> IntArray:
    """Return the first note of each swing of one hand."""
    time_s = notes["time_s"]
    fresh = np.concatenate(([True], np.diff(time_s) > _TOGETHER_S))[: len(time_s)]
    together = np.flatnonzero(~fresh)
    begin = 0
    starts = fresh.tolist()
    for i, back in zip(together.tolist(), _parted(notes, angle, together).tolist(), strict=True):
        if starts[i - 1]:
            begin = i - 1
        starts[i] = back <= i - begin
    return np.flatnonzero(starts)


def _parted(notes: Table, angle: FloatArray, at: IntArray) -> IntArray:
    """Return how many notes before some others the nearest one stands that cannot be cut in one swing with them.

    That is one in the same place, or one that points away from a note that is not at its predecessor's time.
    """
    time_s, x, y = notes["time_s"], notes["x"], notes["y"]
    later = time_s[at - 1] + _AT_ONCE_S < time_s[at]
    nearest = np.full(len(at), len(time_s))
    for back in range(_CONTEXT, 0, -1):
        other = np.maximum(at - back, 0)
        same_place = (x[at] - x[other]) ** 2 + (y[at] - y[other]) ** 2 <= _SAME_PLACE**2
        away = np.abs(np.mod(angle[at] - angle[other] + 180, 360) - 180) >= _AGAINST_DEG  # false where one is a dot
        nearest[(same_place | (away & later)) & (at >= back)] = back
    return nearest


def _classes(starts: IntArray, angle: FloatArray, hand: int) -> IntArray:
    """Return which way of cutting the first note with a direction of each swing asks for."""
    pointing = np.append(np.flatnonzero(~np.isnan(angle)), len(angle))
    first = pointing[np.searchsorted(pointing, starts)]
    has = first < np.append(starts[1:], len(angle))
    turned = np.full(len(starts), np.nan)
    turned[has] = angle[first[has]]
    if hand == 0:
        turned = np.mod(-turned, 360)  # the left hand mirrors the right one
    forehand = (turned >= 247.5) | (turned <= 22.5)
    backhand = (turned >= 67.5) & (turned < 247.5)
    return np.where(forehand, _FOREHAND, np.where(backhand, _BACKHAND, _EITHER))


def _resets(bombs: Table) -> tuple[FloatArray, IntArray]:
    """Return times of the bombs that move the hands, and the way of cutting that follows."""
    middle = (bombs["x"] == 1) | (bombs["x"] == 2)
    low, high = middle & (bombs["y"] == 0), middle & (bombs["y"] == 2)
    return bombs["time_s"][low | high], np.where(low, _FOREHAND, _BACKHAND)[low | high]


def _parity_warnings(time_s: FloatArray, way: IntArray, bomb_s: FloatArray, after_bomb: IntArray) -> int:
    """Count the swings that their hand reaches from the wrong side.

    Each swing of one way, and each bomb, fixes what the hand does from there on; swings that go either way alternate
    in between. So a swing is right where its way follows from the last fixed one by the number of swings between.
    """
    fixed = np.flatnonzero(way != _EITHER)
    if not len(fixed):
        return 0
    following = np.searchsorted(time_s, bomb_s)
    before = np.append(-np.inf, time_s)[following]
    after = np.append(time_s, np.inf)[following]
    apart: BoolArray = (bomb_s - before > _TOGETHER_S) & (after - bomb_s > _TOGETHER_S)
    # A bomb before swing i acts as if swing i - 1 had been of the other way.
    at = np.concatenate((fixed, following[apart] - 1))
    ways = np.concatenate((way[fixed], 1 - after_bomb[apart]))
    is_bomb = np.arange(len(at)) >= len(fixed)
    order = np.lexsort((is_bomb, at))
    at, ways, is_bomb = at[order], ways[order], is_bomb[order]
    expected = (ways[:-1] + at[1:] - at[:-1]) % 2
    return int(((ways[1:] != expected) & ~is_bomb[1:]).sum())
