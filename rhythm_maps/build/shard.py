"""One shard of a build, as a pure function from manifest lines to tables.

Every road to rows goes through `iter_shard`: the engines of a build write its tables to Parquet, a builder hands them
to datasets. One yielded table is one row group. Each mapset is opened and parsed once and each track read once,
whatever the number of configs; a group's mapsets are always together, so copies are found here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rhythm_maps import games, limits
from rhythm_maps.build import presets, tracks
from rhythm_maps.build.charts import Charts, parse_charts
from rhythm_maps.build.ledger import Ledger
from rhythm_maps.build.manifest import MapsetEntry
from rhythm_maps.build.mapset_io import AudioReader, LoadedMapset, load
from rhythm_maps.build.opt_outs import OptOuts
from rhythm_maps.build.playlists import listed
from rhythm_maps.build.recordings import Recordings
from rhythm_maps.build.spec import Spec, columns
from rhythm_maps.build.whereabouts import At, nowhere
from rhythm_maps.columns import arrow_schema
from rhythm_maps.tokens.settings import TokenRun

LEDGER = "ledger"
"""Name under which `iter_shard` yields its ledger lines, beside the configs."""


def iter_shard(
    entries: Sequence[MapsetEntry],
    roots: Sequence[Path],
    spec: Spec,
    *,
    run: TokenRun = TokenRun(),  # noqa: B008 - immutable
    condemned: Collection[str] = (),
    read_ahead: int = limits.READ_AHEAD_BYTES,
    at: At = nowhere,
) -> Iterator[tuple[str, pa.Table]]:
    """Make the tables of one shard.

    Args:
        entries: the shard's mapsets in manifest order.
        roots: the manifest's roots.
        spec: what to make.
        run: how tokens are made, where they are.
        condemned: ids of recordings that are not decoded, because they killed their workers.
        read_ahead: chart bytes that are parsed at once; changes speed, never rows.
        at: told where the work is, so that a killed worker leaves a name behind.

    Yields:
        (config, table): `tracks` and `tokens` tables as they fill up, then the ledger, the last of these two, `beats`,
        and `charts` by cluster.
    """
    game = games.get(spec.game)
    chart_tables: list[pa.Table] = []
    recordings = Recordings(spec, run, condemned, at)
    groups = tracks.Collector(spec, recordings)
    ledger = Ledger(entries)
    for loaded in _batches(entries, roots, spec, read_ahead, recordings):
        charts = parse_charts(game, loaded, spec, ledger)
        charts = _filtered(charts, spec, ledger)
        yield from groups.add(loaded, charts, ledger)
        recordings.forget()
        if "charts" in spec.configs:
            chart_tables.append(charts.table)
    yield LEDGER, ledger.table()
    yield from groups.finish()
    if "charts" in spec.configs:
        yield from (("charts", table) for table in _clustered(chart_tables, game.cluster, spec))


def _batches(
    entries: Sequence[MapsetEntry], roots: Sequence[Path], spec: Spec, read_ahead: int, recordings: Recordings
) -> Iterator[list[LoadedMapset]]:
    """Read whole groups ahead, until the chart bytes reach `read_ahead` or the audio a row group."""
    batch: list[LoadedMapset] = []
    chart_bytes = audio_bytes = 0
    audio = AudioReader(
        games.get(spec.game).clock,
        keep=bool({"tracks", "tokens"} & set(spec.configs)),
        measure=recordings.measured if spec.decode_audio else None,
    )
    for i, entry in enumerate(entries):
        full = chart_bytes >= read_ahead or audio_bytes >= spec.row_group_bytes
        if full and entry.group != entries[i - 1].group:
            yield batch
            batch, chart_bytes, audio_bytes = [], 0, 0
        recordings.enter(entry.path)
        loaded = load(roots, entry, audio)
        batch.append(loaded)
        chart_bytes += sum(len(data) for data in loaded.files.values())
        audio_bytes += loaded.audio_bytes
    if batch:
        yield batch


def _filtered(charts: Charts, spec: Spec, ledger: Ledger) -> Charts:
    """Leave out copies, opt-outs, AI-made charts, those with few notes and what filters drop, each with its line."""
    few = pc.fill_null(pc.less(charts.table["n_notes"], spec.min_notes), fill_value=False).to_pylist()
    passed = presets.mask(charts.table, spec.all_filters)
    wanted = passed.to_pylist() if passed is not None else [True] * len(few)
    playlist = frozenset(spec.playlist)
    md5s = [one.audio.md5 if one.audio else None for one in charts.parsed]
    opted_out = OptOuts(spec.opt_outs).mask(charts.table, md5s)
    seen: set[str] = set()
    keep = []
    for i, (one, has_few, is_wanted) in enumerate(zip(charts.parsed, few, wanted, strict=True)):
        entry, name, chart_id = one.loaded.entry, one.entry.name, one.chart_id
        if chart_id in seen:
            ledger.add(entry, "chart", name, "duplicate_of", row_id=chart_id)
            continue
        seen.add(chart_id)
        code = reason = ""
        if opted_out[i]:
            code, reason = "opted_out", "a list of opt-outs names it, its mapper, song or recording"
        elif playlist and not any(listed(chart_id, playlist)):
            code, reason = "not_in_playlist", "no playlist lists it"
        elif not spec.include_ai and one.declared_ai:
            code, reason = "declared_ai", f"its source declares it AI-made ({one.declared_ai})"
        elif has_few:
            code, reason = "few_notes", f"fewer than {spec.min_notes} notes"
        elif not is_wanted:
            code, reason = "filtered", "left out by the preset or filters"
        if code:
            ledger.add(entry, "chart", name, "ignored", row_id=chart_id, code=code, reason=reason)
        else:
            ledger.add(entry, "chart", name, "row", row_id=chart_id)
            keep.append(i)
    return charts.take(keep)


def _clustered(tables: Sequence[pa.Table], cluster: Sequence[str], spec: Spec) -> Iterator[pa.Table]:
    """Sort a shard's charts by cluster, stably, and cut row groups that hold one cluster each."""
    schema = arrow_schema(columns(spec.game, "charts"))
    table = pa.concat_tables(tables) if tables else schema.empty_table()
    if not len(table):
        return
    keys = table.select(list(cluster)).append_column("__order", pa.array(np.arange(len(table))))
    order = pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names])
    values = keys.select(list(cluster)).take(order).to_pylist()
    starts = [0, *(i for i in range(1, len(values)) if values[i] != values[i - 1]), len(values)]
    for start, stop in pairwise(starts):
        part = table.take(order.slice(start, stop - start)).combine_chunks()
        yield from cut(part, spec.row_group_bytes)


def cut(table: pa.Table, largest: int) -> Iterator[pa.Table]:
    """Cut a table into parts of at most about `largest` bytes, at least one row each."""
    rows = max(1, len(table) * largest // max(1, table.nbytes))
    for start in range(0, len(table), rows):
        yield table.slice(start, rows)
