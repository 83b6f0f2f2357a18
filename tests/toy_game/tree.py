"""Copies of the project's tree, with or without the throw-away game."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).with_name("files")


def copy_tree(folder: Path) -> Path:
    """Copy what git tracks or would add, so that a needed file that git ignores is missed here, not by users."""
    for name in _files():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def _files() -> list[str]:
    """Return the names of the tree's files; all source files where there is no repository, as in a source archive."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        top = [path.name for path in ROOT.iterdir() if path.is_file()]
        folders = ("rhythm_maps", "builders", "configs", "hub_cards", "tests")
        below = (path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
        return sorted([*top, *(path.relative_to(ROOT).as_posix() for path in below)])
    return sorted(set(listing.stdout.decode("utf-8").split("\0")) - {""})


def add_toy(folder: Path) -> list[str]:
    """Add the throw-away game to a copy; return the added files.

    Raises:
        AssertionError: one of them is there already: a new game must edit no file.
    """
    added = []
    for source in sorted(path for path in TOY.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        name = source.relative_to(TOY)
        assert not (folder / name).exists(), f"{name} exists: a third game must not touch it"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
        added.append(name.as_posix())
    return added
