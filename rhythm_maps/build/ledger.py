"""The ledger: one line for every chart and audio file, every input that failed, and what became of it.

Nothing is lost in silence; members of an archive that are not read (hostile or doubled names) have lines as well. A
line's outcome is ``row``, ``duplicate_of`` (with the id of the row that stands for it), ``reject`` (with code, reason
and place) or ``ignored`` (with the reason as code).
"""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from rhythm_maps.build.manifest import MapsetEntry, RejectEntry
from rhythm_maps.errors import BadFormat
from rhythm_maps.files.paths import printable

Outcome = Literal["row", "duplicate_of", "reject", "ignored"]
Kind = Literal["input", "chart", "audio", "member"]

SCHEMA = pa.schema(
    [
        ("root", pa.int32()),
        ("path", pa.string()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("split", pa.string()),
        ("outcome", pa.string()),
        ("id", pa.string()),
        ("code", pa.string()),
        ("reason", pa.string()),
        ("place", pa.string()),
    ]
)


class Ledger:
    """Collects lines; `table` gives them as columns, in the order in which they were added."""

    def __init__(self) -> None:
        self._columns: dict[str, list[object]] = {name: [] for name in SCHEMA.names}

    def add(
        self,
        entry: MapsetEntry | RejectEntry,
        kind: Kind,
        name: str,
        outcome: Outcome,
        *,
        row_id: str = "",
        code: str = "",
        reason: str = "",
        place: str = "",
    ) -> None:
        """Add one line; `name` is the chart's or audio file's, empty for a whole input."""
        split = entry.split if isinstance(entry, MapsetEntry) else ""
        values = (entry.root, entry.path, kind, name, split, outcome, row_id, code, reason, place)
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(printable(value) if isinstance(value, str) else value)

    def reject(self, entry: MapsetEntry | RejectEntry, kind: Kind, name: str, error: BadFormat) -> None:
        """Add a reject with the error's code, reason and place (the input's own name where it has no finer one)."""
        place = error.place or name or entry.path
        self.add(entry, kind, name, "reject", code=error.code, reason=error.reason, place=place)

    def table(self) -> pa.Table:
        """Return the lines as a table of `SCHEMA`."""
        return pa.table(self._columns, schema=SCHEMA)


def input_rejects(rejects: list[RejectEntry]) -> pa.Table:
    """Return the ledger lines of the inputs that a scan could not open."""
    ledger = Ledger()
    for entry in rejects:
        ledger.reject(entry, "input", "", BadFormat(entry.code, entry.reason, entry.place))
    return ledger.table()
