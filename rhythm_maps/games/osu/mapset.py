"""Finding the charts of a mapset: an `.osz`, an `.olz` or a folder of `Songs`."""

from __future__ import annotations

import hashlib
from itertools import takewhile

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.base import ChartRef, Mapset, Members
from rhythm_maps.games.osu.beatmap import Names, read_names
from rhythm_maps.games.osu.text import read_text

SUFFIX = ".osu"
_JUNK = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})


def is_junk(name: str) -> bool:
    """Tell whether an operating system left a member behind: such names say nothing about the mapset."""
    *folders, file = name.split("/")
    return "__MACOSX" in folders or file.startswith("._") or file.lower() in _JUNK


def common_folder(names: list[str]) -> str:
    """Return the folder that all names lie in, with "/" at its end; empty where there is none."""
    if not names:
        return ""
    first, last = (name.split("/")[:-1] for name in (min(names), max(names)))
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(f"{part}/" for part, _ in shared)


def identify(members: Members) -> Mapset:
    """Find the charts of a mapset; see `base.Game.identify`.

    Only `.osu` files at the top count, below the folder that everything lies in: that is what the game imports
    (ppy/osu ArchiveModelImporter and BeatmapImporter). A chart whose header cannot be read is listed without names;
    parsing rejects it with its reason.

    Raises:
        BadFormat: ``not_a_mapset``: there is no such file.
        LimitExceeded: there are more than `limits.CHART_ENTRIES`.
    """
    names = sorted(name for name in members.names() if not is_junk(name))
    folder = common_folder(names)
    files = [name for name in names if is_chart(name) and "/" not in name[len(folder) :]]
    if not files:
        raise BadFormat("not_a_mapset", "there is no .osu file at the top of the mapset")
    if len(files) > limits.CHART_ENTRIES:
        raise LimitExceeded("too_many_charts", f"{len(files):,} .osu files, at most {limits.CHART_ENTRIES:,} are read")
    return Mapset(charts=tuple(_chart(members, name, folder) for name in files), links=tuple(files))


def is_chart(name: str) -> bool:
    """Tell whether a member is a chart by its suffix, in any case."""
    return name.lower().endswith(SUFFIX)


def _chart(members: Members, name: str, folder: str) -> ChartRef:
    data = _read(members, name)
    names = None if data is None else _names(data)
    if data is None or names is None:
        return ChartRef(name, name, "", "", "")
    audio = folder + names.audio if names.audio else ""
    return ChartRef(name, name, names.artist, names.title, audio, hashlib.md5(data, usedforsecurity=False).hexdigest())


def _read(members: Members, name: str) -> bytes | None:
    if members.size(name) > limits.TEXT_BYTES:
        return None
    try:
        return members.read(name)
    except BadFormat:
        return None


def _names(data: bytes) -> Names | None:
    try:
        return read_names(read_text(data))
    except BadFormat:
        return None
