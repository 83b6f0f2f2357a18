"""The [HitObjects] of a `.osu` file as NumPy columns: plain lines all at once, odd ones one by one.

What a line means is written in `hitline`; here the same is done to whole columns for the lines whose every field is
plain (99 of 100 in real maps). The ends of sliders need the timing of the map: `slider_ends` adds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.errors import LimitExceeded
from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu import hitline
from rhythm_maps.games.osu.fields import BoolArray, Lines, decimals, integers, pairs_ok, samples_ok
from rhythm_maps.games.osu.hitline import CIRCLE, HOLD, SLIDER, SPINNER
from rhythm_maps.games.osu.numbers import MAX_COORDINATE, MAX_VALUE
from rhythm_maps.games.osu.text import FIRST_LAZER_VERSION, OsuText, clean_line
from rhythm_maps.games.osu.timing import Timing

CHUNK_BYTES = 1 << 19
"""Bytes of text looked at together: the columns of a chunk stay in the processor's caches, and memory stays bounded."""
_CURVES = np.isin(np.arange(256), list(b"BCLP"))


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one chart, one entry each. Times are milliseconds with the file's offset added.

    Attributes:
        kind: int64, `hitline.CIRCLE` and so on.
        type_bits: int64, the type field as stored.
        x, y: float64, osu! pixels.
        start_ms, end_ms: float64; the end of a slider is NaN until `slider_ends` has run.
        hitsound: int64, the hitsound field as stored.
        spans: int64, how often a slider's path is run through (at least 1); 0 for the others.
        length_px: float64, a slider's length as stored; NaN where it has none and for the others.
    """

    kind: IntArray
    type_bits: IntArray
    x: FloatArray
    y: FloatArray
    start_ms: FloatArray
    end_ms: FloatArray
    hitsound: IntArray
    spans: IntArray
    length_px: FloatArray

    @classmethod
    def empty(cls, n: int) -> Objects:
        """Return `n` objects of nothing."""
        whole, real = np.zeros((4, n), np.int64), np.full((5, n), np.nan)
        return cls(whole[0], whole[1], real[0], real[1], real[2], real[3], whole[2], whole[3], real[4])

    def take(self, which: npt.NDArray[np.int64] | BoolArray) -> Objects:
        """Return the objects at the given positions."""
        return Objects(*(getattr(self, field.name)[which] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.kind)


def join(parts: list[Objects]) -> Objects:
    """Put objects one after the other."""
    if not parts:
        return Objects.empty(0)
    return Objects(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Objects)))


def read_objects(text: OsuText, offset_ms: float) -> tuple[Objects, int]:
    """Read the objects of a file, sorted stably by start, and count the lines that were dropped.

    Raises:
        LimitExceeded: there are more than `limits.NOTES` lines.

    Source: ppy/osu LegacyBeatmapDecoder: each line stands for itself, one that cannot be read is left out.
    """
    parts: list[Objects] = []
    bad = n_lines = 0
    for start, stop in text.spans("HitObjects"):
        for chunk in _chunks(text.data, start, stop):
            if len(chunk) > limits.LINE_BYTES:
                bad += 1
                continue
            lines = Lines(chunk)
            n_lines += len(lines)
            if n_lines > limits.NOTES:
                raise LimitExceeded("too_many_objects", f"more than {limits.NOTES:,} lines", "[HitObjects]")
            objects, dropped = _read_lines(lines, text.version, offset_ms)
            parts.append(objects)
            bad += dropped
    objects = join(parts)
    if np.any(np.diff(objects.start_ms) < 0):
        objects = objects.take(np.argsort(objects.start_ms, kind="stable"))
    return objects, bad


def slider_ends(objects: Objects, timing: Timing, slider_multiplier: float) -> tuple[Objects, int]:
    """Return the objects with the ends of sliders, and how many sliders have no length of their own.

    A slider lasts ``spans * length * beat length / (100 * SliderMultiplier * velocity)``. One without a length ends
    where it starts: its length would be that of its curve.

    Source: ppy/osu Slider.ApplyDefaultsToSelf with LegacyBeatmapDecoder's difficulty points.
    """
    slider = objects.kind == SLIDER
    if not slider.any():
        return objects, 0
    start = objects.start_ms[slider]
    velocity = 100.0 * slider_multiplier * timing.velocity_at(start)
    length = objects.length_px[slider]
    unknown = np.isnan(length)
    duration = objects.spans[slider] * np.where(unknown, 0.0, length) * timing.beat_length_at(start) / velocity
    end = objects.end_ms.copy()
    end[slider] = start + duration
    return replace(objects, end_ms=end), int(unknown.sum())


def _chunks(data: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Cut a stretch of lines into pieces of about `CHUNK_BYTES`, never inside a line."""
    while start < stop:
        end = min(start + CHUNK_BYTES, stop)
        if end < stop:
            cut = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end))
            end = cut + 1 if cut >= 0 else _line_end(data, end, stop)
        yield data[start:end]
        start = end


def _line_end(data: bytes, at: int, stop: int) -> int:
    """Return the end of a line that is longer than a chunk."""
    ends = [end for end in (data.find(b"\n", at, stop), data.find(b"\r", at, stop)) if end >= 0]
    return min(ends, default=stop)


def _read_lines(lines: Lines, version: int, offset_ms: float) -> tuple[Objects, int]:
    """Read the lines of a chunk: the plain ones as columns, then the others one by one into the same columns."""
    objects = Objects.empty(len(lines))
    read = np.zeros(len(lines), np.bool_)
    five = np.flatnonzero(lines.n_commas >= 4)
    if len(five):
        _Plain(lines, objects, read, version, offset_ms).read(five)
    read[lines.with_comments()] = False
    bad = 0
    for i in np.flatnonzero(~read).tolist():
        line = clean_line(lines.text(i))
        if line is None:
            continue
        try:
            found = hitline.read_line(line, version, offset_ms)
        except (ValueError, IndexError):
            bad += 1
            continue
        read[i] = True
        for field, value in zip(fields(objects), found, strict=True):
            getattr(objects, field.name)[i] = value
    return (objects if read.all() else objects.take(read)), bad


class _Plain:
    """Reads plain lines into columns and marks them as read; a line with any field that is not plain stays unread."""

    def __init__(self, lines: Lines, objects: Objects, read: BoolArray, version: int, offset_ms: float) -> None:
        self.lines, self.objects, self.done = lines, objects, read
        self.version, self.offset_ms = version, offset_ms

    def read(self, at: IntArray) -> None:
        """Read the fields that every object has, then those of each kind. `at`: lines of five fields or more."""
        out = self.objects
        x, ok_x = self._decimals(0, at, MAX_COORDINATE)
        y, ok_y = self._decimals(1, at, MAX_COORDINATE)
        start, ok_start = self._decimals(2, at, MAX_VALUE)
        bits, ok_bits = self._integers(3, at)
        hitsound, ok_sound = self._integers(4, at)
        keep = np.flatnonzero(ok_x & ok_y & ok_start & ok_bits & ok_sound)
        at, bits = at[keep], bits[keep]
        out.x[at], out.y[at] = self._pixels(x[keep]), self._pixels(y[keep])
        out.start_ms[at] = out.end_ms[at] = start[keep] + self.offset_ms
        out.type_bits[at], out.hitsound[at] = bits, hitsound[keep]
        kind = np.select([bits & bit != 0 for bit, _ in hitline.TYPE_BITS], [kind for _, kind in hitline.TYPE_BITS], -1)
        out.kind[at] = kind
        readers = {CIRCLE: self._circles, SLIDER: self._sliders, SPINNER: self._spinners, HOLD: self._holds}
        for number, reader in readers.items():
            some = at[kind == number]
            if len(some):
                self.done[some] = reader(some)

    def _circles(self, at: IntArray) -> BoolArray:
        return self._samples(5, at)

    def _spinners(self, at: IntArray) -> BoolArray:
        out = self.objects
        value, ok = self._decimals(5, at, MAX_VALUE)
        out.x[at], out.y[at] = hitline.CENTRE
        out.end_ms[at] = np.maximum(out.start_ms[at], value + self.offset_ms)
        return ok & self._samples(6, at)

    def _holds(self, at: IntArray) -> BoolArray:
        """Read ``end:samples`` in field 5; a hold without that field is left to the slow road."""
        lines, out = self.lines, self.objects
        start, stop = lines.field(5, at)
        colon = np.minimum(lines.colons[np.searchsorted(lines.colons, start)], stop)
        value, ok = decimals(lines.buffer, start, colon)
        out.end_ms[at] = np.maximum(out.start_ms[at], value) + self.offset_ms
        return ok & (np.abs(value) <= MAX_VALUE) & samples_ok(lines, np.minimum(colon + 1, stop), stop)

    def _sliders(self, at: IntArray) -> BoolArray:
        """Read spans and length (fields 6 and 7) and check points, edge samples and samples (5, 9 and 10)."""
        lines, out = self.lines, self.objects
        spans, ok = self._integers(6, at)
        length, ok_length = self._decimals(7, at, MAX_COORDINATE)
        out.spans[at] = np.maximum(spans, 1)
        out.length_px[at] = np.where(length > 0, length, np.nan)
        out.end_ms[at] = np.nan
        start, stop = lines.field(5, at)
        ok &= ok_length & (spans <= hitline.MAX_REPEATS) & _CURVES[lines.buffer[start]]
        ok &= (lines.buffer[start + 1] == ord("|")) & pairs_ok(lines, start + 1, stop, b"|")
        start, stop = lines.field(9, at)
        ok &= (stop == start) | pairs_ok(lines, start, stop, b":")
        return ok & self._samples(10, at)

    def _samples(self, number: int, at: IntArray) -> BoolArray:
        return samples_ok(self.lines, *self.lines.field(number, at))

    def _integers(self, number: int, at: IntArray) -> tuple[IntArray, BoolArray]:
        return integers(self.lines.buffer, *self.lines.field(number, at))

    def _decimals(self, number: int, at: IntArray, limit: float) -> tuple[FloatArray, BoolArray]:
        value, ok = decimals(self.lines.buffer, *self.lines.field(number, at))
        return value, ok & (np.abs(value) <= limit)

    def _pixels(self, value: FloatArray) -> FloatArray:
        single = value.astype(np.float32).astype(np.float64)
        return single if self.version >= FIRST_LAZER_VERSION else np.trunc(single) + 0.0  # no negative zero
