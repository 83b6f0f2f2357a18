"""MP3s with the tag frame that a test wants: clicks encoded by libsndfile's LAME, the first frame written anew."""

from __future__ import annotations

import io
import struct
from functools import cache
from typing import NamedTuple

import numpy as np
import soundfile

from rhythm_maps.audio.mp3_frames import Frame, count_frames, first_frame

FRAMES, BYTES, TOC, QUALITY = 1, 2, 4, 8
ID3V1 = b"TAG" + bytes(125)


class Music(NamedTuple):
    """An encoded song without its tag frame: what a tag frame looks like, the frames, how many, where clicks are."""

    tag: Frame
    header: bytes
    frames: bytes
    count: int
    clicks: np.ndarray


def click_samples(rate, channels=1, seconds=4.0):
    """Short tone bursts at uneven times; float32 ``[frames, channels]`` and the samples at which they start."""
    starts = np.rint(np.array([0.5, 0.95, 1.7, 2.2, 3.1]) * rate).astype(int)
    samples = np.zeros((round(seconds * rate), channels), np.float32)
    k = np.arange(400)
    for start in starts:
        samples[start : start + 400] += (0.6 * np.cos(0.3 * k) * np.exp(-k / 60))[:, None]
    return samples, starts


def encode(samples, rate, mode="CONSTANT", level=0.5):
    """An MP3 as LAME makes it, with its tag."""
    out = io.BytesIO()
    options = {"subtype": "MPEG_LAYER_III", "compression_level": level, "bitrate_mode": mode}
    with soundfile.SoundFile(out, "w", rate, samples.shape[1], format="MP3", **options) as file:
        file.write(samples)
    return out.getvalue()


@cache
def music(rate=44_100, channels=1):
    samples, clicks = click_samples(rate, channels)
    data = encode(samples, rate)
    tag = first_frame(data)
    frames = data[tag.size :]
    return Music(tag, data[:4], frames, count_frames(frames, first_frame(frames)), clicks)


def xing(
    song, *, magic=b"Info", flags=15, frames=None, ratio=1.0, size=None, name=b"LAME3.100", delay=576, padding=900
):
    """A frame with a Xing tag; ``ratio`` is what its size field says over the size of the stream."""
    stream = len(song.frames) + song.tag.size
    tag = magic + struct.pack(">I", flags)
    tag += struct.pack(">I", song.count if frames is None else frames) if flags & FRAMES else b""
    tag += struct.pack(">I", round(stream * ratio) if size is None else size) if flags & BYTES else b""
    tag += bytes(range(100)) if flags & TOC else b""
    tag += bytes(4) if flags & QUALITY else b""
    if name is not None:
        packed = bytes([delay >> 4, (delay & 15) << 4 | padding >> 8, padding & 255])
        tag += name.ljust(9, b"\0") + bytes(12) + packed
    body = song.header + bytes(song.tag.side_info) + tag
    assert len(body) <= song.tag.size, "the tag does not fit into its frame"
    return body.ljust(song.tag.size, b"\0")


def vbri(song, *, delay):
    """A frame with a VBRI tag."""
    stream = len(song.frames) + song.tag.size
    tag = b"VBRI" + struct.pack(">HHHIIHHHH", 1, delay, 75, stream, song.count + 1, 1, 1, 2, 0)
    return (song.header + bytes(32) + tag).ljust(song.tag.size, b"\0")


def id3v2(size):
    """An ID3v2 tag of zeros."""
    return b"ID3\x04\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0)) + bytes(size)


def apev2(size, *, header=True):
    """An APEv2 tag of zeros with its footer, and header or not."""
    edge = b"APETAGEX" + struct.pack("<3I", 2000, size + 32, 0)
    flags = 0x8000_0000 if header else 0
    start = edge + struct.pack("<I", 0xA000_0000) + bytes(8) if header else b""
    return start + bytes(size) + edge + struct.pack("<I", flags) + bytes(8)
