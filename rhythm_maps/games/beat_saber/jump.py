"""How notes come at the player: note jump speed, half jump duration, reaction time and jump distance.

Source: bsmg wiki (intermediate mapping, "half jump duration"); bsmap njs.ts, whose values real maps are tested against.
"""

from __future__ import annotations

import math
from typing import NamedTuple

_FALLBACK_NJS = {"ExpertPlus": 16.0, "Expert": 12.0}
_FALLBACK_NJS_BELOW = 10.0
"""What the game plays where the note jump speed is 0 or missing, by difficulty."""

_START_BEATS = 4.0
_FARTHEST = 17.999
"""A note may appear at most this many metres away before the offset is added."""
_SHORTEST_HALVED = 1.0
_SHORTEST = 0.25
"""Half jump in beats: never below the first by halving, nor below the second with the mapper's offset."""


class Jump(NamedTuple):
    """A difficulty's jump: beats, seconds and metres."""

    half_jump_beats: float
    reaction_time_s: float
    jump_distance: float


def jump_speed(stated: float, difficulty: str) -> float:
    """Return the note jump speed in metres a second; 0 or none falls back by the difficulty's name."""
    if stated and math.isfinite(stated):
        return stated
    return _FALLBACK_NJS.get(difficulty, _FALLBACK_NJS_BELOW)


def jump(njs: float, offset: float, bpm: float) -> Jump:
    """Return the jump of a difficulty.

    The half jump starts at 4 beats and is halved while notes would appear farther than 18 m away; then the mapper's
    offset is added.

    Args:
        njs: note jump speed in metres a second, finite.
        offset: the mapper's offset in beats, finite.
        bpm: the level's tempo; positive.
    """
    beat_s = 60 / bpm
    half = _START_BEATS
    while half >= _SHORTEST_HALVED and njs * beat_s * half > _FARTHEST:
        half /= 2
    half = max(max(half, _SHORTEST_HALVED) + offset, _SHORTEST)
    return Jump(half, half * beat_s, 2 * njs * half * beat_s)
