"""Beatmaps of format 1 and 2: long names with an underscore, bombs among the notes, tempo among the events.

Sources: bsmg wiki map-format (beatmap 2.x); BeatSaver's parser (fakes and bombs are not notes); the game's
converter of obstacle types; bsmap (tempo events, Mapping Extensions wall types).
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from rhythm_maps.games.beat_saber.document import FAKE, Document, FloatArray, Shape, Table, readable, take
from rhythm_maps.games.beat_saber.objects import BOMB_FIELDS, NOTE_FIELDS, WALL_FIELDS, Objects, renamed

_NOTE = ("_time", "_lineIndex", "_lineLayer", "_type", "_cutDirection")
_WALL = ("_time", "_duration", "_lineIndex", "_width", "_type", "_lineLayer", "_height")
_OLD_TEMPO = Shape("_events", ("_time", "_type", "_value"))
_NEW_TEMPO = Shape("_events", ("_time", "_type", "_floatValue"))

_TEMPO_EVENT = re.compile(rb'"_type"[ \t\r\n]*:[ \t\r\n]*"?10')
"""Events are most of a file, and only types 10 and 100 matter: without such a type they are not read."""

_RED, _BLUE, _BOMB = 0.0, 1.0, 3.0
_FULL, _CROUCH, _FREE = 0.0, 1.0, 2.0


def read(doc: Document, version: str, release: tuple[int, int]) -> Objects:
    """Read the objects of a v1 or v2 beatmap.

    Args:
        doc: the file.
        version: its version as stated.
        release: (major, minor) of it: before 2.5 tempo events are of type 10, from 2.5 on of type 100.

    Raises:
        BadFormat: as `Document.tables`.
    """
    fakes = b'"_fake"' in doc.data
    wanted = [Shape("_notes", _NOTE, fakes), Shape("_obstacles", _WALL, fakes)]
    if _TEMPO_EVENT.search(doc.data):
        wanted.append(_NEW_TEMPO if release >= (2, 5) else _OLD_TEMPO)
    notes, walls, *events = doc.tables(*wanted)
    notes = _real(readable(notes, "bad_note", doc.warnings), "fake_notes", doc.warnings)
    walls = _real(readable(walls, "bad_wall", doc.warnings), "fake_walls", doc.warnings)
    objects = Objects(version, walls=_walls(walls, doc.warnings))
    objects.notes, objects.bombs = _notes(notes, doc.warnings)
    for table in events:
        events_read = readable(table, "bad_event", doc.warnings)
        objects.bpm_beat, objects.bpm = _tempo(events_read, release >= (2, 5))
    return objects


def _real(table: Table, code: str, warnings: Counter[str]) -> Table:
    """Drop what the Noodle Extensions mod shows without letting it count."""
    if FAKE not in table or not table[FAKE].any():
        return table
    warnings[code] += int(table[FAKE].sum())
    return take(table, table[FAKE] == 0)


def _notes(table: Table, warnings: Counter[str]) -> tuple[Table, Table]:
    """Part notes and bombs; another type is a ghost note, which the game does not spawn."""
    kind = table["_type"]
    coloured, bomb = (kind == _RED) | (kind == _BLUE), kind == _BOMB
    ghosts = len(kind) - int(coloured.sum()) - int(bomb.sum())
    if ghosts:
        warnings["ghost_notes"] += ghosts
    notes = take(table, coloured)
    notes["angle"] = np.zeros(int(coloured.sum()))
    source = ("_time", "_lineIndex", "_lineLayer", "_type", "_cutDirection", "angle")
    return renamed(notes, source, NOTE_FIELDS), renamed(take(table, bomb), _NOTE[:3], BOMB_FIELDS)


def _walls(table: Table, warnings: Counter[str]) -> Table:
    """Turn wall types into y and height.

    Type 0 stands on the floor, 5 high; 1 is the crouch wall at row 2, 3 high; 2 (from 2.6 on) says both itself.
    The mod Mapping Extensions packs them: 1000 to 4000 is a height, 4001 to 4005000 height and start, both in
    precision units (as bsmap: y = start * 5 + 1000, height = height * 5 + 1000). Any other type is a full wall in
    the game.
    """
    kind = table["_type"]
    tall, packed = (kind >= 1000) & (kind <= 4000), (kind > 4000) & (kind <= 4_005_000)
    start = np.where(packed, np.mod(kind - 4001, 1000), 0.0)
    height = np.where(packed, np.floor((kind - 4001) / 1000), kind - 1000)
    table["_y"] = np.select(
        [kind == _CROUCH, kind == _FREE, packed],
        [np.full_like(kind, 2), table["_lineLayer"], start * 5 + 1000],
        0.0,
    )
    table["_h"] = np.select(
        [kind == _CROUCH, kind == _FREE, tall | packed],
        [np.full_like(kind, 3), table["_height"], height * 5 + 1000],
        5.0,
    )
    unknown = int((~(tall | packed) & ~np.isin(kind, (_FULL, _CROUCH, _FREE))).sum())
    if unknown:
        warnings["unknown_wall_type"] += unknown
    return renamed(table, ("_time", "_duration", "_lineIndex", "_y", "_width", "_h"), WALL_FIELDS)


def _tempo(events: Table, new: bool) -> tuple[FloatArray, FloatArray]:  # noqa: FBT001 - the two rules of one version
    """Return beats and BPM of the tempo events."""
    kind, value = (100.0, "_floatValue") if new else (10.0, "_value")
    chosen = take(events, events["_type"] == kind)
    return chosen["_time"], chosen[value]
