"""`presence.db`: the players who were online when stable was last closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.osu.binary import Reader, open_reader

_SMALLEST = 28
_UTC = 24


class Player(NamedTuple):
    """One player as `presence.db` keeps them.

    Attributes:
        player_id: number of the player; negative for bots and IRC users.
        player: name (None where absent).
        utc_offset_h: hours before or behind UTC.
        country: number of the country in osu!'s list.
        permissions: the five lowest bits of the player's permissions.
        mode: number of the game mode.
        longitude, latitude: degrees.
        rank: global rank, 0 for none.
        updated_at: when this was true; None for never.
    """

    player_id: int
    player: str | None
    utc_offset_h: int
    country: int
    permissions: int
    mode: int
    longitude: float
    latitude: float
    rank: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Presence:
    """A whole `presence.db`: version of the client as a date, players, problems that did not stop the reading."""

    version: int
    players: list[Player]
    problems: list[BadFormat]


def read_presence(data: bytes) -> Presence:
    """Read a `presence.db` (ppy/osu's wiki; fields as holly-hacker/osu-database-reader names them).

    Raises:
        BadFormat: it is none, or damaged; the place is the byte.
        LimitExceeded: it is larger than `limits.SMALL_DATABASE_BYTES`.
    """
    reader = open_reader(data, limits.SMALL_DATABASE_BYTES)
    version = reader.version()
    players: list[Player] = []
    for entry in range(reader.count("players", _SMALLEST)):
        reader.entry = entry
        players.append(_player(reader))
    reader.entry = None
    return Presence(version, players, reader.trailing())


def _player(reader: Reader) -> Player:
    player_id = reader.integer("the number of a player")
    name = reader.string("the name of a player")
    offset, country = reader.byte("the UTC offset") - _UTC, reader.byte("the country")
    packed = reader.byte("permissions and mode")
    return Player(
        player_id,
        name,
        offset,
        country,
        permissions=packed & 0x1F,
        mode=packed >> 5,
        longitude=reader.single("the longitude"),
        latitude=reader.single("the latitude"),
        rank=reader.integer("the rank"),
        updated_at=reader.date("the date of the last update"),
    )
