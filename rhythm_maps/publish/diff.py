"""What differs between two builds or revisions: rows added, removed, changed and moved, by config.

A row is known by its id column and has a hash of its content, over the columns that both sides have. Files of the same
bytes on both sides are not read; audio never is: a recording's id is the sha256 of its bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.publish.facts import Change
from rhythm_maps.publish.hub import Repository, sha256
from rhythm_maps.publish.versions import parse_tag

KEYS = ("chart_id", "track_id")
"""Id columns: a config's rows are known by the first of these that it has."""
_DERIVED = {"credits", "preview"}
"""Published configs that repeat what others hold."""
_NOTHING = Change("")


class Side(Protocol):
    """One of the two things that are compared: its name, and its Parquet files."""

    name: str

    def files(self) -> Mapping[str, str]:
        """Return the digest of every Parquet file of the configs by path."""

    def open(self, path: str) -> AbstractContextManager[Any]:
        """Open one of them for reading."""


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs.

    Attributes:
        rows: the rows that were added, removed or changed, by config, as a change log has them.
        moved: config -> rows whose split is another.
        columns: config -> columns that were added, dropped, or have another type, in words.
        dropped_configs: configs that are no longer there.
        removed_ids: config -> ids of the rows that are no longer there, sorted.
    """

    rows: Change = _NOTHING
    moved: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped_configs: tuple[str, ...] = ()
    removed_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Tell whether nothing differs."""
        counts = (self.rows.added, self.rows.removed, self.rows.changed, self.moved, self.columns)
        return not any(counts) and not self.dropped_configs

    def breaking(self) -> tuple[str, ...]:
        """Return what a reader of the older side would trip over, in words."""
        found = [f"{config} has other columns: {', '.join(words)}" for config, words in sorted(self.columns.items())]
        found += [f"{n} rows of {config} moved to another split" for config, n in sorted(self.moved.items())]
        return (*found, *(f"the config {config} is gone" for config in self.dropped_configs))


class Folder:
    """A build's folder, or a staged one."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path

    def files(self) -> Mapping[str, str]:
        """Return the sha256 of every Parquet file of the configs."""
        found = (p.relative_to(self._path).as_posix() for p in sorted(self._path.glob("*/*.parquet")))
        return {path: sha256(self._path / path) for path in found if _is_data(path)}

    def open(self, path: str) -> AbstractContextManager[Any]:
        """Open a file."""
        return (self._path / path).open("rb")


class Revision:
    """A revision of a Hub repository."""

    def __init__(self, repository: Repository, revision: str) -> None:
        self.name = f"{repository.name}@{revision}"
        self._repository, self._revision = repository, revision

    def files(self) -> Mapping[str, str]:
        """Return the sha256 of every Parquet file of the configs, as the Hub states it."""
        return {path: file.digest for path, file in self._repository.tree(self._revision).items() if _is_data(path)}

    def open(self, path: str) -> AbstractContextManager[Any]:
        """Open a file, which is then read by ranges."""
        opened: AbstractContextManager[Any] = self._repository.open_remote(path, self._revision)
        return opened


def _is_data(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return name.endswith(".parquet") and "/" not in folder and folder not in {"", "meta", *_DERIVED}


def side(place: str, *, token: str | None = None) -> Side:
    """Find what `place` names: the folder of a build, "owner/name" or "owner/name@v1.2.0".

    Raises:
        UsageError: it is none of these, or the repository has no such revision.
        HubError: the Hub refused or could not be reached.
    """
    path = Path(place).expanduser()
    if path.is_dir():
        if not (path / "meta" / "info.json").is_file():
            raise UsageError(f"{place}: a folder, but not a build: it has no meta/info.json")
        return Folder(path)
    name, _, revision = place.partition("@")
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise UsageError(
            f"{place}: expected the folder of a build, or a Hub repository (owner/name or owner/name@v1.2.0)"
        )
    repository = Repository(name, token=token)
    if repository.state() is None:
        raise UsageError(
            f"{place}: no such folder, and the Hub shows no such repository. Check the name and the token."
        )
    if revision and revision != "main" and revision not in (tags := repository.tags()):
        known = ", ".join(sorted(tags, key=lambda tag: parse_tag(tag) or (0, 0, 0))) or "none"
        raise UsageError(f"{place}: the repository has no version {revision}; it has: {known}")
    return Revision(repository, revision or "main")


def compare(old: Side, new: Side) -> Diff:
    """Compare two sides; `new` is what a reader gets instead of `old`.

    Raises:
        InputError: a file cannot be read.
        BadFormat: a file is no Parquet.
    """
    before, after = old.files(), new.files()
    configs = sorted({path.split("/")[0] for path in (*before, *after)})
    counts: dict[str, dict[str, int]] = {"added": {}, "removed": {}, "changed": {}, "moved": {}}
    columns: dict[str, tuple[str, ...]] = {}
    removed_ids: dict[str, tuple[str, ...]] = {}
    dropped = []
    for config in configs:
        ours = {path: digest for path, digest in before.items() if path.startswith(f"{config}/")}
        theirs = {path: digest for path, digest in after.items() if path.startswith(f"{config}/")}
        same = {path for path, digest in ours.items() if theirs.get(path) == digest}
        if same == ours.keys() == theirs.keys():
            continue
        shapes = [_schema(side, files) for side, files in ((old, ours), (new, theirs))]
        if ours and theirs and (words := _columns(*shapes)):
            columns[config] = words
        if ours and not theirs:
            dropped.append(config)
        common = _common(shapes)
        was, now = (
            {row: rest for path in sorted(files.keys() - same) for row, rest in _rows(side, path, common)}
            for side, files in ((old, ours), (new, theirs))
        )
        gone, both = sorted(was.keys() - now.keys()), was.keys() & now.keys()
        found = {
            "added": len(now.keys() - was.keys()),
            "removed": len(gone),
            "changed": sum(was[row][1] != now[row][1] for row in both),
            "moved": sum(was[row][0] != now[row][0] for row in both),
        }
        for name, n in found.items():
            if n:
                counts[name][config] = n
        if gone:
            removed_ids[config] = tuple(gone)
    rows = Change("", counts["added"], counts["removed"], counts["changed"])
    return Diff(rows, counts["moved"], columns, tuple(dropped), removed_ids)


def _schema(side: Side, files: Mapping[str, str]) -> pa.Schema | None:
    if not files:
        return None
    path = min(files)
    with _reading(side, path), side.open(path) as file:
        return pq.ParquetFile(file).schema_arrow


def _columns(old: pa.Schema, new: pa.Schema) -> tuple[str, ...]:
    """Say which columns came, went or changed their type."""
    words = [f"{name} is gone" for name in old.names if name not in new.names]
    words += [f"{name} is new" for name in new.names if name not in old.names]
    both = [name for name in old.names if name in new.names]
    return (
        *words,
        *(
            f"{name} is {new.field(name).type}, was {old.field(name).type}"
            for name in both
            if new.field(name).type != old.field(name).type
        ),
    )


def _common(shapes: list[pa.Schema | None]) -> list[str]:
    """Return the columns that both sides have, sorted, without audio."""
    there = [shape for shape in shapes if shape is not None]
    names = set(there[0].names).intersection(*(shape.names for shape in there))
    return sorted(name for name in names if name != "audio")


def _rows(side: Side, path: str, columns: list[str]) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Yield id, split and content hash of the rows of a file."""
    key = next((name for name in KEYS if name in columns), None)
    if key is None:
        raise BadFormat("no_id", f"{side.name}: {path} has none of the id columns {', '.join(KEYS)}", path)
    split = path.split("/")[1].rpartition("-of-")[0].rpartition("-")[0]
    with _reading(side, path), side.open(path) as file:
        parquet = pq.ParquetFile(file, pre_buffer=True)
        for number in range(parquet.num_row_groups):
            for row in parquet.read_row_group(number, columns=columns).to_pylist():
                content = msgspec.msgpack.encode([row[name] for name in columns])
                yield str(row[key]), (split, hashlib.sha256(content).digest())


class _reading:  # noqa: N801 - a context manager that reads as a word
    """Turn what Parquet and the system say of a file into our errors."""

    def __init__(self, side: Side, path: str) -> None:
        self._where = f"{side.name}: {path}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pa.ArrowException):
            raise BadFormat("bad_parquet", f"{self._where} is no Parquet file that can be read", self._where) from None
        if isinstance(error, OSError) and not isinstance(error, InputError):
            raise InputError(f"{self._where} cannot be read: {type(error).__name__}") from None
