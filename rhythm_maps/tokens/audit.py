"""Checks sidecars against their token files: presence, frames, names, ranges.

The types of issues, their order in a file and the columns of the CSV are EncHF's; ``legacy_name`` is ours. What EncHF's
own checker reports of good files (names with dots, version 2) is not reported.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import saving
from rhythm_maps.tokens import ecdc, sidecar_files
from rhythm_maps.tokens.codec import FRAME_RATE, frames_of
from rhythm_maps.tokens.folder import mirrored, relative
from rhythm_maps.tokens.sidecar_files import Found, Raw
from rhythm_maps.tokens.sidecar_read import STATISTICS, Sidecar, understand

TYPES: Final = {
    "bad_ecdc": "the token file cannot be read, or states a length that its frames do not have",
    "missing_sidecar": "there is no sidecar",
    "bad_sidecar": "the sidecar cannot be read, or its two files do not belong together",
    "bad_shape": "the values are not [frames, features]",
    "frame_mismatch": "the sidecar has more or fewer frames than the token file",
    "dtype_mismatch": "the values have another type than the one expected",
    "fps_mismatch": "the description states another frame rate than the one expected",
    "duplicate_names": "two features have one name",
    "names_length_mismatch": "there are more or fewer names than columns",
    "missing_features": "a required feature is not there",
    "missing_names": "no names are there",
    "norm_invalid": "a range or statistic is no list of numbers, or no number",
    "norm_length_mismatch": "a list of ranges or statistics has not one entry a feature",
    "norm_inverted": "a range ends below its beginning",
    "range_below_min": "a value lies below its stated minimum",
    "range_above_max": "a value lies above its stated maximum",
    "range_unverifiable": "a range is not stated, or a value is not finite",
    "legacy_name": "the sidecar has a name that only old tools look for",
    "auditor_error": "the file could not be checked",
}
"""Every type of issue, and what it means."""
FAIL_ON: Final = ("bad_ecdc", "bad_sidecar", "frame_mismatch", "missing_sidecar")
"""Types that make an audit fail where nothing else is asked for."""
CSV_COLUMNS: Final = ("type", "rel_ecdc", "rel_cond", "detail")


class Issue(NamedTuple):
    """One thing that is wrong.

    Attributes:
        type: a key of `TYPES`.
        rel_ecdc: path of the token file below its root.
        rel_cond: path of the sidecar below its root, or its name where it lies beside the token file.
        detail: what is wrong.
    """

    type: str
    rel_ecdc: str
    rel_cond: str
    detail: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What sidecars are to be.

    Attributes:
        fps: frames a second that a description may state; None for any.
        dtype: type of the values; None for any.
        require: features that must be there.
        ranges: also compare the values with the stated ranges.
        tolerance: how far outside a value may lie, beyond what its own type rounds.
    """

    fps: float | None = FRAME_RATE
    dtype: str | None = None
    require: tuple[str, ...] = ()
    ranges: bool = False
    tolerance: float = 1e-6


@dataclass(slots=True)
class Audit:
    """What came out.

    Attributes:
        files: number of token files that were looked at.
        ok: number of those without an issue.
        issues: everything found, in the order of the files.
    """

    files: int = 0
    ok: int = 0
    issues: list[Issue] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Return type -> number of issues, sorted by type."""
        return dict(sorted(Counter(issue.type for issue in self.issues).items()))

    def fails(self, types: Iterable[str]) -> bool:
        """Say whether there is an issue of one of these types."""
        return bool({issue.type for issue in self.issues} & set(types))

    def write_csv(self, path: Path) -> None:
        """Write all issues as CSV with the columns `CSV_COLUMNS`.

        Raises:
            BuildError: the file cannot be written.
        """
        text = io.StringIO(newline="")
        csv.writer(text).writerows([CSV_COLUMNS, *self.issues])
        with saving(path, "Name another file."):
            atomic.write_bytes(path, text.getvalue().encode())


def check_types(types: Sequence[str]) -> tuple[str, ...]:
    """Return names of issue types after checking them.

    Raises:
        UsageError: one is unknown.
    """
    unknown = [name for name in types if name not in TYPES]
    if unknown:
        raise UsageError(f"no issue is called {', '.join(unknown)}: expected some of {', '.join(TYPES)}")
    return tuple(types)


def audit(paths: Iterable[Path], root: Path, cond_root: Path | None, expected: Expected) -> Audit:
    """Check the sidecars of some token files.

    Args:
        paths: the token files.
        root: their folder.
        cond_root: folder of the sidecars, a mirror of `root`; None for beside the token files.
        expected: what they are to be.
    """
    result = Audit()
    for path in paths:
        folder = mirrored(path, root, cond_root)
        found = [
            Issue(kind, relative(path, root), _rel_cond(path, folder, cond_root), detail)
            for kind, detail in _guarded(path, folder, expected)
        ]
        result.files += 1
        result.ok += not found
        result.issues.extend(found)
    return result


def _rel_cond(path: Path, folder: Path | None, cond_root: Path | None) -> str:
    npy, _ = sidecar_files.names_of(path, folder)
    return npy.name if cond_root is None else relative(npy, cond_root)


def _guarded(path: Path, folder: Path | None, expected: Expected) -> list[tuple[str, str]]:
    try:
        return list(_file(path, folder, expected))
    except (OSError, MemoryError) as error:
        return [("auditor_error", f"{type(error).__name__}: {error}")]


def _file(path: Path, folder: Path | None, expected: Expected) -> Iterator[tuple[str, str]]:
    try:
        tokens = ecdc.read(path)
    except (BadFormat, InputError) as error:
        yield "bad_ecdc", str(error)
        return
    if frames_of(tokens.samples) != tokens.frames:
        yield "bad_ecdc", f"{tokens.samples} samples are {frames_of(tokens.samples)} frames, codes={tokens.frames}"
    try:
        found = sidecar_files.find(path, folder)
        if found is None:
            yield "missing_sidecar", "no sidecar"
            return
        raw = sidecar_files.load(found)
    except (BadFormat, InputError) as error:
        yield "bad_sidecar", str(error)
        return
    yield from _sidecar(found, raw, tokens.frames, expected)


def _sidecar(found: Found, raw: Raw, frames: int, expected: Expected) -> Iterator[tuple[str, str]]:
    if {"legacy_name", "legacy_json_name"} & set(found.warnings):
        yield "legacy_name", f"found as {found.npy.name}, {found.json.name if found.json else 'no description'}"
    if raw.values.ndim != 2:
        yield "bad_shape", f"expected [frames, features], got {list(raw.values.shape)}"
        return
    if raw.values.shape[0] != frames:
        yield "frame_mismatch", f"codes={frames}, cond={raw.values.shape[0]}"
    if expected.dtype is not None and raw.values.dtype.name != expected.dtype:
        yield "dtype_mismatch", f"{raw.values.dtype.name}, expected {expected.dtype}"
    stated = [*_names(raw, expected), *_norms(raw)]
    yield from stated
    try:
        sidecar = understand(raw, found)
    except BadFormat as error:
        if not {kind for kind, _ in stated} & {"duplicate_names", "names_length_mismatch", "norm_invalid"}:
            yield "bad_sidecar", str(error)
        return
    missing = [name for name in expected.require if name not in sidecar.names]
    if missing and sidecar.names and "no_names" not in sidecar.warnings:
        yield "missing_features", f"missing: {', '.join(missing)}"
    yield from _ranges(sidecar, raw.values, expected)


def _names(raw: Raw, expected: Expected) -> Iterator[tuple[str, str]]:
    """Find what is wrong with the rate and the names that a description states."""
    fps, width = raw.meta.get("fps"), raw.values.shape[1]
    if expected.fps is not None and fps is not None and fps != expected.fps:
        yield "fps_mismatch", f"fps={fps!r}, expected {expected.fps:g}"
    features, names = raw.meta.get("features"), raw.meta.get("names")
    names = list(features) if isinstance(features, dict) else names if isinstance(names, list) else []
    doubled = [*raw.doubled, *(str(name) for at, name in enumerate(names) if name in names[:at])]
    if doubled:
        yield "duplicate_names", ", ".join(doubled)
    if not names and (width or expected.require):
        yield "missing_names", f"no names for {width} columns"
    elif len(names) != width:
        yield "names_length_mismatch", f"names={len(names)}, columns={width}"


def _norms(raw: Raw) -> Iterator[tuple[str, str]]:
    """Find what is wrong with the ranges and statistics that a description states, in its version's layout."""
    features, norm = raw.meta.get("features"), raw.meta.get("norm", {})
    if isinstance(features, dict):
        for name, one in features.items():
            wrong = [key for key in STATISTICS if isinstance(one, dict) and not _number(one.get(key))]
            if wrong:
                yield "norm_invalid", f"{name}: {', '.join(wrong)} must be finite numbers"
        return
    if not isinstance(norm, dict):
        yield "norm_invalid", "norm is no object"
        return
    for key in STATISTICS:
        values = norm.get(key, [])
        if not isinstance(values, list) or not all(map(_number, values)):
            yield "norm_invalid", f"norm.{key} is no list of finite numbers"
        elif len(values) not in {0, raw.values.shape[1]}:
            yield "norm_length_mismatch", f"norm.{key}: {len(values)} entries, columns={raw.values.shape[1]}"


def _number(value: Any) -> bool:
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
    )


def _ranges(sidecar: Sidecar, stored: np.ndarray, expected: Expected) -> Iterator[tuple[str, str]]:
    for feature, column in zip(sidecar.features, stored.T, strict=True):
        low, high = feature.minimum, feature.maximum
        if low is not None and high is not None and high < low:
            yield "norm_inverted", f"{feature.name}: max {high:g} < min {low:g}"
            continue
        if not expected.ranges or not len(column):
            continue
        if low is None or high is None:
            yield "range_unverifiable", f"{feature.name}: no min and max are stated"
            continue
        values = column.astype(np.float64)
        if not np.isfinite(values).all():
            at = int(np.flatnonzero(~np.isfinite(values))[0])
            yield "range_unverifiable", f"{feature.name}: {values[at]} in frame {at}"
            continue
        if values.min() < low - _slack(low, stored.dtype, expected):
            yield "range_below_min", f"{feature.name}: {values.min():.6g} < {low:.6g} (frame {values.argmin()})"
        if values.max() > high + _slack(high, stored.dtype, expected):
            yield "range_above_max", f"{feature.name}: {values.max():.6g} > {high:.6g} (frame {values.argmax()})"


def _slack(bound: float, dtype: np.dtype[Any], expected: Expected) -> float:
    """Return how far beyond a bound a value may lie: bounds may be of the values before they were rounded."""
    if dtype.kind != "f":
        return expected.tolerance
    limits = np.finfo(dtype)
    return expected.tolerance + abs(bound) * float(limits.eps) / 2 + float(limits.smallest_subnormal) / 2
