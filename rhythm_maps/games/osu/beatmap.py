"""The small sections of a `.osu` file: General, Metadata, Difficulty, with ppy/osu's defaults and clamps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rhythm_maps.games.osu.numbers import parse_float, parse_int
from rhythm_maps.games.osu.text import OsuText, key_value

OLD_OFFSET_MS = 24
"""Added to every time below version 5 (ppy/osu LegacyBeatmapDecoder.EARLY_VERSION_TIMING_OFFSET)."""
MODES = ("osu", "taiko", "catch", "mania")
"""Names of the modes 0 to 3."""
MANIA = 3


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Difficulty settings after defaults and clamps (ppy/osu LegacyBeatmapDecoder.applyDifficultyRestrictions)."""

    hp: float
    cs: float
    od: float
    ar: float
    slider_multiplier: float
    slider_tick_rate: float
    stack_leniency: float


@dataclass(frozen=True, slots=True)
class Beatmap:
    """What the small sections say; text is empty and numbers are None where they say nothing.

    Attributes:
        version: format version of the file.
        offset_ms: added to every time of the file: 24 below version 5, else 0.
        mode: 0 osu, 1 taiko, 2 catch, 3 mania.
        audio: name of the audio file with "/" between folders.
        preview_ms: start of the preview, `offset_ms` added.
        beatmap_id, beatmapset_id: the website's ids as stored.
        bad_lines: section in lower case -> number of its lines that were dropped.
    """

    version: int
    offset_ms: int
    mode: int
    audio: str
    preview_ms: int | None
    title: str
    title_unicode: str
    artist: str
    artist_unicode: str
    creator: str
    difficulty_name: str
    source: str
    tags: str
    beatmap_id: int | None
    beatmapset_id: int | None
    difficulty: Difficulty
    bad_lines: dict[str, int]

    @property
    def keys(self) -> int | None:
        """Number of mania columns, None in the other modes.

        Source: ppy/osu ManiaBeatmapConverter: CircleSize rounded half to even, at least 1; above 10 the columns
        are two equal stages, so that an odd number loses one.
        """
        if self.mode != MANIA:
            return None
        keys = max(1, round(self.difficulty.cs))
        return keys if keys <= 10 else keys // 2 * 2


def _mode(text: str) -> int:
    mode = parse_int(text)
    if not 0 <= mode < len(MODES):
        raise ValueError(text)
    return mode


def _path(text: str) -> str:
    return text.replace("\\", "/")


_Reader = Callable[[str], object]
_GENERAL: dict[str, _Reader] = {
    "AudioFilename": _path,
    "PreviewTime": parse_int,
    "Mode": _mode,
    "StackLeniency": parse_float,
}
_METADATA: dict[str, _Reader] = {
    **dict.fromkeys(("Title", "TitleUnicode", "Artist", "ArtistUnicode", "Creator", "Version", "Source", "Tags"), str),
    "BeatmapID": parse_int,
    "BeatmapSetID": parse_int,
}
_DIFFICULTY: dict[str, _Reader] = dict.fromkeys(
    ("HPDrainRate", "CircleSize", "OverallDifficulty", "ApproachRate", "SliderMultiplier", "SliderTickRate"),
    parse_float,
)


def read_beatmap(text: OsuText) -> Beatmap:
    """Read the small sections; a line that cannot be read is dropped and counted, the last of equal keys holds."""
    bad: dict[str, int] = {}
    general = _read(text, "General", _GENERAL, bad)
    meta = _read(text, "Metadata", _METADATA, bad)
    numbers = _read(text, "Difficulty", _DIFFICULTY, bad)
    mode = general.get("Mode", 0)
    offset = OLD_OFFSET_MS if text.version < 5 else 0
    preview = general.get("PreviewTime", -1)
    return Beatmap(
        version=text.version,
        offset_ms=offset,
        mode=mode,
        audio=general.get("AudioFilename", ""),
        preview_ms=None if preview == -1 else preview + offset,
        title=meta.get("Title", ""),
        title_unicode=meta.get("TitleUnicode", ""),
        artist=meta.get("Artist", ""),
        artist_unicode=meta.get("ArtistUnicode", ""),
        creator=meta.get("Creator", ""),
        difficulty_name=meta.get("Version", ""),
        source=meta.get("Source", ""),
        tags=meta.get("Tags", ""),
        beatmap_id=meta.get("BeatmapID"),
        beatmapset_id=meta.get("BeatmapSetID"),
        difficulty=_difficulty(numbers, mode, general.get("StackLeniency", 0.7)),
        bad_lines=bad,
    )


def _difficulty(numbers: dict[str, float], mode: int, stack_leniency: float) -> Difficulty:
    """Apply defaults and clamps; without an ApproachRate line the approach rate is the overall difficulty."""
    od = numbers.get("OverallDifficulty", 5.0)
    cs = numbers.get("CircleSize", 5.0)
    return Difficulty(
        hp=_clamp(numbers.get("HPDrainRate", 5.0), 0, 10),
        cs=_clamp(cs, 1, 18) if mode == MANIA else _clamp(cs, 0, 10),
        od=_clamp(od, 0, 10),
        ar=_clamp(numbers.get("ApproachRate", od), 0, 10),
        slider_multiplier=_clamp(numbers.get("SliderMultiplier", 1.4), 0.4, 3.6),
        slider_tick_rate=_clamp(numbers.get("SliderTickRate", 1.0), 0.5, 8),
        stack_leniency=stack_leniency,
    )


def _clamp(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def _read(text: OsuText, section: str, readers: dict[str, _Reader], bad: dict[str, int]) -> dict[str, Any]:
    """Read the lines of a section whose keys are known."""
    found: dict[str, Any] = {}
    for line in text.lines(section):
        key, value = key_value(line)
        reader = readers.get(key)
        if reader is None:
            continue
        try:
            found[key] = reader(value)
        except ValueError:
            bad[section.lower()] = bad.get(section.lower(), 0) + 1
    return found
