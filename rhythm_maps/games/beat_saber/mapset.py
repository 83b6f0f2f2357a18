"""A level's folder before its objects are parsed: which file is Info.dat, which members its names mean.

Source: BeatSaver (Info.dat is the shortest path that ends in that name, in any case; names match in any case;
a level may sit in a folder of its zip).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import ChartRef, Mapset, Members
from rhythm_maps.games.beat_saber import info as info_file
from rhythm_maps.games.beat_saber.document import Document
from rhythm_maps.games.beat_saber.info import Info
from rhythm_maps.games.beat_saber.map_hash import map_hash

_INFO = "info.dat"
_INFO_V1 = "info.json"
_LINK_BYTES = 1024
"""An empty or template beatmap is the same bytes in many unrelated maps: smaller chart files link nothing."""


def marks(file_name: str) -> bool:
    """Tell whether such a file may be an Info.dat (``info.json`` is v1's: `find_info` looks inside)."""
    return file_name.casefold() in {_INFO, _INFO_V1}


def find_info(names: Iterable[str], read: Callable[[str], bytes]) -> str:
    """Return the member that is the Info.dat: the shortest path, ``info.dat`` before v1's ``info.json``.

    Raises:
        BadFormat: there is none (``not_a_mapset``), or all there is is an ``info.json`` that cannot be read.
    """
    found: dict[str, list[str]] = {_INFO: [], _INFO_V1: []}
    for name in names:
        found.get(name.rpartition("/")[2].casefold(), []).append(name)
    if found[_INFO]:
        return min(found[_INFO], key=lambda name: (len(name), name))
    error = BadFormat("not_a_mapset", "no Info.dat was found, nor an info.json that is a level's")
    for name in sorted(found[_INFO_V1], key=lambda name: (len(name), name)):
        try:
            if info_file.looks_like_v1(Document(read(name), name).root()):
                return name
        except BadFormat as unreadable:
            error = unreadable
    raise error


def _fold(name: str) -> str:
    """Return what spellings of a name share but for case and composed accents (macOS decomposes them)."""
    return unicodedata.normalize("NFC", name).casefold()


class Names:
    """Finds members by the names an Info.dat gives: exact below its folder, else the only one in any case."""

    def __init__(self, names: Iterable[str], info_member: str) -> None:
        self._base = info_member[: info_member.rfind("/") + 1]
        self._exact = frozenset(names)
        self._folded: dict[str, list[str]] = {}
        for name in self._exact:
            self._folded.setdefault(_fold(name), []).append(name)

    def path(self, name: str) -> str:
        """Return a name as a member name: "/" between folders, below Info.dat's folder; empty stays empty."""
        return self._base + name.replace("\\", "/") if name else ""

    def find(self, name: str) -> str | None:
        """Return the member, or None where there is none or more than one (no exact one)."""
        path = self.path(name)
        if path in self._exact:
            return path
        same = self._folded.get(_fold(path), ())
        return same[0] if len(same) == 1 else None


def identify(members: Members) -> Mapset:
    """Find a level's charts from its Info.dat; their files are read for the map hash, which their ids begin with.

    Raises:
        BadFormat: no Info.dat (``not_a_mapset``), one that cannot be read (``bad_json``, ``bad_info``, ...),
            or one without difficulties (``no_difficulties``).
    """
    all_names = members.names()
    member = find_info(all_names, members.read)
    info_bytes = members.read(member)
    info = info_file.read(info_bytes, member)
    if not info.difficulties:
        raise BadFormat("no_difficulties", "the Info.dat lists no difficulty", member)
    names = Names(all_names, member)
    digest = map_hash(info, info_bytes, _reader(members, names))
    charts = tuple(
        ChartRef(
            entry.name,
            names.find(entry.file),
            info.artist,
            info.title,
            names.path(entry.audio or info.audio),
            f"{digest}/{entry.name}",
        )
        for entry in sorted(info.difficulties, key=lambda entry: entry.name)
    )
    chart_files = [chart.file for chart in charts if chart.file is not None]
    heavy = [name for name in chart_files if members.size(name) >= _LINK_BYTES]
    return Mapset(charts, _unique([member, *_further_files(info, names)]), _unique([member, *heavy]))


def _reader(members: Members, names: Names) -> Callable[[str], bytes | None]:
    """Return what reads a file by its name in Info.dat; one that cannot be read is None, as it is when charts are read.

    The last two files stay in memory, because a lightshow that difficulties share is asked for after each of them.
    """

    @lru_cache(maxsize=2)
    def read(name: str) -> bytes | None:
        member = names.find(name)
        try:
            return None if member is None else members.read(member)
        except BadFormat:
            return None

    return read


def _further_files(info: Info, names: Names) -> list[str]:
    """Return what parsing needs beside the charts: audio data, and lightshows, which the hash covers."""
    wanted = [info.audio_data, *(entry.lightshow for entry in info.difficulties)]
    return [member for member in map(names.find, wanted) if member is not None]


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
