"""What a folder holds, as hashes, and whether a build that a reader sees is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from rhythm_maps.build.run import Result, build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec


def digests(folder: Path) -> dict[str, str]:
    """Relative path -> sha256 of every file below `folder`."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def faults_of(out: Path) -> list[str]:
    """What is wrong with the build that stands under `out`; nothing where there is none or a whole one."""
    if not out.exists():
        return []
    try:
        listed = json.loads((out / "meta" / "info.json").read_bytes())["files"]
    except (OSError, ValueError) as error:
        return [f"info.json: {error!r}"]
    there = digests(out)
    there.pop("meta/info.json", None)
    wrong = [name for name, file in listed.items() if there.get(name) != file["sha256"]]
    return [*wrong, *sorted(set(there) - set(listed))]


def build_osu(
    folder: Path,
    out: Path,
    *,
    fractions: Sequence[float] | None = None,
    workers: int = 1,
    **spec: object,
) -> Result:
    """Scan and build a folder of osu! mapsets."""
    return build(scan("osu", [folder], fractions=fractions).keep(), out, make_spec("osu", **spec), workers=workers)
