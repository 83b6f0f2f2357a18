"""Shared fixtures: the corpus of real maps where there is one, a fresh cache for every test, a quiet Hub client."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # where the helpers lie that tests of several rooms share

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")
# The list of opt-outs of whoever runs the tests must not change what builds hold.
os.environ["RHYTHM_MAPS_CONFIG"] = str(Path(__file__).parent / "no_settings")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real maps; the test is skipped where it is absent."""
    folder = os.environ.get("RHYTHM_MAPS_CORPUS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RHYTHM_MAPS_CORPUS is not set to a folder of real maps")
    return Path(folder)
