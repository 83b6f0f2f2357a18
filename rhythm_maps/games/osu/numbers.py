"""Numbers as osu! reads them from text: one value at a time, every rule of .NET's invariant culture that maps meet.

This is the exact, slow road; `fields` reads whole columns of plain numbers and leaves the rest to these functions.
Python's own ``int`` and ``float`` would also take ``1_0`` and full-width digits, which the game refuses.
"""

from __future__ import annotations

import numpy as np

MAX_VALUE = 2_147_483_647.0
"""Largest magnitude of any number (ppy/osu Parsing.MAX_PARSE_VALUE)."""
MAX_COORDINATE = 131_072.0
"""Largest magnitude of a position or a slider length (ppy/osu Parsing.MAX_COORDINATE_VALUE)."""

_SPACE = " \t\n\v\f\r"
_DIGITS = frozenset("0123456789")
_FLOAT = frozenset("0123456789+-.eE")


def parse_int(text: str) -> int:
    """Read a whole number: ASCII digits, an optional sign, spaces around it.

    Raises:
        ValueError: it is no whole number (``4.0`` is none) or beyond `MAX_VALUE`.
    """
    body = text.strip(_SPACE)
    digits = body[1:] if body[:1] in {"+", "-"} else body
    if not digits or not _DIGITS.issuperset(digits):
        raise ValueError(text)
    value = int(body)
    if abs(value) > MAX_VALUE:
        raise ValueError(text)
    return value


def parse_float(text: str, limit: float = MAX_VALUE, *, nan: bool = False) -> float:
    """Read a decimal number as a double: exponents are legal, and so are commas between the digits before the point.

    Args:
        text: the field.
        limit: largest magnitude.
        nan: NaN is legal (beat lengths only).

    Raises:
        ValueError: it is no number, NaN where that is not legal, or beyond `limit`.
    """
    body = text.strip(_SPACE)
    if "," in body:
        body = _without_groups(body)
    if _FLOAT.issuperset(body):
        value = float(body)
        if abs(value) > limit:
            raise ValueError(text)
        return value
    if nan and body.lstrip("+-").lower() == "nan":
        return float("nan")
    raise ValueError(text)


def parse_single(text: str, limit: float) -> float:
    """Read a decimal number as a float of 32 bits, widened again.

    Raises:
        ValueError: as `parse_float`; the limit holds after rounding to 32 bits.
    """
    value = float(np.float32(parse_float(text)))
    if abs(value) > limit:
        raise ValueError(text)
    return value


def _without_groups(body: str) -> str:
    """Drop the thousands separators that .NET's default float style allows: ``1,000.5``, and ``1,4`` is 14."""
    whole, point, rest = body.partition(".")
    if "," in rest or whole.lstrip("+-")[:1] not in _DIGITS or "e" in whole.lower():
        raise ValueError(body)
    return whole.replace(",", "") + point + rest
