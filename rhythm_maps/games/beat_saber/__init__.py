"""Beat Saber: levels of format 1 to 4 as folders or zips, one chart a difficulty of a characteristic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rhythm_maps.columns import Column
from rhythm_maps.games.base import (
    ChartBatch,
    Facts,
    Game,
    GameDefaults,
    LibraryFacts,
    Mapset,
    MapsetBytes,
    Members,
    NamedFolder,
    Parts,
    Sample,
)
from rhythm_maps.games.beat_saber import chart, mapset, playlist, rows
from rhythm_maps.games.beat_saber.columns import COLUMNS
from rhythm_maps.games.beat_saber.places import PLACES


@dataclass(frozen=True, slots=True)
class BeatSaber(GameDefaults):
    """The game as the rest of the package sees it (`rhythm_maps.games.base.Game`)."""

    name: str = "beat_saber"
    title: str = "Beat Saber"
    terms_url: str = "https://beatsaver.com/policy/tos"
    archive_suffixes: tuple[str, ...] = (".zip",)
    columns: tuple[Column, ...] = COLUMNS
    cluster: tuple[str, ...] = ("mode", "difficulty_rank")
    places: tuple[str, ...] = PLACES
    folder_lists: tuple[str, ...] = ("UserData/SongCore/folders.xml",)
    library_files: tuple[str, ...] = ("beatsaver.json", "beatsaver.jsonl")
    extras: tuple[str, ...] = ("lights",)
    playlist_suffixes: tuple[str, ...] = (".bplist", ".json")
    asks_permission: bool = True

    def marks(self, file_name: str) -> bool:
        """Tell whether a file of this name (no folders) makes its folder a level."""
        return mapset.marks(file_name)

    def identify(self, members: Members) -> Mapset:
        """Find the charts of a level from its Info.dat.

        Raises:
            BadFormat: it is no level, or its Info.dat cannot be read or lists no difficulty.
        """
        return mapset.identify(members)

    def parse(self, mapsets: Sequence[MapsetBytes]) -> ChartBatch:
        """Parse the wanted charts of many levels; bad ones become rejects."""
        return chart.parse(mapsets)

    def rows(self, batch: ChartBatch, facts: Facts) -> pa.Table:
        """Make one row a chart, in the batch's order."""
        return rows.rows(batch, facts)

    def named_folders(self, name: str, data: bytes) -> Sequence[NamedFolder]:
        """Read SongCore's ``folders.xml``; see `song_folders.read`."""
        from rhythm_maps.games.beat_saber import song_folders  # noqa: PLC0415 - a scan of an install reads one

        del name
        return song_folders.read(data)

    def library(self, name: str, data: bytes) -> LibraryFacts:
        """Read saved answers of BeatSaver's API; see `facts.read`."""
        from rhythm_maps.games.beat_saber import facts  # noqa: PLC0415 - only where a scan finds such a file

        del name
        return facts.read(data)

    def playlist(self, data: bytes) -> Sequence[str]:
        """Read a ``.bplist``; see `playlist.read`."""
        return playlist.read(data)

    def parts(self, chart: pa.Table) -> Parts:
        """Name the hand that cuts each note, by its colour: red is left."""
        color = chart["notes_beat_saber"].combine_chunks().field("color").flatten().to_numpy().astype(np.int64)
        return Parts(("left", "right"), np.where((color == 0) | (color == 1), color, -1))

    def samples(self) -> Iterator[Sample]:
        """Generate the game's part of the sample pack."""
        from rhythm_maps.games.beat_saber.samples import mapsets  # noqa: PLC0415 - synthesis is for the demo only

        return mapsets()


GAME: Game = BeatSaber()
"""The one instance: stateless, and found again by its name in a worker process."""
