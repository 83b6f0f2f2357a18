"""Lines of many files laid out for NumPy: where the lines are, whose they are, and where their fields are.

The large sections of a batch of `.osu` files are read together, some hundred kilobytes at a time: `chunks` cuts them,
`Lines` finds every line end and comma of a chunk once. What a field holds is read by `digits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.games.base import IntArray
from rhythm_maps.games.osu.digits import PAD, BoolArray, Bytes
from rhythm_maps.games.osu.text import OsuText

Rows = IntArray | slice
"""Some lines, or all of them: `slice(None)` copies nothing."""
CHUNK_BYTES = 1 << 19
"""Bytes of text looked at together: smaller chunks cost more calls; the columns of larger ones are given back to the
operating system each time and cost more in page faults than in arithmetic."""


def rows(flags: BoolArray) -> Rows:
    """Return the places where a flag is set."""
    return slice(None) if flags.all() else np.flatnonzero(flags)


_AROUND = b"\0" * PAD


class Piece(NamedTuple):
    """Where a stretch of a chunk comes from: number of its file, first byte in that file's text, length."""

    chart: int
    at: int
    size: int


class Chunk(NamedTuple):
    """Lines of one section of one or more files; each piece ends with a line feed, `PAD` zero bytes are around them."""

    text: bytes
    pieces: list[Piece]


def chunks(texts: Sequence[OsuText], section: str, dropped: list[tuple[int, int]]) -> Iterator[Chunk]:
    """Cut one section of many files into chunks, never inside a line.

    Args:
        texts: the files; a file is named by its place in this sequence.
        section: name of the section.
        dropped: receives (file, byte) of lines longer than `limits.LINE_BYTES`, which are left out.
    """
    parts: list[bytes | memoryview] = [_AROUND]
    pieces: list[Piece] = []
    size = 0
    for chart, text in enumerate(texts):
        for start, stop in text.spans(section):
            for at, part in _cut(text.data, start, stop):
                if len(part) > limits.LINE_BYTES and b"\n" not in bytes(part):
                    dropped.append((chart, at))
                    continue
                parts += (part, b"\n")
                pieces.append(Piece(chart, at, len(part) + 1))
                size += len(part) + 1
                if size >= CHUNK_BYTES:
                    yield Chunk(b"".join([*parts, _AROUND]), pieces)
                    parts, pieces, size = [_AROUND], [], 0
    if size:
        yield Chunk(b"".join([*parts, _AROUND]), pieces)


def _cut(data: bytes, start: int, stop: int) -> Iterator[tuple[int, memoryview]]:
    """Yield pieces of about `CHUNK_BYTES` or one line, without their last line feed, each with its first byte."""
    view = memoryview(data)
    last = data[max(start, stop - 16) : stop]
    stop -= len(last) - len(last.rstrip(b"\n"))  # without blank lines nothing has to be picked out of `Lines`
    while start < stop:
        end = min(start + CHUNK_BYTES, stop)
        if end < stop:
            cut = data.rfind(b"\n", start, end)
            if cut < 0:  # a line longer than a chunk
                cut = data.find(b"\n", end, stop)
            end = cut if cut >= 0 else stop
        yield start, view[start:end]
        start = end + 1


class Lines(Bytes):
    """The lines of one chunk that are not empty.

    Attributes:
        start, stop: int64 ``[lines]``, where each line stands in the buffer.
        n_commas: int64 ``[lines]``.
        chart: int64 ``[lines]``, file of each line.
    """

    def __init__(self, chunk: Chunk) -> None:
        super().__init__(np.frombuffer(chunk.text, np.uint8))
        buffer = self.buffer
        marks = np.flatnonzero((buffer == 44) | (buffer == 10))
        ends = np.flatnonzero(buffer.take(marks) == 10)
        first = np.zeros(len(ends), np.int64)
        first[1:] = ends[:-1] + 1
        self._marks = np.concatenate(([PAD - 1], marks, np.full(16, len(buffer) - PAD)))
        start, stop = self._marks[first] + 1, marks[ends]
        full = rows(stop > start)
        self.start, self.stop, self._first = start[full], stop[full], first[full]
        self.n_commas = (ends - first)[full]
        self.pieces = chunk.pieces
        bounds = np.cumsum([PAD, *(piece.size for piece in chunk.pieces)])
        counts = np.diff(np.searchsorted(self.start, bounds))
        self.piece = np.repeat(np.arange(len(chunk.pieces)), counts)
        self.chart = np.repeat(np.array([piece.chart for piece in chunk.pieces], np.int64), counts)
        self._bounds = bounds

    def __len__(self) -> int:
        return len(self.start)

    def text(self, line: int) -> str:
        """Return one line as text."""
        return self.buffer[self.start[line] : self.stop[line]].tobytes().decode("utf-8", "replace")

    def place(self, line: int) -> tuple[int, int]:
        """Return the file of a line, and the byte of that file's text at which it begins."""
        number = int(self.piece[line])
        piece = self.pieces[number]
        return piece.chart, piece.at + int(self.start[line] - self._bounds[number])

    def field(self, number: int, lines: Rows) -> tuple[IntArray, IntArray]:
        """Return where field `number` (from 0) of each of `lines` starts and stops; a missing field is an empty one."""
        token = self._first[lines] + number
        start = self._marks.take(token)
        start += 1
        token += 1
        stop = self._marks.take(token)
        missing = self.n_commas[lines] < number
        if missing.any():
            start[missing] = stop[missing] = self.stop[lines][missing]
        return start, stop

    def fields(self, count: int, lines: Rows) -> list[tuple[IntArray, IntArray]]:
        """Return where each of the first `count` fields of `lines` starts and stops; every line must have them."""
        token = self._first[lines]
        marks = [self._marks.take(token)]
        for _ in range(count):
            token = token + 1
            marks.append(self._marks.take(token))
        return [(before + 1, after) for before, after in pairwise(marks)]

    def with_comments(self) -> IntArray:
        """Return the lines that hold ``//`` anywhere."""
        slashes = np.flatnonzero(self.buffer == 47)  # some file names have one
        at = slashes[:-1][slashes[1:] == slashes[:-1] + 1]
        return np.unique(np.searchsorted(self.start, at, side="right") - 1)
