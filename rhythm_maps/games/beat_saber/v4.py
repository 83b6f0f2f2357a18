"""Beatmaps of format 4: an object is a beat and an index into a list of data; tempo lives in AudioData.

Every list and every field may be left out (zeros are). Each object says its lane's rotation itself (``r``); 4.0 also
had a list of rotation events, which turn it further. Source: bsmg wiki map-format (beatmap 4.x).
"""

from __future__ import annotations

import numpy as np

from rhythm_maps.games.beat_saber.document import Document, Shape, Table, readable, take
from rhythm_maps.games.beat_saber.objects import Objects, ended

_PLACE = ("b", "r", "i")
_SHAPES = (
    Shape("colorNotes", _PLACE),
    Shape("colorNotesData", ("x", "y", "c", "d", "a"), free=0),
    Shape("bombNotes", _PLACE),
    Shape("bombNotesData", ("x", "y"), free=0),
    Shape("obstacles", _PLACE),
    Shape("obstaclesData", ("d", "x", "y", "w", "h")),
    Shape("arcs", ("hb", "tb", "hr", "tr", "hi", "ti", "ai"), free=2),
    Shape("arcsData", ("m", "tm", "a"), free=2),
    Shape("chains", ("hb", "tb", "hr", "tr", "i", "ci"), free=2),
    Shape("chainsData", ("s", "tx", "ty", "c")),
    Shape("spawnRotations", ("b", "i")),
    Shape("spawnRotationsData", ("t", "r")),
    Shape("njsEvents", ("b", "i")),
    Shape("njsEventData", ("d", "p", "e")),
)
_NEEDED = {
    "notes": {"colorNotes", "colorNotesData"},
    "bombs": {"bombNotes", "bombNotesData"},
    "walls": {"obstacles", "obstaclesData"},
    "arcs": {"arcs", "arcsData", "colorNotesData"},
    "chains": {"chains", "chainsData", "colorNotesData"},
}
"""Where a kind's whole numbers stand."""

_PLACED = {"b": "beat", "r": "rotation"}
_NOTE = {"x": "x", "y": "y", "c": "color", "d": "direction", "a": "angle_offset"}
_BOMB = {"x": "x", "y": "y"}
_WALL = {"d": "duration", "x": "x", "y": "y", "w": "width", "h": "height"}
_ENDS = {"hb": "beat", "tb": "end_beat", "hr": "rotation", "tr": "tail_rotation"}
_HEAD = {"x": "x", "y": "y", "c": "color", "d": "direction"}
_TAIL = {"x": "tail_x", "y": "tail_y", "d": "tail_direction"}
_ARC = {"m": "multiplier", "tm": "tail_multiplier", "a": "mid_anchor"}
_CHAIN = {"tx": "tail_x", "ty": "tail_y", "c": "slices", "s": "squish"}
_TURN = {"t": "late", "r": "degrees"}
_NJS = {"d": "relative_njs", "p": "use_previous", "e": "easing"}

Part = tuple[str, Table, dict[str, str]]
"""Name of an index, the list of data it points into, and what its fields are called here."""


def shapes() -> tuple[Shape, ...]:
    """Return the lists to read of a file."""
    return _SHAPES


def read(doc: Document, version: str) -> Objects:
    """Read the objects of a v4 beatmap.

    Raises:
        BadFormat: as `Document.tables`.
    """
    found = dict(zip((shape.key for shape in _SHAPES), doc.tables(*_SHAPES), strict=True))
    notes = found["colorNotesData"]
    wanted: tuple[tuple[str, str, dict[str, str], str, tuple[Part, ...]], ...] = (
        ("notes", "colorNotes", _PLACED, "bad_note", (("i", notes, _NOTE),)),
        ("bombs", "bombNotes", _PLACED, "bad_bomb", (("i", found["bombNotesData"], _BOMB),)),
        ("walls", "obstacles", _PLACED, "bad_wall", (("i", found["obstaclesData"], _WALL),)),
        (
            *("arcs", "arcs", _ENDS, "bad_arc"),
            (("hi", notes, _HEAD), ("ti", notes, _TAIL), ("ai", found["arcsData"], _ARC)),
        ),
        ("chains", "chains", _ENDS, "bad_chain", (("i", notes, _HEAD), ("ci", found["chainsData"], _CHAIN))),
        ("rotations", "spawnRotations", {"b": "beat"}, "bad_event", (("i", found["spawnRotationsData"], _TURN),)),
        ("njs_events", "njsEvents", {"b": "beat"}, "bad_njs_event", (("i", found["njsEventData"], _NJS),)),
    )
    objects = Objects(version, 4)
    for kind, key, names, code, parts in wanted:
        if len(next(iter(found[key].values()))):
            objects.tables[kind] = joined(doc, found[key], names, parts, code)
    objects.plain = {kind for kind, keys in _NEEDED.items() if keys <= doc.plain}
    tables = objects.tables
    if "walls" in tables:
        ended(tables["walls"])
    if "rotations" in tables:
        tables["rotations"]["late"] = (tables["rotations"]["late"] != 0).astype(np.float64)
    return objects


def joined(doc: Document, objects: Table, names: dict[str, str], parts: tuple[Part, ...], code: str) -> Table:
    """Give each object the data its indices name.

    An object with an index that names nothing is dropped and counted as ``bad_index``, one that is unreadable, or
    whose data is, under `code`; the others keep their data (bad entries stay in their lists, so that no index
    shifts).
    """
    objects = readable(doc, objects, code)
    named: np.ndarray | None = None
    for index, data, _ in parts:
        at = objects[index]
        fits = (at >= 0) & (at < len(next(iter(data.values())))) & (at == np.rint(at))
        named = fits if named is None else named & fits
    if named is not None and not named.all():
        doc.warnings["bad_index"] += int(len(named) - named.sum())
        objects = take(objects, named)
    table = {new: objects[old] for old, new in names.items()}
    for index, data, fields in parts:
        at = objects[index].astype(np.int64)
        table |= {new: data[old][at] for old, new in fields.items()}
    return readable(doc, table, code)
