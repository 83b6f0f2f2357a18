"""Token files in the layout of EncHF, which its data loader reads.

::

    DIR/dataset_dict.json, DIR/<split>/      what datasets.load_from_disk opens: one column, audio, a path below DIR
    DIR/tokens/<name>.ecdc                   codes as a torch-saved dict
    DIR/tokens/<name>.cond.npy, .cond.json   features, version 2 with the names and ranges of version 1

A further split is added to those that are there. Files are hard links where they can be taken as they are and the
system allows it, else copies; names are legal on every system.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from rhythm_maps.build.run import read_info
from rhythm_maps.errors import BadFormat, InputError, NoDataError, RhythmMapsError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.files.paths import safe_path
from rhythm_maps.schema import CONDITIONING
from rhythm_maps.tokens import ecdc, sidecar_files
from rhythm_maps.tokens.codec import FRAME_RATE, frames_of
from rhythm_maps.tokens.folder import SUFFIX, mirrored, relative, token_files
from rhythm_maps.tokens.sidecar import Feature, Sidecar, save_sidecar
from rhythm_maps.tokens.sidecar_read import read_sidecar, understand

Materialize = Literal["link", "copy", "none"]
MATERIALIZE: Final = ("link", "copy", "none")
_LIST: Final = "dataset_dict.json"
_SPLIT: Final = re.compile(r"\w+(\.\w+)*")
_UNITS: Final = {"beat_phase": "beats", "bar_phase": "bars", "tempo_bpm": "BPM", "rms_db": "dB"}


class _Item(NamedTuple):
    """A token file to be: its name below the tokens folder without suffix, its content, and files to take over."""

    name: str
    tokens: ecdc.Ecdc
    sidecar: Sidecar
    token_file: Path | None = None
    found: sidecar_files.Found | None = None


@dataclass(slots=True)
class Exported:
    """What was written.

    Attributes:
        rows: token files listed in the split.
        without_sidecar: those of them that got a sidecar without features, because they had none.
        rejects: what was left out: a file and why.
        missing: what a check found wrong; empty without one.
    """

    rows: int = 0
    without_sidecar: int = 0
    rejects: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def export_enchf(
    source: Path,
    out: Path,
    *,
    split: str = "train",
    tokens_subdir: str = "tokens",
    materialize: Materialize = "link",
    cond_root: Path | None = None,
    recursive: bool = True,
    verify: bool = False,
    max_files: int | None = None,
) -> Exported:
    """Write one split of EncHF's layout.

    Args:
        source: a build that holds `tokens`, of which the split of this name is taken, or a folder of token files.
        out: the folder to make or to add the split to.
        split: name of the split.
        tokens_subdir: where the token files go, below `out`.
        materialize: "link" or "copy" files; "none" only lists them.
        cond_root: folder of the sidecars, a mirror of a `source` of files; None for beside them.
        recursive: also take the folders of a `source` of files.
        verify: read everything back afterwards.
        max_files: take this many at most.

    Raises:
        UsageError: an argument is wrong, or the build has no such split.
        InputError, NoDataError: there is no such folder, or no token file in it that can be read.
        BuildError: `out` cannot be written.
    """
    _check(out, split, tokens_subdir, materialize)
    if max_files is not None and max_files < 1:
        raise UsageError(f"max_files is {max_files}: at least 1 is expected")
    result = Exported()
    taken = _names_of_others(out, split, tokens_subdir)
    if read_info(source) is not None:
        if cond_root is not None:
            raise UsageError("cond_root goes with a folder of token files: a build holds its features itself")
        items = _of_build(source, split, result)
    else:
        made_here = out.resolve() if materialize != "none" else None
        items = _of_folder(source, cond_root, result, recursive=recursive, made_here=made_here)
    with writing(out, "Export again when that is mended."):
        listed = _write_items(items, out, split, tokens_subdir, materialize, max_files, taken)
        if not listed:
            raise NoDataError(f"{source}: no token file of it could be read: {'; '.join(result.rejects[:3])}")
        _save_list(out, split, listed)
    result.rows = len(listed)
    if verify:
        result.missing = list(_wrong(out, listed))
    return result


def _write_items(
    items: Iterable[_Item],
    out: Path,
    split: str,
    tokens_subdir: str,
    materialize: Materialize,
    most: int | None,
    taken: set[str],
) -> list[str]:
    """Write token files and sidecars under names that are free; return their paths below `out`."""
    listed: list[str] = []
    for item in islice(items, most):
        name = _free(item.name, split, taken)
        taken.add(name.lower())
        listed.append(f"{tokens_subdir}/{name}{SUFFIX}")
        if materialize != "none":
            _write(item, out / tokens_subdir / f"{name}{SUFFIX}", copy=materialize == "copy")
    return listed


def _check(out: Path, split: str, tokens_subdir: str, materialize: str) -> None:
    if not _SPLIT.fullmatch(split):
        raise UsageError(f"split is {split!r}: letters, digits, '_' and single dots are expected")
    if materialize not in MATERIALIZE:
        raise UsageError(f"materialize is {materialize!r}: one of {', '.join(MATERIALIZE)} is expected")
    parts = PurePosixPath(tokens_subdir).parts
    if not parts or tokens_subdir.startswith("/") or ".." in parts or safe_path(tokens_subdir) != tokens_subdir:
        raise UsageError(f"tokens_subdir is {tokens_subdir!r}: a folder below the output is expected")
    if parts[0] == split:
        raise UsageError(f"tokens_subdir and split are both {split!r}: the split has a folder of that name")
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / _LIST).is_file()):
        raise UsageError(f"{out}: holds something else than a saved DatasetDict, so it is left alone")


def _names_of_others(out: Path, split: str, tokens_subdir: str) -> set[str]:
    """Return the names that other splits have below the tokens folder, in lower case and without suffix."""
    taken: set[str] = set()
    for other in _splits(out):
        if other != split:
            for path in _load(out)[other]["audio"]:
                taken.add(path.removeprefix(f"{tokens_subdir}/").removesuffix(SUFFIX).lower())
    return taken


def _splits(out: Path) -> list[str]:
    if not (out / _LIST).is_file():
        return []
    try:
        return [str(split) for split in json.loads((out / _LIST).read_text(encoding="utf-8"))["splits"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{out / _LIST}: no list of splits as datasets writes it") from error


def _load(out: Path) -> Mapping[str, Any]:
    from datasets import load_from_disk  # noqa: PLC0415 - importing this module must not import datasets

    loaded: Mapping[str, Any] = load_from_disk(str(out))
    return loaded


def _free(name: str, split: str, taken: set[str]) -> str:
    """Return a name that is legal everywhere and not taken, also where case does not count."""
    safe = safe_path(name)
    for candidate in (safe, f"{split}/{safe}", f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"):
        if candidate.lower() not in taken:
            return candidate
    raise UsageError(f"{name!r}: its name is taken by another file, whatever is put to it; rename one of them")


def _of_folder(
    root: Path, cond_root: Path | None, result: Exported, *, recursive: bool, made_here: Path | None
) -> Iterator[_Item]:
    paths = token_files(root, recursive=recursive)
    if made_here is not None and root.resolve() in made_here.parents:  # what an export before this one left there
        paths = [path for path in paths if made_here not in path.resolve().parents]
    for path in paths:
        name = relative(path, root)
        try:
            tokens = ecdc.read(path)
            found = sidecar_files.find(path, mirrored(path, root, cond_root))
            sidecar = _empty(tokens.frames) if found is None else understand(sidecar_files.load(found), found)
        except (BadFormat, InputError) as error:
            result.rejects.append(f"{name}: {error}")
            continue
        if len(sidecar.values) != tokens.frames:
            result.rejects.append(f"{name}: its sidecar has {len(sidecar.values)} frames, it has {tokens.frames}")
            continue
        result.without_sidecar += found is None
        yield _Item(name.removesuffix(SUFFIX), tokens, sidecar, path, found)


def _of_build(build: Path, split: str, result: Exported) -> Iterator[_Item]:
    files = sorted((build / "tokens").glob(f"{split}-*.parquet"))
    if not files:
        known = sorted({path.name.partition("-")[0] for path in (build / "tokens").glob("*.parquet")})
        has = f"its tokens have {', '.join(known)}" if known else "it holds no tokens: build with --configs ...,tokens"
        raise UsageError(f"{build}: no split {split!r}; {has}")
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1):
            row = batch.to_pylist()[0]
            codes = np.array(row["codes"], np.uint16).reshape(row["n_q"], row["frames"])
            sidecar = _of_row(row)
            result.without_sidecar += not sidecar.features
            samples = round(row["duration_s"] * row["sampling_rate"])
            if frames_of(samples) != row["frames"]:  # its token file contradicts itself; the row has a warning
                samples = row["frames"] * row["hop"]
            yield _Item(row["path"] or row["track_id"], ecdc.Ecdc(codes, samples, "enchf"), sidecar)


def _empty(frames: int) -> Sidecar:
    return Sidecar(np.zeros((frames, 0), np.float32), (), FRAME_RATE, "float32", 2, ())


def _of_row(row: Mapping[str, Any]) -> Sidecar:
    """Return a row's conditioning and sidecar as one: conditioning first, a name of both with ``sidecar_`` before."""
    features: list[Feature] = []
    columns: list[np.ndarray] = []
    for kind in CONDITIONING if row["conditioning"] is not None else ():
        column = np.array(row["conditioning"][kind.name], np.float32)
        own = column.astype(np.float64)
        measured = (own.min(), own.max(), own.mean(), own.std()) if len(own) else (0.0,) * 4
        features.append(Feature(kind.name, _UNITS.get(kind.name, ""), "", *map(float, measured)))
        columns.append(column)
    mine, known = row["sidecar"], {feature.name for feature in features}
    for at, name in enumerate(mine["name"]):
        free = f"sidecar_{name}" if name in known else name
        said = (mine[key][at] for key in ("unit", "description", "minimum", "maximum", "mean", "std"))
        features.append(Feature(free, *said))
        columns.append(np.array(mine["values"][at], np.float32))
    values = np.stack(columns, axis=1) if columns else np.zeros((row["frames"], 0), np.float32)
    return Sidecar(values, tuple(features), row["frame_rate"], _narrowest(values), 2, ())


def _narrowest(values: np.ndarray) -> str:
    """Return the type that holds values as they are: what was float16 in its file is so again."""
    with np.errstate(over="ignore"):
        return "float16" if np.array_equal(values.astype(np.float16).astype(np.float32), values) else "float32"


def _write(item: _Item, target: Path, *, copy: bool) -> None:
    """Write one token file and its sidecar, or take them over as they are where EncHF's loader reads them so."""
    if item.token_file is not None and item.tokens.kind == "enchf":
        _take(item.token_file, target, copy=copy)
    else:
        samples = item.tokens.samples
        atomic.make_folder(target.parent)
        ecdc.write_enchf(target, item.tokens.codes, samples)
    found = item.found
    if found is not None and found.json is not None and not found.warnings and _names_in(found.json, item.sidecar):
        for source, path in zip((found.npy, found.json), sidecar_files.names_of(target), strict=True):
            _take(source, path, copy=copy)
    else:
        save_sidecar(target, item.sidecar)


def _names_in(path: Path, sidecar: Sidecar) -> bool:
    return bool(json.loads(path.read_bytes()).get("names") == list(sidecar.names))


def _take(source: Path, target: Path, *, copy: bool) -> None:
    if copy:
        if not (target.exists() and target.samefile(source)):
            atomic.write_bytes(target, source.read_bytes())
    else:
        atomic.replace_link(source, target)


def _save_list(out: Path, split: str, listed: list[str]) -> None:
    """Save the split as datasets does, and add its name to the list of splits."""
    from datasets import Dataset, Features, Value  # noqa: PLC0415 - as above

    splits = _splits(out)
    data = Dataset.from_dict({"audio": listed}, features=Features({"audio": Value("large_string")}))
    temporary = out / f".{split}.{os.getpid()}"
    atomic.make_folder(out)
    atomic.remove_tree(temporary)
    data.save_to_disk(str(temporary))
    if (out / split).exists():
        old = out / f".{split}.old"
        atomic.remove_tree(old)
        atomic.rename(out / split, old)
        atomic.rename(temporary, out / split)
        atomic.remove_tree(old)
    else:
        atomic.rename(temporary, out / split)
    text = json.dumps({"splits": splits if split in splits else [*splits, split]})
    atomic.write_bytes(out / _LIST, text.encode())


def _wrong(out: Path, listed: Iterable[str]) -> Iterator[str]:
    """Read everything back, and say what cannot be read or does not fit."""
    for name in listed:
        try:
            frames = ecdc.read(out / name).frames
            sidecar = read_sidecar(out / name)
        except RhythmMapsError as error:
            yield f"{name}: {error}"
            continue
        if len(sidecar.values) != frames:
            yield f"{name}: {frames} frames, and {len(sidecar.values)} of its sidecar"
