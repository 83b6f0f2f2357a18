"""The Beat Saber half of the sample pack: five generated levels in formats 2, 3 and 4, their music, and facts.

Everything is made up here: music, titles, names and patterns. Notes stand on the beats of the tempo that the
music was rendered from, and tempo changes are said in the format's own way: BPM events in 3, audio regions
in 4.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rhythm_maps.audio.synth import Segment, encode_ogg, render
from rhythm_maps.files.zips import write_zip
from rhythm_maps.games.base import Sample
from rhythm_maps.games.beat_saber.sample_facts import FILE, Standing, write_facts
from rhythm_maps.games.beat_saber.sample_objects import (
    Json,
    Pattern,
    Song,
    bpm,
    lay_out,
    tempo_beats,
    write_v2,
    write_v3,
    write_v4,
    write_v4_lights,
)

_MAPPER = "Example Mapper"
_RATE = 44_100
_RANKS = {"Easy": 1, "Normal": 3, "Hard": 5, "Expert": 7, "ExpertPlus": 9}
_JUMP_SPEEDS = {"Easy": 10, "Normal": 10, "Hard": 12, "Expert": 14, "ExpertPlus": 16}
_ENVIRONMENT, _ALL_DIRECTIONS = "DefaultEnvironment", "GlassDesertEnvironment"
_LIGHTS = "Lightshow.dat"
_COVER = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da633070480000017400d150cf31be0000000049454e44ae426082"
)
"""A PNG of one blue pixel."""


class _Chart(NamedTuple):
    """One difficulty: characteristic, name, version of its file, how it is played, the mapper's own label, mods."""

    characteristic: str
    difficulty: str
    version: str
    pattern: Pattern
    label: str = ""
    requirements: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Return the name of its file: difficulty and characteristic, as the game's editor names it."""
        return f"{self.difficulty}{self.characteristic}.dat"


class _Level(NamedTuple):
    """One archive: version of its Info file, song, names, charts, and how it is packed.

    Attributes:
        name: romanised artist and title, which name the archive.
        folder: folder inside the zip, with the slash; empty for the top.
        wrapped: Info.dat begins with a UTF-8 byte order mark, and the charts are gzipped.
        standing: what BeatSaver says of it; None where it does not know it.
    """

    name: str
    info_version: str
    song: Song
    title: str
    artist: str
    charts: tuple[_Chart, ...]
    subtitle: str = ""
    folder: str = ""
    wrapped: bool = False
    standing: Standing | None = None


def mapsets() -> Iterator[Sample]:
    """Generate the five zips and BeatSaver's facts, in order and with the same bytes every time on one machine.

    Raises:
        BuildError: the libsndfile at hand cannot encode the music.
    """
    known = []
    for level in _CATALOGUE:
        members = _members(level)
        archive = {level.folder + name: data for name, data in members.items()}
        # The song is stored: it does not deflate.
        yield Sample(f"{level.name} ({_MAPPER}).zip", write_zip(archive, stored=[f"{level.folder}song.egg"]))
        if level.standing:
            known.append((members, level.standing))
    yield Sample(FILE, write_facts(known))


def _members(level: _Level) -> dict[str, bytes]:
    """Write Info file, charts, song and cover."""
    song = level.song
    music = render(song.tempo, song.seconds, _RATE, song.seed)
    v4 = level.info_version.startswith("4")
    info = _text(_info_v4(level) if v4 else _info_v2(level))
    members = {"Info.dat": b"\xef\xbb\xbf" * level.wrapped + info, "song.egg": encode_ogg(music, _RATE)}
    members["cover.png"] = _COVER
    if v4:
        members["AudioData.dat"] = _text(_audio_data(song))
    elif len(song.tempo) > 1:
        members["BPMInfo.dat"] = _text(_bpm_info(song))
    for seed, chart in enumerate(level.charts):
        members |= _chart_files(chart, song, seed, wrapped=level.wrapped)
    return members


def _chart_files(chart: _Chart, song: Song, seed: int, *, wrapped: bool) -> dict[str, bytes]:
    """Write one chart in its format; the first chart of a level of format 4 brings the lightshow of all."""
    layout = lay_out(song, chart.pattern, np.random.default_rng([song.seed, seed]))
    files = {}
    if chart.version.startswith("2"):
        data = _text(write_v2(layout, chart.version))
    elif chart.version.startswith("3"):
        data = _text(write_v3(layout, chart.version, song.tempo))
    else:
        data = _text(write_v4(layout, chart.version))
        files = {_LIGHTS: _text(write_v4_lights(layout))} if seed == 0 else {}
    return {chart.file: gzip.compress(data, mtime=0) if wrapped else data, **files}


def _text(value: Json) -> bytes:
    """Write JSON without spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# --- Info -----------------------------------------------------------------------------------------


def _info_v2(level: _Level) -> Json:
    """Write Info 2.0 or 2.1: difficulties by characteristic; 2.1 lists environments and colours."""
    sets: dict[str, list[Json]] = {}
    newer = level.info_version != "2.0.0"
    indices = {"_beatmapColorSchemeIdx": 0, "_environmentNameIdx": 0} if newer else {}
    for chart in level.charts:
        custom: Json = {"_difficultyLabel": chart.label} if chart.label else {}
        custom |= {"_requirements": list(chart.requirements)} if chart.requirements else {}
        sets.setdefault(chart.characteristic, []).append(
            {
                "_difficulty": chart.difficulty,
                "_difficultyRank": _RANKS[chart.difficulty],
                "_beatmapFilename": chart.file,
                "_noteJumpMovementSpeed": _JUMP_SPEEDS[chart.difficulty],
                "_noteJumpStartBeatOffset": 0,
                **indices,
                **({"_customData": custom} if custom else {}),
            }
        )
    return {
        "_version": level.info_version,
        "_songName": level.title,
        "_songSubName": level.subtitle,
        "_songAuthorName": level.artist,
        "_levelAuthorName": _MAPPER,
        "_beatsPerMinute": bpm(level.song.tempo[0]),
        "_songTimeOffset": 0,
        "_shuffle": 0,
        "_shufflePeriod": 0.5,
        "_previewStartTime": 4,
        "_previewDuration": 10,
        "_songFilename": "song.egg",
        "_coverImageFilename": "cover.png",
        "_environmentName": _ENVIRONMENT,
        "_allDirectionsEnvironmentName": _ALL_DIRECTIONS,
        **({"_environmentNames": [_ENVIRONMENT], "_colorSchemes": []} if newer else {}),
        "_difficultyBeatmapSets": [
            {"_beatmapCharacteristicName": name, "_difficultyBeatmaps": charts} for name, charts in sets.items()
        ],
    }


def _info_v4(level: _Level) -> Json:
    """Write Info 4.0.1: a flat list of difficulties with their authors; the audio data has the tempo."""
    return {
        "version": level.info_version,
        "song": {"title": level.title, "subTitle": level.subtitle, "author": level.artist},
        "audio": {
            "songFilename": "song.egg",
            "songDuration": level.song.seconds,
            "audioDataFilename": "AudioData.dat",
            "bpm": bpm(level.song.tempo[0]),
            "lufs": 0,
            "previewStartTime": 4,
            "previewDuration": 10,
        },
        "songPreviewFilename": "song.egg",
        "coverImageFilename": "cover.png",
        "environmentNames": [_ENVIRONMENT],
        "colorSchemes": [],
        "difficultyBeatmaps": [
            {
                "characteristic": chart.characteristic,
                "difficulty": chart.difficulty,
                "beatmapAuthors": {"mappers": [_MAPPER], "lighters": ["Example Lighter"]},
                "environmentNameIdx": 0,
                "beatmapColorSchemeIdx": 0,
                "noteJumpMovementSpeed": _JUMP_SPEEDS[chart.difficulty],
                "noteJumpStartBeatOffset": 0,
                "beatmapDataFilename": chart.file,
                "lightshowDataFilename": _LIGHTS,
            }
            for chart in level.charts
        ],
    }


# --- audio data -----------------------------------------------------------------------------------


def _regions(song: Song) -> list[tuple[int, int, float, float]]:
    """Return (first sample, end sample, first beat, end beat) of each stretch of constant tempo."""
    placed = tempo_beats(song.tempo)
    regions: list[tuple[int, int, float, float]] = []
    for i, (beat, segment) in enumerate(placed):
        end_s = placed[i + 1][1].start_s if i + 1 < len(placed) else song.seconds
        end_beat = beat + (end_s - segment.start_s) / segment.beat_length_s
        regions.append((round(segment.start_s * _RATE), round(end_s * _RATE), float(beat), round(end_beat, 9)))
    return regions


def _audio_data(song: Song) -> Json:
    """Write the audio data of format 4, whose regions say the tempo."""
    return {
        "version": "4.0.0",
        "songChecksum": "",
        "songSampleCount": round(song.seconds * _RATE),
        "songFrequency": _RATE,
        "bpmData": [dict(zip(("si", "ei", "sb", "eb"), region, strict=True)) for region in _regions(song)],
        "lufsData": [],
    }


def _bpm_info(song: Song) -> Json:
    """Write BPMInfo.dat, in which the editor of format 2 and 3 keeps the regions."""
    names = ("_startSampleIndex", "_endSampleIndex", "_startBeat", "_endBeat")
    return {
        "_version": "2.0.0",
        "_songSampleCount": round(song.seconds * _RATE),
        "_songFrequency": _RATE,
        "_regions": [dict(zip(names, region, strict=True)) for region in _regions(song)],
    }


# --- catalogue ------------------------------------------------------------------------------------

_PULSE = Song((Segment(0.0, 60 / 128),), 26.0, 11)
_GEARS = Song((Segment(0.0, 0.6), Segment(9.6, 0.4)), 24.0, 12)
_SHADOWS = Song((Segment(0.0, 0.5), Segment(16.0, 60 / 90)), 30.0, 13)
_CAROUSEL = Song((Segment(0.0, 60 / 174),), 24.0, 14)
_VOICES = Song((Segment(0.0, 60 / 110),), 26.0, 15)

_EASY, _NORMAL = Pattern(off_beat=0.2), Pattern(off_beat=0.45)
_HARD = Pattern(off_beat=0.7, doubles=0.3)
_EXPERT = Pattern(off_beat=0.8, quarter=0.1, doubles=0.5, curves=True)
_EXPERT_PLUS = Pattern(off_beat=0.95, quarter=0.25, doubles=0.6, curves=True)

_PULSE_STANDING = Standing("1abc0", "2021-03-04T05:06:07Z", (90, 10), 0.83, stars={("Standard", "Hard"): (3.5, 3.25)})
_GEARS_STANDING = Standing(
    "2abc0", "2022-05-06T07:08:09Z", (40, 2), 0.88, curated=True, stars={("Standard", "ExpertPlus"): (0, 9.5)}
)
_SHADOWS_STANDING = Standing("3abc0", "2024-07-08T09:10:11Z", (5, 5), 0.5)

# fmt: off
_CATALOGUE = (
    _Level("Example Artist - Pulse", "2.0.0", _PULSE, "Pulse", "Example Artist", (
        _Chart("Standard", "Easy", "2.0.0", _EASY),
        _Chart("Standard", "Hard", "2.0.0", _HARD),
    ), standing=_PULSE_STANDING),
    _Level("Example Artist - Two Gears", "2.1.0", _GEARS, "Two Gears", "Example Artist", (
        _Chart("Standard", "Normal", "3.3.0", _NORMAL),
        _Chart("Standard", "ExpertPlus", "3.3.0", _EXPERT_PLUS, "Full Throttle"),
    ), subtitle="Sample Cut", standing=_GEARS_STANDING),
    _Level("Sample Trio - Long Shadows", "4.0.1", _SHADOWS, "Long Shadows", "Sample Trio", (
        _Chart("Standard", "Easy", "4.1.0", _EASY),
        _Chart("Standard", "Expert", "4.1.0", _EXPERT),
    ), standing=_SHADOWS_STANDING),
    _Level("Sample Trio - Carousel", "2.0.0", _CAROUSEL, "Carousel", "Sample Trio", (
        _Chart("OneSaber", "Hard", "2.2.0", Pattern(off_beat=0.4, one_hand=True)),
        _Chart("360Degree", "Expert", "2.2.0", Pattern(off_beat=0.5, doubles=0.4, turns=True)),
        _Chart("NoArrows", "Normal", "2.2.0", _NORMAL),
        _Chart("Lawless", "ExpertPlus", "2.2.0", _HARD, requirements=("Noodle Extensions",)),
    )),
    _Level("Sample Gakudan - Mihon no Uta", "2.0.0", _VOICES, "見本の歌", "サンプル楽団", (
        _Chart("Standard", "Normal", "3.2.0", _NORMAL),
        _Chart("Standard", "Expert", "3.2.0", _EXPERT),
    ), folder="Mihon no Uta/", wrapped=True),
)
# fmt: on
