"""Playlists (.bplist) as the game, its managers and BeatSaver write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps import games
from rhythm_maps.errors import BadFormat


def read(playlist):
    data = playlist if isinstance(playlist, bytes) else json.dumps(playlist).encode()
    return games.get("beat_saber").playlist(data)


def test_songs_are_listed_by_hash_in_lower_case():
    songs = [{"hash": "E200F3", "key": "2b69a", "songName": "As It Was"}, {"hash": "0c", "difficulties": []}]
    assert read({"playlistTitle": "T", "image": "base64,AA==", "songs": songs}) == ("e200f3", "0c")


def test_difficulties_are_listed_one_by_one():
    difficulties = [{"characteristic": "Standard", "name": "expertPlus"}, {"characteristic": "Lawless", "name": "Easy"}]
    assert read({"songs": [{"hash": "AB", "difficulties": difficulties}]}) == (
        "ab/Standard/expertPlus",
        "ab/Lawless/Easy",
    )


def test_a_custom_level_id_is_a_hash_and_other_ids_stand_for_what_is_missing():
    songs = [{"levelid": "custom_level_AB12"}, {"levelid": "100Bills"}, {"hash": None, "key": "2b69a"}]
    assert read({"songs": songs}) == ("ab12", "100bills", "2b69a")


def test_a_song_listed_twice_counts_once():
    assert read({"songs": [{"hash": "AB"}, {"hash": "ab"}]}) == ("ab",)


def test_a_byte_order_mark_is_no_harm():
    assert read(b"\xef\xbb\xbf" + b'{"songs": [{"hash": "ab"}]}') == ("ab",)


@pytest.mark.parametrize(
    ("playlist", "code", "place"),
    [
        ({"title": "no songs"}, "bad_playlist", "songs"),
        ({"songs": {"hash": "ab"}}, "bad_playlist", "songs"),
        ({"songs": [{"hash": "ab"}, {"songName": "no id"}]}, "bad_playlist", "songs[1]"),
        ({"songs": ["ab"]}, "bad_playlist", "songs[0]"),
    ],
)
def test_what_is_no_playlist_is_said_with_its_place(playlist, code, place):
    with pytest.raises(BadFormat) as caught:
        read(playlist)
    assert (caught.value.code, caught.value.place) == (code, place)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["songs", "hash", "difficulties", "name", "characteristic"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON.map(lambda value: json.dumps({"songs": value}).encode()) | st.binary(max_size=100))
def test_any_bytes_are_a_list_or_a_declared_error(data):
    try:
        wrong = [one for one in read(data) if not one]
    except BadFormat as error:
        wrong = [] if error.code and error.reason else [error]
    assert wrong == []
