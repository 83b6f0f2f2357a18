"""Where an install keeps its bundles: names in any case, nothing but the first bytes of a file is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import InputError, LimitExceeded
from rhythm_maps.sources.unity.bundle import is_bundle

_PACK = "_pack_assets_"
"""What a pack's file name holds."""


class Places(NamedTuple):
    """What an install holds.

    Attributes:
        levels: level bundles.
        packs: bundles that list levels.
        others: all other bundles beside the packs; characteristics may lie in one of them.
        managed: the folder of the game's assemblies, None where there is none.
    """

    levels: tuple[Path, ...]
    packs: tuple[Path, ...]
    others: tuple[Path, ...]
    managed: Path | None


def find_places(root: Path) -> Places:
    """Find the bundles of an install.

    Args:
        root: the install's folder, its ``Beat Saber_Data`` or its ``StreamingAssets``.

    Raises:
        InputError: it is no folder, cannot be listed, or holds no level bundles.
        LimitExceeded: more bundles than `limits.INSTALL_BUNDLES`.
    """
    try:
        datas = [root, *(path for path in _folders(root) if path.name.lower().endswith("_data"))]
        streams = [found for data in datas for found in _named(data, "StreamingAssets")]
        streams += [root] if root.name.lower() == "streamingassets" else []
        levels = _bundles(path for stream in streams for path in _named(stream, "BeatmapLevelsData"))
        levels += _bundles(
            path for base in [*datas, *streams] for dlc in _named(base, "DLC") for path in _named(dlc, "Levels")
        )
        beside = _bundles(path for stream in streams for path in _named(stream, "aa"))
        managed = next((found for data in datas for found in _named(data, "Managed")), None)
    except OSError as error:
        raise InputError(f"{root}: cannot be listed: {error.strerror}") from error
    if not levels:
        raise InputError(
            f"{root}: no official levels found. Expected the folder of a Beat Saber install, which holds "
            "'Beat Saber_Data/StreamingAssets/BeatmapLevelsData' with level bundles in it."
        )
    packs = [path for path in beside if _PACK in path.name.lower()] or beside
    others = sorted(set(beside) - set(packs))
    return Places(tuple(dict.fromkeys(levels)), tuple(packs), tuple(others), managed)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _named(folder: Path, name: str) -> list[Path]:
    """Return the folders of a name in any case."""
    return [path for path in _folders(folder) if path.name.lower() == name.lower()] if folder.is_dir() else []


def _bundles(folders: Iterator[Path]) -> list[Path]:
    """Return the bundles below some folders, sorted by path; links to folders are not followed."""
    found: list[Path] = []
    for folder in folders:
        stack = [folder]
        while stack:
            for path in sorted(stack.pop().iterdir()):
                if path.is_dir() and not path.is_symlink():
                    stack.append(path)
                elif path.is_file() and is_bundle(path):
                    found.append(path)
            if len(found) > limits.INSTALL_BUNDLES:
                reason = f"more than {limits.INSTALL_BUNDLES:,} bundles below one folder"
                raise LimitExceeded("too_many_bundles", reason, folder.name)
    return sorted(found)
