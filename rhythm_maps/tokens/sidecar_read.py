"""Reading a sidecar: its columns' names, descriptions and values, in every version and layout that is about.

Version 1 (EncHF's ESF) lists ``names`` and ``norm`` {mean, std, min, max}; version 2 has an object a feature, in column
order: ``features`` {name: {min, max, mean, std, units, doc_string}}.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded
from rhythm_maps.tokens import sidecar_files
from rhythm_maps.tokens.sidecar_files import Found, Raw

VERSION: Final = 2
STATISTICS: Final = ("min", "max", "mean", "std")
CHECKSUM: Final = "crc32"
"""Our own key of a feature: the checksum of its stored column, so that two files that do not belong together show."""
_ALIKE: Final = 2e-3
"""Relative difference within which a column's mean and spread are those that its description states."""


class Feature(NamedTuple):
    """One column's description.

    Attributes:
        name: the feature.
        unit: its unit; empty where unknown.
        description: what it is; empty where unknown.
        minimum, maximum, mean, std: as the file states them, which may be a range to normalise by and not that of
            the values; None where it does not.
    """

    name: str
    unit: str = ""
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A sidecar that was read.

    Attributes:
        values: float32 ``[frames, features]``.
        features: one a column.
        fps: frames a second; None where the file does not say.
        dtype: name of the stored type.
        schema_version: 1 or 2.
        warnings: codes of what was odd: ``legacy_name``, ``legacy_json_name``, ``no_json``, ``no_names``,
            ``unnamed_column:N``.
    """

    values: np.ndarray
    features: tuple[Feature, ...]
    fps: float | None
    dtype: str
    schema_version: int
    warnings: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the features, in column order."""
        return tuple(feature.name for feature in self.features)


def read_sidecar(path: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> Sidecar:
    """Read a token file's sidecar, of version 1 or 2.

    Args:
        path: the ``.ecdc``, or the ``.cond.npy``.
        folder: where the sidecar lies; None for beside the token file.

    Raises:
        InputError: there is none, or it cannot be read.
        BadFormat: damaged (``bad_npy``, ``bad_json``), of an unknown version (``unsupported_sidecar``), not what it
            says (``bad_sidecar``), or two files that do not belong together (``torn_sidecar``).
        LimitExceeded: larger than `limits` allow.
    """
    place = None if folder is None else Path(folder)
    found = sidecar_files.find(Path(path), place)
    if found is None:
        raise InputError(f"{sidecar_files.names_of(Path(path), place)[0]}: no such sidecar")
    return understand(sidecar_files.load(found), found)


def understand(raw: Raw, found: Found) -> Sidecar:
    """Give a sidecar's columns their names and descriptions.

    Raises:
        BadFormat: as `read_sidecar`.
    """
    name = (found.json or found.npy).name
    if raw.values.ndim != 2:
        shape = list(raw.values.shape)
        raise BadFormat("bad_sidecar", f"values {shape}; [frames, features] expected", found.npy.name)
    if raw.values.shape[1] > limits.SIDECAR_FEATURES or raw.values.shape[0] > limits.TOKEN_FRAMES:
        raise LimitExceeded("sidecar_too_large", f"values {list(raw.values.shape)}", found.npy.name)
    version = raw.meta.get("schema_version", VERSION if "features" in raw.meta else 1)
    if version not in {1, VERSION}:
        raise BadFormat("unsupported_sidecar", f"schema_version {version!r}; 1 or 2 is read", name)
    if raw.doubled:
        raise BadFormat("bad_sidecar", f"{raw.doubled[0]!r} stands there twice", name)
    described = descriptions(raw.meta, name)
    if len({feature.name for feature in described}) < len(described):
        raise BadFormat("bad_sidecar", "two features of one name", name)
    columns, odd = _columns(described, raw.values, name)
    for at, feature in enumerate(columns):
        if not intact(raw, feature.name, at):
            raise _torn(f"the values of {feature.name!r} are not those that it describes", name)
    fps = raw.meta.get("fps")
    rate = float(fps) if isinstance(fps, int | float) and fps > 0 else None
    values = np.ascontiguousarray(raw.values, dtype=np.float32)
    return Sidecar(values, columns, rate, raw.values.dtype.name, int(version), (*found.warnings, *odd))


def descriptions(meta: Mapping[str, Any], name: str) -> list[Feature]:
    """Return what a sidecar's JSON says of its features, in column order.

    Args:
        meta: the JSON object, of version 2, 1, or the layout between them (``stats``, ``units``, ``docs`` by name).
        name: the file's name, for messages.

    Raises:
        BadFormat: another type stands where text, a number or a list belongs (``bad_sidecar``).
    """
    if "features" in meta:
        features = meta["features"]
        if not isinstance(features, dict) or not all(isinstance(one, dict) for one in features.values()):
            raise BadFormat("bad_sidecar", "features must be an object of objects", name)
        return [_feature(key, one, one, name) for key, one in features.items()]
    names = meta.get("names", [])
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise BadFormat("bad_sidecar", "names must be a list of text", name)
    made = []
    for at, one in enumerate(names):
        norm = {key: _entry(_part(meta, "norm", name).get(key), at, len(names)) for key in STATISTICS}
        stats = _part(meta, "stats", name).get(one)
        text = {
            "units": _part(meta, "units", name).get(one, ""),
            "doc_string": _part(meta, "docs", name).get(one, ""),
        }
        made.append(_feature(one, stats if isinstance(stats, dict) else norm, text, name))
    return made


def _part(meta: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    part = meta.get(key, {})
    if not isinstance(part, dict):
        raise BadFormat("bad_sidecar", f"{key} must be an object", name)
    return part


def _entry(values: Any, at: int, count: int) -> Any:
    """Return one entry of a version 1 list, which has one a feature or is empty."""
    return values[at] if isinstance(values, list) and len(values) == count else None


def _feature(key: str, numbers: Mapping[str, Any], text: Mapping[str, Any], name: str) -> Feature:
    unit, description = text.get("units") or "", text.get("doc_string") or ""
    if not isinstance(unit, str) or not isinstance(description, str):
        raise BadFormat("bad_sidecar", f"units and doc_string of {key!r} must be text", name)
    found: list[float | None] = []
    for one in STATISTICS:
        value = numbers.get(one)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise BadFormat("bad_sidecar", f"{one} of {key!r} must be a number, not {value!r}", name)
        found.append(None if value is None else float(value))
    return Feature(key, unit, description, *found)


def intact(raw: Raw, feature: str, at: int) -> bool:
    """Say whether a column is the one that the JSON was written with; True where it states no checksum."""
    stated = raw.meta.get("features", {}).get(feature, {}).get(CHECKSUM)
    return stated is None or stated == checksum(raw.values[:, at])


def checksum(column: np.ndarray) -> int:
    """Return the CRC-32 of a column as float32, little-endian: float16 gives the same when it is widened."""
    return zlib.crc32(np.ascontiguousarray(column, "<f4").tobytes())


def _torn(what: str, name: str) -> BadFormat:
    reason = f"{what}: a write was interrupted or is under way. Write the features again, or delete both files"
    return BadFormat("torn_sidecar", reason, name)


def _columns(described: list[Feature], values: np.ndarray, name: str) -> tuple[tuple[Feature, ...], list[str]]:
    """Put one feature to each column; columns without a name get one, and a warning."""
    count = values.shape[1]
    if len(described) == count:
        return tuple(described), []
    if not described:
        return tuple(Feature(f"unnamed_{at}") for at in range(count)), ["no_names"]
    if len(described) > count:
        raise _torn(f"{len(described)} features are described and {count} columns are there", name)
    places = _places(described, values, name)
    made = [Feature(f"unnamed_{at}") for at in range(count)]
    for feature, at in zip(described, places, strict=True):
        made[at] = feature
    return tuple(made), [f"unnamed_column:{at}" for at in range(count) if at not in places]


def _places(described: list[Feature], values: np.ndarray, name: str) -> list[int]:
    """Say which columns the described features are, where some have no name: by mean and spread, in order.

    EncHF's append leaves such columns: the names after one would be put to the wrong columns.
    """
    exact = values.astype(np.float64)
    mean, std = np.atleast_1d(exact.mean(axis=0)), np.atleast_1d(exact.std(axis=0))

    def fits(feature: Feature, at: int) -> bool:
        pairs = ((feature.mean, mean[at]), (feature.std, std[at]))
        return all(
            said is not None and abs(said - found) <= _ALIKE * (1e-3 + abs(mean[at]) + std[at]) for said, found in pairs
        )

    first, at = [], 0
    for feature in described:
        at = next((i for i in range(at, len(mean)) if fits(feature, i)), len(mean))
        first.append(at)
        at += 1
    last, at = [], len(mean) - 1
    for feature in reversed(described):
        at = next((i for i in range(at, -1, -1) if fits(feature, i)), -1)
        last.append(at)
        at -= 1
    if first != last[::-1] or len(mean) in first or -1 in last:
        reason = f"{len(described)} names for {len(mean)} columns, and no telling which are which"
        raise BadFormat("bad_sidecar", reason, name)
    return first
