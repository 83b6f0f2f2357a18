"""One beatmap file of any version to `Objects`: keys decide the version, file by file, never Info.dat.

Source: BeatSaver's parser (``version`` present: v4 where its major is 4, else v3; ``_version`` or neither:
v2; both: refused), which is also how maps of mixed versions work in the game.
"""

from __future__ import annotations

import math
import re
from collections import Counter

import msgspec

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.beat_saber import v2, v3, v4
from rhythm_maps.games.beat_saber.document import Document
from rhythm_maps.games.beat_saber.objects import Objects, fitting
from rhythm_maps.games.beat_saber.values import text

_RELEASE = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?")


def release(version: str) -> tuple[int, int] | None:
    """Return (major, minor) of "2.6.0", "2.6.0-foo", "3" or "4.0"; None where there is no number in front."""
    found = _RELEASE.match(version)
    return (int(found[1]), int(found[2] or 0)) if found else None


def read(data: bytes, place: str, warnings: Counter[str]) -> Objects:
    """Read the notes, bombs, walls and tempo events of a beatmap file.

    Args:
        data: the file's bytes: JSON, perhaps gzipped, in any Unicode encoding.
        place: its member name, for messages.
        warnings: counts by code of what was repaired or left out; added to.

    Raises:
        BadFormat: not readable (``bad_json``, ``bad_list``, ``empty_file``, ...), two versions
            (``multiple_versions``), or a version that is not known (``unsupported_version``).
    """
    doc = Document(data, place, warnings)
    new, old, njs = doc.head()
    if new is not msgspec.UNSET and old is not msgspec.UNSET:
        raise BadFormat("multiple_versions", "both version and _version are given; one was expected", place)
    stated = text(old if new is msgspec.UNSET else new)
    number = release(stated)
    if number is not None and number[0] > 4:
        raise BadFormat("unsupported_version", f"beatmap format {stated}; 1 to 4 are known", place)
    if new is msgspec.UNSET:
        objects = v2.read(doc, stated or "2", number or (2, 0))
        objects.njs = njs if njs > 0 else math.nan
    elif number is not None and number[0] == 4:
        objects = v4.read(doc, stated)
    else:
        objects = v3.read(doc, stated or "3")
    objects.notes = fitting(objects.notes, "bad_note", warnings)
    objects.bombs = fitting(objects.bombs, "bad_bomb", warnings)
    objects.walls = fitting(objects.walls, "bad_wall", warnings)
    return objects
