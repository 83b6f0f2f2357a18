"""`collection.db`: the player's collections, each a name and the md5 of its beatmaps."""

from __future__ import annotations

from dataclasses import dataclass

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.osu.binary import open_reader


@dataclass(frozen=True, slots=True)
class Collections:
    """A whole `collection.db`.

    Attributes:
        version: client version that wrote it, as a date.
        names: names of the collections (None where absent).
        chart_ids: md5 of the `.osu` files of each collection, in its order.
        problems: what was found wrong and did not stop the reading.
    """

    version: int
    names: list[str | None]
    chart_ids: list[list[str | None]]
    problems: list[BadFormat]


def read_collections(data: bytes) -> Collections:
    """Read a `collection.db` (ppy/osu's wiki, "Legacy database file structure").

    Raises:
        BadFormat: it is none, or damaged; the place is the byte.
        LimitExceeded: it is larger than `limits.SMALL_DATABASE_BYTES`.
    """
    reader = open_reader(data, limits.SMALL_DATABASE_BYTES)
    version = reader.version()
    names: list[str | None] = []
    chart_ids: list[list[str | None]] = []
    for entry in range(reader.count("collections", 5)):
        reader.entry = entry
        names.append(reader.string("the name of a collection"))
        number = reader.count("beatmaps of a collection", 1)
        chart_ids.append([reader.string("the md5 of a beatmap") for _ in range(number)])
    reader.entry = None
    return Collections(version, names, chart_ids, reader.trailing())
