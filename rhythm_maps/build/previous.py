"""The previous version of a dataset: its groups, splits and numbers of shards, from wherever it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.build import manifest
from rhythm_maps.build.manifest import KnownEntry, MapsetEntry
from rhythm_maps.build.splits import groups_of
from rhythm_maps.errors import BadFormat, InputError, UsageError

GROUPS_FILE = "meta/groups.parquet"
INFO_FILE = "meta/info.json"
_SCHEMA = pa.schema(
    [
        ("group", pa.string()),
        ("split", pa.string()),
        ("song_keys", pa.list_(pa.string())),
        ("audio", pa.list_(pa.string())),
        ("links", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True, slots=True)
class Previous:
    """What a new scan keeps of an earlier version."""

    groups: list[KnownEntry] = field(default_factory=list)
    shards: dict[str, int] = field(default_factory=dict)
    fractions: tuple[float, ...] | None = None


def groups_table(groups: Sequence[KnownEntry]) -> pa.Table:
    """Return the groups as the table that a build keeps for its next version."""
    columns = {name: [getattr(group, name) for group in groups] for name in _SCHEMA.names}
    return pa.table(columns, schema=_SCHEMA)


def read(place: str) -> Previous:
    """Read the previous version from a manifest, a build's folder or a Hub repository ("name/repo" or "name/repo@v1").

    Raises:
        UsageError: it is none of these.
        InputError: the Hub repository has no groups, or cannot be reached.
        BadFormat: a file of it is damaged.
    """
    path = Path(place).expanduser()
    if path.is_file():
        return _from_manifest(path)
    if path.is_dir():
        if not (path / GROUPS_FILE).is_file() or not (path / INFO_FILE).is_file():
            raise UsageError(f"{place}: a folder, but not a build: it has no {GROUPS_FILE}")
        return _from_files(path / GROUPS_FILE, path / INFO_FILE)
    if place.count("/") == 1 and not place.startswith((".", "/", "~")):
        return _from_hub(place)
    raise UsageError(f"{place}: expected a manifest.jsonl, the folder of a build, or a Hub repository (name/repo)")


def _from_manifest(path: Path) -> Previous:
    lines = list(manifest.read_lines(path))
    header = next(line for line in lines if isinstance(line, manifest.Header))
    known = (line for line in lines if isinstance(line, KnownEntry))
    groups = groups_of((line for line in lines if isinstance(line, MapsetEntry)), known)
    return Previous(groups, header.shards, tuple(header.fractions) or None)


def _from_files(groups: Path, info: Path) -> Previous:
    try:
        rows = pq.read_table(groups, schema=_SCHEMA).to_pylist()
        facts = json.loads(info.read_text(encoding="utf-8"))
        shards = {str(split): int(n) for split, n in facts["shards"].items()}
        fractions = tuple(float(share) for share in facts["fractions"])
    except (pa.ArrowException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFormat("bad_previous", f"not the groups of a build: {error}", groups.name) from error
    return Previous([KnownEntry(**row) for row in rows], shards, fractions or None)


def _from_hub(place: str) -> Previous:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - heavy, and only this road needs it
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    repo, _, revision = place.partition("@")
    try:
        files = [
            Path(hf_hub_download(repo, name, repo_type="dataset", revision=revision or None))
            for name in (GROUPS_FILE, INFO_FILE)
        ]
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise InputError(
            f"{place}: no local file or folder of that name, and its {GROUPS_FILE} could not be fetched from the Hub: "
            f"{type(error).__name__}. Check the name, and the token for a private repository."
        ) from error
    return _from_files(*files)
