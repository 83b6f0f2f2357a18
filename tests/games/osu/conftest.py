"""Helpers of the osu! tests: small `.osu` texts in, charts and rows out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.osu import GAME
from rhythm_maps.games.osu.charts import Chart, parse_chart

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


@pytest.fixture
def osu() -> Callable[..., bytes]:
    """Make the bytes of a small `.osu` file from the lines of its sections."""
    return osu_text


@pytest.fixture
def chart() -> Callable[..., Chart]:
    """Parse a small `.osu` file made from the lines of its sections."""

    def parse(*args: str, **sections: Any) -> Chart:
        return parse_chart(osu_text(*args, **sections))

    return parse


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """Make the row of one `.osu` file, as bytes; `audio_end_s` is where its audio ends."""

    def make(data: bytes, audio_end_s: float = float("nan")) -> dict[str, Any]:
        batch = GAME.parse([MapsetBytes((("a.osu", "a.osu"),), {"a.osu": data})])
        assert batch.rejects == []
        [only] = GAME.rows(batch, Facts(np.array([audio_end_s]))).to_pylist()
        return only

    return make
