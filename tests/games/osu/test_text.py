"""Encoding, header line, sections and lines."""

from __future__ import annotations

import codecs

import pytest

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.osu.text import clean_line, read_text

OBJECT = "256,192,1000,1,0"
BODY = f"[Metadata]\nTitle:ü\n[HitObjects]\n{OBJECT}\n"


@pytest.mark.parametrize(
    ("head", "version"),
    [
        ("osu file format v3\n", 3),
        ("osu file format v128\n", 128),
        ("\n \t\n  osu file format v9  \n", 9),
        ("osu file format version 7 v8\r\n", 8),
        ("\ufeff\nosu file format v6\n", 6),
    ],
)
def test_version_is_the_number_after_the_last_v_of_the_first_line_that_is_not_blank(head, version):
    text = read_text((head + BODY).encode())
    assert text.version == version
    assert list(text.lines("HitObjects")) == [OBJECT]


@pytest.mark.parametrize("head", ["", "\n\n", "ow computerosu file format v5\n", "Mode: 3\n"])
def test_without_a_header_the_version_is_14_and_the_first_line_is_not_used_up(head):
    text = read_text((head + BODY).encode())
    assert text.version == 14
    assert list(text.lines("Metadata")) == ["Title:ü"]
    assert list(text.lines("General")) == ([head.strip()] if head.strip() else [])


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_byte_order_marks_choose_the_encoding(mark, encoding):
    text = read_text(mark + ("osu file format v14\n" + BODY).encode(encoding))
    assert list(text.lines("Metadata")) == ["Title:ü"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_with_any_of_the_three_line_ends(end):
    text = read_text(("osu file format v14\n" + BODY).replace("\n", end).encode())
    assert list(text.lines("HitObjects")) == [OBJECT]


def test_only_line_feeds_and_carriage_returns_end_a_line():
    title = "Title:a\x0bb\x0cc\x1cd\x85e\u2028f"
    assert list(read_text(f"[Metadata]\n{title}\n".encode()).lines("Metadata")) == [title]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("  ", None),
        ("\u3000", None),
        ("// x", None),
        ("  // x", None),
        ("a // x", "a"),
        ("a//", "a"),
        ("a  ", "a"),
        (" a", " a"),
        ("\x1c", "\x1c"),
    ],
)
def test_blank_lines_and_comments(line, seen):
    assert clean_line(line) == seen


def test_metadata_keeps_slashes_and_other_sections_do_not():
    text = read_text(b"[General]\nAudioFilename: a//b.mp3\n[Metadata]\nTitle:a // b \n")
    assert list(text.lines("General")) == ["AudioFilename: a"]
    assert list(text.lines("Metadata")) == ["Title:a // b"]


def test_key_and_value_split_at_the_first_colon():
    text = read_text(b"osu file format v14\n[General]\n Mode :  a: b \nOther: 1\nMode\n// Mode: 2\nMode:3 // x\n")
    pairs = list(text.pairs("General", {"Mode"}))
    assert [(key, value) for key, value, _ in pairs] == [("Mode", "a: b"), ("Mode", ""), ("Mode", "3")]
    assert [text.line_of(place) for _, _, place in pairs] == [3, 5, 7]


def test_sections_may_come_again_and_unknown_ones_are_general():
    text = read_text(
        b"[Metadata]\nA:1\n[Nonsense]\nMode: 3\n[Metadata]\n[Difficulty]\n[2] // x\nB:2\n[99]\nC:3\n[metadata]\nD:4\n"
    )
    assert list(text.lines("Metadata")) == ["A:1", "B:2"]
    assert list(text.lines("General")) == ["Mode: 3", "D:4"]


def test_a_section_line_inside_metadata_takes_no_comment():
    text = read_text(b"[Metadata]\n[HitObjects] // no\nTitle:a\n")
    assert list(text.lines("Metadata")) == ["[HitObjects] // no", "Title:a"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n\n\t", "empty_file"),
        (codecs.BOM_UTF8, "empty_file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not_osu"),
        (b"<html></html>", "not_osu"),
        (b"osu file format vX\n[General]\n", "bad_version"),
        (b"osu file format v\n", "bad_version"),
        (b"osu file format v14 // x\n", "bad_version"),
    ],
)
def test_files_that_are_no_chart_are_rejected_with_a_code(data, code):
    with pytest.raises(BadFormat) as caught:
        read_text(data)
    assert caught.value.code == code


def test_large_files_and_floods_of_sections_are_rejected(monkeypatch):
    with pytest.raises(LimitExceeded) as caught:
        read_text(b"[" + b"\n[" * limits.TEXT_SECTIONS)
    assert caught.value.code == "too_many_sections"
    monkeypatch.setattr(limits, "TEXT_BYTES", 10)
    with pytest.raises(LimitExceeded) as caught:
        read_text(b"osu file format v14\n")
    assert caught.value.code == "text_too_large"
