"""The ledger: one line for every chart and audio file, every input that failed, and what became of it.

Where tokens are made, each recording has one more line, of the kind ``tokens``.

Nothing is lost in silence; members of an archive that are not read (hostile or doubled names) have lines as well. A
line's outcome is ``row``, ``duplicate_of`` (with the id of the row that stands for it), ``reject`` (with code, reason
and place) or ``ignored`` (with the reason as code, and the id of a chart that could have been a row).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import pyarrow as pa

from rhythm_maps.build.manifest import MapsetEntry, RejectEntry
from rhythm_maps.errors import BadFormat
from rhythm_maps.files.paths import printable

Outcome = Literal["row", "duplicate_of", "reject", "ignored"]
Kind = Literal["input", "chart", "audio", "member", "tokens"]

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


_RANK = {kind: rank for rank, kind in enumerate(get_args(Kind))}


class Ledger:
    """Collects lines; `table` gives them as columns, sorted by input, kind and name.

    Sorted, because the order in which they are added depends on how many mapsets are read at once.
    """

    def __init__(self, entries: Sequence[MapsetEntry | RejectEntry]) -> None:
        """Begin the ledger of some inputs; their order is that of its lines."""
        self._number = {(entry.root, entry.path): i for i, entry in enumerate(entries)}
        self._keys: list[tuple[int, int, str]] = []
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
        self._keys.append((self._number[entry.root, entry.path], _RANK[kind], name))

    def reject(self, entry: MapsetEntry | RejectEntry, kind: Kind, name: str, error: BadFormat) -> None:
        """Add a reject with the error's code, reason and place (the input's own name where it has no finer one)."""
        place = error.place or name or entry.path
        self.add(entry, kind, name, "reject", code=error.code, reason=error.reason, place=place)

    def table(self) -> pa.Table:
        """Return the lines as a table of `SCHEMA`."""
        order = sorted(range(len(self._keys)), key=self._keys.__getitem__)
        return pa.table(self._columns, schema=SCHEMA).take(pa.array(order, pa.int64()))


def input_rejects(rejects: Sequence[RejectEntry]) -> pa.Table:
    """Return the ledger lines of the inputs that a scan could not open."""
    ledger = Ledger(rejects)
    for entry in rejects:
        ledger.reject(entry, "input", "", BadFormat(entry.code, entry.reason, entry.place))
    return ledger.table()
