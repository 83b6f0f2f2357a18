"""How `inspect` prints files of a game that are no maps: one in full, or many as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from rhythm_maps.build.game_files import song
from rhythm_maps.cli.report import table
from rhythm_maps.files.paths import printable
from rhythm_maps.games.base import FactTable

_SHOWN_ROWS = 40
_SHOWN_FILES = 200
_SHOWN_PROBLEMS = 20
_SONG = ("artist", "title", "difficulty")


def file_lines(entry: Mapping[str, Any]) -> list[str]:
    """Return the lines that show one file."""
    if entry["rejected"]:
        return [entry["what"], *_problems([entry])]
    facts = [[name, _cell(name, value, 72)] for name, value in _flat(entry["facts"])]
    wide = max((len(name) for name, _ in facts), default=0)
    lines = [printable(entry["what"]), "", *(f"  {printable(name):{wide}}  {value}" for name, value in facts)]
    for name, one in entry["tables"].items():
        lines += _table_lines(name, one)
    return [*lines, *_problems([entry])]


def folder_lines(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines that show many files: those of one kind as one table, the rest by their sentence."""
    lines: list[str] = []
    read = [entry for entry in entries if not entry["rejected"]]
    for form, group in groupby(sorted(read, key=itemgetter("form")), key=itemgetter("form")):
        same = list(group)
        shown = same[0]["shown"]
        if len(same) == 1:
            lines += ["", f"{printable(same[0]['name'])}: {printable(same[0]['what'])}"]
            continue
        rows = sorted(same, key=lambda entry: str(entry["facts"].get(shown[0])) if shown else "")
        columns = {name: [entry["facts"].get(name) for entry in rows] for name in (*shown, *_about(rows))}
        columns["file"] = [entry["name"] for entry in rows]
        lines += ["", f"{form}: {len(same):,}", _layout(columns, tuple(columns), len(rows), _SHOWN_FILES)]
    return [*lines, *_problems(entries)] if entries else []


def _about(entries: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the column that says which chart files are about: the song where one is known, else the id."""
    if any(entry["facts"].get("song") for entry in entries):
        return ("song",)
    return ("chart_id",) if any("chart_id" in entry["facts"] for entry in entries) else ()


def _table_lines(name: str, one: FactTable) -> list[str]:
    rows = len(next(iter(one.columns.values()), ()))
    if not one.shown or not rows:
        return ["", f"{name.replace('_', ' ')}: {rows:,} (--json shows all)" if rows else f"{name}: none"]
    columns, shown = dict(one.columns), one.shown
    if all(part in columns for part in _SONG):
        label = "song [difficulty]"
        columns[label] = [song(*parts) for parts in zip(*(columns[part][:_SHOWN_ROWS] for part in _SONG), strict=True)]
        shown = (label, *shown)
    elif "song" in columns:
        shown = (*(column for column in shown if column != "chart_id"), "song")
    return ["", f"{name.replace('_', ' ')}: {rows:,}", _layout(columns, shown, rows, _SHOWN_ROWS)]


def _layout(columns: Mapping[str, Any], shown: Sequence[str], rows: int, most: int) -> str:
    cells = [[name.replace("_", " ") for name in shown]]
    cells += [[_cell(name, columns[name][i]) for name in shown] for i in range(min(rows, most))]
    text = table(cells)
    return text if rows <= most else f"{text}\n  ... and {rows - most:,} more (--json shows all)"


def _flat(facts: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Return facts with those inside of facts, named ``judgements.max``."""
    out: list[tuple[str, Any]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping) and value:
            out += _flat(value, f"{before}{name}.")
        else:
            out.append((f"{before}{name}", value))
    return out


def _cell(name: str, value: Any, width: int = 48) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value in ("", [], {}) or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{100 * value:.2f} %" if name == "accuracy" else f"{value:.2f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, list):
        value = " ".join(str(part) for part in value)
    text = printable(str(value))
    if len(text) <= width:
        return text
    # Files of one folder begin alike.
    return f"...{text[3 - width :]}" if name == "file" else f"{text[: width - 3]}..."


def _problems(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [(entry["name"], problem) for entry in entries for problem in entry["problems"]]
    if not found:
        return ["", "Nothing is wrong."]
    lines = ["", "What is wrong:"]
    for name, p in found[:_SHOWN_PROBLEMS]:
        place = f" at {p['place']}" if p["place"] else ""
        lines.append(f"  {printable(name)}: {printable(p['reason'])}{printable(place)} [{p['code']}]")
    if len(found) > _SHOWN_PROBLEMS:
        lines.append(f"  ... and {len(found) - _SHOWN_PROBLEMS} more (--json shows all)")
    return lines
