"""The parts of a card that show the data itself: three real rows, and the columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq

from rhythm_maps import games, schema
from rhythm_maps.build.readme import table, type_name
from rhythm_maps.build.spec import columns
from rhythm_maps.columns import Column
from rhythm_maps.publish.card_sections import shown
from rhythm_maps.publish.contents import Contents, Stored
from rhythm_maps.publish.extras import CREDITS
from rhythm_maps.publish.markdown import escape

_SHOWN = (
    "chart_id", "track_id", "artist", "title", "title_unicode", "difficulty", "mode", "mappers", "status", "stars",
    "tempo_bpm", "timing_quality", "beats", "n_notes", "nps", "length_s", "notes", "codec", "sampling_rate",
    "duration_s", "path", "n_q", "frames", "codes",
)  # fmt: skip
"""What a card shows of a row, in this order, of what there is."""
_ROWS = 3


def three_rows(contents: Contents) -> str:
    """Return three rows of the first config as a table, of different modes and splits where there are several."""
    name, stored = next(iter(contents.stored.items()))
    found = [column for column in _SHOWN if column in stored.schema.names]
    rows = [_row(stored, *place, found) for place in _places(stored)]
    head = ["", *(f"`{name}`, {split}" for split, _ in rows)]
    return table(head, [[f"`{column}`", *(shown(row[column]) for _, row in rows)] for column in found])


def _places(stored: Stored) -> list[tuple[str, int]]:
    """Choose (split, number of the row in it): first of each mode, turning over the splits, then whatever is next."""
    modes = stored.table(["mode"] if "mode" in stored.schema.names else [])
    splits = modes["split"].to_pylist()
    names = modes["mode"].to_pylist() if "mode" in modes.column_names else [""] * len(splits)
    seen: dict[str, int] = {}
    places = []
    for split, mode in zip(splits, names, strict=True):
        at = seen.get(split, 0)
        seen[split] = at + 1
        places.append((split, at, mode))
    chosen: list[tuple[str, int, str]] = []
    while len(chosen) < min(_ROWS, len(places)):
        used_modes, used_splits = {c[2] for c in chosen}, {c[0] for c in chosen}
        rest = (place for place in places if place not in chosen)
        chosen.append(min(rest, key=lambda p: (p[2] in used_modes, p[0] in used_splits)))
    return [(split, at) for split, at, _ in chosen]


def _row(stored: Stored, split: str, at: int, names: list[str]) -> tuple[str, dict[str, Any]]:
    for path in stored.files[split]:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if at < rows:
                    row: dict[str, Any] = file.read_row_group(group, columns=names).slice(at, 1).to_pylist()[0]
                    return split, row
                at -= rows
    raise IndexError(f"row {at} of {split}")


def column_tables(contents: Contents) -> str:
    """Return a table of columns for each config; one that repeats another's columns names only its own."""
    known = declared(contents.kind)
    parts = []
    for name, stored in contents.stored.items():
        names = list(stored.schema.names)
        base = _repeated(contents, name)
        head = f"The columns of `{base}`, and:\n\n" if base else ""
        if base:
            names = [column for column in names if column not in contents.stored[base].schema.names]
        if not names:
            parts.append(f"### {name}\n\nSome of the columns of `{base}`.")
            continue
        lines = [_line(stored, column, known.get(name, {}).get(column)) for column in names]
        parts.append(f"### {name}\n\n{head}{table(['column', 'type', 'meaning', 'null', 'profile'], lines)}")
    return "\n\n".join(parts)


def _repeated(contents: Contents, name: str) -> str:
    """Return the config whose columns this one repeats: tracks has all of beats, preview columns of charts."""
    base = {"tracks": "beats", "preview": "charts"}.get(name, "")
    if base not in contents.stored:
        return ""
    has, wanted = set(contents.stored[name].schema.names), set(contents.stored[base].schema.names)
    return base if wanted <= has or has <= wanted else ""


def _line(stored: Stored, name: str, column: Column | None) -> list[str]:
    field = stored.schema.field(name)
    nulls = stored.nulls.get(name, 0.0)
    null = f"{100 * nulls:.0f} %" if nulls >= 0.01 else ("< 1 %" if nulls else "")
    if column is None:
        column = Column(name, field.type, (field.metadata or {}).get(b"description", b"").decode())
    meaning = column.description.replace("|", "\\|")
    if column.origin:
        meaning += f" *({escape(column.origin, 200)})*"
    return [f"`{name}`", f"`{type_name(column)}`", meaning, null, column.profile]


def declared(kind: str) -> Mapping[str, Mapping[str, Column]]:
    """Return config -> name -> column, of all configs whose columns are declared."""
    found: dict[str, tuple[Column, ...]] = {"tokens": getattr(schema, "TOKENS", ()), "credits": CREDITS}
    if kind in games.names():
        charts = columns(kind, "charts")
        found |= {"charts": charts, "preview": charts}
    found |= {"beats": schema.BEATS_CONFIG, "tracks": schema.TRACKS}
    return {config: {column.name: column for column in cols} for config, cols in found.items()}
