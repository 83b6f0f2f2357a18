"""The objects of one opened bundle, by class and by reference, each as names and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rhythm_maps.errors import BadFormat
from rhythm_maps.sources.unity import layouts, trees
from rhythm_maps.sources.unity.bundle import read_bundle
from rhythm_maps.sources.unity.serialized import MONO_BEHAVIOUR, RawObject, SerializedFile, read_serialized
from rhythm_maps.sources.unity.trees import Budget, Node, Tree
from rhythm_maps.sources.unity.unity import ManagedTrees, class_tree, common_text

TEXTURE, TEXT_ASSET, AUDIO_CLIP, SPRITE = 28, 49, 83, 213
"""Unity's numbers of the classes that levels use, `MONO_BEHAVIOUR` beside them."""
_RESOURCES = (".resource", ".ress")
"""Suffixes of files that hold no objects but the bytes of sounds and pictures."""


class Pointer(NamedTuple):
    """Where an object is: name of its serialized file (lower case, no folders) and its number in there."""

    file: str
    path_id: int


class Bundle:
    """An opened bundle; everything of it is in memory.

    Args:
        files: the files inside, by name.
        place: the bundle's name, for messages.
        managed: makes trees of classes that neither the file nor `layouts` has.

    Raises:
        BadFormat: a serialized file in it is damaged.
    """

    def __init__(self, files: Mapping[str, bytes], place: str, managed: ManagedTrees) -> None:
        self.place = place
        self._managed = managed
        self._budget = Budget()
        self._files = {name.rpartition("/")[2].lower(): data for name, data in files.items()}
        self._serialized = {
            name: read_serialized(data, f"{place}/{name}", common_text)
            for name, data in self._files.items()
            if not name.endswith(_RESOURCES)
        }
        self._read: dict[Pointer, Tree | None] = {}

    def pointers(self, class_id: int) -> Iterator[Pointer]:
        """Yield where the objects of a class are, in the file's order."""
        for file, serialized in self._serialized.items():
            for item in serialized.objects.values():
                if item.class_id == class_id:
                    yield Pointer(file, item.path_id)

    def follow(self, holder: Pointer, reference: object) -> Pointer | None:
        """Return where the object is that a reference in `holder` means; None for none.

        It may lie in another bundle: `has` tells.
        """
        if not isinstance(reference, dict):
            return None
        number, path_id = reference.get("m_FileID"), reference.get("m_PathID")
        if not isinstance(number, int) or not isinstance(path_id, int) or path_id == 0:
            return None
        if number == 0:
            return Pointer(holder.file, path_id)
        externals = self._serialized[holder.file].externals
        return Pointer(externals[number - 1], path_id) if 0 < number <= len(externals) else None

    def has(self, pointer: Pointer, class_id: int) -> bool:
        """Tell whether an object of a class is here."""
        found = self._serialized.get(pointer.file)
        item = found.objects.get(pointer.path_id) if found else None
        return item is not None and item.class_id == class_id

    def read(self, pointer: Pointer, class_id: int) -> Tree:
        """Read an object of one of Unity's own classes.

        Raises:
            BadFormat: it is not here (``missing_object``), damaged (``bad_object``) or of a class without a known
                tree (``no_type_tree``).
        """
        place = f"{self.place}/{pointer.path_id}"
        if not self.has(pointer, class_id):
            raise BadFormat("missing_object", "the bundle names an object that it does not hold", place)
        file = self._serialized[pointer.file]
        item = file.objects[pointer.path_id]
        tree = item.tree or class_tree(class_id, file.version, place)
        return trees.read(tree, item.data, file.order, place, self._budget)

    def behaviours(self) -> Iterator[tuple[Pointer, Tree | None]]:
        """Yield the objects of the game's classes; None for one that is damaged or whose tree is not known."""
        for pointer in self.pointers(MONO_BEHAVIOUR):
            yield pointer, self.behaviour(pointer)

    def behaviour(self, pointer: Pointer) -> Tree | None:
        """Read an object of one of the game's classes: by its own tree, a built-in one, or one made from assemblies."""
        if pointer not in self._read:
            found = None
            if self.has(pointer, MONO_BEHAVIOUR):
                file = self._serialized[pointer.file]
                found = self._behaviour(file, file.objects[pointer.path_id])
            self._read[pointer] = found
        return self._read[pointer]

    def _behaviour(self, file: SerializedFile, item: RawObject) -> Tree | None:
        if item.tree is not None:
            return self._try(item.tree, file, item, whole=False)
        for name in layouts.NAMES:
            for tree in layouts.trees(name):
                found = self._try(tree, file, item, whole=True)
                if found is not None:
                    return found
        for name in layouts.NAMES:
            made = self._managed.tree(name, file.version, self.place)
            found = self._try(made, file, item, whole=True) if made else None
            if found is not None:
                return found
        return None

    def _try(self, tree: Node, file: SerializedFile, item: RawObject, *, whole: bool) -> Tree | None:
        try:
            return trees.read(tree, item.data, file.order, f"{self.place}/{item.path_id}", self._budget, whole=whole)
        except BadFormat:
            return None

    def resource(self, source: str, offset: int, size: int) -> bytes:
        """Return bytes that a sound or a picture keeps outside of its object.

        Raises:
            BadFormat: the file is not in the bundle (``missing_resource``) or too short (``bad_bundle``).
        """
        name = source.replace("\\", "/").rpartition("/")[2].lower()
        data = self._files.get(name)
        if data is None:
            reason = "the file with the sound or picture is not in the bundle"
            raise BadFormat("missing_resource", reason, f"{self.place}/{name[:100]}")
        if offset < 0 or size < 0 or offset + size > len(data):
            reason = "a sound or picture that lies outside of its file"
            raise BadFormat("bad_bundle", reason, f"{self.place}/{name[:100]}")
        return data[offset : offset + size]


def open_bundle(path: Path, place: str, managed: ManagedTrees) -> Bundle:
    """Open a bundle.

    Raises:
        InputError: the file cannot be read.
        BadFormat, LimitExceeded: as `bundle.read_bundle` and `Bundle`.
    """
    _, files = read_bundle(path, place)
    return Bundle(files, place, managed)
