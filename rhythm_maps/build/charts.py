"""The chart rows of a batch: the game parses, the build adds ids, hashes, group, track, rights and known facts."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from rhythm_maps.build.ledger import Ledger
from rhythm_maps.build.manifest import ChartEntry
from rhythm_maps.build.mapset_io import LoadedAudio, LoadedMapset
from rhythm_maps.build.spec import Spec
from rhythm_maps.columns import arrow_schema
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import ChartBatch, Facts, Game, MapsetBytes
from rhythm_maps.schema import chart_columns
from rhythm_maps.songs import song_key

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the build knows of one parsed chart beside its row."""

    chart_id: str
    mapset_id: str
    entry: ChartEntry
    loaded: LoadedMapset
    audio: LoadedAudio | None
    """Its recording; None where there is none that can be used."""
    opt_out: bool = False
    """Its own file asks not to be used; facts of its source may say so too."""

    @property
    def declared_ai(self) -> str | None:
        """Return its source's own word for who declared it AI-made; None where it does not say so."""
        word: str | None = self.entry.facts.get("rights", {}).get("declared_ai")
        return word

    @property
    def data(self) -> bytes:
        """Return the bytes of the chart's file."""
        return self.loaded.files[self.entry.file or ""]


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts of a batch in manifest and name order: one table row and one `Parsed` each."""

    table: pa.Table
    parsed: list[Parsed]

    def take(self, rows: Sequence[int]) -> Charts:
        """Return the charts at these row numbers."""
        if list(rows) == list(range(len(self.parsed))):
            return self
        return Charts(self.table.take(pa.array(rows, pa.int64())), [self.parsed[i] for i in rows])


def parse_charts(game: Game, batch: Sequence[LoadedMapset], spec: Spec, ledger: Ledger) -> Charts:
    """Parse a batch of mapsets; every chart that gives no row gets its ledger line here."""
    wanted = [_wanted(loaded, ledger) for loaded in batch]
    try:
        result, parsed, table = _read(game, batch, wanted, spec)
    except Exception as error:  # noqa: BLE001 - the boundary: a fault of ours costs its chart, never the build
        _log.debug("a batch failed; its charts are tried one by one", exc_info=error)
        wanted = [_sound(game, loaded, charts, spec, ledger) for loaded, charts in zip(batch, wanted, strict=True)]
        result, parsed, table = _read(game, batch, wanted, spec)
    for reject in result.rejects:
        ledger.reject(batch[reject.mapset].entry, "chart", reject.name, reject.error)
    charts = Charts(_complete(game, table, parsed, spec), parsed)
    mapsets = result.mapset.tolist()
    return charts.take(sorted(range(len(parsed)), key=lambda i: (mapsets[i], result.names[i])))


def _read(
    game: Game, batch: Sequence[LoadedMapset], wanted: Sequence[tuple[tuple[str, str], ...]], spec: Spec
) -> tuple[ChartBatch, list[Parsed], pa.Table]:
    """Parse charts and make the game's own columns of them."""
    include = frozenset(spec.include)
    result = game.parse([MapsetBytes(w, loaded.files, include) for w, loaded in zip(wanted, batch, strict=True)])
    _check_accounted(wanted, result)
    parsed = _parsed(batch, result)
    ends = [one.audio.duration_s + one.audio.clock.shift_s if one.audio else np.nan for one in parsed]
    names = [_mapset_name(game, one.loaded.entry.path) for one in parsed]
    return result, parsed, game.rows(result, Facts(np.array(ends, np.float64), names))


def _mapset_name(game: Game, path: str) -> str:
    """Return what a mapset's folder or archive is called; nothing for the root itself, whose name no build may hold."""
    name = PurePosixPath(path).name
    suffix = next((one for one in game.archive_suffixes if name.lower().endswith(one)), "")
    return name[: len(name) - len(suffix)]


def _sound(
    game: Game, loaded: LoadedMapset, charts: tuple[tuple[str, str], ...], spec: Spec, ledger: Ledger
) -> tuple[tuple[str, str], ...]:
    """Return the charts of one mapset that can be read alone; the others are rejects that ask for a report."""
    kept = []
    for chart in charts:
        try:
            _read(game, [loaded], [(chart,)], spec)
        except Exception as error:  # noqa: BLE001 - as in parse_charts
            reason = f"a fault of the reader ({type(error).__name__}), not of the map: please report it with this file"
            ledger.reject(loaded.entry, "chart", chart[0], BadFormat("internal_error", reason, chart[1]))
        else:
            kept.append(chart)
    return tuple(kept)


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


def _check_accounted(wanted: Sequence[tuple[tuple[str, str], ...]], result: ChartBatch) -> None:
    asked = sorted((i, name) for i, charts in enumerate(wanted) for name, _ in charts)
    answered = sorted(
        [*zip(result.mapset.tolist(), result.names, strict=True), *((r.mapset, r.name) for r in result.rejects)]
    )
    if asked != answered:
        difference = sorted(set(asked) ^ set(answered))[:3]
        raise AssertionError(f"a game must answer for every chart exactly once; it did not for {difference}")


def _parsed(batch: Sequence[LoadedMapset], result: ChartBatch) -> list[Parsed]:
    entries = [{chart.name: chart for chart in loaded.entry.charts} for loaded in batch]
    found = []
    columns = zip(result.mapset.tolist(), result.names, result.chart_ids, result.mapset_ids, strict=True)
    for number, (i, name, chart_id, mapset_id) in enumerate(columns):
        loaded, entry = batch[i], entries[i][name]
        audio = loaded.audio[entry.audio] if entry.audio else None
        own_id = mapset_id or f"sha256:{loaded.entry.digest[:16]}"
        audio = None if audio is None or audio.error else audio
        found.append(Parsed(chart_id, own_id, entry, loaded, audio, number in result.opted_out))
    return found


def _complete(game: Game, table: pa.Table, parsed: Sequence[Parsed], spec: Spec) -> pa.Table:
    """Add the columns of the build and of a library's facts, null columns for what the game lacks, and order them."""
    added = _own_columns(game, table, parsed)
    facts = [one.entry.facts for one in parsed]
    if spec.stars:
        facts = [_computed(game, one) for one in parsed]
    known = {name for one in facts for name in one}
    columns = []
    for field in arrow_schema(chart_columns(game.columns)):
        if field.name in added:
            columns.append(pa.array(added[field.name], field.type))
        elif field.name in known:
            given = table[field.name].to_pylist() if field.name in table.column_names else [None] * len(table)
            merged = [one.get(field.name, value) for one, value in zip(facts, given, strict=True)]
            columns.append(_fact_array(merged, field.type))
        elif field.name in table.column_names:
            columns.append(table[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(len(table), field.type))
    return pa.table(columns, schema=arrow_schema(chart_columns(game.columns)))


def _fact_array(values: list[Any], kind: pa.DataType) -> pa.Array:
    return pa.array([_fact(value, kind) for value in values], kind)


def _fact(value: Any, kind: pa.DataType) -> Any:
    """Return a value of a manifest, in which dates are text, as Arrow takes it."""
    if value is None:
        return None
    if pa.types.is_date(kind):
        return date.fromisoformat(value)
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    if pa.types.is_struct(kind):
        return {field.name: _fact(value.get(field.name), field.type) for field in kind}
    return value


def _own_columns(game: Game, table: pa.Table, parsed: Sequence[Parsed]) -> dict[str, list[Any]]:
    warnings = zip((w or [] for w in table["warnings"].to_pylist()), parsed, strict=True)
    names = zip(_names(table, "artist"), _names(table, "title"), strict=True)
    of: Callable[[Callable[[Parsed], Any]], list[Any]] = lambda value: [value(one) for one in parsed]  # noqa: E731
    return {
        "chart_id": of(lambda one: one.chart_id),
        "mapset_id": of(lambda one: one.mapset_id),
        "track_id": of(lambda one: one.audio.sha256 if one.audio else None),
        "group_id": of(lambda one: one.loaded.entry.group),
        "song_key": [song_key(artist, title) for artist, title in names],
        "game": [game.name] * len(parsed),
        "file_name": of(lambda one: one.entry.file),
        "file_sha256": of(lambda one: hashlib.sha256(one.data).hexdigest()),
        "rights": of(lambda one: _rights(game, one)),
        "warnings": [[*mine, *_audio_warning(one)] for mine, one in warnings],
    }


def _rights(game: Game, one: Parsed) -> dict[str, Any]:
    source = "install" if one.loaded.official else "local"
    return {
        "source": source,
        "terms_url": game.terms_url,
        "official": one.loaded.official,
        "opt_out": one.opt_out or one.entry.facts.get("rights", {}).get("opt_out") is True,
        "declared_ai": one.declared_ai,
    }


def _names(table: pa.Table, column: str) -> list[str]:
    """Return the romanised names, else the Unicode ones, as the song key wants them."""
    pairs = zip(table[column].to_pylist(), table[f"{column}_unicode"].to_pylist(), strict=True)
    return [plain or other or "" for plain, other in pairs]


def _audio_warning(one: Parsed) -> list[str]:
    if one.entry.problem:
        return [one.entry.problem]
    error = one.loaded.audio[one.entry.audio].error if one.entry.audio else None
    return [error.code] if error else []


def _computed(game: Game, one: Parsed) -> dict[str, Any]:
    """Return a chart's facts with its stars computed from its bytes instead of taken from a library."""
    rates = game.stars(one.data)
    rest = {name: value for name, value in one.entry.facts.items() if not name.startswith("stars")}
    if rates is None:
        return rest
    by_rate = {"rate": [rate for rate, _ in rates], "stars": [stars for _, stars in rates]}
    return {**rest, "stars": dict(rates).get(1.0), "stars_by_rate": by_rate, "stars_source": game.stars_source}
