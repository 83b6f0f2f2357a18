"""What a beatmap of any version becomes: tables with the same columns, before times are known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rhythm_maps.games.beat_saber.document import Table, take

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "notes": ("beat", "x", "y", "color", "direction", "angle_offset", "rotation"),
    "bombs": ("beat", "x", "y", "rotation"),
    "walls": ("beat", "end_beat", "x", "y", "width", "height", "rotation"),
    "arcs": (
        *("beat", "color", "x", "y", "direction", "multiplier", "rotation"),
        *("end_beat", "tail_x", "tail_y", "tail_direction", "tail_multiplier", "mid_anchor", "tail_rotation"),
    ),
    "chains": (
        *("beat", "color", "x", "y", "direction", "rotation"),
        *("end_beat", "tail_x", "tail_y", "slices", "squish", "tail_rotation"),
    ),
    "rotations": ("beat", "late", "degrees"),
    "njs_events": ("beat", "use_previous", "easing", "relative_njs"),
    "bpm_events": ("beat", "bpm"),
    "fakes": ("beat", "end_beat", "kind", "color", "direction", "x", "y", "width", "height"),
}
"""Kind of object -> its columns. Beats as stored; x is the column from left, y the row from bottom."""

FAKE_KINDS: Final = ("note", "bomb", "wall", "chain", "ghost")
"""What an entry of ``fakes`` would be; a ghost is a v2 note of a type that the game does not spawn."""
NOTE, BOMB, WALL, CHAIN, GHOST = range(5)

LIGHT_KINDS: Final = ("basic", "boost", "color", "rotation", "translation", "fx")
"""What an entry of ``lights`` is: a basic event, a colour boost, or a group of event boxes of one of four kinds."""

EMPTY: Final[Mapping[str, Table]] = {kind: {name: np.empty(0) for name in names} for kind, names in FIELDS.items()}
"""A table without rows of each kind."""

_WHOLE = frozenset(
    (
        *("color", "direction", "angle_offset", "tail_direction", "mid_anchor", "slices", "easing", "use_previous"),
        *("type", "value"),
    )
)
_PLACED = frozenset(("x", "y", "width", "height", "tail_x", "tail_y"))
_NO_SIZE = frozenset(("width", "height"))
_TURNED = frozenset(("rotation", "tail_rotation", "degrees"))
_FARTHEST_TURN = 1e9
_INT32 = float(2**31 - 1)
_EXACT_FLOAT32 = float(2**24)
"""Whole numbers up to here are exact in float32; the mod Mapping Extensions goes up to about 4,005,000."""


@dataclass(slots=True)
class Objects:
    """The objects of one beatmap file in file order.

    Attributes:
        version: version as the file states it, else the major one it was read as.
        major: the format it was read as: 2 (also for 1), 3 or 4.
        tables: kind of object -> columns `FIELDS`; kinds without objects may be absent.
        njs: note jump speed of a v1 file, NaN in later ones (it moved to Info.dat).
        plain: kinds whose values are known to fit their columns.
    """

    version: str
    major: int
    tables: dict[str, Table] = field(default_factory=dict)
    njs: float = math.nan
    plain: set[str] = field(default_factory=set)

    def table(self, kind: str) -> Table:
        """Return the table of a kind, empty where there are no such objects."""
        return self.tables.get(kind) or dict(EMPTY[kind])


def size(table: Table) -> int:
    """Return the number of rows of a table."""
    return len(table["beat"])


def renamed(table: Table, source: tuple[str, ...], target: tuple[str, ...]) -> Table:
    """Return the columns `source` of a table under the names `target`."""
    return {new: table[old] for old, new in zip(source, target, strict=True)}


def ended(table: Table) -> Table:
    """Turn ``duration`` into ``end_beat`` (an infinite one has no time and is dropped when times are known)."""
    with np.errstate(over="ignore"):
        table["end_beat"] = table["beat"] + table.pop("duration")
    return table


def joined_fakes(parts: list[tuple[int, Table]]) -> Table:
    """Put fake objects of several kinds into one table; what a kind lacks is -1 (whole numbers) or NaN (sizes)."""
    columns: Table = {}
    for name in FIELDS["fakes"]:
        columns[name] = np.concatenate([_fake_column(name, kind, table) for kind, table in parts])
    return columns


def _fake_column(name: str, kind: int, table: Table) -> np.ndarray:
    if name in table:
        return table[name]
    if name == "end_beat":
        return table["beat"]
    return np.full(size(table), kind if name == "kind" else math.nan if name in _NO_SIZE else -1.0)


def fitting(kind: str, table: Table, code: str, warnings: Counter[str]) -> Table:
    """Drop objects that their columns cannot hold, counted as `code`: nothing is wrapped or clamped.

    Colours, directions, angles and counts must be whole and fit int32; positions must be exact in float32 when
    whole. Whole values written as floats are fine. A position between columns or rows is kept as given and counted as
    ``fractional_position``: only mods play it.
    """
    sizeless = kind == "fakes"
    good: np.ndarray | None = None
    odd: np.ndarray | None = None
    for name, column in table.items():
        if name in _WHOLE:
            fits = (np.abs(column) <= _INT32) & (column == np.rint(column))
        elif name in _PLACED:
            whole = column == np.rint(column)
            fits = np.abs(column) <= _EXACT_FLOAT32
            if sizeless and name in _NO_SIZE:
                fits |= np.isnan(column)
                whole |= np.isnan(column)
            if not whole.all():
                odd = ~whole if odd is None else odd | ~whole
        elif name in _TURNED:
            fits = np.abs(column) <= _FARTHEST_TURN
        else:
            continue
        if not fits.all():
            good = fits if good is None else good & fits
    if good is not None:
        warnings[code] += int(len(good) - good.sum())
        table = take(table, good)
        odd = None if odd is None else odd[good]
    if odd is not None and odd.any():
        warnings["fractional_position"] += int(odd.sum())
    return table
