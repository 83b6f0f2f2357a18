"""Member names: what is no member, and how the others are decoded."""

from __future__ import annotations

import stat
import struct
import zlib

import pytest
from zip_maker import MAP, Made, make_zip

HOSTILE = [
    b"../up.osu", b"a/../../up.osu", b"..\\up.osu", b"a\\..\\..\\up.osu", b"..", b"a/..", b"/etc/passwd",
    b"//host/x", b"\\\\host\\share\\x", b"\\windows\\x", b"C:\\x.osu", b"c:x.osu", b"Z:/x", b"nul\0byte.osu",
    b"line\nbreak.osu", b"esc\x1b[31m.osu", b"del\x7f.osu", b"./../x", b"a/./../../x", b"", b".", b"./.",
    b"long" * 300, b"\r.osu",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_reported_escaped_and_is_no_member(opened, tmp_path, name):
    with opened(make_zip(Made(name, MAP), Made(b"good.osu", MAP))) as members:
        assert members.names() == ["good.osu"]
        (problem,) = members.problems
        assert problem.code == "hostile_name"
        assert problem.place.isascii()
        assert problem.place.isprintable()
        assert len(problem.place) < 1000
        assert members.read("good.osu") == MAP
    assert [path.name for path in tmp_path.iterdir()] == ["map.osz"]


@pytest.mark.parametrize("name", ["CON", "file:ads", "a\u202egpj.exe", "x" * 300, "e\u0301.osu", "a b .osu"])
def test_an_odd_name_is_a_member_as_nothing_is_written(opened, name):
    with opened(make_zip(Made(name.encode(), MAP, flags=0x800))) as members:
        assert members.names() == [name]
        assert members.read(name) == MAP
        assert not members.problems


@pytest.mark.parametrize("name", [b"sb\\bg.png", b"./sb/bg.png", b".\\sb\\.\\bg.png", b"sb//bg.png"])
def test_folders_are_separated_by_slashes_and_nothing_else(opened, name):
    with opened(make_zip(Made(name, MAP))) as members:
        assert members.names() == ["sb/bg.png"]


def test_names_without_the_flag_are_cp932_else_cp437(opened):
    made = [
        Made("見本.ogg".encode("cp932")),
        Made("Café.osu".encode("cp437")),
        Made("é.osu".encode(), flags=0x800),
    ]
    with opened(make_zip(*made)) as members:
        assert set(members.names()) == {"見本.ogg", "Café.osu", "é.osu"}


def test_a_name_that_is_flagged_utf8_but_is_not_still_decodes(opened):
    with opened(make_zip(Made("見本.ogg".encode("cp932"), flags=0x800))) as members:
        assert members.names() == ["見本.ogg"]


def test_info_zips_utf8_name_counts_where_it_belongs_to_the_raw_one(opened):
    raw, text = b"_.ogg", "見本.ogg"
    field = struct.pack("<2HBL", 0x7075, 5 + len(text.encode()), 1, zlib.crc32(raw)) + text.encode()
    with opened(make_zip(Made(raw, MAP, extra=field))) as members:
        assert members.names() == [text]
    with opened(make_zip(Made(b"x.ogg", MAP, extra=field))) as members:
        assert members.names() == ["x.ogg"]
    with opened(make_zip(Made(raw, MAP, extra=field[:-1] + b"\xff"))) as members:
        assert members.names() == ["_.ogg"]


def test_of_two_files_with_one_name_the_first_counts_and_the_second_is_reported(opened):
    with opened(make_zip(Made(b"a\\b", b"first"), Made(b"a/b", b"second"), Made(b"A/b", b"third"))) as members:
        assert members.names() == ["A/b", "a/b"]
        assert members.read("a/b") == b"first"
        assert [(p.code, p.place) for p in members.problems] == [("duplicate_name", "'a/b'")]


def test_folders_are_left_out_and_links_are_reported(opened):
    link = Made(b"link.osu", b"/etc/passwd", attributes=(stat.S_IFLNK | 0o777) << 16)
    pipe = Made(b"pipe", attributes=stat.S_IFIFO << 16)
    folders = (
        Made(b"sb/"),
        Made(b"sb2\\"),
        Made(b"sb3", attributes=stat.S_IFDIR << 16),
        Made(b"sb4", attributes=0x10),
    )
    full = Made(b"full/", b"data")
    with opened(make_zip(*folders, link, pipe, full, Made(b"a.osu", MAP))) as members:
        assert members.names() == ["a.osu"]
        places = [(problem.code, problem.place) for problem in members.problems]
    assert places == [("not_a_file", "'link.osu'"), ("not_a_file", "'pipe'"), ("not_a_file", "'full/'")]
