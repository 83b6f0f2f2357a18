"""`osu!.db`: what stable knows of every beatmap of `Songs`, as columns.

`FIELDS` is the format: one line a value, in the file's order. A version's table is folded into a few steps (runs of
numbers of fixed size are one step), the steps are walked once an entry, and the numbers of all entries become columns
at once. Source: "Legacy database file structure" of ppy/osu's wiki; types of star ratings are read from their tags, as
the version at which they changed is not the same in all documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.osu.binary import TICKS_MAX, Reader, dates, open_reader
from rhythm_maps.games.osu.codes import MODES
from rhythm_maps.games.osu.star_ratings import StarLists

FLOATS_SINCE = 20140609
"""First version with AR, CS, HP and OD as floats, and with star ratings."""
SIZE_UNTIL = 20191106
"""First version whose entries are no longer preceded by their size."""

_SIZE_ALWAYS = 20160404
_TEXT, _STARS, _TIMING, _DATE, _BOOL = "text", "stars", "timing", "date", "bool"
_STORED = {_DATE: "<i8", _BOOL: "u1"}
_TIMING_POINT = np.dtype([("beat_length_ms", "<f8"), ("offset_ms", "<f8"), ("uninherited", "u1")])
_ALL = (0, 1 << 31)
_OLD = (0, FLOATS_SINCE)
_NEW = (FLOATS_SINCE, 1 << 31)


class Field(NamedTuple):
    """One value of an entry: its name, its type (of NumPy, or one of this format's own), and the versions with it."""

    name: str
    kind: str
    versions: tuple[int, int] = _ALL


FIELDS: tuple[Field, ...] = (
    Field("artist", _TEXT),
    Field("artist_unicode", _TEXT),
    Field("title", _TEXT),
    Field("title_unicode", _TEXT),
    Field("mapper", _TEXT),
    Field("difficulty", _TEXT),
    Field("audio_file", _TEXT),
    Field("chart_id", _TEXT),
    Field("file_name", _TEXT),
    Field("status", "u1"),
    Field("n_circles", "<u2"),
    Field("n_sliders", "<u2"),
    Field("n_spinners", "<u2"),
    Field("modified_at", _DATE),
    *(Field(name, "u1", _OLD) for name in ("ar", "cs", "hp", "od")),
    *(Field(name, "<f4", _NEW) for name in ("ar", "cs", "hp", "od")),
    Field("slider_multiplier", "<f8"),
    Field("star_ratings", _STARS, _NEW),
    Field("drain_s", "<i4"),
    Field("length_ms", "<i4"),
    Field("preview_ms", "<i4"),
    Field("timing_points", _TIMING),
    Field("beatmap_id", "<i4"),
    Field("beatmapset_id", "<i4"),
    Field("thread_id", "<i4"),
    *(Field(f"grade_{mode}", "u1") for mode in MODES),
    Field("local_offset_ms", "<i2"),
    Field("stack_leniency", "<f4"),
    Field("mode", "u1"),
    Field("source", _TEXT),
    Field("tags", _TEXT),
    Field("online_offset_ms", "<i2"),
    Field("title_font", _TEXT),
    Field("unplayed", _BOOL),
    Field("last_played_at", _DATE),
    Field("is_osz2", _BOOL),
    Field("folder", _TEXT),
    Field("last_checked_at", _DATE),
    Field("ignore_sounds", _BOOL),
    Field("ignore_skin", _BOOL),
    Field("disable_storyboard", _BOOL),
    Field("disable_video", _BOOL),
    Field("visual_override", _BOOL),
    Field("unknown_short", "<i2", _OLD),
    Field("unknown_int", "<i4"),
    Field("mania_scroll_speed", "u1"),
)
"""The values of a beatmap. `chart_id` is the md5 of the `.osu` file. `unknown_int` may be a time of modification: no
document is sure, and real files hold 0."""


@dataclass(frozen=True, slots=True)
class Database:
    """A whole `osu!.db`.

    Attributes:
        version: client version that wrote it, as a date: 20250108.
        folders: folders in `Songs`.
        account_unlocked: false where the account is locked or banned.
        unlocks_at: when the account will be unlocked; None for never locked.
        player: name of the player; None where nobody is logged in.
        beatmaps: columns of one length by the names of `FIELDS`: strings as lists (None where absent), dates as
            datetime64[us] in UTC (NaT where absent), all else as NumPy arrays; ``stars`` float64 is the rating
            without mods in the beatmap's own mode (NaN where there is none) and ``bpm`` that of the first
            uninherited point (NaN where there is none).
        star_ratings: columns ``beatmap`` (row of `beatmaps`), ``mode``, ``mods`` (bit field), ``stars`` float64.
        timing_points: columns ``beatmap``, ``beat_length_ms`` (below 0 for scroll speed), ``offset_ms``,
            ``uninherited``: tell the two kinds apart by the flag, never by the sign.
        permissions: bit field of the player's permissions.
        problems: what was found wrong and did not stop the reading.
    """

    version: int
    folders: int
    account_unlocked: bool
    unlocks_at: datetime | None
    player: str | None
    beatmaps: Mapping[str, Any]
    star_ratings: Mapping[str, npt.NDArray[Any]]
    timing_points: Mapping[str, npt.NDArray[Any]]
    permissions: int
    problems: list[BadFormat]

    def __len__(self) -> int:
        return len(self.beatmaps["chart_id"])


def read_database(data: bytes) -> Database:
    """Read an `osu!.db` of any version.

    Raises:
        BadFormat: it is none, or damaged; the place is the byte.
        LimitExceeded: it is larger than `limits.DATABASE_BYTES`.
    """
    reader = open_reader(data, limits.DATABASE_BYTES)
    version = reader.version()
    folders = reader.integer("the number of folders")
    unlocked = reader.boolean("the account's state")
    unlocks_at = reader.date("the date of unlocking")
    player = reader.string("the player's name")
    entries = _Entries(version)
    entries.read(reader)
    permissions = reader.integer("the permissions")
    timing = entries.timing()
    stars, own = entries.stars.columns(entries.number("mode"))
    beatmaps = {**entries.columns(), "stars": own, "bpm": _first_bpm(timing, entries.n)}
    problems = [*entries.problems, *reader.trailing()]
    return Database(version, folders, unlocked, unlocks_at, player, beatmaps, stars, timing, permissions, problems)


class _Entries:
    """The entries of a database while they are read."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.n = 0
        self.problems: list[BadFormat] = []
        self.stars = StarLists()
        self._texts: dict[str, list[str | None]] = {}
        self._fixed: list[tuple[np.dtype[Any], bytearray]] = []
        self._timing = bytearray()
        self._timing_counts: list[int] = []
        self._sizes: list[int] = []
        self._steps = list(self._fold([field for field in FIELDS if field.versions[0] <= version < field.versions[1]]))
        self.smallest = sum(dtype.itemsize for dtype, _ in self._fixed) + len(self._texts) + 4
        self.smallest += 4 * len(MODES) * (version >= FLOATS_SINCE)

    def _fold(self, fields: Sequence[Field]) -> Iterator[Callable[[Reader], None]]:
        """Make the steps of an entry: runs of values of fixed size are one step."""
        own = {_TEXT, _STARS, _TIMING}
        for kind, run in groupby(fields, lambda field: field.kind if field.kind in own else ""):
            if kind == _TEXT:
                yield from (self._text(field.name) for field in run)
            elif kind == _STARS:
                yield self.stars.read
            elif kind == _TIMING:
                yield self._timing_points
            else:
                yield self._numbers([(f.name, _STORED.get(f.kind, f.kind)) for f in run])

    def _text(self, name: str) -> Callable[[Reader], None]:
        append = self._texts.setdefault(name, []).append
        return lambda reader: append(reader.string(name))

    def _numbers(self, fields: list[tuple[str, str]]) -> Callable[[Reader], None]:
        dtype, raw = np.dtype(fields), bytearray()
        self._fixed.append((dtype, raw))
        size, what = dtype.itemsize, f"{fields[0][0]} to {fields[-1][0]}" if len(fields) > 1 else fields[0][0]

        def read(reader: Reader) -> None:
            at = reader.skip(size, what)
            raw.extend(reader.data[at : at + size])

        return read

    def _timing_points(self, reader: Reader) -> None:
        number = reader.count("timing points", _TIMING_POINT.itemsize)
        self._timing += reader.raw(number * _TIMING_POINT.itemsize, "the timing points")
        self._timing_counts.append(number)

    def read(self, reader: Reader) -> None:
        """Read the number of entries and all entries."""
        self.n = reader.count("beatmaps", self.smallest)
        for entry in range(self.n):
            reader.entry = entry
            size = self._size(reader) if self.version < SIZE_UNTIL else 0
            start = reader.at
            for step in self._steps:
                step(reader)
            if size and reader.at - start != size and not self.problems:
                reason = f"an entry of {reader.at - start:,} bytes says it has {size:,}; nothing was left out"
                self.problems.append(reader.error("entry_size", reason, start))
            self._sizes.append(size)
        reader.entry = None

    def _size(self, reader: Reader) -> int:
        """Read the entry's size, 0 where there is none.

        The wiki says that all versions before 2019-11-06 have it; players' files of before 2016-04 are said to lack it.
        So it is recognised there: the first bytes of a string are no likely size.
        """
        if self.version < _SIZE_ALWAYS:
            head = reader.data[reader.at : reader.at + 4]
            likely = self.smallest <= int.from_bytes(head, "little") <= reader.left - 4
            if not likely or set(head) <= {0x00, 0x0B}:
                return 0
        return reader.integer("the size of the entry")

    def number(self, name: str) -> npt.NDArray[Any]:
        """Return one column of numbers."""
        dtype, raw = next((dtype, raw) for dtype, raw in self._fixed if name in (dtype.names or ()))
        return np.ascontiguousarray(np.frombuffer(raw, dtype)[name])

    def columns(self) -> dict[str, Any]:
        """Return all columns in the order of the format."""
        found: dict[str, Any] = {}
        for field in FIELDS:
            if field.kind == _TEXT:
                found[field.name] = self._texts[field.name]
            elif field.kind == _DATE:
                found[field.name] = self._dates(field.name)
            elif field.kind == _BOOL:
                found[field.name] = self.number(field.name) != 0
            elif field.kind not in {_STARS, _TIMING} and field.versions[0] <= self.version < field.versions[1]:
                found[field.name] = self.number(field.name)
        return {**found, "entry_bytes": np.array(self._sizes, np.int64)} if any(self._sizes) else found

    def _dates(self, name: str) -> npt.NDArray[np.datetime64]:
        ticks = self.number(name).astype(np.int64)
        if wrong := int(((ticks < 0) | (ticks > TICKS_MAX)).sum()):
            self.problems.append(BadFormat("bad_date", f"{name}: no dates of the years 1 to 9999, left out: {wrong:,}"))
        return dates(ticks)

    def timing(self) -> dict[str, npt.NDArray[Any]]:
        """Return the timing points of all beatmaps as columns."""
        points = np.frombuffer(self._timing, _TIMING_POINT)
        return {
            "beatmap": np.repeat(np.arange(self.n, dtype=np.int64), self._timing_counts),
            "beat_length_ms": np.ascontiguousarray(points["beat_length_ms"]),
            "offset_ms": np.ascontiguousarray(points["offset_ms"]),
            "uninherited": points["uninherited"] != 0,
        }


def _first_bpm(timing: Mapping[str, npt.NDArray[Any]], n: int) -> npt.NDArray[np.float64]:
    """Return the BPM of each beatmap's first uninherited point, NaN where there is none that has a tempo."""
    bpm = np.full(n, np.nan)
    red = np.flatnonzero(timing["uninherited"] & (timing["beat_length_ms"] > 0))[::-1]
    with np.errstate(over="ignore"):
        bpm[timing["beatmap"][red]] = 60000.0 / timing["beat_length_ms"][red]
    return bpm
