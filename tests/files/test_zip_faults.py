"""Damaged and lying zips, byte by byte: refused with a reason, or read right."""

from __future__ import annotations

import bz2
import errno
import io
import lzma
import struct
import zlib

import pytest
from zip_maker import MAP, Made, end, end64, make_zip

from rhythm_maps.errors import BadArchive, LimitExceeded
from rhythm_maps.files.archive import ZipMembers


def read_error(opened, made):
    """The error of one bad member; the good one beside it still reads."""
    with opened(make_zip(made, Made(b"good.osu", MAP))) as members:
        assert members.read("good.osu") == MAP
        with pytest.raises((BadArchive, LimitExceeded)) as caught:
            members.read(made.name.decode())
    assert caught.value.place == made.name.decode()
    return caught.value


def test_the_maker_makes_zips_that_read_right(opened):
    with opened(make_zip(Made(b"a.osu", MAP), Made(b"b.mp3", b"\0" * 99, method=0), comment=b"hi")) as members:
        assert members.names() == ["a.osu", "b.mp3"]
        assert members.read("a.osu") == MAP
        assert members.read("b.mp3") == b"\0" * 99
        assert members.crc32("a.osu") == zlib.crc32(MAP)
        assert members.size("a.osu") == len(MAP)


@pytest.mark.parametrize("size", [0, len(MAP) - 1, len(MAP) + 1])
@pytest.mark.parametrize("method", [0, 8])
def test_a_size_that_is_not_the_real_one_is_refused(opened, size, method):
    assert read_error(opened, Made(b"bad.osu", MAP, method=method, size=size)).code == "bad_member"


def test_a_wrong_checksum_is_refused(opened):
    assert read_error(opened, Made(b"bad.osu", MAP, crc=1)).code == "bad_crc"


def test_an_encrypted_member_is_refused(opened):
    assert read_error(opened, Made(b"bad.osu", MAP, flags=1)).code == "encrypted"


@pytest.mark.parametrize(
    ("method", "packed"),
    [(9, MAP), (12, bz2.compress(MAP)), (14, lzma.compress(MAP)), (93, MAP), (99, MAP), (65_535, MAP)],
)
def test_other_methods_than_deflate_are_refused(opened, method, packed):
    error = read_error(opened, Made(b"bad.osu", MAP, method=method, packed=packed))
    assert error.code == "unsupported_method"


@pytest.mark.parametrize("packed", [b"", b"\xff" * 30, b"\x03", Made(b"", MAP).body()[:-1]])
def test_damaged_deflate_data_is_refused(opened, packed):
    assert read_error(opened, Made(b"bad.osu", MAP, packed=packed)).code == "bad_member"


def test_an_offset_that_points_into_nothing_is_refused(opened):
    data = make_zip(Made(b"a.osu", MAP), Made(b"b.osu", MAP))
    with opened(data.replace(b"PK\3\4", b"PK\3\5").replace(b"PK\3\5", b"PK\3\4", 1)) as members:
        assert members.read("a.osu") == MAP
        with pytest.raises(BadArchive) as caught:
            members.read("b.osu")
    assert caught.value.code == "bad_member"


def test_data_descriptors_are_no_fault(opened):
    descriptor = struct.pack("<4s3L", b"PK\7\x08", zlib.crc32(MAP), 9, len(MAP))
    with opened(make_zip(Made(b"a.osu", MAP, flags=8, after=descriptor), Made(b"b.osu", MAP))) as members:
        assert [members.read(name) for name in members.names()] == [MAP, MAP]


def test_a_zip_in_several_parts_is_refused(refused):
    local, entry = Made(b"a").local(), Made(b"a").central(0)
    assert refused(local + entry + end(1, len(entry), len(local), disk=1)) == "multi_disk"
    assert refused(make_zip(Made(b"a", disk=1))) == "multi_disk"
    assert refused(b"PK\7\x08" + make_zip(Made(b"a"))) == "multi_disk"


@pytest.mark.parametrize("front", [b"<html>", b"\0", b"MZ" + bytes(400), b"PK\3\4" + bytes(26)])
def test_bytes_in_front_of_a_zip_are_refused(refused, front):
    assert refused(front + make_zip(Made(b"a.osu", MAP))) in {"not_a_zip", "bad_zip"}


@pytest.mark.parametrize("behind", [b"\0", b"garbage PK\5\6", bytes(60_000)])
def test_bytes_behind_a_zip_are_ignored(opened, behind):
    with opened(make_zip(Made(b"a.osu", MAP)) + behind) as members:
        assert members.read("a.osu") == MAP


def test_a_stored_zip_inside_a_cut_zip_is_not_taken_for_it(refused):
    inner = make_zip(Made(b"evil.osu", MAP))
    whole = make_zip(Made(b"inner.zip", inner, method=0), Made(b"a.osu", MAP))
    assert refused(whole[: whole.index(inner) + len(inner)]) == "bad_zip"


def test_nested_zips_are_bytes(opened):
    nested = MAP
    for _ in range(5):
        nested = make_zip(Made(b"inner.zip", nested))
    with opened(make_zip(Made(b"inner.zip", nested))) as members:
        assert members.names() == ["inner.zip"]
        assert members.read("inner.zip") == nested


@pytest.mark.parametrize("at", [0, 5, 1 << 40])
def test_a_zip64_locator_that_points_elsewhere_is_refused(refused, at):
    made = Made(b"a.osu", MAP)
    local, entry = made.local(), made.central(0)
    assert refused(local + entry + end64(1, len(entry), len(local), at)) == "bad_zip"


@pytest.mark.parametrize("length_at", [28, 30, 32])
def test_a_directory_entry_that_runs_past_the_directory_is_refused(refused, length_at):
    """The lengths of name, extra field and comment."""
    made = Made(b"a.osu", MAP)
    local, entry = made.local(), bytearray(made.central(0))
    entry[length_at] = 255
    assert refused(local + entry + end(1, len(entry), len(local))) == "bad_zip"


def test_a_directory_that_does_not_begin_with_an_entry_is_refused(refused):
    local = Made(b"a.osu", MAP).local()
    assert refused(local + bytes(46) + end(1, 46, len(local))) == "bad_zip"


@pytest.mark.parametrize("extra", [b"\0", b"\1\0\xff\xff", bytes(7), struct.pack("<2H", 1, 0)])
def test_padding_in_the_extra_field_is_no_fault(opened, extra):
    with opened(make_zip(Made(b"a.osu", MAP, extra=extra))) as members:
        assert members.read("a.osu") == MAP


class Disk(io.BytesIO):
    """A file on a disk that fails from some read on, or whose file became shorter."""

    reads_left = 3
    short = False

    def read(self, size=-1, /):
        self.reads_left -= 1
        if self.reads_left >= 0:
            return super().read(size)
        if self.short:
            return super().read(size)[:-1]
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(("reads", "short", "code"), [(3, False, "unreadable_file"), (4, True, "bad_member")])
def test_a_disk_that_fails_while_the_archive_is_open_fails_the_member(reads, short, code):
    data = make_zip(Made(b"a.osu", MAP))
    disk = Disk(data)
    members = ZipMembers(disk, len(data))
    disk.reads_left, disk.short = reads - 3, short
    with pytest.raises(BadArchive) as caught:
        members.read("a.osu")
    assert (caught.value.code, caught.value.place) == (code, "a.osu")
