"""The file of permissions: one JSON line a map whose author allowed that its content is made public.

::

    {"map": "<map hash>", "holder": "who allowed it", "basis": "what was allowed", "date": "2026-05-01",
     "evidence": "where the words can be read: an address, a message id"}

``map`` is the mapset's id, whose case does not matter. Nothing of the file is published but each row's basis and the
first 16 hex of the sha256 of its line, by which the publisher finds the line again.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import msgspec

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded


class Permission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line."""

    map: str
    holder: str
    basis: str
    date: date
    evidence: str

    @property
    def reference(self) -> str:
        """Return 16 hex that stand for the line."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]


def read_permissions(path: Path) -> dict[str, Permission]:
    """Read a file of permissions: mapset id in lower case -> line.

    Raises:
        InputError: it cannot be read.
        BadFormat: a line is not right; the message says which and what is missing.
    """
    try:
        if path.stat().st_size > limits.OPT_OUTS_BYTES:
            raise LimitExceeded("permissions_too_large", f"{path}: more than {limits.OPT_OUTS_BYTES:,} bytes")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    found: dict[str, Permission] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        one = _line(line, place)
        if one.map.casefold() in found:
            raise BadFormat("bad_permissions", f"map {one.map} has a line already: keep one", place)
        found[one.map.casefold()] = one
    return found


def _line(line: bytes, place: str) -> Permission:
    try:
        one = msgspec.json.decode(line, type=Permission)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        expected = "expected map, holder, basis, date (2026-05-01) and evidence"
        raise BadFormat("bad_permissions", f"{expected}: {error}", place) from error
    empty = [name for name in ("map", "holder", "basis", "evidence") if not getattr(one, name).strip()]
    if empty:
        raise BadFormat("bad_permissions", f"{', '.join(empty)} must not be empty", place)
    return one
