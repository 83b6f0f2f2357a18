"""Folders of token files as rows of `tokens`: which files, which split, which shard, and the tables.

A folder whose token files all lie below ``train``, ``validation`` or ``test`` (or another usual name of these) has
those splits; any other is all train. A hash of the path says where a file lies among the shards, so the order does not
depend on the system, and rows come shuffled.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from rhythm_maps import limits
from rhythm_maps.build import generate
from rhythm_maps.build.ledger import SCHEMA as LEDGER_SCHEMA
from rhythm_maps.build.manifest import SPLITS, position, shard_of
from rhythm_maps.build.spec import code_digest
from rhythm_maps.columns import arrow_schema
from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.paths import cache_dir, printable
from rhythm_maps.schema import SIDECAR, TOKENS
from rhythm_maps.tokens import ecdc
from rhythm_maps.tokens.codec import CODE_BITS, FRAME_RATE, HOP, MODEL, SAMPLING_RATE, frames_of
from rhythm_maps.tokens.folder import SUFFIX, mirrored, relative, token_files
from rhythm_maps.tokens.sidecar_files import JSON, NPY, find, load
from rhythm_maps.tokens.sidecar_read import Sidecar, understand

NAME: Final = "ecdc_folder"
"""What a person calls such a folder in commands and in `load_dataset`."""
CONFIG: Final = "tokens"
LEDGER: Final = "ledger"
_SPLIT_NAMES: Final = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "eval": "validation",
    "test": "test",
    "testing": "test",
}


class TokenFile(NamedTuple):
    """One token file: its path below the root, '/' between folders, its split, and its shard there."""

    path: str
    split: str
    shard: int


class TokenPlan(msgspec.Struct, frozen=True):
    """What a folder holds, and how it is dealt out.

    Attributes:
        root, cond_root: the folders; without the second, sidecars lie beside the token files.
        files: sorted by split, shard and position.
        shards: split -> number of shards, for the splits that have files.
        digest: changes when a file of it does (path, size or time of change); no row depends on it.
    """

    root: str
    cond_root: str | None
    files: tuple[TokenFile, ...]
    shards: dict[str, int]
    digest: str

    def keep(self) -> Path:
        """Write the plan into the cache, under a name of its own, and return that path: workers read it there."""
        path = cache_dir() / "token_folders" / f"{self.digest[:24]}.json"
        if not path.is_file():
            atomic.write_bytes(path, msgspec.json.encode(self, order="deterministic"))
        return path


class TokenShard(NamedTuple):
    """Shard `k` of `n` of a split; small, because it is pickled."""

    split: str
    k: int
    n: int

    @property
    def name(self) -> str:
        """Return what the shard's file is called, without suffix."""
        return f"{self.split}-{self.k:05d}-of-{self.n:05d}"


def load_plan(path: Path) -> TokenPlan:
    """Return a plan that was kept.

    Raises:
        InputError: it is gone.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=TokenPlan)
    except OSError as error:
        raise InputError(f"{path}: the plan of this folder is gone from the cache; load it again") from error


def plan_folder(root: str | os.PathLike[str], cond_root: str | os.PathLike[str] | None = None) -> TokenPlan:
    """List a folder of token files.

    Args:
        root: the folder.
        cond_root: folder of the sidecars, a mirror of `root`; None for beside the token files.

    Raises:
        InputError: a folder is not there.
        NoDataError: it holds no token file.
        UsageError: only some of its files lie below a folder that names a split, or a name is no text.
    """
    base = Path(os.path.abspath(os.path.expanduser(root)))
    other = None if cond_root is None else Path(os.path.abspath(os.path.expanduser(cond_root)))
    if other is not None and not other.is_dir():
        raise InputError(f"{other}: no such folder")
    names = [relative(path, base) for path in token_files(base)]
    for name in names:
        if printable(name) != name:
            raise UsageError(f"{printable(name)!r} below {base}: a name that is no printable text; rename the file")
    splits = _splits(names, base)
    counts: dict[str, int] = {}
    for split in SPLITS:
        mine = [name for name in names if splits[name] == split]
        if mine:
            counts[split] = _count([(base / name).stat().st_size for name in mine])
    files = [TokenFile(name, splits[name], shard_of(name, counts[splits[name]])) for name in names]
    files.sort(key=lambda file: (SPLITS.index(file.split), position(file.path), file.path))
    return TokenPlan(str(base), None if other is None else str(other), tuple(files), counts, _digest(base, other))


def _splits(names: Sequence[str], base: Path) -> dict[str, str]:
    found = {name: _SPLIT_NAMES.get(name.partition("/")[0].lower()) if "/" in name else None for name in names}
    without = [name for name, split in found.items() if split is None]
    if not without:
        return {name: split for name, split in found.items() if split is not None}
    if len(without) < len(found):
        named = next(name for name, split in found.items() if split is not None)
        raise UsageError(
            f"{base}: {named} lies below a folder that names a split, {without[0]} does not. "
            "Put every file below train, validation or test, or none"
        )
    return dict.fromkeys(names, SPLITS[0])


def _count(sizes: Sequence[int]) -> int:
    """Choose the number of shards: a power of two, files below `limits.SHARD_BYTES`, and 8 rows or more in each."""
    n = 1
    while n < min(16, len(sizes) // 8) or (n < len(sizes) and sum(sizes) > n * limits.SHARD_BYTES):
        n *= 2
    return n


def _digest(*roots: Path | None) -> str:
    digest = hashlib.sha256(code_digest().encode())
    for root in roots:
        digest.update(f"root {root}\0".encode("utf-8", "surrogateescape"))
        lines = []
        for folder, _, files in os.walk(root) if root is not None else ():
            for name in files:
                if name.endswith((SUFFIX, NPY, JSON)):
                    state = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - many files
                    lines.append(f"{os.path.relpath(folder, root)}/{name}\0{state.st_size}\0{state.st_mtime_ns}\0")
        for line in sorted(lines):
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def shards_of(plan: TokenPlan) -> list[TokenShard]:
    """Return the shards of a plan, by split and number."""
    return [TokenShard(split, k, n) for split, n in plan.shards.items() for k in range(n)]


def iter_tokens(
    plan: TokenPlan, shard: TokenShard, row_group_bytes: int = limits.ROW_GROUP_BYTES
) -> Iterator[tuple[str, pa.Table]]:
    """Make the tables of one shard.

    Yields:
        (`CONFIG`, rows), each table one row group, and at the end (`LEDGER`, lines): one line for each token file and
        each sidecar, and what became of it.
    """
    pending: list[pa.Table] = []
    lines: list[dict[str, Any]] = []
    size = 0
    for file in plan.files:
        if (file.split, file.shard) != (shard.split, shard.k):
            continue
        row = _row(plan, file, lines)
        if row is None:
            continue
        if pending and size + row.nbytes > row_group_bytes:
            yield CONFIG, pa.concat_tables(pending).combine_chunks()
            pending, size = [], 0
        pending.append(row)
        size += row.nbytes
    if pending:
        yield CONFIG, pa.concat_tables(pending).combine_chunks()
    lines.sort(key=lambda line: (line["path"], line["kind"]))
    yield LEDGER, pa.Table.from_pylist(lines, schema=LEDGER_SCHEMA)


def tables(
    shards: Sequence[TokenShard], path: str, on_bad_files: generate.OnBadFiles
) -> Iterator[tuple[tuple[int, int], pa.Table]]:
    """Make the tables of some shards of a kept plan.

    Yields:
        ((shard, table), table): a key that grows, and rows of `TOKENS`.

    Raises:
        BadFileError: a file was rejected and ``on_bad_files="error"``.
    """
    plan = load_plan(Path(path))
    for number, one in enumerate(shards):
        shard = TokenShard(*one)
        for count, (name, table) in enumerate(iter_tokens(plan, shard)):
            if name == LEDGER:
                bad = [line for line in table.to_pylist() if line["outcome"] == "reject"]
                generate.report(bad, on_bad_files, shard.name)
            else:
                yield (number, count), table


def _line(file: TokenFile, kind: str, name: str, outcome: str, error: BadFormat | None = None) -> dict[str, Any]:
    """Return a line of the ledger: `name` is empty for the token file itself, and the sidecar's for that."""
    line: dict[str, Any] = dict.fromkeys(LEDGER_SCHEMA.names, "")
    line |= {"root": 0, "path": file.path, "kind": kind, "name": name, "split": file.split, "outcome": outcome}
    line["id"] = file.path.removesuffix(SUFFIX) if outcome == "row" else ""
    if error is not None:
        line |= {"code": error.code, "reason": error.reason, "place": error.place or name or file.path}
    return {key: printable(value) if isinstance(value, str) else value for key, value in line.items()}


def _row(plan: TokenPlan, file: TokenFile, lines: list[dict[str, Any]]) -> pa.Table | None:
    path = Path(plan.root, file.path)
    try:
        tokens = ecdc.read(path)
    except (BadFormat, InputError) as error:
        lines.append(_line(file, "input", "", "reject", _coded(error)))
        return None
    lines.append(_line(file, "input", "", "row"))
    warnings = [] if frames_of(tokens.samples) == tokens.frames else ["length_mismatch"]
    sidecar = None
    folder = mirrored(path, Path(plan.root), None if plan.cond_root is None else Path(plan.cond_root))
    try:
        found = find(path, folder)
        if found is not None:
            sidecar = understand(load(found), found)
            if len(sidecar.values) != tokens.frames:
                reason = f"{len(sidecar.values)} frames, and the token file has {tokens.frames}"
                raise BadFormat("frame_mismatch", reason, found.npy.name)  # noqa: TRY301 - one place for all faults
            lines.append(_line(file, "sidecar", found.npy.name, "row"))
            warnings += sidecar.warnings
    except (BadFormat, InputError) as error:
        sidecar = None
        lines.append(_line(file, "sidecar", path.name.removesuffix(SUFFIX) + NPY, "reject", _coded(error)))
        warnings.append("bad_sidecar")
    return _table(file, tokens, sidecar, warnings)


def _coded(error: BadFormat | InputError) -> BadFormat:
    """Return an error with a code; one of the system's tells its reason without the path of this machine."""
    return error if isinstance(error, BadFormat) else BadFormat("unreadable_file", "the file cannot be read")


def _table(file: TokenFile, tokens: ecdc.Ecdc, sidecar: Sidecar | None, warnings: list[str]) -> pa.Table:
    n_q, frames = tokens.codes.shape
    plain: dict[str, Any] = {
        "path": file.path.removesuffix(SUFFIX),
        "n_q": n_q,
        "frames": frames,
        "hop": HOP,
        "sampling_rate": SAMPLING_RATE,
        "frame_rate": FRAME_RATE,
        "bandwidth_kbps": n_q * CODE_BITS * FRAME_RATE / 1000,
        "model": MODEL,
        "duration_s": tokens.samples / SAMPLING_RATE,
        "rights": {"source": "local", "terms_url": "", "official": False},
        "warnings": warnings,
    }
    made = {"codes": _lists(tokens.codes, pa.uint16()), "sidecar": _sidecar(sidecar)}
    schema = arrow_schema(TOKENS)
    return pa.table([made.get(f.name, pa.array([plain.get(f.name)], f.type)) for f in schema], schema=schema)


def _lists(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Return one list of lists from a two-dimensional array, without a Python object a number."""
    rows, width = values.shape
    inner = pa.ListArray.from_arrays(
        pa.array(np.arange(rows + 1, dtype=np.int32) * width), pa.array(values.reshape(-1), kind)
    )
    return pa.ListArray.from_arrays(pa.array([0, rows], pa.int32()), inner)


def _sidecar(sidecar: Sidecar | None) -> pa.StructArray:
    features = () if sidecar is None else sidecar.features
    values = np.zeros((0, 0), np.float32) if sidecar is None else np.ascontiguousarray(sidecar.values.T)
    arrays = []
    for field in SIDECAR:
        if field.name == "values":
            arrays.append(_lists(values, pa.float32()))
        else:
            arrays.append(pa.array([[getattr(feature, field.name) for feature in features]], field.type))
    return pa.StructArray.from_arrays(arrays, fields=list(SIDECAR))
