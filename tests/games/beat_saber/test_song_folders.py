"""SongCore's folders.xml, as the mod writes it and as it may be broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps import games, limits
from rhythm_maps.errors import BadFormat, LimitExceeded

FOLDERS = r"""<?xml version="1.0" encoding="utf-8"?>
<folders>
  <!-- the template's own entry -->
  <folder><Name>Example</Name><Path>Example</Path><Pack>2</Pack></folder>
  <folder>
    <Name>Tourney &amp; Co</Name>
    <Path>D:\Levels\Tourney</Path>
    <Pack>2</Pack>
    <ImagePath>UserData/SongCore/t.png</ImagePath>
    <WIP>True</WIP>
  </folder>
  <folder><Name>Bad pack</Name><Path> More levels </Path><Pack>x</Pack></folder>
  <folder><Name>No path</Name></folder>
</folders>
"""


def read(data):
    return games.get("beat_saber").named_folders("UserData/SongCore/folders.xml", data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_entry_but_the_template_s_is_named(encoding):
    assert read(FOLDERS.encode(encoding)) == (
        ("Tourney & Co", "D:\\Levels\\Tourney"),
        ("Bad pack", "More levels"),
        ("No path", ""),
    )


def test_a_list_without_entries_names_nothing():
    assert read(b"<folders/>") == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "declaration",
    ['<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', '<!doctype f SYSTEM "file:///etc/passwd">'],
)
def test_entities_are_refused_before_anything_is_parsed(declaration, encoding):
    text = f"<?xml version='1.0'?>{declaration}<f><folder><Name>&b;</Name></folder></f>"
    with pytest.raises(BadFormat) as caught:
        read(text.encode(encoding))
    assert caught.value.code == "unsafe_xml"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "line 1"),
        (b"<folders><folder>", "line 1"),
        (b"<folders>\n&b;</folders>", "line 2"),
        (b"<f>\xff</f>", "byte 3"),
    ],
)
def test_what_is_no_xml_is_said_with_its_place(data, place):
    with pytest.raises(BadFormat) as caught:
        read(data)
    assert (caught.value.code, caught.value.place.partition(",")[0]) == ("bad_xml", place)


def test_a_list_may_be_nested_deeply_but_not_be_large():
    deep = limits.FOLDER_LIST_BYTES // 8
    assert read(b"<a>" * deep + b"</a>" * deep) == (("", ""),)
    with pytest.raises(LimitExceeded):
        read(b" " * (limits.FOLDER_LIST_BYTES + 1))


@given(st.binary(max_size=200) | st.text(alphabet="<>/&;!?[]aNamePth= \"'", max_size=200).map(str.encode))
def test_any_bytes_are_folders_or_a_declared_error(data):
    try:
        code = "" if all(isinstance(folder.path, str) for folder in read(data)) else "no text"
    except BadFormat as error:
        code = error.code
    assert code in {"", "bad_xml", "unsafe_xml"}
