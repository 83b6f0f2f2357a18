"""Beatmaps of format 3: one list a kind of object, one-letter names, zeros left out.

Objects under ``customData.fakeColorNotes``, ``fakeBombNotes`` and ``fakeObstacles`` (Noodle Extensions) are
no notes: they stand outside the lists that are read here. Source: bsmg wiki map-format (beatmap 3.x).
"""

from __future__ import annotations

from rhythm_maps.games.beat_saber.document import Document, Shape, readable
from rhythm_maps.games.beat_saber.objects import BOMB_FIELDS, NOTE_FIELDS, WALL_FIELDS, Objects, renamed

_NOTE = ("b", "x", "y", "c", "d", "a")
_BOMB = ("b", "x", "y")
_WALL = ("b", "d", "x", "y", "w", "h")
_SHAPES = (
    Shape("colorNotes", _NOTE),
    Shape("bombNotes", _BOMB),
    Shape("obstacles", _WALL),
    Shape("bpmEvents", ("b", "m")),
)


def read(doc: Document, version: str) -> Objects:
    """Read the objects of a v3 beatmap.

    Raises:
        BadFormat: as `Document.tables`.
    """
    notes, bombs, walls, tempo = doc.tables(*_SHAPES)
    return Objects(
        version,
        notes=renamed(readable(notes, "bad_note", doc.warnings), _NOTE, NOTE_FIELDS),
        bombs=renamed(readable(bombs, "bad_bomb", doc.warnings), _BOMB, BOMB_FIELDS),
        walls=renamed(readable(walls, "bad_wall", doc.warnings), _WALL, WALL_FIELDS),
        bpm_beat=tempo["b"],
        bpm=tempo["m"],
    )
