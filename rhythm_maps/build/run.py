"""Runs a build: work folder, shards, assembly, and the one rename by which the result appears.

::

    <out>.build-<key>/        beside <out>; the key names manifest, spec and code: a killed build finds its work again
        manifest.jsonl        the copy that the workers read
        tmp/<shard>.<pid>/    a shard being written
        parts/<shard>/        a shard that is done: the rename of its folder said so
        new/                  the tree being assembled; meta/info.json is written last
        old/                  what stood under <out> before

A reader sees `<out>` absent or whole, never half.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from rhythm_maps.build import manifest
from rhythm_maps.build.assemble import INFO, assemble
from rhythm_maps.build.engines import processes, serial
from rhythm_maps.build.manifest import Manifest
from rhythm_maps.build.spec import Spec, build_key
from rhythm_maps.build.unit import Unit
from rhythm_maps.errors import BuildError, NoDataError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.tokens.settings import TokenRun


@dataclass(frozen=True, slots=True)
class Result:
    """What a build came to.

    Attributes:
        out: the finished folder.
        info: the content of its ``meta/info.json``.
        reused: shards that an earlier, interrupted run had finished; all of them where nothing was to do.
        leftovers: work folders of other unfinished builds beside it.
    """

    out: Path
    info: Mapping[str, Any]
    reused: int
    leftovers: tuple[Path, ...]


def build(
    manifest_path: Path,
    out: Path,
    spec: Spec,
    *,
    tokens: TokenRun = TokenRun(),  # noqa: B008 - immutable
    workers: int = 1,
    fresh: bool = False,
    on_start: Callable[[int], None] = lambda mapsets: None,
    on_done: Callable[[int], None] = lambda mapsets: None,
) -> Result:
    """Build a dataset folder, or finish a build that was interrupted.

    Args:
        manifest_path: a scan's manifest.
        out: the folder to make; a build that stands there is replaced when the new one is whole.
        spec: what to make of the manifest.
        tokens: how tokens are made, where the spec asks for them.
        workers: number of processes; 1 works in this one, but where recordings are decoded, because a damaged one may
            kill what decodes it. The bytes do not depend on it.
        fresh: build again although a finished or interrupted build of the same key is there.
        on_start: told the number of mapsets that are to be read.
        on_done: told the number of mapsets of each shard as it is finished.

    Raises:
        UsageError: `out` holds something that is no build.
        NoDataError: no chart gave a row.
        BuildError: another build of `out` is running, a shard killed its worker twice, or the disk cannot be written.
        InputError, BadFormat: the manifest cannot be read.
    """
    out = Path(out).absolute()
    plan = manifest.load(manifest_path)
    if plan.header.game != spec.game:
        raise UsageError(f"{manifest_path}: a manifest of {plan.header.game}, not of {spec.game}")
    if workers < 1:
        raise UsageError(f"workers is {workers}: expected at least 1")
    key = build_key(plan.digest, spec)
    with writing(out, "Finished shards are kept; run the same build again when it is mended."):
        check_replaceable(out)
        work = out.with_name(f"{out.name}.build-{key}")
        for trash in out.parent.glob(f"{glob.escape(out.name)}.trash-*"):
            atomic.remove_tree(trash)
        if fresh:
            retire(work, key)
        elif (info := read_info(out)) and info.get("key") == key:
            retire(work, key)
            return Result(out, info, len(plan.shards), _leftovers(out, work))
        units = _units(plan, spec, tokens, work)
        reused = _run(plan, units, work, workers, on_start, on_done)
        info = assemble(plan, spec, key, units, work / "new")
        if not info["rows"].get(spec.configs[0]):
            retire(work, key)
            raise NoDataError(_nothing(info))
        swap(work, out)
        retire(work, key)
        return Result(out, info, reused, _leftovers(out, work))


def read_info(out: Path) -> dict[str, Any] | None:
    """Return the ``meta/info.json`` of a build, or None where there is none that can be read."""
    try:
        info = msgspec.json.decode((out / INFO).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    # Other tools keep a meta/info.json as well, and what this takes for a build may be replaced.
    return info if isinstance(info, dict) and {"key", "schema_version", "game"} <= info.keys() else None


def check_replaceable(out: Path) -> None:
    """Refuse an output folder that holds something else than a build.

    Raises:
        UsageError: it does.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and read_info(out) is None):
        raise UsageError(
            f"{out}: exists and is no build of rhythm-maps, so it is left alone. "
            "Choose a folder that does not exist yet."
        )


def _units(plan: Manifest, spec: Spec, tokens: TokenRun, work: Path) -> list[Unit]:
    path, roots = str(work / "manifest.jsonl"), tuple(plan.header.roots)
    return [Unit(str(work), path, roots, shard, spec, tokens) for shard in plan.shards]


def _run(
    plan: Manifest,
    units: Sequence[Unit],
    work: Path,
    workers: int,
    on_start: Callable[[int], None],
    on_done: Callable[[int], None],
) -> int:
    """Make the shards that are not done yet; return how many were."""
    atomic.make_folder(work)
    copy = work / "manifest.jsonl"
    if not copy.is_file() or copy.read_bytes() != plan.path.read_bytes():
        atomic.write_bytes(copy, plan.path.read_bytes())
    atomic.remove_tree(work / "tmp")
    atomic.make_folder(work / "tmp")
    todo = [unit for unit in units if not unit.done.is_dir()]
    on_start(sum(unit.shard.mapsets for unit in todo))

    def done(unit: Unit) -> None:
        on_done(unit.shard.mapsets)

    if workers == 1 and not any(unit.spec.tokens for unit in todo):
        serial.run(todo, done)
    elif todo:
        processes.run(todo, done, workers)
    return len(units) - len(todo)


def swap(work: Path, out: Path) -> None:
    """Put the new tree in the place of `out`; what stood there waits in the work folder to be removed."""
    atomic.remove_tree(work / "old")
    try:
        if out.exists():
            atomic.rename(out, work / "old")
        else:
            atomic.make_folder(out.parent)
        atomic.rename(work / "new", out)
    except PermissionError as error:
        raise BuildError(
            f"{out}: cannot be replaced, a program has it open. Close it and run the build again."
        ) from error


def retire(work: Path, key: str) -> None:
    """Remove a work folder: renamed first, because a half-emptied one would still say which shards are done."""
    if work.exists():
        trash = work.with_name(work.name.replace(f".build-{key}", f".trash-{key}"))
        atomic.rename(work, trash)
        atomic.remove_tree(trash)


def _leftovers(out: Path, work: Path) -> tuple[Path, ...]:
    prefix = f"{out.name}.build-"
    found = (path for path in out.parent.iterdir() if path.name.startswith(prefix) and path.is_dir())
    return tuple(sorted(path for path in found if path != work))


def _nothing(info: Mapping[str, Any]) -> str:
    lines = "\n".join(
        f"  {n:6,}  {outcome}" for outcome, n in sorted(info["ledger"].items(), key=lambda item: -item[1])
    )
    return f"no chart gave a row, so nothing was written. What became of the inputs:\n{lines or '  (there were none)'}"
