"""Archives as players export them: every byte right, and nothing else when they are cut or damaged."""

from __future__ import annotations

import io
import os
import random
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythm_maps import limits
from rhythm_maps.errors import BadArchive, BadFormat, InputError, LimitExceeded, RhythmMapsError, UsageError
from rhythm_maps.files import open_members
from rhythm_maps.files.archive import ZipMembers
from rhythm_maps.files.zips import write_zip

MEMBERS = {
    "Artist - Title (Mapper) [Easy].osu": b"osu file format v14\r\n" + b"256,192,%d,1,0\r\n" * 200,
    "Artist - Title (Mapper) [Hard].osu": b"osu file format v14\r\n" + b"64,192,%d,5,0\r\n" * 900,
    "audio.mp3": random.Random(1).randbytes(60_000),
    "bg/見本.jpg": random.Random(2).randbytes(5_000),
    "soft-hitnormal.wav": bytes(20_000),
    "empty.ogg": b"",
}
REAL_SHAPED = write_zip(MEMBERS, stored=["audio.mp3"])


def read_all(data):
    """Everything that an archive of these bytes gives: member -> bytes, or None where it fails alone."""
    with ZipMembers(io.BytesIO(data), len(data)) as members:
        return {name: read_or_none(members, name) for name in members.names()}


def read_or_none(members, name):
    try:
        return members.read(name)
    except BadFormat as error:
        return None if error.place == name and error.code else error


def test_members_are_sorted_and_whole(tmp_path):
    path = tmp_path / "map.osz"
    path.write_bytes(REAL_SHAPED)
    with open_members(path) as members:
        assert members.names() == sorted(MEMBERS)
        assert not members.problems
        for name, data in MEMBERS.items():
            assert members.size(name) == len(data)
            assert members.crc32(name) == zlib.crc32(data)
            assert members.read(name) == data


def test_what_python_and_a_stream_write_reads_right():
    """A writer that cannot seek puts sizes behind the data."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, block):
            self.data += bytes(block)
            return len(block)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", b"")
        with archive.open("folder/a.osu", "w", force_zip64=True) as member:
            member.write(b"osu file format v14")
    assert read_all(pipe.data) == {"folder/a.osu": b"osu file format v14"}


def test_an_empty_zip_has_no_members():
    assert read_all(write_zip({})) == {}


def test_the_file_is_closed_on_leaving(tmp_path):
    path = tmp_path / "map.osz"
    path.write_bytes(REAL_SHAPED)
    with open_members(path) as members:
        pass
    with pytest.raises(UsageError):
        members.read("audio.mp3")


@pytest.mark.parametrize("call", ["size", "read", "crc32"])
def test_a_name_that_is_no_members_is_told(call):
    members = ZipMembers(io.BytesIO(REAL_SHAPED), len(REAL_SHAPED))
    with pytest.raises(BadFormat) as caught:
        getattr(members, call)("AUDIO.MP3")
    assert caught.value.code == "missing_member"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html><html><body>Please log in</body></html>", "an HTML page"),
        (b'\xef\xbb\xbf {"error": "not found"}', "JSON"),
        (b"", "an empty file"),
        (b"just words", "a text file"),
        (b"osu file format v14\r\n", "an osu! beatmap"),
        (b"Rar!\x1a\x07\x01\0" + bytes(50), "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "a 7-Zip archive"),
        (b"\x1f\x8b\x08\0" + bytes(50), "a gzip file"),
        (b"ID3\x03" + bytes(50), "an MP3 file"),
        (bytes(100), "a file of zero bytes"),
        (b"\x00\x01\x02\x03", "an unknown kind of file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "a Git LFS pointer"),
        (b"<html>" + REAL_SHAPED, "bytes in front of a zip archive"),
    ],
)
def test_what_is_no_zip_is_refused_with_what_it_is(tmp_path, data, what):
    path = tmp_path / "map.osz"
    path.write_bytes(data)
    with pytest.raises(BadArchive) as caught:
        open_members(path)
    assert caught.value.code == "not_a_zip"
    assert what in caught.value.reason


def test_a_path_that_is_no_file_is_an_input_error(tmp_path):
    for path in (tmp_path, tmp_path / "missing.osz", tmp_path / "nul\0.osz"):
        with pytest.raises(InputError):
            open_members(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "map.osz")
    with pytest.raises(InputError):
        open_members(tmp_path / "map.osz")


def test_a_file_above_the_cap_is_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "map.osz"
    path.write_bytes(REAL_SHAPED)
    monkeypatch.setattr(limits, "ARCHIVE_BYTES", len(REAL_SHAPED) - 1)
    with pytest.raises(LimitExceeded):
        open_members(path)


def test_reading_stops_at_the_cap_of_one_opening(monkeypatch):
    monkeypatch.setattr(limits, "ARCHIVE_READ_BYTES", 200_000)
    members = ZipMembers(io.BytesIO(REAL_SHAPED), len(REAL_SHAPED))
    for _ in range(3):
        assert members.read("audio.mp3") == MEMBERS["audio.mp3"]
    with pytest.raises(LimitExceeded):
        members.read("audio.mp3")


def test_a_member_above_the_cap_fails_alone(monkeypatch):
    monkeypatch.setattr(limits, "MEMBER_BYTES", 50_000)
    got = read_all(REAL_SHAPED)
    assert got.pop("audio.mp3") is None
    assert got == {name: data for name, data in MEMBERS.items() if name != "audio.mp3"}


def test_a_zip_cut_anywhere_is_refused():
    """At every 1/64th, and at each of the last 400 bytes, where the directory is."""
    size = len(REAL_SHAPED)
    for cut in {size * i // 64 for i in range(64)} | set(range(size - 400, size)):
        with pytest.raises(BadArchive):
            read_all(REAL_SHAPED[:cut])


def test_a_hole_anywhere_gives_right_bytes_or_none():
    size = len(REAL_SHAPED)
    for i in range(64):
        start = size * i // 64
        for damaged in (
            REAL_SHAPED[:start] + REAL_SHAPED[start + 7 :],
            REAL_SHAPED[:start] + bytes(size // 64) + REAL_SHAPED[start + size // 64 :],
        ):
            try:
                got = read_all(damaged)
            except BadFormat:
                continue
            assert all(data is None or data == MEMBERS[name] for name, data in got.items())


SMALL = {"a.osu": b"osu file format v14\r\n" * 9, "b/audio.mp3": bytes(range(200)), "c.wav": bytes(500)}
SMALL_ZIP = write_zip(SMALL, stored=["b/audio.mp3"])


@settings(max_examples=1500, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL_ZIP) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_give_right_bytes_or_an_error(changes):
    """A name, a CRC and the bytes it fits can only be changed together, so what reads is what was written."""
    data = bytearray(SMALL_ZIP)
    for at, value in changes:
        data[at] = value
    try:
        got = read_all(bytes(data))
    except RhythmMapsError:
        return
    assert all(found is None or found in SMALL.values() for found in got.values())


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=300), st.binary(max_size=60))
def test_arbitrary_bytes_give_only_declared_errors(data, behind):
    for whole in (b"PK\3\4" + data + behind, b"PK\3\4" + data + b"PK\5\6" + behind, SMALL_ZIP[:-22] + data):
        try:
            read_all(whole)
        except RhythmMapsError:
            continue


@pytest.mark.corpus
def test_no_real_archive_is_refused(corpus):
    paths = sorted(path for path in (corpus / "osu").rglob("*") if path.suffix in {".osz", ".olz"})
    assert len(paths) == 14
    for path in paths:
        with zipfile.ZipFile(path, metadata_encoding="cp932") as archive, open_members(path) as members:
            expected = {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
            assert members.names() == sorted(expected)
            assert {name: members.read(name) for name in members.names()} == expected
            assert not members.problems


@pytest.mark.corpus
def test_japanese_names_read_as_osu_reads_them(corpus):
    (path,) = (corpus / "osu").rglob("japanese-filename.osz")
    with open_members(path) as members:
        assert "見本.ogg" in members.names()
