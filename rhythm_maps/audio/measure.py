"""What a build wants to know of a recording and only decoding tells: length, status, loudness."""

from __future__ import annotations

from typing import Final, NamedTuple

from rhythm_maps.audio.decode import Blocks, blocks
from rhythm_maps.audio.loudness import PeakRms
from rhythm_maps.audio.probe import probe
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


LEAST_RATE: Final = 16
"""Lowest sampling rate in Hz at which a window of 250 ms has the four samples that it needs."""
UNREADABLE: Final = Measured("unreadable", 0, 0.0, 0.0)
"""What a recording showed of which no sample could be read."""


def measure(data: bytes, name: str) -> Measured:
    """Decode a recording once, in blocks, and keep only what it showed.

    Args:
        data: the whole file.
        name: what it is called, for messages.

    Raises:
        BadFormat, LimitExceeded: its header cannot be read or is above `limits`, as `decode.blocks`.
    """
    meter = meter_for(probe(data, name).sampling_rate)
    stream = blocks(data, name, mono=True, timeline="file", tap=lambda block: meter.add(block[:, 0]))
    try:
        for _ in stream:
            pass
    except BadFormat as error:
        if error.code != "unreadable_audio":
            raise
        return UNREADABLE
    return measured(stream, meter)


def meter_for(sampling_rate: int) -> PeakRms:
    """Return the meter of a recording's loudness.

    A WAV may state any rate from 1 Hz on. Below `LEAST_RATE` its windows have four samples, however long that is.
    """
    return PeakRms(max(sampling_rate, LEAST_RATE))


def measured(stream: Blocks, meter: PeakRms) -> Measured:
    """Return what a recording showed that was decoded to its end, with a meter as its `tap`."""
    return Measured(stream.status, stream.frames_read, stream.frames_read / stream.file.sampling_rate, meter.value)
