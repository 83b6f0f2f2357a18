"""One gzip layer, bounded."""

from __future__ import annotations

import gzip

import pytest

from rhythm_maps.errors import BadArchive, LimitExceeded
from rhythm_maps.gunzip import gunzip_once

TEXT = b'{"version": "4.0.0", "colorNotes": []}' * 50
GZIPPED = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize("plain", [b"", b"\x1f", TEXT, b"\xef\xbb\xbf{}"])
def test_plain_data_comes_back_as_it_is(plain):
    assert gunzip_once(plain, "a.dat", 1) is plain


def test_one_layer_is_undone():
    assert gunzip_once(GZIPPED, "a.dat", 1 << 20) == TEXT
    assert gunzip_once(gzip.compress(b"", mtime=0), "a.dat", 0) == b""


def test_a_second_layer_is_not_followed():
    assert gunzip_once(gzip.compress(GZIPPED, mtime=0), "a.dat", 1 << 20) == GZIPPED


@pytest.mark.parametrize("behind", [b"\0", b"\0" * 1000, b"padding"])
def test_bytes_behind_are_ignored(behind):
    assert gunzip_once(GZIPPED + behind, "a.dat", 1 << 20) == TEXT


def test_the_cap_is_the_last_size_that_passes():
    assert gunzip_once(GZIPPED, "a.dat", len(TEXT)) == TEXT
    with pytest.raises(LimitExceeded):
        gunzip_once(GZIPPED, "a.dat", len(TEXT) - 1)


def test_a_bomb_is_cut_at_the_cap():
    bomb = gzip.compress(bytes(64 << 20), mtime=0)
    with pytest.raises(LimitExceeded) as caught:
        gunzip_once(bomb, "Easy.dat", 1000)
    assert caught.value.place == "Easy.dat"


def test_cut_anywhere_is_refused():
    for cut in range(2, len(GZIPPED)):
        with pytest.raises(BadArchive):
            gunzip_once(GZIPPED[:cut], "a.dat", 1 << 20)


def test_a_changed_byte_gives_the_same_text_or_an_error():
    refused = []
    for at in range(2, len(GZIPPED)):
        damaged = GZIPPED[:at] + bytes([GZIPPED[at] ^ 0x55]) + GZIPPED[at + 1 :]
        try:
            assert gunzip_once(damaged, "a.dat", 1 << 20) == TEXT
        except BadArchive as error:
            refused.append(error.code)
    assert set(refused) == {"bad_gzip"}
    assert len(refused) > len(GZIPPED) // 2


def test_two_streams_are_refused():
    with pytest.raises(BadArchive):
        gunzip_once(GZIPPED + GZIPPED, "a.dat", 1 << 20)
