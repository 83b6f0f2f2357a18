"""One Arrow row a chart: the core columns that osu! knows, and its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from rhythm_maps import limits, schema, timeline
from rhythm_maps.columns import lists_array
from rhythm_maps.games.base import Facts, FloatArray, IntArray
from rhythm_maps.games.osu import tempo as tempos
from rhythm_maps.games.osu.beatmap import MODES, Beatmap
from rhythm_maps.games.osu.charts import Charts
from rhythm_maps.games.osu.columns import COLUMNS, SETTINGS
from rhythm_maps.games.osu.digits import BoolArray
from rhythm_maps.games.osu.events import Events
from rhythm_maps.games.osu.lists import curve_lists, edge_lists, note_lists, stretches, value_lists
from rhythm_maps.games.osu.notes import edges
from rhythm_maps.games.osu.tempo import MS
from rhythm_maps.timeline import Grids, Segments

_TYPES = {column.name: column.type for column in schema.chart_columns(COLUMNS)}


def make_rows(charts: Charts, facts: Facts) -> pa.Table:
    """Make one row a chart, in the batch's order.

    Args:
        charts: what parsing gave.
        facts: end of each chart's audio; where it is unknown the beats end one bar past the last object.

    Returns:
        The columns of `schema.chart_columns` but ids, file, group, track and rights, which the build adds.
    """
    first_s, last_s = _span(charts)
    tempo = tempos.segments(charts.timing)
    ends = tempos.grid_ends(tempo, last_s, facts.audio_end_s)
    grids = tempos.beats(tempo, first_s, ends)
    time_s = charts.hits.objects.start_ms / MS
    beats = tempos.note_beats(tempo, time_s, charts.hits.offsets)
    edge = edges(charts.hits)
    columns: dict[str, Any] = {
        **_identity(charts.beatmaps),
        **_song(charts.beatmaps),
        **_events(charts.beatmaps, charts.events),
        **_time(charts, tempo, grids, last_s),
        **_labels(beats.confirms, time_s, charts.hits.offsets),
        **note_lists(charts, time_s, beats.beat),
        "edges": edge_lists(charts.hits, edge),
        "curves": curve_lists(charts.hits),
        "kiai": stretches(charts.timing.kiai, ends),
        "scroll": value_lists(charts.timing.velocity),
        **_counts(charts, first_s, last_s),
        "settings_osu": _settings(charts.beatmaps),
        "warnings": _warnings(charts.warnings, {"beats_cut": grids.cut, "edges_cut": edge.cut}),
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


def _events(beatmaps: Sequence[Beatmap], events: Sequence[Events]) -> dict[str, object]:
    breaks = np.array([each for event in events for each in event.breaks], np.float64).reshape(-1, 2) / MS
    offsets = np.cumsum([0, *(len(event.breaks) for event in events)])
    return {
        "background": [event.background for event in events],
        "video": [event.video for event in events],
        "cover": [None] * len(events),
        "has_storyboard": [event.has_storyboard for event in events],
        "breaks": lists_array(_TYPES["breaks"], offsets, {"start_s": breaks[:, 0], "end_s": breaks[:, 1]}),
        "colours": [event.colours for event in events],
        "bookmarks_s": [[time / MS for time in beatmap.bookmarks_ms] for beatmap in beatmaps],
    }


def _time(charts: Charts, tempo: Segments, grids: Grids, last_s: FloatArray) -> dict[str, object]:
    bpms = tempos.bpms(charts.timing, last_s * MS)
    segments = {
        "time_s": tempo.start_s,
        "beat_length_s": tempo.beat_length_s,
        "meter": tempo.meter,
        "omit_first_bar": charts.timing.omit_first_bar,
    }
    grid = {"time_s": grids.time_s, "position": grids.position}
    return {
        "tempo": lists_array(schema.TEMPO, tempo.offsets, segments),
        "tempo_bpm": [bpm.main for bpm in bpms],
        "tempo_min_bpm": [bpm.lowest for bpm in bpms],
        "tempo_max_bpm": [bpm.highest for bpm in bpms],
        "beats": lists_array(schema.BEATS, grids.offsets, grid),
        "has_downbeats": (np.diff(tempo.offsets) > 0).tolist(),
        "timing_quality": tempos.qualities(tempo, (charts.timing.extreme | grids.cut).tolist()),
    }


def _labels(confirms: BoolArray, time_s: FloatArray, offsets: IntArray) -> dict[str, object]:
    start, end = timeline.labelled(confirms, time_s, offsets)
    return {"labelled_start_s": start, "labelled_end_s": end}


def _span(charts: Charts) -> tuple[FloatArray, FloatArray]:
    """Return start of the first note and end of the last one to end in seconds, ``[charts]``; NaN without notes."""
    objects, offsets = charts.hits.objects, charts.hits.offsets
    first, last = np.full((2, len(offsets) - 1), np.nan)
    some = np.flatnonzero(np.diff(offsets))
    if len(some):
        first[some] = objects.start_ms[offsets[some]] / MS
        last[some] = np.maximum.reduceat(objects.end_ms, offsets[some]) / MS
    return first, last


def _counts(charts: Charts, first_s: FloatArray, last_s: FloatArray) -> dict[str, object]:
    counts = np.diff(charts.hits.offsets)
    some = counts > 0
    length = np.where(some, last_s * MS - first_s * MS, 0.0) / MS
    nps = np.divide(counts, length, out=np.zeros(len(counts)), where=length > 0)
    return {
        "n_notes": counts.tolist(),
        "first_object_s": pa.array(first_s, mask=~some),
        "last_object_s": pa.array(last_s, mask=~some),
        "length_s": length.tolist(),
        "nps": nps.tolist(),
    }


def _settings(beatmaps: Sequence[Beatmap]) -> pa.StructArray:
    settings = [
        pa.array([getattr(beatmap.difficulty, item.name) for beatmap in beatmaps], item.type) for item in SETTINGS
    ]
    return pa.StructArray.from_arrays(settings, fields=list(SETTINGS))


def _warnings(codes: Sequence[Sequence[str]], cut: Mapping[str, np.ndarray]) -> list[list[str]]:
    return [
        [*mine, *(code for code, charts in cut.items() if charts[i])][: limits.WARNINGS] for i, mine in enumerate(codes)
    ]


def _positive(number: int | None) -> int | None:
    return number if number is not None and number > 0 else None
