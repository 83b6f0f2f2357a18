"""Toy's part of the sample pack: five songs, one of them with a bad chart and one chart without its audio."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rhythm_maps.audio.synth import Segment, encode_wav, render, steps
from rhythm_maps.files.zips import write_zip
from rhythm_maps.games.base import Sample

_RATE = 8_000
_SECONDS = 6.0
_SONGS = (
    ("Round and Round", (Segment(0.25, 0.5),), 6),
    ("Three by Four", (Segment(0.0, 0.4, 3),), 4),
    ("Getting Faster", (Segment(0.1, 0.6), Segment(2.5, 0.3)), 6),
    ("円", (Segment(0.5, 0.375),), 8),
    ("Broken Circle", (Segment(0.0, 0.5),), 3),
)


def mapsets() -> Iterator[Sample]:
    """Generate the archives, the same bytes every time."""
    for seed, (title, tempo, pads) in enumerate(_SONGS):
        music = render(tempo, _SECONDS, _RATE, seed)
        members = {"song.wav": encode_wav(np.asarray(music.mean(axis=1, keepdims=True), np.float32), _RATE)}
        for level, division in (("Easy", 1), ("Hard", 2)):
            members[f"{level}.toy"] = _chart(title, level, tempo, pads, division)
        if title == "Broken Circle":
            members["Bad.toy"] = members["Easy.toy"].replace(b"step ", b"step x", 1)
            members["Silent.toy"] = _chart(title, "Silent", tempo, pads, 2).replace(b"song.wav", b"gone.wav")
        yield Sample(f"{seed + 1} {title}.toyz", write_zip(members, stored=["song.wav"]))


def _chart(title: str, level: str, tempo: tuple[Segment, ...], pads: int, division: int) -> bytes:
    grid = steps(tempo, _SECONDS - 1, division)
    lines = ["toy 1", "artist: Toy Band", f"title: {title}", f"level: {level}", f"pads: {pads}", "audio: song.wav"]
    lines += [f"tempo {s.start_s} {s.beat_length_s} {s.meter}" for s in tempo]
    for i, (time_s, position) in enumerate(zip(grid.time_s.tolist(), grid.position.tolist(), strict=True)):
        held = 0.2 if position == 1 and i % 2 else 0.0
        lines.append(f"step {time_s:.3f} {i % pads} {held} {'red' if i % 2 else 'blue'} {min(position, 3)}")
    return "\n".join([*lines, ""]).encode()
