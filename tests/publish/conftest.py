"""Builds of the sample packs with their cards, made once; tests that change one take a copy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import datasets
import pytest

from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.publish.card import write_card
from rhythm_maps.publish.facts import CardFacts, Change

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

datasets.disable_progress_bars()

FRACTIONS = (0.45, 0.25, 0.30)
FACTS = CardFacts(
    repo="someone/maps",
    version="1.2.0",
    profile="audio",
    rights="I made every one of these maps and songs.",
    left_out={"official": 3, "no_permission": 12},
    changes=(
        Change("1.2.0", added={"charts": 4}, removed={"charts": 1}, notes=("One song was withdrawn.",)),
        Change("1.1.0", added={"charts": 7, "tracks": 6}),
    ),
)


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """Caches and a working folder that no other test has seen."""
    monkeypatch.chdir(tmp_path)
    for name in ("RHYTHM_MAPS_CACHE", "HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "HF_DATASETS_CACHE")


@pytest.fixture(scope="session")
def carded(tmp_path_factory):
    """Give the build of a game's sample pack, with its card; not to be changed."""
    made: dict[str, Path] = {}

    def make(game: str) -> Path:
        if game not in made:
            base = tmp_path_factory.mktemp(game)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("RHYTHM_MAPS_CACHE", str(base / "cache"))
                write_samples(game, base / "maps")
                build(scan(game, [base / "maps"], fractions=FRACTIONS).keep(), base / game, make_spec(game))
                write_card(base / game, FACTS)
            made[game] = base / game
        return made[game]

    return make


@pytest.fixture
def osu(carded, tmp_path):
    """A copy of the osu! build with its card."""
    return Path(shutil.copytree(carded("osu"), tmp_path / "osu"))
