"""Columns of plain numbers and samples out of lines of text, as NumPy over bytes: the fast road of the hit objects.

Each function looks at many fields at once, says which of them it could read, and leaves the others (signs, exponents,
spaces, damage) to the exact functions of `numbers` and `hitline`. **It never reads a field otherwise than they do.**
A field is the bytes ``[start, stop)`` of one buffer, so that it does not matter which file a line came from.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from rhythm_maps.games.base import FloatArray, IntArray

PAD = 32
"""Zero bytes around the text: numbers are read from their last digit backwards, and empty fields are looked into."""
EXACT_DIGITS = 15
"""Digits that a double holds exactly, so that one division by a power of ten gives the correctly rounded value."""

BoolArray = npt.NDArray[np.bool_]

_DIGIT, _MINUS, _COLON, _PIPE = 1, 2, 3, 4
_CLASS = np.zeros(256, np.uint8)
_CLASS[48:58] = _DIGIT
_CLASS[[45, 58, 124]] = _MINUS, _COLON, _PIPE
_LEGAL = np.zeros((5, 5), np.bool_)
_LEGAL[_DIGIT, [_DIGIT, _COLON, _PIPE]] = True
_LEGAL[_MINUS, _DIGIT] = True
_LEGAL[_COLON, [_DIGIT, _MINUS]] = True
_LEGAL[_PIPE, [_DIGIT, _MINUS]] = True
_ILLEGAL_PAIR = ~_LEGAL.ravel()
_TENS = 10 ** np.arange(16, dtype=np.int64)
_POWERS = 10.0 ** np.arange(23)


class Lines:
    """The lines of one chunk of text, and where their fields are.

    Attributes:
        buffer: uint8 ``[bytes]``: `PAD` zero bytes, the chunk, one line feed, `PAD` zero bytes.
        start, stop: int64 ``[lines]``: the bytes of each line that is not empty.
        n_commas: int64 ``[lines]``.
    """

    def __init__(self, chunk: bytes) -> None:
        self.chunk = chunk
        self.buffer = np.frombuffer(b"\0" * PAD + chunk + b"\n" + b"\0" * PAD, np.uint8)
        ends = np.flatnonzero((self.buffer == 10) | (self.buffer == 13))
        starts = np.concatenate(([PAD], ends[:-1] + 1))
        full = ends > starts
        self.start, self.stop = starts[full], ends[full]
        commas = np.flatnonzero(self.buffer == 44)
        self._first_comma = np.searchsorted(commas, self.start)
        self.n_commas = np.searchsorted(commas, self.stop) - self._first_comma
        self._commas = np.append(commas, np.full(16, len(self.buffer)))

    def __len__(self) -> int:
        return len(self.start)

    def text(self, line: int) -> str:
        """Return one line as text."""
        return self.chunk[self.start[line] - PAD : self.stop[line] - PAD].decode("utf-8", "replace")

    def field(self, number: int, lines: IntArray) -> tuple[IntArray, IntArray]:
        """Return where field `number` (from 0) of each of `lines` starts and stops; a missing field is an empty one."""
        at = self._first_comma[lines] + number
        begin = self.start[lines]
        start = begin if number == 0 else np.where(self.n_commas[lines] >= number, self._commas[at - 1] + 1, begin)
        stop = np.where(self.n_commas[lines] > number, self._commas[at], self.stop[lines])
        return start, np.where(self.n_commas[lines] >= number, stop, begin)

    def with_comments(self) -> IntArray:
        """Return the lines that hold ``//`` anywhere."""
        if b"//" not in self.chunk:
            return np.empty(0, np.int64)
        slash = self.buffer == 47
        at = np.flatnonzero(slash[:-1] & slash[1:])
        return np.unique(np.searchsorted(self.start, at, side="right") - 1)

    @cached_property
    def colons(self) -> IntArray:
        """Positions of all colons, and some past the end."""
        return np.append(np.flatnonzero(self.buffer == 58), np.full(8, len(self.buffer)))

    @cached_property
    def non_digits(self) -> npt.NDArray[np.int32]:
        """Number of bytes before each position that are no digit."""
        return _running(_CLASS[self.buffer] != _DIGIT)

    @cached_property
    def pairs(self) -> Pairs:
        """What `pairs_ok` needs of the whole chunk."""
        return Pairs(self.buffer)


class Pairs:
    """Running counts over a chunk from which it can be told whether a field is ``1:2|3:-4``."""

    def __init__(self, buffer: npt.NDArray[np.uint8]) -> None:
        kind = _CLASS[buffer]
        self.illegal = _running(_ILLEGAL_PAIR[kind[:-1] * 5 + kind[1:]])
        separators = np.flatnonzero(kind >= _COLON)
        same = (kind[separators[1:]] == kind[separators[:-1]]) | (np.diff(separators) > 6)
        self.irregular = _running(same)
        self.separators = np.append(separators, np.full(2, len(buffer)))


def _running(flags: BoolArray) -> npt.NDArray[np.int32]:
    """Return the number of true flags before each position, one longer than `flags`."""
    counts = np.zeros(len(flags) + 1, np.int32)
    np.cumsum(flags, out=counts[1:])
    return counts


def integers(buffer: npt.NDArray[np.uint8], start: IntArray, stop: IntArray) -> tuple[IntArray, BoolArray]:
    """Read whole numbers of one to nine digits, an optional minus before them.

    Returns:
        Values (arbitrary where not read), and which were read.
    """
    negative = buffer[np.minimum(start, len(buffer) - 1)] == 45
    width = stop - start - negative
    ok = (width > 0) & (width <= 9)
    value = np.zeros(len(start), np.int64)
    for place in range(int(min(width.max(initial=0), 9))):
        digit = buffer[stop - 1 - place] - np.uint8(48)  # other bytes wrap to 10 and more
        inside = place < width
        ok &= ~inside | (digit <= 9)
        value += np.where(inside, digit, 0) * _TENS[place]
    return np.where(negative, -value, value), ok


def decimals(buffer: npt.NDArray[np.uint8], start: IntArray, stop: IntArray) -> tuple[FloatArray, BoolArray]:
    """Read numbers with or without a point, correctly rounded; no exponent, no plus, at most 24 bytes.

    Returns:
        Values (arbitrary where not read), and which were read.
    """
    whole, ok = integers(buffer, start, stop)
    value = whole.astype(np.float64)
    rest = np.flatnonzero(~ok & (stop - start > 0) & (stop - start <= 24))
    if len(rest):
        value[rest], ok[rest] = _fractions(buffer, start[rest], stop[rest])
    return value, ok


def _fractions(buffer: npt.NDArray[np.uint8], start: IntArray, stop: IntArray) -> tuple[FloatArray, BoolArray]:
    negative = buffer[start] == 45
    begin = start + negative
    ok = np.ones(len(start), np.bool_)
    mantissa = np.zeros(len(start), np.int64)
    digits = np.zeros(len(start), np.int64)
    points = np.zeros(len(start), np.int64)
    behind = np.zeros(len(start), np.int64)
    for place in range(int((stop - begin).max(initial=0))):
        at = begin + place
        inside = at < stop
        byte = buffer[np.minimum(at, stop - 1)]
        point = inside & (byte == 46)
        digit = byte - np.uint8(48)
        number = inside & (digit <= 9)
        ok &= ~inside | point | number
        take = number & (digits < EXACT_DIGITS)
        mantissa = np.where(take, mantissa * 10 + digit, mantissa)
        digits += number
        behind += number & (points > 0)
        points += point
    ok &= (points <= 1) & (digits > 0)
    value = mantissa / _POWERS[np.minimum(behind, 22)]
    value = np.where(negative, -value, value)
    for i in np.flatnonzero(ok & (digits > EXACT_DIGITS)).tolist():
        value[i] = float(buffer[start[i] : stop[i]].tobytes())
    return value, ok


def samples_ok(lines: Lines, start: IntArray, stop: IntArray) -> BoolArray:
    """Tell which fields certainly read as samples: empty, or 2 to 4 whole numbers between colons, then any name."""
    at = np.searchsorted(lines.colons, start)
    count = np.searchsorted(lines.colons, stop) - at
    named = count >= 4
    end = np.where(named, lines.colons[at + 3], stop)
    inner = np.where(named, 3, count)
    ok = (inner >= 1) & (lines.non_digits[end] - lines.non_digits[np.minimum(start, end)] == inner)
    before = start - 1
    for part in range(4):
        here = np.where(part < inner, lines.colons[at + part], end)
        width = here - before - 1
        ok &= (part > inner) | ((width >= 1) & (width <= 9))
        before = here
    return np.asarray(ok | (stop <= start), np.bool_)


def pairs_ok(lines: Lines, start: IntArray, stop: IntArray, first: bytes) -> BoolArray:
    """Tell which fields certainly read as pairs ``1:2|3:-4`` of numbers of at most 5 characters.

    Args:
        lines: the chunk.
        start, stop: the fields.
        first: the separator that comes first: ``:``, or ``|`` for a field that begins with one (slider points behind
            their type); the last one is always a colon.
    """
    pairs = lines.pairs
    a, b = np.searchsorted(pairs.separators, start), np.searchsorted(pairs.separators, stop)
    some = (b > a) & (stop > start)
    a, b = np.where(some, a, 0), np.where(some, b, 1)
    head, last = pairs.separators[a], pairs.separators[b - 1]
    buffer = lines.buffer
    top = len(buffer) - 1
    ok = some & (buffer[np.minimum(head, top)] == first[0]) & (buffer[np.minimum(last, top)] == 58)
    ok &= (head - start <= 5) & (stop - last - 1 <= 5) & (_CLASS[buffer[np.maximum(stop - 1, 0)]] == _DIGIT)
    begins = _CLASS[buffer[np.minimum(start, top)]]
    ok &= (begins == _PIPE) | (begins == _DIGIT) if first == b"|" else (begins == _DIGIT) | (begins == _MINUS)
    ok &= pairs.illegal[np.maximum(stop - 1, start)] == pairs.illegal[start]
    return np.asarray(ok & (pairs.irregular[b - 1] == pairs.irregular[a]), np.bool_)
