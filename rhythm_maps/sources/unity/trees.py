"""Type trees: how an object's bytes become names and values, whether the tree came with the file or is built in.

A tree is what Unity writes beside an object when it is told to: a node for each field with its type and flags. The
walk is bounded: a tree comes from a file, and one that reads nothing, over and over, must not run for ever.

Source: UnityPy's TypeTreeHelper and TypeTreeNode (MIT).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded

Tree = dict[str, Any]
"""A read object: field name -> number, text, bytes, list or another such dict."""

ALIGN = 0x4000
"""The flag of a node after which the next value starts at a multiple of 4."""

_NUMBERS: Final = {
    "SInt8": "b", "UInt8": "B", "char": "B", "bool": "?",
    "short": "h", "SInt16": "h", "unsigned short": "H", "UInt16": "H",
    "int": "i", "SInt32": "i", "unsigned int": "I", "UInt32": "I", "Type*": "I",
    "long long": "q", "SInt64": "q", "unsigned long long": "Q", "UInt64": "Q", "FileSize": "Q",
    "float": "f", "double": "d",
}  # fmt: skip
_BYTES: Final = frozenset({"char", "UInt8", "SInt8"})
"""An array of these is read as bytes at once."""


@dataclass(slots=True)
class Node:
    """One field of a tree.

    Attributes:
        type: Unity's name of the type.
        name: the field's name.
        aligned: the next value starts at a multiple of 4.
        children: the fields of a structure; one ``Array`` of (size, data) for a list.
    """

    type: str
    name: str
    aligned: bool = False
    children: list[Node] = field(default_factory=list)


class Budget:
    """How many values may still be read; the objects of one bundle share one."""

    def __init__(self) -> None:
        self.left = limits.BUNDLE_VALUES


class _Walk:
    """One pass over an object's bytes."""

    def __init__(self, data: bytes, order: str, place: str, budget: Budget) -> None:
        self.data, self.order, self.place = data, order, place
        self.at = 0
        self.budget = budget

    def number(self, code: str) -> Any:
        layout = self.order + code
        try:
            (value,) = struct.unpack_from(layout, self.data, self.at)
        except struct.error as error:
            raise self.fault("ends before its fields do") from error
        self.at += struct.calcsize(layout)
        return value

    def count(self) -> int:
        """Return the length of a list: no element takes less than a byte."""
        size: int = self.number("i")
        if not 0 <= size <= len(self.data) - self.at:
            raise self.fault(f"holds a list of {size:,} in {len(self.data) - self.at:,} bytes")
        return size

    def bytes(self) -> bytes:
        size = self.count()
        self.at += size
        return self.data[self.at - size : self.at]

    def align(self) -> None:
        self.at += -self.at % 4

    def fault(self, what: str) -> BadFormat:
        return BadFormat("bad_object", f"an object that {what}", self.place)

    def value(self, node: Node) -> Any:
        self.budget.left -= 1
        if self.budget.left < 0:
            reason = f"objects of more than {limits.BUNDLE_VALUES:,} values"
            raise LimitExceeded("bundle_too_large", reason, self.place)
        aligned = node.aligned
        code = _NUMBERS.get(node.type)
        result: Any
        if code is not None:
            result = self.number(code)
        elif node.type == "string":
            result = self.bytes().decode("utf-8", "surrogateescape")
            aligned = True
        elif node.type == "TypelessData":
            result = self.bytes()
        elif node.type == "Array" or (node.children and node.children[0].type == "Array"):
            array = node if node.type == "Array" else node.children[0]
            aligned = aligned or array.aligned
            result = self.list(array)
        else:
            result = {child.name: self.value(child) for child in node.children}
        if aligned:
            self.align()
        return result

    def list(self, array: Node) -> Any:
        if len(array.children) != 2:  # size and data
            raise self.fault("has a list without a type")
        element = array.children[1]
        if element.type in _BYTES:
            return self.bytes()
        size = self.count()
        values = []
        for _ in range(size):
            before = self.at
            values.append(self.value(element))
            if self.at == before:
                raise self.fault("has a list of values without bytes")
        return values


def read(tree: Node, data: bytes, order: str, place: str, budget: Budget, *, whole: bool = False) -> Tree:
    """Read an object by its tree.

    Texts keep bytes that are no UTF-8 as surrogates (``surrogateescape``), so that a gzip file in a text asset comes
    back byte for byte.

    Args:
        tree: the root node; its children are the fields.
        data: the object's bytes.
        order: ``<`` or ``>``.
        place: where it is, for messages.
        budget: counts the values that are read.
        whole: every byte must be read; so a tree that was guessed shows whether it fits.

    Raises:
        BadFormat: bytes and tree do not fit (``bad_object``).
        LimitExceeded: the budget is used up.
    """
    walk = _Walk(data, order, place, budget)
    result = {child.name: walk.value(child) for child in tree.children}
    if walk.at > len(data) + 3 or (whole and not len(data) <= walk.at <= len(data) + 3):
        raise walk.fault(f"has {len(data):,} bytes where its fields take {walk.at:,}")
    return result
