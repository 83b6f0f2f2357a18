"""Writing a zip whose bytes depend on its members only: the sample pack's archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping

from rhythm_maps.errors import UsageError
from rhythm_maps.files.names import fault, normalise, shown

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can state."""
_UNIX = 3
_REGULAR_FILE = 0o100644
_LEVEL = 6


def write_zip(members: Mapping[str, bytes], *, stored: Collection[str] = ()) -> bytes:
    """Return a zip of `members`, the same bytes for the same members on every system and in any order given.

    Members are sorted by name, dated 1980-01-01 and marked as plain files made on Unix (0644); names outside
    ASCII carry the UTF-8 flag. Deflate runs at level 6; only another implementation of zlib gives others.

    Args:
        members: member name ("/" between folders) -> bytes.
        stored: names of members that are kept uncompressed, such as audio.

    Raises:
        UsageError: a name is not one that `open_members` gives back as it is, or `stored` names no member.
    """
    unknown = sorted(set(stored) - members.keys())
    if unknown:
        raise UsageError(f"no such member to store: {', '.join(map(shown, unknown))}")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(members):
            why = fault(name) or ("" if normalise(name) == name else "a name that readers would change")
            if why:
                raise UsageError(f"{shown(name)} is {why}; use relative names with '/' between folders")
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = _UNIX
            info.external_attr = _REGULAR_FILE << 16
            method = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, members[name], method, _LEVEL)
    return out.getvalue()
