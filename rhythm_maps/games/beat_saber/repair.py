"""Reading JSON that is not quite JSON: NaN, garbage behind the document, and a damaged place here and there.

A map with one flipped byte is still a map. Where the decoder stops at a character that stands between tokens, it is
read as the space, comma, colon or quote that JSON must have there; else first the damaged number alone, then the
innermost object around it is replaced by null, and decoding starts again: one note is lost, not the chart. Damage that
reaches the outermost object, or more places than a few, is no repair any more.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat

_DECODER = json.JSONDecoder(strict=False)

_PLACES = 3
"""Most places repaired: each costs up to seven more passes over the file."""

_VALUE = re.compile(r'[^\s,:{}\[\]"]{1,64}')
_BEFORE_VALUE = ":,["
_REACH = 64
_STRUCTURE = frozenset("{}[]")
_AROUND_TOKENS = _STRUCTURE | frozenset(' \t\r\n,:"')
_UNOPENED = re.compile(r'[\w.\- ]{1,64}"')
"""What follows a quote that opens a name."""
_BRACE = re.compile("[{}]")
_OBJECT = 20_000
"""Characters before and behind a damaged place in which its object must begin and end."""


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
    tried = _try(text, place)
    if tried.failed is None:
        garbage = text[tried.end :].strip("\0 \t\r\n")
        warnings["trailing_garbage" if garbage else "loose_json"] += 1
        return tried.found
    first = tried.failed
    for repaired in range(1, _PLACES + 1 if len(data) <= limits.JSON_REPAIR_BYTES else 1):
        left = tried.left
        for candidate in _without_damage(text, len(text) - left):
            again = _try(candidate, place)
            if again.failed is None:
                warnings["repaired_json"] += repaired
                return again.found
            if again.left < tried.left:
                text, tried = candidate, again
        if tried.left >= left:
            break
    reason = f"no JSON document: {first.msg} (line {first.lineno}, column {first.colno})"
    raise BadFormat("bad_json", reason, place) from first


class _Attempt(NamedTuple):
    """What decoding a text came to: the document and where it ends, or the error and how much text it left."""

    found: object
    end: int
    failed: json.JSONDecodeError | None
    left: int


def _try(text: str, place: str) -> _Attempt:
    try:
        found, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        return _Attempt(None, 0, error, len(text) - error.pos)
    except ValueError as error:  # a whole number of thousands of digits
        raise BadFormat("bad_json", "a number with too many digits", place) from error
    return _Attempt(found, end, None, 0)


def _without_damage(text: str, at: int) -> Iterator[str]:
    """Give the text with what may be damaged at a position mended or null, the smallest pieces first."""
    yield from _mended(text, at)
    start = max(at - 1, 0)
    while start > max(at - _REACH, 0) and _VALUE.match(text[start]):
        start -= 1
    value = _VALUE.match(text, start + 1)
    if value and text[start] in _BEFORE_VALUE and text[value.end() : value.end() + 1] in {",", "}", "]"}:
        yield f"{text[: value.start()]}null{text[value.end() :]}"
    last = text.rfind("{", 0, at)
    # The innermost object; where a brace or quote is damaged, the last one that begins before, to either end.
    for opened, closed in (_around(text, at), (last, text.find("}", at)), (last, text.find("}", last + 1))):
        if opened > 0 and closed > opened:
            yield f"{text[:opened]}null{text[closed + 1 :]}"


def _mended(text: str, at: int) -> Iterator[str]:
    """Give the text with another character at a position, where only one of a kind can stand there."""
    here, before, after = (text[i : i + 1] or " " for i in (at, at - 1, at + 1))
    if here in _STRUCTURE or before not in _AROUND_TOKENS:
        return
    possible = " ,:" if after in _AROUND_TOKENS else '"' if _UNOPENED.match(text, at + 1) else ""
    for character in possible:
        yield f"{text[:at]}{character}{text[at + 1 :]}"


def _around(text: str, at: int) -> tuple[int, int]:
    """Return where the innermost object around a position begins and ends; -1 where that is not near."""
    before = [found.start() for found in _BRACE.finditer(text, max(at - _OBJECT, 0), at)]
    opened = _unmatched(text, before[::-1], "{")
    after = [found.start() for found in _BRACE.finditer(text, at, at + _OBJECT)]
    return opened, _unmatched(text, after, "}")


def _unmatched(text: str, braces: list[int], wanted: str) -> int:
    """Return the first brace of a kind that no brace before it in the list matches, -1 without one."""
    depth = 0
    for place in braces:
        depth += -1 if text[place] == wanted else 1
        if depth < 0:
            return place
    return -1
