"""The files of an official level as a level folder has them: names, `Info.dat` of format 4 or 2, audio data.

Sources: bsmg wiki map-format (info, audio data), BeatSaver's infoSchema4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.beat_saber.document import Document
from rhythm_maps.games.beat_saber.values import number, section
from rhythm_maps.sources.unity.objects import Pointer
from rhythm_maps.sources.unity.records import DIFFICULTIES, DataSet, PackLevel, Preview

INFO, AUDIO_DATA, BPM_INFO, COVER = "Info.dat", "AudioData.dat", "BPMInfo.dat", "cover.png"
_RANKS = {name: 2 * i + 1 for i, name in enumerate(DIFFICULTIES)}
_NO_PREVIEW = Preview(0.0, 0.0, 0, (), ())
_ENVIRONMENT = "DefaultEnvironment"


class Entry(NamedTuple):
    """One difficulty of the folder."""

    characteristic: str
    difficulty: str
    file: str
    lightshow: str
    beatmap: Pointer | None
    lights: Pointer | None
    preview: Preview


def safe(name: str) -> str:
    """Return a text of a bundle as part of a file name: ASCII letters, digits, "-" and "_", at most 64."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)[:64]


def entries(sets: Sequence[DataSet], previews: Mapping[str, Mapping[int, Preview]], *, v2: bool) -> list[Entry]:
    """Name the files of a level's difficulties.

    Format 4 names them as the game's editor does, ``ExpertStandard.beatmap.dat``; the layout of format 2 is
    ``Expert.dat`` for Standard and ``OneSaberExpert.dat`` for others. A lightshow that several share is one file.
    """
    taken: set[str] = set()
    shows: dict[Pointer, str] = {}
    result = []
    for group in sets:
        for item in group.beatmaps:
            base = _base(group.name, item.difficulty, v2=v2)
            while base.lower() in taken:  # Windows keeps one of two names that differ in case
                base += "_"
            taken.add(base.lower())
            if item.lightshow is not None and item.lightshow not in shows:
                shows[item.lightshow] = f"{base}.lightshow.dat"
            result.append(
                Entry(
                    group.name,
                    item.difficulty,
                    f"{base}.dat" if v2 else f"{base}.beatmap.dat",
                    shows[item.lightshow] if item.lightshow is not None else "",
                    item.beatmap,
                    item.lightshow,
                    previews.get(group.name, {}).get(item.number, _NO_PREVIEW),
                )
            )
    return result


def _base(characteristic: str, difficulty: str, *, v2: bool) -> str:
    if v2:
        return safe(difficulty if characteristic == "Standard" else characteristic + difficulty)
    return safe(difficulty + characteristic)


@dataclass(frozen=True, slots=True)
class Song:
    """What an `Info.dat` says of the song.

    Attributes:
        pack: what the pack says; None where no pack lists the level.
        title: the song's title; the level's id where there is no pack.
        bpm: beats a minute; 0 where nothing states it.
        audio: file name of the song, empty where it is missing.
        audio_data: file name of the audio data, empty where it is missing.
        cover: file name of the cover, empty where there is none.
    """

    pack: PackLevel | None
    title: str
    bpm: float
    audio: str
    audio_data: str
    cover: str


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def info_v4(song: Song, listed: Sequence[Entry]) -> bytes:
    """Return an `Info.dat` of format 4.0.1 as UTF-8."""
    pack = song.pack
    environments = list(pack.environments if pack else ()) or [_ENVIRONMENT]
    mapper = [pack.mapper] if pack and pack.mapper else []
    return _json(
        {
            "version": "4.0.1",
            "song": {
                "title": song.title,
                "subTitle": pack.subtitle if pack else "",
                "author": pack.artist if pack else "",
            },
            "audio": {
                "songFilename": song.audio,
                "songDuration": pack.duration_s if pack else 0.0,
                "audioDataFilename": song.audio_data,
                "bpm": song.bpm,
                "lufs": pack.lufs if pack else 0.0,
                "previewStartTime": pack.preview_s if pack else 0.0,
                "previewDuration": pack.preview_duration_s if pack else 0.0,
            },
            "songPreviewFilename": song.audio,
            "coverImageFilename": song.cover,
            "environmentNames": environments,
            "colorSchemes": [],
            "difficultyBeatmaps": [
                {
                    "characteristic": entry.characteristic,
                    "difficulty": entry.difficulty,
                    "beatmapAuthors": {
                        "mappers": list(entry.preview.mappers) or mapper,
                        "lighters": list(entry.preview.lighters),
                    },
                    "environmentNameIdx": min(entry.preview.environment, len(environments) - 1),
                    "beatmapColorSchemeIdx": -1,
                    "noteJumpMovementSpeed": entry.preview.njs,
                    "noteJumpStartBeatOffset": entry.preview.offset,
                    "beatmapDataFilename": entry.file,
                    "lightshowDataFilename": entry.lightshow,
                }
                for entry in listed
            ],
        }
    )


def info_v2(song: Song, listed: Sequence[Entry]) -> bytes:
    """Return an `Info.dat` of format 2.1.0 as UTF-8."""
    pack = song.pack
    environments = list(pack.environments if pack else ()) or [_ENVIRONMENT]
    sets: dict[str, list[dict[str, Any]]] = {}
    for entry in listed:
        sets.setdefault(entry.characteristic, []).append(
            {
                "_difficulty": entry.difficulty,
                "_difficultyRank": _RANKS.get(entry.difficulty, 0),
                "_beatmapFilename": entry.file,
                "_noteJumpMovementSpeed": entry.preview.njs,
                "_noteJumpStartBeatOffset": entry.preview.offset,
                "_beatmapColorSchemeIdx": 0,
                "_environmentNameIdx": min(entry.preview.environment, len(environments) - 1),
            }
        )
    return _json(
        {
            "_version": "2.1.0",
            "_songName": song.title,
            "_songSubName": pack.subtitle if pack else "",
            "_songAuthorName": pack.artist if pack else "",
            "_levelAuthorName": pack.mapper if pack else "",
            "_beatsPerMinute": song.bpm,
            "_songTimeOffset": pack.offset_s if pack else 0.0,
            "_shuffle": pack.shuffle if pack else 0.0,
            "_shufflePeriod": pack.shuffle_period if pack else 0.5,
            "_previewStartTime": pack.preview_s if pack else 0.0,
            "_previewDuration": pack.preview_duration_s if pack else 0.0,
            "_songFilename": song.audio,
            "_coverImageFilename": song.cover,
            "_environmentName": environments[0],
            "_allDirectionsEnvironmentName": "GlassDesertEnvironment",
            "_environmentNames": environments,
            "_colorSchemes": [],
            "_difficultyBeatmapSets": [
                {"_beatmapCharacteristicName": name, "_difficultyBeatmaps": beatmaps} for name, beatmaps in sets.items()
            ],
        }
    )


def _regions(data: bytes, place: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    root = Document(data, place).root()
    listed = root.get("bpmData")
    return root, [section(entry) for entry in listed] if isinstance(listed, list) else []


def count_regions(data: bytes, place: str) -> int:
    """Return how many tempo regions audio data has; 0 where it cannot be read."""
    try:
        return len(_regions(data, place)[1])
    except BadFormat:
        return 0


def derived_bpm(data: bytes, place: str) -> float:
    """Return the BPM of audio data where no pack states one: last end beat over last end time; 0 where unknown.

    Source: the rule of the extraction notes that this layout comes from: ``eb / (ei / songFrequency) * 60``.
    """
    try:
        root, regions = _regions(data, place)
    except BadFormat:
        return 0.0
    rate = number(root.get("songFrequency"))
    beats, end = (number(regions[-1].get(key)) for key in ("eb", "ei")) if regions else (math.nan, math.nan)
    if not (rate > 0 and end > 0 and beats > 0):
        return 0.0
    bpm = beats / (end / rate) * 60
    return bpm if math.isfinite(bpm) else 0.0


def bpm_info(data: bytes, place: str) -> bytes | None:
    """Return format 2's audio data of format 4's; None where that cannot be read.

    Source: bsmg wiki map-format (audio data, BPMInfo.dat).
    """
    try:
        root, regions = _regions(data, place)
    except BadFormat:
        return None
    names = {"_startSampleIndex": "si", "_endSampleIndex": "ei", "_startBeat": "sb", "_endBeat": "eb"}
    return _json(
        {
            "_version": "2.0.0",
            "_songSampleCount": root.get("songSampleCount", 0),
            "_songFrequency": root.get("songFrequency", 0),
            "_regions": [{new: entry.get(old, 0) for new, old in names.items()} for entry in regions],
        }
    )
