"""A fake install for tests; all of them are skipped where UnityPy is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_collection_modifyitems(items):
    try:
        import UnityPy  # noqa: F401
    except ImportError:
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="UnityPy is not installed (extra [unity])"))


@pytest.fixture
def install(tmp_path, monkeypatch):
    """An empty folder like a Steam install's, and a cache of its own."""
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    from unity_maker import FakeInstall

    return FakeInstall(tmp_path / "Beat Saber")
