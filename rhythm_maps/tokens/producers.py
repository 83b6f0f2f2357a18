"""Where features come from: file names, constants, ramps, tables, and the audio itself.

A producer is a function that is given a token file and returns features for `sidecar.write_features`. Each has a maker
here, and a line in `PRODUCERS`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, UsageError
from rhythm_maps.tokens import ecdc
from rhythm_maps.tokens.codec import HOP, SAMPLING_RATE
from rhythm_maps.tokens.sidecar_files import stem_of

FILE_NAME_PATTERN: Final = r"_(?P<name>[A-Za-z]\w*?)_(?P<value>-?\d+(?:\.\d+)?)"
"""``gain_3_tempo_120.0`` after a "_": each name takes the first number that follows it."""
BETWEEN: Final = ("linear", "hold")


class Job(NamedTuple):
    """A token file that features are made for.

    Attributes:
        path: the file.
        rel: its path below its root, '/' between folders.
        tokens: its content.
    """

    path: Path
    rel: str
    tokens: ecdc.Ecdc


Producer = Callable[[Job], Mapping[str, Any]]
"""Makes features for a token file: name -> values, or dicts as `sidecar.write_sidecar_features` takes."""

PRODUCERS: Final[Mapping[str, str]] = {
    "const": "NAME=VALUE: the same value in every frame",
    "lin": "NAME=FROM:TO: a straight line from the first frame to the last",
    "from-filename": "numbers in the file's name: x_tempo_120.0.ecdc gives tempo = 120",
    "audio-feats": "rms_db, onset_strength, log_mel, chroma, mfcc: of the recordings, else of the decoded codes",
    "csv": "columns of a table: one row a frame, rows at times (time_s), or one row a file (file)",
}
"""Option of ``rhythm-maps sidecar add`` -> what it makes."""


def produce(producers: Iterable[Producer], job: Job) -> dict[str, Any]:
    """Return the features of all producers.

    Raises:
        UsageError: two make a feature of one name.
        BadFormat, InputError: what a producer reads is damaged or missing.
    """
    made: dict[str, Any] = {}
    for producer in producers:
        for name, values in producer(job).items():
            if name in made:
                raise UsageError(f"{job.rel}: two producers make {name!r}; leave one out, or rename its feature")
            made[name] = values
    return made


def constants(texts: Sequence[str]) -> Producer:
    """Return the producer of ``NAME=VALUE`` texts.

    Raises:
        UsageError: a text is not of that form.
    """
    values = {name: _number(value, f"{name}={value}") for name, value in map(_split, texts)}
    return lambda job: {name: np.full(job.tokens.frames, value) for name, value in values.items()}


def ramps(texts: Sequence[str]) -> Producer:
    """Return the producer of ``NAME=FROM:TO`` texts: both ends are reached.

    Raises:
        UsageError: a text is not of that form.
    """
    ends: dict[str, tuple[float, float]] = {}
    for name, value in map(_split, texts):
        first, colon, last = value.partition(":")
        if not colon:
            raise UsageError(f"{name}={value}: NAME=FROM:TO is expected")
        ends[name] = (_number(first, f"{name}={value}"), _number(last, f"{name}={value}"))
    return lambda job: {name: np.linspace(*pair, job.tokens.frames) for name, pair in ends.items()}


def file_names(pattern: str = FILE_NAME_PATTERN) -> Producer:
    """Return the producer of constants in file names.

    Args:
        pattern: a regular expression with the groups ``name`` and ``value``; every place where it fits counts.

    Raises:
        UsageError: it is none, or lacks a group.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"{pattern!r} is no regular expression: {error}") from error
    if {"name", "value"} - compiled.groupindex.keys():
        raise UsageError(f"{pattern!r}: the groups (?P<name>...) and (?P<value>...) are expected")

    def made(job: Job) -> Mapping[str, Any]:
        found: dict[str, np.ndarray] = {}
        for match in compiled.finditer(stem_of(job.path)):
            if match["name"] in found:
                raise BadFormat("bad_name", f"{match['name']} stands twice in the file's name", job.rel)
            try:
                found[match["name"]] = np.full(job.tokens.frames, float(match["value"]))
            except ValueError as error:
                raise BadFormat("bad_name", f"{match['value']!r} is no number", job.rel) from error
        return found

    return made


def tables(path: Path, between: str = "linear") -> Producer:
    """Return the producer of features in CSV tables, whose columns are the features.

    A row stands for a frame where there are as many rows as frames and no times. With a column ``time_s`` (seconds,
    growing) rows stand for moments: ``linear`` gives each frame the value at its first sample, on straight lines
    between rows; ``hold`` lets a row's values begin in the frame its time falls into. Before the first row and after
    the last their values hold. A single row holds throughout.

    Args:
        path: a folder that mirrors that of the token files, ``NAME.csv`` for ``NAME.ecdc``; or one table with a column
            ``file``, the token file's path below its root with or without ``.ecdc``.
        between: ``linear`` or ``hold``.

    Raises:
        UsageError: `between` is neither.
        InputError, BadFormat: the table cannot be read.
    """
    if between not in BETWEEN:
        raise UsageError(f"between is {between!r}: one of {', '.join(BETWEEN)} is expected")
    if path.is_dir():
        return lambda job: _spread(
            _table((path / job.rel).with_name(f"{stem_of(job.path)}.csv")), job.tokens.frames, between
        )
    whole = _table(path)
    if "file" not in whole.columns:
        raise BadFormat("bad_table", "a column file is expected, or a folder of tables instead of one", path.name)

    def made(job: Job) -> Mapping[str, Any]:
        names = {job.rel, job.rel.removesuffix(job.path.suffix)}
        rows = [row for row in whole.rows if row[1][whole.columns.index("file")].replace("\\", "/") in names]
        if not rows:
            raise BadFormat("bad_table", f"no row whose file is {job.rel}", path.name)
        return _spread(_Table(whole.name, whole.columns, rows), job.tokens.frames, between)

    return made


class _Table(NamedTuple):
    """A CSV table: its name, its columns, and (line, cells) a row."""

    name: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]


def _table(path: Path) -> _Table:
    data = ecdc.read_capped(path, limits.TABLE_BYTES)
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFormat("bad_table", f"no CSV in UTF-8: {error}", path.name) from error
    if len(rows) < 2:
        raise BadFormat("bad_table", "a line of names and at least one row are expected", path.name)
    columns = [name.strip() for name in rows[0][1]]
    if len(set(columns)) < len(columns) or "" in columns:
        raise BadFormat("bad_table", "columns without a name, or two of one name", f"{path.name}, line {rows[0][0]}")
    for line, row in rows[1:]:
        if len(row) != len(columns):
            reason = f"{len(row)} cells where the first line has {len(columns)}"
            raise BadFormat("bad_table", reason, f"{path.name}, line {line}")
    return _Table(path.name, columns, rows[1:])


def _spread(table: _Table, frames: int, between: str) -> Mapping[str, Any]:
    values = {name: _column(table, at) for at, name in enumerate(table.columns) if name != "file"}
    times = values.pop("time_s", None)
    if len(table.rows) == 1:
        return {name: np.full(frames, column[0]) for name, column in values.items()}
    if times is None:
        if len(table.rows) != frames:
            reason = f"{len(table.rows)} rows for {frames} frames; one a frame, or a column time_s, is expected"
            raise BadFormat("bad_table", reason, table.name)
        return values
    late = np.flatnonzero(np.diff(times) < 0)
    if len(late):
        reason = f"time_s goes back from {times[late[0]]:g} to {times[late[0] + 1]:g}"
        raise BadFormat("bad_table", reason, f"{table.name}, line {table.rows[late[0] + 1][0]}")
    if between == "linear":
        starts = np.arange(frames) * (HOP / SAMPLING_RATE)
        return {name: np.interp(starts, times, column) for name, column in values.items()}
    begins = np.rint(times * SAMPLING_RATE) // HOP
    last = np.maximum(np.searchsorted(begins, np.arange(frames), side="right") - 1, 0)
    return {name: column[last] for name, column in values.items()}


def _column(table: _Table, at: int) -> np.ndarray:
    column = np.empty(len(table.rows))
    for i, (line, row) in enumerate(table.rows):
        try:
            column[i] = float(row[at])
        except ValueError:
            finite = False
        else:
            finite = bool(np.isfinite(column[i]))
        if not finite:
            reason = f"{table.columns[at]} is {row[at][:50]!r}; a finite number is expected"
            raise BadFormat("bad_table", reason, f"{table.name}, line {line}")
    return column


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{text!r}: NAME=VALUE is expected")
    return name.strip(), value


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{where}: {text!r} is no number") from None
