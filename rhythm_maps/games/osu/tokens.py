"""Fields cut into pieces: ``B|1:2|3:4``, ``0:0|2:1``, ``0:0:0:70:name``.

The fields are copied behind each other, each with ``|`` at its end, and cut at every ``|`` and ``:`` at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rhythm_maps.games.base import IntArray
from rhythm_maps.games.osu.digits import PAD, BoolArray, Bytes

COLON, PIPE = 58, 124
"""The two separators."""


class Tokens(NamedTuple):
    """The pieces of many fields: where each stands, its field, its number there, and what ends it."""

    text: Bytes
    start: IntArray
    stop: IntArray
    field: IntArray
    number: IntArray
    mark: IntArray
    first: IntArray
    """int64 ``[fields]``, first piece of each field."""
    pieces: IntArray
    """int64 ``[fields]``, pieces of each field, at least one (an empty field has an empty one)."""

    def all_of(self, flags: BoolArray) -> BoolArray:
        """Tell for each field whether a flag holds for all its pieces."""
        return np.logical_and.reduceat(flags, self.first)


def tokens(text: Bytes, start: IntArray, stop: IntArray) -> Tokens:
    """Cut fields at colons and pipes.

    Args:
        text: the chunk.
        start, stop: int64 ``[fields]``, at least one.
    """
    width = stop - start + 1
    ends = np.cumsum(width)
    begins = ends - width
    where = np.arange(ends[-1])
    where += np.repeat(start - begins, width)
    copy = np.zeros(len(where) + 2 * PAD, np.uint8)
    text.buffer.take(where, out=copy[PAD : PAD + len(where)], mode="clip")
    copy[ends + (PAD - 1)] = PIPE
    cut = Bytes(copy)
    marks = np.flatnonzero((cut.buffer == COLON) | (cut.buffer == PIPE))
    first = np.searchsorted(marks, begins + PAD)
    count = np.diff(np.append(first, len(marks)))
    before = np.concatenate(([PAD - 1], marks[:-1]))
    field = np.repeat(np.arange(len(start)), count)
    number = np.arange(len(marks)) - np.repeat(first, count)
    return Tokens(cut, before + 1, marks, field, number, cut.buffer[marks].astype(np.int64), first, count)
