"""What lies in a dataset folder: its configs with files, rows and bytes by split, and its ``meta/info.json``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps import games
from rhythm_maps.build import presets
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.run import read_info
from rhythm_maps.errors import BadFormat, InputError, UsageError

_FILE = re.compile(r"(?P<split>\w+)-\d+-of-\d+\.parquet")
_ORDER = ("charts", "beats", "tracks", "tokens")
"""The order in which configs are listed; the first one is the default. Others follow by name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One config that has files of its own.

    Attributes:
        name: its folder and config name.
        files: split -> its Parquet files, sorted; only splits with rows.
        schema: Arrow schema, with the metadata that datasets reads.
        rows: split -> rows.
        num_bytes: split -> bytes of the columns before compression.
        download_bytes: split -> bytes of the files.
        nulls: share of nulls of each top-level scalar column.
    """

    name: str
    files: Mapping[str, tuple[Path, ...]]
    schema: pa.Schema
    rows: Mapping[str, int]
    num_bytes: Mapping[str, int]
    download_bytes: Mapping[str, int]
    nulls: Mapping[str, float]

    def tables(self, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """Give (split, table of one row group) in order, of those of `columns` that there are."""
        wanted = [name for name in columns if name in self.schema.names]
        for split, files in self.files.items():
            for path in files:
                with pq.ParquetFile(path) as file:
                    for group in range(file.num_row_groups):
                        yield split, file.read_row_group(group, columns=wanted)

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Return all rows of some columns, and a column ``split``."""
        parts = [part.append_column("split", pa.array([split] * len(part))) for split, part in self.tables(columns)]
        return pa.concat_tables(parts).replace_schema_metadata(None)


@dataclass(frozen=True, slots=True)
class Contents:
    """A dataset folder.

    Attributes:
        folder: where it is.
        info: its ``meta/info.json``.
        stored: its configs with files of their own, in the order in which they are listed.
        presets: name -> split -> rows, of those with rows: filtered views of charts.
    """

    folder: Path
    info: Mapping[str, Any]
    stored: Mapping[str, Stored]
    presets: Mapping[str, Mapping[str, int]]

    @property
    def kind(self) -> str:
        """Return what made it: the name of a game, or ``ecdc_folder``."""
        return str(self.info["game"])

    def has(self, config: str, column: str) -> bool:
        """Tell whether a config is there and has a column."""
        return config in self.stored and column in self.stored[config].schema.names

    def first_with(self, column: str, order: Sequence[str] = _ORDER) -> Stored | None:
        """Return the first config of `order` that has a column, or None."""
        return next((self.stored[name] for name in order if self.has(name, column)), None)


def read_contents(folder: Path) -> Contents:
    """Read a dataset folder.

    Raises:
        InputError: there is no such folder.
        UsageError: it is no build of rhythm-maps, or has no rows.
        BadFormat: one of its Parquet files cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    info = read_info(folder)
    if info is None:
        raise UsageError(f"{folder}: no build of rhythm-maps (it has no meta/info.json that can be read)")
    stored = {}
    for place in sorted(folder.iterdir(), key=lambda path: (_rank(path.name), path.name)):
        if place.is_dir() and place.name not in {"meta", "assets"}:
            found = _read_stored(place)
            if found is not None:
                stored[place.name] = found
    if not stored:
        raise UsageError(f"{folder}: holds no Parquet file with rows (expected charts/train-00000-of-00001.parquet)")
    return Contents(folder, info, stored, _preset_rows(str(info["game"]), stored.get("charts")))


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _read_stored(place: Path) -> Stored | None:
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(place.glob("*.parquet")):
        if named := _FILE.fullmatch(path.name):
            files[named["split"]].append(path)
    schema = None
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    nulls: dict[str, int | None] = {}
    for split, paths in files.items():
        for path in paths:
            try:
                schema = pq.read_schema(path)
                meta = pq.read_metadata(path)
            except (pa.ArrowException, OSError) as error:
                raise BadFormat("bad_parquet", f"cannot be read as Parquet: {error}", str(path)) from error
            groups = [meta.row_group(i) for i in range(meta.num_row_groups)]
            found = (meta.num_rows, sum(group.total_byte_size for group in groups), path.stat().st_size)
            counts[split] = [a + b for a, b in zip(counts[split], found, strict=True)]
            for group in groups:
                _add_nulls(group, nulls)
    splits = sorted((s for s in counts if counts[s][0]), key=lambda s: (SPLITS.index(s) if s in SPLITS else 9, s))
    if schema is None or not splits:
        return None
    rows, size, download = ({split: counts[split][i] for split in splits} for i in range(3))
    total = sum(rows.values())
    known = {name: count / total for name, count in nulls.items() if count is not None}
    return Stored(place.name, {s: tuple(files[s]) for s in splits}, schema, rows, size, download, known)


def _add_nulls(group: Any, nulls: dict[str, int | None]) -> None:
    """Add a row group's nulls by top-level scalar column; None where the file does not say."""
    for i in range(group.num_columns):
        column = group.column(i)
        if "." in column.path_in_schema:
            continue
        before, stats = nulls.get(column.path_in_schema, 0), column.statistics
        said = before is not None and stats is not None and stats.has_null_count
        nulls[column.path_in_schema] = before + stats.null_count if said else None


def _preset_rows(kind: str, charts: Stored | None) -> dict[str, dict[str, int]]:
    if charts is None or kind not in games.names():
        return {}
    found = presets.presets(kind)
    names = sorted({name for preset in found.values() for name, _, _ in preset.filters} & set(charts.schema.names))
    rows: dict[str, dict[str, int]] = {}
    for split, table in charts.tables(names):
        for preset in found.values():
            if {name for name, _, _ in preset.filters} <= set(names):
                mask = presets.mask(table, preset.filters)
                kept = len(table) if mask is None else sum(mask.to_pylist())
                splits = rows.setdefault(preset.name, {})
                splits[split] = splits.get(split, 0) + kept
    return {name: kept for name, splits in rows.items() if (kept := {s: n for s, n in splits.items() if n})}
