"""Columns of many values a chart, as Arrow structs of lists: notes, edges, curves, changes of scroll speed, kiai."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rhythm_maps import schema
from rhythm_maps.columns import lists_array
from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.charts import Charts
from rhythm_maps.games.osu.columns import CURVES, EDGES, NOTES, SCROLL, STRETCHES
from rhythm_maps.games.osu.hitline import COMBO_SKIP_MASK, COMBO_SKIP_SHIFT, NEW_COMBO
from rhythm_maps.games.osu.notes import Edges, places
from rhythm_maps.games.osu.objects import HitObjects
from rhythm_maps.games.osu.tempo import MS
from rhythm_maps.games.osu.timing import Steps


def note_lists(charts: Charts, time_s: FloatArray, beat: FloatArray) -> dict[str, pa.StructArray]:
    """Return `notes` and `notes_osu`; `time_s` (starts) and `beat` have one entry a note."""
    objects, offsets = charts.hits.objects, charts.hits.offsets
    place = places(objects, charts.beatmaps)
    core = {
        "time_s": time_s,
        "end_s": objects.end_ms / MS,
        "beat": beat,
        "kind": place.kind,
        "lane": place.lane,
        "x": place.x,
        "y": place.y,
    }
    own = {
        "new_combo": (objects.type_bits & NEW_COMBO) != 0,
        "combo_skip": (objects.type_bits >> COMBO_SKIP_SHIFT) & COMBO_SKIP_MASK,
        "hitsound": objects.hitsound,
        "sample_set": objects.sample_set,
        "addition_set": objects.addition_set,
        "volume": objects.volume,
        "spans": objects.spans,
        "length_px": objects.length_px,
        "big": place.big,
        "raw_x": objects.raw_x,
        "raw_y": objects.raw_y,
    }
    return {
        "notes": lists_array(schema.NOTES, offsets, core),
        "notes_osu": lists_array(NOTES, offsets, own),
    }


def edge_lists(hits: HitObjects, edges: Edges) -> pa.StructArray:
    """Return `edges`."""
    note, offsets = _own_rows(hits, edges.note)
    flat = {
        "note": note,
        "time_s": edges.time_ms / MS,
        "hitsound": edges.hitsound,
        "sample_set": edges.sample_set,
        "addition_set": edges.addition_set,
    }
    return lists_array(EDGES, offsets, flat)


def curve_lists(hits: HitObjects) -> pa.StructArray:
    """Return `curves`."""
    points = hits.lists.points
    note, offsets = _own_rows(hits, points.owner)
    types = pa.array(hits.curve_types, pa.string()).take(pa.array(points.type))
    flat = {"note": note, "segment": points.segment, "type": types, "x": points.x, "y": points.y}
    return lists_array(CURVES, offsets, flat)


def _own_rows(hits: HitObjects, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return rows of all objects as indices into each chart's notes, and which entries are whose."""
    chart = hits.objects.chart[rows]
    return rows - hits.offsets[chart], np.searchsorted(chart, np.arange(len(hits.offsets)))


def value_lists(steps: Steps) -> pa.StructArray:
    """Return `scroll`."""
    return lists_array(SCROLL, steps.offsets, {"time_s": steps.time_ms / MS, "velocity": steps.value})


def stretches(steps: Steps, ends_s: FloatArray) -> pa.StructArray:
    """Return `kiai`: from each 1 to the next 0; one without an end goes on to its chart's `ends_s`."""
    chart = np.repeat(np.arange(len(steps.offsets) - 1), np.diff(steps.offsets))
    on = np.flatnonzero(steps.value > 0)
    start = steps.time_ms[on] / MS
    after = np.minimum(on + 1, len(chart) - 1)
    ended = (on + 1 < len(chart)) & (chart[after] == chart[on])
    end = np.where(ended, steps.time_ms[after] / MS, np.maximum(start, ends_s[chart[on]]))
    offsets = np.searchsorted(chart[on], np.arange(len(steps.offsets)))
    return lists_array(STRETCHES, offsets, {"start_s": start, "end_s": end})
