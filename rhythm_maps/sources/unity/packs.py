"""The packs of an install: what they say of each level, and the names of characteristics that they point to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from rhythm_maps.errors import BadFormat, InputError
from rhythm_maps.games.beat_saber.values import text
from rhythm_maps.sources.unity.bundle import read_directory
from rhythm_maps.sources.unity.cover import cover_png
from rhythm_maps.sources.unity.objects import SPRITE, TEXTURE, Bundle, Pointer, open_bundle
from rhythm_maps.sources.unity.records import PackLevel, PreviewSet, pack_level
from rhythm_maps.sources.unity.unity import ManagedTrees


class Reject(NamedTuple):
    """Something of an install that gave no level, or not all of one: its path (or id), and why."""

    path: str
    error: BadFormat


class Listed(NamedTuple):
    """A level in a pack.

    Attributes:
        pack: the pack's bundle.
        level: what it says.
        has_cover: the bundle holds the level's cover.
    """

    pack: Path
    level: PackLevel
    has_cover: bool


class Packs:
    """All packs of an install, read once, when they are first asked.

    Args:
        root: what paths in messages are relative to.
        packs: the bundles that list levels.
        others: bundles that may hold characteristics; one is opened only where a pack points into it.
        managed: makes trees of unknown classes.
    """

    def __init__(self, root: Path, packs: Sequence[Path], others: Sequence[Path], managed: ManagedTrees) -> None:
        self._root, self._packs, self._others = root, packs, others
        self._managed = managed
        self._kept: tuple[Path, Bundle] | None = None
        self._names: dict[Pointer, str] = {}
        self._asked = False
        self._rejects: list[Reject] = []

    @cached_property
    def listed(self) -> Mapping[str, Listed]:
        """Level id (casefolded) -> what the packs say of it; of two packs the first counts."""
        listed: dict[str, Listed] = {}
        for path in self._packs:
            try:
                for entry in self._levels(path):
                    listed.setdefault(entry.level.level_id.casefold(), entry)
            except BadFormat as error:
                self._rejects.append(Reject(self.place(path), error))
        return listed

    @property
    def rejects(self) -> Sequence[Reject]:
        """Return the packs that could not be read."""
        return self._rejects if self.listed else list(self._rejects)  # reading them is what finds out

    def place(self, path: Path) -> str:
        """Return a bundle's path for messages: relative to the install."""
        return path.relative_to(self._root).as_posix()

    def open(self, path: Path) -> Bundle:
        """Open a bundle of the install.

        Raises:
            BadFormat: it is damaged, or cannot be read (``unreadable_file``).
        """
        try:
            return open_bundle(path, self.place(path), self._managed)
        except InputError as error:
            raise BadFormat("unreadable_file", "the bundle cannot be read", self.place(path)) from error

    def cover(self, entry: Listed) -> bytes:
        """Return a level's cover as a PNG file; the last pack is kept open, as its levels follow each other.

        Raises:
            BadFormat: there is none, or it cannot be decoded.
        """
        if entry.level.cover is None:
            raise BadFormat("bad_cover", "the level has no cover", entry.level.level_id)
        if self._kept is None or self._kept[0] != entry.pack:
            self._kept = (entry.pack, self.open(entry.pack))
        return cover_png(self._kept[1], entry.level.cover)

    def named(self, sets: Sequence[PreviewSet]) -> list[PreviewSet]:
        """Fill in the names of characteristics that a pack only points to, where they can be found."""
        return [
            entry if entry.name or entry.pointer is None else entry._replace(name=self._characteristic(entry.pointer))
            for entry in sets
        ]

    def _levels(self, path: Path) -> Iterator[Listed]:
        bundle = self.open(path)
        unread, read = 0, 0
        for pointer, tree in bundle.behaviours():
            if tree is None:
                unread += 1
                continue
            self._note_name(pointer, text(tree.get("_serializedName")))
            level = pack_level(bundle, pointer, tree)
            if level is not None:
                read += 1
                has = level.cover is not None and any(bundle.has(level.cover, kind) for kind in (SPRITE, TEXTURE))
                yield Listed(path, level, has)
        if unread and not read:
            reason = f"{unread} objects without type trees, of classes that are not known"
            raise BadFormat("no_type_tree", reason, self.place(path))

    def _note_name(self, pointer: Pointer, name: str) -> None:
        if name:
            self._names[pointer] = name

    def _characteristic(self, pointer: Pointer) -> str:
        """Return the name of a characteristic, empty where it cannot be found."""
        if not self._asked:
            self._asked = True
            self._find_names()
        return self._names.get(pointer, "")

    def _find_names(self) -> None:
        """Read all characteristics that any pack points to, opening each bundle that holds some once."""
        sets = (entry for listed in self.listed.values() for entry in listed.level.sets)
        wanted = sorted({entry.pointer for entry in sets if entry.pointer is not None} - self._names.keys())
        for file, pointers in groupby(wanted, key=lambda pointer: pointer.file):
            path = self._holders.get(file)
            if path is None:
                continue
            try:
                bundle = self.open(path)
            except BadFormat as error:
                self._rejects.append(Reject(self.place(path), error))
                continue
            for pointer in pointers:
                self._note_name(pointer, text((bundle.behaviour(pointer) or {}).get("_serializedName")))

    @cached_property
    def _holders(self) -> Mapping[str, Path]:
        """Name of a serialized file -> the bundle that holds it; only directories are read."""
        holders: dict[str, Path] = {}
        for path in self._others:
            try:
                with path.open("rb") as file:
                    directory = read_directory(file, path.stat().st_size, self.place(path))
            except (OSError, BadFormat):
                continue  # a bundle that is not asked for may be anything
            for node in directory.nodes:
                holders.setdefault(node.name.rpartition("/")[2].lower(), path)
        return holders
