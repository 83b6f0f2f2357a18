"""Rows, compared: NaN equals NaN, and a difference names its split, row and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import datasets
import numpy as np


def rows_of(loaded):
    """Return split -> rows of a loaded dataset, streamed or not."""
    assert isinstance(loaded, datasets.DatasetDict | datasets.IterableDatasetDict)
    return {str(split): list(data) for split, data in loaded.items()}


def assert_same_rows(left, right):
    """Assert that two results of `rows_of` hold the same rows in the same order, columns in the same order."""
    assert list(left) == list(right)
    for split in left:
        assert len(left[split]) == len(right[split]), split
        for number, (one, other) in enumerate(zip(left[split], right[split], strict=True)):
            assert list(one) == list(other), f"columns of {split} row {number}"
            different = [name for name in one if not same(one[name], other[name])]
            assert not different, f"{split} row {number}: {', '.join(different)} differ"


def same(one, other):
    """Tell whether two values, however nested, are equal in type, shape and content."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if one.dtype == object:
            return all(same(a, b) for a, b in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fM")
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, Sequence) and not isinstance(one, str | bytes):
        # repr, because a list of floats may hold NaN, and is compared faster so than value by value
        return len(one) == len(other) and repr(one) == repr(other)
    return bool(one == other or (one != one and other != other))  # NaN, NaT


def by_id(rows):
    """Return rows sorted by what identifies them, for roads that shuffle."""
    return sorted(rows, key=lambda row: row.get("chart_id") or row["track_id"])
