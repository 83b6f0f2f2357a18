"""The song key: spellings, cuts and versions of one song are one key; other songs are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps.songs import normalise, song_key


@pytest.mark.parametrize(
    ("artist", "title", "key"),
    [
        ("Some Artist", "Song", "someartist/song"),
        ("SOME  ARTIST", "song!", "someartist/song"),
        ("Some Artist", "Song (TV Size)", "someartist/song"),
        ("Some Artist", "Song [Cut Ver.]", "someartist/song"),
        ("Some Artist", "Song -TV SIZE-", "someartist/song"),
        ("Some Artist", "Song (Sped Up)", "someartist/song"),
        ("Some Artist", "Song (Speed Up Ver.)", "someartist/song"),
        ("Some Artist", "Song 【Short Version】", "someartist/song"),
        ("Some Artist feat. Guest", "Song", "someartist/song"),
        ("Some Artist", "Song ft. Guest", "someartist/song"),
        ("Some Artist", "Song (feat. Guest & Other)", "someartist/song"),
        ("Ｓｏｍｅ Ａｒｔｉｓｔ", "Ｓｏｎｇ", "someartist/song"),
        ("Straße", "SONG", "strasse/song"),
        ("サンプル楽団", "時計の海", "サンプル楽団/時計の海"),
    ],
)
def test_spellings_of_one_song_are_one_key(artist, title, key):
    assert song_key(artist, title) == key


@pytest.mark.parametrize(
    "title", ["Song (X Remix)", "Song (Live)", "Song 2", "Life Size", "Feat of Strength", "Version"]
)
def test_other_songs_keep_their_names(title):
    assert song_key("Some Artist", title) != song_key("Some Artist", "Song")
    assert song_key("Some Artist", title) != ""


def test_a_title_that_is_nothing_but_decoration_keeps_it():
    assert song_key("Some Artist", "(TV Size)") == "someartist/tvsize"


@pytest.mark.parametrize(
    ("artist", "title"), [("", "Song"), ("Artist", ""), ("...", "Song"), ("Artist", "!?"), ("", "")]
)
def test_without_letters_and_digits_there_is_no_key(artist, title):
    assert song_key(artist, title) == ""


@given(st.text(st.characters(), max_size=30), st.text(st.characters(), max_size=30))
def test_any_text_gives_a_key_of_letters_and_digits_whatever_its_case(artist, title):
    key = song_key(artist, title)
    assert key == "" or all(c.isalnum() for c in key.replace("/", "", 1))
    assert key.count("/") <= 1


def test_a_long_hostile_title_is_quick():
    """Brackets in brackets, a hundred thousand of them: time grows with length, not with its square."""
    for text in ("(" * 100_000, "(a" * 50_000, "[(" * 50_000 + ")]" * 50_000, "feat. " * 20_000):
        assert normalise(text) is not None
