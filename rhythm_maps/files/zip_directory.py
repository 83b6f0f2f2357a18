"""The directory of a zip as a list of entries, each with the bytes that its data may occupy.

Own code and not zipfile's, because zipfile (of Python 3.11.7, 3.12.1 and before) accepts entries that overlap
(CVE-2024-0450), cuts names at NUL, and fails on the whole archive where one name does not decode. Source of
the layout: PKWARE APPNOTE 6.3.10, sections 4.3.12 and 4.5; of the names' encoding: ppy/osu ZipArchiveReader.
"""

from __future__ import annotations

import stat
import struct
import zlib
from typing import NamedTuple

from rhythm_maps.errors import BadArchive

_ENTRY = struct.Struct("<4s4x2H4x3L4H2x2L")
"""Signature; flags, method; CRC, packed size, size; name, extra, comment length, disk; attributes, offset."""
LOCAL_HEADER_BYTES = 30
"""Smallest local header: the least that lies between two members' data."""
_SIGN = b"PK\1\2"
_NONE32 = 0xFFFFFFFF
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_UTF8 = 0x0800
_DOS_FOLDER = 0x10


class Entry(NamedTuple):
    """One entry of a zip's directory.

    Attributes:
        name: decoded, otherwise as it is there.
        flags, method, crc, attributes: the fields of the format.
        packed: bytes of its data in the archive.
        size: bytes it claims to have when inflated.
        offset: of its local header in the archive.
        limit: offset at which its data must have ended: the next header, or the directory.
    """

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    attributes: int
    limit: int

    @property
    def is_folder(self) -> bool:
        """Tell whether it stands for a folder: by name, by Unix mode, or empty and by DOS attribute."""
        return (
            self.name.endswith(("/", "\\"))
            or stat.S_ISDIR(self.attributes >> 16)
            or (self.size == 0 and bool(self.attributes & _DOS_FOLDER))
        )

    @property
    def is_special(self) -> bool:
        """Tell whether its Unix mode makes it a link, device or pipe."""
        return stat.S_IFMT(self.attributes >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}


def read_entries(directory: bytes, count: int, directory_at: int) -> list[Entry]:
    """Parse the directory of a zip, in its order.

    Args:
        directory: its bytes.
        count: the number of entries that the end record claims.
        directory_at: its offset in the archive.

    Raises:
        BadArchive: it is damaged (``bad_zip``), has entries on other disks (``multi_disk``), or two entries
            would share bytes of the archive (``overlap``).
    """
    entries: list[Entry] = []
    at = 0
    while at < len(directory) and len(entries) <= count:
        entry, at = _entry(directory, at, directory_at)
        entries.append(entry)
    if len(entries) != count:
        raise BadArchive("bad_zip", f"the directory has not the {count:,} entries that the end record claims")
    return _with_limits(entries, directory_at)


def decode_name(raw: bytes, *, utf8: bool) -> str:
    """Decode a member name as osu! does: UTF-8 where it is flagged, else cp932 (Japanese Windows).

    What neither can decode is cp437, the format's own encoding, in which every byte is a character.
    """
    for encoding in ("utf-8", "cp932") if utf8 else ("cp932",):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def _entry(directory: bytes, at: int, directory_at: int) -> tuple[Entry, int]:
    """Return the entry at `at` and where the next one begins."""
    place = f"byte {directory_at + at}"
    if len(directory) - at < _ENTRY.size or not directory.startswith(_SIGN, at):
        raise BadArchive("bad_zip", "damaged directory: no entry where one is expected", place)
    _, flags, method, crc, packed, size, name_len, extra_len, comment_len, disk, attributes, offset = (
        _ENTRY.unpack_from(directory, at)
    )
    name_at = at + _ENTRY.size
    extra_at = name_at + name_len
    stop = extra_at + extra_len + comment_len
    if stop > len(directory):
        raise BadArchive("bad_zip", "damaged directory: its last entry is cut off", place)
    raw = directory[name_at:extra_at]
    name = decode_name(raw, utf8=bool(flags & _UTF8))
    if extra_len:
        extra = _extra_fields(directory[extra_at : extra_at + extra_len])
        size, packed, offset, disk = _widened(extra.get(_ZIP64, b""), size, packed, offset, disk)
        name = _unicode_path(extra.get(_UNICODE_PATH, b""), raw) or name
    if disk:
        raise BadArchive("multi_disk", "a zip in several parts; join them first", place)
    return Entry(name, flags, method, crc, packed, size, offset, attributes, 0), stop


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    """Return the extra fields by id; padding and cut-off fields end the list, as in other readers."""
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if at + 4 + length > len(extra):
            break
        fields.setdefault(kind, extra[at + 4 : at + 4 + length])
        at += 4 + length
    return fields


def _widened(field: bytes, size: int, packed: int, offset: int, disk: int) -> tuple[int, int, int, int]:
    """Replace what is marked as too large for the entry by the Zip64 field's values, in its order."""
    wide = []
    for value in (size, packed, offset):
        if value == _NONE32 and len(field) >= 8:
            wide.append(int.from_bytes(field[:8], "little"))
            field = field[8:]
        else:
            wide.append(value)
    if disk == 0xFFFF and len(field) >= 4:
        disk = int.from_bytes(field[:4], "little")
    return wide[0], wide[1], wide[2], disk


def _unicode_path(field: bytes, raw: bytes) -> str:
    """Return Info-ZIP's UTF-8 name where it belongs to the raw one (APPNOTE 4.6.9), else an empty string."""
    if len(field) < 6 or field[0] != 1 or int.from_bytes(field[1:5], "little") != zlib.crc32(raw):
        return ""
    try:
        return field[5:].decode()
    except UnicodeDecodeError:
        return ""


def _with_limits(entries: list[Entry], directory_at: int) -> list[Entry]:
    """Give each entry the offset where its data must end; refuse entries that cannot all fit.

    Local headers are not read here; what they add (name, extra field) is checked when a member is read, so
    that no byte of the archive is ever inflated for two members.
    """
    order = sorted(range(len(entries)), key=lambda i: entries[i].offset)
    limit = directory_at
    limited = list(entries)
    for i in reversed(order):
        entry = entries[i]
        if entry.offset + LOCAL_HEADER_BYTES + entry.packed > limit:
            raise BadArchive("overlap", "entries that overlap each other or the directory", f"byte {entry.offset}")
        limited[i] = entry._replace(limit=limit)
        limit = entry.offset
    return limited
