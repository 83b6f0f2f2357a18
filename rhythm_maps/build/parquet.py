"""Writes Parquet the way the Hub, its viewer and content-defined storage like it; same tables, same bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.files import atomic

_CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}
"""datasets' own setting: an inserted row changes the bytes of its neighbourhood, not of the whole file."""


def _leaves(kind: pa.DataType, path: str) -> Iterator[tuple[str, pa.DataType]]:
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(field.type, f"{path}.{field.name}")
    elif pa.types.is_list(kind):
        yield from _leaves(kind.value_type, f"{path}.list.element")
    else:
        yield path, kind


class TableWriter:
    """Writes tables to one Parquet file, each as one row group.

    zstd and dictionaries, but media bytes plain: they are compressed already, and a reader can fetch them by range.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._create = atomic.create(path)
        leaves = [leaf for field in schema for leaf in _leaves(field.type, field.name)]
        media = {path for path, kind in leaves if pa.types.is_binary(kind)}
        self._schema = schema
        self.rows = 0
        self._file = self._create.__enter__()
        self._writer = pq.ParquetWriter(
            self._file,
            schema,
            version="2.6",
            compression={path: "NONE" if path in media else "ZSTD" for path, _ in leaves},
            use_dictionary=[path for path, _ in leaves if path not in media],
            write_page_index=True,
            use_content_defined_chunking=_CHUNKING,
        )

    def write(self, table: pa.Table) -> None:
        """Write one table as one row group."""
        # Bytes depend on how a column is chunked; one chunk each, always.
        table = table.cast(self._schema).combine_chunks()
        self._writer.write_table(table, row_group_size=max(1, len(table)))
        self.rows += len(table)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._writer.close()
        else:
            # The file is given up, but pyarrow's writer would complain from its finaliser about a closed file.
            with contextlib.suppress(OSError, ValueError):
                self._writer.close()
        self._create.__exit__(kind, error, trace)


def write_table(path: Path, table: pa.Table) -> None:
    """Write one table to a new file."""
    with TableWriter(path, table.schema) as writer:
        if len(table):
            writer.write(table)
