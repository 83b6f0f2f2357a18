"""Tables of a build as a policy leaves them: fewer columns, fewer rows, and nothing of what is gone in the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rhythm_maps import limits
from rhythm_maps.build.features import features
from rhythm_maps.build.parquet import TableWriter
from rhythm_maps.build.spec import columns as declared
from rhythm_maps.build.tracks import of_charts
from rhythm_maps.columns import Column
from rhythm_maps.errors import UsageError
from rhythm_maps.files import atomic
from rhythm_maps.publish.policy import STALE, Policy, kept_columns
from rhythm_maps.publish.verdicts import OF_CHARTS, OF_RECORDINGS, Verdicts, files, read

_GRID = ("tempo", "beats")
"""What the conditioning of tokens was made from."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A build, what may be published of it, and where that goes.

    Attributes:
        build: the folder of the build.
        info: the content of its ``meta/info.json``.
        policy, verdicts: what may be published.
        derived: what recordings that lose charts take from those that stay: `track_id` and columns of `beats`.
        same_grid: of these the ones whose tempo and beats stay what they were.
    """

    build: Path
    info: dict[str, Any]
    policy: Policy
    verdicts: Verdicts
    derived: pa.Table
    same_grid: frozenset[str]

    def write(self, config: str, out: Path) -> dict[str, int]:
        """Write a config into ``out/<config>`` and return split -> rows; files without rows are not written.

        Raises:
            UsageError: the build has a column that this version does not declare.
        """
        rows: dict[str, int] = defaultdict(int)
        for split, path in files(self.build, self.info, config):
            target = out / config / path.name
            if count := self._write_file(config, path, target):
                rows[split] += count
        return dict(rows)

    def _write_file(self, config: str, path: Path, target: Path) -> int:
        source = pq.ParquetFile(path)
        there = source.schema_arrow.names
        kept = kept_columns(self.info["game"], config, self.policy.profile)
        _check_declared(self._declared(config), config, there)
        judged = [name for name in (OF_CHARTS if config == "charts" else OF_RECORDINGS) if name in there]
        groups = [source.metadata.row_group(i) for i in range(source.num_row_groups)]
        if (
            [column.name for column in kept] == there
            and all(group.total_byte_size <= limits.PUBLISHED_ROW_GROUP_BYTES for group in groups)
            and self._edited(config, source.read(judged).replace_schema_metadata()) is None
        ):
            atomic.make_folder(target.parent)
            atomic.link(path, target)
            return int(source.metadata.num_rows)
        schema = features(kept).arrow_schema
        names = [name for name in there if name in schema.names or name in judged]
        return _write(target, schema, self._pieces(config, source, names, schema.names))

    def _declared(self, config: str) -> tuple[Column, ...]:
        """Return the columns that the files must have; what was published once has those of its profile."""
        if "profile" in self.info:
            return kept_columns(self.info["game"], config, self.info["profile"])
        return declared(self.info["game"], config)

    def _pieces(
        self, config: str, source: pq.ParquetFile, names: Sequence[str], kept: Sequence[str]
    ) -> Iterator[pa.Table]:
        for i in range(source.num_row_groups):
            table = source.read_row_group(i, names).replace_schema_metadata()
            edited = self._edited(config, table)
            left = (table if edited is None else edited).select(kept)
            if len(left):
                yield from _cut(left)

    def _edited(self, config: str, table: pa.Table) -> pa.Table | None:
        """Return rows as they may be published, None where nothing changes."""
        return self._charts(table) if config == "charts" else self._recordings(config, table)

    def _charts(self, table: pa.Table) -> pa.Table | None:
        charts, tracks = table["chart_id"].to_pylist(), table["track_id"].to_pylist()
        keep = [chart not in self.verdicts.charts for chart in charts]
        gone = [track in self.verdicts.tracks for track in tracks]
        asking = [self.policy.needs_permission(game) for game in table["game"].to_pylist()]
        if all(keep) and not any(gone) and not any(asking):
            return None
        if any(gone):
            # The chart of a mapper who uses a recording that may not be published: the id would name the recording.
            left = [None if lost else track for track, lost in zip(tracks, gone, strict=True)]
            table = _replaced(table, "track_id", pa.array(left, pa.string()))
        if any(asking):
            table = _replaced(table, "rights", self._permitted(table, asking))
        return table.filter(pa.array(keep))

    def _permitted(self, table: pa.Table, asking: Sequence[bool]) -> pa.Array:
        mapsets, rights = table["mapset_id"].to_pylist(), table["rights"].to_pylist()
        for one, mapset, asks in zip(rights, mapsets, asking, strict=True):
            permission = self.policy.permissions.get(mapset.casefold())
            if asks and permission is not None:
                one |= {"basis": permission.basis, "permission_ref": permission.reference}
        return pa.array(rights, table["rights"].type)

    def _recordings(self, config: str, table: pa.Table) -> pa.Table | None:
        reasons = self.verdicts.of_recordings(table, self.policy)
        ids = table["track_id"].to_pylist()
        if config == "tokens":
            # Their conditioning was made from a grid that may be that of a chart which is gone.
            stale = dict.fromkeys(self.verdicts.shared.keys() - self.same_grid, STALE)
            reasons = [reason or stale.get(track, "") for reason, track in zip(reasons, ids, strict=True)]
        shared = {track: i for i, track in enumerate(self.derived["track_id"].to_pylist())}
        if not any(reasons) and not any(track in shared for track in ids):
            return None
        rows = pa.array(
            [shared[track] + len(table) if track in shared else i for i, track in enumerate(ids)], pa.int64()
        )
        for name in table.column_names:
            if name in self.derived.column_names and name != "track_id":
                old, new = table[name].combine_chunks(), self.derived[name].combine_chunks()
                table = _replaced(table, name, pa.concat_arrays([old, new.cast(old.type)]).take(rows))
        return table.filter(pa.array([not reason for reason in reasons]))


def _cut(table: pa.Table) -> Iterator[pa.Table]:
    """Cut a table in halves until each is small enough for a row group, or one row."""
    if table.nbytes <= limits.PUBLISHED_ROW_GROUP_BYTES or len(table) == 1:
        yield table
        return
    half = len(table) // 2
    yield from _cut(table.slice(0, half))
    yield from _cut(table.slice(half))


def _write(target: Path, schema: pa.Schema, pieces: Iterator[pa.Table]) -> int:
    first = next(pieces, None)
    if first is None:
        return 0
    atomic.make_folder(target.parent)
    with TableWriter(target, schema) as writer:
        writer.write(first)
        for piece in pieces:
            writer.write(piece)
    return writer.rows


def _replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _check_declared(every: Sequence[Column], config: str, there: Sequence[str]) -> None:
    differing = sorted({column.name for column in every} ^ set(there))
    if differing:
        raise UsageError(
            f"{config} was built by a version with other columns ({', '.join(differing[:5])}), so nothing says who may "
            "see them: build it again with this version"
        )


def rederive(
    build: Path, info: dict[str, Any], verdicts: Verdicts, names: dict[str, str]
) -> tuple[pa.Table, frozenset[str]]:
    """Derive anew what recordings that lose charts take from their charts.

    Args:
        build, info, verdicts: the build and what may be published of it.
        names: track_id -> name of its file in a mapset that stays.

    Returns:
        `Projection.derived` and `Projection.same_grid`.
    """
    kept = {chart for charts in verdicts.shared.values() for chart in charts}
    if not kept:
        return pa.table({"track_id": pa.array([], pa.string())}), frozenset()
    wanted = pa.array(sorted(kept))
    parts = []
    for _, path in files(build, info, "charts"):
        table = pq.read_table(path, filters=pc.field("chart_id").isin(wanted)).replace_schema_metadata()
        parts.append(table)
    charts = pa.concat_tables(parts)
    numbers = {chart: i for i, chart in enumerate(charts["chart_id"].to_pylist())}
    derived = of_charts(charts, [[numbers[chart] for chart in mine] for mine in verdicts.shared.values()])
    ids = list(verdicts.shared)
    files_of = pa.array([names.get(track, "") for track in ids], pa.string())
    derived = derived.append_column("track_id", pa.array(ids, pa.string())).append_column("file_name", files_of)
    return derived, _same_grid(build, info, derived)


def _same_grid(build: Path, info: dict[str, Any], derived: pa.Table) -> frozenset[str]:
    config = next((name for name in ("beats", "tracks") if name in info["rows"]), None)
    if config is None:
        return frozenset()
    old = {row["track_id"]: row for row in read(build, info, config, ("track_id", *_GRID)).to_pylist()}
    rows = derived.select(["track_id", *_GRID]).to_pylist()
    return frozenset(row["track_id"] for row in rows if old.get(row["track_id"]) == row)
