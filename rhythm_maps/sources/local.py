"""Mapsets in folders of this machine: exports, `Songs`, `CustomLevels`, or any tree that holds maps.

A folder that holds a file marked by the game (an ``.osu``, an ``Info.dat``) is a mapset and owns the files below it,
down to the next mapset. An archive with the game's suffix is a mapset of its own. Nothing is opened here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rhythm_maps.errors import InputError
from rhythm_maps.games.base import Game

_SKIPPED_FOLDERS = frozenset({"__MACOSX", ".git", ".svn", "$RECYCLE.BIN", "System Volume Information"})


@dataclass(slots=True)
class Found:
    """One mapset on disk.

    Attributes:
        path: relative to the root, "/" between folders; "." where the root itself is the mapset.
        files: (name relative to the mapset, size, mtime_ns), sorted; for an archive its own single entry.
        is_archive: the path is a file.
        problem: why the folder could not be listed; it is then a reject, not a mapset.
    """

    path: str
    is_archive: bool
    files: list[tuple[str, int, int]] = field(default_factory=list)
    problem: str = ""


def normalise_root(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return (root folder, the path itself), absolute: a file's root is its folder.

    Raises:
        InputError: the path does not exist.
    """
    full = Path(os.path.abspath(Path(path).expanduser()))  # not resolve(): the user's own links are the names to show
    if not full.exists():
        raise InputError(f"{path}: no such file or folder. Give the folder that holds your maps, or a single archive.")
    return (full, full) if full.is_dir() else (full.parent, full)


def find_mapsets(game: Game, path: str | os.PathLike[str]) -> list[Found]:
    """List the mapsets at or below `path`, sorted by path.

    Raises:
        InputError: the path does not exist or cannot be listed.
    """
    root, start = normalise_root(path)
    if start != root:
        stat = start.stat()
        return [Found(start.name, is_archive=True, files=[(start.name, stat.st_size, stat.st_mtime_ns)])]
    return sorted(_walk(game, root), key=lambda found: found.path)


def _walk(game: Game, root: Path) -> Iterator[Found]:
    # A stack, not recursion: depth is the user's business.
    stack: list[tuple[str, Found | None]] = [("", None)]
    while stack:
        folder, owner = stack.pop()
        try:
            files, folders = _listing(root / folder)
        except OSError as error:
            if not folder:
                raise InputError(f"{root}: cannot be listed: {error.strerror}") from error
            yield Found(folder, is_archive=False, problem=f"the folder cannot be listed: {error.strerror}")
            continue
        if any(game.marks(entry.name) for entry in files):
            owner = Found(folder or ".", is_archive=False)
            yield owner
        for entry in files:
            try:
                stat = entry.stat()
            except OSError:  # a dangling link is no file
                continue
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.lower().endswith(game.archive_suffixes):
                yield Found(name, is_archive=True, files=[(entry.name, stat.st_size, stat.st_mtime_ns)])
            elif owner is not None:
                own = name if owner.path == "." else name[len(owner.path) + 1 :]
                owner.files.append((own, stat.st_size, stat.st_mtime_ns))
        stack.extend((f"{folder}/{name}" if folder else name, owner) for name in reversed(folders))


def _listing(folder: Path) -> tuple[list[os.DirEntry[str]], list[str]]:
    files: list[os.DirEntry[str]] = []
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED_FOLDERS:
                    folders.append(entry.name)
            elif entry.is_file():
                files.append(entry)
    return files, folders
