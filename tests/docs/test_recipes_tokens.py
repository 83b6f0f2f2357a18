"""docs/recipes_tokens.md runs as it stands, and leaves what its text says."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from doc_blocks import ROOT, python_blocks, run_blocks

sys.path.insert(0, str(Path(__file__).parents[1] / "tokens"))

from token_files import codes_of, write_tokens

from rhythm_maps.cli import cli
from rhythm_maps.tokens import read_sidecar

PAGE = ROOT / "docs" / "recipes_tokens.md"
LENGTHS = {"a.ecdc": 150, "deep/b_tempo_120.0.ecdc": 93}


@pytest.fixture(scope="module")
def recipe(place):
    """The names that the page's blocks define."""
    pytest.importorskip("torch")
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    for name, frames in LENGTHS.items():
        write_tokens(place / "tokens" / name, frames)
    return run_blocks(PAGE)[-1]


def test_blocks_are_short_and_all_found():
    blocks = python_blocks(PAGE)
    assert len(blocks) == PAGE.read_text(encoding="utf-8").count("```py") == 4
    assert max(source.count("\n") for _, source in blocks) <= 30


def test_every_file_has_its_features(place, recipe):
    for name, frames in LENGTHS.items():
        read = read_sidecar(place / "tokens" / name)
        assert read.names == ("gain_db", "scene_id", "wobble")
        assert read.values.shape == (frames, 3)
        assert (read.values[0, 0], read.values[-1, 0], read.features[0].unit) == (-12, 0, "dB")
        assert (read.features[1].minimum, read.features[1].maximum) == (0, 10)


def test_three_swings_a_second_are_three_swings_a_second(place, recipe):
    wobble = read_sidecar(place / "tokens" / "a.ecdc").values[:, 2]
    assert np.count_nonzero((wobble[:-1] < 0) & (wobble[1:] >= 0)) == 5, "150 frames are 2 s: 6 periods"


def test_the_check_finds_all_good(recipe):
    assert (recipe["result"].files, recipe["result"].ok, recipe["result"].issues) == (2, 2, [])


def test_the_picture_is_drawn(place, recipe):
    assert (place / "features.png").read_bytes().startswith(b"\x89PNG")
    drawn = [axis.lines[0].get_ydata() for axis in recipe["axes"]]
    np.testing.assert_array_equal(np.stack(drawn, axis=1), recipe["sidecar"].values)


def test_rows_for_training_hold_codes_and_features(recipe):
    assert recipe["names"] == ("gain_db", "scene_id", "wobble")
    assert tuple(recipe["cond"].shape) == (len(recipe["codes"]), 3)
    np.testing.assert_array_equal(recipe["codes"].numpy().T, codes_of(len(recipe["codes"])))


def test_commands_of_the_table_are_there(recipe):
    """Each is parsed by the command line itself, up to its arguments (`tokens encode`: with the tests of the codec)."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    shown = [part for line in lines for part in line.split("|")[2].split("`") if part.startswith("rhythm-maps ")]
    shown = [words for words in shown if "tokens encode" not in words]
    assert len(shown) == 6
    for words in map(shlex.split, shown):
        context, found = None, cli
        arguments = words[1:]
        while hasattr(found, "get_command") and arguments:
            found = found.get_command(context, arguments.pop(0))
            assert found is not None, words
        if arguments:
            found.make_context(words[1], arguments)


def test_the_json_is_one_that_its_loader_reads(place, recipe):
    meta = json.loads((place / "tokens" / "a.cond.json").read_text(encoding="utf-8"))
    assert meta["names"] == ["gain_db", "scene_id", "wobble"]
