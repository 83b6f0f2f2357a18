"""The contracts: what every game and every config keeps. Generated maps, made once for all worker processes.

Tests ask for `game`, or for `game` and `config`, and run for each game that `rhythm_maps.games` finds: a new game is
under contract as soon as its folder is there. Ids read ``test_name[osu-charts]``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import datasets
import pytest

import rhythm_maps
from rhythm_maps import games
from rhythm_maps.build import presets
from rhythm_maps.build.spec import CONFIGS, EXAMPLES

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

datasets.disable_progress_bars()


def pytest_generate_tests(metafunc):
    """Run a test for every game, or for every config of every game."""
    if "config" in metafunc.fixturenames:
        cases = [(game, config) for game in games.names() for config in (*CONFIGS, EXAMPLES, *presets.presets(game))]
        metafunc.parametrize(("game", "config"), cases, ids=["-".join(case) for case in cases])
    elif "game" in metafunc.fixturenames:
        metafunc.parametrize("game", games.names())


@pytest.fixture(scope="session")
def packs(tmp_path_factory):
    """See `packs.Packs`; the folder is shared by the workers of one run."""
    from packs import Packs

    base = tmp_path_factory.getbasetemp()
    return Packs((base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "contracts")


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """A working folder and caches that no other test has seen, here and in the processes that a test starts.

    datasets lists the working folder wherever it is told neither a folder nor files.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("RHYTHM_MAPS_CACHE", "HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "HF_DATASETS_CACHE"))


@pytest.fixture
def registered():
    """Register the games with datasets, and take them out of its table again, which belongs to the whole process."""
    table = datasets.packaged_modules._PACKAGED_DATASETS_MODULES
    before = dict(table)
    yield rhythm_maps.register()
    table.clear()
    table.update(before)


@pytest.fixture
def exports(packs):
    """Load what `built` loads through the builder, from the maps, with the same splits; `examples` is of the build."""

    def load(game, config, **kwargs):
        if config == EXAMPLES:
            return rhythm_maps.load_dataset(game, config, data_dir=packs.build_with_tokens(game), **kwargs)
        if config == "tokens":
            kwargs = {"data_dir": packs.songs_with_tokens(game), **packs.token_options(game), **kwargs}
        kwargs = {"data_dir": packs.samples(game), "splits": packs.fractions, "on_bad_files": "skip", **kwargs}
        return rhythm_maps.load_dataset(game, config, **kwargs)

    return load


@pytest.fixture
def built(packs):
    """Load a build with datasets' own call: of the game's sample pack, or of a few songs where tokens are wanted.

    `examples` is stored nowhere: they are what the builder makes of the build.
    """

    def load(game, config, **kwargs):
        if config == EXAMPLES:
            return rhythm_maps.load_dataset(game, config, data_dir=packs.build_with_tokens(game), **kwargs)
        return datasets.load_dataset(str(packs.build_of(game, config)), config, **kwargs)

    return load
