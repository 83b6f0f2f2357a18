"""Presets: named filters over charts, read from ``configs/<game>.toml``.

A preset is a view: in a build's README it is a config with the same data files and ``filters:``; in a builder it is a
filter. Only top-level scalar columns can be filtered, because a Parquet reader can skip by nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rhythm_maps import games
from rhythm_maps.columns import Column
from rhythm_maps.errors import UsageError
from rhythm_maps.schema import chart_columns

Filter = tuple[str, str, Any]
OPERATORS = ("==", "=", "!=", "<", "<=", ">", ">=", "in", "not in")
CONTAINS = "contains"
"""Our own operator for columns that are lists of text, such as mappers and tags; a preset cannot use it, because no
Parquet reader knows it."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset: config name, one sentence for a person, and filters that must all hold."""

    name: str
    description: str
    filters: tuple[Filter, ...]


@lru_cache(maxsize=16)
def presets(game: str) -> Mapping[str, Preset]:
    """Return the presets of a game by name, in the order of its file; empty where it has no file.

    Raises:
        UsageError: the file is not right; the message says where.
    """
    source = resources.files("rhythm_maps.configs").joinpath(f"{game}.toml")
    if not source.is_file():
        return {}
    try:
        tables = tomllib.loads(source.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"configs/{game}.toml: {error}") from error
    found = {}
    for name, table in tables.items():
        if not isinstance(table, dict) or set(table) != {"description", "filters"}:
            raise UsageError(f"configs/{game}.toml: [{name}] must hold description and filters, and nothing else")
        filters = check_filters(
            table["filters"], chart_columns(games.get(game).columns), f"configs/{game}.toml [{name}]"
        )
        found[name] = Preset(name, table["description"], filters)
    return found


def get(game: str, name: str) -> Preset:
    """Return one preset.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return presets(game)[name]
    except KeyError:
        raise UsageError(
            f"no preset {name!r} for {game}: expected one of {', '.join(presets(game)) or '(none)'}"
        ) from None


def check_filters(
    filters: Sequence[Sequence[Any]], columns: Sequence[Column], where: str, *, lists: bool = False
) -> tuple[Filter, ...]:
    """Check ``[(column, operator, value), ...]`` against the columns that can be filtered.

    Args:
        filters: what to check.
        columns: the columns there are.
        where: what the filters belong to, for messages.
        lists: allow ``(column, "contains", text)`` on lists of text.

    Raises:
        UsageError: an unknown column, one that is no top-level scalar, or an unknown operator.
    """
    texts = {c.name for c in columns if lists and c.type == pa.list_(pa.string())}
    scalars = {c.name for c in columns if not pa.types.is_nested(c.type)}
    checked: list[Filter] = []
    for item in filters:
        if not isinstance(item, list | tuple) or len(item) != 3 or not isinstance(item[0], str):
            raise UsageError(f"{where}: a filter is (column, operator, value), not {item!r}")
        name, operator, value = item
        if name in texts and operator == CONTAINS:
            checked.append((name, operator, str(value)))
            continue
        if name not in scalars:
            nested = name in {c.name for c in columns}
            why = "holds lists or structs: only scalar columns can be compared" if nested else "does not exist"
            why += f'; use ("{name}", "{CONTAINS}", text)' if name in texts else ""
            raise UsageError(f"{where}: column {name!r} {why}. Columns: {', '.join(sorted(scalars))}")
        if operator not in OPERATORS:
            raise UsageError(f"{where}: operator {operator!r} is not one of {' '.join(OPERATORS)}")
        checked.append((name, operator, tuple(value) if isinstance(value, list) else value))
    return tuple(checked)


def mask(table: pa.Table, filters: Sequence[Filter]) -> pa.ChunkedArray | None:
    """Return which rows pass all filters (a null never passes), or None when there is nothing to filter."""
    if not filters:
        return None
    numbered = table.append_column("__row", pa.array(range(len(table)), pa.int64()))
    plain = [item for item in filters if item[1] != CONTAINS]
    if plain:
        scalars = numbered.select(["__row", *sorted({name for name, _, _ in plain})])
        kept = scalars.filter(pq.filters_to_expression(plain))["__row"]
    else:
        kept = numbered["__row"]
    passed = pc.is_in(numbered["__row"], value_set=kept.combine_chunks())
    for name, _, value in (item for item in filters if item[1] == CONTAINS):
        holds = [value in (texts or ()) for texts in table[name].to_pylist()]
        passed = pc.and_(passed, pa.array(holds, pa.bool_()))
    return passed
