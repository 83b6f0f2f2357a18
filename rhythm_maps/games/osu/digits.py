"""Columns of numbers out of bytes: eight ASCII digits at a time in one 64-bit word, for many fields at once.

`integers` and `decimals` say which fields they could read and leave the others (exponents, spaces, signs other than
one minus, damage) to the exact functions of `numbers`. **They never read a field otherwise than those do.** A field is
the bytes ``[start, stop)`` of `Bytes.buffer`; what stands before and behind it does not matter.

The arithmetic is the well-known one of SIMD within a register: with the first digit in the lowest byte,
``d * (256 * 10 + 1) >> 8`` adds neighbours as tens and ones, twice more gives the number.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from rhythm_maps.games.base import FloatArray, IntArray

PAD = 32
"""Zero bytes on either side of the text, so that a word can be read around every field."""
EXACT_DIGITS = 15
"""Digits that a double holds exactly, so that one division by a power of ten gives the correctly rounded value."""
_LARGEST_SHORT, _LARGEST_LONG = 9999, 99_999_999
_LONGEST = 24
"""Characters of the longest decimal that is read here."""

BoolArray = npt.NDArray[np.bool_]

_U64, _U32 = np.uint64, np.uint32
_MASK8 = np.array([(1 << 64) - (1 << 8 * (8 - width)) for width in range(9)], _U64)  # the last `width` bytes
_MASK4 = np.array([(1 << 32) - (1 << 8 * (4 - width)) for width in range(5)], _U32)
_POWERS = 10.0 ** np.arange(23)
_TENS = 10 ** np.arange(19, dtype=np.int64)


class Bytes:
    """A chunk of text as NumPy sees it.

    Attributes:
        buffer: uint8 ``[bytes]``: `PAD` zero bytes, the text, `PAD` zero bytes.
        words, halves: the 8 and the 4 bytes from each position on as one little-endian number (views, no copies).
    """

    def __init__(self, padded: npt.NDArray[np.uint8]) -> None:
        self.buffer = padded
        self.words = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
        self.halves = np.ndarray((len(padded) - 3,), "<u4", padded, strides=(1,))

    @cached_property
    def dots(self) -> IntArray:
        """Positions of all points, and one past the end."""
        return np.append(np.flatnonzero(self.buffer == 46), len(self.buffer))


def _four(text: Bytes, start: IntArray, stop: IntArray) -> tuple[IntArray, BoolArray]:
    """Read 0 to 4 digits (none are 0)."""
    width = stop - start
    digit = text.halves[stop - 4] ^ _U32(0x30303030)
    digit &= _MASK4.take(width, mode="clip")
    ok = ((digit | (digit + _U32(0x06060606))) & _U32(0xF0F0F0F0)) == 0
    ok &= width <= 4
    digit = (digit * _U32(2561)) >> _U32(8)
    digit &= _U32(0x00FF00FF)
    digit *= _U32(6553601)
    digit >>= _U32(16)
    return digit.astype(np.int64), ok


def _eight(text: Bytes, start: IntArray, stop: IntArray) -> tuple[IntArray, BoolArray]:
    """Read 0 to 8 digits (none are 0)."""
    width = stop - start
    digit = text.words[stop - 8] ^ _U64(0x3030303030303030)
    digit &= _MASK8.take(width, mode="clip")
    ok = ((digit | (digit + _U64(0x0606060606060606))) & _U64(0xF0F0F0F0F0F0F0F0)) == 0
    ok &= width.view(_U64) <= _U64(8)  # a negative width is a large number
    digit = (digit * _U64(2561)) >> _U64(8)
    digit &= _U64(0x00FF00FF00FF00FF)
    digit *= _U64(6553601)
    digit >>= _U64(16)
    digit &= _U64(0x0000FFFF0000FFFF)
    digit *= _U64(42949672960001)
    digit >>= _U64(32)
    return digit.view(np.int64), ok


def integers(text: Bytes, start: IntArray, stop: IntArray, *, short: bool = True) -> tuple[IntArray, BoolArray]:
    """Read whole numbers of one to eight digits, an optional minus before them.

    Args:
        text: the chunk.
        start, stop: int64 ``[fields]``, positions in its buffer, ``start <= stop``.
        short: most have four digits or less (changes speed alone).

    Returns:
        Values (arbitrary where not read), and which were read.
    """
    value, ok = _four(text, start, stop) if short else _eight(text, start, stop)
    ok &= stop > start
    rest = np.flatnonzero(~ok)
    if len(rest):
        end = stop[rest]
        negative = text.buffer[start[rest]] == 45
        begin = start[rest] + negative
        again, fine = _eight(text, begin, end)
        value[rest] = np.where(negative, -again, again)
        ok[rest] = fine & (end > begin)
    return value, ok


def decimals(
    text: Bytes, start: IntArray, stop: IntArray, limit: float, *, short: bool = False
) -> tuple[FloatArray, BoolArray]:
    """Read numbers with or without a point, correctly rounded; no exponent, no plus, at most 24 characters.

    Args and returns: as `integers`, the values as doubles; those of a magnitude above `limit` are not read.
    """
    whole, ok = _four(text, start, stop) if short else _eight(text, start, stop)
    ok &= stop > start
    value = whole.astype(np.float64)
    if limit < (_LARGEST_SHORT if short else _LARGEST_LONG):
        ok &= value <= limit
    rest = np.flatnonzero(~ok)
    if len(rest):
        start, stop = start[rest], stop[rest]
        some, fine = integers(text, start, stop, short=False)
        real = some.astype(np.float64)
        odd = np.flatnonzero(~fine)
        if len(odd):
            real[odd], fine[odd] = _fractions(text, start[odd], stop[odd])
        value[rest], ok[rest] = real, fine & (np.abs(real) <= limit)
    return value, ok


def _fractions(text: Bytes, start: IntArray, stop: IntArray) -> tuple[FloatArray, BoolArray]:
    """Read numbers with a point: the digits before it, and those behind it as two words."""
    negative = text.buffer[start] == 45
    begin = start + negative
    dot = text.dots[np.searchsorted(text.dots, begin)]
    inside = (dot < stop) & (stop - begin <= _LONGEST)
    dot = np.where(inside, dot, begin)
    places = stop - dot - 1
    middle = np.maximum(stop - 8, dot + 1)
    whole, ok_whole = _eight(text, begin, dot)
    high, ok_high = _eight(text, dot + 1, middle)
    low, ok_low = _eight(text, middle, np.maximum(stop, middle))
    digits = stop - begin - 1
    ok = inside & ok_whole & ok_high & ok_low & (digits > 0)
    exact = ok & (digits <= EXACT_DIGITS)
    places = np.where(exact, places, 0)
    mantissa = whole * _TENS[places] + high * _TENS[np.where(exact, stop - middle, 0)] + low
    value = np.where(negative, -mantissa, mantissa) / _POWERS[places]
    for i in np.flatnonzero(ok & ~exact).tolist():
        value[i] = float(text.buffer[start[i] : stop[i]].tobytes())
    return value, ok
