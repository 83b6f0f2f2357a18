"""The end of a zip: where its directory lies and how much it claims, checked before anything is read for it.

Python's zipfile builds the whole directory before it can be asked how large it is, and accepts bytes in front
of a zip. Source of the layout: PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import BadArchive, LimitExceeded

_END = struct.Struct("<4s4H2LH")
"""Signature; disk, disk of the directory, entries here, entries; directory size, offset; comment length."""
_LOCATOR = struct.Struct("<4sLQL")
"""Signature; disk; offset of the Zip64 end record; number of disks."""
_END64 = struct.Struct("<4sQ2H2L4Q")
"""Signature; size; versions; disks; entries here, entries; size and offset of the directory."""
_END_SIGN, _LOCATOR_SIGN, _END64_SIGN = b"PK\5\6", b"PK\6\7", b"PK\6\6"
_NONE16, _NONE32 = 0xFFFF, 0xFFFFFFFF
"""Stand for "see the Zip64 record"."""
_TAIL = _END.size + _NONE16 + _LOCATOR.size
"""The end record, the longest comment and the locator in front."""


class End(NamedTuple):
    """Where a zip's directory lies, bytes ``offset`` to ``offset + size``, and how many entries it has."""

    entries: int
    size: int
    offset: int


def find_end(file: BinaryIO, file_size: int) -> End:
    """Find the end record of a zip and check what it claims.

    The last record that fits counts: its directory must end right where the record begins, so nothing can
    stand in front of the zip. Bytes behind it are ignored, as every reader does.

    Raises:
        BadArchive: no record (cut off), one that points elsewhere, or a zip in several parts.
        LimitExceeded: more entries than `limits.ARCHIVE_ENTRIES`, or a directory above `limits.DIRECTORY_BYTES`.
        OSError: the file cannot be read.
    """
    start = max(0, file_size - _TAIL)
    file.seek(start)
    tail = file.read(_TAIL)
    failure = BadArchive("bad_zip", "no end record: the zip is cut off or damaged at its end")
    at = tail.rfind(_END_SIGN)
    while at >= 0:
        try:
            return _end_at(file, tail, at, start)
        except BadArchive as error:  # bytes that only look like a record, or one of a zip inside this zip
            failure = error
        at = tail.rfind(_END_SIGN, 0, at)
    raise failure


def _end_at(file: BinaryIO, tail: bytes, at: int, start: int) -> End:
    if len(tail) - at < _END.size:
        raise BadArchive("bad_zip", "the end record is cut off", f"byte {start + at}")
    _, disk, first_disk, here, entries, size, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment > len(tail):
        raise BadArchive("bad_zip", "the comment of the end record is cut off", f"byte {start + at}")
    ends_at = start + at
    locator = at - _LOCATOR.size
    if locator >= 0 and tail.startswith(_LOCATOR_SIGN, locator):
        ends_at, disk64, first_disk64, here64, entries64, size64, offset64 = _end64(file, tail, locator, start)
        disk, first_disk = _wide(disk, disk64, _NONE16), _wide(first_disk, first_disk64, _NONE16)
        here, entries = _wide(here, here64, _NONE16), _wide(entries, entries64, _NONE16)
        size, offset = _wide(size, size64, _NONE32), _wide(offset, offset64, _NONE32)
    if entries > limits.ARCHIVE_ENTRIES or size > limits.DIRECTORY_BYTES:
        raise LimitExceeded(
            "too_many_entries",
            f"a zip with {entries:,} entries in a directory of {size:,} bytes; at most"
            f" {limits.ARCHIVE_ENTRIES:,} and {limits.DIRECTORY_BYTES:,} are read",
        )
    if disk or first_disk or here != entries:
        raise BadArchive("multi_disk", "a zip in several parts; join them first")
    if offset + size != ends_at:
        raise BadArchive("bad_zip", _displaced(ends_at - offset - size), f"byte {start + at}")
    return End(entries, size, offset)


def _end64(file: BinaryIO, tail: bytes, locator: int, start: int) -> tuple[int, int, int, int, int, int, int]:
    """Return where the Zip64 record lies and its disks, entries, size and offset."""
    _, _, at, _ = _LOCATOR.unpack_from(tail, locator)
    if at + _END64.size > start + locator:
        raise BadArchive("bad_zip", "the Zip64 end record is not where its locator says", f"byte {start + locator}")
    file.seek(at)
    record = file.read(_END64.size)
    if len(record) < _END64.size or not record.startswith(_END64_SIGN):
        raise BadArchive("bad_zip", "the Zip64 end record is not where its locator says", f"byte {at}")
    _, _, _, _, disk, first_disk, here, entries, size, offset = _END64.unpack(record)
    return at, disk, first_disk, here, entries, size, offset


def _wide(value: int, value64: int, none: int) -> int:
    return value64 if value == none else value


def _displaced(gap: int) -> str:
    if gap > 0:
        return f"{gap:,} bytes that do not belong to the zip stand in front of it or inside"
    return f"the zip is cut off or damaged: its directory would end {-gap:,} bytes past the end record"
