"""The `osu!.db` of the sample pack: what stable would know of its charts, so that status and stars are seen at work."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rhythm_maps.games.osu.codes import MODES
from rhythm_maps.games.osu.database import FIELDS
from rhythm_maps.games.osu.star_ratings import INT, SINGLE

_VERSION = 20250108
_CHECKED_TICKS = 638_712_000_000_000_000
"""2025-01-01, in .NET ticks."""
_DOUBLE_TIME, _HALF_TIME = 64, 256


class Entry(NamedTuple):
    """What the database says of one chart: the `.osu` file, its mode, status (the database's own scale) and stars."""

    data: bytes
    mode: int
    status: int
    beatmap_id: int
    beatmapset_id: int
    stars: float


def write_database(entries: Sequence[Entry]) -> bytes:
    """Write an `osu!.db` by the same table that reads one; fields that say nothing of a chart are 0 or empty."""
    head = struct.pack("<iiBq", _VERSION, len(entries), 1, 0) + _text("Example Player")
    body = b"".join(_entry(entry) for entry in entries)
    return head + struct.pack("<i", len(entries)) + body + struct.pack("<i", 0)


def _entry(entry: Entry) -> bytes:
    known: Mapping[str, Any] = {
        "chart_id": hashlib.md5(entry.data, usedforsecurity=False).hexdigest(),
        "status": entry.status,
        "beatmap_id": max(entry.beatmap_id, 0),
        "beatmapset_id": max(entry.beatmapset_id, 0),
        "mode": entry.mode,
        "last_checked_at": _CHECKED_TICKS,
    }
    parts = []
    for field in FIELDS:
        if not field.versions[0] <= _VERSION < field.versions[1]:
            continue
        value = known.get(field.name, 0)
        if field.kind == "text":
            parts.append(_text(known.get(field.name, "")))
        elif field.kind == "stars":
            parts.append(_stars(entry))
        elif field.kind == "timing":
            parts.append(struct.pack("<i", 0))
        else:
            parts.append(np.array(value, "<i8" if field.kind == "date" else field.kind).tobytes())
    return b"".join(parts)


def _stars(entry: Entry) -> bytes:
    """Four lists, one a mode; the chart's own has ratings without mods, with double time and with half time."""
    rates = ((0, entry.stars), (_DOUBLE_TIME, entry.stars * 1.4), (_HALF_TIME, entry.stars * 0.8))
    own = b"".join(struct.pack("<BiBf", INT, mods, SINGLE, stars) for mods, stars in rates)
    blocks = (struct.pack("<i", len(rates)) + own if mode == entry.mode else bytes(4) for mode in range(len(MODES)))
    return b"".join(blocks)


def _text(value: str) -> bytes:
    data = value.encode()
    return b"\x0b" + bytes([len(data)]) + data if data else b"\x00"
