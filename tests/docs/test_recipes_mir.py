"""docs/recipes_mir.md runs as it stands; the libraries accept what it gives, and it is what the rows say."""

from __future__ import annotations

import numpy as np
import pytest
from doc_blocks import ROOT, python_blocks, run_blocks

from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

RECIPES = ROOT / "docs" / "recipes_mir.md"


@pytest.fixture(scope="module")
def recipes(place):
    write_samples("osu", place / "maps")
    manifest = scan("osu", [place / "maps"], fractions=(0.5, 0.25, 0.25)).keep()
    build(manifest, place / "out" / "osu", make_spec("osu", configs=("charts", "beats")))
    return run_blocks(RECIPES)[-1]


def test_every_block_is_run():
    assert len(python_blocks(RECIPES)) == RECIPES.read_text(encoding="utf-8").count("```py") == 4


def test_mirdata_takes_every_song(recipes):
    assert len(recipes["songs"]) > 3
    for row in recipes["songs"]:
        data = recipes["beat_data"](row)
        assert data.times.tolist() == row["beats"]["time_s"]
        assert set(data.positions.tolist()) == set(row["beats"]["position"])


def test_jams_validate_and_hold_beats_and_tempo(recipes):
    for row in recipes["songs"]:
        jam = recipes["to_jams"](row)
        assert jam.validate(strict=True)
        (beats,) = jam.search(namespace="beat")
        assert [(o.time, o.value) for o in beats.data] == [
            (pytest.approx(t, abs=1e-9), p or None)
            for t, p in zip(row["beats"]["time_s"], row["beats"]["position"], strict=True)
        ]
        (tempo,) = jam.search(namespace="tempo")
        assert tempo.data[0].value == pytest.approx(60 / row["tempo"]["beat_length_s"][0])


def test_mir_eval_scores_our_own_beats_as_perfect_and_late_ones_as_not(recipes):
    row = recipes["songs"][0]
    beats = np.array(row["beats"]["time_s"])
    assert recipes["f_measure"](row, beats) == 1.0
    assert recipes["f_measure"](row, beats + 0.1) < 0.1
