"""A cache of its own for every test, and the helper modules of the folder above."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Scans and locks of a test stay in its folder."""
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
