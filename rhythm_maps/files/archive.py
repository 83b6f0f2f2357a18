"""Mapset archives (.osz, .olz, .zip) as read-only members in memory; nothing is ever extracted."""

from __future__ import annotations

import stat
import zlib
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from rhythm_maps import limits
from rhythm_maps.errors import BadArchive, BadFormat, InputError, LimitExceeded, UsageError
from rhythm_maps.files.members import MemberSource, missing_member
from rhythm_maps.files.names import fault, normalise, shown
from rhythm_maps.files.zip_directory import LOCAL_HEADER_BYTES, Entry, read_entries
from rhythm_maps.files.zip_end import find_end
from rhythm_maps.sniff import HEAD_BYTES, what_is

_STORED, _DEFLATED = 0, 8
_METHODS = {
    1: "shrink",
    6: "implode",
    9: "deflate64",
    12: "bzip2",
    14: "lzma",
    93: "zstd",
    95: "xz",
    98: "ppmd",
}
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
"""Flags: encrypted, strongly encrypted, directory values masked."""


def open_members(path: Path) -> MemberSource:
    """Open a zip archive, whatever its file is called, as a view of its files; use it with ``with``.

    The directory is checked before it is trusted: one zip that fills the file from its first byte, entries
    that share no bytes, sizes and counts within `limits`. Names without the UTF-8 flag are cp932 as in osu!,
    else cp437. Folders are left out. What is no member (hostile names, links, second files of one name) is
    listed in `problems` and never read. A member that cannot be read fails alone, when it is read.

    Args:
        path: the archive.

    Raises:
        InputError: the file does not exist or cannot be read.
        BadArchive: not a zip (``not_a_zip``, with what it is), damaged (``bad_zip``), in several parts
            (``multi_disk``), or with entries that share bytes (``overlap``).
        LimitExceeded: too large, too many entries, or inflating far beyond its size.
    """
    size = _file_size(path)
    if size > limits.ARCHIVE_BYTES:
        raise LimitExceeded("archive_too_large", f"a file of {size:,} bytes; {_at_most(limits.ARCHIVE_BYTES)}")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            members = ZipMembers(file, size)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error}") from error
        stack.pop_all()
        return members


class ZipMembers:
    """The members of an open zip file; made by `open_members`, which documents it.

    Attributes:
        problems: what is in the archive and is no member, with the reason.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.problems: list[BadFormat] = []
        self._file = file
        self._left = limits.ARCHIVE_READ_BYTES
        entries = _directory(file, size)
        _refuse_bomb(entries, size)
        self._entries = self._members(entries)
        self._names = sorted(self._entries)

    def names(self) -> list[str]:
        """Return the member names, sorted; files only."""
        return list(self._names)

    def size(self, name: str) -> int:
        """Return the size in bytes that the directory gives a member; `read` returns that many or fails."""
        return self._entry(name).size

    def crc32(self, name: str) -> int:
        """Return the CRC-32 that the directory gives a member; `read` returns bytes that have it or fails."""
        return self._entry(name).crc

    def read(self, name: str) -> bytes:
        """Return the bytes of a member: as many as the directory says, with the CRC it says.

        Raises:
            BadArchive: encrypted, an unknown method, damaged, or not what the directory says.
            LimitExceeded: larger than a member may be, or more than may be read in one opening.
            BadFormat: there is no such member.
            UsageError: the archive was closed.
        """
        if self._file.closed:
            raise UsageError("read members inside the with statement that opened the archive")
        entry = self._entry(name)
        self._refuse_large(entry, name)
        self._left -= entry.size
        packed = self._packed(entry, name)
        data = packed if entry.method == _STORED else _inflate(packed, entry.size, name)
        if len(data) != entry.size:
            raise BadArchive("bad_member", f"{len(data):,} bytes where the directory says {entry.size:,}", name)
        if zlib.crc32(data) != entry.crc:
            raise BadArchive("bad_crc", "damaged: its checksum is not the one in the directory", name)
        return data

    def close(self) -> None:
        """Close the file; nothing can be read afterwards."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _entry(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise missing_member(name) from None

    def _members(self, entries: list[Entry]) -> dict[str, Entry]:
        members: dict[str, Entry] = {}
        for entry in entries:
            if entry.is_folder and entry.size == 0:
                continue
            name = normalise(entry.name)
            why = fault(name)
            if why:
                self._problem("hostile_name", f"left out: {why}", entry)
            elif entry.is_folder or entry.is_special:
                self._problem("not_a_file", "left out: a folder, link or device, not a file", entry)
            elif name in members:
                self._problem("duplicate_name", "left out: a second file of this name; the first counts", entry)
            else:
                members[name] = entry
        return members

    def _problem(self, code: str, reason: str, entry: Entry) -> None:
        self.problems.append(BadArchive(code, reason, shown(entry.name)))

    def _refuse_large(self, entry: Entry, name: str) -> None:
        if entry.flags & _ENCRYPTED:
            raise BadArchive("encrypted", "encrypted; export the map without a password", name)
        if entry.method not in {_STORED, _DEFLATED}:
            method = _METHODS.get(entry.method, f"method {entry.method}")
            raise BadArchive("unsupported_method", f"compressed with {method}; deflate or none is expected", name)
        if max(entry.size, entry.packed) > limits.MEMBER_BYTES:
            raise LimitExceeded(
                "member_too_large", f"claims {entry.size:,} bytes; {_at_most(limits.MEMBER_BYTES)}", name
            )
        if _is_bomb(entry.size, entry.packed):
            raise LimitExceeded("ratio", f"{entry.packed:,} bytes that claim to inflate to {entry.size:,}", name)
        if entry.size > self._left:
            most = _at_most(limits.ARCHIVE_READ_BYTES)
            raise LimitExceeded("archive_too_large", f"too much was read out of this archive; {most}", name)

    def _packed(self, entry: Entry, name: str) -> bytes:
        """Return a member's bytes as they are in the archive, none of them another member's."""
        file = self._file
        try:
            file.seek(entry.offset)
            header = file.read(LOCAL_HEADER_BYTES)
            if len(header) < LOCAL_HEADER_BYTES or not header.startswith(b"PK\3\4"):
                raise BadArchive("bad_member", "damaged: no header where the directory says", name)
            start = entry.offset + LOCAL_HEADER_BYTES
            start += int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            if start + entry.packed > entry.limit:
                raise BadArchive("overlap", "its data would reach into what follows it in the archive", name)
            file.seek(start)
            packed = file.read(entry.packed)
        except OSError as error:
            raise BadArchive(
                "unreadable_file", f"the archive can no longer be read ({error.strerror})", name
            ) from error
        if len(packed) != entry.packed:
            raise BadArchive("bad_member", "cut off: the archive became shorter while it was open", name)
        return packed


def _file_size(path: Path) -> int:
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(f"cannot open {path}: {error}") from error
    if not stat.S_ISREG(state.st_mode):  # opening a pipe would wait for ever
        raise InputError(f"{path} is not a file")
    return state.st_size


def _directory(file: BinaryIO, size: int) -> list[Entry]:
    head = file.read(HEAD_BYTES)
    if not head.startswith((b"PK\3\4", b"PK\5\6")):
        raise _not_a_zip(head)
    end = find_end(file, size)
    file.seek(end.offset)
    return read_entries(file.read(end.size), end.entries, end.offset)


def _not_a_zip(head: bytes) -> BadArchive:
    kind = what_is(head) or "an unknown kind of file"
    if "split zip" in kind:
        return BadArchive("multi_disk", f"{kind}; join the parts first")
    if b"PK\3\4" in head:
        return BadArchive("not_a_zip", f"bytes in front of a zip archive (it starts as {kind}); cut them off")
    return BadArchive("not_a_zip", f"not a zip archive but {kind}; download or export the map again")


def _refuse_bomb(entries: list[Entry], file_size: int) -> None:
    total = sum(entry.size for entry in entries)
    if total > limits.ARCHIVE_READ_BYTES or _is_bomb(total, file_size):
        raise LimitExceeded(
            "archive_too_large",
            f"{file_size:,} bytes that claim to inflate to {total:,}; {_at_most(limits.ARCHIVE_READ_BYTES)}"
            f" and {limits.RATIO} times the size are read",
        )


def _is_bomb(size: int, packed: int) -> bool:
    return size > limits.RATIO_FREE_BYTES and size > limits.RATIO * packed


def _inflate(packed: bytes, size: int, name: str) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = stream.decompress(packed, size + 1)
    except zlib.error as error:
        raise BadArchive("bad_member", f"damaged deflate data ({error})", name) from error
    if len(data) > size:
        raise BadArchive("bad_member", f"inflates to more than the {size:,} bytes that the directory says", name)
    if not stream.eof:
        raise BadArchive("bad_member", "deflate data that is cut off before its end", name)
    return data


def _at_most(size: int) -> str:
    return f"at most {size:,}"
