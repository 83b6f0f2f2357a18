"""Sounds for fake levels: a tone, its Ogg file, and FMOD sound banks made by hand."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import soundfile


def tone(seconds=0.25, rate=44100, channels=2, seed=0):
    """int16 ``[frames, channels]``: a chord with a click in the middle."""
    t = np.arange(int(seconds * rate)) / rate
    wave = 0.3 * np.sin(2 * np.pi * (220 + 30 * seed) * t) + 0.2 * np.sin(2 * np.pi * 331 * t)
    wave[len(wave) // 2] += 0.4
    data = np.stack([wave * (1 - 0.3 * c) for c in range(channels)], 1)
    return np.round(data * 32767).astype(np.int16)


def ogg(samples, rate=44100):
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="OGG", subtype="VORBIS")
    return out.getvalue()


_RATES = {11025: 3, 22050: 5, 24000: 6, 32000: 7, 44100: 8, 48000: 9}


def fsb5(mode, data, frames, rate, channels, chunks=()):
    head = (1 if chunks else 0) | _RATES[rate] << 1 | (channels - 1) << 5 | frames << 34
    headers = struct.pack("<Q", head)
    for i, (kind, body) in enumerate(chunks):
        headers += struct.pack("<I", (i + 1 < len(chunks)) | len(body) << 1 | kind << 25) + body
    data += bytes(-len(data) % 32)
    start = struct.pack("<4s7I", b"FSB5", 1, 1, len(headers), 0, len(data), mode, 1)
    return start + bytes(60 - len(start)) + headers + data


def fsb5_pcm16(samples, rate=44100):
    return fsb5(2, samples.astype("<i2").tobytes(), len(samples), rate, samples.shape[1])


def ogg_packets(data):
    packets, part, at = [], b"", 0
    while at < len(data):
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        at += 27 + len(lacing)
        for size in lacing:
            part += data[at : at + size]
            at += size
            if size < 255:
                packets.append(part)
                part = b""
    return packets


def fsb5_vorbis(ogg_bytes):
    """FMOD's Vorbis: the packets after the headers, and the CRC-32 of the set-up header instead of it."""
    info = soundfile.info(io.BytesIO(ogg_bytes))
    packets = ogg_packets(ogg_bytes)
    body = b"".join(struct.pack("<H", len(p)) + p for p in packets[3:])
    setup = (11, struct.pack("<II", zlib.crc32(packets[2]), 0))
    return fsb5(15, body, info.frames, info.samplerate, info.channels, [setup])
