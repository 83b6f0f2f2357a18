"""Damaged audio: mutants of whole files, each made from its number alone."""

from __future__ import annotations

import io
import random
from functools import cache

import numpy as np
import soundfile
from mp3_maker import encode, music, vbri

KINDS = ("wav", "float", "flac", "ogg", "opus", "mp3", "mp3 without a tag", "mp3 with VBRI")


@cache
def whole(kind):
    """A second of noise that swells, as a file of a kind."""
    rate = 48_000
    t = np.arange(rate) / rate
    noise = np.random.default_rng(0).normal(0, 0.2, (rate, 2)) * np.sin(3 * np.pi * t)[:, None]
    if kind.startswith("mp3"):
        song = music(44_100, 2)
        tags = {"mp3 without a tag": b"", "mp3 with VBRI": vbri(song, delay=1105)}
        return encode(noise.astype(np.float32), 44_100) if kind == "mp3" else tags[kind] + song.frames[:20_000]
    formats = {"float": ("WAV", "FLOAT"), "opus": ("OGG", "OPUS"), "ogg": ("OGG", "VORBIS")}
    container, subtype = formats.get(kind, (kind.upper(), "PCM_16"))
    out = io.BytesIO()
    soundfile.write(out, noise, rate, format=container, subtype=subtype)
    return out.getvalue()


def mutant(number):
    """A kind and a damaged file of it."""
    rng = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    data = bytearray(whole(kind))
    for _ in range(rng.choice((1, 1, 2, 5))):
        change = rng.randrange(7)
        # Half of all changes hit the headers, where sizes and counts stand.
        at = rng.randrange(max(1, min(len(data), 200 if rng.random() < 0.5 else len(data))))
        if change == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 1:
            data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\x01\0\0\0"))
        elif change == 2:
            data[at : at + rng.randrange(400)] = rng.randbytes(rng.randrange(400))
        elif change == 3:
            del data[at + rng.randrange(len(data) - at + 1) :]
        elif change == 4:
            data[at:at] = data[rng.randrange(len(data) or 1) :][: rng.randrange(5000)]
        elif change == 5:
            del data[at : at + rng.randrange(3000)]
        else:
            data[at : at + 2000] = bytes(len(data[at : at + 2000]))
    return kind, bytes(data)


def try_one(number):
    """Decode a mutant every way; say what came out. Anything but a declared error is left to rise."""
    from rhythm_maps.audio.decode import decode
    from rhythm_maps.audio.measure import measure
    from rhythm_maps.errors import BadFormat

    kind, data = mutant(number)
    try:
        found = decode(data, "a", rate=24_000, mono=True)
        plain = decode(data, "a", timeline="file")
        measured = measure(data, "a")
    except BadFormat as error:
        return kind, error.code
    assert np.isfinite(found.samples).all()
    assert found.status in {"ok", "truncated", "damaged", "silent"}
    assert found.status == plain.status == measured.status
    assert found.frames_read == plain.frames_read == len(plain.samples) == measured.frames
    assert np.isfinite(measured.loudness)
    return kind, found.status
