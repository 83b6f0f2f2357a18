"""Serialized files: the objects of a bundle, each with its class, its bytes and, where the file has them, its tree.

UnityPy reads these too, but takes counts and sizes from the file as they are: a negative one moves its reader
backwards, and a damaged file can keep it busy for hours. So the table of objects is read here, forwards only.

Source: UnityPy's SerializedFile (MIT); formats 17 (Unity 5.5) to 23 (Unity 6).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.sources.unity.trees import ALIGN, Node

_FORMATS = range(17, 24)
_HASHED_NODES, _DEPENDENCIES, _LARGE, _HASHED_TREES = 19, 21, 22, 23
"""Formats that brought: a hash in tree nodes, dependencies of types, 64-bit sizes, hashes of trees."""
MONO_BEHAVIOUR = 114
_COMMON = 0x80000000
"""A text of a tree with this bit is one of Unity's own, at the offset in the other bits."""


_DEEPEST = 64
"""Deepest level of a type tree; the game's have at most 8."""


@dataclass(slots=True)
class RawObject:
    """One object as the file lists it.

    Attributes:
        path_id: its number in the file, which references name.
        class_id: Unity's number of its class.
        data: its bytes.
        tree: its type tree, None where the file has none.
    """

    path_id: int
    class_id: int
    data: bytes
    tree: Node | None


@dataclass(slots=True)
class SerializedFile:
    """A serialized file.

    Attributes:
        version: Unity's version, ``2021.3.16f1``.
        order: byte order of the objects' data, ``<`` or ``>``.
        objects: path id -> object.
        externals: names of the files that references with a file number above 0 mean, in lower case without folders;
            number 1 is the first.
    """

    version: str
    order: str
    objects: dict[int, RawObject] = field(default_factory=dict)
    externals: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Type:
    class_id: int
    tree: Node | None


class _Reader:
    def __init__(self, data: bytes, place: str) -> None:
        self.data, self.place = data, place
        self.at, self.order = 0, ">"

    def take(self, code: str) -> int:
        try:
            (value,) = struct.unpack_from(self.order + code, self.data, self.at)
        except struct.error as error:
            raise self.fault("is cut off") from error
        self.at += struct.calcsize(self.order + code)
        return int(value)

    def skip(self, size: int) -> bytes:
        if not 0 <= size <= len(self.data) - self.at:
            raise self.fault("is cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self) -> str:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise self.fault("has a text without an end")
        value = self.data[self.at : end].decode("utf-8", "backslashreplace")
        self.at = end + 1
        return value

    def align(self) -> None:
        self.at += -self.at % 4

    def count(self, least: int) -> int:
        """Return the length of a list whose entries take at least so many bytes."""
        count = self.take("i")
        if not 0 <= count * least <= len(self.data) - self.at:
            raise self.fault(f"lists {count:,} entries in {len(self.data) - self.at:,} bytes")
        if count > limits.BUNDLE_OBJECTS:
            raise LimitExceeded("bundle_too_large", f"{count:,} entries; at most {limits.BUNDLE_OBJECTS:,}", self.place)
        return count

    def fault(self, what: str) -> BadFormat:
        return BadFormat("bad_bundle", f"a serialized file that {what}", self.place)


def read_serialized(data: bytes, place: str, common: Callable[[int], str]) -> SerializedFile:
    """Read a serialized file's table of objects.

    Args:
        data: the file.
        place: its name, for messages.
        common: gives the text of Unity's own at an offset.

    Raises:
        BadFormat: damaged (``bad_bundle``) or of a format that is not known (``unknown_bundle``).
        LimitExceeded: more objects or types than `limits.BUNDLE_OBJECTS`.
    """
    reader = _Reader(data, place)
    reader.skip(8)
    form, data_offset = reader.take("I"), reader.take("I")
    if form not in _FORMATS:
        raise BadFormat("unknown_bundle", f"a serialized file of format {form}; 17 to 23 are known", place)
    order = ">" if reader.take("B") else "<"
    reader.skip(3)
    if form >= _LARGE:
        reader.skip(12)
        data_offset = reader.take("q")
        reader.skip(8)
    reader.order = order
    version = reader.text()
    reader.take("i")
    has_trees = bool(reader.take("B"))
    types = [_read_type(reader, form, has_trees, common) for _ in range(reader.count(22))]
    result = SerializedFile(version, order)
    left = len(data)
    for _ in range(reader.count(20)):
        item = _read_object(reader, form, data_offset, types)
        left -= len(item.data)
        if left < 0:
            raise reader.fault("has objects that lie over each other")
        result.objects[item.path_id] = item
    for _ in range(reader.count(12)):  # the scripts' own numbers
        reader.take("i")
        reader.align()
        reader.take("q")
    for _ in range(reader.count(22)):
        reader.text()
        reader.skip(20)
        result.externals.append(reader.text().replace("\\", "/").rpartition("/")[2].lower())
    return result


def _read_object(reader: _Reader, form: int, data_offset: int, types: list[_Type]) -> RawObject:
    reader.align()
    path_id = reader.take("q")
    start = data_offset + reader.take("q" if form >= _LARGE else "I")
    size, type_index = reader.take("I"), reader.take("i")
    if start < 0 or start + size > len(reader.data) or not 0 <= type_index < len(types):
        raise reader.fault(f"has object {path_id} outside of it")
    kind = types[type_index]
    return RawObject(path_id, kind.class_id, reader.data[start : start + size], kind.tree)


def _read_type(reader: _Reader, form: int, has_trees: bool, common: Callable[[int], str]) -> _Type:  # noqa: FBT001
    class_id = reader.take("i")
    reader.skip(3)  # stripped or not, number of the script
    reader.skip(32 if class_id == MONO_BEHAVIOUR else 16)  # hashes of the script and of the type
    tree = None
    if has_trees:
        there = True
        if form >= _HASHED_TREES:
            reader.skip(16)
            there = reader.take("i") != 0
        if there:
            tree = _read_tree(reader, form, common)
        if form >= _DEPENDENCIES:
            reader.skip(4 * reader.count(4))
    return _Type(class_id, tree)


def _read_tree(reader: _Reader, form: int, common: Callable[[int], str]) -> Node | None:
    if form >= _HASHED_TREES and (reader.skip(4) != b"mhtt" or reader.take("i") != form):
        raise reader.fault("has a type tree of another format")
    layout = struct.Struct(f"{reader.order}hBBIIiii{'Q' if form >= _HASHED_NODES else ''}")
    count, texts_size = reader.count(layout.size), reader.take("i")
    nodes = list(layout.iter_unpack(reader.skip(layout.size * count)))
    texts = reader.skip(texts_size)

    def text(at: int) -> str:
        if at & _COMMON:
            return common(at & ~_COMMON)
        end = texts.find(b"\0", at, at + limits.NAME_BYTES)
        if end < 0:
            raise reader.fault("has a type tree with a text without an end")
        return texts[at:end].decode("utf-8", "backslashreplace")

    stack: list[Node] = []
    for entry in nodes:
        level = entry[1]
        node = Node(text(entry[3]), text(entry[4]), aligned=bool(entry[7] & ALIGN))
        if level > min(len(stack), _DEEPEST) or (level == 0 and stack):
            raise reader.fault("has a type tree that is no tree")
        if level:
            stack[level - 1].children.append(node)
        del stack[level:]
        stack.append(node)
    return stack[0] if stack else None
