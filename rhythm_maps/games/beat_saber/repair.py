"""Reading JSON that is not quite JSON: NaN, garbage behind the document, and a damaged place here and there.

A map with one flipped byte is still a map. Where the decoder stops, first the damaged number alone, then the innermost
object around it is replaced by null, and decoding starts again: one note is lost, not the chart. Damage that reaches
the outermost object, or more places than a few, is no repair any more.
"""

from __future__ import annotations

import json
import re
from collections import Counter

from rhythm_maps.errors import BadFormat

_DECODER = json.JSONDecoder(strict=False)

_PLACES = 4
"""Most places repaired: each costs one more pass over the file."""

_VALUE = re.compile(r'[^\s,:{}\[\]"]{1,64}')
_BEFORE_VALUE = ':,['
_REACH = 64


def decode(data: bytes, place: str, warnings: Counter[str]) -> object:
    """Decode one document that a strict decoder refused.

    Args:
        data: its text, meant to be UTF-8.
        place: the member's name, for messages.
        warnings: counts by code; gains ``trailing_garbage``, ``loose_json`` or ``repaired_json``.

    Raises:
        BadFormat: no JSON document, nor one after a few repairs (``bad_json``).
        RecursionError: nested too deeply.
    """
    text = data.decode("utf-8", "replace").lstrip()
    repaired = 0
    first: json.JSONDecodeError | None = None
    while True:
        try:
            found, end = _DECODER.raw_decode(text)
        except json.JSONDecodeError as error:
            first = first or error
            mended = _without_damage(text, error.pos) if repaired < _PLACES else None
            if mended is None:
                reason = f"no JSON document: {first.msg} (line {first.lineno}, column {first.colno})"
                raise BadFormat("bad_json", reason, place) from first
            text, repaired = mended, repaired + 1
        except ValueError as error:  # a whole number of thousands of digits
            raise BadFormat("bad_json", "a number with too many digits", place) from error
        else:
            break
    if repaired:
        warnings["repaired_json"] += repaired
    elif text[end:].strip("\0 \t\r\n"):
        warnings["trailing_garbage"] += 1
    else:
        warnings["loose_json"] += 1
    return found


def _without_damage(text: str, at: int) -> str | None:
    """Return the text with null in place of what cannot be read at a position; None where nothing can be spared."""
    start = max(at - 1, 0)
    while start > max(at - _REACH, 0) and _VALUE.match(text[start]):
        start -= 1
    value = _VALUE.match(text, start + 1)
    if value and text[start] in _BEFORE_VALUE and text[value.end() : value.end() + 1] in {",", "}", "]"}:
        bare = value.group()
        if bare != "null":
            return f"{text[: value.start()]}null{text[value.end() :]}"
    opened, closed = text.rfind("{", 0, at), text.find("}", at)
    if opened <= 0 or closed < 0:
        return None
    return f"{text[:opened]}null{text[closed + 1 :]}"
