"""One Arrow row a chart: the core columns that osu! knows, and its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rhythm_maps import limits, schema
from rhythm_maps.games.base import Facts
from rhythm_maps.games.osu.beatmap import MODES, Beatmap
from rhythm_maps.games.osu.charts import Charts
from rhythm_maps.games.osu.columns import COLUMNS, NOTES, SETTINGS
from rhythm_maps.games.osu.tempo import MS, Bpm, Span, beats, bpm, note_beats
from rhythm_maps.games.osu.timing import Timing
from rhythm_maps.timeline import Grid

_TYPES = {column.name: column.type for column in schema.chart_columns(COLUMNS)}


def make_rows(charts: Charts, facts: Facts) -> pa.Table:
    """Make one row a chart, in the batch's order.

    Args:
        charts: what parsing gave.
        facts: end of each chart's audio; where it is unknown the beats end one bar past the last object.

    Returns:
        The columns of `schema.chart_columns` but ids, file, group, track and rights, which the build adds.
    """
    spans = _spans(charts)
    ends = facts.audio_end_s.tolist()
    grids = [beats(*each) for each in zip(charts.timings, spans, ends, strict=True)]
    columns = {
        **_identity(charts.beatmaps),
        **_song(charts.beatmaps),
        **_time(
            charts.timings,
            [bpm(t, span.last_ms) for t, span in zip(charts.timings, spans, strict=True)],
            grids,
        ),
        **_notes(charts),
        **_counts(charts, spans),
        "settings_osu": _settings(charts.beatmaps),
        "warnings": [_warnings(codes, grid) for codes, grid in zip(charts.warnings, grids, strict=True)],
    }
    return pa.table(
        {
            name: values if isinstance(values, pa.Array) else pa.array(values, _TYPES[name])
            for name, values in columns.items()
        }
    )


def _identity(beatmaps: Sequence[Beatmap]) -> dict[str, list[object]]:
    return {
        "mode": [MODES[beatmap.mode] for beatmap in beatmaps],
        "format_version": [str(beatmap.version) for beatmap in beatmaps],
        "beatmap_id": [_positive(beatmap.beatmap_id) for beatmap in beatmaps],
        "beatmapset_id": [_positive(beatmap.beatmapset_id) for beatmap in beatmaps],
        "keys": [beatmap.keys for beatmap in beatmaps],
        "njs": [None] * len(beatmaps),
        "difficulty_rank": [None] * len(beatmaps),
        "label": [None] * len(beatmaps),
    }


def _song(beatmaps: Sequence[Beatmap]) -> dict[str, list[object]]:
    return {
        "title": [beatmap.title or beatmap.title_unicode for beatmap in beatmaps],
        "artist": [beatmap.artist or beatmap.artist_unicode for beatmap in beatmaps],
        "title_unicode": [beatmap.title_unicode or beatmap.title for beatmap in beatmaps],
        "artist_unicode": [beatmap.artist_unicode or beatmap.artist for beatmap in beatmaps],
        "subtitle": [""] * len(beatmaps),
        "source": [beatmap.source for beatmap in beatmaps],
        "tags": [beatmap.tags.split() for beatmap in beatmaps],
        "difficulty": [beatmap.difficulty_name for beatmap in beatmaps],
        "mappers": [[beatmap.creator] if beatmap.creator else [] for beatmap in beatmaps],
        "preview_s": [None if beatmap.preview_ms is None else beatmap.preview_ms / MS for beatmap in beatmaps],
    }


def _time(timings: Sequence[Timing], tempos: Sequence[Bpm], grids: Sequence[Grid]) -> dict[str, object]:
    tempo = {
        "time_s": _flat([timing.tempo_ms for timing in timings], np.float64) / MS,
        "beat_length_s": _flat([timing.beat_length_ms for timing in timings], np.float64) / MS,
        "meter": _flat([timing.meter for timing in timings], np.int64),
        "omit_first_bar": _flat([timing.omit_first_bar for timing in timings], np.bool_),
    }
    grid = {
        "time_s": _flat([grid.time_s for grid in grids], np.float64),
        "position": _flat([grid.position for grid in grids], np.int64),
    }
    return {
        "tempo": schema.lists_array(schema.TEMPO, _offsets([len(timing.tempo_ms) for timing in timings]), tempo),
        "tempo_bpm": [tempo.main for tempo in tempos],
        "tempo_min_bpm": [tempo.lowest for tempo in tempos],
        "tempo_max_bpm": [tempo.highest for tempo in tempos],
        "beats": schema.lists_array(schema.BEATS, _offsets([len(grid.time_s) for grid in grids]), grid),
        "has_downbeats": [bool(len(timing.tempo_ms)) for timing in timings],
    }


def _notes(charts: Charts) -> dict[str, pa.Array]:
    notes, offsets = charts.notes, charts.note_offsets.astype(np.int32)
    time_s = notes.time_ms / MS
    bounds = charts.note_offsets.tolist()
    beat = [note_beats(timing, time_s[bounds[i] : bounds[i + 1]]) for i, timing in enumerate(charts.timings)]
    core = {
        "time_s": time_s,
        "end_s": notes.end_ms / MS,
        "beat": _flat(beat, np.float64),
        "kind": notes.kind,
        "lane": notes.lane,
        "x": notes.x,
        "y": notes.y,
    }
    own = {item.name: getattr(notes, item.name) for item in NOTES}
    return {
        "notes": schema.lists_array(schema.NOTES, offsets, core),
        "notes_osu": schema.lists_array(NOTES, offsets, own),
    }


def _counts(charts: Charts, spans: Sequence[Span]) -> dict[str, list[object]]:
    counts = np.diff(charts.note_offsets).tolist()
    lengths = [(span.last_ms - span.first_ms) / MS if n else 0.0 for n, span in zip(counts, spans, strict=True)]
    return {
        "n_notes": counts,
        "first_object_s": [span.first_ms / MS if n else None for n, span in zip(counts, spans, strict=True)],
        "last_object_s": [span.last_ms / MS if n else None for n, span in zip(counts, spans, strict=True)],
        "length_s": lengths,
        "nps": [n / length if length > 0 else 0.0 for n, length in zip(counts, lengths, strict=True)],
    }


def _settings(beatmaps: Sequence[Beatmap]) -> pa.StructArray:
    settings = [
        pa.array([getattr(beatmap.difficulty, item.name) for beatmap in beatmaps], item.type) for item in SETTINGS
    ]
    return pa.StructArray.from_arrays(settings, fields=list(SETTINGS))


def _warnings(codes: Sequence[str], grid: Grid) -> list[str]:
    return [*codes, *(["beats_cut"] if grid.cut else [])][: limits.WARNINGS]


def _spans(charts: Charts) -> list[Span]:
    notes, bounds = charts.notes, charts.note_offsets.tolist()
    return [
        Span(float(notes.time_ms[a]), float(notes.end_ms[a:b].max())) if b > a else Span(np.nan, np.nan)
        for a, b in pairwise(bounds)
    ]


def _positive(number: int | None) -> int | None:
    return number if number is not None and number > 0 else None


def _offsets(counts: Sequence[int]) -> npt.NDArray[np.int32]:
    return np.cumsum([0, *counts]).astype(np.int32)


def _flat(parts: Sequence[npt.NDArray[Any]], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *parts]).astype(kind, copy=False)
