"""What a chart asks of the player at the codec's frame rate: onsets, held notes and density, whole and by part.

A part is what plays: a column of keys, don and kat, a hand. The frame rule is that of `conditioning`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rhythm_maps.tokens.conditioning import Float32Array, FloatArray, Frames, IntArray

NAMES = ("note_onset", "note_active", "note_density")
"""The fields of the column `note_features`, in order."""
DENSITY_WINDOW_S = 1.0
"""Length in seconds of the centred window in which notes are counted."""


class NoteFeatures(NamedTuple):
    """Features of some notes.

    Attributes:
        note_onset: float32 ``[frames]``, 1 where a note starts, else 0.
        note_active: float32 ``[frames]``, 1 from the frame in which a note starts to that in which it ends, else 0.
        note_density: float32 ``[frames]``, notes a second that start within half a second of the frame's middle.
    """

    note_onset: Float32Array
    note_active: Float32Array
    note_density: Float32Array


def note_features(frames: Frames, start_s: FloatArray, end_s: FloatArray) -> NoteFeatures:
    """Turn notes into features.

    Args:
        frames: the grid.
        start_s: float64 ``[n]``, starts in seconds on the game's clock, not decreasing.
        end_s: float64 ``[n]``, ends, none before its start.

    Returns:
        The features. A note that starts outside the audio has no onset; what of it lies within is active.
    """
    first, inside = frames.of(start_s)
    last, _ = frames.of(end_s)
    onset = np.zeros(frames.count)
    onset[first[inside]] = 1.0
    # Rises and falls of a running count, so that a note of any length costs two steps.
    steps = np.zeros(frames.count + 1)
    heard = (last >= 0) & (first < frames.count)
    np.add.at(steps, np.maximum(first[heard], 0), 1.0)
    np.add.at(steps, np.minimum(last[heard] + 1, frames.count), -1.0)
    active = np.cumsum(steps[:-1]) > 0
    middle = frames.start_s + frames.hop / frames.sampling_rate / 2
    upper = np.searchsorted(start_s, middle + DENSITY_WINDOW_S / 2, side="left")
    lower = np.searchsorted(start_s, middle - DENSITY_WINDOW_S / 2, side="left")
    return NoteFeatures(
        onset.astype(np.float32),
        active.astype(np.float32),
        ((upper - lower) / DENSITY_WINDOW_S).astype(np.float32),
    )


def outside(frames: Frames, start_s: FloatArray) -> int:
    """Return how many notes start before 0 or past the end of the audio."""
    return int((~frames.of(start_s)[1]).sum())


def part_features(
    frames: Frames, start_s: FloatArray, end_s: FloatArray, part: IntArray, parts: int
) -> list[NoteFeatures]:
    """Return the features of each part.

    Args:
        frames: the grid.
        start_s: starts of all notes.
        end_s: their ends.
        part: int64 ``[n]``, who plays each note: 0 to ``parts - 1``; any other number is nobody's.
        parts: how many parts there are.
    """
    return [note_features(frames, start_s[part == i], end_s[part == i]) for i in range(parts)]
