"""Lights of a beatmap, read only when they are asked for: they are most of a file.

Basic events and colour boosts are the same thing in every format and come out equal; the groups of event boxes that
format 3 brought are counted as what they are. What the events of format 2 say of tempo and rotation is no light: it
stands in other columns.

=========  ===========================  =====================================  =====================================
kind       format 1 and 2               format 3                               format 4 (the lightshow's file)
=========  ===========================  =====================================  =====================================
basic      ``_events`` of other types   ``basicBeatmapEvents``                 ``basicEvents``, ``basicEventsData``
boost      ``_events`` of type 5        ``colorBoostBeatmapEvents``            ``colorBoostEvents``, ``...Data``
color      --                           ``lightColorEventBoxGroups``           ``eventBoxGroups`` of type 1
rotation   --                           ``lightRotationEventBoxGroups``        ``eventBoxGroups`` of type 2
translation --                          ``lightTranslationEventBoxGroups``     ``eventBoxGroups`` of type 3
fx         --                           ``vfxEventBoxGroups``                  ``eventBoxGroups`` of type 4
=========  ===========================  =====================================  =====================================

Source: bsmg wiki map-format (lights); bsmap (a brightness that is left out is 1 in format 2, 0 in later ones).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.beat_saber.document import Document, Table, take
from rhythm_maps.games.beat_saber.objects import LIGHT_KINDS, fitting
from rhythm_maps.games.beat_saber.values import number, section

_BASIC, _BOOST, _COLOR, _ROTATION, _TRANSLATION, _FX = range(len(LIGHT_KINDS))
_FIELDS: Final = ("beat", "kind", "type", "value", "float_value", "boxes", "events")
_BOOST_TYPE = 5
_NO_LIGHTS = frozenset((14.0, 15.0, 100.0))
"""Types of format 2 that turn lanes or set the tempo."""
_OLD_BPM = 10.0
"""The same before 2.5."""
_GROUPS = {
    "lightColorEventBoxGroups": _COLOR,
    "lightRotationEventBoxGroups": _ROTATION,
    "lightTranslationEventBoxGroups": _TRANSLATION,
    "vfxEventBoxGroups": _FX,
}
_V4_GROUPS = {1.0: _COLOR, 2.0: _ROTATION, 3.0: _TRANSLATION, 4.0: _FX}

Light = tuple[float, float, float, float, float, float, float]
"""Values of `_FIELDS`; NaN where a number cannot be had."""


def read(data: bytes, place: str, major: int, *, old_tempo: bool, warnings: Counter[str]) -> Table:
    """Read the lights of a file.

    Args:
        data: the beatmap's bytes; in format 4 those of its lightshow.
        place: its member name, for messages.
        major: the format, 2 (also for 1), 3 or 4.
        old_tempo: events of type 10 are tempo changes (format 2 before 2.5).
        warnings: lights without a readable number are counted in it as ``bad_light``, a file that cannot be read as
            ``bad_lights``.

    Returns:
        Columns `_FIELDS`, in the file's order within a kind; empty where there are none.
    """
    found: list[Light] = []
    try:
        # Its own counts: what is repaired in the file was counted when the notes were read.
        root = Document(data, place, Counter()).root()
        lights = _v2(root, old_tempo) if major == 2 else _v4(root) if major == 4 else _v3(root)
        for light in lights:
            found.append(light)
            if len(found) > limits.NOTES:
                raise LimitExceeded("too_many_objects", f"more than {limits.NOTES:,} lights", place)
    except BadFormat:
        warnings["bad_lights"] += 1
        return {}
    grid = np.array(found, np.float64).reshape(-1, len(_FIELDS))
    table = {name: grid[:, i].copy() for i, name in enumerate(_FIELDS)}
    good = np.isfinite(grid[:, [i for i, name in enumerate(_FIELDS) if name != "float_value"]]).all(axis=1)
    good &= np.isfinite(table["float_value"]) | (table["kind"] >= _COLOR)
    if not good.all():
        warnings["bad_light"] += int(len(good) - good.sum())
        table = take(table, good)
    return fitting("lights", table, "bad_light", warnings)


def _entries(parent: dict[str, Any], key: str) -> list[Any]:
    """Return a list, empty in place of anything else."""
    found = parent.get(key)
    return found if isinstance(found, list) else []


def _numbers(entry: object, *names: str) -> list[float]:
    """Return numbers of an object, 0 for those left out, NaN where it is none."""
    if not isinstance(entry, dict):
        return [math.nan] * len(names)
    return [number(entry.get(name, 0)) for name in names]


def _basic(beat: float, kind: float, value: float, brightness: float) -> Light:
    return beat, _BASIC, kind, value, brightness, 0, 1


def _boost(beat: float, on: object) -> Light:
    """Return a colour boost; formats write it as true and false or as a number."""
    value = float(on) if isinstance(on, bool) else number(on)
    return beat, _BOOST, _BOOST_TYPE, value, 1, 0, 1


def _group(beat: float, kind: int, group: float, boxes: Sequence[Any], *keys: str) -> Light:
    events = sum(len(_entries(section(box), key)) for box in boxes for key in keys)
    return beat, kind, group, 0, math.nan, len(boxes), events


def _v2(root: dict[str, Any], old_tempo: bool) -> Iterator[Light]:  # noqa: FBT001 - one caller
    for entry in _entries(root, "_events"):
        beat, kind, value = _numbers(entry, "_time", "_type", "_value")
        if kind == _BOOST_TYPE:
            yield _boost(beat, value)
        elif kind not in _NO_LIGHTS and not (old_tempo and kind == _OLD_BPM):
            yield _basic(beat, kind, value, number(section(entry).get("_floatValue", 1)))


def _v3(root: dict[str, Any]) -> Iterator[Light]:
    for entry in _entries(root, "basicBeatmapEvents"):
        yield _basic(*_numbers(entry, "b", "et", "i", "f"))
    for entry in _entries(root, "colorBoostBeatmapEvents"):
        yield _boost(_numbers(entry, "b")[0], section(entry).get("o", 0))
    for key, kind in _GROUPS.items():
        for entry in _entries(root, key):
            beat, group = _numbers(entry, "b", "g")
            # The colour boxes' list is called e, that of the others l.
            yield _group(beat, kind, group, _entries(section(entry), "e"), "e" if kind == _COLOR else "l")


def _v4(root: dict[str, Any]) -> Iterator[Light]:
    basic, boosts = _entries(root, "basicEventsData"), _entries(root, "colorBoostEventsData")
    for entry in _entries(root, "basicEvents"):
        beat, at = _numbers(entry, "b", "i")
        yield _basic(beat, *_numbers(_at(basic, at), "t", "i", "f"))
    for entry in _entries(root, "colorBoostEvents"):
        beat, at = _numbers(entry, "b", "i")
        data = _at(boosts, at)
        yield _boost(beat, data.get("b", 0) if isinstance(data, dict) else math.nan)
    for entry in _entries(root, "eventBoxGroups"):
        beat, kind, group = _numbers(entry, "b", "t", "g")
        known = _V4_GROUPS.get(kind)
        if known is None:  # a kind that is not known has no column: counted with what cannot be read
            beat, known = math.nan, _FX
        yield _group(beat, known, group, _entries(section(entry), "e"), "l")


def _at(data: Sequence[Any], index: float) -> object:
    """Return what an index names, None where it names nothing."""
    return data[int(index)] if index in range(len(data)) else None
