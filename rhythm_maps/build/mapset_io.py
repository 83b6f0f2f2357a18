"""Opens one mapset: for a scan, which learns what it is, and for a build, which reads what it needs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from rhythm_maps import limits
from rhythm_maps.audio.measure import Measured
from rhythm_maps.audio.mp3_clock import NO_CLOCK, Clock
from rhythm_maps.audio.probe import AudioInfo, probe
from rhythm_maps.build.manifest import ChartEntry, FileEntry, MapsetEntry, StrangeEntry
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded
from rhythm_maps.files import MemberSource, open_folder, open_members
from rhythm_maps.files.lookup import NameIndex
from rhythm_maps.games.base import ChartRef, Game
from rhythm_maps.songs import song_key
from rhythm_maps.sources.local import Found
from rhythm_maps.sources.unity import is_bundle, open_official


@dataclass(frozen=True, slots=True)
class LoadedAudio:
    """One audio member as read, or why it cannot be used.

    Attributes:
        entry: its line of the manifest.
        data: its bytes; None where they are not wanted.
        sha256, md5: of its bytes.
        info: what its header says.
        clock: how the game's clock runs against its samples.
        measured: what decoding it showed; None where it was not decoded.
        error: why it cannot be used.
    """

    entry: FileEntry
    data: bytes | None = None
    sha256: str = ""
    md5: str = ""
    info: AudioInfo | None = None
    clock: Clock = NO_CLOCK
    measured: Measured | None = None
    error: BadFormat | None = None

    @property
    def duration_s(self) -> float:
        """Return its length in seconds: what could be decoded, where something could, else what its header says."""
        if self.measured is not None and self.measured.frames:
            return self.measured.duration_s
        return self.info.duration_s if self.info else 0.0

    @property
    def duration_source(self) -> str:
        """Return where its length comes from: ``decoded`` or ``header``."""
        return "decoded" if self.measured is not None and self.measured.frames else "header"


@dataclass(slots=True)
class AudioReader:
    """How audio members are read, and what was learned of those that come again in other mapsets.

    Attributes:
        clock: the game's rule (`Game.clock`).
        keep: hold the bytes (for what has audio in its rows); without, only hashes and headers are kept.
        measure: decodes a recording of this sha256, these bytes, name and clock; None leaves them undecoded.
        seen: sha256 -> what decoding it showed.
    """

    clock: Callable[[bytes, int], Clock]
    keep: bool = False
    measure: Callable[[str, bytes, str, Clock], Measured] | None = None
    seen: dict[str, Measured] = field(default_factory=dict)

    def read(self, source: MemberSource, file: FileEntry) -> LoadedAudio:
        """Read a member: hash it, read its header, find its clock, and decode it where that is wanted."""
        if file.shared:
            # Not read: no row is made of it, and its songs' grids end one bar past their last object.
            reason = "many songs share this audio file, so it is no song's recording"
            return LoadedAudio(file, error=BadFormat("audio_shared", reason, file.name))
        if file.size > limits.AUDIO_BYTES:
            reason = f"{file.size} bytes, at most {limits.AUDIO_BYTES}"
            return LoadedAudio(file, error=LimitExceeded("audio_too_large", reason, file.name))
        try:
            data = source.read(file.name)
            info = probe(data, file.name)
            sha256 = hashlib.sha256(data).hexdigest()
            clock = self.clock(data, info.sampling_rate)
            measured = self._measured(sha256, data, file.name, clock)
        except BadFormat as error:
            return LoadedAudio(file, error=error)
        return LoadedAudio(
            file,
            data if self.keep else None,
            sha256,
            hashlib.md5(data, usedforsecurity=False).hexdigest(),
            info,
            clock,
            measured,
        )

    def _measured(self, sha256: str, data: bytes, name: str, clock: Clock) -> Measured | None:
        if self.measure is None:
            return None
        if sha256 not in self.seen:
            self.seen[sha256] = self.measure(sha256, data, name, clock)
        return self.seen[sha256]


@dataclass(slots=True)
class LoadedMapset:
    """One mapset as read: the bytes of charts and what they need, its audio, and what could not be read."""

    entry: MapsetEntry
    files: dict[str, bytes] = field(default_factory=dict)
    audio: dict[str, LoadedAudio] = field(default_factory=dict)
    broken: dict[str, BadFormat] = field(default_factory=dict)
    """Member name -> why it could not be read."""
    error: BadFormat | None = None
    """Why the whole mapset could not be read."""
    official: bool = False
    """It is the game's own level: its content never leaves the machine."""

    @property
    def audio_bytes(self) -> int:
        """Return the bytes of audio that are held."""
        return sum(len(audio.data or b"") for audio in self.audio.values())


def open_found(
    root: Path, path: str, names: Sequence[str], *, is_archive: bool
) -> AbstractContextManager[MemberSource]:
    """Open a mapset, archive, folder or official level of an install, for reading members in memory.

    Raises:
        BadFormat: it is not what its name says, not safe to open, or not to be read.
    """
    full = root if path == "." else root / path
    try:
        if not is_archive:
            return open_folder(full, names)
        return open_official(root, path) if is_bundle(full) else open_members(full)
    except InputError as error:
        # A file that cannot be opened costs its own rows only. The message names its full path: no build may hold it.
        cause = error.__cause__
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else "it cannot be opened"
        raise BadFormat("unreadable_file", f"cannot be read: {reason}") from error


def digest_of(files: Iterable[FileEntry]) -> str:
    """Return the content digest of a mapset: the same for a zip and for the folder it was made from."""
    lines = sorted({f"{file.name}\0{file.size}\0{file.crc32:08x}\n" for file in files})
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def examine(game: Game, root: Path, number: int, found: Found) -> MapsetEntry:
    """Open a mapset just far enough to write its manifest line (without group and split).

    Raises:
        BadFormat: it cannot be opened, or is no mapset of the game.
    """
    names = [name for name, _, _ in found.files]
    with open_found(root, found.path, names, is_archive=found.is_archive) as source:
        mapset = game.identify(source)
        if len(mapset.charts) > limits.CHART_ENTRIES:
            raise LimitExceeded("too_many_charts", f"{len(mapset.charts)} charts, at most {limits.CHART_ENTRIES}")
        index = NameIndex(source.names())
        charts = [_chart_entry(ref, index) for ref in mapset.charts]
        wanted = {ref.file for ref in mapset.charts if ref.file} | set(mapset.files)
        members = [_file_entry(source, name) for name in sorted(wanted)]
        audio = [_file_entry(source, name) for name in sorted({c.audio for c in charts if c.audio})]
        by_name = {file.name: file for file in members}
        links = sorted({by_name[name].link for name in mapset.links})
        strange = [StrangeEntry(p.code, p.reason, p.place) for p in source.problems[: limits.WARNINGS]]
    keys = sorted({key for ref in mapset.charts if (key := song_key(ref.artist, ref.title))})
    digest = digest_of([*members, *audio])
    return MapsetEntry(number, found.path, digest, charts, members, audio, keys, links, strange)


def _chart_entry(ref: ChartRef, index: NameIndex) -> ChartEntry:
    found = index.find(ref.audio)
    if found.name is not None:
        named = "" if found.name == ref.audio else ref.audio
        return ChartEntry(ref.name, ref.file, audio=found.name, audio_named=named, chart_id=ref.chart_id)
    problem = "audio_unnamed" if found.status == "empty" else f"audio_{found.status}"
    return ChartEntry(ref.name, ref.file, audio_named=ref.audio, problem=problem, chart_id=ref.chart_id)


def _file_entry(source: MemberSource, name: str) -> FileEntry:
    return FileEntry(name, source.size(name), source.crc32(name))


def load(roots: Sequence[Path], entry: MapsetEntry, audio: AudioReader) -> LoadedMapset:
    """Read a mapset of a manifest: members whole, audio as it is wanted. Whatever fails is noted, nothing is raised.

    Args:
        roots: the manifest's roots.
        entry: the mapset's line.
        audio: reads the audio.
    """
    loaded = LoadedMapset(entry)
    root = roots[entry.root]
    names = [file.name for file in [*entry.members, *entry.audio]]
    full = root if entry.path == "." else root / entry.path
    if not os.path.exists(full):  # noqa: PTH110 - False, not an error, below a folder that cannot be entered
        loaded.error = BadFormat("changed_since_scan", "it was there at the scan and is gone now; scan again")
        return loaded
    try:
        with open_found(root, entry.path, names, is_archive=full.is_file()) as source:
            loaded.official = getattr(source, "official", False)
            _check_digest(source, entry)
            for file in entry.members:
                try:
                    loaded.files[file.name] = source.read(file.name)
                except BadFormat as error:
                    loaded.broken[file.name] = error
            for file in entry.audio:
                loaded.audio[file.name] = audio.read(source, file)
    except BadFormat as error:
        loaded.error = error
    return loaded


def _check_digest(source: MemberSource, entry: MapsetEntry) -> None:
    there = set(source.names())
    gone = [file.name for file in [*entry.members, *entry.audio] if file.name not in there]
    if gone:
        raise BadFormat("changed_since_scan", "a file of the scan is gone now; scan again", gone[0])
    if digest_of(_file_entry(source, file.name) for file in [*entry.members, *entry.audio]) != entry.digest:
        raise BadFormat("changed_since_scan", "its content is not what the scan saw; scan again")
