r"""SongCore's ``folders.xml``: further folders of levels, which the mod shows as packs of their own.

::

    <folders>
      <folder>
        <Name>Tournament</Name>         "Example" is the template's and skipped
        <Path>D:\Levels\Tournament</Path>
        <Pack>2</Pack>                  which pack they are shown in; of no meaning here
      </folder>
    </folders>

Source: SongCore, SeparateSongFolder.cs: each child of the root is an entry, names in this case.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.base import NamedFolder

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_TEMPLATE = "Example"


def read(data: bytes) -> tuple[NamedFolder, ...]:
    """Return the folders that a ``folders.xml`` names, in its order; an entry without a path has an empty one.

    Raises:
        LimitExceeded: it is larger than `limits.FOLDER_LIST_BYTES`.
        BadFormat: it is no XML (``bad_xml``), or declares a document type or entities (``unsafe_xml``): SongCore writes
            none, and entities that name each other can fill any memory.
    """
    if len(data) > limits.FOLDER_LIST_BYTES:
        raise LimitExceeded("folder_list_too_large", f"{len(data):,} bytes, at most {limits.FOLDER_LIST_BYTES:,}")
    try:
        # As text, so that what is looked for is seen in any encoding: the parser takes text whatever it declares.
        text = data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFormat("bad_xml", "it is no UTF-8 or UTF-16 text", f"byte {error.start}") from error
    upper = text.upper()
    if "<!DOCTYPE" in upper or "<!ENTITY" in upper:
        raise BadFormat("unsafe_xml", "it declares a document type or entities, which a list of folders has no use for")
    try:
        root = ET.fromstring(text)  # noqa: S314 - neither entities nor a document type are left, and it is small
    except ET.ParseError as error:
        line, column = error.position
        raise BadFormat("bad_xml", "it is no well-formed XML", f"line {line}, column {column + 1}") from error
    except ValueError as error:  # a lone surrogate
        raise BadFormat("bad_xml", "it holds text that is no Unicode") from error
    found = (NamedFolder(_text(entry, "Name"), _text(entry, "Path")) for entry in root)
    return tuple(folder for folder in found if folder.name != _TEMPLATE)


def _text(entry: ET.Element, name: str) -> str:
    return (entry.findtext(name) or "").strip()
