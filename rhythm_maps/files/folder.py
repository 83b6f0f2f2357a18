"""A folder's files as the members of one mapset: a list of names, none of which leads out of the folder."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded
from rhythm_maps.files.members import READ_BLOCK, MemberSource, missing_member
from rhythm_maps.files.names import fault, normalise, shown


class _File(NamedTuple):
    path: str
    size: int


def open_folder(root: Path, files: Sequence[str]) -> MemberSource:
    """Open some files below a folder as the members of one mapset; use it with ``with``.

    Files are opened one at a time, when they are read. Symbolic links (and junctions) count only where they
    end below `root`; others, hostile names, and files that cannot be looked at are listed in `problems`.

    Args:
        root: the folder.
        files: names of files relative to it, with "/" between folders, as a walk of the folder gives them.

    Raises:
        InputError: `root` is not a folder that can be read.
    """
    try:
        real = os.path.realpath(root, strict=True)
        is_folder = stat.S_ISDIR(os.stat(real).st_mode)  # noqa: PTH116
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError(f"cannot open {root}: {error}") from error
    if not is_folder:
        raise InputError(f"{root} is not a folder")
    return FolderMembers(real, files)


class FolderMembers:
    """The members of a folder; made by `open_folder`, which documents it.

    Attributes:
        problems: what was listed and is no member, with the reason.
    """

    def __init__(self, root: str, files: Sequence[str]) -> None:
        self.problems: list[BadFormat] = []
        self._root = root
        self._inside: dict[str, bool] = {"": True}
        self._crc: dict[str, int] = {}
        self._files: dict[str, _File] = {}
        for listed in files:
            self._add(listed)
        self._names = sorted(self._files)

    def names(self) -> list[str]:
        """Return the member names, sorted."""
        return list(self._names)

    def size(self, name: str) -> int:
        """Return a member's size when the folder was opened; `read` gives as many bytes or fails."""
        return self._file(name).size

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            BadFormat: it cannot be read or changed since the folder was opened (``unreadable_file``), or it
                is no member (``missing_member``).
            LimitExceeded: it is larger than `limits.MEMBER_BYTES`.
        """
        data = b"".join(self._blocks(name, max(READ_BLOCK, self._file(name).size)))
        self._crc[name] = zlib.crc32(data)
        return data

    def crc32(self, name: str) -> int:
        """Return the CRC-32 of a member's bytes; it is computed once.

        Raises:
            BadFormat: as `read`.
        """
        if name not in self._crc:
            crc = 0
            for block in self._blocks(name, READ_BLOCK):
                crc = zlib.crc32(block, crc)
            self._crc[name] = crc
        return self._crc[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: no file stays open."""

    def _file(self, name: str) -> _File:
        try:
            return self._files[name]
        except KeyError:
            raise missing_member(name) from None

    def _blocks(self, name: str, block_size: int) -> Iterator[bytes]:
        """Yield a member's bytes, and fail where they are not as many as they were."""
        file = self._file(name)
        if file.size > limits.MEMBER_BYTES:
            reason = f"a file of {file.size:,} bytes; at most {limits.MEMBER_BYTES:,}"
            raise LimitExceeded("member_too_large", reason, name)
        left = file.size
        try:
            with Path(file.path).open("rb", buffering=0) as opened:
                while block := opened.read(min(block_size, left + 1)):
                    left -= len(block)
                    if left < 0:
                        break
                    yield block
        except OSError as error:
            raise BadFormat("unreadable_file", f"cannot be read ({error.strerror})", name) from error
        if left:
            raise BadFormat("unreadable_file", "changed its size while it was read", name)

    def _add(self, listed: str) -> None:
        name = normalise(listed)
        why = fault(name)
        if why:
            self._problem("hostile_name", f"left out: {why}", listed)
            return
        path = os.path.join(self._root, *listed.split("/"))  # noqa: PTH118 - hot: a Songs folder has 500,000 files
        try:
            state = os.lstat(path)
            if stat.S_ISLNK(state.st_mode):
                inside = self._is_inside(os.path.realpath(path))
                state = os.stat(path)  # noqa: PTH116
            else:
                inside = self._folder_is_inside(listed.rpartition("/")[0])
        except (OSError, ValueError) as error:
            # The text of an OSError names the full path, which nothing that is built may hold.
            why = str(error.strerror if isinstance(error, OSError) else error)
            self._problem("unreadable_file", f"left out: cannot be looked at ({why})", listed)
            return
        if not inside:
            self._problem("not_a_file", "left out: a link that leads out of the mapset's folder", listed)
        elif not stat.S_ISREG(state.st_mode):
            self._problem("not_a_file", "left out: not a file", listed)
        elif name in self._files:
            self._problem("duplicate_name", "left out: a second file of this name; the first counts", listed)
        else:
            self._files[name] = _File(path, state.st_size)

    def _folder_is_inside(self, folder: str) -> bool:
        if folder not in self._inside:
            self._inside[folder] = self._is_inside(os.path.realpath(os.path.join(self._root, folder)))  # noqa: PTH118
        return self._inside[folder]

    def _is_inside(self, real: str) -> bool:
        try:
            return os.path.commonpath((self._root, real)) == self._root
        except ValueError:  # another drive
            return False

    def _problem(self, code: str, reason: str, listed: str) -> None:
        self.problems.append(BadFormat(code, reason, shown(listed)))
