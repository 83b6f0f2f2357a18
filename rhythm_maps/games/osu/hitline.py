"""One line of [HitObjects], exactly as ppy/osu's ConvertHitObjectParser reads it: the rule book of `hitobjects`.

It is slow and complete; `hitobjects` sends it the lines that are not plain.
"""

from __future__ import annotations

from typing import NamedTuple

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


class Line(NamedTuple):
    """One object. Times in milliseconds; a slider's end is NaN here, for it needs the timing of the map."""

    kind: int
    type_bits: int
    x: float
    y: float
    start_ms: float
    end_ms: float
    hitsound: int
    spans: int
    length_px: float


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
    end, spans, length = start, 0, float("nan")
    if kind == CIRCLE:
        if len(fields) > 5:
            check_samples(fields[5])
    elif kind == SLIDER:
        spans, length = _slider(fields, version)
        end = float("nan")
    elif kind == SPINNER:
        x, y = CENTRE
        end = max(start, parse_float(fields[5]) + offset_ms)
        if len(fields) > 6:
            check_samples(fields[6])
    elif kind == HOLD:
        end = _hold_end(fields, raw, start) + offset_ms
    else:
        raise ValueError(line)
    return Line(kind, bits, x, y, start, end, hitsound, spans, length)


def coordinate(value: float, version: int) -> float:
    """Return a position as the game keeps it: whole pixels below version 128."""
    return value if version >= FIRST_LAZER_VERSION else float(int(value))


def check_samples(text: str, *, banks_only: bool = False) -> None:
    """Check ``normalSet:additionSet[:index[:volume[:file]]]``; of a slider's own samples only the sets are looked at.

    Raises:
        ValueError, IndexError: a number is missing or none; the whole line is to be dropped for it.
    """
    if not text:
        return
    parts = text.split(":", 4)
    parse_int(parts[0])
    parse_int(parts[1])
    for part in () if banks_only else parts[2:4]:
        parse_int(part)


def _hold_end(fields: list[str], raw: float, start: float) -> float:
    """Return the end of a hold before the offset: what stands before the first colon of field 5, at least the start."""
    if len(fields) < 6 or not fields[5]:
        return max(start, raw)
    end, _, samples = fields[5].partition(":")
    value = max(start, parse_float(end))
    check_samples(samples)
    return value


def _slider(fields: list[str], version: int) -> tuple[int, float]:
    """Return spans and length of a slider; the length is NaN where the curve decides (none given, or none above 0)."""
    repeats = parse_int(fields[6])
    if repeats > MAX_REPEATS:
        raise ValueError(fields[6])
    spans = max(1, repeats)
    length = float("nan")
    if len(fields) > 7:
        length = parse_float(fields[7], MAX_COORDINATE)
        length = length if length > 0 else float("nan")
    if len(fields) > 10:
        check_samples(fields[10], banks_only=True)
    if len(fields) > 9:
        for part in fields[9].split("|", spans + 1)[: spans + 1]:
            check_samples(part)
    read_points(fields[5], version)
    return spans, length


def read_points(text: str, version: int) -> list[tuple[str, float, float]]:
    """Read the control points of a slider, ``B|x:y|x:y|P|x:y``: (type of its segment, x, y) each.

    Raises:
        ValueError, IndexError: a point cannot be read.
    """
    points: list[tuple[str, float, float]] = []
    kind = ""
    for part in text.split("|"):
        if part[0].isalpha():
            kind = part
            continue
        values = part.split(":", 2)
        x, y = (coordinate(parse_float(values[i], MAX_COORDINATE), version) for i in (0, 1))
        points.append((kind, x, y))
    return points
