"""Toy: pads in a circle. A game that exists in tests only; it shows all that a third game needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from rhythm_maps.columns import Column
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import ChartBatch, ChartRef, Facts, GameDefaults, Mapset, MapsetBytes, Members, Sample
from rhythm_maps.games.toy import chart, rows
from rhythm_maps.games.toy.columns import COLUMNS

_SUFFIX = ".toy"


class Toy(GameDefaults):
    """The game, as `base.Game` describes it."""

    name: str = "toy"
    title: str = "Toy"
    terms_url: str = "https://example.org/toy/terms"
    archive_suffixes: tuple[str, ...] = (".toyz",)
    columns: tuple[Column, ...] = COLUMNS
    cluster: tuple[str, ...] = ("mode", "pads")

    def marks(self, file_name: str) -> bool:
        """Tell whether a file of this name makes its folder a mapset."""
        return file_name.lower().endswith(_SUFFIX)

    def identify(self, members: Members) -> Mapset:
        """Find the charts of a mapset: all its ``.toy`` files."""
        files = sorted(name for name in members.names() if name.lower().endswith(_SUFFIX))
        if not files:
            raise BadFormat("not_a_mapset", "there is no .toy file in it")
        return Mapset(tuple(_chart(members, name) for name in files), links=tuple(files))

    def parse(self, mapsets: Sequence[MapsetBytes]) -> ChartBatch:
        """Parse the charts of many mapsets."""
        return chart.parse_mapsets(mapsets)

    def rows(self, batch: ChartBatch, facts: Facts) -> pa.Table:
        """Make one row a chart."""
        return rows.make_rows(batch.data, facts)

    def samples(self) -> Iterator[Sample]:
        """Generate the game's sample pack."""
        from rhythm_maps.games.toy.samples import mapsets

        return mapsets()


def _chart(members: Members, name: str) -> ChartRef:
    try:
        header = chart.read_header(members.read(name))
    except BadFormat:
        # Listed without names: parsing rejects it with its reason.
        return ChartRef(name, name, "", "", "")
    return ChartRef(name, name, header["artist"], header["title"], header["audio"])


GAME = Toy()
"""The instance that `games.get("toy")` returns."""
