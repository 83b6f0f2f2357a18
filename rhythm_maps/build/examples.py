"""`examples`: charts joined with their recordings and tokens, shard by shard of a build, and never stored.

Shard k of every config holds the same songs, so one shard is joined without the others. A shard's charts and codes are
held in memory; its audio is read one row group at a time.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps import games, limits
from rhythm_maps.build import presets
from rhythm_maps.build.example_columns import NOTE_FEATURES, OF_TOKENS, OF_TRACK, PART_FEATURES
from rhythm_maps.build.generate import ON_BAD_FILES, OnBadFiles, RejectsWarning, select
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.presets import Filter
from rhythm_maps.build.run import read_info
from rhythm_maps.build.spec import EXAMPLES, columns
from rhythm_maps.columns import Column, arrow_schema, lists_array
from rhythm_maps.errors import BadFileError, UsageError
from rhythm_maps.games.base import Game
from rhythm_maps.schema import chart_columns
from rhythm_maps.tokens import chart_features
from rhythm_maps.tokens.conditioning import Frames

NEEDED = ("charts", "tracks", "tokens")
"""Configs that a build must hold."""


class Shard(NamedTuple):
    """One shard of a build: its split and the name that its files have in every config."""

    split: str
    name: str


class Request(NamedTuple):
    """What one load asks for, small and picklable.

    Attributes:
        game: name of the game.
        folder: the build.
        digest: the build's content, so that a cache follows it.
        filters: over chart columns; all must hold.
        columns: names of the columns wanted, None for all.
        on_bad_files: what to do about charts that give no example.
    """

    game: str
    folder: str
    digest: str
    filters: tuple[Filter, ...]
    columns: tuple[str, ...] | None
    on_bad_files: OnBadFiles

    @property
    def selected(self) -> tuple[Column, ...]:
        """Return the columns wanted, in schema order.

        Raises:
            UsageError: a name is no column.
        """
        return select(columns(self.game, EXAMPLES), self.columns, EXAMPLES)


def make_request(
    game: str,
    folder: str | None,
    *,
    filters: Sequence[Sequence[Any]] | None = None,
    columns: Sequence[str] | None = None,
    on_bad_files: str = "warn",
) -> Request:
    """Check the arguments of a load, and that a build with all that is needed lies there.

    Args:
        game: the game.
        folder: the build.
        filters: over chart columns.
        columns: the columns wanted.
        on_bad_files: "warn" (a `RejectsWarning` a shard), "error" or "skip".

    Raises:
        UsageError: an argument is wrong, or the folder is no build of the game with charts, tracks and tokens.
    """
    if on_bad_files not in ON_BAD_FILES:
        raise UsageError(f"on_bad_files is {on_bad_files!r}: expected one of {', '.join(ON_BAD_FILES)}")
    wanted = ",".join(NEEDED)
    if folder is None:
        raise UsageError(f"examples joins the tables of a build: give data_dir= its folder. {_how(game, wanted)}")
    info = read_info(Path(folder))
    if info is None:
        raise UsageError(f"{folder}: no build, and examples joins the tables of one. {_how(game, wanted)}")
    if info["game"] != game:
        raise UsageError(f"{folder}: a build of {info['game']}, not of {game}")
    missing = [config for config in NEEDED if not info["rows"].get(config)]
    if missing:
        raise UsageError(f"{folder}: a build without rows of {', '.join(missing)}. {_how(game, wanted)}")
    checked = presets.check_filters(filters or (), chart_columns(games.get(game).columns), "filters", lists=True)
    names = tuple(columns) if columns is not None else None
    return Request(game, folder, info["content_sha256"], checked, names, on_bad_files)  # type: ignore[arg-type]


def _how(game: str, wanted: str) -> str:
    return f"Make one: rhythm-maps build {game} FOLDER_OF_MAPS --out out/{game} --configs {wanted}"


def cache_id(request: Request) -> str:
    """Return 16 hex that change when the build's content or the request does: the cache key of a load."""
    strict = request.on_bad_files == "error"
    parts = [request.digest, request.filters, request.columns, strict]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]


def shards(request: Request) -> list[Shard]:
    """Return the shards that hold charts, recordings and tokens, by split and number."""
    named = [{path.name for path in Path(request.folder, config).glob("*.parquet")} for config in NEEDED]
    found = sorted(set.intersection(*named))
    return [Shard(split, name) for split in SPLITS for name in found if name.startswith(f"{split}-")]


def tables(wanted: Sequence[Shard], request: Request) -> Iterator[tuple[tuple[int, int], pa.Table]]:
    """Make the examples of some shards.

    Args:
        wanted: which shards, of one split.
        request: what is wanted of them.

    Yields:
        ((shard, table), table): a key that grows, and rows of `Request.selected`, by recording.

    Raises:
        BadFileError: a chart has no recording or tokens and ``on_bad_files="error"``.
    """
    schema = arrow_schema(request.selected)
    for number, shard in enumerate(wanted):
        pending: list[pa.Table] = []
        size = count = 0
        for row in _join(Shard(*shard), request):
            pending.append(row.select(schema.names))
            size += pending[-1].nbytes
            if size >= limits.ROW_GROUP_BYTES:
                yield (number, count), pa.concat_tables(pending)
                pending, size, count = [], 0, count + 1
        if pending:
            yield (number, count), pa.concat_tables(pending)


def _join(shard: Shard, request: Request) -> Iterator[pa.Table]:
    """Yield the examples of a shard, one row a table."""
    folder = Path(request.folder)
    charts = pq.read_table(folder / "charts" / shard.name).cast(arrow_schema(columns(request.game, "charts")))
    passed = presets.mask(charts, request.filters)
    charts = charts.filter(passed) if passed is not None else charts
    of_track: dict[str | None, list[int]] = defaultdict(list)
    for i, track_id in enumerate(charts["track_id"].to_pylist()):
        of_track[track_id].append(i)
    names = {column.name for column in request.selected}
    tokens = _Tokens(folder / "tokens" / shard.name, names)
    tracks = pq.ParquetFile(folder / "tracks" / shard.name)
    game, joined = games.get(request.game), 0
    for group in range(tracks.num_row_groups):
        table = tracks.read_row_group(group, columns=["track_id", *(n for n in OF_TRACK if n in names)])
        for i, track_id in enumerate(table["track_id"].to_pylist()):
            row = tokens.row(track_id) if track_id in of_track else None
            for chart in of_track[track_id] if row is not None else ():
                yield _example(game, charts.slice(chart, 1), table.slice(i, 1), row, request.selected)
                joined += 1
    _report(len(charts) - joined, shard, request)


class _Tokens:
    """The tokens of a shard by recording; the row group that was asked last is held."""

    def __init__(self, path: Path, wanted: set[str]) -> None:
        self._file = pq.ParquetFile(path)
        always = {"frames", "sampling_rate", "hop", "duration_s", "warnings", "rights"}
        self._columns = [n for n in (*OF_TOKENS, "warnings", "rights") if n in wanted | always]
        self._place = {}
        for group in range(self._file.num_row_groups):
            ids = self._file.read_row_group(group, columns=["track_id"])["track_id"].to_pylist()
            self._place.update({track_id: (group, i) for i, track_id in enumerate(ids)})
        self._held: tuple[int, pa.Table] | None = None

    def row(self, track_id: str) -> pa.Table | None:
        """Return the row of a recording, None where it has no tokens."""
        if track_id not in self._place:
            return None
        group, i = self._place[track_id]
        if self._held is None or self._held[0] != group:
            self._held = group, self._file.read_row_group(group, columns=self._columns)
        return self._held[1].slice(i, 1)


def _example(game: Game, chart: pa.Table, track: pa.Table, tokens: pa.Table, selected: Sequence[Column]) -> pa.Table:
    """Put one row together."""
    names = {column.name for column in selected}
    facts = tokens.select(["duration_s", "sampling_rate", "hop", "warnings", "rights"]).to_pylist()[0]
    samples = round(facts["duration_s"] * facts["sampling_rate"])
    frames = Frames(samples, facts["sampling_rate"], facts["hop"])
    notes = chart["notes"].combine_chunks()
    start, end = (notes.field(name).flatten().to_numpy() for name in ("time_s", "end_s"))
    outside = chart_features.outside(frames, start)
    added: dict[str, pa.Array] = {}
    if "note_features" in names:
        found = chart_features.note_features(frames, start, end)
        added["note_features"] = lists_array(NOTE_FEATURES, np.array([0, frames.count], np.int32), found._asdict())
    if "part_features" in names:
        added["part_features"] = _part_features(game, chart, frames, start, end)
    told = [*chart["warnings"][0].as_py(), *facts["warnings"], *([f"notes_outside:{outside}"] if outside else [])]
    added["warnings"] = pa.array([list(dict.fromkeys(told))], pa.list_(pa.string()))
    # The recording's rights are the strictest of its charts'.
    added["rights"] = pa.array([facts["rights"]], chart.schema.field("rights").type)
    arrays = []
    for column in selected:
        if column.name in added:
            arrays.append(added[column.name])
            continue
        source = next(
            t for t, own in ((tokens, OF_TOKENS), (track, OF_TRACK), (chart, chart.column_names)) if column.name in own
        )
        arrays.append(source[column.name].combine_chunks().cast(column.type))
    return pa.table(arrays, schema=arrow_schema(selected))


def _part_features(game: Game, chart: pa.Table, frames: Frames, start: np.ndarray, end: np.ndarray) -> pa.StructArray:
    parts = game.parts(chart)
    found = chart_features.part_features(frames, start, end, parts.of_note, len(parts.names))
    row: dict[str, list[Any]] = {"part": list(parts.names)}
    for i, name in enumerate(chart_features.NAMES):
        row[name] = [one[i] for one in found]
    return pa.array([row], PART_FEATURES)


def _report(lost: int, shard: Shard, request: Request) -> None:
    if not lost or request.on_bad_files == "skip":
        return
    message = (
        f"{lost} charts of {shard.name} have no recording or no tokens, so they are no examples; meta/ledger.parquet "
        f'of the build says why. on_bad_files="skip" is quiet.'
    )
    if request.on_bad_files == "error":
        raise BadFileError(message)
    warnings.warn(message, RejectsWarning, stacklevel=2)
