"""Levels written out as the format has them, and one call that takes them through the game to rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rhythm_maps.games.base import ChartReject, Facts, MapsetBytes
from rhythm_maps.games.beat_saber import GAME


class Folder:
    """The files of one level in memory (`rhythm_maps.games.base.Members`)."""

    def __init__(self, files):
        self.files = {
            name: data if isinstance(data, bytes) else json.dumps(data).encode() for name, data in files.items()
        }

    def names(self):
        return sorted(self.files)

    def size(self, name):
        return len(self.files[name])

    def read(self, name):
        return self.files[name]


@dataclass
class Played:
    rows: dict[str, dict[str, Any]]
    rejects: dict[str, ChartReject]
    chart_ids: dict[str, str]


def play_folder(folder, audio_end_s=float("nan")):
    mapset = GAME.identify(folder)
    charts = tuple((chart.name, chart.file) for chart in mapset.charts if chart.file is not None)
    files = {name: folder.read(name) for name in {*(file for _, file in charts), *mapset.files}}
    batch = GAME.parse([MapsetBytes(charts, files)])
    table = GAME.rows(batch, Facts(np.full(len(batch.names), audio_end_s)))
    return Played(
        dict(zip(batch.names, table.to_pylist(), strict=True)),
        {reject.name: reject for reject in batch.rejects},
        dict(zip(batch.names, batch.chart_ids, strict=True)),
    )


@pytest.fixture
def folder():
    """Make an in-memory level of {name: bytes or JSON value}."""
    return Folder


@pytest.fixture
def play():
    """Take the files of a level through identify, parse and rows."""
    return lambda files, **facts: play_folder(Folder(files), **facts)


def info_v2_dict(*difficulties, **more):
    listed = difficulties or ("Easy",)
    entries = [
        entry if isinstance(entry, dict) else {"_difficulty": entry, "_beatmapFilename": f"{entry}.dat"}
        for entry in listed
    ]
    return {
        "_version": "2.1.0",
        "_songName": "Title",
        "_songAuthorName": "Artist",
        "_songFilename": "song.egg",
        "_beatsPerMinute": 120,
        "_difficultyBeatmapSets": [{"_beatmapCharacteristicName": "Standard", "_difficultyBeatmaps": entries}],
    } | more


@pytest.fixture
def info_v2():
    """An Info.dat of format 2: 120 BPM, the difficulties named, each in a file of its name."""
    return info_v2_dict


@pytest.fixture
def info_v4():
    """An Info.dat of format 4: 120 BPM, one Standard/Easy in Easy.dat with Lights.dat."""

    def make(**more):
        difficulty = {
            "characteristic": "Standard",
            "difficulty": "Easy",
            "beatmapAuthors": {"mappers": ["One", "Two"], "lighters": ["Three"]},
            "noteJumpMovementSpeed": 14,
            "beatmapDataFilename": "Easy.dat",
            "lightshowDataFilename": "Lights.dat",
        }
        return {
            "version": "4.0.1",
            "song": {"title": "Title", "subTitle": "Sub", "author": "Artist"},
            "audio": {
                "songFilename": "song.ogg",
                "audioDataFilename": "AudioData.dat",
                "bpm": 120,
                "previewStartTime": 12.5,
            },
            "difficultyBeatmaps": [difficulty],
        } | more

    return make


@pytest.fixture
def easy(play, info_v2):
    """Play one beatmap as Standard/Easy of a 120 BPM level; return its row, or the code of its reject."""

    def run(beatmap, **info):
        played = play({"Info.dat": info_v2(**info), "Easy.dat": beatmap})
        if played.rejects:
            return played.rejects["Standard/Easy"].error.code
        return played.rows["Standard/Easy"]

    return run
