"""The [HitObjects] of many `.osu` files as NumPy columns: plain lines all at once, odd ones one by one.

What a line means is written in `hitline`; here the same is done to whole columns for the lines whose every field is
plain (99 of 100 in real maps). The ends of sliders need the timing of the map: `ends` adds them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rhythm_maps.games.base import FloatArray
from rhythm_maps.games.osu import hitline
from rhythm_maps.games.osu.banks import Samples, holds, samples
from rhythm_maps.games.osu.digits import BoolArray, decimals, integers
from rhythm_maps.games.osu.fields import Lines, Rows, chunks, rows
from rhythm_maps.games.osu.hitline import CIRCLE, HOLD, SLIDER, SPINNER, Line
from rhythm_maps.games.osu.numbers import MAX_COORDINATE, MAX_VALUE
from rhythm_maps.games.osu.objects import Banks, HitObjects, Lists, Objects, Points, Sounds, sort
from rhythm_maps.games.osu.sliders import CURVE_TYPES, curves, edge_banks, edge_sounds
from rhythm_maps.games.osu.text import FIRST_LAZER_VERSION, OsuText, clean_line

SECTION = "HitObjects"
_KIND = np.full(256, -1, np.int64)
for _bit, _kind in reversed(hitline.TYPE_BITS):
    _KIND[np.arange(256) & _bit != 0] = _kind


def read_objects(texts: Sequence[OsuText]) -> tuple[HitObjects, list[tuple[int, int]]]:
    """Read the objects of a batch of files.

    Returns:
        The objects, and (file, byte) of each line that was dropped.

    Source: ppy/osu LegacyBeatmapDecoder: each line stands for itself, one that cannot be read is left out.
    """
    dropped: list[tuple[int, int]] = []
    rules = _Rules(texts)
    tables: list[Objects] = []
    lists: list[Lists] = []
    before = 0
    for chunk in chunks(texts, SECTION, dropped):
        reader = _Chunk(Lines(chunk), rules)
        objects, listed = reader.read(dropped)
        tables.append(objects)
        lists.append(listed.shifted(before))
        before += len(objects)
    found = sort(Objects.join(tables), Lists.join(lists), rules.curve_types, len(texts))
    return found, dropped


class _Rules:
    """What the lines of each file need to know of it, and the curve types met so far."""

    def __init__(self, texts: Sequence[OsuText]) -> None:
        self.version = [text.version for text in texts]
        self.offset_ms = np.array([text.offset_ms for text in texts], np.float64)
        self.lazer = np.array([text.version >= FIRST_LAZER_VERSION for text in texts], np.bool_)
        self.any_lazer, self.any_offset = bool(self.lazer.any()), bool(self.offset_ms.any())
        self.curve_types = list(CURVE_TYPES)

    def curve_type(self, name: str) -> int:
        """Return the number of a curve type as written."""
        if name not in self.curve_types:
            self.curve_types.append(name)
        return self.curve_types.index(name)


class _Chunk:
    """Reads the lines of one chunk into columns; a line with any field that is not plain is read alone, by `hitline`.

    Attributes:
        objects: one row a line.
        read: which rows are read.
        lists: what sliders list, owners being lines.
    """

    def __init__(self, lines: Lines, rules: _Rules) -> None:
        self.lines, self.rules = lines, rules
        self.objects = Objects.empty(len(lines))
        self.objects.chart[:] = lines.chart
        self.read_ok = np.zeros(len(lines), np.bool_)
        self.comments = lines.with_comments()
        self.lists: list[Lists] = []

    def read(self, dropped: list[tuple[int, int]]) -> tuple[Objects, Lists]:
        """Read all lines; add (file, byte) of those that cannot be read to `dropped`."""
        five = self.lines.n_commas >= 4
        five[self.comments] = False
        if five.any():
            self._plain(rows(five))
        self._odd(dropped)
        lists = Lists.join(self.lists)
        if self.read_ok.all():
            return self.objects, lists
        place = np.cumsum(self.read_ok) - 1
        return self.objects.take(self.read_ok), lists.moved(place)

    def _odd(self, dropped: list[tuple[int, int]]) -> None:
        """Read the lines that are left, one by one."""
        points: list[tuple[object, ...]] = []
        sounds: list[tuple[object, ...]] = []
        banks: list[tuple[object, ...]] = []
        for i in np.flatnonzero(~self.read_ok).tolist():
            text = clean_line(self.lines.text(i))
            if text is None:
                continue
            chart = int(self.lines.chart[i])
            try:
                line = hitline.read_line(text, self.rules.version[chart], self.rules.offset_ms[chart])
            except (ValueError, IndexError):
                dropped.append(self.lines.place(i))
                continue
            self._set(i, line)
            points += ((i, p.segment, self.rules.curve_type(p.type), p.x, p.y) for p in line.points)
            sounds += ((i, edge, sound) for edge, sound in enumerate(line.sounds))
            banks += ((i, edge, bank[0], bank[1]) for edge, bank in enumerate(line.banks) if bank is not None)
        if points or sounds or banks:
            self.lists.append(
                Lists(
                    Points.make(*zip(*points, strict=True)) if points else Points.empty(0),
                    Sounds.make(*zip(*sounds, strict=True)) if sounds else Sounds.empty(0),
                    Banks.make(*zip(*banks, strict=True)) if banks else Banks.empty(0),
                )
            )

    def _set(self, i: int, line: Line) -> None:
        self.read_ok[i] = True
        for name, value in zip(Objects.names(), line, strict=False):  # a Line goes on with what sliders list
            if name != "chart":
                getattr(self.objects, name)[i] = value

    def _plain(self, at: Rows) -> None:
        """Read the fields that every object has, then those of each kind. `at`: lines of five fields or more."""
        out = self.objects
        fields = self.lines.fields(5, at)
        x, ok = decimals(self.lines, *fields[0], MAX_COORDINATE, short=True)
        y, ok_y = decimals(self.lines, *fields[1], MAX_COORDINATE, short=True)
        start, ok_start = decimals(self.lines, *fields[2], MAX_VALUE)
        bits, ok_bits = integers(self.lines, *fields[3])
        hitsound, ok_sound = integers(self.lines, *fields[4])
        ok &= ok_y & ok_start & ok_bits & ok_sound
        kind = _KIND.take(bits & 255)
        if self.rules.any_offset:
            start += self.rules.offset_ms[self.lines.chart[at]]
        out.raw_x[at], out.raw_y[at] = self._pixels(x, at), self._pixels(y, at)
        out.start_ms[at] = out.end_ms[at] = start
        out.type_bits[at], out.hitsound[at] = bits, hitsound
        out.kind[at] = kind
        kind[~ok] = -1
        readers = {CIRCLE: self._circles, SLIDER: self._sliders, SPINNER: self._spinners, HOLD: self._holds}
        for number, reader in readers.items():
            some = rows(kind == number)
            some = at if isinstance(some, slice) else some if isinstance(at, slice) else at[some]
            if isinstance(some, slice) or len(some):
                self.read_ok[some] = reader(some)

    def _circles(self, at: Rows) -> BoolArray:
        return self._samples(at, samples(self.lines, *self.lines.field(5, at)))

    def _spinners(self, at: Rows) -> BoolArray:
        out = self.objects
        value, ok = decimals(self.lines, *self.lines.field(5, at), MAX_VALUE)
        out.end_ms[at] = np.maximum(out.start_ms[at], value + self.rules.offset_ms[out.chart[at]])
        return ok & self._samples(at, samples(self.lines, *self.lines.field(6, at)))

    def _holds(self, at: Rows) -> BoolArray:
        """Read ``end:samples`` in field 5; a hold without that field is left to the slow road."""
        out = self.objects
        value, found = holds(self.lines, *self.lines.field(5, at))
        out.end_ms[at] = np.maximum(out.start_ms[at], value)
        if self.rules.any_offset:
            out.end_ms[at] += self.rules.offset_ms[out.chart[at]]
        return self._samples(at, found)

    def _sliders(self, at: Rows) -> BoolArray:
        """Read points, spans, length, edges and samples: fields 5 to 10."""
        lines, out, charts = self.lines, self.objects, self.lines.chart[at]
        spans, ok = integers(lines, *lines.field(6, at))
        length, ok_length = decimals(lines, *lines.field(7, at), MAX_COORDINATE)
        ok &= ok_length & (spans <= hitline.MAX_REPEATS)
        spans = np.maximum(spans, 1)
        out.spans[at] = np.where(ok, spans, 0)
        out.length_px[at] = np.where(length > 0, length, np.nan)
        out.end_ms[at] = np.nan
        ok &= self._samples(at, samples(lines, *lines.field(10, at)))
        path = curves(lines, *lines.field(5, at), lazer=self.rules.lazer[charts])
        sound = edge_sounds(lines, *lines.field(8, at), spans + 1)
        bank = edge_banks(lines, *lines.field(9, at), spans + 1)
        ok &= path.ok & sound.ok & bank.ok
        point, edge, sets = ok[path.field], ok[sound.field], ok[bank.field]
        owner, line = path.field[point], np.arange(len(lines))[at]
        self.lists.append(
            Lists(
                Points.make(line[owner], np.zeros(len(owner)), path.type[owner], path.x[point], path.y[point]),
                Sounds.make(line[sound.field[edge]], sound.edge[edge], sound.values[0][edge]),
                Banks.make(line[bank.field[sets]], bank.edge[sets], bank.values[0][sets], bank.values[1][sets]),
            )
        )
        return ok

    def _samples(self, at: Rows, found: Samples) -> BoolArray:
        out, some = self.objects, found.rows if isinstance(at, slice) else at[found.rows]
        out.sample_set[some], out.addition_set[some] = found.sample_set, found.addition_set
        out.volume[some] = found.volume
        return found.ok

    def _pixels(self, value: FloatArray, at: Rows) -> np.ndarray:
        single = value.astype(np.float32)
        whole = np.trunc(single) + np.float32(0)  # no negative zero
        return np.where(self.rules.lazer[self.lines.chart[at]], single, whole) if self.rules.any_lazer else whole
