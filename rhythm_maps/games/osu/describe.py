"""Which of osu!'s files that are no maps a file is, by its content, and what to tell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import FileFacts
from rhythm_maps.games.osu import facts
from rhythm_maps.games.osu.binary import Reader
from rhythm_maps.games.osu.collection import read_collections
from rhythm_maps.games.osu.database import read_database
from rhythm_maps.games.osu.presence import read_presence
from rhythm_maps.games.osu.replay import read_replay
from rhythm_maps.games.osu.scores import read_scores

_SQLITE = b"SQLite format 3\x00"
_EMPTY_BYTES = 8


class _Form(NamedTuple):
    """One of the databases: how it is read, and what is told of what was read."""

    read: Callable[[bytes], Any]
    tell: Callable[[Any], FileFacts]


_FORMS: Mapping[str, _Form] = {
    "osu!.db": _Form(read_database, facts.of_database),
    "collection.db": _Form(read_collections, facts.of_collections),
    "scores.db": _Form(read_scores, facts.of_scores),
    "presence.db": _Form(read_presence, facts.of_presence),
}
"""The databases of stable by the names that it gives them."""


def describe(name: str, data: bytes) -> FileFacts | None:
    """Say what is in a replay or a database of osu!.

    A replay is known by its suffix, as nothing in it says what it is. A database may have any name that ends in
    ``.db``: of the four forms it is the one that can be read to the last byte. The name decides what content does not
    (a database without entries), and which error is told of a damaged one.

    Args:
        name: file name without folders.
        data: its bytes.

    Returns:
        None for a file that is none of osu!'s.

    Raises:
        BadFormat: it is damaged; the place is the byte. ``sqlite_database`` for a database of another kind.
        LimitExceeded: it is larger than `limits` allows.
    """
    name = name.lower()
    if name.endswith(".osr"):
        return facts.of_replay(read_replay(data))
    if not name.endswith(".db"):
        return None
    if data.startswith(_SQLITE):
        raise BadFormat(
            "sqlite_database",
            "an SQLite database: of osu! only lazer's first versions kept one (client.db), and other programs do; "
            "the databases of stable that are read here are osu!.db, collection.db, scores.db and presence.db",
            "byte 0",
        )
    if name not in _FORMS and not _is_dated(data):
        return None
    return _database(name, data)


def _is_dated(data: bytes) -> bool:
    """Tell whether a file begins with the version that all four databases begin with."""
    try:
        Reader(data).version()
    except BadFormat:
        return False
    return True


def _database(name: str, data: bytes) -> FileFacts:
    # The form that the name says first: it wins where several can read the file.
    forms = sorted(_FORMS, key=lambda form: form != name)
    found: list[tuple[int, str, Any]] = []
    errors: list[tuple[int, BadFormat]] = []
    for form in forms:
        try:
            one = _FORMS[form].read(data)
        except BadFormat as error:
            errors.append((-len(data) - 1 if form == name else -_offset(error), error))
            continue
        found.append((len(one.problems), form, one))
        if not one.problems:
            break
    if not found:
        raise min(errors, key=lambda one: one[0])[1]
    _, form, one = min(found, key=lambda one: one[0])
    if len(data) == _EMPTY_BYTES and name not in _FORMS:
        return facts.of_nothing(one.version)
    return _FORMS[form].tell(one)


def _offset(error: BadFormat) -> int:
    """Return the byte of an error: of several readings the one that got farthest says what is wrong."""
    _, _, number = error.place.partition("byte ")
    return int(number) if number else 0
