"""One line of [HitObjects], exactly as ppy/osu's ConvertHitObjectParser reads it: the rule book of `hitobjects`.

It is slow and complete; `hitobjects` sends it the lines that are not plain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rhythm_maps.games.osu.numbers import MAX_COORDINATE, parse_float, parse_int, parse_single
from rhythm_maps.games.osu.text import FIRST_LAZER_VERSION

CIRCLE, SLIDER, SPINNER, HOLD = range(4)
"""Kinds of object."""
TYPE_BITS = ((1, CIRCLE), (2, SLIDER), (8, SPINNER), (128, HOLD))
"""Bits of the type field in the order in which they are looked at (LegacyHitObjectType)."""
NEW_COMBO = 4
COMBO_SKIP_SHIFT, COMBO_SKIP_MASK = 4, 7
MAX_REPEATS = 9000
"""A slider with more is dropped."""
CENTRE = (256.0, 192.0)
"""Where every spinner stands."""


class Bank(NamedTuple):
    """Samples as the file writes them; 0 where it says nothing, which stands for those of the timing point."""

    sample_set: int = 0
    addition_set: int = 0
    volume: int = 0


class Point(NamedTuple):
    """One control point of a slider: number of its segment, the segment's type as written, position."""

    segment: int
    type: str
    x: float
    y: float


class Line(NamedTuple):
    """One object. Times in milliseconds; a slider's end is NaN here, for it needs the timing of the map.

    The first twelve fields are those of `hitobjects.Objects`; `points`, `sounds` and `banks` are what a slider lists
    of its control points and of the hitsounds and samples of its edges, which may be fewer or more than it has edges.
    """

    kind: int
    type_bits: int
    raw_x: float
    raw_y: float
    start_ms: float
    end_ms: float
    hitsound: int
    sample_set: int
    addition_set: int
    volume: int
    spans: int
    length_px: float
    points: tuple[Point, ...] = ()
    sounds: tuple[int, ...] = ()
    banks: tuple[Bank | None, ...] = ()


class _Slider(NamedTuple):
    spans: int
    length_px: float
    points: tuple[Point, ...]
    sounds: tuple[int, ...]
    banks: tuple[Bank | None, ...]
    bank: Bank


def read_line(line: str, version: int, offset_ms: float) -> Line:
    """Read ``x,y,time,type,hitSound,...``.

    Args:
        line: without comment and space at the end.
        version: format version; positions below 128 lose their fractions.
        offset_ms: added to every time.

    Raises:
        ValueError, IndexError: the line is to be dropped.
    """
    fields = line.split(",", 11)
    x, y = (coordinate(parse_single(text, MAX_COORDINATE), version) for text in fields[:2])
    raw = parse_float(fields[2])
    start = raw + offset_ms
    bits = parse_int(fields[3])
    hitsound = parse_int(fields[4])
    kind = next((kind for bit, kind in TYPE_BITS if bits & bit), None)
    if kind == SLIDER:
        slider = _slider(fields, version)
        head = Line(kind, bits, x, y, start, float("nan"), hitsound, *slider.bank, slider.spans, slider.length_px)
        return head._replace(points=slider.points, sounds=slider.sounds, banks=slider.banks)
    end, bank = start, Bank()
    if kind == CIRCLE:
        bank = read_bank(fields[5]) if len(fields) > 5 else bank
    elif kind == SPINNER:
        end = max(start, parse_float(fields[5]) + offset_ms)
        bank = read_bank(fields[6]) if len(fields) > 6 else bank
    elif kind == HOLD:
        end, bank = _hold(fields, raw, start)
        end += offset_ms
    else:
        raise ValueError(line)
    return Line(kind, bits, x, y, start, end, hitsound, *bank, 0, float("nan"))


def coordinate(value: float, version: int) -> float:
    """Return a position as the game keeps it: whole pixels below version 128, else 32 bits."""
    return float(np.float32(value)) if version >= FIRST_LAZER_VERSION else float(int(value))


def read_bank(text: str, *, sets_only: bool = False) -> Bank:
    """Read ``normalSet:additionSet[:index[:volume[:file]]]``; of a slider's own samples only the sets are looked at.

    Raises:
        ValueError, IndexError: a number is missing or none; the whole line is to be dropped for it.
    """
    if not text:
        return Bank()
    parts = text.split(":", 4)
    sets = parse_int(parts[0]), parse_int(parts[1])
    if sets_only:
        return Bank(*sets, _number_or_zero(parts[3]) if len(parts) > 3 else 0)
    rest = [parse_int(part) for part in parts[2:4]]
    return Bank(*sets, rest[1] if len(rest) > 1 else 0)


def _number_or_zero(text: str) -> int:
    """Return what .NET's int.TryParse leaves behind."""
    try:
        return parse_int(text)
    except ValueError:
        return 0


def _hold(fields: list[str], raw: float, start: float) -> tuple[float, Bank]:
    """Return the end of a hold before the offset, at least the start, and its samples: ``end:samples`` in field 5."""
    if len(fields) < 6 or not fields[5]:
        return max(start, raw), Bank()
    end, _, bank = fields[5].partition(":")
    return max(start, parse_float(end)), read_bank(bank)


def _slider(fields: list[str], version: int) -> _Slider:
    """Read the fields of a slider; its length is NaN where the curve decides (none given, or none above 0)."""
    repeats = parse_int(fields[6])
    if repeats > MAX_REPEATS:
        raise ValueError(fields[6])
    spans = max(1, repeats)
    length = float("nan")
    if len(fields) > 7:
        length = parse_float(fields[7], MAX_COORDINATE)
        length = length if length > 0 else float("nan")
    bank = read_bank(fields[10], sets_only=True) if len(fields) > 10 else Bank()
    sounds: tuple[int, ...] = ()
    banks: tuple[Bank | None, ...] = ()
    if len(fields) > 9 and fields[9]:
        parts = fields[9].split("|", spans + 1)[: spans + 1]
        banks = tuple(read_bank(part) if part else None for part in parts)
    if len(fields) > 8 and fields[8]:
        sounds = tuple(_number_or_zero(part) for part in fields[8].split("|", spans + 1)[: spans + 1])
    return _Slider(spans, length, read_points(fields[5], version), sounds, banks, bank)


def read_points(text: str, version: int) -> tuple[Point, ...]:
    """Read the control points of a slider, ``B|x:y|x:y|P|x:y``; its head, the first point of all, is not among them.

    A letter begins a segment, which goes on to the first point of the next one (version 128 and later).

    Raises:
        ValueError, IndexError: a point cannot be read, or there is neither letter nor point.
    """
    points: list[Point] = []
    kind, segment = "", -1
    for part in text.split("|"):
        if part[0].isalpha():
            kind, segment = part, segment + 1
            continue
        values = part.split(":", 2)
        x, y = (coordinate(parse_float(values[i], MAX_COORDINATE), version) for i in (0, 1))
        points.append(Point(max(segment, 0), kind, x, y))
    return tuple(points)
