"""Files beside the maps that say more of them: osu!'s own database knows status, ids and stars of every chart.

They are read once, at the scan, and what they say of a chart goes into the manifest: a build needs no such file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.base import Game


@dataclass(slots=True)
class Library:
    """What the library files of a folder say.

    Attributes:
        facts: chart id -> core column -> value.
        found: names of the files that were read.
        problems: (name, why) of those that could not be.
    """

    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    problems: list[tuple[str, BadFormat]] = field(default_factory=list)


def read_library(game: Game, root: Path) -> Library:
    """Read the game's library files in a folder of maps and in the folder above it.

    Args:
        game: the game.
        root: the folder of maps (osu!'s ``Songs`` has ``osu!.db`` beside it) or the install itself.
    """
    library = Library()
    for name in game.library_files:
        path = next((path for folder in (root, root.parent) if (path := folder / name).is_file()), None)
        if path is None:
            continue
        try:
            library.facts.update(game.library(name, read_beside(path)))
            library.found.append(name)
        except BadFormat as error:
            library.problems.append((name, error))
    return library


def read_beside(path: Path) -> bytes:
    """Return the bytes of a file beside maps.

    Raises:
        LimitExceeded: it is larger than `limits.LIBRARY_BYTES`.
        BadFormat: it cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > limits.LIBRARY_BYTES:
            raise LimitExceeded("library_too_large", f"{size:,} bytes, at most {limits.LIBRARY_BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise BadFormat("unreadable_file", f"cannot be read: {error.strerror}") from error
