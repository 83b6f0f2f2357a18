"""The values that all of osu!'s binary files are made of."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from osu_bytes import TICKS_2021, double, integer, long, short, single, text, uleb

from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.osu.binary import Reader, dates, open_reader


@pytest.mark.parametrize(
    ("data", "read", "value"),
    [
        ("ff", "byte", 255),
        ("00", "boolean", False),
        ("07", "boolean", True),
        ("f4 ff", "short", -12),
        ("f4 ff", "ushort", 65524),
        ("ff ff ff ff", "integer", -1),
        ("15 cd 5b 07 00 00 00 80", "long", -(2**63) + 123456789),
        ("00 00 a8 40", "single", 5.25),
        ("00 00 00 00 00 00 15 40", "double", 5.25),
        ("00", "string", None),
        ("0b 00", "string", ""),
        ("0b 06 e8 a6 8b e6 9c ac", "string", "見本"),
        ("0b 02 ff 41", "string", "\ufffdA"),
        ("0b 03 41 00 42", "string", "A\0B"),
        ("00", "uleb128", 0),
        ("80 01", "uleb128", 128),
        ("e5 8e 26", "uleb128", 624485),
        ("ff ff ff ff 07", "uleb128", 2**31 - 1),
    ],
)
def test_values_are_read_little_endian_and_leave_the_reader_behind_them(data: str, read: str, value: object) -> None:
    reader = Reader(bytes.fromhex(data))
    assert getattr(reader, read)("it") == value
    assert reader.left == 0


def test_a_string_longer_than_127_bytes_has_a_length_of_two() -> None:
    assert Reader(text("x" * 300)).string("it") == "x" * 300
    assert text("x" * 300)[:3] == bytes.fromhex("0b ac 02")


@pytest.mark.parametrize(
    ("data", "read", "code", "place"),
    [
        ("", "byte", "truncated", "byte 0"),
        ("01 02 03", "integer", "truncated", "byte 0"),
        ("0b", "string", "truncated", "byte 1"),
        ("0b 05 41 42", "string", "truncated", "byte 2"),
        ("0b 80", "string", "truncated", "byte 2"),
        ("01 41", "string", "bad_string", "byte 0"),
        ("0b ff ff ff ff ff 00", "string", "bad_length", "byte 1"),
        ("0b ff ff ff ff 0f", "string", "bad_length", "byte 1"),
        ("ff ff ff ff ff ff ff ff", "date", "bad_date", "byte 0"),
        ("ff ff ff ff ff ff ff 7f", "date", "bad_date", "byte 0"),
        ("d2 04 00 00", "version", "bad_version", "byte 0"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_byte(data: str, read: str, code: str, place: str) -> None:
    reader = Reader(bytes.fromhex(data))
    with pytest.raises(BadFormat) as error:
        getattr(reader, read)(*(() if read == "version" else ("the thing",)))
    assert (error.value.code, error.value.place) == (code, place)
    assert read == "version" or "the thing" in error.value.reason


def test_the_error_says_what_was_being_read_and_in_which_entry() -> None:
    reader = Reader(b"\x01")
    reader.entry = 11
    with pytest.raises(BadFormat, match=r"ends inside the artist: 4 bytes expected, 1 left \(entry 12\) at byte 0"):
        reader.integer("the artist")


@pytest.mark.parametrize("number", [2**31 - 1, -(2**31), -2, 3])
def test_a_count_that_cannot_fit_is_refused_before_anything_is_read(number: int) -> None:
    """Two entries of 4 bytes are left, and three cannot be."""
    reader = Reader(integer(number) + b"\0" * 8)
    with pytest.raises(BadFormat) as error:
        reader.count("things", 4)
    assert error.value.code == "bad_count"
    assert error.value.place == "byte 0"


def test_a_count_of_minus_one_is_an_absent_list() -> None:
    assert Reader(integer(-1)).count("things", 4) == 0
    assert Reader(integer(2) + b"\0" * 8).count("things", 4) == 2


def test_a_million_bytes_of_ff_are_no_length() -> None:
    reader = Reader(b"\x0b" + b"\xff" * 1_000_000)
    with pytest.raises(BadFormat) as error:
        reader.string("it")
    assert error.value.code == "bad_length"
    assert reader.at <= 6


def test_ticks_become_instants_in_utc_and_0_means_never() -> None:
    assert Reader(long(TICKS_2021 + 12_345_678)).date("it") == datetime(2021, 1, 1, 0, 0, 1, 234567, UTC)
    assert Reader(long(0)).date("it") is None
    assert Reader(long(3_155_378_975_999_999_999)).date("it") == datetime.max.replace(tzinfo=UTC)


def test_a_column_of_ticks_has_nat_where_there_is_no_date() -> None:
    ticks = np.array([0, 1, TICKS_2021, 3_155_378_975_999_999_999, -1, 2**63 - 1])
    found = dates(ticks)
    assert found.dtype == np.dtype("datetime64[us]")
    assert np.isnat(found).tolist() == [True, False, False, False, True, True]
    assert str(found[1]) == "0001-01-01T00:00:00.000000"
    assert str(found[2]) == "2021-01-01T00:00:00.000000"
    assert str(found[3]) == "9999-12-31T23:59:59.999999"


def test_a_file_above_the_cap_is_not_read() -> None:
    with pytest.raises(LimitExceeded) as error:
        open_reader(b"12345", 4)
    assert error.value.code == "file_too_large"
    assert open_reader(b"1234", 4).left == 4


def test_the_writer_of_these_tests_agrees_with_the_struct_module() -> None:
    assert short(-1) + single(1.0) + double(1.0) + uleb(300) == bytes.fromhex("ffff 0000803f 000000000000f03f ac02")
