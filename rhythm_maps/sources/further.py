"""Further folders of maps that an install names in a file of its own (SongCore's ``folders.xml``)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import Game, NamedFolder
from rhythm_maps.sources.library import read_beside

_ROOT_DRIVE = "Z:"
"""The drive under which Wine and Proton show the whole file system."""


@dataclass(slots=True)
class Further:
    """What the lists of an install name.

    Attributes:
        folders: the folders that are there, absolute.
        problems: (the list's path in the install, why it or a folder of it cannot be read). A folder is called by its
            name in the list, because paths of this machine must not get into a build.
    """

    folders: list[Path] = field(default_factory=list)
    problems: list[tuple[str, BadFormat]] = field(default_factory=list)


def further_folders(game: Game, root: Path) -> Further:
    """Return the further folders that the install at or above `root` names.

    Args:
        game: the game.
        root: the install's folder or any below it, such as ``Beat Saber_Data/CustomLevels``; absolute.
    """
    further = Further()
    for name in game.folder_lists:
        install = next((folder for folder in (root, *root.parents) if (folder / name).is_file()), None)
        if install is None:
            continue
        try:
            named = game.named_folders(name, read_beside(install / name))
        except BadFormat as error:
            further.problems.append((name, error))
            continue
        _add(further, name, install, named)
    return further


def _add(further: Further, name: str, install: Path, named: Sequence[NamedFolder]) -> None:
    for one in named:
        path = _located(install, one.path)
        problem = _problem(path) if one.path else "it has no path"
        if problem:
            reason = f"a further folder of maps is left out: {problem}"
            further.problems.append((name, BadFormat("missing_folder", reason, one.name)))
        elif path not in further.folders:
            further.folders.append(path)


def _located(install: Path, path: str) -> Path:
    """Return where a path of the list lies on this machine; the game reads it from the install's folder."""
    if os.name != "nt":
        windows = PureWindowsPath(path)
        path = path[len(_ROOT_DRIVE) :] if windows.drive.upper() == _ROOT_DRIVE else path
        path = path.replace("\\", "/")
    return Path(os.path.abspath(install / path))


def _problem(folder: Path) -> str:
    try:
        with os.scandir(folder):
            return ""
    except ValueError:  # a NUL in the name
        return "its path is none"
    except OSError as error:
        return error.strerror or "it cannot be listed"
