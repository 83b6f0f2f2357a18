"""Objects of a batch of charts as notes of their modes: kind, lane, position; and the edges of sliders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.beatmap import Beatmap
from rhythm_maps.games.osu.digits import BoolArray
from rhythm_maps.games.osu.hitline import CENTRE, CIRCLE, HOLD, SLIDER, SPINNER
from rhythm_maps.games.osu.objects import Banks, HitObjects, Objects, Sounds
from rhythm_maps.schema import HOLD as KIND_HOLD
from rhythm_maps.schema import ROLL, SLIDE, SPIN, TAP

OSU, TAIKO, CATCH, MANIA = range(4)
"""Modes as files number them."""
WHISTLE, FINISH, CLAP = 2, 4, 8
"""Bits of the hitsound field."""
PLAYFIELD_WIDTH = 512.0

_KINDS = np.zeros((4, 4), np.int64)
"""[mode, object] -> note kind. The converters of ppy/osu look at what an object can do: in mania whatever has a
duration is held; elsewhere a hold has a duration and no path, as a spinner has."""
_KINDS[:, CIRCLE], _KINDS[:, SLIDER], _KINDS[:, SPINNER], _KINDS[:, HOLD] = TAP, SLIDE, SPIN, SPIN
_KINDS[TAIKO, SLIDER] = ROLL
_KINDS[MANIA, 1:] = KIND_HOLD


@dataclass(frozen=True, slots=True)
class Places:
    """What depends on the mode, one entry a note.

    Attributes:
        kind: int64, index into `schema.NOTE_KINDS`.
        lane: int32; -1 where the mode has none.
        x, y: float32; NaN where the mode has none.
        big: bool, big notes of taiko.
    """

    kind: IntArray
    lane: npt.NDArray[np.int32]
    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    big: BoolArray


def places(objects: Objects, beatmaps: Sequence[Beatmap]) -> Places:
    """Turn the objects of a batch into notes of their modes."""
    modes = np.array([beatmap.mode for beatmap in beatmaps], np.int64)
    mode = modes[objects.chart]
    kind = _KINDS.ravel().take(mode * 4 + objects.kind)
    x, y = objects.raw_x.copy(), objects.raw_y.copy()
    lane = np.full(len(objects), -1, np.int32)
    big = np.zeros(len(objects), np.bool_)
    centre = np.flatnonzero(objects.kind == SPINNER)
    x[centre], y[centre] = CENTRE
    if TAIKO in modes:
        rows = np.flatnonzero(mode == TAIKO)
        sound, tap = objects.hitsound[rows], kind[rows] == TAP
        lane[rows] = np.where(tap, (sound & (WHISTLE | CLAP)) != 0, -1)
        big[rows] = ((sound & FINISH) != 0) & (kind[rows] != SPIN)
        x[rows] = np.nan
    if MANIA in modes:
        rows = np.flatnonzero(mode == MANIA)
        keys = np.array([beatmap.keys or 1 for beatmap in beatmaps], np.int32)
        lane[rows] = mania_lane(x[rows], keys[objects.chart[rows]])
        x[rows] = np.nan
    if CATCH in modes:
        rows = np.flatnonzero(mode == CATCH)
        x[rows] = np.clip(x[rows], 0, np.float32(PLAYFIELD_WIDTH))
    y[mode != OSU] = np.nan
    return Places(kind, lane, x, y, big)


def mania_lane(x: npt.NDArray[np.float32], keys: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the column of each position, in the game's own 32-bit arithmetic (ppy/osu PatternGenerator.GetColumn)."""
    width = np.float32(PLAYFIELD_WIDTH) / keys.astype(np.float32)
    return np.clip(np.floor(x / width), 0, keys - 1).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of sliders: head, turns and tail.

    Attributes:
        note: int64, row of the slider among all objects.
        time_ms: float64.
        hitsound, sample_set, addition_set: int32.
        cut: bool ``[charts]``, whether some of a chart's were left out (`limits.EDGES`).
    """

    note: IntArray
    time_ms: FloatArray
    hitsound: npt.NDArray[np.int32]
    sample_set: npt.NDArray[np.int32]
    addition_set: npt.NDArray[np.int32]
    cut: BoolArray


def edges(hits: HitObjects) -> Edges:
    """Lay out the edges of all sliders, with the sounds that lines list for them, else the slider's own.

    Source: ppy/osu ConvertHitObjectParser: nodes take the object's hitsound and sample sets unless listed.
    """
    objects = hits.objects
    sliders = np.flatnonzero(objects.spans > 0)
    count = objects.spans[sliders].astype(np.int64) + 1
    # Whole sliders up to the cap of their chart: an edge list never ends inside a slider.
    total = np.concatenate(([0], np.cumsum(count)))
    first = np.searchsorted(sliders, hits.offsets)
    base = np.repeat(total[first[:-1]], np.diff(first))
    fits = total[1:] - base <= limits.EDGES
    cut = np.zeros(len(hits.offsets) - 1, np.bool_)
    if not fits.all():
        cut[objects.chart[sliders[~fits]]] = True
        sliders, count = sliders[fits], count[fits]
    begins = np.cumsum(count) - count
    note = np.repeat(sliders, count)
    number = np.arange(len(note)) - np.repeat(begins, count)
    start, end = objects.start_ms[sliders], objects.end_ms[sliders]
    step = np.repeat((end - start) / objects.spans[sliders], count)
    time = np.repeat(start, count) + number * step
    time[begins + count - 1] = end
    sound, normal, addition = (
        np.repeat(column[sliders], count) for column in (objects.hitsound, objects.sample_set, objects.addition_set)
    )
    at, which = _listed(hits.lists.sounds, sliders, begins)
    sound[at] = hits.lists.sounds.hitsound[which]
    at, which = _listed(hits.lists.banks, sliders, begins)
    normal[at], addition[at] = hits.lists.banks.sample_set[which], hits.lists.banks.addition_set[which]
    return Edges(note, time, sound, normal, addition, cut)


def _listed(part: Sounds | Banks, sliders: IntArray, begins: IntArray) -> tuple[IntArray, IntArray]:
    """Return which edges have entries in a list, and which entries."""
    if not len(sliders):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    at = np.minimum(np.searchsorted(sliders, part.owner), len(sliders) - 1)
    which = np.flatnonzero(sliders[at] == part.owner)
    return begins[at[which]] + part.edge[which], which
