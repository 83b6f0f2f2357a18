"""What an opened mapset offers, whether it is an archive or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rhythm_maps.errors import BadFormat

READ_BLOCK = 1 << 20
"""Bytes read at a time where only a checksum is wanted."""


class MemberSource(Protocol):
    """Read-only view of the files of one mapset: `games.base.Members` with checksums and ``with``.

    Names have "/" between folders, are relative, and are never resolved on a disk.
    """

    @property
    def problems(self) -> Sequence[BadFormat]:
        """Return why some of what is there is not among the members: hostile or doubled names, links."""

    def names(self) -> Sequence[str]:
        """Return the member names, sorted; files only."""

    def size(self, name: str) -> int:
        """Return the size of a member in bytes.

        Raises:
            BadFormat: there is no such member (``missing_member``).
        """

    def read(self, name: str) -> bytes:
        """Return the bytes of a member, whole and checked.

        Raises:
            BadFormat: they cannot be had whole; `place` is the member's name.
        """

    def crc32(self, name: str) -> int:
        """Return the CRC-32 of a member's bytes (unsigned).

        Raises:
            BadFormat: there is no such member, or its bytes cannot be read.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def missing_member(name: str) -> BadFormat:
    """Return the error for a name that is not a member's."""
    return BadFormat("missing_member", "no such file in the mapset", name)
