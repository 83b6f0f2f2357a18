"""Zips of the sample pack: the same bytes for the same members."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from rhythm_maps.errors import UsageError
from rhythm_maps.files.zips import write_zip

MEMBERS = {"b.osu": b"osu file format v14", "a/見本.ogg": b"OggS" * 100}


def test_the_bytes_do_not_depend_on_order_or_time():
    written = write_zip(MEMBERS, stored=["a/見本.ogg"])
    assert written == write_zip(dict(reversed(MEMBERS.items())), stored={"a/見本.ogg"})
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {(i.create_system, i.external_attr) for i in archive.infolist()} == {(3, 0o100644 << 16)}


def test_stored_members_only_give_these_bytes():
    """No compressor in it, so the digest holds on every system."""
    written = write_zip({"a": b"1", "é": b"2"}, stored=["a", "é"])
    assert hashlib.sha256(written).hexdigest()[:16] == "284f29fd20423780"


def test_python_reads_it_back():
    with zipfile.ZipFile(io.BytesIO(write_zip(MEMBERS, stored=["a/見本.ogg"]))) as archive:
        assert archive.testzip() is None
        assert {i.filename: archive.read(i) for i in archive.infolist()} == MEMBERS
        assert archive.namelist() == ["a/見本.ogg", "b.osu"]
        assert [i.compress_type for i in archive.infolist()] == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


@pytest.mark.parametrize("name", ["../a", "/a", "a\\b", "./a", "a//b", "", "a\0", "C:a", "a/", "\ud800"])
def test_a_name_that_would_not_read_back_is_refused(name):
    with pytest.raises(UsageError):
        write_zip({name: b""})


def test_storing_what_is_no_member_is_refused():
    with pytest.raises(UsageError):
        write_zip(MEMBERS, stored=["c.mp3"])
