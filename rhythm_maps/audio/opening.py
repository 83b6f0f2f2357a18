"""Opens audio in memory with libsndfile, which sniffs what it is; every way this can fail is one declared error."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from rhythm_maps.audio.mp3_clock import stated_frames
from rhythm_maps.audio.mp3_frames import Frame, first_frame
from rhythm_maps.audio.stderr import muted
from rhythm_maps.errors import BadFormat
from rhythm_maps.sniff import what_is

LIBRARY_ERRORS: Final = (RuntimeError, ValueError, TypeError, OverflowError, OSError, EOFError)
"""What soundfile raises on damaged files beside its own errors (which are RuntimeErrors); MemoryError apart."""
_LONGEST: Final = 40
"""320 over 8 kbit/s: by so much can the first frame's bitrate be above the others'."""
_ID3V1_BYTES: Final = 128


class Source(NamedTuple):
    """An open audio file.

    Attributes:
        file: the `soundfile.SoundFile`; it reads on to the file's end without seeking.
        frame: the first frame of an MP3 (layer III), in `data`; None for all else.
        data: what is read: the file, without what stands in front of an MP3 that libsndfile cannot skip.
        stated: the file says how many frames it has; else `file.frames` is only an upper bound.
    """

    file: Any
    frame: Frame | None
    data: bytes
    stated: bool


class _Bytes(io.RawIOBase):
    """Bytes that can be sought past their end, and can pretend to be longer than they are.

    libmpg123 estimates the length of an MP3 without a tag from the size of the file and the bitrate of its first
    frame, and libsndfile ends there even where more frames follow. Where `claimed` is larger, the estimate is so too.
    A seek never raises: cffi prints a traceback for each bad offset of a hostile header.
    """

    def __init__(self, data: bytes, claimed: int) -> None:
        super().__init__()
        self._data = memoryview(data)
        self._claimed = claimed
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_CUR: self._at, io.SEEK_END: self._claimed}.get(whence, 0)
        self._at = min(max(base + offset, 0), self._claimed)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        part = self._data[self._at : self._at + len(buffer)]
        if not part and self._claimed > len(self._data) and self._at == self._claimed - _ID3V1_BYTES:
            part = memoryview(bytes(len(buffer)))  # no ID3v1 tag; without an answer libmpg123 knows no size at all
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


@contextmanager
def open_audio(data: bytes, name: str) -> Iterator[Source]:
    """Open an audio file.

    Args:
        data: the whole file.
        name: what it is called, for messages; what it is, its bytes say.

    Raises:
        BadFormat: libsndfile cannot read it (``unreadable_audio``, with what it is where known).
    """
    frame = first_frame(data)
    try:
        source = _open(data, frame)
    except LIBRARY_ERRORS as error:
        if frame is None or frame.at == 0:
            raise unreadable(data, name, error) from error
        try:  # libsndfile knows an MP3 by its first bytes; what stands before the first frame hides them
            source = _open(data[frame.at :], frame._replace(at=0))
        except LIBRARY_ERRORS as again:
            raise unreadable(data, name, again) from again
    try:
        yield source
    finally:
        with muted():
            source.file.close()


def _open(data: bytes, frame: Frame | None) -> Source:
    import soundfile  # noqa: PLC0415 - loads libsndfile

    stated = frame is None or stated_frames(data, frame) > 0
    claimed = len(data) if stated else len(data) * _LONGEST + _ID3V1_BYTES
    with muted():
        file = soundfile.SoundFile(_Bytes(data, claimed))
    # soundfile would seek to where it is after each read, and libmpg123 start anew there.
    file.seekable = lambda: False
    if file.format != "MP3":
        return Source(file, None, data, stated=True)
    return Source(file, frame, data, stated)


def unreadable(data: bytes, name: str, error: Exception) -> BadFormat:
    """Return the error of a file that cannot be read: with what it is, and without addresses of this process."""
    if not data:
        return BadFormat("unreadable_audio", "an empty file", name)
    kind = what_is(data)
    what = f"{kind}: soundfile cannot read it" if kind else "not an audio file that soundfile can read"
    said = str(getattr(error, "error_string", "")) or type(error).__name__
    return BadFormat("unreadable_audio", f"{what} ({said.strip().rstrip('.')})", name)
