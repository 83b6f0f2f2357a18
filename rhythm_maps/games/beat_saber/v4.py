"""Beatmaps of format 4: an object is a beat and an index into a list of data; tempo lives in AudioData.

Every list and every field may be left out (zeros are). Source: bsmg wiki map-format (beatmap 4.x).
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from rhythm_maps.games.beat_saber.document import Document, Shape, Table, readable, take
from rhythm_maps.games.beat_saber.objects import BOMB_FIELDS, NOTE_FIELDS, WALL_FIELDS, Objects, renamed

_PLACE = ("b", "i")
_NOTE = ("x", "y", "c", "d", "a")
_BOMB = ("x", "y")
_WALL = ("d", "x", "y", "w", "h")
_SHAPES = (
    Shape("colorNotes", _PLACE),
    Shape("colorNotesData", _NOTE),
    Shape("bombNotes", _PLACE),
    Shape("bombNotesData", _BOMB),
    Shape("obstacles", _PLACE),
    Shape("obstaclesData", _WALL),
)


def read(doc: Document, version: str) -> Objects:
    """Read the objects of a v4 beatmap.

    Raises:
        BadFormat: as `Document.tables`.
    """
    notes, note_data, bombs, bomb_data, walls, wall_data = doc.tables(*_SHAPES)
    return Objects(
        version,
        notes=renamed(joined(notes, note_data, "bad_note", doc.warnings), ("b", *_NOTE), NOTE_FIELDS),
        bombs=renamed(joined(bombs, bomb_data, "bad_bomb", doc.warnings), ("b", *_BOMB), BOMB_FIELDS),
        walls=renamed(joined(walls, wall_data, "bad_wall", doc.warnings), ("b", *_WALL), WALL_FIELDS),
    )


def joined(objects: Table, data: Table, code: str, warnings: Counter[str]) -> Table:
    """Give each object the data its index ``i`` names.

    An object whose index names nothing is dropped and counted as ``bad_index``, one that is unreadable, or
    whose data is, under `code`; the others keep their data (bad entries stay in their lists, so that no index
    shifts).
    """
    objects = readable(objects, code, warnings)
    index = objects["i"]
    count = len(next(iter(data.values())))
    named = (index >= 0) & (index < count) & (index == np.rint(index))
    if not named.all():
        warnings["bad_index"] += int(len(named) - named.sum())
        objects = take(objects, named)
    at = objects["i"].astype(np.int64)
    return readable(objects | {name: column[at] for name, column in data.items()}, code, warnings)
