"""Finding the member that a map names: exactly, else the one that differs only in case or Unicode form.

Maps are made on Windows and macOS, where ``Audio.MP3`` opens ``audio.mp3``, and name files in ways that no
path may be built from. So a name is looked up among the members that exist and nowhere else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Literal, NamedTuple

from rhythm_maps.files.names import fault, normalise


class Found(NamedTuple):
    """What a look-up gave.

    Attributes:
        status: ``found``; ``missing`` (no such member, or a name that no member can have); ``ambiguous``
            (several members differ from it only in case or Unicode form); ``empty`` (the map names nothing).
        name: the member's name where `status` is ``found``, else None.
        candidates: the members that fit, sorted: one where found, several where ambiguous.
    """

    status: Literal["found", "missing", "ambiguous", "empty"]
    name: str | None = None
    candidates: tuple[str, ...] = ()


class NameIndex:
    """The names of one mapset's members, ready for many look-ups."""

    def __init__(self, names: Collection[str]) -> None:
        self._exact = frozenset(names)
        self._folded: dict[str, list[str]] | None = None

    def find(self, wanted: str) -> Found:
        r"""Look up a name as a map gives it.

        ``\`` is ``/`` and "." segments mean nothing. Absolute names, drive letters, ".." and control
        characters match nothing, whatever the members are called.
        """
        if not wanted.strip():
            return Found("empty")
        name = normalise(wanted)
        if fault(name) or wanted.endswith(("/", "\\")):
            return Found("missing")
        if name in self._exact:
            return Found("found", name, (name,))
        fitting = tuple(self._by_fold().get(_fold(name), ()))
        if not fitting:
            return Found("missing")
        if len(fitting) > 1:
            return Found("ambiguous", None, fitting)
        return Found("found", fitting[0], fitting)

    def _by_fold(self) -> dict[str, list[str]]:
        if self._folded is None:
            self._folded = {}
            for name in sorted(self._exact):
                self._folded.setdefault(_fold(name), []).append(name)
        return self._folded


def lookup(names: Collection[str], wanted: str) -> Found:
    """Look up one name among `names`; make a `NameIndex` for more than one."""
    return NameIndex(names).find(wanted)


def _fold(name: str) -> str:
    """Return the form in which names that differ in case or composition are equal (NFC, casefold, NFC)."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
