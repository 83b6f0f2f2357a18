"""The answers of the test Hub, address by address."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

import yaml
from hub_state import Blob, Commit, Refused, Repo

DATE = "2020-01-01T00:00:00.000Z"
PAGE = 100
"""Entries of a tree that are listed at once; the client asks for the next page."""


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    user: str = ""

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, status: int = 200, **headers: str) -> Answer:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


# --- repositories and their settings ---------------------------------------------------------------------------------


def _whoami(test_hub: Any, request: Request) -> Answer:
    if not request.user:
        raise Refused(401, "", "Invalid username or password.")
    return Answer.of({"type": "user", "name": request.user, "auth": {"type": "access_token"}, "orgs": []})


def _create(test_hub: Any, request: Request) -> Answer:
    wanted = request.json
    owner = wanted.get("organization") or request.user
    if not request.user or owner != request.user:
        raise Refused(403 if request.user else 401, "", f"You don't have the rights to create a dataset under {owner}")
    repo = test_hub.hub.create(f"{owner}/{wanted['name']}", private=wanted.get("visibility") == "private")
    return Answer.of({"url": f"{test_hub.url}/datasets/{repo.id}", "name": repo.id, "id": repo.id})


def _settings(test_hub: Any, request: Request, name: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    wanted = request.json
    repo.gated = wanted.get("gated", repo.gated)
    repo.private = wanted["visibility"] == "private" if "visibility" in wanted else repo.private
    return Answer.of({"private": repo.private, "gated": repo.gated})


def _info(test_hub: Any, request: Request, name: str, revision: str = "main") -> Answer:
    repo = test_hub.hub.open(name, request.user)
    commit = repo.resolve(revision)
    return Answer.of(
        {
            "id": repo.id,
            "_id": "0",
            "sha": commit.oid,
            "author": repo.id.split("/")[0],
            "private": repo.private,
            "gated": repo.gated,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "createdAt": DATE,
            "lastModified": DATE,
            "siblings": [{"rfilename": path} for path in sorted(commit.tree)],
        }
    )


def _refs(test_hub: Any, request: Request, name: str) -> Answer:
    repo = test_hub.hub.open(name, request.user)

    def listed(refs: dict[str, str], prefix: str) -> list[dict[str, str]]:
        return [{"name": ref.removeprefix(prefix), "ref": ref, "targetCommit": oid} for ref, oid in refs.items()]

    every = repo.refs()
    kinds = {"branches": "refs/heads/", "tags": "refs/tags/", "converts": "refs/convert/", "pullRequests": "refs/pr/"}
    answer = {k: listed({r: o for r, o in every.items() if r.startswith(p)}, p) for k, p in kinds.items()}
    if "include_prs" not in request.query and "include_pull_requests" not in request.query:
        del answer["pullRequests"]
    return Answer.of(answer)


def _commits(test_hub: Any, request: Request, name: str, revision: str) -> Answer:
    repo = test_hub.hub.open(name, request.user)
    found: list[dict] = []
    commit: Commit | None = repo.resolve(revision)
    while commit is not None:
        found.append({"id": commit.oid, "authors": [], "date": DATE, "title": commit.title, "message": ""})
        commit = repo.commits[commit.parent] if commit.parent else None
    return Answer.of(found)


def _make_branch(test_hub: Any, request: Request, name: str, branch: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    if request.method == "DELETE":
        if repo.branches.pop(branch, None) is None:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        return Answer.of({})
    if branch in repo.branches:
        raise Refused(409, "", f"Reference already exists: {branch}")
    repo.branches[branch] = repo.resolve(request.json.get("startingPoint") or "main").oid
    return Answer.of({})


def _make_tag(test_hub: Any, request: Request, name: str, revision: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    if request.method == "DELETE":
        if repo.tags.pop(revision, None) is None:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return Answer.of({})
    tag = request.json["tag"]
    if tag in repo.tags:
        raise Refused(409, "", f"Tag reference exists already: {tag}")
    repo.tags[tag] = repo.resolve(revision).oid
    return Answer.of({})


def _squash(test_hub: Any, request: Request, name: str, branch: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    repo.squash(branch, request.json["message"])
    return Answer.of({"commitOid": repo.branches[branch]})


# --- listing and reading ---------------------------------------------------------------------------------------------


def _entry(path: str, blob: Blob) -> dict:
    entry = {"type": "file", "path": path, "oid": blob.git_oid, "size": blob.size}
    if blob.lfs:
        entry["lfs"] = {"oid": blob.oid, "size": blob.size, "pointerSize": 130}
    return entry


def _tree(test_hub: Any, request: Request, name: str, revision: str, folder: str = "") -> Answer:
    tree = test_hub.hub.open(name, request.user).resolve(revision).tree
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    below = {path: blob for path, blob in sorted(tree.items()) if path.startswith(prefix)}
    if prefix and not below:
        raise Refused(404, "EntryNotFound", f"{folder} does not exist on {revision}")
    entries: dict[str, dict] = {}
    for path, blob in below.items():
        steps = path[len(prefix) :].split("/")
        if len(steps) > 1:
            inner = prefix + steps[0]
            entries.setdefault(inner, {"type": "directory", "path": inner, "oid": "0" * 40, "size": 0})
        if len(steps) == 1 or request.query.get("recursive") == "true":
            entries[path] = _entry(path, blob)
    listed = [entries[path] for path in sorted(entries)]
    start = int(request.query.get("cursor", 0))
    answer = Answer.of(listed[start : start + PAGE])
    if start + PAGE < len(listed):
        query = "&".join(f"{k}={v}" for k, v in {**request.query, "cursor": str(start + PAGE)}.items())
        answer.headers["Link"] = f'<{test_hub.url}{request.path}?{query}>; rel="next"'
    return answer


def _paths_info(test_hub: Any, request: Request, name: str, revision: str) -> Answer:
    tree = test_hub.hub.open(name, request.user).resolve(revision).tree
    content = request.headers.get("Content-Type", "")
    paths = request.json["paths"] if "json" in content else parse_qs(request.body.decode())["paths"]
    found = []
    for path in paths:
        if path in tree:
            found.append(_entry(path, tree[path]))
        elif any(other.startswith(f"{path}/") for other in tree):
            found.append({"type": "directory", "path": path, "oid": "0" * 40, "size": 0})
    return Answer.of(found)


def _resolve(test_hub: Any, request: Request, name: str, revision: str, path: str) -> Answer:
    repo = test_hub.hub.open_content(name, request.user)
    commit = repo.resolve(revision)
    blob = commit.tree.get(path)
    if blob is None:
        refused = Answer.of({"error": "Entry not found"}, 404)
        refused.headers |= {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit.oid}
        return refused
    headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{blob.oid}"', "Accept-Ranges": "bytes"}
    if not blob.lfs:
        return _ranged(request, repo.data(blob), headers)
    headers |= {"X-Linked-ETag": f'"{blob.oid}"', "X-Linked-Size": str(blob.size)}
    headers["Location"] = f"{test_hub.storage}/{repo.id}/{blob.oid}"
    return Answer(302, b"", headers)


def _ranged(request: Request, data: bytes, headers: dict[str, str]) -> Answer:
    wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", ""))
    if request.method == "HEAD":
        return Answer(200, b"", {**headers, "Content-Length": str(len(data))})
    if not wanted:
        return Answer(200, data, headers)
    first, last = wanted.groups()
    begin = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last), len(data) - 1) if first and last else len(data) - 1
    if begin > end:
        return Answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
    return Answer(206, data[begin : end + 1], {**headers, "Content-Range": f"bytes {begin}-{end}/{len(data)}"})


# --- uploads and commits ---------------------------------------------------------------------------------------------


def _preupload(test_hub: Any, request: Request, name: str, revision: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    tree = repo.resolve(revision).tree
    files = []
    for file in request.json["files"]:
        large = test_hub.hub.lfs and (file["path"].endswith(".parquet") or file["size"] > 10 << 20)
        known = {"oid": tree[file["path"]].oid} if file["path"] in tree else {}
        mode = "lfs" if large else "regular"
        files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, **known})
    return Answer.of({"files": files, "commitOid": repo.branches["main"]})


def _lfs_batch(test_hub: Any, request: Request, name: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    objects = []
    for file in request.json["objects"]:
        entry: dict = {"oid": file["oid"], "size": file["size"]}
        if not repo.large(file["oid"]).is_file():
            entry["actions"] = _upload_actions(test_hub, repo, file["oid"], file["size"])
        objects.append(entry)
    return Answer.of({"transfer": "basic", "objects": objects, "hash_algo": "sha256"})


def _upload_actions(test_hub: Any, repo: Repo, oid: str, size: int) -> dict:
    place, step = f"{test_hub.storage}/{repo.id}/{oid}", test_hub.hub.part_size
    if size <= step:
        verify = f"{test_hub.url}/datasets/{repo.id}.git/info/lfs/verify"
        return {"upload": {"href": place}, "verify": {"href": verify}}
    parts = {str(i + 1): f"{place}/{i}" for i in range(-(-size // step))}
    return {
        "upload": {"href": f"{test_hub.url}/datasets/{repo.id}/complete", "header": {"chunk_size": str(step), **parts}}
    }


def _storage(test_hub: Any, request: Request, name: str, oid: str) -> Answer:
    # Addresses of the storage are signed on the real Hub: they ask for no token.
    repo = test_hub.hub.repos[name]
    if request.method == "PUT":
        if hashlib.sha256(request.body).hexdigest() != oid:
            raise Refused(400, "", "the bytes have another sha256")
        repo.large(oid).write_bytes(request.body)
        return Answer(200, b"", {"ETag": f'"{oid}"'})
    if not repo.large(oid).is_file():
        raise Refused(404, "", "no such object")
    return _ranged(request, repo.large(oid).read_bytes(), {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})


def _storage_part(test_hub: Any, request: Request, name: str, oid: str, number: str) -> Answer:
    test_hub.hub.repos[name].large(f"{oid}.{number}").write_bytes(request.body)
    return Answer(200, b"", {"ETag": f'"{hashlib.md5(request.body).hexdigest()}"'})


def _complete(test_hub: Any, request: Request, name: str) -> Answer:
    repo, wanted = test_hub.hub.repos[name], request.json
    files = [repo.large(f"{wanted['oid']}.{part['partNumber'] - 1}") for part in wanted["parts"]]
    data = b"".join(file.read_bytes() for file in files)
    if hashlib.sha256(data).hexdigest() != wanted["oid"]:
        raise Refused(400, "", "the parts have another sha256")
    repo.large(wanted["oid"]).write_bytes(data)
    for file in files:
        file.unlink()
    return Answer.of({})


def _verify(test_hub: Any, request: Request, name: str) -> Answer:
    stored = test_hub.hub.open(name, request.user, write=True).large(request.json["oid"])
    if not stored.is_file() or stored.stat().st_size != request.json["size"]:
        raise Refused(404, "", "the object was not uploaded")
    return Answer.of({})


def _commit(test_hub: Any, request: Request, name: str, revision: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    lines = [json.loads(line) for line in request.body.splitlines() if line.strip()]
    for line in lines:
        if line["key"] == "file":
            line["value"]["data"] = base64.b64decode(line["value"]["content"])
            if line["value"]["path"] == "README.md":
                _check_card(line["value"]["data"].decode())
    oid = repo.commit(revision, lines)
    url = f"{test_hub.url}/datasets/{repo.id}/commit/{oid}"
    return Answer.of({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})


def _validate_yaml(test_hub: Any, request: Request) -> Answer:
    _check_card(request.json["content"])
    return Answer.of({"errors": [], "warnings": []})


def _check_card(text: str) -> None:
    """Check what the Hub checks of a card's head: that it is YAML, and what a few of its values may be."""
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    try:
        head = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError as error:
        raise Refused(400, "", f"Invalid metadata in README.md: {error}") from None
    if not isinstance(head, dict):
        raise Refused(400, "", "Invalid metadata in README.md: expected a mapping")
    names = [config["config_name"] for config in head.get("configs", [])]
    if len(names) != len(set(names)) or sum(bool(config.get("default")) for config in head.get("configs", [])) > 1:
        raise Refused(400, "", "Invalid metadata in README.md: configs are named twice")
    if head.get("license") == "other" and not head.get("license_name"):
        raise Refused(400, "", 'Invalid metadata in README.md: "license_name" is required with license "other"')


def _lfs_files(test_hub: Any, request: Request, name: str) -> Answer:
    repo = test_hub.hub.open(name, request.user, write=True)
    if request.method == "POST":
        wanted = request.json["deletions"]
        repo.forget(wanted["sha"], rewrite=wanted["rewriteHistory"])
        return Answer.of({})
    names = {b.oid: path for c in repo.commits.values() for path, b in c.tree.items() if b.lfs}
    stored = sorted(path for path in repo.folder.iterdir() if len(path.name) == 64)
    return Answer.of(
        [
            {
                "fileOid": path.name,
                "filename": names.get(path.name, ""),
                "oid": path.name,
                "pushedAt": DATE,
                "size": path.stat().st_size,
            }
            for path in stored
        ]
    )


_REPO = r"/api/datasets/([^/]+/[^/]+)"
_GIT = r"/datasets/([^/]+/[^/]+)"
ROUTES = (
    ("GET", r"/api/whoami-v2", _whoami),
    ("POST", r"/api/repos/create", _create),
    ("POST", r"/api/validate-yaml", _validate_yaml),
    ("PUT", rf"{_REPO}/settings", _settings),
    ("GET", _REPO, _info),
    ("GET", rf"{_REPO}/revision/([^/]+)", _info),
    ("GET", rf"{_REPO}/refs", _refs),
    ("GET", rf"{_REPO}/commits/([^/]+)", _commits),
    ("GET", rf"{_REPO}/tree/([^/]+)(?:/(.*))?", _tree),
    ("POST", rf"{_REPO}/paths-info/([^/]+)", _paths_info),
    ("POST DELETE", rf"{_REPO}/branch/([^/]+)", _make_branch),
    ("POST DELETE", rf"{_REPO}/tag/([^/]+)", _make_tag),
    ("POST", rf"{_REPO}/super-squash/([^/]+)", _squash),
    ("POST", rf"{_REPO}/preupload/([^/]+)", _preupload),
    ("POST", rf"{_REPO}/commit/([^/]+)", _commit),
    ("GET", rf"{_REPO}/lfs-files", _lfs_files),
    ("POST", rf"{_REPO}/lfs-files/batch", _lfs_files),
    ("POST", rf"{_GIT}\.git/info/lfs/objects/batch", _lfs_batch),
    ("POST", rf"{_GIT}\.git/info/lfs/verify", _verify),
    ("POST", rf"{_GIT}/complete", _complete),
    ("GET HEAD", rf"{_GIT}/resolve/([^/]+)/(.+)", _resolve),
    ("PUT", r"/storage/([^/]+/[^/]+)/([0-9a-f]{64})/(\d+)", _storage_part),
    ("PUT GET HEAD", r"/storage/([^/]+/[^/]+)/([0-9a-f]{64})", _storage),
)
