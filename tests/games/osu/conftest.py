"""Helpers of the osu! tests: small `.osu` texts in, charts and rows out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.osu import GAME
from rhythm_maps.games.osu.beatmap import Beatmap
from rhythm_maps.games.osu.events import Events
from rhythm_maps.games.osu.hitline import COMBO_SKIP_MASK, COMBO_SKIP_SHIFT, NEW_COMBO
from rhythm_maps.games.osu.notes import places
from rhythm_maps.games.osu.timing import Timing

RED = "0,500,4,2,0,50,1,0"


def osu_text(
    objects: str = "",
    timing: str = RED,
    *,
    mode: int = 0,
    version: int = 14,
    difficulty: str = "",
    metadata: str = "",
    general: str = "",
) -> bytes:
    """Write a `.osu` file; each argument is the lines of one section."""
    return (
        f"osu file format v{version}\n\n[General]\nMode: {mode}\n{general}\n\n[Metadata]\n{metadata}\n\n"
        f"[Difficulty]\nSliderMultiplier:1\n{difficulty}\n\n[TimingPoints]\n{timing}\n\n[HitObjects]\n{objects}\n"
    ).encode()


class Notes:
    """The notes of one chart: columns by name."""

    def __init__(self, hits, beatmaps):
        objects, place = hits.objects, places(hits.objects, beatmaps)
        self.time_ms, self.end_ms = objects.start_ms, objects.end_ms
        self.kind, self.lane, self.x, self.y, self.big = place.kind, place.lane, place.x, place.y, place.big
        self.raw_x, self.raw_y = objects.raw_x, objects.raw_y
        self.new_combo = (objects.type_bits & NEW_COMBO) != 0
        self.combo_skip = (objects.type_bits >> COMBO_SKIP_SHIFT) & COMBO_SKIP_MASK
        self.hitsound, self.spans, self.length_px = objects.hitsound, objects.spans, objects.length_px

    def __len__(self):
        return len(self.time_ms)


@dataclass
class One:
    """One parsed file; warnings without the line numbers at their ends."""

    beatmap: Beatmap
    events: Events
    timing: Timing
    notes: Notes
    warnings: tuple[str, ...]


def parse_one(data: bytes) -> One:
    """Parse one file; a reject is raised."""
    batch = GAME.parse([MapsetBytes((("a.osu", "a.osu"),), {"a.osu": data})])
    for reject in batch.rejects:
        raise reject.error
    charts = batch.data
    return One(
        charts.beatmaps[0],
        charts.events[0],
        charts.timing,
        Notes(charts.hits, charts.beatmaps),
        tuple(code.partition("@")[0] for code in charts.warnings[0]),
    )


@pytest.fixture
def parse() -> Callable[[bytes], One]:
    """Parse the bytes of one `.osu` file; a reject is raised."""
    return parse_one


@pytest.fixture
def osu() -> Callable[..., bytes]:
    """Make the bytes of a small `.osu` file from the lines of its sections."""
    return osu_text


@pytest.fixture
def chart() -> Callable[..., One]:
    """Parse a small `.osu` file made from the lines of its sections."""

    def make(*args: str, **sections: Any) -> One:
        return parse_one(osu_text(*args, **sections))

    return make


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """Make the row of one `.osu` file, as bytes; `audio_end_s` is where its audio ends."""

    def make(data: bytes, audio_end_s: float = float("nan")) -> dict[str, Any]:
        batch = GAME.parse([MapsetBytes((("a.osu", "a.osu"),), {"a.osu": data})])
        assert batch.rejects == []
        [only] = GAME.rows(batch, Facts(np.array([audio_end_s]))).to_pylist()
        return only

    return make
