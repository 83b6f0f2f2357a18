"""Beatmaps of format 1 and 2: long names with an underscore, bombs among the notes, tempo and rotation among the events.

Sources: bsmg wiki map-format (beatmap 2.x); BeatSaver's parser (fakes and bombs are not notes); the game's
converter of obstacle types; bsmap (tempo events, Mapping Extensions wall types).
"""

from __future__ import annotations

import re

import numpy as np

from rhythm_maps.games.beat_saber.document import FAKE, Document, Shape, Table, readable, take
from rhythm_maps.games.beat_saber.objects import (
    BOMB,
    FIELDS,
    GHOST,
    NOTE,
    WALL,
    Objects,
    ended,
    joined_fakes,
    renamed,
    size,
)

_NOTE = ("_time", "_lineIndex", "_lineLayer", "_type", "_cutDirection")
_WALL = ("_time", "_duration", "_lineIndex", "_width", "_type", "_lineLayer", "_height")
_ARC = (
    *("_headTime", "_colorType", "_headLineIndex", "_headLineLayer", "_headCutDirection"),
    *("_headControlPointLengthMultiplier", "_tailTime", "_tailLineIndex", "_tailLineLayer", "_tailCutDirection"),
    *("_tailControlPointLengthMultiplier", "_sliderMidAnchorMode"),
)
_ARC_NAMES = tuple(name for name in FIELDS["arcs"] if not name.endswith("rotation"))
_SLIDERS = Shape("_sliders", _ARC)
_OLD_EVENTS = Shape("_events", ("_time", "_type", "_value"))
_EVENTS = Shape("_events", ("_time", "_type", "_value", "_floatValue"))

_USED_EVENT = re.compile(rb'_type"[ \t\r\n]*:[ \t\r\n]*"?1[045]')
"""Events are most of a file, and only types 10, 14, 15 and 100 matter: without such a type they are not read."""
_EMPTY_LIST = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*\]")
_NEW_TEMPO = re.compile(rb'"_version"[ \t\r\n]*:[ \t\r\n]*"2\.([0-9]{1,4})')

_RED, _BLUE, _BOMB = 0.0, 1.0, 3.0
_FULL, _CROUCH, _FREE = 0.0, 1.0, 2.0
_OLD_BPM, _BPM, _EARLY, _LATE = 10.0, 100.0, 14.0, 15.0

_TURNS = np.array([-60.0, -45.0, -30.0, -15.0, 15.0, 30.0, 45.0, 60.0])
"""Degrees clockwise by the value of a rotation event."""
_PRECISE_TURN, _PRECISE_ZERO = 1000.0, 1360.0
"""Mapping Extensions: values from the first on are degrees plus the second."""


def shapes(data: bytes) -> tuple[Shape, ...]:
    """Return the lists to read of a file: events only where one may be of a type that is used."""
    fakes = b"fak" in data and b'"_fake"' in data
    wanted = [Shape("_notes", _NOTE, fakes), Shape("_obstacles", _WALL, fakes), _SLIDERS]
    events = data.find(b'"_events"')
    if events >= 0 and not _EMPTY_LIST.match(data, events + 9) and _USED_EVENT.search(data, 0):
        minor = _NEW_TEMPO.search(data, 0, 256) or _NEW_TEMPO.search(data, max(len(data) - 256, 0))
        wanted.append(_EVENTS if minor and int(minor[1]) >= 5 else _OLD_EVENTS)
    return tuple(wanted)


def read(doc: Document, version: str, release: tuple[int, int]) -> Objects:
    """Read the objects of a v1 or v2 beatmap.

    Args:
        doc: the file.
        version: its version as stated.
        release: (major, minor) of it: before 2.5 tempo events are of type 10, from 2.5 on of type 100.

    Raises:
        BadFormat: as `Document.tables`.
    """
    wanted = shapes(doc.data)
    if len(wanted) > 3:
        wanted = (*wanted[:3], _EVENTS if release >= (2, 5) else _OLD_EVENTS)
    notes, walls, arcs, *events = doc.tables(*wanted)
    objects = Objects(version, 2)
    tables, fakes = objects.tables, []
    if size_of(notes):
        fakes += _notes(doc, readable(doc, notes, "bad_note"), tables)
    if size_of(walls):
        walls = _walls(doc, readable(doc, walls, "bad_wall"))
        real, fake = _parted(walls, "fake_walls", doc)
        tables["walls"] = real
        fakes += [(WALL, fake)] if fake else []
    if len(arcs["_headTime"]):
        tables["arcs"] = renamed(readable(doc, arcs, "bad_arc"), _ARC, _ARC_NAMES)
    for table in events:
        _events(doc, table, release >= (2, 5), tables)
    if fakes:
        tables["fakes"] = joined_fakes(fakes)
    return objects


def size_of(table: Table) -> int:
    """Return the number of entries of a list that has times."""
    return len(table["_time"])


def _parted(table: Table, code: str, doc: Document) -> tuple[Table, Table | None]:
    """Part what counts from what the Noodle Extensions mod only shows."""
    if FAKE not in table:
        return table, None
    fake = table.pop(FAKE) != 0
    if not fake.any():
        return table, None
    doc.warnings[code] += int(fake.sum())
    return take(table, ~fake), take(table, fake)


def _notes(doc: Document, table: Table, tables: dict[str, Table]) -> list[tuple[int, Table]]:
    """Part notes, bombs, fakes and ghost notes (another type: the game does not spawn them); return the last two."""
    fakes: list[tuple[int, Table]] = []
    real, fake = _parted(table, "fake_notes", doc)
    for part, is_fake in ((real, False), (fake, True)):
        if part is None:
            continue
        kind = part["_type"]
        coloured, bomb = (kind == _RED) | (kind == _BLUE), kind == _BOMB
        found = [
            (NOTE, coloured, FIELDS["notes"][:5]),
            (BOMB, bomb, FIELDS["bombs"][:3]),
            (GHOST, ~(coloured | bomb), FIELDS["notes"][:5]),
        ]
        for what, mask, names in found:
            if not mask.any():
                continue
            source = ("_time", "_lineIndex", "_lineLayer", "_type", "_cutDirection")[: len(names)]
            objects = renamed(part if mask.all() else take(part, mask), source, names)
            if what == GHOST:
                doc.warnings["ghost_notes"] += size(objects)
            if is_fake or what == GHOST:
                fakes.append((what, objects))
            elif what == NOTE:
                tables["notes"] = objects | {"angle_offset": np.zeros(size(objects))}
            else:
                tables["bombs"] = objects
    return fakes


def _walls(doc: Document, table: Table) -> Table:
    """Turn wall types into y and height.

    Type 0 stands on the floor, 5 high; 1 is the crouch wall at row 2, 3 high; 2 (from 2.6 on) says both itself.
    The mod Mapping Extensions packs them: 1000 to 4000 is a height, 4001 to 4005000 height and start, both in
    precision units (as bsmap: y = start * 5 + 1000, height = height * 5 + 1000). Any other type is a full wall in
    the game.
    """
    kind = table["_type"]
    tall, packed = (kind >= 1000) & (kind <= 4000), (kind > 4000) & (kind <= 4_005_000)
    crouch, free = kind == _CROUCH, kind == _FREE
    start = np.where(packed, np.mod(kind - 4001, 1000), 0.0)
    height = np.where(packed, np.floor((kind - 4001) / 1000), kind - 1000)
    y = np.select([crouch, free, packed], [2.0, table["_lineLayer"], start * 5 + 1000], 0.0)
    high = np.select([crouch, free, tall | packed], [3.0, table["_height"], height * 5 + 1000], 5.0)
    unknown = int((~(tall | packed | crouch | free) & (kind != _FULL)).sum())
    if unknown:
        doc.warnings["unknown_wall_type"] += unknown
    walls = {
        "beat": table["_time"],
        "duration": table["_duration"],
        "x": table["_lineIndex"],
        "y": y,
        "width": table["_width"],
        "height": high,
    }
    return ended(walls) | ({FAKE: table[FAKE]} if FAKE in table else {})


def _events(doc: Document, table: Table, new: bool, tables: dict[str, Table]) -> None:  # noqa: FBT001 - 2.5 or later
    """Find tempo and rotation events; one without a readable number is dropped and counted as ``bad_event``."""
    kind, time_is_known = table["_type"], np.isfinite(table["_time"])
    bad = int(np.isnan(kind).sum())
    tempo, bpm = (kind == _BPM, table["_floatValue"]) if new else (kind == _OLD_BPM, table["_value"])
    turn, value = (kind == _EARLY) | (kind == _LATE), table["_value"]
    for mask, number in ((tempo, bpm), (turn, value)):
        usable = time_is_known & np.isfinite(number)
        bad += int((mask & ~usable).sum())
        mask &= usable
    if tempo.any():
        tables["bpm_events"] = {"beat": table["_time"][tempo], "bpm": bpm[tempo]}
    if turn.any():
        known, degrees = _degrees(value[turn])
        if not known.all():
            doc.warnings["bad_rotation"] += int(len(known) - known.sum())
        late = (kind[turn] == _LATE).astype(np.float64)
        tables["rotations"] = take({"beat": table["_time"][turn], "late": late, "degrees": degrees}, known)
    if bad:
        doc.warnings["bad_event"] += bad


def _degrees(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which values of rotation events mean something, and their degrees clockwise."""
    listed = (value >= 0) & (value < len(_TURNS)) & (value == np.rint(value))
    precise = value >= _PRECISE_TURN
    turns = _TURNS[np.where(listed, value, 0).astype(np.int64)]
    return listed | precise, np.where(precise, value - _PRECISE_ZERO, turns)
