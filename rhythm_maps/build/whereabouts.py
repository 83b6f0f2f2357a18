"""Where a worker is, so that it leaves a name behind when it dies."""

from __future__ import annotations

from typing import Protocol


class At(Protocol):
    """Told the path of each mapset before it is read, and of each recording, with its id, before it is decoded."""

    def __call__(self, path: str, track: str = "") -> None:
        """Take the place; an empty `track` says that the last recording is done."""


def nowhere(path: str, track: str = "") -> None:
    """Tell nobody."""
    del path, track
