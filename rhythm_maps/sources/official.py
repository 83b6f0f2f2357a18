"""Installs of games whose own levels can be read."""

from __future__ import annotations

from pathlib import Path

from rhythm_maps.errors import UsageError
from rhythm_maps.games.base import Game
from rhythm_maps.sources.unity import Install

_OPENERS = {"beat_saber": Install}


def open_install(game: Game, root: Path) -> Install:
    """Open an install for its official levels.

    Raises:
        UsageError: levels of this game's installs cannot be read.
        InputError: there is no install at `root`.
    """
    if game.name not in _OPENERS:
        raise UsageError(
            f"--install goes with {', '.join(_OPENERS)}: {game.title} has no official levels that are read"
        )
    return _OPENERS[game.name](root)
