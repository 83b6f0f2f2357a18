"""Our columns as Hugging Face features, so that Audio and ClassLabel come back from plain Parquet."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from datasets import Audio, ClassLabel, Features, List, Value

from rhythm_maps.columns import Column

_NAMES = {"double": "float64", "float": "float32", "date32[day]": "date32"}
"""Arrow's own names of types that datasets calls otherwise."""


def features(columns: Sequence[Column]) -> Features:
    """Return the features of `columns`; their `arrow_schema` carries the metadata that datasets reads."""
    return Features({column.name: _feature(column) for column in columns})


def _feature(column: Column) -> object:
    if column.audio:
        # decode=False: decoding needs torchcodec, whose wheels do not load beside CPU builds of torch.
        return Audio(decode=False)
    return _of_type(column.type, "", column)


def _of_type(kind: pa.DataType, path: str, column: Column) -> object:
    if pa.types.is_list(kind):
        return List(_of_type(kind.value_type, path, column))
    if path in column.labels:
        return ClassLabel(names=list(column.labels[path]))
    if pa.types.is_struct(kind):
        return {f.name: _of_type(f.type, f"{path}.{f.name}" if path else f.name, column) for f in kind}
    return Value(_NAMES.get(str(kind), str(kind)))
