"""Folders as mapsets: the listed files and nothing outside the folder."""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path

import pytest

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded
from rhythm_maps.files import open_folder

symlinks = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


@pytest.fixture
def level(tmp_path):
    root = tmp_path / "level"
    (root / "sb").mkdir(parents=True)
    (root / "Info.dat").write_bytes(b'{"_version": "2.0.0"}')
    (root / "sb" / "bg.png").write_bytes(b"png")
    (root / "song.egg").write_bytes(bytes(3 << 20))
    (tmp_path / "outside.txt").write_bytes(b"secret")
    return root


def test_listed_files_are_members_and_others_are_not(level):
    with open_folder(level, ["song.egg", "Info.dat"]) as members:
        assert members.names() == ["Info.dat", "song.egg"]
        assert members.size("song.egg") == 3 << 20
        assert members.read("Info.dat") == b'{"_version": "2.0.0"}'
        assert not members.problems
        with pytest.raises(BadFormat) as caught:
            members.read("sb/bg.png")
    assert caught.value.code == "missing_member"


def test_checksums_are_those_of_the_bytes_and_are_computed_once(level):
    with open_folder(level, ["song.egg", "sb/bg.png"]) as members:
        assert members.crc32("song.egg") == zlib.crc32(bytes(3 << 20))
        (level / "song.egg").unlink()
        assert members.crc32("song.egg") == zlib.crc32(bytes(3 << 20))
        assert members.read("sb/bg.png") == b"png"
        (level / "sb" / "bg.png").unlink()
        assert members.crc32("sb/bg.png") == zlib.crc32(b"png")


@pytest.mark.parametrize("change", [b"", b"pn", b"png!", None])
def test_a_file_that_changed_since_is_unreadable(level, change):
    with open_folder(level, ["sb/bg.png"]) as members:
        if change is None:
            (level / "sb" / "bg.png").unlink()
        else:
            (level / "sb" / "bg.png").write_bytes(change)
        for call in (members.read, members.crc32):
            with pytest.raises(BadFormat) as caught:
                call("sb/bg.png")
            assert caught.value.code == "unreadable_file"
            assert caught.value.place == "sb/bg.png"


def test_a_listed_file_that_is_not_there_is_a_problem(level):
    with open_folder(level, ["gone.dat", "sb", "Info.dat"]) as members:
        assert members.names() == ["Info.dat"]
        codes = [(problem.code, problem.place) for problem in members.problems]
    assert codes == [("unreadable_file", "'gone.dat'"), ("not_a_file", "'sb'")]


@pytest.mark.parametrize(
    "name", ["../outside.txt", "sb/../../outside.txt", "/etc/passwd", "C:/x", "a\0b", "\udcff.dat", "."]
)
def test_a_hostile_name_is_a_problem_and_is_not_opened(level, name):
    with open_folder(level, [name]) as members:
        assert members.names() == []
        assert [problem.code for problem in members.problems] == ["hostile_name"]


def test_two_listed_names_of_one_member_are_reported(level):
    with open_folder(level, ["sb/bg.png", "sb//bg.png"]) as members:
        assert members.names() == ["sb/bg.png"]
        assert [problem.code for problem in members.problems] == ["duplicate_name"]


@symlinks
def test_links_count_only_inside_the_folder(level):
    (level / "inside.dat").symlink_to("Info.dat")
    (level / "outside.txt").symlink_to(level.parent / "outside.txt")
    (level / "up").symlink_to(level.parent)
    (level / "loop").symlink_to("loop")
    names = ["inside.dat", "outside.txt", "up/outside.txt", "loop"]
    with open_folder(level, names) as members:
        assert members.names() == ["inside.dat"]
        assert members.read("inside.dat") == (level / "Info.dat").read_bytes()
        assert [p.place for p in members.problems] == ["'outside.txt'", "'up/outside.txt'", "'loop'"]


@symlinks
def test_a_folder_that_is_a_link_itself_is_opened(level):
    link = level.parent / "link"
    link.symlink_to(level)
    with open_folder(link, ["Info.dat", "sb/bg.png"]) as members:
        assert members.read("sb/bg.png") == b"png"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_not_waited_for(level):
    os.mkfifo(level / "pipe.dat")
    with open_folder(level, ["pipe.dat"]) as members:
        assert [problem.code for problem in members.problems] == ["not_a_file"]


def test_a_file_above_the_cap_is_not_read(level, monkeypatch):
    monkeypatch.setattr(limits, "MEMBER_BYTES", 100)
    with open_folder(level, ["song.egg"]) as members:
        for call in (members.read, members.crc32):
            with pytest.raises(LimitExceeded):
                call("song.egg")


def test_a_root_that_is_no_folder_is_an_input_error(level):
    for root in (level / "Info.dat", level / "missing", Path("nul\0")):
        with pytest.raises(InputError):
            open_folder(root, [])
