"""From the bytes of one JSON file to tables of numbers: fast where it is right, tolerant where it is not.

A `Shape` names one list of a file and the numbers of an entry. `Document.tables` reads it: first with a
msgspec struct made from the shape, which skips everything else in the file (lights and custom events are most
of it), and, only when that finds a wrong type or broken JSON, with a tolerant reader that accepts quoted
numbers, null entries, NaN and garbage behind the document. Both give the same table: one row an entry, so
that indices into it stay true, NaN where a number cannot be had.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.beat_saber import repair
from rhythm_maps.games.beat_saber.values import number, section
from rhythm_maps.gunzip import gunzip_once

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Table = dict[str, FloatArray]
"""Columns of one length by field name."""

_NOTHING: Final = np.empty(0)
_SMALL: Final = 2.0**24
"""Whole numbers up to here are exact in float32, the narrowest column."""

FAKE: Final = "fake"
"""Column of a table whose shape asks for it: 1 where the mod Noodle Extensions makes it a fake, else 0."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One list of a file.

    Attributes:
        key: name of the list in the file's root object.
        fields: numbers of an entry, two or more; one that is left out is 0 (the official editor leaves out zeros).
        free: how many of the fields, the first ones, may be any number; the others are whole in a map without mods.
        fakes: also read ``_customData._fake`` into the column `FAKE`.
        inside: name of the object in the root object that holds the list; empty for the root itself. All shapes that
            are read together name the same one.
    """

    key: str
    fields: tuple[str, ...]
    free: int = 1
    fakes: bool = False
    inside: str = ""


class _Custom(msgspec.Struct, gc=False):
    """The one custom field that decides whether an object counts (Noodle Extensions, v2)."""

    fake: Any = msgspec.field(default=None, name="_fake")


_HEAD_FIELDS: Final = (
    ("version", Any, msgspec.UNSET),
    ("old_version", Any, msgspec.UNSET),
    ("note_jump_speed", Any, None),
)
_HEAD_NAMES: Final = {"old_version": "_version", "note_jump_speed": "_noteJumpSpeed"}
"""The scalars of a beatmap's root object that any version may have."""


@lru_cache(maxsize=64)
def _decoder(shapes: tuple[Shape, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder of a file's head and lists.

    Its result has the head's attributes, and one attribute a shape (``list0``, ...), a list of structs or None; those
    of an inner object are attributes of ``inner``.
    """
    fields: dict[str, list[tuple[str, Any, Any]]] = {"": list(_HEAD_FIELDS), "inner": []}
    rename = dict(_HEAD_NAMES)
    inner_key = next((shape.inside for shape in shapes if shape.inside), "")
    for i, shape in enumerate(shapes):
        own: list[tuple[str, Any, Any]] = [(name, float, 0.0) for name in shape.fields]
        if shape.fakes:
            own.append(("_customData", _Custom | None, None))
        entry = msgspec.defstruct(f"Entry{i}", own, gc=False)
        rename[f"list{i}"] = shape.key
        fields["inner" if shape.inside else ""].append(
            (f"list{i}", list[entry] | None, None),  # type: ignore[valid-type]
        )
    if inner_key:
        inner = msgspec.defstruct("Inner", fields["inner"], rename=rename)
        fields[""].append(("inner", inner | None, None))
        rename["inner"] = inner_key
    return msgspec.json.Decoder(msgspec.defstruct("File", fields[""], rename=rename))


@lru_cache(maxsize=64)
def _empty(shape: Shape) -> Table:
    """Return the table of an empty list; shared, so never written to."""
    return dict.fromkeys((*shape.fields, FAKE) if shape.fakes else shape.fields, _NOTHING)


_ENCODER: Final = msgspec.msgpack.Encoder()
_CHUNK: Final = 50_000
"""Entries that are encoded at once: some megabytes."""


@lru_cache(maxsize=64)
def _layout(shape: Shape) -> np.dtype[np.void]:
    """Return where the numbers of a struct stand in its MessagePack form.

    That is a one-byte map header, then for each field its name (behind a header of one byte, of two from 32 bytes on)
    and a float64 (0xcb and 8 bytes, most significant first): always of the same size.
    """
    offsets, at = [], 1
    for name in shape.fields:
        at += (1 if len(name) < 32 else 2) + len(name) + 1
        offsets.append(at)
        at += 8
    return np.dtype({"names": shape.fields, "formats": [">f8"] * len(offsets), "offsets": offsets, "itemsize": at})


def _grid(shape: Shape, entries: list[Any]) -> FloatArray:
    """Return the numbers of structs as ``[fields, entries]``.

    MessagePack is the fastest way from structs of floats to their bytes: less than half of what one iterator over all
    numbers takes, and no object a number.
    """
    layout = _layout(shape)
    grid = np.empty((len(shape.fields), len(entries)))
    for start in range(0, len(entries), _CHUNK):
        part = entries[start : start + _CHUNK]
        data = _ENCODER.encode(part)
        table = np.frombuffer(data, layout, len(part), len(data) - len(part) * layout.itemsize)
        for column, name in zip(grid, shape.fields, strict=True):
            column[start : start + len(part)] = table[name]
    return grid


class Document:
    """One JSON file, already in memory.

    Attributes:
        data: its text as UTF-8, without gzip layer and byte order mark.
        place: the member's name, for messages.
        warnings: counts of what was repaired, by code; shared with whoever reads on.
        exact: the last tables came from the typed reader, so that every value in them is a finite number.
        plain: keys of the lists among them whose fields that are not free are whole and small: they fit any column.
    """

    def __init__(self, data: bytes, place: str, warnings: Counter[str] | None = None) -> None:
        self.place = place
        self.warnings: Counter[str] = Counter() if warnings is None else warnings
        self.data = self._utf8(gunzip_once(data, place, limits.JSON_BYTES))
        self.exact = False
        self.plain: set[str] = set()
        self._root: dict[str, Any] | None = None
        self._found: tuple[tuple[Shape, ...], Any] | None = None

    def _utf8(self, data: bytes) -> bytes:
        """Bring the text to UTF-8; BeatSaver takes UTF-8, UTF-16 and UTF-32, with or without a mark."""
        if len(data) > limits.JSON_BYTES:
            raise LimitExceeded(
                "json_too_large", f"{len(data):,} bytes; {limits.JSON_BYTES:,} is the limit", self.place
            )
        if not data.strip(b"\0 \t\r\n"):
            raise BadFormat("empty_file", "the file is empty; a JSON object was expected", self.place)
        encoding = json.detect_encoding(data)
        if encoding == "utf-8-sig":
            data = data[3:]
        elif encoding != "utf-8":
            data = data.decode(encoding, "replace").encode()
        if len(data) > limits.JSON_OBJECTS and data.count(b"{") + data.count(b"[") > limits.JSON_OBJECTS:
            reason = f"more than {limits.JSON_OBJECTS:,} JSON objects and lists"
            raise LimitExceeded("too_many_objects", reason, self.place)
        return data

    def root(self) -> dict[str, Any]:
        """Return the whole file as Python objects, decoded once.

        Raises:
            BadFormat: it is not a JSON object (``bad_json``), or nested too deeply to read.
        """
        if self._root is None:
            try:
                found = self._decode()
            except RecursionError as error:
                raise BadFormat("bad_json", "JSON nested too deeply", self.place) from error
            if not isinstance(found, dict):
                kind = type(found).__name__
                raise BadFormat("bad_json", f"the file holds a JSON {kind}; an object was expected", self.place)
            self._root = found
        return self._root

    def _decode(self) -> object:
        """Decode strictly, else with what `repair` tolerates."""
        try:
            return msgspec.json.decode(self.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return repair.decode(self.data, self.place, self.warnings)

    def _typed_file(self, shapes: tuple[Shape, ...]) -> Any:
        """Return the file as the struct of some shapes; None where only the tolerant reader can read it."""
        if self._root is not None:
            return None
        if self._found is None or self._found[0] != shapes:
            try:
                self._found = shapes, _decoder(shapes).decode(self.data)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._found = None
                self.root()  # says what is wrong, or reads it all the same
                return None
        return self._found[1]

    def head(self, *expected: Shape) -> tuple[object, object, float]:
        """Return ``version``, ``_version`` (`msgspec.UNSET` where absent) and v1's ``_noteJumpSpeed``.

        Args:
            expected: shapes that will probably be asked for next: both come out of one pass.

        Raises:
            BadFormat: as `root`.
        """
        head = self._typed_file(expected)
        if head is not None:
            return head.version, head.old_version, number(head.note_jump_speed)
        root = self.root()
        return (
            root.get("version", msgspec.UNSET),
            root.get("_version", msgspec.UNSET),
            number(root.get("_noteJumpSpeed")),
        )

    def scalar(self, key: str) -> float:
        """Return a number of the root object (NaN where it is none); decodes the whole file: for small ones.

        Raises:
            BadFormat: as `root`.
        """
        return number(self.root().get(key))

    def tables(self, *shapes: Shape) -> list[Table]:
        """Read several lists in one pass.

        Returns:
            One table a shape: float64 columns, as long as the list (0 when it is absent or null); NaN where an entry
            was no object or the value no number.

        Raises:
            BadFormat: no JSON object (``bad_json``), or one of the lists is something else (``bad_list``).
            LimitExceeded: a list has more than `limits.NOTES` entries.
        """
        found = self._typed_file(shapes)
        self.exact = found is not None
        self.plain = set()
        if found is None:
            return [self._loose(shape) for shape in shapes]
        inner = getattr(found, "inner", None)
        return [
            self._typed(shape, getattr(inner if shape.inside else found, f"list{i}", None) or [])
            for i, shape in enumerate(shapes)
        ]

    def _check_count(self, shape: Shape, count: int) -> None:
        if count > limits.NOTES:
            reason = f"{count:,} entries in {shape.key}; {limits.NOTES:,} is the limit"
            raise LimitExceeded("too_many_objects", reason, self.place)

    def _typed(self, shape: Shape, entries: list[Any]) -> Table:
        """Turn structs into columns."""
        if not entries:
            self.plain.add(shape.key)
            return _empty(shape)
        self._check_count(shape, len(entries))
        if shape.fakes:
            numbers = chain.from_iterable(map(attrgetter(*shape.fields), entries))
            grid = np.fromiter(numbers, np.float64, len(entries) * len(shape.fields))
            grid = grid.reshape(-1, len(shape.fields)).T.copy()
        else:
            grid = _grid(shape, entries)
        placed = grid[shape.free :]
        if bool((np.rint(placed) == placed).all()) and placed.max(initial=0) <= _SMALL >= -placed.min(initial=0):
            self.plain.add(shape.key)
        table = dict(zip(shape.fields, grid, strict=True))
        if shape.fakes:
            customs = (entry._customData for entry in entries)  # noqa: SLF001 - the format's own name
            fakes = (custom is not None and bool(custom.fake) for custom in customs)
            table[FAKE] = np.fromiter(fakes, np.float64, len(entries))
        return table

    def _loose(self, shape: Shape) -> Table:
        """Turn Python objects of any kind into the same columns."""
        root = section(self.root().get(shape.inside)) if shape.inside else self.root()
        entries = root.get(shape.key)
        if entries is None:
            entries = []
        if not isinstance(entries, list):
            reason = f"{shape.key} is a JSON {type(entries).__name__}; a list was expected"
            raise BadFormat("bad_list", reason, self.place)
        self._check_count(shape, len(entries))
        dicts = [entry if isinstance(entry, dict) else None for entry in entries]
        table, quoted = {}, np.zeros(len(entries), bool)
        for name in shape.fields:
            values = [None if entry is None else entry.get(name, 0.0) for entry in dicts]
            kinds = set(map(type, values))
            table[name] = np.array([number(value) for value in values] if kinds - {float} else values, np.float64)
            if str in kinds:
                quoted |= np.array([isinstance(value, str) for value in values])
        if quoted.any():
            read = np.logical_and.reduce([~np.isnan(column) for column in table.values()])
            self.warnings["quoted_numbers"] += int((quoted & read).sum())
        if shape.fakes:
            customs = (section(section(entry).get("_customData")) for entry in entries)
            table[FAKE] = np.fromiter((bool(custom.get("_fake")) for custom in customs), np.float64, len(entries))
        return table


def take(table: Table, mask: BoolArray) -> Table:
    """Return the rows of a table where `mask` holds."""
    return {name: column[mask] for name, column in table.items()}


def readable(doc: Document, table: Table, code: str) -> Table:
    """Drop the entries that are no objects or hold a number that is none, and count them under `code`."""
    if doc.exact:
        return table
    good = np.logical_and.reduce([np.isfinite(column) for column in table.values()])
    if good.all():
        return table
    doc.warnings[code] += int(len(good) - good.sum())
    return take(table, good)
