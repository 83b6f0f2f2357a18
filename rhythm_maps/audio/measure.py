"""What a build wants to know of a recording and only decoding tells: length, status, loudness."""

from __future__ import annotations

from typing import NamedTuple

from rhythm_maps.audio.decode import blocks
from rhythm_maps.audio.loudness import PeakRms
from rhythm_maps.errors import BadFormat


class Measured(NamedTuple):
    """What decoding a recording showed.

    Attributes:
        status: as `decode.Decoded`; ``unreadable`` where its header can be read and no sample can.
        frames: samples a channel that could be read, at the file's rate.
        duration_s: the same in seconds; of the file, before any clock.
        loudness: peak windowed RMS (250 ms) of the mean of the channels at the file's rate; 0 where nothing was read.
    """

    status: str
    frames: int
    duration_s: float
    loudness: float


def measure(data: bytes, name: str) -> Measured:
    """Decode a recording once, in blocks, and keep only what it showed.

    Args:
        data: the whole file.
        name: what it is called, for messages.

    Raises:
        BadFormat, LimitExceeded: its header cannot be read or is above `limits`, as `decode.blocks`.
    """
    stream = blocks(data, name, mono=True, timeline="file")
    meter = PeakRms(stream.sampling_rate)
    try:
        for block in stream:
            meter.add(block)
    except BadFormat as error:
        if error.code != "unreadable_audio":
            raise
        return Measured("unreadable", 0, 0.0, 0.0)
    if not stream.frames_read:
        return Measured("unreadable", 0, 0.0, 0.0)
    return Measured(stream.status, stream.frames_read, stream.frames_read / stream.sampling_rate, meter.value)
