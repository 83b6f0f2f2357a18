"""``--filter "stars>=5"``: filters as a person types them."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from rhythm_maps import games
from rhythm_maps.build.presets import CONTAINS, Filter
from rhythm_maps.errors import UsageError
from rhythm_maps.schema import chart_columns

_FILTER = re.compile(r"([a-z][a-z0-9_]*) ?(<=|>=|==|!=|=|<|>|~| not in | in ) ?(.+)")


def parse_filters(game: str, texts: tuple[str, ...]) -> list[Filter]:
    """Parse filters such as ``stars>=5``, ``mode=mania``, ``keys in 4,7`` and ``mappers~Name`` (contains).

    Raises:
        UsageError: a text is no filter, names no column, or its value is not of the column's type.
    """
    types = {column.name: column.type for column in chart_columns(games.get(game).columns)}
    return [_parse(text, types) for text in texts]


def _parse(text: str, types: dict[str, pa.DataType]) -> Filter:
    match = _FILTER.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f'--filter {text!r}: expected column, operator and value, such as "stars>=5", "mode=mania", "keys in 4,7" '
            'or "mappers~Name"'
        )
    name, operator, value = match[1], match[2].strip(), match[3].strip()
    if name not in types:
        plain = ", ".join(sorted(n for n, kind in types.items() if not pa.types.is_struct(kind)))
        raise UsageError(f"--filter {text!r}: no column {name!r}. Columns: {plain}")
    if operator == "~":
        return name, CONTAINS, value
    if operator in {"in", "not in"}:
        return name, operator, tuple(_value(part.strip(), types[name], text) for part in value.split(","))
    return name, operator, _value(value, types[name], text)


def _value(text: str, kind: pa.DataType, filter_: str) -> Any:
    try:
        if pa.types.is_boolean(kind):
            return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
        if pa.types.is_integer(kind):
            return int(text)
        return float(text) if pa.types.is_floating(kind) else text
    except (ValueError, KeyError):
        raise UsageError(f"--filter {filter_!r}: {text!r} is no {kind}") from None
