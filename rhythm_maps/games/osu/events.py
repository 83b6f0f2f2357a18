"""[Events] and [Colours] of a `.osu` file: breaks, background, video, storyboard, combo colours."""

from __future__ import annotations

import re
from typing import NamedTuple

from rhythm_maps import limits
from rhythm_maps.games.osu.numbers import parse_float, parse_int
from rhythm_maps.games.osu.text import SPACE, Dropped, OsuText, Place, clean_line

_NAMES = ("Background", "Video", "Break", "Colour", "Sprite", "Sample", "Animation")
"""Kinds of events as .NET numbers them (LegacyEventType)."""
BACKGROUND, VIDEO, BREAK, COLOUR, SPRITE, SAMPLE, ANIMATION = range(7)
_KINDS = {name: number for number, name in enumerate(_NAMES)} | {str(n): n for n in range(len(_NAMES))}
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".flv", ".mpg", ".wmv", ".m4v"})
"""Suffixes of videos; a video event with another one names a background (ppy/osu SupportedExtensions)."""
_EVENT_LINE = re.compile(r"\n[^\n _/][^\n]*")
"""Lines that begin with a space or "_" are commands of a sprite; those that begin with "/" are comments or nothing."""
_SPRITES = "SA456"
"""First characters of sprites, animations and samples, and of no other kind."""
_MOST_COLOURS = 8


class Break(NamedTuple):
    """A break in play, in milliseconds with the file's offset."""

    start_ms: float
    end_ms: float


class Events(NamedTuple):
    """What the two sections say.

    Attributes:
        breaks: in file order.
        background, video: file names with "/" between folders; None where there is none.
        has_storyboard: there is a sprite, an animation or a storyboard sound.
        colours: combo colours ``#rrggbb`` in file order.
        bad_lines: section in lower case -> its lines that were dropped.
    """

    breaks: tuple[Break, ...]
    background: str | None
    video: str | None
    has_storyboard: bool
    colours: tuple[str, ...]
    bad_lines: dict[str, Dropped]


def read_events(text: OsuText) -> Events:
    """Read the two sections; a line that cannot be read is dropped and noted.

    Source: ppy/osu LegacyBeatmapDecoder.handleEvent (breaks, background), LegacyStoryboardDecoder (video, sprites),
    LegacyDecoder.HandleColours.
    """
    reader = _Reader(text.offset_ms)
    bad: dict[str, Dropped] = {}
    for start, stop in text.spans("Events"):
        block = "\n" + text.data[start:stop].decode("utf-8", "replace")
        for found in _EVENT_LINE.finditer(block):
            raw = found[0][1:]
            if raw[0] in _SPRITES and reader.has_storyboard and reader.background:
                continue  # a storyboard holds thousands, and nothing more is to be learned from them
            line = clean_line(raw) if "//" in raw else raw.rstrip(SPACE)
            if not line or line[0] in SPACE:
                continue
            try:
                reader.read(line)
            except (ValueError, IndexError):
                place = Place(start, 0 if "events" in bad else block.count("\n", 0, found.start()))
                _drop(bad, "events", text, place)
    colours = []
    for _, value, place in text.pairs("Colours", _COMBOS):
        try:
            colours.append(_colour(value))
        except ValueError:
            _drop(bad, "colours", text, place)
    return Events(
        tuple(reader.breaks), reader.background or None, reader.video, reader.has_storyboard, tuple(colours), bad
    )


_COMBOS = frozenset(f"Combo{number}" for number in range(1, _MOST_COLOURS + 1))


def _drop(bad: dict[str, Dropped], section: str, text: OsuText, place: Place) -> None:
    """Count a line; only the first one's number is worked out, which takes a pass over the file."""
    before = bad.get(section) or Dropped(0, text.line_of(place))
    bad[section] = before._replace(lines=before.lines + 1)


class _Reader:
    """Reads event lines one after the other."""

    def __init__(self, offset_ms: float) -> None:
        self.offset_ms = offset_ms
        self.breaks: list[Break] = []
        self.background = ""
        self.video: str | None = None
        self.has_storyboard = False

    def read(self, line: str) -> None:
        """Read one line: ``kind,...``.

        Raises:
            ValueError, IndexError: the line is to be dropped.
        """
        fields = line.split(",", 5)
        kind = _KINDS.get(fields[0].strip(SPACE))
        if kind is None:
            return  # not an error in the game: other decoders give such lines their own meaning
        if kind == BACKGROUND:
            self.background = clean_name(fields[2])
        elif kind == VIDEO:
            name = clean_name(fields[2])
            if _suffix(name) not in VIDEO_SUFFIXES:
                self.background = name
            else:
                parse_int(fields[1])
                self.video = self.video or name
        elif kind == BREAK:
            if len(self.breaks) >= limits.BREAKS:
                raise ValueError(line)
            start = parse_float(fields[1]) + self.offset_ms
            self.breaks.append(Break(start, max(start, parse_float(fields[2]) + self.offset_ms)))
        elif kind in {SPRITE, SAMPLE, ANIMATION}:
            self.has_storyboard = True
            if kind == SPRITE and not self.background:
                self.background = clean_name(fields[3])


def clean_name(text: str) -> str:
    """Return a file name: doubled backslashes are one, quotes go, "/" stands between folders (CleanFilename)."""
    return text.replace("\\\\", "\\").strip('"').replace("\\", "/")


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].lower() if dot > name.rfind("/") else ""


def _colour(text: str) -> str:
    """Read ``r,g,b[,a]``, three or four numbers of one byte; the fourth is not looked at."""
    parts = text.split(",")
    if len(parts) not in {3, 4}:
        raise ValueError(text)
    rgb = [parse_int(part) for part in parts[:3]]
    if not all(0 <= value <= 255 for value in rgb):
        raise ValueError(text)
    return "#{:02x}{:02x}{:02x}".format(*rgb)
