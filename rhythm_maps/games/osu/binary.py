"""A bounded reader of the values in osu!'s binary files: little-endian numbers, strings, dates, counts.

Every read is checked against what is left before anything is allocated, and every error names what was being read and
its byte. The types are those of .NET's BinaryReader as ppy/osu's SerializationReader extends it, and of the page
"Legacy database file structure" of ppy/osu's wiki.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from rhythm_maps.errors import BadFormat, LimitExceeded

NULL = 0x00
"""First byte of a string that is absent."""
STRING = 0x0B
"""First byte of a string that is there: its length in bytes as ULEB128 and its UTF-8 follow."""

TICKS_EPOCH = 621_355_968_000_000_000
""".NET ticks (100 ns since 0001-01-01) of 1970-01-01."""
TICKS_MAX = 3_155_378_975_999_999_999
"""Ticks of the last instant of the year 9999: DateTime.MaxValue."""

_YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
_ULEB_BYTES = 5
_VERSIONS = (2007_00_00, 2100_00_00)
_BYTE = struct.Struct("<B")
_SHORT = struct.Struct("<h")
_USHORT = struct.Struct("<H")
_INT = struct.Struct("<i")
_LONG = struct.Struct("<q")
_FLOAT = struct.Struct("<f")
_DOUBLE = struct.Struct("<d")


class Reader:
    """Reads values one after the other.

    Attributes:
        data: the whole file.
        at: offset of the next byte to read.
        entry: number of the entry that is being read, None outside of entries; errors name it.
    """

    __slots__ = ("at", "data", "entry")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.entry: int | None = None

    @property
    def left(self) -> int:
        """Return the bytes that have not been read."""
        return len(self.data) - self.at

    def skip(self, size: int, what: str) -> int:
        """Step over `size` bytes that are known to be there; return their offset.

        Raises:
            BadFormat: fewer are left (``truncated``).
        """
        at = self.at
        if size > len(self.data) - at:
            raise self.error("truncated", f"the file ends inside {what}: {size:,} bytes expected, {self.left:,} left")
        self.at = at + size
        return at

    def raw(self, size: int, what: str) -> bytes:
        """Read `size` bytes."""
        at = self.skip(size, what)
        return self.data[at : at + size]

    def byte(self, what: str) -> int:
        """Read an unsigned byte."""
        return int(_BYTE.unpack_from(self.data, self.skip(1, what))[0])

    def boolean(self, what: str) -> bool:
        """Read a byte as a truth value: everything but 0 is true."""
        return self.byte(what) != 0

    def short(self, what: str) -> int:
        """Read a signed 16-bit integer."""
        return int(_SHORT.unpack_from(self.data, self.skip(2, what))[0])

    def ushort(self, what: str) -> int:
        """Read an unsigned 16-bit integer."""
        return int(_USHORT.unpack_from(self.data, self.skip(2, what))[0])

    def integer(self, what: str) -> int:
        """Read a signed 32-bit integer."""
        return int(_INT.unpack_from(self.data, self.skip(4, what))[0])

    def long(self, what: str) -> int:
        """Read a signed 64-bit integer."""
        return int(_LONG.unpack_from(self.data, self.skip(8, what))[0])

    def single(self, what: str) -> float:
        """Read a 32-bit float."""
        return float(_FLOAT.unpack_from(self.data, self.skip(4, what))[0])

    def double(self, what: str) -> float:
        """Read a 64-bit float."""
        return float(_DOUBLE.unpack_from(self.data, self.skip(8, what))[0])

    def uleb128(self, what: str) -> int:
        """Read an unsigned LEB128 number of at most 31 bits (BinaryReader.Read7BitEncodedInt: at most 5 bytes).

        Raises:
            BadFormat: it ends early (``truncated``), goes on for longer or is larger (``bad_length``).
        """
        start, value = self.at, 0
        for shift in range(0, 7 * _ULEB_BYTES, 7):
            byte = self.data[self.skip(1, what)]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        else:
            raise self.error("bad_length", f"the length of {what} has more than {_ULEB_BYTES} bytes", start)
        if value > 0x7FFF_FFFF:
            raise self.error("bad_length", f"the length of {what} is {value:,}, beyond 31 bits", start)
        return value

    def string(self, what: str) -> str | None:
        """Read a string; None where it is absent. Bytes that are no UTF-8 become U+FFFD, as .NET reads them.

        Raises:
            BadFormat: neither of its two first bytes (``bad_string``), a bad length, or the file ends inside it.
        """
        data, at = self.data, self.at
        # Most strings are short: their length is one byte.
        if at + 1 < len(data) and data[at] == STRING and data[at + 1] < 0x80:
            end = at + 2 + data[at + 1]
            if end <= len(data):
                self.at = end
                return data[at + 2 : end].decode("utf-8", "replace")
        mark = self.byte(what)
        if mark == NULL:
            return None
        if mark != STRING:
            raise self.error("bad_string", f"{what}: a string begins with 0x00 or 0x0b, not with 0x{mark:02x}", at)
        return self.raw(self.uleb128(what), what).decode("utf-8", "replace")

    def date(self, what: str) -> datetime | None:
        """Read .NET ticks as an instant in UTC; None for 0 (never).

        Raises:
            BadFormat: no date of the years 1 to 9999 (``bad_date``); DateTime refuses it too.
        """
        at, ticks = self.at, self.long(what)
        if not 0 <= ticks <= TICKS_MAX:
            raise self.error("bad_date", f"{what}: {ticks:,} ticks are no date of the years 1 to 9999", at)
        return _YEAR_1 + timedelta(microseconds=ticks // 10) if ticks else None

    def version(self) -> int:
        """Read the version of a database: the date of the client that wrote it, as a number such as 20250108.

        Raises:
            BadFormat: it is no such number (``bad_version``).
        """
        at, version = self.at, self.integer("the version")
        if not _VERSIONS[0] <= version < _VERSIONS[1]:
            raise self.error("bad_version", f"the version is {version:,}, expected a date such as 20250108", at)
        return version

    def count(self, what: str, smallest: int) -> int:
        """Read how many entries follow; -1, a null list, counts as 0.

        Args:
            what: what is counted.
            smallest: least bytes that one entry takes; more entries than fit in what is left are refused here.

        Raises:
            BadFormat: negative, or more than fit (``bad_count``).
        """
        at, number = self.at, self.integer(f"the number of {what}")
        if number == -1:
            return 0
        if number < 0 or number * smallest > self.left:
            reason = f"{number:,} {what} cannot be: {self.left:,} bytes are left, each takes {smallest:,} or more"
            raise self.error("bad_count", reason, at)
        return number

    def trailing(self) -> list[BadFormat]:
        """Say how many bytes follow the last value that was read: a list of one problem, or of none."""
        if not self.left:
            return []
        return [self.error("trailing_bytes", f"bytes after the last value, left out: {self.left:,}")]

    def error(self, code: str, reason: str, at: int | None = None) -> BadFormat:
        """Make an error about the value at `at`, by default the next one."""
        entry = "" if self.entry is None else f" (entry {self.entry + 1})"
        return BadFormat(code, reason + entry, f"byte {self.at if at is None else at}")


def dates(ticks: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    """Return .NET ticks as datetime64[us] in UTC; NaT for 0 (never) and for what is no date of the years 1 to 9999."""
    real = (ticks > 0) & (ticks <= TICKS_MAX)
    micros = np.where(real, (np.where(real, ticks, TICKS_EPOCH) - TICKS_EPOCH) // 10, 0)
    out = micros.astype("datetime64[us]")
    out[~real] = np.datetime64("NaT")
    return out


def open_reader(data: bytes, cap: int) -> Reader:
    """Return a reader of a file that is not too large.

    Raises:
        LimitExceeded: it is (``file_too_large``).
    """
    if len(data) > cap:
        raise LimitExceeded("file_too_large", f"{len(data):,} bytes, at most {cap:,} are read")
    return Reader(data)
