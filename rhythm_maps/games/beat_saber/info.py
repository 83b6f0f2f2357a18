"""`Info.dat` of every version (1, 2.0, 2.1, 4) as one record.

Source: bsmg wiki map-format (info), BeatSaver's parser (names of difficulties in any case).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.beat_saber.document import Document
from rhythm_maps.games.beat_saber.values import number, section, text, texts

RANKS = {"Easy": 1, "Normal": 3, "Hard": 5, "Expert": 7, "ExpertPlus": 9}
_NAMES = {name.casefold(): name for name in RANKS}
_BPM_INFO = "BPMInfo.dat"
"""Fixed name of the editor's audio data beside a v2 Info.dat: part of the mapset, never used for times."""


@dataclass(frozen=True, slots=True)
class Difficulty:
    """One difficulty as Info.dat lists it.

    Attributes:
        name: ``<characteristic>/<difficulty>``, with "#2", "#3", ... where Info.dat lists the same again.
        characteristic, difficulty: as given; the five difficulties in their usual spelling whatever their case.
        rank: 1, 3, 5, 7, 9 of the five difficulties, else what the file states if it is one of these, else None.
        file, lightshow: names of its files as given; empty where there is none.
        label: the mapper's own name for it, None without one.
        njs: note jump speed in metres a second, NaN where Info.dat does not state it (v1).
        njs_offset: beats added to the half jump; 0 where absent.
        mappers, lighters: who made it and who lit it.
        requirements, suggestions: mods that it needs or is better with.
        environment: the scene it plays in, None where Info.dat does not say.
        audio: name of its own audio (v1), empty where the level's holds.
    """

    name: str
    characteristic: str
    difficulty: str
    rank: int | None
    file: str
    lightshow: str
    label: str | None
    njs: float
    njs_offset: float
    mappers: tuple[str, ...]
    lighters: tuple[str, ...]
    requirements: tuple[str, ...]
    suggestions: tuple[str, ...]
    environment: str | None
    audio: str


@dataclass(frozen=True, slots=True)
class Info:
    """A level.

    Attributes:
        major: 1, 2 or 4.
        title, subtitle, artist: as given, empty where absent.
        bpm: beats a minute; NaN where absent or no number.
        preview_s: start of the preview, None where absent or negative.
        cover: name of the cover image as given, None where there is none.
        offset_s: ``_songTimeOffset`` in seconds (v2), else 0: early game versions shifted the song by it.
        shuffle, shuffle_period: ``_shuffle`` and ``_shufflePeriod`` in beats (v2), else 0: swing of early versions.
        audio: name of the song's file as given.
        audio_data: name of the file with the tempo regions (v4), of the editor's one (v2), empty (v1).
        difficulties: in file order; that order is the order of the map hash.
        warnings: counts of what was repaired while reading, by code; every chart of the level gets them.
    """

    major: int
    title: str
    subtitle: str
    artist: str
    bpm: float
    preview_s: float | None
    cover: str | None
    offset_s: float
    shuffle: float
    shuffle_period: float
    audio: str
    audio_data: str
    difficulties: tuple[Difficulty, ...]
    warnings: Counter[str]


def read(data: bytes, place: str) -> Info:
    """Decode an `Info.dat`.

    One that gives both version keys is read as v2, with the warning ``multiple_versions``: BeatSaver refuses it
    today, bsmap reads it so.

    Raises:
        BadFormat: no JSON object, or no field of an Info.dat in it (``bad_info``).
        LimitExceeded: more difficulties than `limits.CHART_ENTRIES`.
    """
    doc = Document(data, place)
    root = doc.root()
    if "version" in root and "_version" in root:
        doc.warnings["multiple_versions"] += 1
    if "version" in root and "_version" not in root:
        info = _v4(root, place)
    elif any(key in root for key in ("_version", "_difficultyBeatmapSets", "_songName", "_songFilename")):
        info = _v2(root, place)
    elif looks_like_v1(root):
        info = _v1(root, place)
    else:
        raise BadFormat("bad_info", "no field of an Info.dat was found", place)
    if len(info.difficulties) > limits.CHART_ENTRIES:
        reason = f"{len(info.difficulties):,} difficulties; {limits.CHART_ENTRIES:,} is the limit"
        raise LimitExceeded("too_many_charts", reason, place)
    info.warnings.update(doc.warnings)
    return replace(info, difficulties=_unique(info.difficulties))


def looks_like_v1(root: dict[str, Any]) -> bool:
    """Tell whether a JSON object is the first format's info.json (many other things are called that)."""
    return isinstance(root.get("difficultyLevels"), list) and ("songName" in root or "beatsPerMinute" in root)


def _unique(difficulties: tuple[Difficulty, ...]) -> tuple[Difficulty, ...]:
    taken: set[str] = set()
    result = []
    for entry in difficulties:
        name, count = entry.name, 1
        while name in taken:
            count += 1
            name = f"{entry.name}#{count}"
        taken.add(name)
        result.append(replace(entry, name=name))
    return tuple(result)


def _entries(parent: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    """Return a list of objects; one that is none becomes an empty one, so that it shows as a bad chart."""
    found = parent.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise BadFormat("bad_info", f"{key} is a JSON {type(found).__name__}; a list was expected", place)
    return [section(entry) for entry in found]


def _difficulty(characteristic: str, difficulty: str, stated_rank: object, **rest: Any) -> Difficulty:
    usual = _NAMES.get(difficulty.casefold(), difficulty)
    rank = number(stated_rank)
    known = int(rank) if rank in RANKS.values() else None
    return Difficulty(
        name=f"{characteristic}/{usual}",
        characteristic=characteristic,
        difficulty=usual,
        rank=RANKS.get(usual, known),
        **rest,
    )


def _finite(value: object) -> float:
    """Return a number; 0 where it is absent, none or infinite."""
    found = number(value)
    return found if math.isfinite(found) else 0.0


def _mods(custom: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return what SongCore reads of a difficulty: v1 and v4 name the lists without an underscore."""
    lists = {key: texts(custom.get(f"_{key}")) or texts(custom.get(key)) for key in ("requirements", "suggestions")}
    return {key: tuple(dict.fromkeys(names)) for key, names in lists.items()}


def _chosen(names: object, index: object, otherwise: object = None) -> str | None:
    """Return the environment that an index names in a list, else the level's one environment."""
    listed = [text(name) for name in names] if isinstance(names, list) else []
    at = number(index or 0)
    if at in range(len(listed)) and listed[int(at)]:
        return listed[int(at)]
    return text(otherwise) or None


def _preview(value: object) -> float | None:
    start = number(value)
    return start if 0 <= start < math.inf else None


def _v1(root: dict[str, Any], place: str) -> Info:
    author = text(root.get("authorName"))
    usual = "OneSaber" if root.get("oneSaber") is True else "Standard"
    levels = _entries(root, "difficultyLevels", place)
    return Info(
        major=1,
        title=text(root.get("songName")),
        subtitle=text(root.get("songSubName")),
        artist=author,
        bpm=number(root.get("beatsPerMinute")),
        preview_s=_preview(root.get("previewStartTime")),
        cover=text(root.get("coverImagePath")) or None,
        offset_s=0.0,
        shuffle=0.0,
        shuffle_period=0.0,
        audio=next((text(level.get("audioPath")) for level in levels), ""),
        audio_data="",
        difficulties=tuple(
            _difficulty(
                text(level.get("characteristic")) or usual,
                text(level.get("difficulty")),
                level.get("difficultyRank"),
                file=text(level.get("jsonPath")),
                lightshow="",
                label=text(level.get("difficultyLabel")) or None,
                njs=math.nan,
                njs_offset=0.0,
                mappers=(author,) if author else (),
                lighters=(),
                **_mods(level),
                environment=text(root.get("environmentName")) or None,
                audio=text(level.get("audioPath")),
            )
            for level in levels
        ),
        warnings=Counter(code for level in levels for code in _offset(level.get("offset"))),
    )


def _offset(value: object) -> list[str]:
    """Return the warning that notes may be off the music: early game versions shifted the song."""
    return ["song_time_offset"] if number(value or 0) != 0 else []


def _v2(root: dict[str, Any], place: str) -> Info:
    author = text(root.get("_levelAuthorName"))
    contributors = section(root.get("_customData")).get("_contributors")
    lighters = tuple(
        text(section(one).get("_name"))
        for one in (contributors if isinstance(contributors, list) else [])
        if "light" in text(section(one).get("_role")).casefold() and text(section(one).get("_name"))
    )
    warnings = Counter(_offset(root.get("_songTimeOffset")))
    if number(root.get("_shuffle") or 0) != 0 and number(root.get("_shufflePeriod") or 0) > 0:
        warnings["shuffle"] += 1
    return Info(
        major=2,
        title=text(root.get("_songName")),
        subtitle=text(root.get("_songSubName")),
        artist=text(root.get("_songAuthorName")),
        bpm=number(root.get("_beatsPerMinute")),
        preview_s=_preview(root.get("_previewStartTime")),
        cover=text(root.get("_coverImageFilename")) or None,
        offset_s=_finite(root.get("_songTimeOffset")),
        shuffle=_finite(root.get("_shuffle")),
        shuffle_period=_finite(root.get("_shufflePeriod")),
        audio=text(root.get("_songFilename")),
        audio_data=_BPM_INFO,
        difficulties=tuple(
            _difficulty(
                text(group.get("_beatmapCharacteristicName")),
                text(entry.get("_difficulty")),
                entry.get("_difficultyRank"),
                file=text(entry.get("_beatmapFilename")),
                lightshow="",
                label=text(section(entry.get("_customData")).get("_difficultyLabel")) or None,
                njs=number(entry.get("_noteJumpMovementSpeed")),
                njs_offset=_finite(entry.get("_noteJumpStartBeatOffset")),
                mappers=(author,) if author else (),
                lighters=lighters,
                **_mods(section(entry.get("_customData"))),
                environment=_v2_environment(root, group, entry),
                audio="",
            )
            for group in _entries(root, "_difficultyBeatmapSets", place)
            for entry in _entries(group, "_difficultyBeatmaps", place)
        ),
        warnings=warnings,
    )


_ALL_DIRECTIONS = frozenset(("360Degree", "90Degree"))


def _v2_environment(root: dict[str, Any], group: dict[str, Any], entry: dict[str, Any]) -> str | None:
    """Return a difficulty's own environment (2.1), else the level's, which has a second one for rotating maps."""
    turning = text(group.get("_beatmapCharacteristicName")) in _ALL_DIRECTIONS
    common = root.get("_allDirectionsEnvironmentName" if turning else "_environmentName")
    return _chosen(root.get("_environmentNames"), entry.get("_environmentNameIdx"), common)


def _v4(root: dict[str, Any], place: str) -> Info:
    song, audio = section(root.get("song")), section(root.get("audio"))
    return Info(
        major=4,
        title=text(song.get("title")),
        subtitle=text(song.get("subTitle")),
        artist=text(song.get("author")),
        bpm=number(audio.get("bpm")),
        preview_s=_preview(audio.get("previewStartTime")),
        cover=text(root.get("coverImageFilename")) or None,
        offset_s=0.0,
        shuffle=0.0,
        shuffle_period=0.0,
        audio=text(audio.get("songFilename")),
        audio_data=text(audio.get("audioDataFilename")),
        difficulties=tuple(
            _difficulty(
                text(entry.get("characteristic")),
                text(entry.get("difficulty")),
                None,
                file=text(entry.get("beatmapDataFilename")),
                lightshow=text(entry.get("lightshowDataFilename")),
                label=text(section(entry.get("customData")).get("difficultyLabel")) or None,
                njs=number(entry.get("noteJumpMovementSpeed")),
                njs_offset=_finite(entry.get("noteJumpStartBeatOffset")),
                mappers=texts(section(entry.get("beatmapAuthors")).get("mappers")),
                lighters=texts(section(entry.get("beatmapAuthors")).get("lighters")),
                **_mods(section(entry.get("customData"))),
                environment=_chosen(root.get("environmentNames"), entry.get("environmentNameIdx")),
                audio="",
            )
            for entry in _entries(root, "difficultyBeatmaps", place)
        ),
        warnings=Counter(),
    )
