"""Writes the generated sample pack of a game into a folder: what the demo builds and tests read."""

from __future__ import annotations

from pathlib import Path

from rhythm_maps import games
from rhythm_maps.files import atomic


def write_samples(game: str, folder: Path) -> list[Path]:
    """Write a game's sample mapsets, and return their paths; files that are there with the same bytes stay.

    Args:
        game: name of the game.
        folder: where to; made if it is not there.
    """
    written = []
    for sample in games.get(game).samples():
        path = folder / sample.file_name
        if not path.is_file() or path.read_bytes() != sample.data:
            atomic.write_bytes(path, sample.data)
        written.append(path)
    return written
