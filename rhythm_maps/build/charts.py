"""The chart rows of a batch: the game parses, the build adds ids, hashes, group, track and rights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rhythm_maps.build.ledger import Ledger
from rhythm_maps.build.mapset_io import LoadedAudio, LoadedMapset
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import ChartBatch, Facts, Game, MapsetBytes
from rhythm_maps.schema import arrow_schema, chart_columns
from rhythm_maps.songs import song_key


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts of a batch: one table row each, with the mapset and audio it came from, in manifest and name order."""

    table: pa.Table
    ids: list[str]
    names: list[str]
    loaded: list[LoadedMapset]
    audio: list[LoadedAudio | None]

    def take(self, rows: Sequence[int]) -> Charts:
        """Return the charts at these row numbers."""
        if len(rows) == len(self.ids):
            return self
        table = self.table.take(pa.array(rows, pa.int64()))
        return Charts(
            table,
            [self.ids[i] for i in rows],
            [self.names[i] for i in rows],
            [self.loaded[i] for i in rows],
            [self.audio[i] for i in rows],
        )


def parse_charts(game: Game, batch: Sequence[LoadedMapset], ledger: Ledger) -> Charts:
    """Parse a batch of mapsets; every chart that gives no row gets its ledger line here."""
    wanted = [_wanted(loaded, ledger) for loaded in batch]
    parsed = game.parse([MapsetBytes(w, loaded.files) for w, loaded in zip(wanted, batch, strict=True)])
    _check_accounted(wanted, parsed)
    for reject in parsed.rejects:
        ledger.reject(batch[reject.mapset].entry, "chart", reject.name, reject.error)
    loaded_of = [batch[i] for i in parsed.mapset.tolist()]
    entries = [{chart.name: chart for chart in loaded.entry.charts} for loaded in batch]
    chart_entries = [entries[i][name] for i, name in zip(parsed.mapset.tolist(), parsed.names, strict=True)]
    audio = [
        found if chart.audio and (found := loaded.audio[chart.audio]).error is None else None
        for chart, loaded in zip(chart_entries, loaded_of, strict=True)
    ]
    ends = np.array([a.info.duration_s if a and a.info else np.nan for a in audio], np.float64)
    table = game.rows(parsed, Facts(ends))
    extra = [
        _audio_warning(chart.problem, loaded, chart.audio)
        for chart, loaded in zip(chart_entries, loaded_of, strict=True)
    ]
    files = [
        (chart.file or "", loaded.files[chart.file or ""])
        for chart, loaded in zip(chart_entries, loaded_of, strict=True)
    ]
    table = _complete(game, table, parsed, loaded_of, audio, files, extra)
    order = sorted(range(len(parsed.names)), key=lambda i: (int(parsed.mapset[i]), parsed.names[i]))
    charts = Charts(table, parsed.chart_ids, parsed.names, loaded_of, audio)
    return (
        charts
        if order == list(range(len(order)))
        else Charts(
            table.take(pa.array(order, pa.int64())),
            [charts.ids[i] for i in order],
            [charts.names[i] for i in order],
            [charts.loaded[i] for i in order],
            [charts.audio[i] for i in order],
        )
    )


def _wanted(loaded: LoadedMapset, ledger: Ledger) -> tuple[tuple[str, str], ...]:
    """Return the charts that can be parsed; write the rejects of those that cannot."""
    entry = loaded.entry
    if loaded.error:
        ledger.reject(entry, "input", "", loaded.error)
    for one in entry.strange:
        ledger.add(entry, "member", one.place, "ignored", code=one.code, reason=one.reason, place=one.place)
    # What parsing needs beside the charts; without it none of them can be read.
    charts = {chart.file for chart in entry.charts}
    needed = next((error for name, error in sorted(loaded.broken.items()) if name not in charts), None)
    wanted = []
    for chart in entry.charts:
        error = loaded.error or needed
        if error is None and chart.file is None:
            error = BadFormat("missing_file", "the mapset names a chart file that is not there", chart.name)
        error = error or loaded.broken.get(chart.file or "")
        if error is not None:
            ledger.reject(entry, "chart", chart.name, error)
        else:
            wanted.append((chart.name, chart.file or ""))
    return tuple(wanted)


def _check_accounted(wanted: Sequence[tuple[tuple[str, str], ...]], parsed: ChartBatch) -> None:
    asked = sorted((i, name) for i, charts in enumerate(wanted) for name, _ in charts)
    answered = sorted(
        [*zip(parsed.mapset.tolist(), parsed.names, strict=True), *((r.mapset, r.name) for r in parsed.rejects)]
    )
    if asked != answered:
        difference = sorted(set(asked) ^ set(answered))[:3]
        raise AssertionError(f"a game must answer for every chart exactly once; it did not for {difference}")


def _audio_warning(problem: str, loaded: LoadedMapset, name: str | None) -> list[str]:
    if problem:
        return [problem]
    error = loaded.audio[name].error if name else None
    return [error.code] if error else []


def _complete(
    game: Game,
    table: pa.Table,
    parsed: ChartBatch,
    loaded: Sequence[LoadedMapset],
    audio: Sequence[LoadedAudio | None],
    files: Sequence[tuple[str, bytes]],
    warnings: Sequence[list[str]],
) -> pa.Table:
    n = len(table)
    schema = arrow_schema(chart_columns(game.columns))
    artist, title = _names(table, "artist"), _names(table, "title")
    own = [w or [] for w in table["warnings"].to_pylist()]
    fallback = [f"sha256:{one.entry.digest[:16]}" for one in loaded]
    added = {
        "chart_id": parsed.chart_ids,
        "mapset_id": [own_id or other for own_id, other in zip(parsed.mapset_ids, fallback, strict=True)],
        "track_id": [one.sha256 if one else None for one in audio],
        "group_id": [one.entry.group for one in loaded],
        "song_key": [song_key(a, t) for a, t in zip(artist, title, strict=True)],
        "game": [game.name] * n,
        "file_name": [name for name, _ in files],
        "file_sha256": [hashlib.sha256(data).hexdigest() for _, data in files],
        "rights": [{"source": "local", "terms_url": game.terms_url, "official": False}] * n,
        "warnings": [[*mine, *more] for mine, more in zip(own, warnings, strict=True)],
    }
    columns = []
    for field in schema:
        if field.name in added:
            columns.append(pa.array(added[field.name], field.type))
        elif field.name in table.column_names:
            columns.append(table[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(n, field.type))
    return pa.table(columns, schema=schema)


def _names(table: pa.Table, column: str) -> list[str]:
    """Return the romanised names, else the Unicode ones, as the song key wants them."""
    pairs = zip(table[column].to_pylist(), table[f"{column}_unicode"].to_pylist(), strict=True)
    return [plain or other or "" for plain, other in pairs]
