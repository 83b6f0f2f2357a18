"""Beatmaps of format 1 and 2: names with an underscore, bombs among the notes, tempo and rotation among the events.

Sources: bsmg wiki map-format (beatmap 2.x); BeatSaver's parser (fakes and bombs are not notes); the game's
converter of obstacle types; bsmap (tempo events, Mapping Extensions wall types).
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from rhythm_maps.games.beat_saber.document import FAKE, BoolArray, Document, FloatArray, Shape, Table, readable, take
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
_ARC = {
    "_headTime": "beat",
    "_tailTime": "end_beat",
    "_headControlPointLengthMultiplier": "multiplier",
    "_tailControlPointLengthMultiplier": "tail_multiplier",
    "_colorType": "color",
    "_headLineIndex": "x",
    "_headLineLayer": "y",
    "_headCutDirection": "direction",
    "_tailLineIndex": "tail_x",
    "_tailLineLayer": "tail_y",
    "_tailCutDirection": "tail_direction",
    "_sliderMidAnchorMode": "mid_anchor",
}
_LISTS = (Shape("_notes", _NOTE), Shape("_obstacles", _WALL, free=2), Shape("_sliders", tuple(_ARC), free=4))
_WITH_FAKES = (*(replace(shape, fakes=True) for shape in _LISTS[:2]), _LISTS[2])
_SOURCES = {"notes": "_notes", "bombs": "_notes", "walls": "_obstacles", "arcs": "_sliders"}
_OLD_EVENTS = Shape("_events", ("_time", "_type", "_value"))
_EVENTS = Shape("_events", ("_time", "_type", "_value", "_floatValue"))

_USED_EVENT = re.compile(rb'_type"[ \t\r\n]{0,4}:[ \t\r\n]{0,4}"?1(?:00|0|4|5)[^0-9]')
_KEY_BEFORE = np.arange(4, 14)
"""Bytes before an event's type at which the p of its key may stand."""
_SCAN, _OVERLAP = 1 << 18, 16
"""Bytes that are looked through at once, and how far the next ones reach back."""
_MANY = 1000
"""Places that one stretch may have to look at: with more it is cheaper to read the events."""
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
    wanted = _WITH_FAKES if b"k" in data and b'"_fake"' in data else _LISTS  # one letter is searched many times faster
    events = data.find(b'"_events"')
    if events >= 0 and not _EMPTY_LIST.match(data, events + 9) and _has_used_events(data):
        minor = _NEW_TEMPO.search(data, 0, 256) or _NEW_TEMPO.search(data, max(len(data) - 256, 0))
        wanted = (*wanted, _EVENTS if minor and int(minor[1]) >= 5 else _OLD_EVENTS)
    return wanted


def _has_used_events(data: bytes) -> bool:
    """Tell whether a ``_type`` of 10, 14, 15 or 100 stands in a file.

    Events are most of a file, and no others matter: without one they are not read. NumPy finds the few places where
    such a number begins and ends several times faster than a search for the key.
    """
    whole = np.frombuffer(data, np.uint8)
    for start in range(0, len(data), _SCAN):
        text = whole[max(start - _OVERLAP, 0) : start + _SCAN + _OVERLAP]
        found = text[1:-2] == ord("1")
        found &= (text[2:-1] & 0xFA) == ord("0")  # 0, 1, 4 or 5
        before, after = text[:-3], text[3:]
        found &= (before == ord(":")) | (before <= ord('"'))
        found &= (after <= ord("0")) | (after == ord("}"))
        places = np.flatnonzero(found) + 1
        if len(places):
            keys = text[np.maximum(places[:, None] - _KEY_BEFORE, 0)] == ord("p")
            places = places[keys.any(axis=1)] + max(start - _OVERLAP, 0)
        if len(places) > _MANY or any(
            _USED_EVENT.search(data, max(place - 20, 0), place + 6) for place in places.tolist()
        ):
            return True
    return False


def read(doc: Document, version: str, release: tuple[int, int], expected: tuple[Shape, ...]) -> Objects:
    """Read the objects of a v1 or v2 beatmap.

    Args:
        doc: the file.
        version: its version as stated.
        release: (major, minor) of it: before 2.5 tempo events are of type 10, from 2.5 on of type 100.
        expected: what was read of it so far; used where it is what `shapes` gives.

    Raises:
        BadFormat: as `Document.tables`.
    """
    wanted = expected if expected[:1] in {_LISTS[:1], _WITH_FAKES[:1]} else shapes(doc.data)
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
        tables["arcs"] = renamed(readable(doc, arcs, "bad_arc"), tuple(_ARC), tuple(_ARC.values()))
    for table in events:
        _events(doc, table, release >= (2, 5), tables)
    if fakes:
        tables["fakes"] = joined_fakes(fakes)
    objects.plain = {kind for kind, key in _SOURCES.items() if key in doc.plain}
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
    kind = real["_type"]
    if fake is None and len(kind) and "_notes" in doc.plain and kind.max() <= _BLUE and kind.min() >= _RED:
        tables["notes"] = renamed(real, _NOTE, FIELDS["notes"][:5]) | {"angle_offset": np.zeros(len(kind))}
        return fakes
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
    if "_obstacles" in doc.plain and len(kind) and kind.max() <= _CROUCH and kind.min() >= _FULL:
        crouch = kind == _CROUCH
        return _named_walls(table, np.where(crouch, 2.0, 0.0), np.where(crouch, 3.0, 5.0))
    tall, packed = (kind >= 1000) & (kind <= 4000), (kind > 4000) & (kind <= 4_005_000)
    crouch, free = kind == _CROUCH, kind == _FREE
    start = np.where(packed, np.mod(kind - 4001, 1000), 0.0)
    height = np.where(packed, np.floor((kind - 4001) / 1000), kind - 1000)
    y = np.select([crouch, free, packed], [2.0, table["_lineLayer"], start * 5 + 1000], 0.0)
    high = np.select([crouch, free, tall | packed], [3.0, table["_height"], height * 5 + 1000], 5.0)
    unknown = int((~(tall | packed | crouch | free) & (kind != _FULL)).sum())
    if unknown:
        doc.warnings["unknown_wall_type"] += unknown
    return _named_walls(table, y, high)


def _named_walls(table: Table, y: FloatArray, height: FloatArray) -> Table:
    walls = {
        "beat": table["_time"],
        "duration": table["_duration"],
        "x": table["_lineIndex"],
        "y": y,
        "width": table["_width"],
        "height": height,
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
        np.logical_and(mask, usable, out=mask)
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


def _degrees(value: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Return which values of rotation events mean something, and their degrees clockwise."""
    listed = (value >= 0) & (value < len(_TURNS)) & (value == np.rint(value))
    precise = value >= _PRECISE_TURN
    turns = _TURNS[np.where(listed, value, 0).astype(np.int64)]
    return listed | precise, np.where(precise, value - _PRECISE_ZERO, turns)
