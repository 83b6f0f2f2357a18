"""When sliders end: by the length that the file gives, and by the path's own where that decides."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.beatmap import Beatmap
from rhythm_maps.games.osu.digits import BoolArray
from rhythm_maps.games.osu.geometry import Curve, Segment, is_final, parts, path_lengths
from rhythm_maps.games.osu.hitline import SLIDER
from rhythm_maps.games.osu.objects import HitObjects
from rhythm_maps.games.osu.sliders import BEZIER
from rhythm_maps.games.osu.timing import DEFAULT_BEAT_LENGTH_MS, Steps, Timing


def slider_ends(hits: HitObjects, timing: Timing, beatmaps: list[Beatmap]) -> HitObjects:
    """Return the objects with the ends of sliders.

    A slider lasts ``spans * length * beat length / (100 * SliderMultiplier * velocity)``.

    Args:
        hits: the objects of a batch.
        timing, beatmaps: of the same charts.

    Source: ppy/osu Slider.ApplyDefaultsToSelf with LegacyBeatmapDecoder's difficulty points.
    """
    objects = hits.objects
    rows = np.flatnonzero(objects.kind == SLIDER)
    if not len(rows):
        return hits
    start, chart = objects.start_ms[rows], objects.chart[rows]
    multiplier = np.array([beatmap.difficulty.slider_multiplier for beatmap in beatmaps])
    velocity = 100.0 * multiplier[chart] * _value_at(timing.velocity, start, chart, 1.0)
    duration = objects.spans[rows] * _lengths(hits, rows, beatmaps) * beat_length_at(timing, start, chart) / velocity
    end = objects.end_ms.copy()
    end[rows] = start + duration
    return replace(hits, objects=replace(objects, end_ms=end))


def beat_length_at(timing: Timing, time_ms: FloatArray, chart: IntArray) -> FloatArray:
    """Return the beat length in force at each time; before a chart's first point it is that point's.

    Args:
        timing: of a batch.
        time_ms, chart: times and their charts, sorted by chart.
    """
    found = np.full(len(time_ms), DEFAULT_BEAT_LENGTH_MS)
    for mine, reds in _by_chart(timing.offsets, chart):
        at = np.searchsorted(timing.tempo_ms[reds], time_ms[mine], side="right") - 1
        found[mine] = timing.beat_length_ms[reds][np.maximum(at, 0)]
    return found


def _value_at(steps: Steps, time_ms: FloatArray, chart: IntArray, before: float) -> FloatArray:
    found = np.full(len(time_ms), before)
    for mine, theirs in _by_chart(steps.offsets, chart):
        at = np.searchsorted(steps.time_ms[theirs], time_ms[mine], side="right")
        found[mine] = np.concatenate(([before], steps.value[theirs]))[at]
    return found


def _by_chart(offsets: IntArray, chart: IntArray) -> list[tuple[slice, slice]]:
    """Pair the rows of each chart with what it owns by `offsets`, for charts that have both."""
    numbers = np.flatnonzero(np.diff(offsets))
    first, last = np.searchsorted(chart, numbers), np.searchsorted(chart, numbers, side="right")
    columns = zip(first.tolist(), last.tolist(), offsets[numbers].tolist(), offsets[numbers + 1].tolist(), strict=True)
    return [(slice(a, b), slice(c, d)) for a, b, c, d in columns if b > a]


def _lengths(hits: HitObjects, rows: IntArray, beatmaps: list[Beatmap]) -> FloatArray:
    """Return the length of each slider's path: as the file says, but where the path's own holds."""
    length = hits.objects.length_px[rows]
    odd = np.flatnonzero(np.isnan(length) | _doubled_ends(hits, rows))
    if not len(odd):
        return length
    paths = [parts(_curve(hits, row, beatmaps[int(hits.objects.chart[row])].version)) for row in rows[odd].tolist()]
    which = [i for i, path in enumerate(paths) if np.isnan(length[odd[i]]) or is_final(path)]
    chart = hits.objects.chart[rows[odd]]
    for one in np.unique(chart[which]).tolist():
        mine = [i for i in which if chart[i] == one]
        own = path_lengths(paths[i] for i in mine)
        # Without a length the path's own counts; a path that is never made longer may be shorter than said.
        length[odd[mine]] = np.fmin(length[odd[mine]], own)
    return length


def _doubled_ends(hits: HitObjects, rows: IntArray) -> BoolArray:
    """Tell which paths may end in two equal points: those of their last control points, or without any.

    The head is the first point of all.
    """
    objects, points = hits.objects, hits.lists.points
    first, stop = np.searchsorted(points.owner, rows), np.searchsorted(points.owner, rows, side="right")
    found = stop == first
    some, last = np.flatnonzero(~found), stop[~found] - 1
    x, y = objects.raw_x[rows[some]], objects.raw_y[rows[some]]
    several = last > first[some]
    x = np.where(several, points.x[last - several], x)
    y = np.where(several, points.y[last - several], y)
    doubled = (points.x[last] == x) & (points.y[last] == y)
    # A Bezier path whose third last point is another one does not stand still at its end.
    third = last - 2 >= first[some]
    x = np.where(third, points.x[last - 2 * third], objects.raw_x[rows[some]])
    y = np.where(third, points.y[last - 2 * third], objects.raw_y[rows[some]])
    moves = several & (points.type[last] == BEZIER) & ((points.x[last] != x) | (points.y[last] != y))
    found[some] = doubled & ~moves
    return np.asarray(found)


def _curve(hits: HitObjects, row: int, version: int) -> Curve:
    points = hits.lists.points
    first, last = np.searchsorted(points.owner, [row, row + 1]).tolist()
    path = np.stack([points.x[first:last], points.y[first:last]], axis=1)
    cuts = [0, *(np.flatnonzero(np.diff(points.segment[first:last])) + 1).tolist(), last - first]
    types = points.type[first:last]
    segments = [Segment(hits.curve_types[int(types[a])], path[a:b]) for a, b in pairwise(cuts) if b > a]
    return Curve(np.array([hits.objects.raw_x[row], hits.objects.raw_y[row]], np.float32), segments, version)
