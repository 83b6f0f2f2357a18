"""The seam between a push and the policy: a staged folder, compared with the version before it, and its change log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from rhythm_maps.files import atomic
from rhythm_maps.publish import diff, versions
from rhythm_maps.publish.diff import Diff, Revision
from rhythm_maps.publish.facts import Change
from rhythm_maps.publish.hub import Repository

CHANGES = "meta/changes.json"
"""The change log that every version carries, newest first: what the card shows, and the next version goes on with."""
TOMBSTONES = "meta/tombstones.jsonl"


@dataclass(frozen=True, slots=True)
class Options:
    """What the policy is told; see `rhythm_maps.publish.push.push_to_hub`."""

    profile: str = "annotations"
    public: bool = False
    configs: tuple[str, ...] | None = None
    rights: str = ""
    permissions: Path | None = None
    opt_outs: Path | None = None
    force_weights: bool = False


@dataclass(frozen=True, slots=True)
class Previous:
    """The version before: what the new one is compared with."""

    repository: Repository
    commit: str
    number: versions.Number


@dataclass(frozen=True, slots=True)
class Staged:
    """A folder that is ready to be pushed.

    Attributes:
        folder: where it is.
        files: its files, relative, sorted.
        rows: config -> split -> rows.
        left_out: reason -> rows.
        diff: what changed since the version before; None without one.
        breaking: why the first number of the version must go up, in words.
    """

    folder: Path
    files: tuple[str, ...]
    rows: Mapping[str, Mapping[str, int]]
    left_out: Mapping[str, int] = field(default_factory=dict)
    diff: Diff | None = None
    breaking: tuple[str, ...] = ()


def stage(build: Path, folder: Path, options: Options, repo: str, version: str, previous: Previous | None) -> Staged:
    """Stage a build, with its change log since the version before."""
    atomic.make_folder(folder)
    info = json.loads((build / "meta" / "info.json").read_text(encoding="utf-8"))
    configs = options.configs or tuple(info["rows"])
    for path in sorted(build.rglob("*")):
        name = path.relative_to(build).as_posix()
        if path.is_file() and (name.split("/")[0] in {*configs, "meta", "assets"} or "/" not in name):
            atomic.make_folder((folder / name).parent)
            atomic.link(path, folder / name)
    rows = {config: splits for config, splits in info["rows"].items() if config in configs}
    found = diff.compare(Revision(previous.repository, previous.commit), diff.Folder(folder)) if previous else None
    changes = [_change(version, found), *_log(previous)]
    data = msgspec.json.format(msgspec.json.encode(changes, order="deterministic"), indent=2) + b"\n"
    atomic.write_bytes(folder / CHANGES, data)
    atomic.write_bytes(folder / "VERSION", f"{repo} {version}\n".encode())
    files = tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()))
    return Staged(folder, files, rows, {}, found, found.breaking() if found else ())


def _change(version: str, found: Diff | None) -> Change:
    """Return the change log's entry of a version."""
    if found is None:
        return Change(version, notes=("The first version.",))
    rows = found.rows
    return Change(version, rows.added, rows.removed, rows.changed, notes=found.breaking())


def _log(previous: Previous | None) -> list[Any]:
    """Return the change log of the version before."""
    if previous is None:
        return []
    data = previous.repository.read(CHANGES, previous.commit)
    return msgspec.json.decode(data, type=list[Change]) if data else []
