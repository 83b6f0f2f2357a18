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

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
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
        self._stamps = _stamps(places.packs, root)
        self._matched: set[str] = set()

    def level(self, path: str, *, v2: bool = False) -> OfficialLevel:
        """Open one level.

        Args:
            path: one of `levels`.
            v2: make the layout of format 2.

        Raises:
            BadFormat: its bundle cannot be read, or holds no level (``no_level_data``, ``no_type_tree``).
            MissingExtra: UnityPy is not installed.
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
        """Return the levels as mapsets of a scan: each changes when its own bundle or any pack does."""
        return [
            Found(path, is_archive=True, files=[*_stamps([self.root / path], self.root), *self._stamps])
            for path in self.levels
        ]

    def is_fresh(self) -> bool:
        """Tell whether the packs are still the files that they were when the install was opened."""
        return _stamps([self.root / name for name, _, _ in self._stamps], self.root) == self._stamps

    def _listed(self, path: str, data: LevelData) -> Listed | None:
        for name in _ids(path, data.name):
            if name in self._packs.listed:
                self._matched.add(name)
                return self._packs.listed[name]
        return None


def _stamps(paths: Sequence[Path], root: Path) -> list[tuple[str, int, int]]:
    """Return (path relative to `root`, size, mtime in ns) of files; a file that is gone is left out."""
    found = []
    for path in paths:
        with suppress(OSError):
            state = path.stat()
            found.append((path.relative_to(root).as_posix(), state.st_size, state.st_mtime_ns))
    return found


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


_opened: dict[Path, Install] = {}
"""The installs that this process has opened: packs are read once a process, not once a level."""


def open_official(root: Path, path: str) -> OfficialLevel:
    """Open a level of an install by its path; packs are read once a process, and again when one of them changes.

    Args:
        root: the install.
        path: relative path of a level bundle, as `Install.levels` gives it.

    Raises:
        InputError: it is no install any more.
        BadFormat, MissingExtra: as `Install.level`.
    """
    install = _opened.get(root)
    if install is None or not install.is_fresh():
        install = _opened[root] = Install(root)
    return install.level(path)
