"""Before a build is pushed: is it what its own record says, file by file and row by row?"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.build.run import read_info
from rhythm_maps.errors import BadFormat, UsageError
from rhythm_maps.publish.hub import sha256

_CARD = ("README.md", "assets/")
"""What `card render` may have made anew since the build; a push renders them itself."""
_LEDGER_KINDS = {"charts": "chart", "tracks": "audio", "beats": "audio"}
"""Configs whose rows the ledger lists, and under which kind."""


def check_build(build: Path) -> dict[str, Any]:
    """Check a build against its ``meta/info.json`` and its ledger; return the info.

    Raises:
        UsageError: the folder is no build.
        BadFormat: a file is missing, more, or other than the record says; or rows do not add up.
    """
    info = read_info(build)
    if info is None:
        raise UsageError(
            f"{build.name}: not a build of rhythm-maps: it has no meta/info.json that can be read. "
            "Make one with rhythm-maps build, and push its folder."
        )
    _check_files(build, info)
    _check_rows(build, info)
    return info


def _check_files(build: Path, info: Mapping[str, Any]) -> None:
    recorded: Mapping[str, Mapping[str, Any]] = info["files"]
    digest = hashlib.sha256(msgspec.json.encode(recorded, order="deterministic")).hexdigest()
    if digest != info["content_sha256"]:
        raise _changed("meta/info.json", "its list of files does not match its content hash")
    there = {path.relative_to(build).as_posix() for path in build.glob("*/*.parquet")}
    for name in sorted(there - recorded.keys()):
        raise _changed(name, "the build did not make it")
    for name, facts in recorded.items():
        if name.startswith(_CARD):
            continue
        path = build / name
        if not path.is_file():
            raise _changed(name, "it is missing")
        if path.stat().st_size != facts["bytes"] or sha256(path) != facts["sha256"]:
            raise _changed(name, "its bytes are other than the build wrote")


def _check_rows(build: Path, info: Mapping[str, Any]) -> None:
    ledger = pq.read_table(build / "meta" / "ledger.parquet", columns=["kind", "split", "outcome", "id"]).to_pylist()
    listed = {(line["kind"], line["split"], line["id"]) for line in ledger if line["outcome"] == "row"}
    per_split = Counter((kind, split) for kind, split, _ in listed)
    for config, splits in info["rows"].items():
        for split, expected in splits.items():
            found = sum(_rows(path) for path in sorted((build / config).glob(f"{split}-*.parquet")))
            if found != expected:
                raise _changed(f"{config}/{split}-*.parquet", f"{found} rows, and its record says {expected}")
            kind = _LEDGER_KINDS.get(config)
            if kind and per_split[kind, split] != expected:
                raise _changed(
                    "meta/ledger.parquet",
                    f"it lists {per_split[kind, split]} rows of {config} in {split}, and there are {expected}",
                )


def _rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except pa.ArrowException:
        raise _changed(f"{path.parent.name}/{path.name}", "it is no Parquet file") from None


def _changed(name: str, what: str) -> BadFormat:
    return BadFormat(
        "changed_build", f"{name}: {what}. The build is incomplete or was changed: build it again, then push", name
    )
