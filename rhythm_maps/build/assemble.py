"""Puts finished shards together into a Hub-shaped folder, with README, ledger, groups and info."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.build import manifest, presets, previous, readme
from rhythm_maps.build.ledger import SCHEMA as LEDGER_SCHEMA
from rhythm_maps.build.ledger import input_rejects
from rhythm_maps.build.manifest import SPLITS, KnownEntry, Manifest, MapsetEntry
from rhythm_maps.build.parquet import write_table
from rhythm_maps.build.previous import GROUPS_FILE, INFO_FILE
from rhythm_maps.build.shard import LEDGER
from rhythm_maps.build.spec import Spec, package_versions
from rhythm_maps.build.splits import groups_of
from rhythm_maps.build.unit import Unit, UnitFacts, read_facts
from rhythm_maps.files import atomic

INFO = INFO_FILE
FORMAT = 1


def assemble(plan: Manifest, spec: Spec, key: str, units: Sequence[Unit], new: Path) -> dict[str, Any]:
    """Assemble the tree of a build from its finished shards.

    Args:
        plan: the manifest.
        spec: the build.
        key: the build's key; ``meta/info.json``, which holds it, is written last.
        units: the shards in manifest order, all done.
        new: the folder to make; what an interrupted assembly left there is removed.

    Returns:
        The content of ``meta/info.json``.
    """
    atomic.remove_tree(new)
    atomic.make_folder(new / "meta")
    facts = [read_facts(unit) for unit in units]
    rows = _sum_rows(units, [one.rows for one in facts], spec.configs)
    preset_rows = _sum_rows(units, [one.presets for one in facts], tuple(presets.presets(spec.game)))
    if "charts" not in spec.configs:
        preset_rows = {}
    for config, splits in rows.items():
        atomic.make_folder(new / config)
        for unit in units:
            if splits.get(unit.shard.split):
                atomic.link(unit.done / f"{config}.parquet", new / config / f"{unit.shard.name}.parquet")
    ledger = _ledger(plan, units)
    write_table(new / "meta" / "ledger.parquet", ledger)
    _write_groups(plan, new)
    outcomes = _outcomes(plan, facts)
    info: dict[str, Any] = {
        "format": FORMAT,
        "game": spec.game,
        "schema_version": spec.schema_version,
        "spec": msgspec.to_builtins(spec),
        "versions": package_versions(spec),
        "shards": plan.header.shards,
        "fractions": plan.header.fractions,
        "mapsets": plan.mapsets,
        "rows": rows,
        "presets": preset_rows,
        "hours": round(sum(one.seconds for one in facts) / 3600, 6),
        "ledger": outcomes,
        "rejects": reject_codes(outcomes),
        "not_found": sorted(set(spec.playlist).difference(*(one.listed for one in facts))),
        "rights": {
            "code": "MIT, rhythm_maps",
            "content": "third-party: maps and music belong to their authors; no rights are granted",
        },
    }
    text = readme.render(spec, rows, preset_rows, {**info, "version": info["versions"]["rhythm_maps"]})
    with atomic.create(new / "README.md") as file:
        file.write(text.encode("utf-8"))
    info["files"] = file_digests(new)
    info["content_sha256"] = content_digest(info["files"])
    info["key"] = key
    with atomic.create(new / INFO) as file:
        file.write(info_bytes(info))
    return info


def file_entry(path: Path) -> dict[str, Any]:
    """Return what ``files`` of ``meta/info.json`` says of a file: its bytes and their sha256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def content_digest(files: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the sha256 that stands for all `files` of a ``meta/info.json``."""
    return hashlib.sha256(msgspec.json.encode(files, order="deterministic")).hexdigest()


def info_bytes(info: Mapping[str, Any]) -> bytes:
    """Return a ``meta/info.json``."""
    return msgspec.json.format(msgspec.json.encode(info, order="sorted"), indent=2) + b"\n"


def _sum_rows(
    units: Sequence[Unit], counts: Sequence[dict[str, int]], names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return name -> split -> rows, without the splits and names that have none."""
    total: dict[str, dict[str, int]] = {}
    for name in names:
        splits: dict[str, int] = defaultdict(int)
        for unit, count in zip(units, counts, strict=True):
            splits[unit.shard.split] += count.get(name, 0)
        found = {split: splits[split] for split in SPLITS if splits.get(split)}
        if found:
            total[name] = found
    return total


def _ledger(plan: Manifest, units: Sequence[Unit]) -> pa.Table:
    parts = [pq.read_table(unit.done / f"{LEDGER}.parquet", schema=LEDGER_SCHEMA) for unit in units]
    return pa.concat_tables([*parts, input_rejects(plan.rejects)])


def _write_groups(plan: Manifest, new: Path) -> None:
    lines = list(manifest.read_lines(plan.path))
    known = (line for line in lines if isinstance(line, KnownEntry))
    groups = groups_of((line for line in lines if isinstance(line, MapsetEntry)), known)
    write_table(new / GROUPS_FILE, previous.groups_table(groups))
    if plan.moved:
        moved = pa.Table.from_pylist([msgspec.structs.asdict(line) for line in plan.moved])
        write_table(new / "meta" / "moved.parquet", moved)


def _outcomes(plan: Manifest, facts: Sequence[UnitFacts]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for one in facts:
        for outcome, count in one.outcomes.items():
            total[outcome.strip()] += count
    for reject in plan.rejects:
        total[f"input reject {reject.code}"] += 1
    return dict(sorted(total.items()))


def reject_codes(outcomes: Mapping[str, int]) -> dict[str, int]:
    """Return code -> rejects of the outcomes of a ledger, most first."""
    codes: dict[str, int] = defaultdict(int)
    for outcome, count in outcomes.items():
        kind, _, rest = outcome.partition(" ")
        what, _, code = rest.partition(" ")
        if what == "reject" and kind:
            codes[code] += count
    return dict(sorted(codes.items(), key=lambda item: (-item[1], item[0])))


def file_digests(new: Path) -> dict[str, dict[str, Any]]:
    """Return the size and sha256 of every file below a folder, by its path there."""
    return {path.relative_to(new).as_posix(): file_entry(path) for path in sorted(new.rglob("*")) if path.is_file()}
