"""What a beatmap of any version becomes: tables with the same columns, before times are known."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from rhythm_maps.games.beat_saber.document import FloatArray, Table, take

NOTE_FIELDS = ("beat", "x", "y", "color", "direction", "angle")
BOMB_FIELDS = ("beat", "x", "y")
WALL_FIELDS = ("beat", "duration", "x", "y", "width", "height")

_WHOLE = ("color", "direction", "angle")
_PLACED = ("x", "y", "width", "height")
_INT32 = float(2**31 - 1)
_EXACT_FLOAT32 = float(2**24)
"""Whole numbers up to here are exact in float32; the mod Mapping Extensions goes up to about 4,005,000."""


def _empty(names: tuple[str, ...]) -> Table:
    return {name: np.empty(0) for name in names}


@dataclass(slots=True)
class Objects:
    """The objects of one beatmap file in file order; every number finite.

    Attributes:
        version: version as the file states it, else the major one it was read as.
        notes: columns `NOTE_FIELDS`; beat as stored, x column from left, y row from bottom.
        bombs: columns `BOMB_FIELDS`.
        walls: columns `WALL_FIELDS`; duration in beats.
        bpm_beat, bpm: the file's own tempo events, beats and beats a minute; values as they stand.
        njs: note jump speed of a v1 file, NaN in later ones (it moved to Info.dat).
    """

    version: str
    notes: Table = field(default_factory=lambda: _empty(NOTE_FIELDS))
    bombs: Table = field(default_factory=lambda: _empty(BOMB_FIELDS))
    walls: Table = field(default_factory=lambda: _empty(WALL_FIELDS))
    bpm_beat: FloatArray = field(default_factory=lambda: np.empty(0))
    bpm: FloatArray = field(default_factory=lambda: np.empty(0))
    njs: float = math.nan


def renamed(table: Table, source: tuple[str, ...], target: tuple[str, ...]) -> Table:
    """Return the columns `source` of a table under the names `target`."""
    return {new: table[old] for old, new in zip(source, target, strict=True)}


def fitting(table: Table, code: str, warnings: Counter[str]) -> Table:
    """Drop objects that their columns cannot hold, counted as `code`: nothing is wrapped or clamped.

    Colours, directions and angles must be whole and fit int32; positions must be exact in float32 when whole.
    Whole values written as floats are fine. A position between columns or rows is kept as given and counted as
    ``fractional_position``: only mods play it.
    """
    good = np.ones(len(table["beat"]), bool)
    for name, column in table.items():
        if name in _WHOLE:
            good &= (np.abs(column) <= _INT32) & (column == np.rint(column))
        elif name in _PLACED:
            good &= np.abs(column) <= _EXACT_FLOAT32
    if not good.all():
        warnings[code] += int(len(good) - good.sum())
        table = take(table, good)
    odd = np.zeros(len(table["beat"]), bool)
    for name in set(_PLACED) & set(table):
        odd |= table[name] != np.rint(table[name])
    if odd.any():
        warnings["fractional_position"] += int(odd.sum())
    return table
