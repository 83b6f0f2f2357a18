"""Charts to Arrow: one row a chart, every list of all charts in one flat array with offsets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from rhythm_maps import limits, timeline
from rhythm_maps.games.base import ChartBatch, Facts
from rhythm_maps.games.beat_saber.chart import Chart
from rhythm_maps.games.beat_saber.columns import BOMBS, COLUMNS, NOTES_BEAT_SABER, WALLS
from rhythm_maps.games.beat_saber.document import FloatArray, Table
from rhythm_maps.schema import BEATS, NOTES, TAP, TEMPO, chart_columns, lists_array

_FALLBACK_NJS = {"ExpertPlus": 16.0, "Expert": 12.0}
_FALLBACK_NJS_BELOW = 10.0
"""What the game plays where the note jump speed is 0 or missing, by difficulty (bsmg wiki; bsmap njs.ts)."""

_SHORTEST_S = 1e-6
"""Notes closer together than this are one moment: a rate over it would say nothing."""

_TAIL_BEATS = 4.0
"""Beats that the grid goes on past the last note where no audio says how long the song is: about a bar."""

_SCALARS = (
    *("mode", "format_version", "title", "artist", "title_unicode", "artist_unicode", "subtitle", "source", "tags"),
    *("difficulty", "difficulty_rank", "label", "mappers", "preview_s", "keys", "njs"),
    *("tempo_bpm", "tempo_min_bpm", "tempo_max_bpm", "has_downbeats"),
    *("n_notes", "first_object_s", "last_object_s", "length_s", "nps"),
)
"""Columns of one value a chart, as `_scalars` gives them; a table without rows has them too."""

_TYPES = {column.name: column.type for column in chart_columns(COLUMNS)}


def rows(batch: ChartBatch, facts: Facts) -> pa.Table:
    """Make one row a chart, in the batch's order (`Game.rows`)."""
    charts: list[Chart] = batch.data
    scalars = [_scalars(chart) for chart in charts]
    grids = [_grid(chart, float(end)) for chart, end in zip(charts, facts.audio_end_s, strict=True)]
    columns: dict[str, Any] = {name: pa.array([row[name] for row in scalars], _TYPES[name]) for name in _SCALARS}
    columns["warnings"] = pa.array(
        [_codes(chart.warnings, grid) for chart, grid in zip(charts, grids, strict=True)], _TYPES["warnings"]
    )
    columns |= _labels(charts, grids)
    columns["tempo"] = _tempo(charts)
    columns["beats"] = _lists(BEATS, [{"time_s": grid.time_s, "position": grid.position} for grid in grids])
    columns |= _objects(charts)
    return pa.table(columns)


def _scalars(chart: Chart) -> dict[str, Any]:
    info, difficulty, times = chart.info, chart.difficulty, chart.notes["time_s"]
    count = len(times)
    first, last = (float(times[0]), float(times[-1])) if count else (0.0, 0.0)
    bpm = 60 / chart.tempo.beat_length_s
    return {
        "mode": difficulty.characteristic,
        "format_version": chart.version,
        "title": info.title,
        "artist": info.artist,
        "title_unicode": info.title,
        "artist_unicode": info.artist,
        "subtitle": info.subtitle,
        "source": "",
        "tags": [],
        "difficulty": difficulty.difficulty,
        "difficulty_rank": difficulty.rank,
        "label": difficulty.label,
        "mappers": list(difficulty.mappers),
        "preview_s": info.preview_s,
        "keys": None,
        "njs": _njs(chart),
        "tempo_bpm": info.bpm if 0 < info.bpm < math.inf else None,
        "tempo_min_bpm": float(bpm.min()),
        "tempo_max_bpm": float(bpm.max()),
        "has_downbeats": False,
        "n_notes": count,
        "first_object_s": first if count else None,
        "last_object_s": last if count else None,
        "length_s": last - first,
        "nps": count / (last - first) if last - first > _SHORTEST_S else 0.0,
    }


def _njs(chart: Chart) -> float:
    stated = chart.difficulty.njs if not math.isnan(chart.difficulty.njs) else chart.njs
    if stated and math.isfinite(stated):
        return stated
    return _FALLBACK_NJS.get(chart.difficulty.difficulty, _FALLBACK_NJS_BELOW)


def _grid(chart: Chart, audio_end_s: float) -> timeline.Grid:
    """Lay out the beats to the end of the audio, else a bar past the last note; none without both."""
    end_s = audio_end_s
    if math.isnan(end_s):
        beats = chart.notes["beat"]
        end_s = float(chart.tempo.seconds(beats[-1] + _TAIL_BEATS)) if len(beats) else math.nan
    return timeline.beat_grid(*chart.tempo, end_s)


def _labels(charts: Sequence[Chart], grids: Sequence[timeline.Grid]) -> dict[str, pa.Array]:
    """Say where notes confirm the grid, and what the tempo segments are worth."""
    stretches = []
    for chart in charts:
        beat, tempo = chart.notes["beat"], chart.tempo
        at = np.maximum(np.searchsorted(tempo.beat, beat, side="right") - 1, 0)
        confirms = timeline.near_quarter(beat, tempo.beat_length_s[at])
        (start,), (end,) = timeline.labelled(confirms, chart.notes["time_s"], np.array([0, len(beat)]))
        stretches.append((start, end))
    quality = [
        timeline.timing_quality(chart.tempo.time_s, chart.tempo.beat_length_s, extreme=grid.cut)
        for chart, grid in zip(charts, grids, strict=True)
    ]
    columns = {
        "labelled_start_s": [start for start, _ in stretches],
        "labelled_end_s": [end for _, end in stretches],
        "timing_quality": quality,
    }
    return {name: pa.array(values, _TYPES[name]) for name, values in columns.items()}


def _codes(warnings: Counter[str], grid: timeline.Grid) -> list[str]:
    """Return ``code:count`` of each warning, sorted by code."""
    counts = Counter(warnings)
    if grid.cut:
        counts["beats_cut"] += 1
    return [f"{code}:{count}" for code, count in sorted(counts.items())][: limits.WARNINGS]


def _lists(shape: pa.DataType, tables: Sequence[dict[str, np.ndarray[Any, Any]]], **more: pa.Array) -> pa.StructArray:
    """Put one table of equally long columns a chart into a struct of lists."""
    names = [item.name for item in shape if item.name not in more]
    sizes = [len(table[names[0]]) for table in tables]
    offsets = np.fromiter(accumulate(sizes, initial=0), np.int32, len(sizes) + 1)
    empty = np.empty(0)
    flat = {name: np.concatenate([empty, *(table[name] for table in tables)]) for name in names}
    return lists_array(shape, offsets, flat | more)


def _tempo(charts: Sequence[Chart]) -> pa.StructArray:
    count = sum(len(chart.tempo.beat) for chart in charts)
    return _lists(
        TEMPO,
        [{"time_s": chart.tempo.time_s, "beat_length_s": chart.tempo.beat_length_s} for chart in charts],
        meter=pa.nulls(count, pa.int32()),
        omit_first_bar=pa.array(np.zeros(count, bool)),
    )


def _objects(charts: Sequence[Chart]) -> dict[str, pa.StructArray]:
    notes = [_core(chart.notes) for chart in charts]
    own = [
        {name: chart.notes[name] for name in ("color", "direction")} | {"angle_offset": chart.notes["angle"]}
        for chart in charts
    ]
    count = sum(len(table["time_s"]) for table in notes)
    return {
        "notes": _lists(NOTES, notes, kind=pa.array(np.full(count, TAP, np.int64))),
        "notes_beat_saber": _lists(NOTES_BEAT_SABER, own),
        "bombs": _lists(BOMBS, [chart.bombs for chart in charts]),
        "walls": _lists(WALLS, [chart.walls for chart in charts]),
    }


def _core(notes: Table) -> dict[str, FloatArray]:
    """Return the columns that all games share; the lane numbers the twelve cells of the grid row by row."""
    x, y = notes["x"], notes["y"]
    cell = (x >= 0) & (x <= 3) & (x == np.rint(x)) & (y >= 0) & (y <= 2) & (y == np.rint(y))
    return {
        "time_s": notes["time_s"],
        "end_s": notes["time_s"],
        "beat": notes["beat"],
        "lane": np.where(cell, 4 * y + x, -1),
        "x": x,
        "y": y,
    }
