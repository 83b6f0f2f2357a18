"""Where the documents' code runs: a folder of its own, with a build at out/<game> as their text says."""

from __future__ import annotations

import sys
from pathlib import Path

import datasets
import pytest

sys.path.insert(0, str(Path(__file__).parent))

datasets.disable_progress_bars()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A working folder, a home and caches that no other test has seen, for the tests of one module."""
    folder = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("RHYTHM_MAPS_CACHE", "HF_HOME", "HF_DATASETS_CACHE"):
            patch.setenv(name, str(folder / name))
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, str(folder / "home"))
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "HF_DATASETS_CACHE")
        yield folder
