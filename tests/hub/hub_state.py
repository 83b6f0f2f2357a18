"""What a Hub remembers: repositories of commits, refs and blobs, with the rules that their changes follow.

A commit is a tree (path -> `Blob`) and its parent. Bytes of large files lie on disk under their sha256, those of small
ones in memory under their git id. A commit that no ref reaches is gone, as after the Hub's own squash.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path


class Refused(Exception):  # noqa: N818 - reads as what it is
    """The answer is an error: a status, the code that clients read in X-Error-Code, and a sentence."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Blob:
    """One version of a file: sha256 of a large one, git's sha1 of a small one."""

    oid: str
    size: int
    lfs: bool

    @property
    def git_oid(self) -> str:
        return git_id(pointer(self.oid, self.size)) if self.lfs else self.oid


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    tree: dict[str, Blob]
    title: str


def git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


@dataclass
class Repo:
    """One dataset repository. Methods raise `Refused`; the caller holds `Hub.lock`."""

    id: str
    folder: Path
    private: bool = False
    gated: str | bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pulls: dict[str, str] = field(default_factory=dict)
    converts: dict[str, str] = field(default_factory=dict)
    small: dict[str, bytes] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        attributes = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
        self.small[git_id(attributes)] = attributes
        blob = Blob(git_id(attributes), len(attributes), lfs=False)
        self.branches["main"] = self.add(None, {".gitattributes": blob}, "initial commit")

    def refs(self) -> dict[str, str]:
        """Full name of every ref -> its commit."""
        return {
            **{f"refs/heads/{name}": oid for name, oid in self.branches.items()},
            **{f"refs/tags/{name}": oid for name, oid in self.tags.items()},
            **self.pulls,
            **self.converts,
        }

    def reachable(self) -> set[str]:
        found: set[str] = set()
        for oid in self.refs().values():
            at: str | None = oid
            while at is not None and at not in found:
                found.add(at)
                at = self.commits[at].parent
        return found

    def resolve(self, revision: str) -> Commit:
        """Find a branch, tag, full ref or commit id (7 digits or more) that a ref still reaches."""
        named = {**self.tags, **self.branches, **self.refs()}
        if revision in named:
            return self.commits[named[revision]]
        if len(revision) >= 7:
            for oid in self.reachable():
                if oid.startswith(revision):
                    return self.commits[oid]
        raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def add(self, parent: str | None, tree: dict[str, Blob], title: str) -> str:
        words = [parent, title, {path: [blob.oid, blob.size] for path, blob in sorted(tree.items())}]
        oid = hashlib.sha1(json.dumps(words).encode()).hexdigest()
        self.commits[oid] = Commit(oid, parent, tree, title)
        return oid

    def commit(self, branch: str, lines: list[dict]) -> str:
        """Apply a whole commit or nothing of it."""
        header = next(line["value"] for line in lines if line["key"] == "header")
        if branch not in self.branches:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        head = self.branches[branch]
        expected = header.get("parentCommit")
        if expected and not head.startswith(expected):
            raise Refused(412, "", "A commit has happened since. Please refresh and try again.")
        tree = dict(self.commits[head].tree)
        small = {}
        for line in lines:
            key, value = line["key"], line["value"]
            path = value.get("path", "")
            if key == "file":
                data = value["data"]
                small[git_id(data)] = data
                tree[path] = Blob(git_id(data), len(data), lfs=False)
            elif key == "lfsFile":
                if not self.large(value["oid"]).is_file():
                    raise Refused(400, "", f"lfs object {value['oid']} of {path} was not uploaded")
                tree[path] = Blob(value["oid"], self.large(value["oid"]).stat().st_size, lfs=True)
            elif key == "deletedFile":
                if path not in tree:
                    raise Refused(404, "EntryNotFound", f"A file with this name doesn't exist: {path}")
                del tree[path]
            elif key == "deletedFolder":
                tree = {name: blob for name, blob in tree.items() if not name.startswith(path.rstrip("/") + "/")}
        self.small.update(small)
        self.branches[branch] = self.add(head, tree, header["summary"])
        return self.branches[branch]

    def squash(self, branch: str, message: str) -> None:
        if branch not in self.branches:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        self.branches[branch] = self.add(None, self.commits[self.branches[branch]].tree, message)

    def large(self, sha256: str) -> Path:
        return self.folder / sha256

    def data(self, blob: Blob) -> bytes:
        """The bytes of a blob, which may have been deleted for good."""
        if not blob.lfs:
            return self.small[blob.oid]
        if not self.large(blob.oid).is_file():
            raise Refused(404, "EntryNotFound", "The file was permanently deleted")
        return self.large(blob.oid).read_bytes()

    def forget(self, shas: list[str], *, rewrite: bool) -> None:
        """Delete large files for good; with `rewrite` also their pointers in every commit."""
        for sha in shas:
            self.large(sha).unlink(missing_ok=True)
        if rewrite:
            gone = set(shas)
            for oid, commit in list(self.commits.items()):
                kept = {path: blob for path, blob in commit.tree.items() if not (blob.lfs and blob.oid in gone)}
                self.commits[oid] = Commit(oid, commit.parent, kept, commit.title)

    def read(self, revision: str, path: str) -> bytes:
        blob = self.resolve(revision).tree.get(path)
        if blob is None:
            raise Refused(404, "EntryNotFound", f"{path} does not exist on {revision}")
        return self.data(blob)


@dataclass
class Hub:
    """All repositories, who may do what, and how files are sent.

    Attributes:
        users: token -> name; a repository belongs to the name before its "/".
        lfs: Parquet goes to large storage; False sends every file inside the commit, as needed where Xet is on.
        part_size: size from which an upload is sent in parts of that size.
    """

    folder: Path
    users: dict[str, str]
    lfs: bool = True
    part_size: int = 1 << 40
    repos: dict[str, Repo] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, repo: str, *, private: bool) -> Repo:
        if repo in self.repos:
            raise Refused(409, "", "You already created this dataset repo")
        self.repos[repo] = Repo(repo, self.folder / repo.replace("/", "+"), private=private)
        return self.repos[repo]

    def open(self, repo: str, user: str, *, write: bool = False) -> Repo:
        """A repository, where this user may see it (and write to it)."""
        found = self.repos.get(repo)
        owner = bool(user) and repo.startswith(f"{user}/")
        if found is None or (found.private and not owner):
            raise Refused(404 if user else 401, "RepoNotFound", "Repository not found")
        if write and not owner:
            raise Refused(403, "", "You have read access but not write access to this repository")
        return found

    def open_content(self, repo: str, user: str) -> Repo:
        """As `open`, for the bytes of files, which a gate may close."""
        found = self.open(repo, user)
        if found.gated and not repo.startswith(f"{user or '-'}/") and user not in found.allowed:
            raise Refused(403 if user else 401, "GatedRepo", f"Access to dataset {repo} is restricted")
        return found
