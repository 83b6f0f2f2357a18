"""Rows of `tokens` and `examples` as the tensors that a model is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rhythm_maps.errors import UsageError
from rhythm_maps.tokens import chart_features, conditioning
from rhythm_maps.tokens.torchless import import_torch

if TYPE_CHECKING:
    from torch import Tensor


class TorchRow(NamedTuple):
    """A row as tensors; T is its number of frames.

    Attributes:
        codes: int64 ``[T, n_q]``.
        cond: float32 ``[T, D]``.
        names: the D features, in the order of `cond`.
    """

    codes: Tensor
    cond: Tensor
    names: tuple[str, ...]


def as_torch(row: Mapping[str, Any]) -> TorchRow:
    """Turn a row into tensors.

    The features of `cond` are those of `conditioning`, then the user's own of `sidecar`, then, in a row of
    `examples`, `note_onset`, `note_active` and `note_density`, and the same of each part as
    ``note_onset/<part>``, all onsets first. A column that is null or that the row lacks gives no feature.

    Args:
        row: of `tokens` or `examples`, as datasets gives it, plain or with the format numpy or torch.

    Raises:
        UsageError: the row has no codes, or a feature has another number of frames.
        MissingExtra: torch is not installed.
    """
    torch = import_torch()
    if row.get("codes") is None:
        raise UsageError("a row without codes: expected one of the config tokens or examples, with its column codes")
    codes = np.asarray(row["codes"]).astype(np.int64)
    frames = codes.shape[1] if codes.ndim == 2 else 0
    found = _features(row)
    wrong = [name for name, values in found if len(values) != frames]
    if wrong:
        raise UsageError(f"{', '.join(wrong)}: not as long as the codes, which have {frames} frames")
    cond = np.stack([values for _, values in found], axis=1) if found else np.zeros((frames, 0), np.float32)
    names = tuple(name for name, _ in found)
    return TorchRow(torch.from_numpy(np.ascontiguousarray(codes.T)), torch.from_numpy(cond), names)


def _features(row: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
    found: list[tuple[str, Any]] = []
    found += _of(row.get("conditioning"), conditioning.NAMES)
    sidecar = row.get("sidecar") or {}
    found += zip(sidecar.get("name", ()), sidecar.get("values", ()), strict=True)
    found += _of(row.get("note_features"), chart_features.NAMES)
    parts = row.get("part_features") or {}
    for name in chart_features.NAMES:
        found += ((f"{name}/{part}", v) for part, v in zip(parts.get("part", ()), parts.get(name, ()), strict=True))
    return [(name, np.asarray(values, np.float32)) for name, values in found]


def _of(column: Mapping[str, Any] | None, names: Sequence[str]) -> list[tuple[str, Any]]:
    return [(name, column[name]) for name in names] if column is not None else []
