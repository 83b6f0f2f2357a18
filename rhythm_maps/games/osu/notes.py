"""Objects of a `.osu` file as notes of their mode: kind, lane, position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.hitline import (
    CIRCLE,
    COMBO_SKIP_MASK,
    COMBO_SKIP_SHIFT,
    HOLD,
    NEW_COMBO,
    SLIDER,
    SPINNER,
)
from rhythm_maps.games.osu.hitobjects import Objects
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
class Notes:
    """Notes of one chart, or of many one after the other: the flat values of `notes` and `notes_osu`.

    Attributes:
        time_ms, end_ms: float64, not decreasing starts.
        kind: int64, index into `schema.NOTE_KINDS`.
        lane: int64; -1 where the mode has none.
        x, y: float32; NaN where the mode has none.
        new_combo, big: bool. combo_skip, hitsound, spans: int64. length_px: float64.
    """

    time_ms: FloatArray
    end_ms: FloatArray
    kind: IntArray
    lane: IntArray
    x: np.ndarray
    y: np.ndarray
    new_combo: np.ndarray
    combo_skip: IntArray
    hitsound: IntArray
    spans: IntArray
    length_px: FloatArray
    big: np.ndarray

    def __len__(self) -> int:
        return len(self.time_ms)


def make_notes(objects: Objects, mode: int, keys: int | None) -> Notes:
    """Turn the sorted objects of one chart into notes.

    Args:
        objects: with the ends of sliders known.
        mode: mode of the chart.
        keys: number of columns; needed in mania.
    """
    kind = _KINDS[mode][objects.kind]
    x, y = objects.x.astype(np.float32), objects.y.astype(np.float32)
    nowhere = np.full(len(objects), np.nan, np.float32)
    lane = np.full(len(objects), -1, np.int64)
    big = np.zeros(len(objects), np.bool_)
    if mode == TAIKO:
        tap = kind == TAP
        lane[tap] = (objects.hitsound[tap] & (WHISTLE | CLAP)) != 0
        big = ((objects.hitsound & FINISH) != 0) & (kind != SPIN)
    elif mode == MANIA:
        lane = mania_lane(x, keys or 1)
    return Notes(
        time_ms=objects.start_ms,
        end_ms=objects.end_ms,
        kind=kind,
        lane=lane,
        x=x if mode == OSU else np.clip(x, 0, np.float32(PLAYFIELD_WIDTH)) if mode == CATCH else nowhere,
        y=y if mode == OSU else nowhere,
        new_combo=(objects.type_bits & NEW_COMBO) != 0,
        combo_skip=objects.type_bits >> COMBO_SKIP_SHIFT & COMBO_SKIP_MASK,
        hitsound=objects.hitsound,
        spans=objects.spans,
        length_px=objects.length_px,
        big=big,
    )


def mania_lane(x: np.ndarray, keys: int) -> IntArray:
    """Return the column of each position, in the game's own 32-bit arithmetic (ppy/osu PatternGenerator.GetColumn)."""
    width = np.float32(PLAYFIELD_WIDTH) / np.float32(keys)
    return np.clip(np.floor(x / width), 0, keys - 1).astype(np.int64)
