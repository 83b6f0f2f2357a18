"""One chart and its recording, out of whatever a path is: maps, a single file, or a build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from rhythm_maps import games
from rhythm_maps.build.inspect import owner_of
from rhythm_maps.build.mapset_io import examine
from rhythm_maps.build.run import read_info
from rhythm_maps.build.shard import iter_shard
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import BadFormat, NoDataError
from rhythm_maps.sources.local import find_mapsets, normalise_root

Row = dict[str, Any]
_NAMED_BY = ("chart_id", "difficulty", "title", "artist", "file_name", "mode")


def one_song(path: Path, wanted: str = "") -> tuple[Row, Row]:
    """Return the first chart that has audio, and its recording.

    Args:
        path: an archive, a chart, a folder of maps, or a build that holds `tracks`.
        wanted: part of the chart's id, difficulty, title, artist, file name or mode, in any case; "" for any chart.

    Returns:
        (row of `charts`, row of `tracks`).

    Raises:
        InputError: the path does not exist.
        NoDataError: no chart with audio there is called so.
    """
    _, start = normalise_root(path)
    pairs = _of_build(start) if start.is_dir() and read_info(start) else _of_maps(start)
    charts = 0
    for chart, track in pairs:
        charts += 1
        if any(wanted.casefold() in str(chart[name]).casefold() for name in _NAMED_BY):
            return chart, track
    called = f" of {charts} is called {wanted!r}: expected part of its title, difficulty or id" if charts else ""
    raise NoDataError(f"{path}: no chart with audio{called}")


def _of_maps(start: Path) -> Iterator[tuple[Row, Row]]:
    for name in games.names():
        game = games.get(name)
        owner = (game, start, find_mapsets(game, start)) if start.is_dir() else owner_of(game, start)
        if owner is None:
            continue
        spec = make_spec(name, configs=("charts", "tracks"), min_notes=0)
        for found in owner[2]:
            if found.problem:
                continue
            try:
                entry = examine(game, owner[1], 0, found)
            except BadFormat:
                continue  # `inspect` without a plot says what is wrong with it
            rows: dict[str, list[Row]] = {"charts": [], "tracks": []}
            for config, table in iter_shard([entry], [owner[1]], spec):
                if config in rows:
                    rows[config] += table.to_pylist()
            yield from _pairs(rows["charts"], {row["track_id"]: row for row in rows["tracks"]})


def _of_build(build: Path) -> Iterator[tuple[Row, Row]]:
    for path in sorted((build / "charts").glob("*.parquet")):
        tracks = build / "tracks" / path.name
        if not tracks.is_file():
            continue
        for group in pq.ParquetFile(path).iter_batches(batch_size=64):
            for chart in group.to_pylist():
                if chart["track_id"] is None:
                    continue
                own = pq.read_table(tracks, filters=pc.field("track_id") == chart["track_id"]).to_pylist()
                yield from _pairs([chart], {row["track_id"]: row for row in own})


def _pairs(charts: list[Row], tracks: dict[str, Row]) -> Iterator[tuple[Row, Row]]:
    return ((chart, tracks[chart["track_id"]]) for chart in charts if chart["track_id"] in tracks)
