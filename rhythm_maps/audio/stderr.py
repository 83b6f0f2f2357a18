"""Keeps libmpg123's remarks on damaged MP3s off the terminal.

It writes them to file descriptor 2 itself and libsndfile offers no switch, so the descriptor, which the whole process
shares, is pointed at a temporary file for the moments in which an MP3 is read. What else arrived there in the meantime,
from whichever thread, is written to the real one right afterwards: nothing but libmpg123's own lines is lost.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

_FD: Final = 2
_MARKS: Final = (
    b"[src/libmpg123/",
    b"Note: Illegal Audio-MPEG-Header",
    b"Note: Trying to resync",
    b"Note: Skipped ",
    b"Note: Hit end of (available) data during resync",
    b"Note: Could be a BMP album art",
    b"Warning: Real sample count ",
    b"Warning: Xing stream size off ",
)
"""How the lines of libmpg123 (1.32, 1.33) begin."""


class _Held:
    """The descriptor while it points elsewhere; several threads share one redirection."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.real = -1
        self.kept: IO[bytes] | None = None

    def enter(self) -> None:
        with self.lock:
            self.users += 1
            if self.users > 1:
                return
            with suppress(OSError):  # no descriptor 2, or no room for a temporary file: the remarks are shown
                self.kept = self.kept or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as we do
                self.real = os.dup(_FD)
                os.dup2(self.kept.fileno(), _FD)

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users or self.real < 0:
                return
            os.dup2(self.real, _FD)
            os.close(self.real)
            self.real = -1
            self._pass_on()

    def _pass_on(self) -> None:
        if self.kept is None or not os.fstat(self.kept.fileno()).st_size:
            return
        self.kept.seek(0)
        lines = self.kept.read().splitlines(keepends=True)
        self.kept.seek(0)
        self.kept.truncate()
        others = [line for line in lines if not line.startswith(_MARKS)]
        if len(others) < len(lines):
            others = [line for line in others if line.strip()]  # libmpg123 puts empty lines before some of its own
        with suppress(OSError):
            os.write(_FD, b"".join(others))

    def forked(self) -> None:
        """Start anew in a child process: it has the real descriptor back, and a file of its own."""
        if self.real >= 0:
            os.dup2(self.real, _FD)
            os.close(self.real)
        self.__init__()  # type: ignore[misc]


_held = _Held()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_held.forked)


@contextmanager
def muted() -> Iterator[None]:
    """Drop what libmpg123 writes to the standard error stream inside; takes some ten microseconds."""
    _held.enter()
    try:
        yield
    finally:
        _held.leave()
