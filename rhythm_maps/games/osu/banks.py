"""Sample fields as columns: ``normalSet:additionSet:index:volume:file``. The rules are those of `hitline.read_bank`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.digits import BoolArray, Bytes, decimals, integers
from rhythm_maps.games.osu.numbers import MAX_VALUE
from rhythm_maps.games.osu.tokens import COLON, Tokens, tokens

_COLONS, _COLONS_OF = np.uint64(0x0000FF00FF00FF00), np.uint64(0x00003A003A003A00)
"""Second, fourth and sixth byte of a word, and colons there."""
_USUAL = np.frombuffer(b"0:0:0:0:", "<u8")[0]


class Samples(NamedTuple):
    """What fields say.

    Attributes:
        ok: bool ``[fields]``, which fields were read.
        rows: int64 ``[some]``, the fields that say anything but zeros.
        sample_set, addition_set, volume: int64 ``[some]``.
    """

    ok: BoolArray
    rows: IntArray
    sample_set: IntArray
    addition_set: IntArray
    volume: IntArray


def samples(text: Bytes, start: IntArray, stop: IntArray) -> Samples:
    """Read fields that are empty, or 2 to 4 whole numbers between colons, then any name.

    Args:
        text: the chunk.
        start, stop: int64 ``[fields]``.
    """
    ok = (stop - start == 8) & (text.words[stop - 8] == _USUAL)
    ok |= stop <= start
    rest = np.flatnonzero(~ok)
    values = np.zeros((4, len(rest)), np.int64)
    if len(rest):
        values, ok[rest] = _nameless(text, start[rest], stop[rest])
        odd = np.flatnonzero(~ok[rest])
        if len(odd):
            at = rest[odd]
            values[:, odd], ok[at] = _numbers(tokens(text, start[at], stop[at]), 0)
    return Samples(ok, rest, values[0], values[1], values[3])


def _nameless(text: Bytes, start: IntArray, stop: IntArray) -> tuple[IntArray, BoolArray]:
    """Read fields ``0:2:0:70:``: three digits, a volume, no name."""
    word = text.words[start]
    ok = ((word & _COLONS) == _COLONS_OF) & (text.buffer[stop - 1] == COLON) & (stop - start >= 8)
    values = np.empty((4, len(start)), np.int64)
    for part in range(3):
        digit = ((word >> np.uint64(16 * part)) & np.uint64(0xFF)).view(np.int64) - 48
        ok &= (digit >= 0) & (digit <= 9)
        values[part] = digit
    values[3], fine = integers(text, np.minimum(start + 6, stop - 1), stop - 1)
    return values, ok & fine


def holds(text: Bytes, start: IntArray, stop: IntArray) -> tuple[FloatArray, Samples]:
    """Read fields ``end:samples`` of hold notes: the end, and the samples; `Samples.ok` is for both."""
    usual = (stop - start > 9) & (text.words[stop - 8] == _USUAL) & (text.buffer[stop - 9] == COLON)
    end, ok = decimals(text, start, np.where(usual, stop - 9, start), MAX_VALUE)
    rest = np.flatnonzero(~ok)
    values = np.zeros((4, len(rest)), np.int64)
    if len(rest):
        cut = tokens(text, start[rest], stop[rest])
        end[rest], fine = decimals(cut.text, cut.start[cut.first], cut.stop[cut.first], MAX_VALUE)
        values, ok_samples = _numbers(cut, 1)
        ok[rest] = fine & (ok_samples | (cut.pieces == 1))
    return end, Samples(ok, rest, values[0], values[1], values[3])


def _numbers(cut: Tokens, skip: int) -> tuple[IntArray, BoolArray]:
    """Read up to four numbers of each field from piece `skip` on; two are needed, and what stands between is colons."""
    values = np.zeros((4, len(cut.first)), np.int64)
    ok = cut.pieces >= skip + 2
    for part in range(4):
        here = cut.pieces > skip + part
        at = np.where(here, cut.first + skip + part, 0)
        number, fine = integers(cut.text, cut.start[at], cut.stop[at])
        values[part] = np.where(here, number, 0)
        more = cut.pieces > skip + part + 1
        ok &= ~here | (fine & (~more | (cut.mark[at] == COLON)))
    if skip:
        ok &= cut.mark[cut.first] == COLON
    return values, ok
