"""Opt-outs: what a person asked to have left out, read from a file of JSON lines and honoured at build and at push.

::

    {"kind": "mapper", "value": "Some Mapper", "reason": "asked by mail"}

==========  ==========================================================================================
kind        value
==========  ==========================================================================================
chart       ``chart_id``, ``file_sha256`` or osu!'s ``beatmap_id``
mapset      ``mapset_id`` or osu!'s ``beatmapset_id``
beatsaver   BeatSaver's id of a map (``beatsaver_id``)
mapper      a name in ``mappers`` or ``lighters``, or an id in ``mapper_ids``
track       a recording: ``track_id`` (sha256) or md5 of the audio file; its charts go with it
song        ``song_key``, as charts have it: ``someartist/song``
==========  ==========================================================================================

Upper and lower case are the same. The file keeps the values, because a person must read it; a build keeps their hashes
only, so that no list of those who asked to be forgotten travels with a dataset.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
import pyarrow as pa

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.paths import config_dir

_COLUMNS = {
    "chart": ("chart_id", "chart_ids", "file_sha256", "beatmap_id"),
    "mapset": ("mapset_id", "beatmapset_id"),
    "beatsaver": ("beatsaver_id",),
    "mapper": ("mappers", "lighters", "mapper_ids"),
    "track": ("track_id",),
    "md5": ("audio_md5",),
    "song": ("song_key",),
}
"""Kind of a key -> columns that may hold its value. A recording by md5 is a kind of its own: few tables know md5s."""
KINDS = tuple(kind for kind in _COLUMNS if kind != "md5")
"""The kinds that a person writes."""
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_HEX_ID = re.compile(r"[0-9a-fA-F]{1,16}")


class OptOut(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line of the file."""

    kind: str
    value: str
    reason: str = ""
    """For the person who keeps the file; it goes nowhere else."""

    @property
    def key(self) -> str:
        """Return ``kind:sha256``: what a build keeps of it."""
        kind = "md5" if self.kind == "track" and _MD5.fullmatch(self.value.strip()) else self.kind
        return f"{kind}:{sha256_of(self.value)}"


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Opt-outs as keys, ``kind:sha256``: enough to find what they mean, not to read whom."""

    keys: tuple[str, ...] = ()

    def mask(self, table: pa.Table, md5s: Sequence[str | None] | None = None) -> list[bool]:
        """Tell which rows are meant.

        Args:
            table: rows with some of the columns that kinds speak of.
            md5s: md5 of each row's recording, where the table has no ``audio_md5``.
        """
        found = [False] * len(table)
        keys = frozenset(self.keys)
        for kind in self.kinds:
            columns = [table[name].to_pylist() for name in _COLUMNS[kind] if name in table.column_names]
            for column in [*columns, md5s] if kind == "md5" and md5s is not None else columns:
                for i, value in enumerate(column):
                    found[i] = found[i] or any(f"{kind}:{sha256_of(one)}" in keys for one in _texts(value))
        return found

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds in use; a recording by its md5 is of kind ``md5``."""
        return frozenset(key.partition(":")[0] for key in self.keys)

    def without(self, keys: Iterable[str]) -> OptOuts:
        """Return those that are not among `keys`."""
        known = set(keys)
        return OptOuts(tuple(key for key in self.keys if key not in known))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from (str(one) for one in value if one is not None)
    elif value is not None:
        yield str(value)


@lru_cache(maxsize=1 << 16)
def sha256_of(value: str) -> str:
    """Return the sha256 of an id or name as opt-outs and tombstones write it: trimmed, NFKC, case folded, UTF-8."""
    text = unicodedata.normalize("NFKC", value).strip().casefold()
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def default_file() -> Path:
    """Return where the opt-outs of this person are kept."""
    return config_dir() / "opt_outs.jsonl"


def read(path: Path | None = None) -> OptOuts:
    """Read opt-outs.

    Args:
        path: a file; None for `default_file`, which may be absent.

    Raises:
        InputError: the file cannot be read.
        BadFormat: a line of it is not right; the message says which and why.
    """
    return OptOuts(tuple(sorted({entry.key for entry in entries(path)})))


def entries(path: Path | None = None) -> list[OptOut]:
    """Return the lines of a file; see `read`."""
    file = default_file() if path is None else path
    try:
        if path is None and not file.exists():
            return []
        if file.stat().st_size > limits.OPT_OUTS_BYTES:
            raise LimitExceeded("opt_outs_too_large", f"{file}: more than {limits.OPT_OUTS_BYTES:,} bytes")
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    return [_line(line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def _line(line: bytes, place: str) -> OptOut:
    try:
        entry = msgspec.json.decode(line, type=OptOut)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFormat("bad_opt_outs", f'expected {{"kind": ..., "value": ...}}: {error}', place) from error
    if problem := _problem(entry):
        raise BadFormat("bad_opt_outs", problem, place)
    return entry


def _problem(entry: OptOut) -> str:
    if entry.kind not in KINDS:
        return f"kind {entry.kind!r}: expected one of {', '.join(KINDS)}"
    return "" if entry.value.strip() else "value is empty"


def add(new: Iterable[OptOut], path: Path | None = None) -> list[OptOut]:
    """Add lines to a file and return those that were not there.

    Raises:
        UsageError: a kind is unknown or a value is empty.
        InputError, BadFormat: as `read`.
    """
    file = default_file() if path is None else path
    wanted = list(new)
    for entry in wanted:
        if problem := _problem(entry):
            raise UsageError(problem)
    old = entries(file) if file.exists() else []
    known = {entry.key for entry in old}
    added = list({entry.key: entry for entry in wanted if entry.key not in known}.values())
    if added:
        lines = [msgspec.json.encode(entry) + b"\n" for entry in (*old, *added)]
        try:
            atomic.write_bytes(file, b"".join(lines))
        except OSError as error:
            raise InputError(f"{file}: cannot be written: {error.strerror}") from error
    return added


class _Deleted(msgspec.Struct):
    id: str


class _Answer(msgspec.Struct):
    docs: list[_Deleted]


def beatsaver_deleted(path: Path) -> list[OptOut]:
    """Read a saved answer of BeatSaver's ``/maps/deleted``: ``{"docs": [{"id": "1a2b", "deletedAt": "..."}, ...]}``.

    Raises:
        InputError: the file cannot be read.
        BadFormat: it is no such answer.
    """
    try:
        if path.stat().st_size > limits.OPT_OUTS_BYTES:
            raise LimitExceeded("opt_outs_too_large", f"{path}: more than {limits.OPT_OUTS_BYTES:,} bytes")
        answer = msgspec.json.decode(path.read_bytes(), type=_Answer)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFormat("bad_deleted", f"no answer of BeatSaver's /maps/deleted: {error}", str(path)) from error
    strange = [one.id for one in answer.docs if not _HEX_ID.fullmatch(one.id)]
    if strange:
        raise BadFormat("bad_deleted", f"{strange[0]!r} is no id of BeatSaver (hexadecimal)", str(path))
    return [OptOut("beatsaver", one.id, "deleted on BeatSaver") for one in answer.docs]
