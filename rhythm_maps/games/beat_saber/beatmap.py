"""One beatmap file of any version to `Objects`: keys decide the version, file by file, never Info.dat.

Source: BeatSaver's parser (``version`` present: v4 where its major is 4, else v3; ``_version`` or neither:
v2; both: refused), which is also how maps of mixed versions work in the game.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Literal

import msgspec
import numpy as np

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.beat_saber import v2, v3, v4
from rhythm_maps.games.beat_saber.document import BoolArray, Document, FloatArray, Shape, Table, take
from rhythm_maps.games.beat_saber.objects import Objects, fitting
from rhythm_maps.games.beat_saber.values import text

_RELEASE = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?")
_STATED = re.compile(rb'"(_?)version"[ \t\r\n]*:[ \t\r\n]*"?([0-9])')
_NEAR_ENDS = 256
"""Editors write the version first or last: this many bytes of either end are looked at for a guess."""

_TURNED = ("notes", "bombs", "walls", "arcs", "chains")
_CODES = {
    "notes": "bad_note",
    "bombs": "bad_bomb",
    "walls": "bad_wall",
    "arcs": "bad_arc",
    "chains": "bad_chain",
    "rotations": "bad_rotation",
    "njs_events": "bad_njs_event",
    "fakes": "bad_fake",
}


def release(version: str) -> tuple[int, int] | None:
    """Return (major, minor) of "2.6.0", "2.6.0-foo", "3" or "4.0"; None where there is no number in front."""
    found = _RELEASE.match(version)
    return (int(found[1]), int(found[2] or 0)) if found else None


def read(data: bytes, place: str, warnings: Counter[str]) -> Objects:
    """Read the objects and tempo events of a beatmap file.

    Args:
        data: the file's bytes: JSON, perhaps gzipped, in any Unicode encoding.
        place: its member name, for messages.
        warnings: counts by code of what was repaired or left out; added to.

    Returns:
        Objects whose numbers are finite (but for the tempo events', which `tempo.segments` judges) and fit their
        columns.

    Raises:
        BadFormat: not readable (``bad_json``, ``bad_list``, ``empty_file``, ...), two versions
            (``multiple_versions``), or a version that is not known (``unsupported_version``).
    """
    doc = Document(data, place, warnings)
    probable = _probable_shapes(doc.data)
    new, old, njs = doc.head(*probable)
    if new is not msgspec.UNSET and old is not msgspec.UNSET:
        raise BadFormat("multiple_versions", "both version and _version are given; one was expected", place)
    stated = text(old if new is msgspec.UNSET else new)
    number = release(stated)
    if number is not None and number[0] > 4:
        raise BadFormat("unsupported_version", f"beatmap format {stated}; 1 to 4 are known", place)
    if new is msgspec.UNSET:
        objects = v2.read(doc, stated or "2", number or (2, 0), probable)
        objects.njs = njs if njs > 0 else math.nan
    elif number is not None and number[0] == 4:
        objects = v4.read(doc, stated)
    else:
        objects = v3.read(doc, stated or "3")
    for kind, code in _CODES.items():
        if kind in objects.tables and kind not in objects.plain:
            objects.tables[kind] = fitting(kind, objects.tables[kind], code, warnings)
    _turn(objects)
    return objects


def _probable_shapes(data: bytes) -> tuple[Shape, ...]:
    """Return what will probably be read: only speed depends on the guess."""
    stated = _STATED.search(data, 0, _NEAR_ENDS) or _STATED.search(data, max(len(data) - _NEAR_ENDS, 0))
    if stated is None or stated[1]:
        return v2.shapes(data)
    return v4.shapes() if stated[2] == b"4" else v3.shapes(data)


def _turn(objects: Objects) -> None:
    """Give every object the rotation of its lane in degrees clockwise, so that equal maps of all versions are equal.

    Rotation events add up: an early one turns what stands at its beat and later, a late one what stands later. What an
    object of v4 says itself is added.
    """
    tables = objects.tables
    turns = tables.get("rotations")
    for kind in _TURNED:
        table = tables.get(kind)
        if table is None:
            continue
        pairs = [("beat", "rotation")] + ([("end_beat", "tail_rotation")] if "tail_x" in table else [])
        for beat, rotation in pairs:
            own = table.get(rotation)
            own = np.zeros(len(table["beat"])) if own is None else own
            table[rotation] = own if turns is None else own + lane_rotation(table[beat], turns)


def lane_rotation(beat: FloatArray, turns: Table) -> FloatArray:
    """Return the sum of the rotation events that count at some beats, in degrees clockwise.

    Args:
        beat: any beats, ``[n]``.
        turns: ``beat, late, degrees`` of the events, in any order.
    """
    total = np.zeros(len(beat))
    late = turns["late"] != 0
    sides: tuple[tuple[BoolArray, Literal["left", "right"]], ...] = ((~late, "right"), (late, "left"))
    for mask, side in sides:
        events = take(turns, mask)
        order = np.argsort(events["beat"], kind="stable")
        sums = np.concatenate(([0.0], np.cumsum(events["degrees"][order])))
        total += sums[np.searchsorted(events["beat"][order], beat, side=side)]
    return total
