"""Takes published rows back: no revision of the repository serves them afterwards.

::

    look       which refs hold the rows, and which have them in their history
    publish    a version without them, and with their tombstones, on main; it has no tag yet
    take back  tags and branches that hold the rows are removed
    squash     main, and what else held the rows only in its history, get a history of one commit
    forget     large files that hold the rows, or that no ref has any more, are deleted from the Hub's storage
    check      every ref is walked again: nothing that can be read holds a row
    tag        the new version

Rows are found by what they are, not by which version said so, so a withdrawal that was stopped anywhere goes on when it
runs again. Copies that others have downloaded cannot be taken back: the tombstones tell them what to delete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from rhythm_maps.build.opt_outs import OptOuts, sha256_of
from rhythm_maps.build.previous import INFO_FILE
from rhythm_maps.errors import HubError, UsageError
from rhythm_maps.publish import staging, versions
from rhythm_maps.publish.hub import MAIN, RemoteFile, Repository, State
from rhythm_maps.publish.policy import DEFAULT_PROFILE
from rhythm_maps.publish.push import publish_staged
from rhythm_maps.publish.quiet import no_local_paths
from rhythm_maps.publish.records import Tombstone
from rhythm_maps.publish.staging import Options

KINDS = ("chart", "mapset", "track")
"""What an id may be the id of; whatever carries it goes."""
REASON = "withdrawn"
_IDS = ("chart_id", "mapset_id", "track_id", "chart_ids", "beatmap_id", "beatmapset_id", "file_sha256")
_HEAD = f"refs/heads/{MAIN}"
_OURS = ("refs/tags/", "refs/heads/")
"""Refs that an owner can change; pull requests and conversions are the Hub's."""
_GONE = 404


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal came to, or would come to.

    Attributes:
        repo: the repository.
        version: the version without the rows.
        commit: its commit; "" after a dry run.
        rows: config -> rows that are gone from the head.
        taken_back: tags and branches that held the rows, by full name.
        rewritten: refs that did not hold them and whose history did: same files, another commit.
        deleted: large files that the storage no longer has.
    """

    repo: str
    version: str
    commit: str
    rows: Mapping[str, int]
    taken_back: tuple[str, ...]
    rewritten: tuple[str, ...] = ()
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the rows are.

    Attributes:
        holding: refs that hold a row, by full name.
        history: refs that hold none themselves, and have a commit that does.
        bad: all large files that hold a row, in any commit of a ref, by sha256.
        keys: ``kind:sha256`` of the ids, by what they turned out to be the ids of.
    """

    holding: tuple[str, ...]
    history: tuple[str, ...]
    bad: frozenset[str]
    keys: frozenset[str]


def withdraw(
    repository: Repository,
    ids: Sequence[str],
    version: str,
    *,
    reason: str = "",
    dry_run: bool = False,
    note: Callable[[str], None] = lambda text: None,
) -> Withdrawn:
    """Withdraw rows from a published dataset.

    Args:
        repository: where they are.
        ids: chart, mapset or track ids; every row that carries one goes, in every config.
        version: number of the version without them, the first number above that of the last.
        reason: a few words for the tombstones; "withdrawn" without.
        dry_run: only look.
        note: told each step in a few words.

    Raises:
        UsageError: no such repository or rows, or a version that does not go up enough.
        HubError: the Hub refused or could not be reached; run it again.
        Conflict: somebody else has pushed in the meantime.
    """
    number = versions.parse(version)
    if not ids or not all(one.strip() for one in ids):
        raise UsageError("name at least one chart, mapset or track id to withdraw")
    state = repository.state()
    if state is None:
        raise UsageError(f"{repository.name}: the Hub shows no such dataset. Check the name and the token.")
    note("looking for the rows in every version")
    found = _look(repository, ids)
    tags = repository.tags()
    tag = versions.tag_of(number)
    if not found.bad:
        return _nothing_left(repository, state, ids, number, tags)
    _check_number(repository, number, tags, found)
    taken = tuple(ref for ref in found.holding if ref != _HEAD and ref.startswith(_OURS))
    past = tuple(ref for ref in found.history if ref != _HEAD and ref.startswith(_OURS))
    if dry_run:
        return Withdrawn(repository.name, versions.text(number), "", {}, taken, past, len(found.bad))
    rows = {}
    if _HEAD in found.holding or not _recorded(repository, state, found.keys):
        rows = _publish(repository, state, found.keys, number, reason, note)
    note(f"taking back {len(taken)} versions")
    for ref in taken:
        repository.remove_ref(ref)
    commit = repository.squash(MAIN, f"Version {versions.text(number)}")
    for ref in past:
        _cut_history(repository, ref)
    orphans = _orphans(repository, found)
    note(f"deleting {len(orphans)} files from the storage")
    repository.forget(orphans)
    _check(repository, ids)
    repository.tag(tag, commit)
    return Withdrawn(repository.name, versions.text(number), commit, rows, taken, past, len(orphans))


def _check_number(repository: Repository, number: versions.Number, tags: Mapping[str, str], found: _Found) -> None:
    tag = versions.tag_of(number)
    if tag in tags:
        if f"refs/tags/{tag}" in found.holding:
            raise UsageError(f"{repository.name}: {tag} holds the rows itself. Withdraw them in a version above it.")
        return
    known = versions.numbers(tags)
    versions.check_follows(number, known)
    versions.check_major(number, known[-1] if known else None, ["rows that it holds are withdrawn"])


def _recorded(repository: Repository, state: State, keys: frozenset[str]) -> bool:
    """Tell whether the head has a tombstone for each key: where only older versions hold the rows, it lacks them."""
    stones = staging.tombstones(repository, state.head)
    return keys <= {f"{stone.kind}:{stone.sha256}" for stone in stones}


def _nothing_left(
    repository: Repository, state: State, ids: Sequence[str], number: versions.Number, tags: Mapping[str, str]
) -> Withdrawn:
    """Finish a withdrawal that was stopped before its tag, or say that there is nothing to withdraw."""
    version, tag = versions.text(number), versions.tag_of(number)
    stones = staging.tombstones(repository, state.head)
    gone = {stone.sha256 for stone in stones if stone.version == version}
    if not gone.issuperset(sha256_of(one) for one in ids):
        raise UsageError(
            f"{repository.name}: no version of it holds {', '.join(ids[:3])}, so nothing was changed. Give a "
            "chart_id, mapset_id or track_id as its rows have them."
        )
    if tag not in tags:
        repository.tag(tag, state.head)
    return Withdrawn(repository.name, version, state.head, {}, ())


# --- looking ----------------------------------------------------------------------------------------------------------


class _Search:
    """Looks for rows in Parquet files; equal files and commits are looked at once."""

    def __init__(self, repository: Repository, ids: Sequence[str]) -> None:
        self._repository = repository
        self._wanted = OptOuts(tuple(sorted(f"{kind}:{sha256_of(one)}" for one in ids for kind in KINDS)))
        self._files: dict[str, frozenset[str]] = {}
        self._commits: dict[str, frozenset[str]] = {}
        self.keys: set[str] = set()

    def commit(self, commit: str) -> frozenset[str]:
        """Return the large files of a commit that hold a row, by sha256."""
        if commit not in self._commits:
            tree = self._repository.tree(commit)
            self._commits[commit] = frozenset(
                file.digest for path, file in tree.items() if file.large and self._file(commit, path, file)
            )
        return self._commits[commit]

    def _file(self, commit: str, path: str, file: RemoteFile) -> frozenset[str]:
        """Return the keys of a Parquet file's rows."""
        if not path.endswith(".parquet"):
            return frozenset()
        if file.digest not in self._files:
            try:
                found = self._repository.ask(f"read {path}", lambda: self._read(commit, path))
            except HubError as error:
                if error.status != _GONE:
                    raise
                found = frozenset()  # a withdrawal that was stopped has deleted it already
            self._files[file.digest] = found
            self.keys |= found
        return self._files[file.digest]

    def _read(self, commit: str, path: str) -> frozenset[str]:
        with self._repository.open_remote(path, commit) as opened:
            parquet = pq.ParquetFile(opened)
            there = [name for name in _IDS if name in parquet.schema_arrow.names]
            table = parquet.read(there) if there else None
        if table is None or not any(self._wanted.mask(table)):
            return frozenset()
        return frozenset(key for key in self._wanted.keys if any(OptOuts((key,)).mask(table)))


def _look(repository: Repository, ids: Sequence[str]) -> _Found:
    """Find the rows in the files of every ref, and of every commit in its history."""
    search = _Search(repository, ids)
    holding, history = [], []
    bad: set[str] = set()
    for ref, head in sorted(repository.refs().items()):
        past: frozenset[str] = frozenset().union(*map(search.commit, repository.history(head)[1:]))
        if search.commit(head):
            holding.append(ref)
        elif past:
            history.append(ref)
        bad |= past | search.commit(head)
    return _Found(tuple(holding), tuple(history), frozenset(bad), frozenset(search.keys))


def _orphans(repository: Repository, found: _Found) -> set[str]:
    """Return the stored files that hold rows, and those of no ref that is left: credits and the like.

    The Hub's own conversions of a version that is taken back do not count as refs: it makes them anew.
    """
    heads = {head for ref, head in repository.refs().items() if ref.startswith(_OURS) or ref not in found.holding}
    commits = {commit for head in heads for commit in repository.history(head)}
    reachable = {file.digest for commit in commits for file in repository.tree(commit).values() if file.large}
    return set(found.bad) | (repository.stored().keys() - reachable)


# --- changing ---------------------------------------------------------------------------------------------------------


def _publish(
    repository: Repository,
    state: State,
    keys: frozenset[str],
    number: versions.Number,
    reason: str,
    note: Callable[[str], None],
) -> dict[str, int]:
    """Commit the head without the rows; return config -> rows that are gone."""
    version = versions.text(number)
    pairs = [key.split(":") for key in sorted(keys)]
    stones = [Tombstone(kind, digest, version, reason or REASON) for kind, digest in pairs]
    info = versions.read_json(repository, INFO_FILE, state.head)
    options = Options(
        profile=str(info.get("profile", DEFAULT_PROFILE)),
        public=not state.private,
        rights=str(info.get("rights", {}).get("basis", "")),
        force_weights=True,
    )
    with no_local_paths(), TemporaryDirectory(prefix="rhythm-maps-") as place:
        folder = Path(place) / "head"
        note("downloading the head")
        repository.download(folder, state.head, ["*.parquet", "meta/*"])
        staged = staging.stage(
            folder,
            Path(place) / "staged",
            options,
            repository.name,
            version,
            staging.Previous(repository, state.head),
            withdrawn=stones,
            notes=["Rows were withdrawn, and with them the versions that held them."],
        )
        note("publishing the version without them")
        publish_staged(repository, staged, f"Version {version}")
    return dict(staged.diff.rows.removed) if staged.diff else {}


def _cut_history(repository: Repository, ref: str) -> None:
    """Give a ref that holds none of the rows a history of one commit: the same files, under another commit id."""
    kind, _, name = ref.removeprefix("refs/").partition("/")
    if kind == "heads":
        repository.squash(name, f"{name} without its history")
        return
    # A tag cannot be squashed, and a branch can.
    branch = f"rewriting-{name}"
    repository.branch(branch, repository.tags()[name])
    commit = repository.squash(branch, f"Version {name.removeprefix('v')}")
    repository.remove_ref(ref)
    repository.tag(name, commit)
    repository.remove_ref(f"refs/heads/{branch}")


def _check(repository: Repository, ids: Sequence[str]) -> None:
    left = _look(repository, ids)
    if left.bad:
        refs = ", ".join([*left.holding, *left.history][:5])
        raise HubError(
            f"{repository.name}: rows are still reachable from {refs}. Close pull requests that hold them, then run "
            "the same command again; the new version gets its tag when no revision holds them."
        )
