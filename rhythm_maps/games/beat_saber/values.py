"""Careful reading of decoded JSON values: every function takes anything and never raises.

Map files are written by many editors and by hand: numbers stand in quotes, lists are null, text holds half of
a surrogate pair. What a value means is decided here, once, for `Info.dat` and for beatmaps alike.
"""

from __future__ import annotations

import math
import re
from typing import Any

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_QUOTED_LENGTH = 64


def number(value: object) -> float:
    """Return a JSON number, or one in quotes (the game's Newtonsoft reader takes both), as a float; else NaN.

    A whole number too large for a float64 gives an infinity. true and false are not numbers.
    """
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str) and len(value) <= _QUOTED_LENGTH and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return math.nan


def text(value: object) -> str:
    """Return a JSON string that any encoder takes (half surrogates become "?"), a number as text, else ""."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(number(value)) < math.inf:
        return str(value)
    return ""


def texts(value: object) -> tuple[str, ...]:
    """Return the non-empty strings of a list, () for anything else."""
    return tuple(found for found in map(text, value) if found) if isinstance(value, list) else ()


def section(value: object) -> dict[str, Any]:
    """Return a JSON object; an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}
