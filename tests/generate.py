"""Makes many small valid mapsets quickly: what tests of a build's durability, splits and speed read.

Every mapset has its own song ("Artist 0001 - Song 0001"), its own notes and its own audio, so that none of them is
linked to another. The same arguments give the same bytes.
"""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rhythm_maps.files.zips import write_zip

RATE = 44_100
CHANNELS = 2
BYTES_PER_SECOND = RATE * CHANNELS * 2
BEAT_MS = 500
NOTES = 32


def write_mapsets(
    folder: Path,
    n: int,
    game: str = "osu",
    *,
    first: int = 0,
    audio_seconds: float = 0.05,
    seed: int = 0,
) -> list[Path]:
    """Write mapsets number `first` to ``first + n - 1`` into `folder` and return their paths.

    Args:
        folder: made if it is not there.
        n: how many.
        game: "osu" for ``.osz``, "beat_saber" for ``.zip``.
        first: number of the first, so that a second call adds to a first.
        audio_seconds: length of the wav in each: noise, 176,400 bytes a second.
        seed: another seed gives other notes and audio to the same songs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    make, suffix = {"osu": (osu_members, ".osz"), "beat_saber": (beat_saber_members, ".zip")}[game]
    paths = []
    for number in range(first, first + n):
        path = folder / f"{number:04d}{suffix}"
        path.write_bytes(zipped(make(number, audio_seconds=audio_seconds, seed=seed)))
        paths.append(path)
    return paths


def zipped(members: dict[str, bytes]) -> bytes:
    """Zip a mapset; audio is stored, as the games do."""
    return write_zip(members, stored=[name for name in members if name.endswith(".wav")])


def noise_wav(seconds: float, *key: int) -> bytes:
    """A stereo 16-bit wav of noise that `key` decides."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.random.default_rng(key).bytes(max(1, round(seconds * RATE)) * CHANNELS * 2))
    return out.getvalue()


def osu_text(
    number: int,
    *,
    difficulty: str = "Normal",
    mode: int = 0,
    seed: int = 0,
    artist: str | None = None,
    title: str | None = None,
    audio: str = "audio.wav",
    notes: int = NOTES,
) -> bytes:
    """One `.osu` of about 2 KB at 120 BPM: circles on beats, in four columns where `mode` is 3 (mania)."""
    rng = np.random.default_rng((seed, number, mode, len(difficulty)))
    columns = 64 + 128 * rng.integers(0, 4, notes)
    rows = rng.integers(20, 360, notes)
    head = (
        f"osu file format v14\n\n[General]\nAudioFilename: {audio}\nMode: {mode}\nPreviewTime: 1000\n\n"
        f"[Metadata]\nTitle:{title or f'Song {number:04d}'}\nArtist:{artist or f'Artist {number:04d}'}\n"
        f"Creator:Mapper {number % 7}\nVersion:{difficulty}\nBeatmapID:{10_000_000 + 10 * number + mode}\n"
        f"BeatmapSetID:{20_000_000 + number}\n\n[Difficulty]\nHPDrainRate:5\nCircleSize:4\nOverallDifficulty:6\n"
        f"ApproachRate:7\nSliderMultiplier:1.4\nSliderTickRate:1\n\n[TimingPoints]\n1000,{BEAT_MS},4,2,0,60,1,0\n\n"
        f"[HitObjects]\n"
    )
    times = 1000 + BEAT_MS * np.arange(notes)
    body = "".join(f"{x},{y},{t},1,0,0:0:0:0:\n" for x, y, t in zip(columns, rows, times, strict=True))
    return (head + body).encode()


def osu_members(number: int, *, audio_seconds: float = 0.05, seed: int = 0) -> dict[str, bytes]:
    """Members of one osu! mapset; every third has a mania chart beside the standard one."""
    members = {"normal.osu": osu_text(number, seed=seed), "audio.wav": noise_wav(audio_seconds, seed, number)}
    if number % 3 == 0:
        members["keys.osu"] = osu_text(number, difficulty="4K", mode=3, seed=seed)
    return members


def beat_saber_members(number: int, *, audio_seconds: float = 0.05, seed: int = 0) -> dict[str, bytes]:
    """Members of one Beat Saber level (Info 2.1.0, beatmap 2.2.0) with an Easy and, every third, an Expert chart."""
    names = ["Easy", "Expert"] if number % 3 == 0 else ["Easy"]
    maps = [_beat_saber_map_entry(rank, name) for rank, name in zip((1, 7), names, strict=False)]
    info = {
        "_version": "2.1.0",
        "_songName": f"Song {number:04d}",
        "_songSubName": "",
        "_songAuthorName": f"Artist {number:04d}",
        "_levelAuthorName": f"Mapper {number % 7}",
        "_beatsPerMinute": 120,
        "_songTimeOffset": 0,
        "_shuffle": 0,
        "_shufflePeriod": 0.5,
        "_previewStartTime": 1,
        "_previewDuration": 5,
        "_songFilename": "song.wav",
        "_coverImageFilename": "",
        "_environmentName": "DefaultEnvironment",
        "_difficultyBeatmapSets": [{"_beatmapCharacteristicName": "Standard", "_difficultyBeatmaps": maps}],
    }
    members = {f"{name}.dat": _beat_saber_notes((seed, number, len(name))) for name in names}
    return {"Info.dat": _json(info), "song.wav": noise_wav(audio_seconds, seed, number), **members}


def _beat_saber_map_entry(rank: int, name: str) -> dict[str, object]:
    return {
        "_difficulty": name,
        "_difficultyRank": rank,
        "_beatmapFilename": f"{name}.dat",
        "_noteJumpMovementSpeed": 10,
        "_noteJumpStartBeatOffset": 0,
    }


def _beat_saber_notes(key: Sequence[int]) -> bytes:
    rng = np.random.default_rng(key)
    lanes, layers, colours = rng.integers(0, 4, NOTES), rng.integers(0, 3, NOTES), rng.integers(0, 2, NOTES)
    notes = [
        {"_time": 2 + i, "_lineIndex": int(x), "_lineLayer": int(y), "_type": int(c), "_cutDirection": 1}
        for i, (x, y, c) in enumerate(zip(lanes, layers, colours, strict=True))
    ]
    return _json({"_version": "2.2.0", "_notes": notes, "_sliders": [], "_obstacles": [], "_events": []})


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
