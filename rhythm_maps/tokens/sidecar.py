"""Sidecars: per-frame features beside a token file. Read in every version (`sidecar_read`), written in version 2.

What is written also holds the ``names`` and ``norm`` of version 1, so that readers of either find names and ranges, and
a checksum a column: the two files cannot be replaced at one instant, and a reader that comes between them sees that
they do not belong together. An interrupted write is mended by writing the same features again.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.errors import InputError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import saving
from rhythm_maps.tokens import ecdc, sidecar_files
from rhythm_maps.tokens.codec import FRAME_RATE
from rhythm_maps.tokens.sidecar_read import (
    CHECKSUM,
    STATISTICS,
    VERSION,
    Feature,
    Sidecar,
    checksum,
    descriptions,
    intact,
    read_sidecar,
    understand,
)

__all__ = [
    "Feature",
    "Sidecar",
    "SidecarWarning",
    "init_sidecar",
    "read_sidecar",
    "save_sidecar",
    "write_features",
    "write_sidecar_features",
    "write_sidecar_features_for_rel",
]

Mode = Literal["overwrite", "append"]
MODES: Final = ("overwrite", "append")
DTYPES: Final = ("float16", "float32")
_KEYS: Final = frozenset({"values", "units", "doc_string", *STATISTICS})
_OURS: Final = frozenset(
    {"features", "names", "norm", "stats", "units", "docs", "schema_version", "fps", "source_rate"}
)


class SidecarWarning(UserWarning):
    """Something was kept, rounded or found under an old name; the message says what and where."""


class _Column(NamedTuple):
    """A feature that is to be written: stored values and its JSON entry."""

    values: np.ndarray
    entry: dict[str, Any]


def write_sidecar_features(
    root: str | os.PathLike[str],
    ecdc_rel: str | os.PathLike[str],
    features: Mapping[str, Any],
    *,
    dtype: str = "float16",
    fps: float = FRAME_RATE,
    schema_version: int = VERSION,
    mode: Mode = "overwrite",
    require_ecdc_exists: bool = False,
    cond_root: str | os.PathLike[str] | None = None,
) -> Path:
    """Write per-frame features beside a token file, keeping what other features are there as they are.

    Args:
        root: folder of the token files.
        ecdc_rel: path of the token file below `root`, ending in ``.ecdc``.
        features: name -> values ``[frames]``, or a dict of ``values`` and optionally ``units``, ``doc_string``,
            ``min``, ``max``, ``mean``, ``std``. A range given is kept as the one to normalise by; what is not given
            is reckoned from the values as they are stored; units and doc_string not given stay what they were.
        dtype: ``float16`` or ``float32``; a sidecar whose kept features are float32 stays float32.
        fps: frames a second.
        schema_version: 2.
        mode: a feature that is there already: ``overwrite`` replaces its values, ``append`` keeps them and warns.
        require_ecdc_exists: the token file must be there and have as many frames as the values.
        cond_root: folder of the sidecars, a mirror of `root`; None for beside the token files.

    Returns:
        The path of the ``.cond.npy``.

    Raises:
        UsageError: a wrong argument, unequal lengths, values that are not finite or too large for `dtype`.
        InputError: `require_ecdc_exists`, and it does not.
        BadFormat: the sidecar that is there cannot be read; it is left as it is.
        BuildError: the files cannot be written.
    """
    rel = PurePath(ecdc_rel)
    if rel.is_absolute() or rel.drive or ".." in rel.parts or rel.suffix != ".ecdc":
        raise UsageError(f"ecdc_rel is {str(rel)!r}: a path of an .ecdc below root is expected, without '..'")
    if schema_version != VERSION:
        raise UsageError(f"schema_version is {schema_version!r}: {VERSION} is what is written")
    path = Path(root) / rel
    folder = None if cond_root is None else (Path(cond_root) / rel).parent
    if require_ecdc_exists:
        if not path.is_file():
            raise InputError(f"{path}: no such token file, and require_ecdc_exists is set")
        frames = ecdc.read(path).frames
    else:
        frames = None
    return write_features(path, features, dtype=dtype, fps=fps, mode=mode, folder=folder, frames=frames)


write_sidecar_features_for_rel = write_sidecar_features
"""The name that EncHF's documents use."""


def init_sidecar(path: Path, frames: int, *, dtype: str = "float16", folder: Path | None = None) -> Path:
    """Write a sidecar without features, ``[frames, 0]``.

    Args:
        path: the token file.
        frames: its number of frames.
        dtype: ``float16`` or ``float32``.
        folder: where the sidecar lies; None for beside the token file.

    Raises:
        UsageError: an unknown dtype.
    """
    _check_choice("dtype", dtype, DTYPES)
    return _save(path, folder, np.zeros((frames, 0), dtype), {}, {"fps": FRAME_RATE})


def write_features(
    path: Path,
    features: Mapping[str, Any],
    *,
    dtype: str = "float16",
    fps: float = FRAME_RATE,
    mode: Mode = "overwrite",
    folder: Path | None = None,
    frames: int | None = None,
) -> Path:
    """Write features of the token file at `path`; the rest as `write_sidecar_features`.

    Args:
        path: the token file; it need not be there.
        features, dtype, fps, mode: as `write_sidecar_features`.
        folder: where the sidecar lies; None for beside the token file.
        frames: number of frames that the values must have; None for any.
    """
    _check_choice("mode", mode, MODES)
    _check_choice("dtype", dtype, DTYPES)
    given = {name: _given(name, feature) for name, feature in features.items()}
    count = _common_length(given, frames)
    kept, meta = _existing(path, folder, frozenset(given), fps, count)
    if mode == "append":
        for name in sorted(given.keys() & kept.keys()):
            warnings.warn(f"{path.name}: {name!r} is there already and was kept (append)", SidecarWarning, stacklevel=3)
            del given[name]
    if any(kept[name].values.dtype != np.float16 for name in kept.keys() - given.keys()):
        dtype = "float32"
    columns: dict[str, _Column] = {}
    for name in (*kept, *(name for name in given if name not in kept)):
        if name in given:
            columns[name] = _new_column(name, given[name], kept.get(name), dtype, path.name)
        else:
            columns[name] = _Column(kept[name].values.astype(dtype), kept[name].entry)
    if len(columns) > limits.SIDECAR_FEATURES:
        raise UsageError(f"{len(columns)} features; at most {limits.SIDECAR_FEATURES}")
    made = np.stack([column.values for column in columns.values()], axis=1)
    return _save(path, folder, made, {name: column.entry for name, column in columns.items()}, meta)


def save_sidecar(path: Path, sidecar: Sidecar, *, folder: Path | None = None) -> Path:
    """Write a sidecar as it is, in version 2, in place of what is there.

    Args:
        path: the token file.
        sidecar: its values are stored as its `dtype`, float32 where that is not float16.
        folder: where the sidecar lies; None for beside the token file.
    """
    numbers = [(one.minimum, one.maximum, one.mean, one.std) for one in sidecar.features]
    entries = {
        feature.name: {
            **{key: value for key, value in zip(STATISTICS, known, strict=True) if value is not None},
            "units": feature.unit,
            "doc_string": feature.description,
        }
        for feature, known in zip(sidecar.features, numbers, strict=True)
    }
    values = sidecar.values.astype("float16" if sidecar.dtype == "float16" else "float32")
    fps = FRAME_RATE if sidecar.fps is None else sidecar.fps
    return _save(path, folder, values, entries, {"fps": fps})


def _check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UsageError(f"{what} is {value!r}: one of {', '.join(choices)} is expected")


def _given(name: str, feature: Any) -> dict[str, Any]:
    """Return a feature as a dict whose values are a float64 vector, after checking it."""
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise UsageError(f"{name!r} is no name for a feature: printable text is expected")
    given = dict(feature) if isinstance(feature, Mapping) else {"values": feature}
    unknown = sorted(map(str, given.keys() - _KEYS))
    if unknown or "values" not in given:
        what = f"has unknown keys {', '.join(unknown)}" if unknown else "has no values"
        raise UsageError(f"{name!r} {what}: expected values and some of {', '.join(sorted(_KEYS - {'values'}))}")
    try:
        values = np.asarray(given["values"], dtype=np.float64)
        given |= {key: float(given[key]) for key in STATISTICS if given.get(key) is not None}
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name!r}: numbers are expected: {error}") from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise UsageError(f"{name!r} has values {list(values.shape)}: one a frame, [frames], is expected")
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise UsageError(f"{name!r} is {values[bad[0]]} in frame {bad[0]}: finite values are expected")
    return given | {"values": values}


def _common_length(given: Mapping[str, Mapping[str, Any]], frames: int | None) -> int:
    lengths = {name: len(one["values"]) for name, one in given.items()}
    if not lengths:
        raise UsageError("no features are given")
    first, count = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != count:
            raise UsageError(f"{name!r} has {length} values and {first!r} has {count}: one a frame is expected")
    if frames is not None and count != frames:
        raise UsageError(f"{first!r} has {count} values and the token file {frames} frames")
    if count > limits.TOKEN_FRAMES:
        raise UsageError(f"{count:,} frames; at most {limits.TOKEN_FRAMES:,}")
    return count


def _new_column(name: str, given: Mapping[str, Any], old: _Column | None, dtype: str, where: str) -> _Column:
    exact = given["values"]
    with np.errstate(over="ignore"):
        stored = exact.astype(dtype)
    over = np.flatnonzero(~np.isfinite(stored))
    if len(over):
        largest = np.finfo(stored.dtype).max
        hint = "; write it as dtype='float32'" if dtype == "float16" else ""
        raise UsageError(f"{name!r} is {exact[over[0]]:g} in frame {over[0]}, and {dtype} ends at {largest:g}{hint}")
    lost = np.abs(stored.astype(np.float64) - exact)
    if len(exact) and lost.max() > (0 if _whole(exact) else float(np.finfo(dtype).eps) * np.abs(exact).max()):
        at = int(lost.argmax())
        message = f"{where}: {name!r} is not exact in {dtype}: {exact[at]:.12g} became {stored[at]:.12g} (frame {at})"
        warnings.warn(f"{message}; dtype='float32' holds more", SidecarWarning, stacklevel=4)
    before = {} if old is None else old.entry
    own = stored.astype(np.float64)
    measured = [own.min(), own.max(), own.mean(), own.std()] if len(own) else [0.0] * len(STATISTICS)
    entry: dict[str, Any] = {
        key: float(value if given.get(key) is None else given[key])
        for key, value in zip(STATISTICS, measured, strict=True)
    }
    for key in ("units", "doc_string"):
        entry[key] = str(before.get(key, "") if given.get(key) is None else given[key])
    return _Column(stored, entry)


def _whole(values: np.ndarray) -> bool:
    return bool(np.all(values == np.rint(values)))


def _existing(
    path: Path, folder: Path | None, rewritten: frozenset[str], fps: float, count: int
) -> tuple[dict[str, _Column], dict[str, Any]]:
    """Return the columns of the sidecar that is there, and the keys of its JSON that are not ours.

    What an interrupted write left is read, too, where all it damaged is about to be written again.

    Raises:
        UsageError: it has another frame rate or number of frames.
        BadFormat: it cannot be read.
    """
    found = sidecar_files.find(path, folder)
    if found is None:
        return {}, {"fps": fps}
    raw = sidecar_files.load(found)
    torn = _torn_names(raw, found)
    if torn and torn <= rewritten:
        described = [one for one in descriptions(raw.meta, found.npy.name) if one.name not in torn]
    else:
        described = list(understand(raw, found).features)
        torn = frozenset()
    if "legacy_name" in found.warnings:
        proper = sidecar_files.names_of(path, folder)[0].name
        message = f"{found.npy.name} holds the features of {path.name}; {proper} takes its place, remove the old files"
        warnings.warn(message, SidecarWarning, stacklevel=4)
    if raw.values.shape[0] != count:
        raise UsageError(f"{found.npy}: has {raw.values.shape[0]} frames, and the new values {count}")
    rate = raw.meta.get("fps")
    if isinstance(rate, int | float) and float(rate) != fps:
        raise UsageError(f"{found.npy}: has {rate} frames a second, not {fps}: give fps={rate}")
    places = [one.name for one in descriptions(raw.meta, found.npy.name)] if torn else [one.name for one in described]
    stated = raw.meta.get("features", {})
    kept = {
        one.name: _Column(raw.values[:, places.index(one.name)], _entry_of(one, stated.get(one.name, {})))
        for one in described
    }
    return kept, {"fps": fps} | {key: value for key, value in raw.meta.items() if key not in _OURS}


def _torn_names(raw: sidecar_files.Raw, found: sidecar_files.Found) -> frozenset[str]:
    """Return the features whose column is missing or is not the one described; empty where none states a checksum."""
    features = raw.meta.get("features")
    if raw.values.ndim != 2 or not isinstance(features, dict):
        return frozenset()
    if not all(isinstance(one, dict) and CHECKSUM in one for one in features.values()):
        return frozenset()
    names = [one.name for one in descriptions(raw.meta, found.npy.name)]
    width = raw.values.shape[1]
    return frozenset(name for at, name in enumerate(names) if at >= width or not intact(raw, name, at))


def _entry_of(feature: Feature, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept feature's JSON entry: as it was, with what other layouts kept elsewhere."""
    numbers = (feature.minimum, feature.maximum, feature.mean, feature.std)
    entry: dict[str, Any] = {k: v for k, v in zip(STATISTICS, numbers, strict=True) if v is not None}
    return {**stated, **entry, "units": feature.unit, "doc_string": feature.description}


def _save(
    path: Path, folder: Path | None, values: np.ndarray, entries: Mapping[str, dict[str, Any]], meta: Mapping[str, Any]
) -> Path:
    """Write both files: the description first, whose checksums say until the end that the values are not there yet."""
    npy, json_path = sidecar_files.names_of(path, folder)
    features = {name: {**entry, CHECKSUM: checksum(values[:, at])} for at, (name, entry) in enumerate(entries.items())}
    norm = {key: [entry.get(key) for entry in entries.values()] for key in ("mean", "std", "min", "max")}
    document = {
        **meta,
        "source_rate": meta["fps"],
        "schema_version": VERSION,
        "features": features,
        "names": list(features),
        "norm": {key: [] if None in values else values for key, values in norm.items()},
    }
    out = io.BytesIO()
    stored: npt.NDArray[Any] = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    np.lib.format.write_array(out, stored, version=(1, 0), allow_pickle=False)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    with saving(npy, "Write the features again when that is mended."):
        atomic.write_bytes(json_path, text.encode())
        atomic.write_bytes(npy, out.getvalue())
    return npy
