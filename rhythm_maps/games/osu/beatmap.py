"""The small sections of a `.osu` file: General, Editor, Metadata, Difficulty, with ppy/osu's defaults and clamps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from rhythm_maps.games.osu.numbers import parse_float, parse_int
from rhythm_maps.games.osu.text import Dropped, OsuText

MODES = ("osu", "taiko", "catch", "mania")
"""Names of the modes 0 to 3."""
MANIA = 3


class Difficulty(NamedTuple):
    """Difficulty settings after defaults and clamps (ppy/osu LegacyBeatmapDecoder.applyDifficultyRestrictions)."""

    hp: float
    cs: float
    od: float
    ar: float
    slider_multiplier: float
    slider_tick_rate: float
    stack_leniency: float


class Beatmap(NamedTuple):
    """What the small sections say; text is empty and numbers are None where they say nothing.

    Attributes:
        version: format version of the file.
        mode: 0 osu, 1 taiko, 2 catch, 3 mania.
        audio: name of the audio file with "/" between folders.
        preview_ms: start of the preview, with the offset of old versions.
        bookmarks_ms: the editor's bookmarks, without that offset.
        beatmap_id, beatmapset_id: the website's ids as stored.
        opt_out: a line of the metadata says ``robots: disallow``: the mapper wants no use of the map as data.
        bad_lines: section in lower case -> its lines that were dropped.
    """

    version: int
    mode: int
    audio: str
    preview_ms: int | None
    bookmarks_ms: tuple[int, ...]
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
    opt_out: bool
    bad_lines: dict[str, Dropped]

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


def _bookmarks(text: str) -> tuple[int, ...]:
    """Read the whole numbers of a list, leaving out what is none."""
    found = []
    for part in text.split(","):
        with suppress(ValueError):
            found.append(parse_int(part))
    return tuple(found)


_ROBOTS = ("robots", "Robots", "ROBOTS")
"""Keys of the line by which a mapper opts out; no editor writes it, so people spell it as they like."""
_Reader = Callable[[str], object]
_NAMES: dict[str, _Reader] = dict.fromkeys(("Title", "TitleUnicode", "Artist", "ArtistUnicode"), str)
_SECTIONS: dict[str, dict[str, _Reader]] = {
    "General": {"AudioFilename": _path, "PreviewTime": parse_int, "Mode": _mode, "StackLeniency": parse_float},
    "Editor": {"Bookmarks": _bookmarks},
    "Metadata": {
        **_NAMES,
        **dict.fromkeys(("Creator", "Version", "Source", "Tags", *_ROBOTS), str),
        "BeatmapID": parse_int,
        "BeatmapSetID": parse_int,
    },
    "Difficulty": dict.fromkeys(
        ("HPDrainRate", "CircleSize", "OverallDifficulty", "ApproachRate", "SliderMultiplier", "SliderTickRate"),
        parse_float,
    ),
}


class Names(NamedTuple):
    """What a scan wants to know of a chart; empty where the file says nothing."""

    audio: str
    title: str
    artist: str
    """Romanised, else Unicode."""


def read_names(text: OsuText) -> Names:
    """Read the audio file's name and the song's."""
    audio = ""
    for _, value, _ in text.pairs("General", ("AudioFilename",)):
        audio = _path(value)
    found = {key: value for key, value, _ in text.pairs("Metadata", _NAMES)}
    title = found.get("Title") or found.get("TitleUnicode", "")
    return Names(audio, title, found.get("Artist") or found.get("ArtistUnicode", ""))


def read_beatmap(text: OsuText) -> Beatmap:
    """Read the small sections; a line that cannot be read is dropped and noted, the last of equal keys holds."""
    bad: dict[str, Dropped] = {}
    found: dict[str, Any] = {}
    for section, readers in _SECTIONS.items():
        for key, value, place in text.pairs(section, readers):
            try:
                found[key] = readers[key](value)
            except ValueError:
                before = bad.get(section.lower()) or Dropped(0, text.line_of(place))
                bad[section.lower()] = before._replace(lines=before.lines + 1)
    preview = found.get("PreviewTime", -1)
    mode = found.get("Mode", 0)
    return Beatmap(
        version=text.version,
        mode=mode,
        audio=found.get("AudioFilename", ""),
        preview_ms=None if preview == -1 else preview + text.offset_ms,
        bookmarks_ms=found.get("Bookmarks", ()),
        title=found.get("Title", ""),
        title_unicode=found.get("TitleUnicode", ""),
        artist=found.get("Artist", ""),
        artist_unicode=found.get("ArtistUnicode", ""),
        creator=found.get("Creator", ""),
        difficulty_name=found.get("Version", ""),
        source=found.get("Source", ""),
        tags=found.get("Tags", ""),
        beatmap_id=found.get("BeatmapID"),
        beatmapset_id=found.get("BeatmapSetID"),
        difficulty=_difficulty(found, mode),
        opt_out=any(found.get(key, "").casefold() == "disallow" for key in _ROBOTS),
        bad_lines=bad,
    )


def _difficulty(numbers: Mapping[str, float], mode: int) -> Difficulty:
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
        stack_leniency=numbers.get("StackLeniency", 0.7),
    )


def _clamp(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))
