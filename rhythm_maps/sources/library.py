"""Files that say more of maps: osu!'s own database, saved answers of BeatSaver's API. They know status, ids and stars.

They are read once, at the scan, and what they say of a chart goes into the manifest: a build needs no such file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, UsageError
from rhythm_maps.games.base import Game


@dataclass(slots=True)
class Library:
    """What library files say.

    Attributes:
        facts: chart id, or what those of a mapset have before a "/", in lower case -> core column -> value.
        found: names of the files that were read.
        problems: (name, why) of those that could not be, and of what in the others could not.
    """

    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    problems: list[tuple[str, BadFormat]] = field(default_factory=list)

    def add(self, game: Game, name: str, data: bytes) -> None:
        """Read one more file; where it says something again, its word counts.

        Raises:
            BadFormat: it cannot be read.
        """
        facts, problems = game.library(name, data)
        self.facts.update(facts)
        self.problems += [(name, problem) for problem in problems]
        self.found.append(name)

    def of(self, chart_id: str) -> dict[str, Any]:
        """Return what is known of a chart, by column: of its mapset, and what is said of the chart itself."""
        folded = chart_id.casefold()
        known: dict[str, Any] = {}
        for end in [i for i, letter in enumerate(folded) if letter == "/"] + [len(folded)]:
            known |= self.facts.get(folded[:end], {})
        return dict(sorted(known.items()))


def read_facts(game: Game, paths: Sequence[str | os.PathLike[str]]) -> Library:
    """Read library files that lie anywhere.

    Raises:
        UsageError: the game has no such files.
        InputError: one is not there.
        BadFormat: one cannot be read at all; the message names it.
    """
    library = Library()
    if paths and not game.library_files:
        raise UsageError(f"{game.title} has no files of facts")
    for path in [Path(one).expanduser() for one in paths]:
        if not path.is_file():
            raise InputError(f"{path}: no such file of facts; {game.title} has {' or '.join(game.library_files)}")
        try:
            library.add(game, path.name, read_beside(path))
        except BadFormat as error:
            raise type(error)(error.code, f"{path}: {error.reason}", error.place) from error
    return library


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
            library.add(game, name, read_beside(path))
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
