"""Configs that only a published version has: `credits`, who made what, and `preview`, rows that a viewer shows at once.

Both are made from the charts that are published, so they hold nothing that a policy left out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.build.features import features
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.parquet import TableWriter
from rhythm_maps.columns import I32, STR, Column
from rhythm_maps.files import atomic

MADE_HERE = ("credits", "preview")
"""The configs of this module: no build stores them."""
CREDITS: tuple[Column, ...] = (
    Column("role", STR, "mapper, lighter, artist, or source: the work that a song comes from.", profile="public"),
    Column("name", STR, "The name as the maps give it, in its own script where they have one.", profile="annotations"),
    Column("games", pa.list_(STR), "Games whose charts name it.", profile="annotations"),
    Column("n_charts", I32, "Charts of this dataset that name it.", profile="annotations"),
    Column("n_songs", I32, "Songs (by song_key) of these charts.", profile="annotations"),
)
PREVIEW_ROWS = 48
"""Rows of the preview: some 50 KB, which a viewer shows at once."""
_ROLES = {"mappers": "mapper", "lighters": "lighter", "artist_unicode": "artist", "source": "source"}
OF_CREDITS = ("chart_id", "game", "song_key", *_ROLES)
"""Columns of charts that the credits are made of."""
_NAME = "-00000-of-00001.parquet"


def write_credits(charts: Iterable[pa.Table], folder: Path) -> int:
    """Write ``credits/`` from charts that are published, or whose recordings are; return its rows."""
    rows = _credits(charts)
    if not rows:
        return 0
    table = pa.Table.from_pylist(rows, schema=features(CREDITS).arrow_schema)
    return _write(folder / "credits" / f"train{_NAME}", table, CREDITS)


def preview_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return those of the published columns of charts that a preview shows: scalars and short lists."""
    return tuple(column for column in columns if _is_small(column.type))


def write_preview(folder: Path, columns: Sequence[Column]) -> dict[str, int]:
    """Write ``preview/`` from the charts in a folder, which have these columns; return split -> rows."""
    small = preview_columns(columns)
    rows = {}
    for split, ids in _choose(folder).items():
        table = _rows(folder, split, [column.name for column in small], ids)
        rows[split] = _write(folder / "preview" / f"{split}{_NAME}", table, small)
    return {split: rows[split] for split in SPLITS if split in rows}


def _write(path: Path, table: pa.Table, columns: Sequence[Column]) -> int:
    atomic.make_folder(path.parent)
    with TableWriter(path, features(columns).arrow_schema) as writer:
        writer.write(table)
    return writer.rows


def _tables(folder: Path, split: str, names: Sequence[str]) -> Iterator[pa.Table]:
    for path in sorted((folder / "charts").glob(f"{split}-*.parquet")):
        yield pq.ParquetFile(path).read(list(names)).replace_schema_metadata()


def _credits(tables: Iterable[pa.Table]) -> list[dict[str, object]]:
    charts: dict[tuple[str, str], int] = defaultdict(int)
    songs: dict[tuple[str, str], set[str]] = defaultdict(set)
    games: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in (row for table in tables for row in table.to_pylist()):
        for column, role in _ROLES.items():
            value = row.get(column) or []
            for name in {value} if isinstance(value, str) else {*value}:
                charts[role, name] += 1
                songs[role, name].add(row["song_key"])
                games[role, name].add(row["game"])
    order = {role: i for i, role in enumerate(_ROLES.values())}
    return [
        {"role": key[0], "name": key[1], "games": sorted(games[key]), "n_charts": n, "n_songs": len(songs[key])}
        for key, n in sorted(charts.items(), key=lambda item: (order[item[0][0]], -item[1], item[0][1]))
    ]


def _is_small(kind: pa.DataType) -> bool:
    """Tell whether values of a type are short: scalars, lists of text, structs of scalars."""
    if pa.types.is_struct(kind):
        return all(not pa.types.is_nested(field.type) for field in kind)
    return not pa.types.is_nested(kind) or kind == pa.list_(pa.string())


def _choose(folder: Path) -> Mapping[str, set[str]]:
    """Choose charts in turn from every mode of every split, in an order that has nothing to do with their content."""
    found: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for number, split in enumerate(SPLITS):
        for table in _tables(folder, split, ("chart_id", "game", "mode")):
            for chart, game, mode in zip(*(table[n].to_pylist() for n in ("chart_id", "game", "mode")), strict=True):
                found[number, game, mode].append(chart)
    queues = [(SPLITS[key[0]], sorted(ids, key=_drawn)) for key, ids in sorted(found.items())]
    longest = max((len(ids) for _, ids in queues), default=0)
    drawn = [(split, ids[turn]) for turn in range(longest) for split, ids in queues if turn < len(ids)]
    chosen: dict[str, set[str]] = defaultdict(set)
    for split, chart in drawn[:PREVIEW_ROWS]:
        chosen[split].add(chart)
    return chosen


def _drawn(chart_id: str) -> str:
    return hashlib.sha256(f"preview{chart_id}".encode()).hexdigest()


def _rows(folder: Path, split: str, names: Sequence[str], ids: set[str]) -> pa.Table:
    return pa.concat_tables(
        table.filter(pa.array([one in ids for one in table["chart_id"].to_pylist()], pa.bool_()))
        for table in _tables(folder, split, names)
    )
