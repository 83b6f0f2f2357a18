"""Keeps what a card came to, so that a push that is tried again, or of the same build, runs no example twice.

A card is a function of the folder's bytes, of what it is told, and of the code that makes it; all three are in the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import msgspec

from rhythm_maps import limits
from rhythm_maps.build.spec import code_digest, package_versions
from rhythm_maps.files import atomic
from rhythm_maps.files.paths import cache_dir
from rhythm_maps.publish.contents import Contents
from rhythm_maps.publish.facts import CardFacts

_OF_META = ("ledger.parquet", "tombstones.jsonl")


def key(contents: Contents, facts: CardFacts) -> str:
    """Return the key of a folder's card; "" where reading all of the folder would cost more than the card."""
    paths = [path for stored in contents.stored.values() for files in stored.files.values() for path in files]
    paths += [path for name in _OF_META if (path := contents.folder / "meta" / name).is_file()]
    if sum(path.stat().st_size for path in paths) > limits.CARD_CACHED_BYTES:
        return ""
    info = {name: value for name, value in contents.info.items() if name not in {"files", "content_sha256"}}
    code = [code_digest(), package_versions(), version("datasets"), version("matplotlib")]
    files = {path.relative_to(contents.folder).as_posix(): _sha256(path) for path in paths}
    parts = [code, asdict(facts), info, dict(sorted(files.items()))]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def get(name: str) -> dict[str, bytes] | None:
    """Return relative path -> bytes of a card that was made before, or None."""
    if not name:
        return None
    try:
        return msgspec.msgpack.decode(_place(name).read_bytes(), type=dict[str, bytes])
    except (OSError, msgspec.DecodeError):
        return None


def put(name: str, files: Mapping[str, bytes]) -> None:
    """Keep the files of a card."""
    if name:
        atomic.write_bytes(_place(name), msgspec.msgpack.encode(dict(files)))


def _place(name: str) -> Path:
    return cache_dir() / "cards" / f"{name}.msgpack"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
