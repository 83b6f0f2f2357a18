"""Where a game keeps its maps when nobody says: default folders of installs on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from rhythm_maps.games.base import Game

_VARIABLE = re.compile(r"%([A-Za-z_]+)%|\$([A-Za-z_]+)")


def find_places(game: Game, environment: Mapping[str, str] | None = None) -> list[Path]:
    """Return the game's default folders that exist here, best first.

    Args:
        game: the game; its `places` are paths with ``~``, ``%NAME%`` and ``$NAME``.
        environment: variables to use instead of this process's.
    """
    values = os.environ if environment is None else environment
    found: dict[Path, None] = {}
    for place in game.places:
        path = _expand(place, values)
        if path is not None and path.is_dir():
            found[path] = None
    return list(found)


def _expand(place: str, values: Mapping[str, str]) -> Path | None:
    """Fill in the variables; None where one is not set, as on another system."""
    names = [percent or dollar for percent, dollar in _VARIABLE.findall(place)]
    if any(not values.get(name) for name in names):
        return None
    text = _VARIABLE.sub(lambda match: values[match[1] or match[2]], place)
    if text.startswith("~"):
        home = values.get("USERPROFILE") if os.name == "nt" else values.get("HOME")
        if not home:
            return None
        text = home + text[1:]
    return Path(text.replace("\\", "/"))
