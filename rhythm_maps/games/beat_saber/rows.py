"""Charts to Arrow: one row a chart, every list of all charts in one flat array with offsets."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from rhythm_maps import limits, timeline
from rhythm_maps.columns import lists_array
from rhythm_maps.games.base import ChartBatch, Facts
from rhythm_maps.games.beat_saber.chart import Chart
from rhythm_maps.games.beat_saber.columns import COLUMNS, LIGHTS, NOTES_BEAT_SABER
from rhythm_maps.games.beat_saber.document import BoolArray, FloatArray, Table
from rhythm_maps.games.beat_saber.jump import jump, jump_speed
from rhythm_maps.games.beat_saber.objects import Objects
from rhythm_maps.games.beat_saber.score import max_score
from rhythm_maps.games.beat_saber.swings import swings
from rhythm_maps.schema import BEATS, NOTES, TAP, TEMPO, chart_columns

_SHORTEST_S = 1e-6
"""Notes closer together than this are one moment: a rate over it would say nothing."""

_TAIL_BEATS = 4.0
"""Beats that the grid goes on past the last note where no audio says how long the song is: about a bar."""

_GENERATORS = frozenset(("beat sage", "beatsage"))
"""What generators of maps put in the place of the mapper's name."""

_ANY_DIRECTION = 8
"""The last of the cut directions that need no mod."""

_OUT_OF_BOUNDS = 1000.0
"""Walls may reach out of the grid; from here on positions and sizes are a mod's precise ones."""

_DOWNLOAD = re.compile(r"([0-9a-f]{1,8}) \((.+ - .*)\)", re.DOTALL)
"""How BeatSaver names its downloads: ``<id> (<song> - <mapper>)``."""

_SCALARS = (
    *("beatsaver_id", "mode", "format_version", "title", "artist", "title_unicode", "artist_unicode", "subtitle"),
    *("source", "tags"),
    *("difficulty", "difficulty_rank", "label", "mappers", "lighters", "preview_s", "cover", "environment", "keys"),
    *("njs", "modded", "declared_ai", "in_bounds", "requirements", "suggestions"),
    *("tempo_bpm", "tempo_min_bpm", "tempo_max_bpm", "has_downbeats"),
    *("n_notes", "first_object_s", "last_object_s", "length_s", "nps", "max_score"),
    *("settings_beat_saber", "swings_per_s", "parity_warnings"),
)
"""Columns of one value a chart, as `_scalars` gives them; a table without rows has them too."""

_KINDS = ("bombs", "walls", "arcs", "chains", "rotations", "njs_events", "bpm_events", "fakes")
"""Columns of one list entry an object, as `Chart.objects` has them."""

_TYPES = {column.name: column.type for column in chart_columns(COLUMNS)}


def rows(batch: ChartBatch, facts: Facts) -> pa.Table:
    """Make one row a chart, in the batch's order (`Game.rows`)."""
    charts: list[Chart] = batch.data
    names = facts.mapset_names or [""] * len(charts)
    scalars = [_scalars(chart, name) for chart, name in zip(charts, names, strict=True)]
    grids = [_grid(chart, float(end)) for chart, end in zip(charts, facts.audio_end_s, strict=True)]
    columns: dict[str, Any] = {name: pa.array([row[name] for row in scalars], _TYPES[name]) for name in _SCALARS}
    columns["warnings"] = pa.array(
        [_codes(chart.warnings, grid) for chart, grid in zip(charts, grids, strict=True)], _TYPES["warnings"]
    )
    columns |= _labels(charts, grids)
    columns["tempo"] = _tempo(charts)
    columns["beats"] = _lists(BEATS, [{"time_s": grid.time_s, "position": grid.position} for grid in grids])
    columns |= _objects(charts)
    columns["lights"] = _lights(charts)
    return pa.table(columns)


def _scalars(chart: Chart, mapset_name: str) -> dict[str, Any]:
    own = {"beatsaver_id": _downloaded_id(mapset_name, chart.info.title)}
    return own | _song(chart) | _counts(chart) | _settings(chart)


def _downloaded_id(mapset_name: str, title: str) -> str | None:
    """Return BeatSaver's id where a folder or archive is named as its downloads are, with this song's title.

    Titles are compared by letters and digits, because a name has lost what file systems do not allow.
    """
    match = _DOWNLOAD.fullmatch(mapset_name)
    song = _letters(title)
    return match[1] if match and song and _letters(match[2]).startswith(song) else None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _song(chart: Chart) -> dict[str, Any]:
    """Return what Info.dat and the file's head say."""
    info, difficulty = chart.info, chart.difficulty
    generated = any(name.casefold().strip() in _GENERATORS for name in difficulty.mappers)
    return {
        "mode": difficulty.characteristic,
        "format_version": chart.objects.version,
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
        "lighters": list(difficulty.lighters),
        "preview_s": info.preview_s,
        "cover": info.cover,
        "environment": difficulty.environment,
        "keys": None,
        "modded": bool(difficulty.requirements),
        "declared_ai": True if generated else None,
        "requirements": list(difficulty.requirements),
        "suggestions": list(difficulty.suggestions),
    }


def _counts(chart: Chart) -> dict[str, Any]:
    """Return what follows from the objects."""
    objects = chart.objects
    times = _note_times(chart)
    count = len(times)
    first, last = (float(times[0]), float(times[-1])) if count else (0.0, 0.0)
    length = last - first
    each = 1 / length if length > _SHORTEST_S else 0.0
    found = swings(objects)
    return {
        "n_notes": count,
        "first_object_s": first if count else None,
        "last_object_s": last if count else None,
        "length_s": length,
        "nps": count * each,
        "max_score": max_score(objects),
        "in_bounds": in_bounds(objects),
        "swings_per_s": {"left": found.counts[0] * each, "right": found.counts[1] * each},
        "parity_warnings": sum(found.warnings),
    }


def _note_times(chart: Chart) -> FloatArray:
    notes = chart.objects.tables.get("notes")
    return np.empty(0) if notes is None else notes["time_s"]


def _settings(chart: Chart) -> dict[str, Any]:
    """Return tempo and jump."""
    info, difficulty = chart.info, chart.difficulty
    bpm = 60 / chart.tempo.beat_length_s
    main = info.bpm if 0 < info.bpm < math.inf else None
    stated = chart.objects.njs if math.isnan(difficulty.njs) else difficulty.njs
    njs = jump_speed(stated, difficulty.difficulty)
    half, reaction, distance = jump(njs, difficulty.njs_offset, main or float(bpm[0]))
    return {
        "tempo_bpm": main,
        "tempo_min_bpm": float(bpm.min()),
        "tempo_max_bpm": float(bpm.max()),
        "has_downbeats": False,
        "njs": njs,
        "settings_beat_saber": {
            "njs_offset": difficulty.njs_offset,
            "half_jump_beats": half,
            "reaction_time_s": reaction,
            "jump_distance": distance,
            "song_time_offset_s": info.offset_s,
            "shuffle": info.shuffle,
            "shuffle_period": info.shuffle_period,
        },
    }


def in_bounds(objects: Objects) -> bool:
    """Tell whether the unmodded game can show every object where it stands.

    Notes, bombs and the ends of arcs and chains lie in the 4 x 3 cells with one of the nine cut directions; walls,
    which may reach out of the grid, have whole positions and sizes below 1000.
    """
    for kind in ("notes", "bombs", "arcs", "chains"):
        table = objects.tables.get(kind)
        if table is None:
            continue
        if not _in_grid(table["x"], table["y"]).all():
            return False
        if "tail_x" in table and not _in_grid(table["tail_x"], table["tail_y"]).all():
            return False
        if "direction" in table and not ((table["direction"] >= 0) & (table["direction"] <= _ANY_DIRECTION)).all():
            return False
    walls = [objects.table("walls")[name] for name in ("x", "y", "width", "height")]
    return all(bool(((column == np.rint(column)) & (np.abs(column) < _OUT_OF_BOUNDS)).all()) for column in walls)


def _in_grid(x: FloatArray, y: FloatArray) -> BoolArray:
    inside: BoolArray = (x >= 0) & (x <= 3) & (x == np.rint(x)) & (y >= 0) & (y <= 2) & (y == np.rint(y))
    return inside


def _grid(chart: Chart, audio_end_s: float) -> timeline.Grid:
    """Lay out the beats to the end of the audio, else a bar past the last note; none without both."""
    end_s = audio_end_s
    if math.isnan(end_s):
        beats = chart.objects.table("notes")["beat"]
        end_s = float(chart.tempo.seconds(beats[-1] + _TAIL_BEATS)) if len(beats) else math.nan
    return timeline.beat_grid(*chart.tempo, end_s)


def _labels(charts: Sequence[Chart], grids: Sequence[timeline.Grid]) -> dict[str, pa.Array]:
    """Say where notes confirm the grid, and what the tempo segments are worth."""
    stretches = []
    for chart in charts:
        beat, tempo = chart.objects.table("notes")["beat"], chart.tempo
        at = np.maximum(np.searchsorted(tempo.beat, beat, side="right") - 1, 0)
        confirms = timeline.near_quarter(beat, tempo.beat_length_s[at])
        (start,), (end,) = timeline.labelled(confirms, _note_times(chart), np.array([0, len(beat)]))
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
    counts = Counter({code: count for code, count in warnings.items() if count})
    if grid.cut:
        counts["beats_cut"] += 1
    return [f"{code}:{count}" for code, count in sorted(counts.items())][: limits.WARNINGS]


def _lists(
    shape: pa.DataType, tables: Sequence[dict[str, np.ndarray[Any, Any]] | None], **more: pa.Array
) -> pa.StructArray:
    """Put one table of equally long columns a chart (None: no rows) into a struct of lists."""
    names = [item.name for item in shape if item.name not in more]
    sizes = [len(table[names[0]]) if table else 0 for table in tables]
    offsets = np.fromiter(accumulate(sizes, initial=0), np.int32, len(sizes) + 1)
    full = [table for table in tables if table]
    flat = {name: np.concatenate([table[name] for table in full]) if full else np.empty(0) for name in names}
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
    notes = [_core(chart.objects.tables.get("notes")) for chart in charts]
    count = sum(len(table["time_s"]) for table in notes if table)
    columns = {
        "notes": _lists(NOTES, notes, kind=pa.array(np.full(count, TAP, np.int64))),
        "notes_beat_saber": _lists(NOTES_BEAT_SABER, [chart.objects.tables.get("notes") for chart in charts]),
    }
    for kind in _KINDS:
        columns[kind] = _lists(_TYPES[kind], [chart.objects.tables.get(kind) for chart in charts])
    return columns


def _lights(charts: Sequence[Chart]) -> pa.StructArray:
    """Return the lights; null where they were not asked for, empty where there are none."""
    found = _lists(LIGHTS, [chart.objects.tables.get("lights") for chart in charts])
    unasked = pa.array([not chart.has_lights for chart in charts], pa.bool_())
    return pa.StructArray.from_arrays(found.flatten(), fields=list(LIGHTS), mask=unasked)


def _core(notes: Table | None) -> Table | None:
    """Return the columns that all games share; the lane numbers the twelve cells of the grid row by row."""
    if notes is None:
        return None
    x, y = notes["x"], notes["y"]
    return {
        "time_s": notes["time_s"],
        "end_s": notes["time_s"],
        "beat": notes["beat"],
        "lane": np.where(_in_grid(x, y), 4 * y + x, -1),
        "x": x,
        "y": y,
    }
