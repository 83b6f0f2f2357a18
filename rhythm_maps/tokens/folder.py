"""Folders of token files: which files, in what order, and which share of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from rhythm_maps.errors import InputError, NoDataError, UsageError

SUFFIX = ".ecdc"


def token_files(root: Path, *, recursive: bool = True, suffix: str = SUFFIX) -> list[Path]:
    """Return the token files below a folder, sorted by lower-case path; links to folders are not followed.

    Raises:
        InputError: it is no folder.
        NoDataError: it holds none.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder")
    found = sorted(
        _walk(root, suffix, recursive=recursive), key=lambda path: (path.as_posix().lower(), path.as_posix())
    )
    if not found:
        hint = "" if recursive else "; --recursive looks into its folders, too"
        raise NoDataError(f"{root}: holds no {suffix} files{hint}")
    return found


def _walk(root: Path, suffix: str, *, recursive: bool) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        for name in files:
            path = Path(folder, name)
            if name.endswith(suffix) and path.is_file():
                yield path
        if not recursive:
            folders.clear()


def relative(path: Path, root: Path) -> str:
    """Return a file's path below `root`, '/' between folders, on every system."""
    return path.relative_to(root).as_posix()


def share(paths: list[Path], root: Path, index: int | None, count: int | None) -> list[Path]:
    """Return the files of one share of several, by a hash of their relative paths, as EncHF shares them out.

    Args:
        paths: the files.
        root: what their paths are relative to.
        index: number of the share, from 0; None with `count` None for all.
        count: number of shares.

    Raises:
        UsageError: only one of the two, or out of range.
    """
    if index is None and count is None:
        return paths
    if index is None or count is None or not 0 <= index < count:
        raise UsageError(f"shard index {index} of {count}: both are needed, and 0 <= index < count")
    return [path for path in paths if _bucket(relative(path, root), count) == index]


def _bucket(name: str, count: int) -> int:
    return int(hashlib.sha1(name.encode("utf-8", "surrogateescape")).hexdigest()[:8], 16) % count  # noqa: S324 - no secret


def mirrored(path: Path, root: Path, other: Path | None) -> Path | None:
    """Return the folder below `other` that mirrors that of `path` below `root`; None where there is no other."""
    return None if other is None else other / path.parent.relative_to(root)
