"""Beatmaps of format 3: one list a kind of object, one-letter names, zeros left out.

Objects under ``customData.fakeColorNotes``, ``fakeBombNotes``, ``fakeObstacles`` and ``fakeBurstSliders`` (Noodle
Extensions) are shown and never count. Source: bsmg wiki map-format (beatmap 3.x).
"""

from __future__ import annotations

from rhythm_maps.games.beat_saber.document import Document, Shape, Table, readable
from rhythm_maps.games.beat_saber.objects import BOMB, CHAIN, NOTE, WALL, Objects, ended, joined_fakes, renamed

_NOTE = ("b", "x", "y", "c", "d", "a")
_BOMB = ("b", "x", "y")
_WALL = ("b", "d", "x", "y", "w", "h")
_ARC = ("b", "tb", "mu", "tmu", "c", "x", "y", "d", "tx", "ty", "tc", "m")
_CHAIN = ("b", "tb", "s", "c", "x", "y", "d", "tx", "ty", "sc")
_TURN = ("b", "e", "r")

_NAMES = {
    _NOTE: ("beat", "x", "y", "color", "direction", "angle_offset"),
    _BOMB: ("beat", "x", "y"),
    _WALL: ("beat", "duration", "x", "y", "width", "height"),
    _ARC: (
        *("beat", "end_beat", "multiplier", "tail_multiplier", "color", "x", "y", "direction"),
        *("tail_x", "tail_y", "tail_direction", "mid_anchor"),
    ),
    _CHAIN: ("beat", "end_beat", "squish", "color", "x", "y", "direction", "tail_x", "tail_y", "slices"),
    _TURN: ("beat", "late", "degrees"),
}

_SHAPES = (
    Shape("colorNotes", _NOTE),
    Shape("bombNotes", _BOMB),
    Shape("obstacles", _WALL, free=2),
    Shape("sliders", _ARC, free=4),
    Shape("burstSliders", _CHAIN, free=3),
    Shape("rotationEvents", _TURN, free=3),
    Shape("bpmEvents", ("b", "m"), free=2),
)
_KINDS = (
    ("notes", "bad_note"),
    ("bombs", "bad_bomb"),
    ("walls", "bad_wall"),
    ("arcs", "bad_arc"),
    ("chains", "bad_chain"),
    ("rotations", "bad_event"),
)
_FAKE_SHAPES = (
    Shape("fakeColorNotes", _NOTE, inside="customData"),
    Shape("fakeBombNotes", _BOMB, inside="customData"),
    Shape("fakeObstacles", _WALL, inside="customData"),
    Shape("fakeBurstSliders", _CHAIN, inside="customData"),
)
_FAKES = ((NOTE, "fake_notes"), (BOMB, "fake_notes"), (WALL, "fake_walls"), (CHAIN, "fake_chains"))


def shapes(data: bytes) -> tuple[Shape, ...]:
    """Return the lists to read of a file: those of the mod only where it may have them."""
    return _SHAPES + _FAKE_SHAPES if b"k" in data and b'"fake' in data else _SHAPES


def read(doc: Document, version: str) -> Objects:
    """Read the objects of a v3 beatmap.

    Raises:
        BadFormat: as `Document.tables`.
    """
    wanted = shapes(doc.data)
    found = doc.tables(*wanted)
    objects = Objects(version, 3)
    for shape, table, (kind, code) in zip(wanted, found, _KINDS, strict=False):
        if len(table["b"]):
            objects.tables[kind] = _named(doc, shape, table, code)
            if shape.key in doc.plain and kind != "rotations":
                objects.plain.add(kind)
    turns = objects.tables.get("rotations")
    if turns:
        turns["late"] = (turns["late"] != 0).astype(float)
    tempo = found[len(_KINDS)]
    if len(tempo["b"]):
        objects.tables["bpm_events"] = {"beat": tempo["b"], "bpm": tempo["m"]}
    fakes = []
    for shape, table, (what, code) in zip(_FAKE_SHAPES, found[len(_SHAPES) :], _FAKES, strict=False):
        if len(table["b"]):
            named = _named(doc, shape, table, "bad_fake")
            doc.warnings[code] += len(named["beat"])
            fakes.append((what, named))
    if fakes:
        objects.tables["fakes"] = joined_fakes(fakes)
    return objects


def _named(doc: Document, shape: Shape, table: Table, code: str) -> Table:
    named = renamed(readable(doc, table, code), shape.fields, _NAMES[shape.fields])
    return ended(named) if "duration" in named else named
