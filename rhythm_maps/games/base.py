"""What a game is to the rest of the package: a protocol of five calls over bytes and columns.

A game never opens a file, a socket or a dataset. The build hands it member names and bytes; it gives back what it
found as flat NumPy columns and Arrow tables. Ids that need the whole build (group, track, split) are added by the
build, so that a game cannot get them wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rhythm_maps import limits
from rhythm_maps.audio.mp3_clock import NO_CLOCK, Clock
from rhythm_maps.columns import Column
from rhythm_maps.errors import BadFormat

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Members(Protocol):
    """Read-only view of the files of one mapset: names with "/" between folders, relative, never resolved on a disk."""

    def names(self) -> Sequence[str]:
        """Return the member names, sorted."""

    def size(self, name: str) -> int:
        """Return the size of a member in bytes."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a member; raise `BadFormat` where they cannot be had whole."""


class ChartRef(NamedTuple):
    """One chart of a mapset, as `Game.identify` sees it before any object is parsed."""

    name: str
    """Unique in the mapset: the member's name (osu!), ``<characteristic>/<difficulty>`` (Beat Saber)."""
    file: str | None
    """The member that holds it; None where the mapset names a file that is not there."""
    artist: str
    title: str
    """For the song key: romanised where there is such a name, else Unicode."""
    audio: str
    """Name of its audio as a member name, as the map says it (the build looks it up); empty for none."""
    chart_id: str = ""
    """The game's own id where it is known before parsing, so that a library's facts find the chart; else empty."""


@dataclass(frozen=True, slots=True)
class Mapset:
    """What `Game.identify` learns: charts, the further files their parsing needs, and what links copies.

    Attributes:
        charts: all charts, sorted by name.
        files: members that `Game.parse` needs beside the charts' own (Info.dat, audio data).
        links: members that mark copies: two mapsets holding the same bytes in one of these are one group.
    """

    charts: tuple[ChartRef, ...]
    files: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MapsetBytes:
    """One mapset as `Game.parse` receives it.

    Attributes:
        charts: (name, file) of the charts that are wanted, as `Game.identify` named them.
        files: member name -> bytes: the charts' files and `Mapset.files`.
        include: what of `Game.extras` is asked for; a game without extras need not look.
    """

    charts: tuple[tuple[str, str], ...]
    files: Mapping[str, bytes]
    include: frozenset[str] = frozenset()


class ChartReject(NamedTuple):
    """A chart that gave no row: mapset (index into the parsed sequence), chart name, and why."""

    mapset: int
    name: str
    error: BadFormat


@dataclass(frozen=True, slots=True)
class ChartBatch:
    """Charts of many mapsets as flat columns.

    Every chart that was asked for is in `names` (by mapset and name) or in `rejects`, exactly once.

    Attributes:
        mapset: int64 ``[charts]``, index into the sequence that was parsed.
        names: chart names, ``[charts]``.
        chart_ids: the game's own ids, ``[charts]``.
        mapset_ids: the game's own ids of the mapsets, None where it has none, ``[charts]``.
        data: the game's own columns; only its `rows` looks inside.
        rejects: the charts that gave no row.
        opted_out: numbers of the charts whose own file asks not to be used.
    """

    mapset: IntArray
    names: list[str]
    chart_ids: list[str]
    mapset_ids: list[str | None]
    data: Any
    rejects: list[ChartReject] = field(default_factory=list)
    opted_out: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the build knows of each chart of a batch and its rows need.

    Attributes:
        audio_end_s: float64 ``[charts]``, end of the chart's audio on the game's clock; NaN where there is none.
        mapset_names: name of each chart's folder or archive without its suffix, "" where it has none, ``[charts]``; or
            nothing at all where names are not known.
    """

    audio_end_s: FloatArray
    mapset_names: Sequence[str] = ()


class Sample(NamedTuple):
    """One generated file of the sample pack: a mapset's archive, or a library file of the game; name and bytes."""

    file_name: str
    data: bytes


class LibraryFacts(NamedTuple):
    """What a library file says of charts."""

    facts: Mapping[str, Mapping[str, Any]]
    """Chart id, or what those of a mapset have before a "/", in lower case -> core column -> value; the longest id that
    fits a chart wins. Dates and times are text in ISO 8601. ``rights`` may hold ``declared_ai`` and ``opt_out``."""
    problems: Sequence[BadFormat] = ()
    """What of the file could not be used."""


class Parts(NamedTuple):
    """Who plays the notes of a chart: a column of keys, a hand."""

    names: tuple[str, ...]
    of_note: IntArray
    """int64 ``[notes]``, index into `names`; -1 where nobody is named."""


class FactTable(NamedTuple):
    """A table among the facts of a file.

    A table with the columns `chart_id`, `artist`, `title` and `difficulty` says which charts its file knows; one with
    `chart_id` alone refers to them.
    """

    columns: Mapping[str, Sequence[Any] | npt.NDArray[Any]]
    """Columns of one length: lists or arrays; dates as datetime64 in UTC or aware datetimes, None or NaT for none."""
    shown: tuple[str, ...] = ()
    """What a person wants to see of it; nothing of a table of numbers for programs."""


class NamedFolder(NamedTuple):
    """A further folder of maps that a file of an install names."""

    name: str
    """What the file calls it."""
    path: str
    """As the file says it: absolute or relative to the install, with either slash; empty where it says none."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a game knows of one of its files that is no map.

    Attributes:
        form: a word for files of this kind: ``replay``.
        what: a sentence that says what it is.
        facts: single values by name: None, bool, int, float, str, aware datetime, lists and dicts of these. `chart_id`
            is the chart that the file is about.
        tables: its tables by name.
        shown: the facts that stand for the file where many of its kind are listed.
        problems: what is wrong with it.
    """

    form: str
    what: str
    facts: Mapping[str, Any]
    tables: Mapping[str, FactTable] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    problems: Sequence[BadFormat] = ()


@runtime_checkable
class KnowsFiles(Protocol):
    """A game that also knows files that are no maps, such as replays: `inspect` shows them, they enter no row.

    A game without such files has none of this.
    """

    @property
    def file_suffixes(self) -> tuple[str, ...]:
        """Return the suffixes of files worth reading for `describe`, lower case with the dot."""

    def describe(self, name: str, data: bytes) -> FileFacts | None:
        """Say what is in a file; None where it is none of the game's.

        Args:
            name: file name without folders.
            data: its bytes.

        Raises:
            BadFormat: it should be one of the game's and cannot be read.
        """


class Game(Protocol):
    """One rhythm game. Instances are stateless and importable by name, so that workers find them again."""

    @property
    def name(self) -> str:
        """Return the name users type: ``osu``."""

    @property
    def title(self) -> str:
        """Return the name people read: ``osu!``."""

    @property
    def terms_url(self) -> str:
        """Return the address of the terms that govern the game's maps."""

    @property
    def archive_suffixes(self) -> tuple[str, ...]:
        """Return the file suffixes of mapset archives, lower case with the dot."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the game's own chart columns."""

    @property
    def cluster(self) -> tuple[str, ...]:
        """Return the chart columns that order a shard, so that a preset reads few row groups."""

    def marks(self, file_name: str) -> bool:
        """Tell whether a file of this name (no folders) makes its folder a mapset."""

    def identify(self, members: Members) -> Mapset:
        """Find the charts of a mapset without parsing objects.

        Raises:
            BadFormat: it is no mapset of this game; the whole input is rejected.
        """

    def parse(self, mapsets: Sequence[MapsetBytes]) -> ChartBatch:
        """Parse the charts of many mapsets at once; bad charts become rejects, never exceptions."""

    def rows(self, batch: ChartBatch, facts: Facts) -> pa.Table:
        """Make one row a chart, in the batch's order: a subset of `schema.chart_columns`, any order."""

    def samples(self) -> Iterator[Sample]:
        """Generate the game's part of the sample pack: same bytes every time, no third-party content."""

    # What follows has answers in `GameDefaults` for games that have nothing to say.

    @property
    def places(self) -> tuple[str, ...]:
        """Return the folders where the game keeps maps, best first: paths with ``~``, ``%NAME%`` and ``$NAME``.

        A part between others that is ``*`` stands for every folder there.
        """

    @property
    def extras(self) -> tuple[str, ...]:
        """Return what `parse` decodes on request only: words for `MapsetBytes.include` (``lights``)."""

    @property
    def library_files(self) -> tuple[str, ...]:
        """Return the names of files in or beside a folder of maps that say more of its charts (``osu!.db``)."""

    @property
    def folder_lists(self) -> tuple[str, ...]:
        """Return the files of an install that name further folders of maps, relative to the install, with "/"."""

    def named_folders(self, name: str, data: bytes) -> Sequence[NamedFolder]:
        """Read such a file.

        Raises:
            BadFormat: it cannot be read.
        """

    def library(self, name: str, data: bytes) -> LibraryFacts:
        """Read such a file, whatever its name. Nothing that concerns the player is in the result.

        Raises:
            BadFormat: it cannot be read.
        """

    @property
    def playlist_suffixes(self) -> tuple[str, ...]:
        """Return the suffixes of the game's playlists, lower case with the dot."""

    def playlist(self, data: bytes) -> Sequence[str]:
        """Return what a playlist lists, in any case: ids of charts, or what those of a mapset have before a "/".

        Raises:
            BadFormat: it is no playlist.
        """

    def stars(self, data: bytes) -> Sequence[tuple[float, float]] | None:
        """Compute the star rating of a chart at several rates: (rate, stars); None where there is no such measure.

        Raises:
            MissingExtra: the library that computes it is not installed.
        """

    @property
    def stars_source(self) -> str:
        """Return what computes the stars, with its version."""

    def clock(self, audio: bytes, sampling_rate: int) -> Clock:
        """Tell how the game's clock runs against the samples of an audio file, as soundfile decodes it.

        Args:
            audio: the whole file.
            sampling_rate: in Hz.
        """

    @property
    def asks_permission(self) -> bool:
        """Tell whether the terms want each author's permission before content of a map is made public."""

    def parts(self, chart: pa.Table) -> Parts:
        """Say who plays each note of a chart.

        Args:
            chart: one row of the game's charts.
        """


class GameDefaults:
    """Answers of a game that has no default folders, lists of further ones, library, extras, playlists and stars.

    Its clock starts where the audio file does.
    """

    places: tuple[str, ...] = ()
    folder_lists: tuple[str, ...] = ()
    library_files: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    playlist_suffixes: tuple[str, ...] = ()
    asks_permission: bool = False

    def named_folders(self, name: str, data: bytes) -> Sequence[NamedFolder]:
        """Name none."""
        del name, data
        return ()

    def library(self, name: str, data: bytes) -> LibraryFacts:
        """Know nothing more."""
        del name, data
        return LibraryFacts({})

    def playlist(self, data: bytes) -> Sequence[str]:
        """List nothing."""
        del data
        return ()

    def stars(self, data: bytes) -> Sequence[tuple[float, float]] | None:
        """Have no star rating."""
        del data
        return None

    @property
    def stars_source(self) -> str:
        """Return nothing."""
        return ""

    def clock(self, audio: bytes, sampling_rate: int) -> Clock:
        """Start with the file's first sample."""
        del audio, sampling_rate
        return NO_CLOCK

    def parts(self, chart: pa.Table) -> Parts:
        """Take each lane for a part; as many as the chart has keys, where it says so."""
        lane = chart["notes"].combine_chunks().field("lane").flatten().to_numpy().astype(np.int64)
        count = chart["keys"][0].as_py() or int(lane.max(initial=-1)) + 1
        names = tuple(f"lane_{i}" for i in range(min(count, limits.PARTS)))
        return Parts(names, np.where(lane < len(names), lane, -1))
