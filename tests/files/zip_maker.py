"""Zips made byte by byte, as no honest tool makes them (PKWARE APPNOTE 4.3)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

MAP = b"osu file format v14\r\n\r\n[General]\r\nAudioFilename: audio.mp3\r\n" * 20


@dataclass(frozen=True)
class Made:
    """One member; what is None is computed as an honest writer would."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    size: int | None = None
    crc: int | None = None
    packed: bytes | None = None
    packed_size: int | None = None
    offset: int | None = None
    attributes: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    after: bytes = b""
    disk: int = 0

    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflate.compress(self.data) + deflate.flush() if self.method == 8 else self.data

    def facts(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.body()) if self.packed_size is None else self.packed_size
        return crc, packed, len(self.data) if self.size is None else self.size

    def local(self) -> bytes:
        lengths = len(self.name), len(self.local_extra)
        head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, self.flags, self.method, 0, 33, *self.facts(), *lengths)
        return head + self.name + self.local_extra + self.body() + self.after

    def central(self, offset: int) -> bytes:
        lengths = len(self.name), len(self.extra), 0
        return (
            struct.pack("<4s6H3L3H", b"PK\1\2", 20, 20, self.flags, self.method, 0, 33, *self.facts(), *lengths)
            + struct.pack("<2H2L", self.disk, 0, self.attributes, offset if self.offset is None else self.offset)
            + self.name
            + self.extra
        )


def end(entries, size, offset, disk=0, comment=b""):
    return struct.pack("<4s4H2LH", b"PK\5\6", disk, disk, entries, entries, size, offset, len(comment)) + comment


def end64(entries, size, offset, at):
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, offset)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1) + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def make_zip(*members, entries=None, comment=b""):
    out, offsets = b"", []
    for made in members:
        offsets.append(len(out))
        out += made.local()
    directory = b"".join(made.central(at) for made, at in zip(members, offsets, strict=True))
    return out + directory + end(len(members) if entries is None else entries, len(directory), len(out), 0, comment)
