"""From folders of maps to a manifest: what is there, what belongs together, and where each mapset goes.

A scan is cached by path, size and mtime of every file, so that a second one only looks at the file system; the cache
never enters a manifest.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rhythm_maps import games
from rhythm_maps.build import manifest
from rhythm_maps.build.manifest import FORMAT, Header, KnownEntry, Line, MapsetEntry, MovedEntry, RejectEntry
from rhythm_maps.build.mapset_io import examine
from rhythm_maps.build.previous import Previous
from rhythm_maps.build.spec import code_digest, package_versions
from rhythm_maps.build.splits import DEFAULT_FRACTIONS, group_mapsets, shard_counts
from rhythm_maps.errors import BadFormat, BuildError, NoDataError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.paths import cache_dir, path_id
from rhythm_maps.games.base import Game
from rhythm_maps.sources.further import further_folders
from rhythm_maps.sources.library import Library, read_facts, read_library
from rhythm_maps.sources.local import Found, find_mapsets, normalise_root
from rhythm_maps.sources.official import open_install
from rhythm_maps.sources.unity import Install

_CACHE_FORMAT = 1
_ROW = msgspec.json.Decoder(tuple[str, str, Any])
"""A line of the cache: path, stamp, and the manifest line as built-in values."""


class _Start(NamedTuple):
    """Where a scan begins: the root that names are relative to, the folder or archive, and whether it is an install."""

    root: Path
    start: Path
    is_install: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found, ready to be written as a manifest.

    Attributes:
        header: the manifest's first line.
        entries: the mapsets, in manifest order.
        rejects: inputs that could not be opened.
        known: songs of the previous version that are not here now.
        moved: groups that a merge moved to another split.
        large: (group, mapsets, example song key) of groups a person should look at.
        further: folders that were scanned because a list of an install names them.
        reused: mapsets whose line came from the cache.
        facts: names of the files that were read for what they say of maps.
    """

    header: Header
    entries: list[MapsetEntry]
    rejects: list[RejectEntry] = field(default_factory=list)
    known: list[KnownEntry] = field(default_factory=list)
    moved: list[MovedEntry] = field(default_factory=list)
    large: list[tuple[str, int, str]] = field(default_factory=list)
    further: list[Path] = field(default_factory=list)
    reused: int = 0
    facts: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """Return the manifest's lines."""
        yield self.header
        yield from self.entries
        yield from self.rejects
        yield from self.known
        yield from self.moved

    def write(self, path: Path) -> None:
        """Write the manifest.

        Raises:
            BuildError: it cannot be written there.
        """
        _write(path, manifest.encode(self.lines()))

    def keep(self) -> Path:
        """Write the manifest into the cache under the name of its content, and return that path.

        A stream that reads it is not disturbed by a later scan of the same folder.

        Raises:
            BuildError: the cache folder cannot be written.
        """
        data = manifest.encode(self.lines())
        path = cache_dir() / "manifests" / f"{hashlib.sha256(data).hexdigest()[:24]}.jsonl"
        if not path.is_file():
            _write(path, data)
        return path


def _write(path: Path, data: bytes) -> None:
    try:
        atomic.write_bytes(path, data)
    except OSError as error:
        raise BuildError(
            f"{path}: the manifest cannot be written: {error.strerror}. Name another place with --out, or another "
            f"cache folder with the environment variable RHYTHM_MAPS_CACHE."
        ) from error


def scan(
    game_name: str,
    paths: Sequence[str | PathLike[str]],
    *,
    installs: Sequence[str | PathLike[str]] = (),
    further: bool = False,
    facts: Sequence[str | PathLike[str]] = (),
    previous: Previous | None = None,
    fractions: Sequence[float] | None = None,
    progress: Callable[[Sequence[Found]], Iterator[Found]] = iter,
) -> Scan:
    """Scan folders and archives.

    Args:
        game_name: which game's maps to look for.
        paths: folders or single archives.
        installs: installs of the game, for its official levels and the custom ones in it (Beat Saber), and those in
            further folders that a list of the install names (SongCore's ``folders.xml``).
        further: take such further folders for `paths` as well, where they lie in an install.
        facts: files that say more of the maps (saved answers of BeatSaver's API, an `osu!.db`), beside those that lie
            with the maps under their usual names; these count more.
        previous: an earlier version whose groups, splits and shard numbers are kept.
        fractions: shares of train, validation and test; None for the default (or the previous version's).
        progress: wraps the list of mapsets while they are opened, to show a bar.

    Raises:
        UsageError: no paths, fractions that are no shares, or facts of a game that has none.
        InputError: a path does not exist.
        BadFormat: a file of `facts` cannot be read.
        NoDataError: there is no mapset at all.
    """
    game = games.get(game_name)
    if not paths and not installs:
        raise UsageError("no path given: name the folder that holds your maps")
    previous = previous or Previous()
    asked = check_fractions(fractions) if fractions is not None else previous.fractions
    known = read_facts(game, facts)
    facts_read = list(known.found)
    roots: list[str] = []
    entries: list[MapsetEntry] = []
    rejects: list[RejectEntry] = []
    reused = 0
    given = [(path, False) for path in paths] + [(path, True) for path in installs]
    starts = [_Start(*normalise_root(path), is_install) for path, is_install in given]
    folders, problems = _further(game, [one for one in starts if further or one.is_install], starts)
    for one in dict.fromkeys([*starts, *(_Start(folder, folder) for folder in folders)]):
        if str(one.root) not in roots:
            roots.append(str(one.root))
        install = open_install(game, one.root) if one.is_install else None
        number = roots.index(str(one.root))
        library = read_library(game, one.root)
        facts_read += library.found
        library.facts |= known.facts
        found, bad, cached = _scan_root(game, one, number, install, library, progress)
        entries += found
        rejects += bad
        reused += cached
    rejects += [RejectEntry(roots.index(str(root)), p, e.code, e.reason, e.place or p) for root, p, e in problems]
    rejects += _library_rejects(0, known)
    entries = list({(entry.root, entry.path): entry for entry in entries}.values())
    if not entries and not rejects:
        raise _nothing_found(game, [str(path) for path, _ in given])
    grouping = group_mapsets(entries, previous.groups, asked)
    header = Header(
        FORMAT, game.name, roots, list(asked or ()), shard_counts(grouping.entries, previous.shards), package_versions()
    )
    rejects.sort(key=lambda reject: (reject.root, reject.path))
    return Scan(
        header, grouping.entries, rejects, grouping.known, grouping.moved, grouping.large, folders, reused, facts_read
    )


def _nothing_found(game: Game, paths: Sequence[str]) -> NoDataError:
    archives = " or ".join(game.archive_suffixes)
    return NoDataError(
        f"{', '.join(paths)}: no {game.title} mapsets found. Expected {archives} archives, or folders that hold a map, "
        "anywhere below."
    )


def _further(
    game: Game, asked: Sequence[_Start], starts: Sequence[_Start]
) -> tuple[list[Path], list[tuple[Path, str, BadFormat]]]:
    """Return the folders that lists of installs name and no start holds already, and what is wrong with the lists."""
    covered = [Path(os.path.realpath(one.start)) for one in starts]
    found: list[Path] = []
    problems: list[tuple[Path, str, BadFormat]] = []
    for root in dict.fromkeys(one.root for one in asked):
        lists = further_folders(game, root)
        problems += [(root, name, error) for name, error in lists.problems]
        for folder in lists.folders:
            real = Path(os.path.realpath(folder))
            if not any(real.is_relative_to(start) for start in covered):
                covered.append(real)
                found.append(folder)
    return found, problems


def check_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """Check shares of train, validation and test.

    Raises:
        UsageError: not three shares from 0 to 1 that add up to 1.
    """
    values = tuple(float(value) for value in fractions)
    if len(values) != len(DEFAULT_FRACTIONS) or min(values) < 0 or not math.isclose(sum(values), 1, abs_tol=1e-6):
        raise UsageError(f"splits {values}: expected three shares of train, validation, test that add up to 1")
    return values


def _scan_root(
    game: Game,
    at: _Start,
    number: int,
    install: Install | None,
    library: Library,
    progress: Callable[[Sequence[Found]], Iterator[Found]],
) -> tuple[list[MapsetEntry], list[RejectEntry], int]:
    cache = ScanCache(game, at.start)
    entries: list[MapsetEntry] = []
    rejects = _library_rejects(number, library)
    official = install.found() if install else []
    for found in progress([*find_mapsets(game, at.start), *official]):
        line = cache.get(found)
        if line is None:
            line = _examine(game, at.root, found)
            cache.put(found, line)
        line = msgspec.structs.replace(line, root=number)
        if isinstance(line, MapsetEntry):
            entries.append(_with_facts(line, library))
        else:
            rejects.append(line)
    cache.save()
    if install:
        rejects += [RejectEntry(number, r.path, r.error.code, r.error.reason, r.error.place) for r in install.rejects()]
    return entries, rejects, cache.reused


def _library_rejects(root: int, library: Library) -> list[RejectEntry]:
    return [RejectEntry(root, name, e.code, e.reason, e.place or name) for name, e in library.problems]


def _with_facts(entry: MapsetEntry, library: Library) -> MapsetEntry:
    """Add what the library says of the charts; after the cache, because the library changes more often than maps."""
    if not library.facts:
        return entry
    charts = [msgspec.structs.replace(chart, facts=library.of(chart.chart_id)) for chart in entry.charts]
    return msgspec.structs.replace(entry, charts=charts)


def _examine(game: Game, root: Path, found: Found) -> MapsetEntry | RejectEntry:
    if found.problem:
        return RejectEntry(0, found.path, "unreadable_folder", found.problem, found.path)
    try:
        return examine(game, root, 0, found)
    except BadFormat as error:
        return RejectEntry(0, found.path, error.code, error.reason, error.place or found.path)


class ScanCache:
    """Remembers each mapset's line by the path, size and mtime of all its files."""

    def __init__(self, game: Game, start: Path) -> None:
        self._path = cache_dir() / "scan" / f"{game.name}-{path_id(start)}.jsonl"
        self._key = f"{_CACHE_FORMAT}:{code_digest()}"
        self._old = self._read()
        self._new: dict[str, tuple[str, str, Any]] = {}
        self.reused = 0

    def _read(self) -> dict[str, tuple[str, str, Any]]:
        try:
            lines = self._path.read_bytes().splitlines()
            if not lines or msgspec.json.decode(lines[0]) != self._key:
                return {}
            rows = (_ROW.decode(line) for line in lines[1:])
            return {row[0]: row for row in rows}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}  # a cache that cannot be read is no cache

    def get(self, found: Found) -> MapsetEntry | RejectEntry | None:
        """Return the line of a mapset whose files did not change."""
        row = self._old.get(found.path)
        if row is None or row[1] != _stamp(found):
            return None
        try:
            line = msgspec.convert(row[2], MapsetEntry | RejectEntry)
        except msgspec.ValidationError:
            return None
        self.reused += 1
        self._new[found.path] = row
        return line

    def put(self, found: Found, line: MapsetEntry | RejectEntry) -> None:
        """Remember a line."""
        self._new[found.path] = (found.path, _stamp(found), msgspec.to_builtins(line))

    def save(self) -> None:
        """Write the cache where anything changed; a folder that cannot be written is no harm."""
        if self._new == self._old:
            return
        lines = [msgspec.json.encode(self._key)]
        for row in self._new.values():
            with suppress(UnicodeEncodeError):  # a name that is no UTF-8: its mapset is opened at each scan
                lines.append(msgspec.json.encode(row))
        with suppress(OSError):
            atomic.write_bytes(self._path, b"".join(line + b"\n" for line in lines))


def _stamp(found: Found) -> str:
    text = "\n".join(f"{name}\0{size}\0{mtime}" for name, size, mtime in found.files)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
