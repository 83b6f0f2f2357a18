"""The text of a `.osu` file: encoding, header line, sections and lines, as ppy/osu's LegacyDecoder reads them.

Nothing here knows what a section means. The text is kept as UTF-8 bytes, so that the large sections can be read as
NumPy columns; the small ones are handed out line by line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.osu.numbers import parse_int

LATEST_VERSION = 14
"""Version of a file whose first line is not a header (ppy/osu LegacyDecoder's fallback)."""
OLD_OFFSET_MS = 24
"""Added to every time below version 5 (ppy/osu LegacyBeatmapDecoder.EARLY_VERSION_TIMING_OFFSET)."""
FIRST_LAZER_VERSION = 128
"""From here on positions keep their fractions (ppy/osu LegacyBeatmapEncoder.FIRST_LAZER_VERSION)."""

SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What .NET trims. Python's ``str.strip()`` takes U+001C to U+001F as well."""

_SECTIONS = (
    "General", "Editor", "Metadata", "Difficulty", "Events", "TimingPoints", "Colours", "HitObjects", "Variables",
    "Fonts", "CatchTheBeat", "Mania",
)  # fmt: skip
_HEADER = "osu file format v"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the first half of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_FEED = 10
_FEW_BRACKETS = 1000
"""So many brackets are looked for one by one; a text of more is gone through with `_BRACKET_LINE`."""
_BLANK = re.compile(rb"[\t-\r ]*")
_LINE = re.compile(rb"[^\n]*")
_SMALL_CHARACTERS = 1 << 16
"""Sections up to this size are cut into a list of lines."""
_BRACKET_LINE = re.compile(rb"\[(?<![^\n]\[)[^\n]*")  # the literal first: that is what the engine searches fast


@dataclass(frozen=True, slots=True)
class OsuText:
    """One `.osu` file cut into sections.

    Attributes:
        data: the text as UTF-8 without a byte order mark, every line end a line feed.
        version: format version; 14 where the file does not say.
        sections: (name, first byte, end byte) of each stretch of lines between section lines, in file order. A name
            may come again. Lines before any section line belong to ``General``.
    """

    data: bytes
    version: int
    sections: tuple[tuple[str, int, int], ...]

    @property
    def offset_ms(self) -> int:
        """Return what is added to every time of the file: 24 below version 5, else 0."""
        return OLD_OFFSET_MS if self.version < 5 else 0

    def line_number(self, at: int) -> int:
        """Return the number, from 1, of the line that holds byte `at`."""
        return self.data.count(b"\n", 0, at) + 1

    def spans(self, name: str) -> list[tuple[int, int]]:
        """Return (first byte, end byte) of the stretches of one section."""
        return [(start, stop) for section, start, stop in self.sections if section == name]

    def lines(self, name: str) -> Iterator[str]:
        """Yield the lines of one section that a decoder sees: no blank lines, no comments, no space at the end."""
        for start, stop in self.spans(name):
            for raw in _raw_lines(self.data[start:stop].decode("utf-8", "replace")):
                line = clean_line(raw, comments=name != "Metadata")
                if line is not None:
                    yield line

    def pairs(self, name: str, keys: Container[str]) -> Iterator[tuple[str, str, Place]]:
        """Yield (key, value, place) of the lines ``key: value`` of a section whose key is wanted, in file order."""
        comments = name != "Metadata"
        for start, stop in self.spans(name):
            block = self.data[start:stop].decode("utf-8", "replace")
            odd = comments and "//" in block
            for number, raw in enumerate(_raw_lines(block)):
                line = clean_line(raw) or "" if odd else raw
                key, _, value = line.partition(":")
                if key not in keys:
                    if key.isalnum():
                        continue
                    key = key.strip(SPACE)
                    if key not in keys:
                        continue
                yield key, value.strip(SPACE), Place(start, number)

    def line_of(self, place: Place) -> int:
        """Return the number of the line at a place, from 1 in the file."""
        return self.line_number(place.start) + place.number


class Dropped(NamedTuple):
    """Lines of a section that were left out: how many, and the number of the first."""

    lines: int
    first: int


class Place(NamedTuple):
    """A line of a section: first byte of the stretch it is in, and its number there, from 0."""

    start: int
    number: int


def _raw_lines(block: str) -> Iterable[str]:
    """Return every line, blank ones too; a hostile section holds millions of them, which are made one at a time."""
    if len(block) <= _SMALL_CHARACTERS:
        return block.split("\n")
    return (line.removesuffix("\n") for line in StringIO(block, newline="\n"))


def clean_line(line: str, *, comments: bool = True) -> str | None:
    """Return what a decoder sees of a line; None where the line is blank or a comment.

    Args:
        line: the line without its end.
        comments: cut at the first ``//`` that is not at the very start (all sections but Metadata, whose titles may
            hold one).
    """
    bare = line.lstrip(SPACE)
    if not bare or bare.startswith("//"):
        return None
    if comments:
        at = line.find("//")
        if at > 0:
            line = line[:at]
    return line.rstrip(SPACE)


def key_value(line: str) -> tuple[str, str]:
    """Split ``key: value`` at the first colon; both are trimmed, and the value is empty without a colon."""
    key, _, value = line.partition(":")
    return key.strip(SPACE), value.strip(SPACE)


def read_text(data: bytes) -> OsuText:
    """Find the header and the sections of a `.osu` file.

    Raises:
        LimitExceeded: larger than `limits.TEXT_BYTES`, or more section lines than `limits.TEXT_SECTIONS`.
        BadFormat: ``empty_file``: there is no line; ``not_osu``: there is neither header nor any known section;
            ``bad_version``: the header does not end in a whole number.

    Source: ppy/osu Decoder.GetDecoder and LegacyDecoder.ParseStreamInto. A first line that is no header is not used
    up: it may be the first section line.
    """
    if len(data) > limits.TEXT_BYTES:
        raise LimitExceeded(
            "text_too_large", f"the file has {len(data):,} bytes, at most {limits.TEXT_BYTES:,} are read"
        )
    data = to_utf8(data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    version, body = _read_header(data)
    sections, known = _find_sections(data, body or 0)
    if body is None and not known:
        raise BadFormat("not_osu", "neither a line 'osu file format v...' nor a section of a .osu file was found")
    return OsuText(data, version, sections)


def to_utf8(data: bytes) -> bytes:
    """Return text as UTF-8 without a byte order mark; a mark chooses UTF-8, UTF-16 or UTF-32 (.NET's StreamReader)."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            rest = data[len(mark) :]
            return rest if encoding == "utf-8" else rest.decode(encoding, "replace").encode("utf-8", "replace")
    return data


def _read_header(data: bytes) -> tuple[int, int | None]:
    """Return the version and where the lines after the header begin; None there without a header."""
    at = 0
    while True:
        at = _end(_BLANK, data, at)
        end = _end(_LINE, data, at)
        line = data[at:end].decode("utf-8", "replace").strip(SPACE).lstrip("\ufeff")
        if line:
            break
        if end >= len(data):
            raise BadFormat("empty_file", "the file has no line")
        at = end
    if not line.startswith(_HEADER):
        return LATEST_VERSION, None
    try:
        return parse_int(line.rpartition("v")[2]), end
    except ValueError:
        raise BadFormat("bad_version", f"expected a whole number after {_HEADER!r}", "line 1") from None


def _find_sections(data: bytes, body: int) -> tuple[tuple[tuple[str, int, int], ...], bool]:
    """Return the stretches from byte `body` on, and whether any section line named a known section."""
    stretches: list[tuple[str, int, int]] = []
    section, start, known = "General", body, False
    for count, (at, end) in enumerate(_bracket_lines(data, body)):
        if count >= limits.TEXT_SECTIONS:
            raise LimitExceeded("too_many_sections", f"more than {limits.TEXT_SECTIONS:,} lines begin with '['")
        line = clean_line(data[at:end].decode("utf-8", "replace"), comments=section != "Metadata")
        if line is None or not line.endswith("]"):
            continue
        stretches.append((section, start, at))
        section, start = _section_name(line[1:-1]), min(end + 1, len(data))
        known = known or section == line[1:-1]
    stretches.append((section, start, len(data)))
    return tuple(stretches), known


def _bracket_lines(data: bytes, body: int) -> Iterator[tuple[int, int]]:
    """Yield first and end byte of the lines that begin with "[": few bytes of a map are that."""
    at = data.find(b"[", body)
    for _ in range(_FEW_BRACKETS):
        if at < 0:
            return
        end = data.find(b"\n", at) % (len(data) + 1)
        if at == 0 or data[at - 1] == _LINE_FEED:
            yield at, end
        at = data.find(b"[", end)
    for found in _BRACKET_LINE.finditer(data, max(at, 0)) if at >= 0 else ():
        yield found.start(), found.end()


def _section_name(name: str) -> str:
    """Return the section that .NET's Enum.TryParse makes of a name: its number counts, an unknown name is General."""
    name = name.strip(SPACE)
    if name in _SECTIONS:
        return name
    try:
        number = parse_int(name)
    except ValueError:
        return _SECTIONS[0]
    return _SECTIONS[number] if 0 <= number < len(_SECTIONS) else ""


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    match = pattern.match(data, at)
    return match.end() if match else at
