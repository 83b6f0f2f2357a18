"""What a push adds to the policy's staged folder: a comparison with the version before, and the change log of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rhythm_maps.build import opt_outs
from rhythm_maps.build.opt_outs import OptOuts, sha256_of
from rhythm_maps.errors import BadFormat
from rhythm_maps.files import atomic
from rhythm_maps.publish import records
from rhythm_maps.publish.diff import Diff, Folder, Revision, compare
from rhythm_maps.publish.facts import CHANGES, Change
from rhythm_maps.publish.hub import Repository
from rhythm_maps.publish.policy import OPTED_OUT
from rhythm_maps.publish.records import TOMBSTONES_FILE, Tombstone
from rhythm_maps.publish.stage import stage as stage_by_policy

_SHOWN = 3


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
    """The version before: what the new one is compared with, and goes on from."""

    repository: Repository
    commit: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A folder that is ready to be pushed.

    Attributes:
        folder: where it is.
        files: its files, relative, sorted.
        rows: config -> split -> rows.
        left_out: reason -> rows.
        examples: reason -> the first ids of these.
        diff: what changed since the version before; None without one.
        breaking: why the first number of the version must go up, in words.
    """

    folder: Path
    files: tuple[str, ...]
    rows: Mapping[str, Mapping[str, int]]
    left_out: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    diff: Diff | None = None
    breaking: tuple[str, ...] = ()


def stage(
    build: Path,
    folder: Path,
    options: Options,
    repo: str,
    version: str,
    previous: Previous | None,
    *,
    withdrawn: Sequence[Tombstone] = (),
    notes: Sequence[str] = (),
) -> Staged:
    """Stage a build, with its change log since the version before.

    Rows that were withdrawn stay out, in whatever build they come back.

    Args:
        build: the build, or a published version that a withdrawal stages again.
        folder: the folder to make.
        options: what the policy is told.
        repo: "owner/name".
        version: the version being published.
        previous: the version before; None for the first.
        withdrawn: rows that go now; `build` is a published version then.
        notes: sentences for the change log.

    Raises:
        As `rhythm_maps.publish.stage.stage`, and HubError.
    """
    known = tombstones(previous.repository, previous.commit) if previous else []
    stones = [*known, *withdrawn]
    log = _log(previous)
    found: list[Diff] = []

    def changes(new: Path) -> list[Change]:
        if previous is not None:
            found.append(compare(Revision(previous.repository, previous.commit), Folder(new)))
        entries = [_change(version, found[0] if found else None, notes), *log]
        with atomic.create(new / CHANGES) as file:
            file.write(msgspec.json.format(msgspec.json.encode(entries, order="deterministic"), indent=2) + b"\n")
        return entries

    staged = stage_by_policy(
        build,
        folder,
        profile=options.profile,
        configs=options.configs,
        public=options.public,
        rights=options.rights,
        permissions=options.permissions,
        opt_outs=_with_withdrawn(options, stones, own=not withdrawn),
        repo=repo,
        version=version,
        changes=changes,
        tombstones=stones,
        force_weights=options.force_weights,
        again=bool(withdrawn),
    )
    diff = found[0] if found else None
    new_stones = records.read_tombstones(folder / TOMBSTONES_FILE)
    return Staged(
        staged.folder,
        tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())),
        staged.rows,
        staged.left_out,
        staged.examples,
        diff,
        (*diff.breaking(), *_taken_back(diff, known, new_stones)) if diff else (),
    )


def _with_withdrawn(options: Options, stones: Iterable[Tombstone], *, own: bool) -> OptOuts:
    """Return the opt-outs of this person (where they count), and every row that was withdrawn."""
    keys = opt_outs.read(options.opt_outs).keys if own else ()
    withdrawn = (f"{stone.kind}:{stone.sha256}" for stone in stones if stone.reason != OPTED_OUT)
    return OptOuts(tuple(sorted({*keys, *withdrawn})))


def _taken_back(diff: Diff, known: Iterable[Tombstone], stones: Iterable[Tombstone]) -> tuple[str, ...]:
    """Say which published rows are withdrawn in this version."""
    before = {(stone.kind, stone.sha256) for stone in known}
    fresh = {stone.sha256 for stone in stones if (stone.kind, stone.sha256) not in before}
    gone = sorted({row for ids in diff.removed_ids.values() for row in ids if sha256_of(row) in fresh})
    if not gone:
        return ()
    more = f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
    return (f"rows were withdrawn that the last version holds: {', '.join(gone[:_SHOWN])}{more}",)


def tombstones(repository: Repository, commit: str) -> list[Tombstone]:
    """Return the tombstones of a published version."""
    data = repository.read(TOMBSTONES_FILE, commit)
    try:
        return [msgspec.json.decode(line, type=Tombstone) for line in (data or b"").splitlines() if line.strip()]
    except msgspec.DecodeError as error:
        raise _damaged(TOMBSTONES_FILE, error) from error


def _log(previous: Previous | None) -> list[Change]:
    """Return the change log of the version before."""
    data = previous.repository.read(CHANGES, previous.commit) if previous else None
    try:
        return msgspec.json.decode(data, type=list[Change]) if data else []
    except msgspec.DecodeError as error:
        raise _damaged(CHANGES, error) from error


def _damaged(name: str, error: Exception) -> BadFormat:
    return BadFormat("bad_previous", f"the last version's {name} is not what a push writes: {error}", name)


def _change(version: str, found: Diff | None, notes: Sequence[str]) -> Change:
    """Return the change log's entry of a version."""
    if found is None:
        return Change(version, notes=("The first version.", *notes))
    rows = found.rows
    words = tuple(f"{word[0].upper()}{word[1:]}." for word in found.breaking())
    return Change(version, rows.added, rows.removed, rows.changed, (*notes, *words))
