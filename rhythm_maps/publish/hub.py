"""One dataset repository on the Hub: what we ask of it, with our own retry, and errors that say what to do.

The only module that talks to ``huggingface_hub``. Its client retries uploads, but neither commits nor settings, and
gives up where a second try would do. Every call here may be made twice without harm.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from rhythm_maps import limits
from rhythm_maps.errors import Conflict, HubError, UsageError
from rhythm_maps.publish.retry import retrying

MAIN = "main"
_KIND = "dataset"
_CHUNK = 1 << 20
_BLOCK = 1 << 18
"""What is read ahead of a Parquet footer or a column: much less than the 5 MB that the client takes by itself."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class State:
    """What a repository is at the moment: its head, whether only its owner sees it, and whether a gate is set."""

    head: str
    private: bool
    gated: bool


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a revision.

    Attributes:
        size: bytes.
        digest: sha256 of its bytes where the Hub keeps it as a large file, else its git id.
        large: which of the two.
    """

    size: int
    digest: str
    large: bool

    def same_as(self, local: Local) -> bool:
        """Tell whether a local file has the same bytes."""
        return local.size == self.size and self.digest == (local.sha256 if self.large else local.git_id)


class Local:
    """A file of ours, hashed once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """Its sha256 in hex."""
        return sha256(self.path)

    @cached_property
    def git_id(self) -> str:
        """The id that git gives its bytes."""
        return _git_id(self.path)


def sha256(path: Path) -> str:
    """Return the sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_id(path: Path) -> str:
    """Return the id that git gives a file's bytes."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Repository:
    """A dataset repository, which need not exist yet."""

    def __init__(self, repo: str, *, token: str | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        """Name the repository; nothing is asked of the Hub yet.

        Args:
            repo: "owner/name".
            token: access token; None for the one that ``hf auth login`` or HF_TOKEN gave.
            pause: called with the seconds to wait between tries.

        Raises:
            UsageError: `repo` is no such name.
        """
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
            raise UsageError(f"{repo}: expected a Hub repository such as your-name/osu-maps")
        from huggingface_hub import HfApi  # noqa: PLC0415 - heavy, and only publishing needs it

        self.name = repo
        self.token = token
        self._pause = pause
        self._api = HfApi(token=token)

    # --- reading ------------------------------------------------------------------------------------------------------

    def state(self) -> State | None:
        """Return the state of the repository, or None where there is none that this token may see."""
        from huggingface_hub.errors import RepositoryNotFoundError  # noqa: PLC0415 - as above

        def ask() -> State | None:
            try:
                info = self._api.dataset_info(self.name, revision=MAIN)
            except RepositoryNotFoundError:
                return None
            return State(str(info.sha), bool(info.private), bool(info.gated))

        return self.ask("look at the repository", ask)

    def tree(self, revision: str) -> dict[str, RemoteFile]:
        """Return the files of a revision by path."""
        from huggingface_hub.hf_api import RepoFile  # noqa: PLC0415 - as above

        def ask() -> dict[str, RemoteFile]:
            found = {}
            for entry in self._api.list_repo_tree(self.name, recursive=True, revision=revision, repo_type=_KIND):
                if isinstance(entry, RepoFile):
                    digest = entry.lfs.sha256 if entry.lfs else entry.blob_id
                    found[entry.path] = RemoteFile(entry.size, digest, bool(entry.lfs))
            return found

        return self.ask(f"list the files of {revision}", ask)

    def refs(self) -> dict[str, str]:
        """Return the commit of every branch, tag, pull request and conversion by its full name (refs/tags/v1.0.0)."""

        def ask() -> dict[str, str]:
            refs = self._api.list_repo_refs(self.name, repo_type=_KIND, include_pull_requests=True)
            every = [*refs.branches, *refs.tags, *refs.converts, *(refs.pull_requests or [])]
            return {ref.ref: ref.target_commit for ref in every}

        return self.ask("list its versions", ask)

    def tags(self) -> dict[str, str]:
        """Return the commit of every tag by its name."""
        prefix = "refs/tags/"
        return {ref.removeprefix(prefix): commit for ref, commit in self.refs().items() if ref.startswith(prefix)}

    def history(self, revision: str) -> list[str]:
        """Return the ids of a revision's commits, newest first."""

        def ask() -> list[str]:
            return [c.commit_id for c in self._api.list_repo_commits(self.name, repo_type=_KIND, revision=revision)]

        return self.ask(f"list the commits of {revision}", ask)

    def read(self, path: str, revision: str) -> bytes | None:
        """Return the bytes of a small file, or None where the revision has none of that name."""
        from huggingface_hub.errors import RemoteEntryNotFoundError  # noqa: PLC0415 - as above

        def ask() -> bytes | None:
            with tempfile.TemporaryDirectory(prefix="rhythm-maps-") as folder:
                try:
                    found = self._api.hf_hub_download(
                        self.name, path, repo_type=_KIND, revision=revision, local_dir=folder
                    )
                except RemoteEntryNotFoundError:
                    return None
                return Path(found).read_bytes()

        return self.ask(f"read {path}", ask)

    def download(self, folder: Path, revision: str, patterns: Iterable[str]) -> None:
        """Download the files of a revision that match `patterns` into a folder."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - as above

        def ask() -> None:
            snapshot_download(
                self.name,
                repo_type=_KIND,
                revision=revision,
                local_dir=folder,
                allow_patterns=list(patterns),
                token=self.token,
            )

        self.ask("download its files", ask)

    def list_for_reading(self, commit: str) -> None:
        """List a commit once for all files of it that `open_remote` will open."""
        self.ask(f"list the files of {commit}", lambda: self._files.find(f"datasets/{self.name}@{commit}"))

    def open_remote(self, path: str, commit: str) -> Any:
        """Open a file of a commit for reading by ranges."""

        def ask() -> Any:
            return self._files.open(f"datasets/{self.name}@{commit}/{path}", "rb", block_size=_BLOCK)

        return self.ask(f"open {path}", ask)

    @cached_property
    def _files(self) -> Any:
        from huggingface_hub import HfFileSystem  # noqa: PLC0415 - as above

        # An instance of our own: fsspec's shared ones remember listings of commits that a withdrawal rewrites.
        return HfFileSystem(token=self.token, skip_instance_cache=True)

    # --- writing ------------------------------------------------------------------------------------------------------

    def create(self) -> State:
        """Create the repository, private, where there is none; return its state."""

        def ask() -> None:
            # The client takes every 409 for "it exists" and reads an address from it, also from one that says "busy".
            with suppress(KeyError):
                self._api.create_repo(self.name, repo_type=_KIND, private=True, exist_ok=True)

        for _ in range(limits.HUB_TRIES):
            if (state := self.state()) is not None:
                return state
            self.ask("create the repository", ask)
            if (state := self.state()) is not None:
                return state
            self._pause(1.0)
        raise HubError(f"{self.name}: the Hub says that it was created, but does not show it. Try again later.")

    def set_gate(self) -> None:
        """Let readers ask for access, which is given at once: who downloads is known and has seen the terms."""
        self.ask("set the gate", lambda: self._api.update_repo_settings(self.name, gated="auto", repo_type=_KIND))

    def set_public(self) -> None:
        """Let everybody see the repository."""
        self.ask("make it public", lambda: self._api.update_repo_settings(self.name, private=False, repo_type=_KIND))

    def commit(self, message: str, add: Mapping[str, Local], delete: Iterable[str], parent: str) -> str:
        """Upload files, then make them visible, and others disappear, in one commit on top of `parent`.

        An answer that got lost is found out by looking: the commit above `parent` is ours when it holds what we sent.

        Returns:
            The id of the commit.

        Raises:
            Conflict: somebody else's commit stands on `parent`.
            HubError: as always; nothing of it is visible then.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete  # noqa: PLC0415 - as above

        deleted = sorted(delete)
        additions = [CommitOperationAdd(path, add[path].path) for path in sorted(add)]
        deletions = [CommitOperationDelete(path, is_folder=False) for path in deleted]

        def upload() -> None:
            self._api.preupload_lfs_files(self.name, additions, repo_type=_KIND, free_memory=False)

        def send() -> str:
            if (landed := self._landed(add, deleted, parent)) is None:
                self._api.create_commit(
                    self.name,
                    [*additions, *deletions],
                    commit_message=message,
                    repo_type=_KIND,
                    parent_commit=parent,
                )
                landed = self._landed(add, deleted, parent)
            if landed is None:
                raise HubError(f"{self.name}: the Hub took a commit that it does not show. Run the same command again.")
            return landed

        self.ask("upload files", upload)
        return self.ask("commit", send)

    def _landed(self, add: Mapping[str, Local], deleted: Iterable[str], parent: str) -> str | None:
        """Return the commit above `parent` when it is ours, or None while `parent` is the head.

        Raises:
            Conflict: it is somebody else's.
        """
        history = self.history(MAIN)
        if history[0] == parent:
            return None
        above = history[history.index(parent) - 1] if parent in history else history[0]
        tree = self.tree(above)
        gone = tree.keys().isdisjoint(deleted)
        if parent in history and gone and all(path in tree and tree[path].same_as(add[path]) for path in add):
            return above
        raise Conflict(
            f"{self.name}: somebody else has pushed while this push was on its way (commit {above[:8]}). Theirs "
            f"stands, and nothing of yours is visible. Look at it with rhythm-maps versions {self.name}, then push "
            "again: what was uploaded is not sent twice."
        )

    def tag(self, name: str, commit: str) -> None:
        """Give a commit a tag.

        Raises:
            Conflict: the tag exists on another commit.
        """

        def ask() -> None:
            there = self.tags().get(name)
            if there is None:
                self._api.create_tag(self.name, tag=name, revision=commit, repo_type=_KIND)
            elif there != commit:
                raise Conflict(f"{self.name}: somebody else has made {name} in the meantime. Push as another version.")

        self.ask(f"make the tag {name}", ask)

    def remove_ref(self, ref: str) -> None:
        """Remove a tag or a branch by its full name; one that is gone already is left so."""
        from huggingface_hub.errors import RevisionNotFoundError  # noqa: PLC0415 - as above

        def ask() -> None:
            try:
                if ref.startswith("refs/tags/"):
                    self._api.delete_tag(self.name, tag=ref.removeprefix("refs/tags/"), repo_type=_KIND)
                else:
                    self._api.delete_branch(self.name, branch=ref.removeprefix("refs/heads/"), repo_type=_KIND)
            except RevisionNotFoundError:
                return

        self.ask(f"remove {ref}", ask)

    def branch(self, name: str, commit: str) -> None:
        """Make a branch at a commit."""

        def ask() -> None:
            self._api.create_branch(self.name, branch=name, revision=commit, repo_type=_KIND, exist_ok=True)

        self.ask(f"make the branch {name}", ask)

    def squash(self, branch: str, message: str) -> str:
        """Replace a branch's history by one commit of its present files; return that commit."""
        self.ask(
            f"squash {branch}",
            lambda: self._api.super_squash_history(self.name, branch=branch, commit_message=message, repo_type=_KIND),
        )
        return self.refs()[f"refs/heads/{branch}"]

    def stored(self) -> dict[str, Any]:
        """Return what the Hub stores of large files in any version, by sha256."""
        return self.ask(
            "list stored files",
            lambda: {file.file_oid: file for file in self._api.list_lfs_files(self.name, repo_type=_KIND)},
        )

    def forget(self, digests: Iterable[str]) -> None:
        """Delete large files for good, by sha256, from the storage and from every commit that names them."""
        stored = self.stored()
        files = [stored[digest] for digest in sorted(digests) if digest in stored]
        if files:
            self.ask(
                "delete stored files",
                lambda: self._api.permanently_delete_lfs_files(self.name, files, rewrite_history=True, repo_type=_KIND),
            )

    def ask(self, what: str, call: Callable[[], _T]) -> _T:
        """Make a call until it succeeds, fails for good, or was tried often enough.

        Raises:
            HubError: it failed; `what` says in the message what could not be done.
        """
        return retrying(self.name, what, call, self._pause)
