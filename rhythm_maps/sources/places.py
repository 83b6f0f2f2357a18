"""Where a game keeps its maps when nobody says: default folders of installs on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from rhythm_maps.games.base import Game

_VARIABLE = re.compile(r"%([A-Za-z_]+(?:\([A-Za-z0-9]+\))?)%|\$([A-Za-z_]+)")
"""``%NAME%`` and ``$NAME``; Windows has a variable named ``ProgramFiles(x86)``."""
_ANY = "*"


def find_places(game: Game, environment: Mapping[str, str] | None = None) -> list[Path]:
    """Return the game's default folders that exist here, best first.

    A folder that several places lead to by links (``~/.steam/steam``, instances that share their levels) is named once,
    by the first of them.

    Args:
        game: the game; its `places` are paths with ``~``, ``%NAME%``, ``$NAME`` and parts that are ``*``.
        environment: variables to use instead of this process's.
    """
    values = os.environ if environment is None else environment
    found: dict[str, Path] = {}
    for place in game.places:
        for path in _expand(place, values):
            if path.is_dir():
                found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _expand(place: str, values: Mapping[str, str]) -> list[Path]:
    """Return the paths that a place stands for; none where a variable is not set, as on another system."""
    names = [percent or dollar for percent, dollar in _VARIABLE.findall(place)]
    if any(not values.get(name) for name in names):
        return []
    # Cut before variables are filled in: a "*" in one of their values is a name, not a pattern.
    head, *tails = place.replace("\\", "/").split(f"/{_ANY}/")
    if head.startswith("~"):
        home = values.get("USERPROFILE") if os.name == "nt" else values.get("HOME")
        if not home:
            return []
        head = home + head[1:]
    paths = [Path(_filled(head, values))]
    for tail in tails:
        paths = [folder / _filled(tail, values) for path in paths for folder in _folders(path)]
    return paths


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], text).replace("\\", "/")


def _folders(path: Path) -> list[Path]:
    """Return the folders in a folder, sorted by name; none where it is not there or cannot be listed."""
    try:
        with os.scandir(path) as entries:
            return sorted(path / entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []
