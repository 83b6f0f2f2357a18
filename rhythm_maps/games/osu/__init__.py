"""osu!: the `.osu` file format in its four modes, versions 3 to 14 and 128; databases and replays for `inspect`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from rhythm_maps.audio import mp3_clock
from rhythm_maps.audio.mp3_clock import Clock
from rhythm_maps.columns import Column
from rhythm_maps.games.base import (
    ChartBatch,
    Facts,
    FileFacts,
    GameDefaults,
    LibraryFacts,
    Mapset,
    MapsetBytes,
    Members,
    Parts,
    Sample,
)
from rhythm_maps.games.osu import charts, library, mapset, rows, stars
from rhythm_maps.games.osu.columns import COLUMNS

PLACES = (
    r"%LOCALAPPDATA%\osu!\Exports",
    r"%LOCALAPPDATA%\osu!\Songs",
    r"%APPDATA%\osu\exports",
    "~/Library/Application Support/osu/exports",
    "/Applications/osu!.app/Contents/Resources/drive_c/osu!/Songs",
    "$XDG_DATA_HOME/osu/exports",
    "~/.local/share/osu/exports",
    "~/.local/share/osu-wine/osu!/Exports",
    "~/.local/share/osu-wine/osu!/Songs",
    "~/.wine/drive_c/osu!/Songs",
)
"""Exports before `Songs`: what a person exported is what they mean. Stable on Windows, lazer, macOS, Wine on Linux."""


class Osu(GameDefaults):
    """The osu! game, as `base.Game` describes it."""

    name: str = "osu"
    title: str = "osu!"
    terms_url: str = "https://osu.ppy.sh/legal/en/Terms"
    archive_suffixes: tuple[str, ...] = (".osz", ".olz")
    columns: tuple[Column, ...] = COLUMNS
    cluster: tuple[str, ...] = ("mode", "keys")
    places: tuple[str, ...] = PLACES
    library_files: tuple[str, ...] = ("osu!.db",)
    file_suffixes: tuple[str, ...] = (".db", ".osr")

    def marks(self, file_name: str) -> bool:
        """Tell whether a file of this name makes its folder a mapset."""
        return mapset.is_chart(file_name) and not mapset.is_junk(file_name)

    def identify(self, members: Members) -> Mapset:
        """Find the charts of a mapset; see `mapset.identify`."""
        return mapset.identify(members)

    def parse(self, mapsets: Sequence[MapsetBytes]) -> ChartBatch:
        """Parse the charts of many mapsets; see `charts.parse_mapsets`."""
        return charts.parse_mapsets(mapsets)

    def rows(self, batch: ChartBatch, facts: Facts) -> pa.Table:
        """Make one row a chart; see `rows.make_rows`."""
        return rows.make_rows(batch.data, facts)

    def describe(self, name: str, data: bytes) -> FileFacts | None:
        """Say what is in a database or replay; see `describe.describe`."""
        from rhythm_maps.games.osu.describe import describe  # noqa: PLC0415 - only `inspect` needs the binary formats

        return describe(name, data)

    def clock(self, audio: bytes, sampling_rate: int) -> Clock:
        """Start an MP3 where BASS, the game's decoder, does; see `rhythm_maps.audio.mp3_clock`."""
        return mp3_clock.clock(audio, sampling_rate)

    def samples(self) -> Iterator[Sample]:
        """Generate the osu! part of the sample pack."""
        from rhythm_maps.games.osu.samples import mapsets  # noqa: PLC0415 - writes audio; only samples need it

        return mapsets()

    def library(self, name: str, data: bytes) -> LibraryFacts:
        """Read ``osu!.db``; see `library.facts`."""
        del name
        return LibraryFacts(library.facts(data))

    def stars(self, data: bytes) -> Sequence[tuple[float, float]] | None:
        """Compute star ratings; see `stars.stars_by_rate`."""
        return stars.stars_by_rate(data)

    @property
    def stars_source(self) -> str:
        """Return what computes the stars."""
        return stars.source()

    def parts(self, chart: pa.Table) -> Parts:
        """Name the keys of mania, and don and kat of taiko; the other modes have none."""
        if chart["mode"][0].as_py() != "taiko":
            return super().parts(chart)
        lane = chart["notes"].combine_chunks().field("lane").flatten().to_numpy()
        return Parts(("don", "kat"), lane.astype(np.int64))


GAME = Osu()
"""The instance that `games.get("osu")` returns."""
