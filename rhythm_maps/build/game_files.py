"""Files of a game that are no maps (replays, databases), as `inspect` shows them; nothing of them enters a row."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rhythm_maps import games, limits
from rhythm_maps.errors import BadFormat, InputError
from rhythm_maps.games.base import FactTable, FileFacts, Game, KnowsFiles

Known = dict[str, str]
"""Songs by chart id: ``Artist - Title [Difficulty]``."""

_NAMING = ("chart_id", "artist", "title", "difficulty")


def describe_file(path: Path) -> dict[str, Any] | None:
    """Say what is in one file that a game knows and that is no map.

    Returns:
        ``game``, ``name``, ``form``, ``what``, ``facts``, ``tables`` (`FactTable` by name), ``shown``, ``problems``
        (code, reason, place each) and ``rejected``, true where nothing could be read; None for a file that no game
        knows.

    Raises:
        InputError: it cannot be read from the disk.
    """
    for game, knows in _knowing():
        if not path.name.lower().endswith(knows.file_suffixes):
            continue
        try:
            found = knows.describe(path.name, _bytes(path))
        except BadFormat as error:
            return _entry(game, path.name, FileFacts("", "", {}, problems=[error]), rejected=True)
        if found is not None:
            return _entry(game, path.name, found, rejected=False)
    return None


def describe_folder(
    folder: Path, progress: Callable[[Sequence[Any]], Iterator[Any]] = iter
) -> Iterator[dict[str, Any]]:
    """Say what is in each such file at or below a folder, in the order of their paths.

    Yields:
        As `describe_file`, ``name`` being the path below `folder` with "/".
    """
    suffixes = tuple(suffix for _, knows in _knowing() for suffix in knows.file_suffixes)
    paths = [
        Path(parent) / name
        for parent, _, names in os.walk(folder)
        for name in names
        if suffixes and name.lower().endswith(suffixes)
    ]
    for path in progress(sorted(paths)):
        try:
            entry = describe_file(path)
        except InputError:  # gone or locked since it was listed; a folder is shown without it
            continue
        if entry is not None:
            yield {**entry, "name": path.relative_to(folder).as_posix()}


def _knowing() -> list[tuple[Game, KnowsFiles]]:
    every = [games.get(name) for name in games.names()]
    return [(game, game) for game in every if isinstance(game, KnowsFiles)]


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > limits.DATABASE_BYTES:
            raise BadFormat("file_too_large", f"more than {limits.DATABASE_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _entry(game: Game, name: str, found: FileFacts, *, rejected: bool) -> dict[str, Any]:
    return {
        "game": game.name,
        "name": name,
        "form": found.form,
        "what": found.what or f"A file that looks like one of {game.title}'s and cannot be read.",
        "facts": dict(found.facts),
        "tables": dict(found.tables),
        "shown": found.shown,
        "problems": [{"code": p.code, "reason": p.reason, "place": p.place} for p in found.problems],
        "rejected": rejected,
    }


def songs_of_charts(rows: Iterable[Mapping[str, Any]]) -> Known:
    """Return the songs of rows with `chart_id`, `artist`, `title` and `difficulty`."""
    return {row["chart_id"]: song(row["artist"], row["title"], row["difficulty"]) for row in rows}


def songs_of_file(entry: Mapping[str, Any]) -> Known:
    """Return the songs of the charts that a described file lists (see `FactTable`)."""
    known: Known = {}
    for table in entry["tables"].values():
        if all(name in table.columns for name in _NAMING):
            rows = zip(*(table.columns[name] for name in _NAMING), strict=True)
            known |= {
                chart_id: song(artist, title, difficulty) for chart_id, artist, title, difficulty in rows if chart_id
            }
    return known


def song(artist: str | None, title: str | None, difficulty: str | None) -> str:
    """Return a chart's name as people write it."""
    return f"{artist or '?'} - {title or '?'} [{difficulty or '?'}]"


def join(entry: dict[str, Any], known: Known) -> dict[str, Any]:
    """Return a described file with ``song`` beside each `chart_id`: the chart's name, None where it is not known."""
    facts = entry["facts"]
    if "chart_id" in facts:
        facts = {**facts, "song": known.get(facts["chart_id"])}
    tables = {
        name: table._replace(columns={**table.columns, "song": [known.get(md5) for md5 in table.columns["chart_id"]]})
        if "chart_id" in table.columns and "title" not in table.columns
        else table
        for name, table in entry["tables"].items()
    }
    return {**entry, "facts": facts, "tables": tables}


def plain(value: Any) -> Any:
    """Return facts as what JSON can say: tables as columns, dates as ISO 8601 in UTC, NaN and infinities as None."""
    if isinstance(value, FactTable):
        return {name: plain(column) for name, column in value.columns.items()}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return _list(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _list(column: npt.NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        texts = np.datetime_as_string(column).tolist()
        return [None if text == "NaT" else f"{text}+00:00" for text in texts]
    if column.dtype.kind == "f" and not (real := np.isfinite(column)).all():
        return [value if is_real else None for value, is_real in zip(column.tolist(), real.tolist(), strict=True)]
    found: list[Any] = column.tolist()
    return found
