r"""The manifest: one JSON line a mapset, the explicit and diffable input of every build.

::

    {"kind": "header", ...}      game, roots, fractions, shards per split, versions
    {"kind": "mapset", ...}      one a mapset, sorted by split, position and path: a shard is one byte range
    {"kind": "reject", ...}      inputs that could not be opened
    {"kind": "known", ...}       songs of the previous version that are not here now: they keep their split for later
    {"kind": "moved", ...}       groups that changed their split because a new mapset joined two known groups

Lines end in "\n" on every system. There is no absolute path but the roots and no time of day, so that two scans of
the same files on two machines differ in one line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rhythm_maps.errors import BadFormat, InputError
from rhythm_maps.files import atomic

SPLITS = ("train", "validation", "test")
FORMAT = 1


class ChartEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One chart: its name, the member that holds it, and its audio member or why there is none."""

    name: str
    file: str | None = None
    audio: str | None = None
    audio_named: str = ""
    """What the map calls its audio, where that is not a member's exact name."""
    problem: str = ""
    """Why there is no audio: ``audio_missing``, ``audio_ambiguous`` or ``audio_unnamed``."""
    chart_id: str = ""
    """The game's own id, where the scan knows it."""
    facts: dict[str, Any] = {}
    """What a library of the game says of the chart: core column -> value."""


class FileEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One member: name, size in bytes, crc32 of its bytes."""

    name: str
    size: int
    crc32: int
    shared: bool = False
    """Audio that so many songs share that it is no song's recording (a silent file of keysounded maps)."""

    @property
    def link(self) -> str:
        """Return the text that equal bytes share."""
        return f"{self.size:x}-{self.crc32:08x}"


class StrangeEntry(msgspec.Struct, frozen=True):
    """Something in the mapset that is not read: a hostile or doubled member name, a link."""

    code: str
    reason: str
    place: str


class MapsetEntry(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="mapset"):
    """One mapset. `members` are the charts' files and what else their parsing needs, `audio` what charts play."""

    root: int
    path: str
    digest: str
    charts: list[ChartEntry]
    members: list[FileEntry]
    audio: list[FileEntry]
    song_keys: list[str]
    links: list[str]
    """Size and crc32 of the members whose equal bytes mean the same map."""
    strange: list[StrangeEntry] = []
    group: str = ""
    split: str = ""


class RejectEntry(msgspec.Struct, frozen=True, tag_field="kind", tag="reject"):
    """An input that could not be opened: why and where in it."""

    root: int
    path: str
    code: str
    reason: str
    place: str


class KnownEntry(msgspec.Struct, frozen=True, tag_field="kind", tag="known"):
    """A group of the previous version, or what no mapset of it holds now, under the group and split it has now.

    A song that leaves and comes back is known again by it.
    """

    group: str
    split: str
    song_keys: list[str]
    audio: list[str]
    links: list[str]


class MovedEntry(msgspec.Struct, frozen=True, tag_field="kind", tag="moved"):
    """A known group that a merge sent to another group, and maybe to another split."""

    group: str
    split: str
    to_group: str
    to_split: str


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="header"):
    """The first line."""

    format: int
    game: str
    roots: list[str]
    fractions: list[float]
    shards: dict[str, int]
    versions: dict[str, str]


Line = Header | MapsetEntry | RejectEntry | KnownEntry | MovedEntry
_DECODER = msgspec.json.Decoder(Line)
_ENCODER = msgspec.json.Encoder(order="deterministic")


class ShardRef(NamedTuple):
    """A shard of a split: number `k` of `n`, and the bytes of the manifest that hold its mapsets."""

    split: str
    k: int
    n: int
    offset: int
    length: int
    mapsets: int

    @property
    def name(self) -> str:
        """Return the name that files of the shard carry: ``train-00003-of-00008``."""
        return f"{self.split}-{self.k:05d}-of-{self.n:05d}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest without its mapsets: header, tail and where each shard's lines are.

    Attributes:
        path: the file; only byte ranges of it are read afterwards.
        header: its first line.
        shards: every shard of every split that has mapsets, empty shards included.
        rejects: inputs that could not be opened.
        moved: groups that a merge moved.
        digest: sha256 of all lines but the header, and of the header without its roots.
    """

    path: Path
    header: Header
    shards: list[ShardRef]
    rejects: list[RejectEntry]
    moved: list[MovedEntry]
    digest: str

    @property
    def mapsets(self) -> int:
        """Return the number of mapsets."""
        return sum(shard.mapsets for shard in self.shards)


def position(group: str) -> int:
    """Return where a group lies among the shards: the first 64 bits of a hash of its own.

    Another salt than the split's: with one salt for both, a split would fill few shards and leave the rest empty.
    """
    return int.from_bytes(hashlib.sha256(f"shard{group}".encode()).digest()[:8])


def shard_of(group: str, n: int) -> int:
    """Return the shard of a group among n: shard k holds the positions from k/n to (k+1)/n."""
    return position(group) * n >> 64


def encode(lines: Iterable[Line]) -> bytes:
    r"""Return the bytes of a manifest, "\n" after every line."""
    return b"".join(_encode_line(line) + b"\n" for line in lines)


def _encode_line(line: Line) -> bytes:
    try:
        return _ENCODER.encode(line)
    except UnicodeEncodeError:
        # A name on disk that is no UTF-8: Python holds its bytes as lone surrogates, JSON writes them as escapes.
        return json.dumps(msgspec.to_builtins(line), sort_keys=True, separators=(",", ":")).encode("ascii")


def write(path: Path, lines: Iterable[Line]) -> None:
    """Write a manifest; a reader sees the old file or the whole new one."""
    atomic.write_bytes(path, encode(lines))


def read_lines(path: Path) -> Iterator[Line]:
    """Read all lines.

    Raises:
        InputError: the file cannot be read.
        BadFormat: a line is not a manifest's.
    """
    for _, line in _located_lines(path):
        yield line


def _decode(raw: bytes, number: int) -> Line:
    line: Line
    try:
        # The escape of a lone surrogate is left to json: see _encode_line.
        line = msgspec.convert(json.loads(raw), Line) if b"\\ud" in raw else _DECODER.decode(raw)
    except (ValueError, RecursionError) as error:  # every error of msgspec and json is a ValueError
        message = f"not a line of a manifest ({error}); make it again with rhythm-maps scan"
        raise BadFormat("bad_manifest", message, f"line {number}") from error
    return line


def _located_lines(path: Path) -> Iterator[tuple[int, Line]]:
    try:
        with path.open("rb") as file:
            offset = 0
            for number, raw in enumerate(file, 1):
                line = _decode(raw, number)
                if (number == 1) != isinstance(line, Header):
                    raise BadFormat(
                        "bad_manifest", "the header must be the first line and the only one", f"line {number}"
                    )
                yield offset, line
                offset += len(raw)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def load(path: Path) -> Manifest:
    """Read a manifest once and index its shards.

    Raises:
        InputError, BadFormat: as `read_lines`; also where the mapsets are not in the order that makes shards ranges.
    """
    header: Header | None = None
    rejects: list[RejectEntry] = []
    moved: list[MovedEntry] = []
    first: dict[tuple[str, int], int] = {}
    count: dict[tuple[str, int], int] = {}
    order: list[tuple[int, int]] = []
    end = 0
    for offset, line in _located_lines(path):
        if isinstance(line, Header):
            header = line
            if line.format != FORMAT:
                raise BadFormat("bad_manifest", f"format {line.format} is not {FORMAT}: scan again", "line 1")
        elif isinstance(line, MapsetEntry):
            assert header is not None
            key = (line.split, shard_of(line.group, header.shards.get(line.split, 1)))
            first.setdefault(key, offset)
            count[key] = count.get(key, 0) + 1
            order.append((SPLITS.index(line.split) if line.split in SPLITS else -1, position(line.group)))
        else:
            end = end or offset
            if isinstance(line, RejectEntry):
                rejects.append(line)
            elif isinstance(line, MovedEntry):
                moved.append(line)
    if header is None:
        raise BadFormat("bad_manifest", "the file is empty", "line 1")
    if order != sorted(order) or any(rank < 0 for rank, _ in order):
        raise BadFormat(
            "bad_manifest", "mapsets are not sorted by split and position: edit a scan's inputs, not its lines"
        )
    return Manifest(
        path, header, _index(header, first, count, end or path.stat().st_size), rejects, moved, _digest(path)
    )


def _index(
    header: Header, first: dict[tuple[str, int], int], count: dict[tuple[str, int], int], end: int
) -> list[ShardRef]:
    following = dict(pairwise([*sorted(first.values()), end]))
    shards = []
    for split in SPLITS:
        n = header.shards.get(split, 0)
        if not any(key[0] == split for key in first):
            continue
        for k in range(n):
            offset = first.get((split, k), 0)
            length = following[offset] - offset if (split, k) in first else 0
            shards.append(ShardRef(split, k, n, offset, length, count.get((split, k), 0)))
    return shards


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        header = _DECODER.decode(file.readline())
        digest = hashlib.sha256(_ENCODER.encode(msgspec.structs.replace(header, roots=[])))
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_shard(path: Path, shard: ShardRef) -> list[MapsetEntry]:
    """Read the mapsets of one shard: one seek, one read."""
    with path.open("rb") as file:
        file.seek(shard.offset)
        raw = file.read(shard.length)
    lines = [_decode(line, number) for number, line in enumerate(raw.splitlines(), 1)]
    return [line for line in lines if isinstance(line, MapsetEntry)]
