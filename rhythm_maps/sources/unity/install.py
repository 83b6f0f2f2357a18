"""A Beat Saber install: where its packs and level bundles are, and which belongs to which.

::

    Beat Saber/
      Beat Saber_Data/
        Managed/                                              the game's assemblies
        StreamingAssets/
          BeatmapLevelsData/<level id in lower case>          notes and song, one bundle a level
          aa/StandaloneWindows64/<pack>_pack_assets_all_<hash>.bundle    what packs say of their levels
      DLC/Levels/<name>/<file>                                notes and songs of bought levels
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from rhythm_maps.errors import BadFormat
from rhythm_maps.sources.local import Found
from rhythm_maps.sources.unity.level import OfficialLevel
from rhythm_maps.sources.unity.objects import Bundle
from rhythm_maps.sources.unity.packs import Listed, Packs, Reject
from rhythm_maps.sources.unity.records import LevelData, level_data, pair
from rhythm_maps.sources.unity.unity import ManagedTrees
from rhythm_maps.sources.unity.walk import find_places

_SUFFIXES = ("beatmapleveldata", "leveldata", "beatmaplevel", ".bundle")
"""What is added to a level's id in names of objects and files."""
_SHARED_FOLDER = "beatmaplevelsdata"
"""The one folder of level bundles that is not named after a level."""


class Install:
    """An install, opened for reading: packs are read when the first level is asked for, and remembered.

    Args:
        root: the install's folder, its ``Beat Saber_Data`` or its ``StreamingAssets``.

    Raises:
        InputError: there are no level bundles below it, or it cannot be listed.

    Attributes:
        root: as given.
        levels: the level bundles' paths relative to `root`, with "/", sorted.
    """

    def __init__(self, root: Path) -> None:
        places = find_places(root)
        self.root = root
        self.levels = tuple(sorted(path.relative_to(root).as_posix() for path in places.levels))
        self._packs = Packs(root, places.packs, places.others, ManagedTrees(places.managed))
        self._pack_paths = places.packs
        self._matched: set[str] = set()

    def level(self, path: str, *, v2: bool = False) -> OfficialLevel:
        """Open one level.

        Args:
            path: one of `levels`.
            v2: make the layout of format 2.

        Raises:
            BadFormat: its bundle cannot be read, or holds no level (``no_level_data``, ``no_type_tree``).
            UsageError: UnityPy is not installed.
        """
        bundle = self._packs.open(self.root / path)
        data = _data(bundle)
        listed = self._listed(path, data)
        if listed is None:
            return OfficialLevel(Path(path).name, bundle, data, None, {}, v2=v2)
        previews = pair(self._packs.named(listed.level.sets), data.sets)
        cover = partial(self._packs.cover, listed) if listed.has_cover else None
        return OfficialLevel(listed.level.level_id, bundle, data, listed.level, previews, cover, v2=v2)

    def rejects(self) -> list[Reject]:
        """Return which packs could not be read, and the levels that packs list and this install has no bundle of.

        The latter are most of a real install's list: levels that were not bought or not downloaded.
        """
        there = {name for path in self.levels for name in _ids(path, "")} | self._matched
        reason = "its pack lists this level, but the install has no bundle of it (not bought or not downloaded)"
        missing = [entry for key, entry in self._packs.listed.items() if key not in there]
        return [
            *self._packs.rejects,
            *(Reject(e.level.level_id, BadFormat("no_level_data", reason, self._packs.place(e.pack))) for e in missing),
        ]

    def found(self) -> list[Found]:
        """Return the levels as mapsets of a scan: each changes when its own bundle or any pack does.

        Raises:
            OSError: a bundle is gone.
        """
        packs = [_stamp(path, self._packs.place(path)) for path in self._pack_paths]
        return [
            Found(path, is_archive=True, files=[_stamp(self.root / path, Path(path).name), *packs])
            for path in self.levels
        ]

    def _listed(self, path: str, data: LevelData) -> Listed | None:
        for name in _ids(path, data.name):
            if name in self._packs.listed:
                self._matched.add(name)
                return self._packs.listed[name]
        return None


def _stamp(path: Path, name: str) -> tuple[str, int, int]:
    state = path.stat()
    return name, state.st_size, state.st_mtime_ns


def _data(bundle: Bundle) -> LevelData:
    unread = 0
    for pointer, tree in bundle.behaviours():
        if tree is None:
            unread += 1
        elif (data := level_data(bundle, pointer, tree)) is not None:
            return data
    if unread:
        reason = f"{unread} objects that are damaged, or without type trees and of classes that are not known"
        raise BadFormat("no_type_tree", reason, bundle.place)
    raise BadFormat("no_level_data", "a bundle without a level (no BeatmapLevelDataSO in it)", bundle.place)


def _ids(path: str, data_name: str) -> Iterator[str]:
    """Yield what a level may be called in its pack, casefolded: after its file, its folder, or its object."""
    file = Path(path)
    names = [file.name, data_name] if file.parent.name.lower() == _SHARED_FOLDER else [
        file.name, file.parent.name, data_name
    ]  # fmt: skip
    for name in (name.casefold() for name in names if name):
        yield name
        for suffix in _SUFFIXES:
            if name.endswith(suffix) and len(name) > len(suffix):
                yield name.removesuffix(suffix)


@lru_cache(maxsize=4)
def _install(root: Path, stamp: tuple[tuple[str, int, int], ...]) -> Install:
    del stamp
    return Install(root)


def open_official(root: Path, path: str) -> OfficialLevel:
    """Open a level of an install by its path; packs are read once a process, and again when one of them changes.

    Args:
        root: the install.
        path: relative path of a level bundle, as `Install.levels` gives it.

    Raises:
        InputError: it is no install any more.
        BadFormat, UsageError: as `Install.level`.
    """
    places = find_places(root)
    stamp = tuple(_stamp(pack, str(pack)) for pack in places.packs)
    return _install(root, stamp).level(path)
