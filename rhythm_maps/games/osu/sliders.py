"""What plain slider lines list, as columns: control points, hitsounds and sample sets of edges.

The fields of all sliders of a chunk are cut at once; one that is not plain is not read. The rules are those of
`hitline`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rhythm_maps.games.base import IntArray
from rhythm_maps.games.osu.digits import BoolArray, Bytes, decimals, integers
from rhythm_maps.games.osu.numbers import MAX_COORDINATE
from rhythm_maps.games.osu.tokens import COLON, PIPE, tokens

CURVE_TYPES = ("B", "L", "P", "C")
"""Types of curves that are read here; `hitline` reads others (``B4``) and mixtures."""
BEZIER = CURVE_TYPES.index("B")

_CODE = np.full(256, -1, np.int64)
_CODE[[ord(letter) for letter in CURVE_TYPES]] = np.arange(len(CURVE_TYPES))


class CurveFields(NamedTuple):
    """Control points of plain fields ``B|x:y|x:y``: which fields were read, type of each, and the points of all."""

    ok: BoolArray
    type: IntArray
    field: IntArray
    x: np.ndarray
    y: np.ndarray


def curves(text: Bytes, start: IntArray, stop: IntArray, *, lazer: BoolArray) -> CurveFields:
    """Read control points.

    Args:
        text: the chunk.
        start, stop: the fields, at least one.
        lazer: which fields keep fractions.
    """
    cut = tokens(text, start, stop)
    kind = _CODE[cut.text.buffer[cut.start[cut.first]]]
    odd = (cut.number & 1) == 1
    fine = cut.mark == np.where(odd, COLON, PIPE)
    fine[cut.first] &= cut.stop[cut.first] - cut.start[cut.first] == 1
    at = np.flatnonzero(cut.number)
    value, good = decimals(cut.text, cut.start[at], cut.stop[at], MAX_COORDINATE, short=True)
    fine[at] &= good
    ok = cut.all_of(fine) & (kind >= 0) & (cut.pieces >= 3)
    pixel = np.empty(len(fine), np.float32)
    pixel[at] = np.where(lazer[cut.field[at]], value, np.trunc(value) + 0.0) if lazer.any() else np.trunc(value) + 0.0
    x = np.flatnonzero(odd & ok[cut.field])
    return CurveFields(ok, kind, cut.field[x], pixel[x], pixel[x + 1])


class EdgeFields(NamedTuple):
    """Values that plain fields list of edges: which fields were read; field, edge and values of each entry."""

    ok: BoolArray
    field: IntArray
    edge: IntArray
    values: tuple[IntArray, ...]


def edge_sounds(text: Bytes, start: IntArray, stop: IntArray, edges: IntArray) -> EdgeFields:
    """Read hitsounds ``2|0|8``.

    Args:
        text: the chunk.
        start, stop: the fields, at least one; an empty one lists nothing.
        edges: number of edges of each slider; what is listed beyond is left out.
    """
    cut = tokens(text, start, stop)
    value, fine = integers(cut.text, cut.start, cut.stop)
    empty = stop <= start
    ok = empty | cut.all_of(fine & (cut.mark == PIPE))
    at = np.flatnonzero((ok & ~empty)[cut.field] & (cut.number < edges[cut.field]))
    return EdgeFields(ok, cut.field[at], cut.number[at], (value[at],))


def edge_banks(text: Bytes, start: IntArray, stop: IntArray, edges: IntArray) -> EdgeFields:
    """Read sample sets ``0:0|2:1``; arguments as `edge_sounds`."""
    cut = tokens(text, start, stop)
    value, fine = integers(cut.text, cut.start, cut.stop)
    empty = stop <= start
    ok = empty | cut.all_of(fine & (cut.mark == np.where(cut.number % 2, PIPE, COLON)))
    edge = cut.number // 2
    at = np.flatnonzero((ok & ~empty)[cut.field] & (cut.number % 2 == 0) & (edge < edges[cut.field]))
    return EdgeFields(ok, cut.field[at], edge[at], (value[at], value[at + 1]))
