"""Where the frames of an MP3 lie: headers of MPEG 1, 2 and 2.5 layer III (ISO 11172-3, 13818-3), nothing decoded."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_KBPS: Final = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
"""Bitrates of layer III by index: MPEG 2 and 2.5, MPEG 1. 0 is the free format, whose frames state no length."""
_RATES: Final = ((11_025, 12_000, 8_000), (), (22_050, 24_000, 16_000), (44_100, 48_000, 32_000))
"""Sampling rates by version bits (0: MPEG 2.5, 2: MPEG 2, 3: MPEG 1) and index."""
_SAME: Final = 0xFFFE0C00
"""Bits of a header that all frames of a stream share: sync, version, layer, sampling rate."""
_OTHERS: Final = (b"OggS", b"fLaC", b"RIFF", b"RIFX", b"RF64", b"FORM", b"caff", b"wvpk", b"MThd")
"""How files begin that are no MP3, and in which a search for frames would find chance."""
_APE_BYTES: Final = 32
"""Size of the header and of the footer of an APEv2 tag."""
_SEARCH_BYTES: Final = 1 << 16
"""How far the first frame may lie behind the tags in front: libmpg123's limit; BASS gives up at 16 kB already."""


class Frame(NamedTuple):
    """One frame's header.

    Attributes:
        at: byte at which it begins.
        size: bytes, header included.
        samples: 1,152 a channel in MPEG 1, 576 in MPEG 2 and 2.5.
        sampling_rate: in Hz.
        side_info: bytes of side information behind the header, and so where a Xing tag lies.
        word: the header's 32 bits.
    """

    at: int
    size: int
    samples: int
    sampling_rate: int
    side_info: int
    word: int


def frame_at(data: bytes, at: int) -> Frame | None:
    """Read the header at a byte; None where there is none of layer III, or one that states no length."""
    if at < 0 or at + 4 > len(data):
        return None
    (word,) = struct.unpack_from(">I", data, at)
    version, layer = word >> 19 & 3, word >> 17 & 3
    kbps, rate, padding = word >> 12 & 15, word >> 10 & 3, word >> 9 & 1
    if word >> 21 != 0x7FF or version == 1 or layer != 1 or kbps in {0, 15} or rate == 3:
        return None
    first = version == 3
    hertz = _RATES[version][rate]
    size = (144 if first else 72) * _KBPS[first][kbps] * 1000 // hertz + padding
    mono = word >> 6 & 3 == 3
    side_info = (17 if mono else 32) if first else (9 if mono else 17)
    return Frame(at, size, 1152 if first else 576, hertz, side_info, word)


def first_frame(data: bytes) -> Frame | None:
    """Find the first frame behind the tags in front: one that another of its stream follows, or that is the only one.

    Returns:
        The frame; None where the file is no MP3.
    """
    if data.startswith(_OTHERS):
        return None
    start = _skip_id3(data)
    at = data.find(0xFF, start, start + _SEARCH_BYTES)
    while at >= 0:
        frame = frame_at(data, at)
        if frame and follower(data, frame):
            return frame
        at = data.find(0xFF, at + 1, start + _SEARCH_BYTES)
    alone = frame_at(data, start)
    return alone if alone and alone.at + alone.size <= len(data) else None


def follower(data: bytes, frame: Frame) -> Frame | None:
    """Return the frame that begins where `frame` ends; None where there is none of the same stream."""
    found = frame_at(data, frame.at + frame.size)
    return found if found and (found.word ^ frame.word) & _SAME == 0 else None


def count_frames(data: bytes, first: Frame) -> int:
    """Count the whole frames from `first` to the end of the data, those behind a damaged place included.

    A place that is no header is skipped up to the next frame that another one follows.
    """
    count, frame = 0, first
    while frame.at + frame.size <= len(data):
        count += 1
        found = follower(data, frame) or _resume(data, frame)
        if found is None:
            break
        frame = found
    return count


def _resume(data: bytes, lost: Frame) -> Frame | None:
    """Find the next frame of the stream behind one whose follower is not where it should be."""
    at = data.find(0xFF, lost.at + 4)
    while at >= 0:
        frame = frame_at(data, at)
        if frame and (frame.word ^ lost.word) & _SAME == 0 and follower(data, frame):
            return frame
        at = data.find(0xFF, at + 1)
    return None


def _skip_id3(data: bytes) -> int:
    """Return where the ID3v2 tags in front end (id3.org, ID3v2.4 section 3.1: sizes of 4 x 7 bits)."""
    at = 0
    while data.startswith(b"ID3", at) and at + 10 <= len(data):
        flags, sizes = data[at + 5], data[at + 6 : at + 10]
        if any(byte & 0x80 for byte in sizes):
            break
        size = sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]
        at += 10 + size + (10 if flags & 0x10 else 0)
    return at


def audio_end(data: bytes) -> int:
    """Return where the tags at the end begin: an ID3v1 tag of 128 bytes, before it an APEv2 tag.

    The footer of an APEv2 tag says the size of the tag without its header, and in its flags whether it has one.
    """
    end = len(data) - 128 if data[-128:-125] == b"TAG" else len(data)
    footer = data[max(0, end - _APE_BYTES) : end]
    if footer.startswith(b"APETAGEX") and len(footer) == _APE_BYTES:
        size, _, flags = struct.unpack_from("<3I", footer, 12)
        size += _APE_BYTES if flags >> 31 else 0
        end -= size if size <= end else 0
    return end
