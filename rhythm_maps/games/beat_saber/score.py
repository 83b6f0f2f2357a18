"""The highest score of a chart, by the rules that BeatSaver and the game share.

A cut is worth 115, the head of a chain 85 and each of its links 20. The multiplier doubles after 2, 4 and 8 further
hits, and the hit that fills the counter already counts double. Elements are taken in the order of (beat, value).
Source: BeatSaver's parser; checked against its values for real maps.
"""

from __future__ import annotations

import numpy as np

from rhythm_maps import limits
from rhythm_maps.games.beat_saber.document import BoolArray, FloatArray, Table
from rhythm_maps.games.beat_saber.objects import Objects, size

_CUT, _CHAIN_HEAD, _LINK = 115.0, 85.0, 20.0
_RAMP = np.array([1, *[2] * 4, *[4] * 8], np.int64)
"""Multiplier of the first hits; 8 from then on."""
_FULL = 8


def max_score(objects: Objects) -> int | None:
    """Return the highest score; None where chains claim more links than a chart may have objects.

    Formats 1 and 2 have no chains, and BeatSaver gives every note of theirs 115.
    """
    notes, chains = objects.table("notes"), objects.table("chains")
    beats, values = notes["beat"], np.full(size(notes), _CUT)
    if objects.major > 2 and size(chains):
        if float(np.maximum(chains["slices"] - 1, 0).sum()) > limits.NOTES:
            return None
        arc_tails = _at(notes, objects.table("arcs"), "end_beat", "tail_x", "tail_y")
        values[_at(notes, chains, "beat", "x", "y") & ~arc_tails] = _CHAIN_HEAD
        links = _links(chains)
        beats = np.concatenate((beats, links))
        values = np.concatenate((values, np.full(len(links), _LINK)))
    points = values[np.lexsort((values, beats))].astype(np.int64)
    ramp = min(len(points), len(_RAMP))
    return int(points[:ramp] @ _RAMP[:ramp]) + _FULL * int(points[ramp:].sum())


def _at(notes: Table, others: Table, beat: str, x: str, y: str) -> BoolArray:
    """Tell which notes stand at the beat, colour and cell of one of the others."""
    found = np.zeros(size(notes), bool)
    if not size(others):
        return found
    places = set(zip(*(others[name].tolist() for name in (beat, "color", x, y)), strict=True))
    near = np.flatnonzero(np.isin(notes["beat"], others[beat]))
    own = zip(*(notes[name][near].tolist() for name in ("beat", "color", "x", "y")), strict=True)
    found[near] = [place in places for place in own]
    return found


def _links(chains: Table) -> FloatArray:
    """Return the beats of all links: a chain of n slices has a head and n - 1 links, the last one at its tail."""
    counts = np.maximum(chains["slices"] - 1, 0).astype(np.int64)
    number = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    step = (chains["end_beat"] - chains["beat"]) / np.maximum(counts, 1)
    return np.asarray(np.repeat(chains["beat"], counts) + number * np.repeat(step, counts))
