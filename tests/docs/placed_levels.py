"""Beat Saber levels of a few hand-placed objects at 120 BPM, so that a beat is half a second and 50 frames of 10 ms."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 8.0
RED, BLUE, BOMB = 0, 1, 3
UP, DOWN, ANY = 0, 1, 8

PRECISE = {
    "_notes": [
        (2, 1, 0, RED, DOWN),
        (2, 2, 0, BLUE, UP),
        (3, 1500, 1000, RED, UP),  # Mapping Extensions: between two columns
        (4.5, 3, 2, BLUE, ANY),
        (4.502, 3, 2, BLUE, DOWN),  # one millisecond later: the same frame and cell
        (5, 0, 1, RED, 1090),  # a precise angle
        (6, 0, 1, BOMB, ANY),
    ],
    "_obstacles": [{"_time": 4, "_duration": 2.5, "_lineIndex": 3, "_type": 1, "_width": 1}],
}
FITTING = {"_notes": [(beat, 1, 0, RED, DOWN) for beat in (1, 3, 4, 5, 6, 7)] + [(9, 2, 1, BOMB, ANY)]}
"""Seven objects in four seconds: 1.75 a second."""
QUICK = {"_notes": [(beat, 2, 1, BLUE, UP) for beat in (2, 3, 4, 5, 6)] + [(8, 0, 2, BOMB, ANY)]}
"""Six objects in three seconds: just 2 a second."""


def write_levels(folder: Path) -> None:
    """Write two levels: Placed (Expert+ with precise positions, Expert without) and Slow (Expert)."""
    _write(folder / "Placed.zip", "Placed", 440, {"ExpertPlus": PRECISE, "Expert": QUICK})
    _write(folder / "Slow.zip", "Slow", 550, {"Expert": FITTING})


def _write(path: Path, title: str, hertz: float, charts: dict[str, dict[str, list]]) -> None:
    ranks = {"Expert": 7, "ExpertPlus": 9}
    maps = [
        {
            "_difficulty": name,
            "_difficultyRank": ranks[name],
            "_beatmapFilename": f"{name}.dat",
            "_noteJumpMovementSpeed": 12,
            "_noteJumpStartBeatOffset": 0,
        }
        for name in charts
    ]
    info = {
        "_version": "2.0.0",
        "_songName": title,
        "_songSubName": "",
        "_songAuthorName": "Hand Made",
        "_levelAuthorName": "Example Mapper",
        "_beatsPerMinute": 120,
        "_songTimeOffset": 0,
        "_shuffle": 0,
        "_shufflePeriod": 0.5,
        "_previewStartTime": 0,
        "_previewDuration": 1,
        "_songFilename": "song.egg",
        "_coverImageFilename": "cover.png",
        "_environmentName": "DefaultEnvironment",
        "_difficultyBeatmapSets": [{"_beatmapCharacteristicName": "Standard", "_difficultyBeatmaps": maps}],
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Info.dat", json.dumps(info))
        archive.writestr("song.egg", _tone(hertz))
        for name, objects in charts.items():
            archive.writestr(f"{name}.dat", json.dumps(_beatmap(objects)))


def _beatmap(objects: dict[str, list]) -> dict[str, object]:
    keys = ("_time", "_lineIndex", "_lineLayer", "_type", "_cutDirection")
    notes = [dict(zip(keys, note, strict=True)) for note in objects["_notes"]]
    return {"_version": "2.0.0", "_events": [], "_obstacles": [], **objects, "_notes": notes}


def _tone(hertz: float) -> bytes:
    rate = 44_100
    out = io.BytesIO()
    wave = 0.2 * np.sin(2 * np.pi * hertz * np.arange(int(SECONDS * rate)) / rate)
    soundfile.write(out, wave, rate, format="OGG", subtype="VORBIS")
    return out.getvalue()
