"""Every change of the file system that a build makes, one function each.

A build must survive being stopped between any two of them. They all pass `step` first, so a test can stop there, at
each in turn; nothing else in the package renames, links, writes or removes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def step(operation: str, path: Path) -> None:
    """Do nothing; tests replace it to count operations and to stop before one."""


def make_folder(path: Path) -> None:
    """Create a folder and its parents; an existing one is left as it is."""
    step("make_folder", path)
    path.mkdir(parents=True, exist_ok=True)


@contextmanager
def create(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file for binary writing and fsync it before it is closed.

    The file has its final name from the start, so use it only inside a folder that is renamed when it is whole.
    """
    step("create", path)
    with path.open("wb") as file:
        yield file
        step("sync", path)
        file.flush()
        os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one, none, or the whole new one."""
    make_folder(path.parent)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with create(temporary) as file:
        file.write(data)
    step("replace", path)
    os.replace(temporary, path)  # noqa: PTH105 - the one rename that may replace a file


def rename(source: Path, target: Path) -> None:
    """Rename a folder to a name that is free, and make the renaming durable, and before it what the folder lists."""
    step("rename", target)
    for folder, _, _ in os.walk(source):
        _sync_folder(Path(folder))
    os.rename(source, target)  # noqa: PTH104 - Path.rename would replace an empty folder in silence as well
    _sync_folder(target.parent)


def link(source: Path, target: Path) -> None:
    """Give a finished file a second name, or copy it where the file system has no hard links."""
    step("link", target)
    try:
        os.link(source, target)
    except OSError:
        with source.open("rb") as data, create(target) as file:
            shutil.copyfileobj(data, file)


def remove_file(path: Path) -> None:
    """Remove a file; one that is not there is as good as removed."""
    step("remove", path)
    path.unlink(missing_ok=True)


def replace_link(source: Path, target: Path) -> None:
    """Put a file under a second name, whatever stands there, by a hard link or else a copy.

    A target that is the source already is left alone: a copy onto it would empty both.
    """
    make_folder(target.parent)
    if target.exists() and target.samefile(source):
        return
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    link(source, temporary)
    step("replace", target)
    os.replace(temporary, target)  # noqa: PTH105 - as above


def remove_tree(path: Path) -> None:
    """Remove a folder, file by file. A folder whose name means "done" must be renamed away first."""
    if not path.exists():
        return
    for folder, folders, files in os.walk(path, topdown=False):
        for name in files:
            step("remove", Path(folder, name))
            Path(folder, name).unlink()
        for name in folders:
            Path(folder, name).rmdir()
    step("remove", path)
    path.rmdir()


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there; NTFS journals renames itself
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
