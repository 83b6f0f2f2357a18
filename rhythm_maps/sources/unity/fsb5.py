"""FSB5 sounds: what the header says, and the samples of uncompressed ones, exactly.

Unity keeps songs in FMOD's sample banks. Only compressed ones need FMOD; what the header claims is checked before.

Source: vgmstream's fsb5.c (ISC) and python-fsb5 (MIT). All numbers are little-endian::

    "FSB5" u32 version, sounds, sample headers' size, names' size, data's size, mode  (then 32 bytes; 36 in version 0)
    u64 a sound: bit 0 chunks follow, 1-4 rate, 5-6 channels, 7-33 offset / 32, 34-63 samples
    u32 a chunk: bit 0 another follows, 1-24 size, 25-31 type (1 channels, 2 rate)
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded

MAGIC = b"FSB5"
PCM16, PCM_FLOAT = 2, 5
_HEADER_BYTES = {0: 64, 1: 60}
_RATES = {0: 4000, 1: 8000, 2: 11000, 3: 11025, 4: 16000, 5: 22050, 6: 24000, 7: 32000, 8: 44100, 9: 48000, 10: 96000}
_CHANNELS = (1, 2, 6, 8)
_CHUNK_CHANNELS, _CHUNK_RATE = 1, 2
_SAMPLE_BYTES = {PCM16: 2, PCM_FLOAT: 4}
_WAV_CODES = {PCM16: 1, PCM_FLOAT: 3}


class Sound(NamedTuple):
    """The first sound of a bank.

    Attributes:
        mode: FMOD's number of the codec: 2 PCM16, 5 float, 15 Vorbis, ...
        channels: 1 or 2.
        rate: samples a second.
        frames: samples of each channel.
        data: its bytes as stored.
    """

    mode: int
    channels: int
    rate: int
    frames: int
    data: bytes


def read_sound(bank: bytes, place: str) -> Sound:
    """Read the header of the first sound of a bank.

    Raises:
        BadFormat: no bank, or one that is damaged (``unreadable_audio``), or without samples (``empty_audio``).
        LimitExceeded: longer or with more channels than `limits` allows (``audio_too_large``).
    """
    try:
        magic, version, count, headers, names, size, mode = struct.unpack_from("<4s6I", bank)
        if magic != MAGIC or version not in _HEADER_BYTES or count < 1:
            raise BadFormat("unreadable_audio", "not an FSB5 sound bank", place)
        start = _HEADER_BYTES[version]
        channels, rate, offset, frames = _sample_header(bank[start : start + headers])
    except struct.error as error:
        raise BadFormat("unreadable_audio", "a sound bank that is cut off in its header", place) from error
    begin = start + headers + names
    if begin + size > len(bank) or offset > size:
        raise BadFormat("unreadable_audio", "a sound bank that is cut off", place)
    if frames == 0:
        raise BadFormat("empty_audio", "a sound without samples", place)
    if rate < 1 or rate > limits.AUDIO_RATE or channels > limits.AUDIO_CHANNELS or channels < 1:
        raise LimitExceeded("audio_too_large", f"a sound of {channels} channels at {rate:,} Hz", place)
    if frames / rate > limits.AUDIO_SECONDS:
        reason = f"a sound of {frames / rate:,.0f} seconds; at most {limits.AUDIO_SECONDS:,.0f}"
        raise LimitExceeded("audio_too_large", reason, place)
    return Sound(mode, channels, rate, frames, bank[begin + offset : begin + size])


def _sample_header(data: bytes) -> tuple[int, int, int, int]:
    """Return channels, rate, offset and samples of the first sound."""
    (word,) = struct.unpack_from("<Q", data)
    channels, rate = _CHANNELS[word >> 5 & 3], _RATES.get(word >> 1 & 15, 0)
    offset, frames = (word >> 7 & 0x7FFFFFF) * 32, word >> 34
    at, more = 8, word & 1
    while more:
        (chunk,) = struct.unpack_from("<I", data, at)
        more, size, kind = chunk & 1, chunk >> 1 & 0xFFFFFF, chunk >> 25
        if kind == _CHUNK_CHANNELS:
            (channels,) = struct.unpack_from("<B", data, at + 4)
        elif kind == _CHUNK_RATE:
            (rate,) = struct.unpack_from("<I", data, at + 4)
        at += 4 + size
    return channels, rate, offset, frames


def is_plain(sound: Sound) -> bool:
    """Tell whether a sound is stored uncompressed, so that `plain_wav` can take it."""
    return sound.mode in _SAMPLE_BYTES


def plain_wav(sound: Sound, place: str) -> bytes:
    """Return an uncompressed sound as a WAV file of the very same samples.

    Raises:
        BadFormat: fewer samples are there than the header says (``unreadable_audio``).
    """
    width = _SAMPLE_BYTES[sound.mode]
    block = width * sound.channels
    size = sound.frames * block
    if len(sound.data) < size:
        raise BadFormat("unreadable_audio", f"{len(sound.data):,} bytes of samples; {size:,} were expected", place)
    fmt = struct.pack(
        "<HHIIHH", _WAV_CODES[sound.mode], sound.channels, sound.rate, sound.rate * block, block, width * 8
    )
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", size) + sound.data[:size]
    return b"RIFF" + struct.pack("<I", len(body)) + body
