"""Finds the games: every sub-package here is one, and adding a folder is all it takes."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from typing import cast

from rhythm_maps.errors import UsageError
from rhythm_maps.games.base import Game


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of all games, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


def get(name: str) -> Game:
    """Return a game by name.

    Raises:
        UsageError: there is no such game.
    """
    if name not in names():
        raise UsageError(f"unknown game {name!r}: expected one of {', '.join(names())}")
    return cast("Game", importlib.import_module(f"{__name__}.{name}").GAME)
