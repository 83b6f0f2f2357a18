"""Names that maps give: found exactly, else by the one member that differs in case or Unicode form."""

from __future__ import annotations

import pytest

from rhythm_maps.files import Found, NameIndex, lookup

NAMES = ["Audio.mp3", "sb/Bg.PNG", "track.ogg", "TRACK.ogg", "Straße.osu", "é.ogg", "x.ogg"]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Audio.mp3", "Audio.mp3"),
        ("audio.MP3", "Audio.mp3"),
        ("sb\\bg.png", "sb/Bg.PNG"),
        (".\\sb\\\\Bg.png", "sb/Bg.PNG"),
        ("./Audio.mp3", "Audio.mp3"),
        ("track.ogg", "track.ogg"),
        ("TRACK.ogg", "TRACK.ogg"),
        ("STRASSE.OSU", "Straße.osu"),
        ("E\u0301.OGG", "é.ogg"),
    ],
)
def test_a_name_finds_its_member(wanted, name):
    assert lookup(NAMES, wanted) == Found("found", name, (name,))


@pytest.mark.parametrize(
    "wanted",
    [
        "other.mp3", "../Audio.mp3", "sb/../Audio.mp3", "..\\Audio.mp3", "/Audio.mp3", "\\Audio.mp3", "sb",
        "C:\\Audio.mp3", "C:Audio.mp3", "\\\\host\\Audio.mp3", "http://example.org/Audio.mp3", "Audio.mp3\0",
        "sb/", "Audio.mp3/", "\ud800", "a" * 100_000, ".", "/",
    ],
)  # fmt: skip
def test_anything_else_is_missing(wanted):
    assert lookup(NAMES, wanted) == Found("missing")


@pytest.mark.parametrize("wanted", ["", "   ", "\t"])
def test_a_map_that_names_nothing_is_told_apart(wanted):
    assert lookup(NAMES, wanted) == Found("empty")


def test_several_that_fit_are_ambiguous():
    assert lookup(NAMES, "Track.ogg") == Found("ambiguous", None, ("TRACK.ogg", "track.ogg"))


def test_no_member_is_found_by_a_hostile_name_even_if_it_has_it():
    assert lookup(["../Audio.mp3", "/etc/passwd"], "../Audio.mp3") == Found("missing")
    assert lookup(["../Audio.mp3", "/etc/passwd"], "/etc/passwd") == Found("missing")


def test_one_index_answers_many():
    index = NameIndex(f"hit{i}.WAV" for i in range(10_000))
    assert all(index.find(f"Hit{i}.wav").name == f"hit{i}.WAV" for i in range(10_000))
