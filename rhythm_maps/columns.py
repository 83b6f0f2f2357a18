"""What a column is: a name, an Arrow type, a meaning, and the policy profile that may publish it.

Types are Arrow's; `lists` makes the shape that streams fast: a struct of lists of one length (a list of structs is some
hundred times slower to read as NumPy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa

Profile = Literal["public", "annotations", "maps", "tokens", "audio", "never"]
"""What may leave the machine: each column names the narrowest policy profile that may carry it."""

F64, F32, I32, I64, STR, BOOL = pa.float64(), pa.float32(), pa.int32(), pa.int64(), pa.string(), pa.bool_()
DATE = pa.date32()
TIMESTAMP = pa.timestamp("ms", tz="UTC")
"""Milliseconds: Parquet has no seconds, and a reader must find the type that the features declare."""


def lists(**fields: pa.DataType) -> pa.DataType:
    """Return the Arrow type of a struct of lists of one length, one list a field."""
    return pa.struct([pa.field(name, pa.list_(kind)) for name, kind in fields.items()])


def struct(**fields: pa.DataType) -> pa.DataType:
    """Return the Arrow type of a struct of scalars."""
    return pa.struct([pa.field(name, kind) for name, kind in fields.items()])


def lists_array(kind: pa.DataType, offsets: np.ndarray, values: Mapping[str, np.ndarray | pa.Array]) -> pa.StructArray:
    """Put flat columns into a struct-of-lists array without a copy where the types fit.

    Args:
        kind: a type made by `lists`; its fields are taken from `values` by name.
        offsets: int32 ``[rows + 1]``; row i owns the values ``offsets[i]:offsets[i + 1]`` of every field.
        values: field name -> flat values; masked entries are not supported, pass an Arrow array for nulls.

    Raises:
        KeyError: a field of `kind` is not in `values`.
        pyarrow.ArrowInvalid: a value does not fit the field's type (never wrapped in silence).
    """
    positions = pa.array(offsets, pa.int32())
    arrays = []
    for item in kind:
        flat = values[item.name]
        flat = flat if isinstance(flat, pa.Array) else pa.array(flat)
        arrays.append(pa.ListArray.from_arrays(positions, flat.cast(item.type.value_type), type=item.type))
    return pa.StructArray.from_arrays(arrays, fields=list(kind))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called, what it holds and who may see it.

    Attributes:
        name: column name; it carries the unit where there is one (``_s`` seconds, ``_ms``, ``_bpm``, ``_px``).
        type: Arrow type.
        description: what it means, for a card's column table.
        origin: the document, decoder or rule it follows; empty where the value is the source's own text.
        profile: narrowest policy profile that may publish it.
        nullable: null is a legal value and means "the source does not say".
        labels: field path (``""`` the column, ``"kind"`` a struct field) -> class names of an int64 ClassLabel.
        audio: a struct of ``bytes`` and ``path`` that readers treat as Audio(decode=False).
    """

    name: str
    type: pa.DataType
    description: str
    origin: str = ""
    profile: Profile = "annotations"
    nullable: bool = False
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audio: bool = False


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the plain Arrow schema of `columns` (no Hugging Face metadata)."""
    return pa.schema([pa.field(column.name, column.type) for column in columns])
