"""A build of a folder of token files: Parquet, a README by which `load_dataset` opens it, and a ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import msgspec
import pyarrow as pa
import yaml

from rhythm_maps.build import readme, run
from rhythm_maps.build.assemble import FORMAT, INFO, file_digests
from rhythm_maps.build.features import features
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.parquet import TableWriter, write_table
from rhythm_maps.build.spec import package_versions
from rhythm_maps.build.token_folder import CONFIG, LEDGER, NAME, TokenPlan, TokenShard, iter_tokens, shards_of
from rhythm_maps.errors import NoDataError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.schema import SCHEMA_VERSION, TOKENS


def build_tokens(plan: TokenPlan, out: Path, on_done: Callable[[int], None] = lambda files: None) -> dict[str, Any]:
    """Build a dataset folder from a folder of token files and their sidecars.

    Args:
        plan: what the folder holds.
        out: the folder to make; a build that stands there is replaced when the new one is whole.
        on_done: told the number of files of each shard as it is finished.

    Returns:
        The content of its ``meta/info.json``.

    Raises:
        UsageError: `out` holds something that is no build.
        NoDataError: no token file could be read.
        BuildError: another process writes `out`, or the disk cannot be written.
    """
    out = Path(out).absolute()
    with writing(out, "Run the same build again when it is mended."):
        run.check_replaceable(out)
        key = plan.digest[:12]
        work = out.with_name(f"{out.name}.build-{key}")
        run.retire(work, key)
        info = _write(plan, work / "new", key, on_done)
        if not info["rows"]:
            run.retire(work, key)
            raise NoDataError(f"{plan.root}: none of its {len(plan.files)} token files could be read: {info['ledger']}")
        run.swap(work, out)
        run.retire(work, key)
    return info


def _write(plan: TokenPlan, new: Path, key: str, on_done: Callable[[int], None]) -> dict[str, Any]:
    atomic.make_folder(new / CONFIG)
    atomic.make_folder(new / "meta")
    rows: dict[str, int] = {}
    seconds = 0.0
    ledgers = []
    for shard in shards_of(plan):
        count, length, ledger = _shard(plan, shard, new)
        rows[shard.split] = rows.get(shard.split, 0) + count
        seconds += length
        ledgers.append(ledger)
        on_done(sum((file.split, file.shard) == shard[:2] for file in plan.files))
    ledger = pa.concat_tables(ledgers).combine_chunks()
    write_table(new / "meta" / "ledger.parquet", ledger)
    outcomes: dict[str, int] = {}
    for kind, outcome, code in zip(*(ledger[name].to_pylist() for name in ("kind", "outcome", "code")), strict=True):
        what = f"{kind} {outcome} {code}".strip()
        outcomes[what] = outcomes.get(what, 0) + 1
    info: dict[str, Any] = {
        "format": FORMAT,
        "game": NAME,
        "schema_version": SCHEMA_VERSION,
        "spec": {"game": NAME, "configs": [CONFIG]},
        "versions": package_versions(),
        "shards": plan.shards,
        "mapsets": 0,
        "presets": {},
        "rows": {CONFIG: {split: n for split, n in rows.items() if n}} if any(rows.values()) else {},
        "hours": round(seconds / 3600, 6),
        "ledger": dict(sorted(outcomes.items())),
        "rejects": {what.split()[2]: n for what, n in sorted(outcomes.items()) if " reject " in what},
        "rights": {"code": "MIT, rhythm_maps", "content": "that of the recordings and of whoever made the features"},
    }
    with atomic.create(new / "README.md") as file:
        file.write(_readme(info).encode())
    info["files"] = file_digests(new)
    info["content_sha256"] = hashlib.sha256(msgspec.json.encode(info["files"], order="deterministic")).hexdigest()
    info["key"] = info["content_sha256"][: len(key)]  # that of the plan follows the times of files on this machine
    with atomic.create(new / INFO) as file:
        file.write(msgspec.json.format(msgspec.json.encode(info, order="sorted"), indent=2) + b"\n")
    return info


def _shard(plan: TokenPlan, shard: TokenShard, new: Path) -> tuple[int, float, pa.Table]:
    """Write one shard; return its rows, its seconds and its ledger. A split without rows has no file."""
    path = new / CONFIG / f"{shard.name}.parquet"
    seconds = 0.0
    ledger = pa.table({})
    with TableWriter(path, features(TOKENS).arrow_schema) as writer:
        for name, table in iter_tokens(plan, shard):
            if name == LEDGER:
                ledger = table
            else:
                writer.write(table)
                seconds += sum(table["duration_s"].to_pylist())
    return writer.rows, seconds, ledger


def _readme(info: dict[str, Any]) -> str:
    counts = info["rows"].get(CONFIG, {})
    files = [{"split": split, "path": f"{CONFIG}/{split}-*.parquet"} for split in SPLITS if counts.get(split)]
    front = {
        "pretty_name": "EnCodec tokens with conditioning",
        "license": "other",
        "tags": ["encodec", "audio-tokens", "conditioning"],
        "configs": [{"config_name": CONFIG, "data_files": files, "default": True}],
    }
    template = resources.files("rhythm_maps.hub_cards").joinpath("token_folder.md").read_text(encoding="utf-8")
    text = Template(template).substitute(
        version=info["versions"]["rhythm_maps"],
        hours=f"{info['hours']:.2f}",
        rows=readme.table(["split", "rows"], [[split, f"{n:,}"] for split, n in counts.items()]),
        rejects=readme.rejects(info["rejects"]),
        columns=readme.column_table(TOKENS),
    )
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=100)}---\n\n{text}"
