"""Bytes to text: byte order marks, UTF-16 and UTF-32, gzip, and JSON that is not quite."""

import gzip
import json

import pytest

from rhythm_maps import limits

BEATMAP = json.dumps(
    {"version": "3.0.0", "colorNotes": [{"b": 2}, {"b": 3}], "customData": {"author": "\u00e9\u4e2d"}},
    ensure_ascii=False,
)


@pytest.mark.parametrize(
    "data",
    [
        BEATMAP.encode(),
        BEATMAP.encode("utf-8-sig"),
        BEATMAP.encode("utf-16"),
        b"\xfe\xff" + BEATMAP.encode("utf-16-be"),
        BEATMAP.encode("utf-16-le"),
        BEATMAP.encode("utf-32"),
        BEATMAP.encode("utf-32-be"),
        gzip.compress(BEATMAP.encode(), mtime=0),
        gzip.compress(BEATMAP.encode("utf-8-sig"), mtime=0),
        b" \r\n\t" + BEATMAP.encode() + b"\n",
    ],
)
def test_every_unicode_encoding_and_one_gzip_layer_read_the_same(easy, data):
    row = easy(data)
    assert (row["notes"]["beat"], row["warnings"]) == ([2.0, 3.0], [])


def test_an_info_may_be_encoded_the_same_ways(play, info_v2):
    info = json.dumps(info_v2(_songName="\u4e2d"), ensure_ascii=False).encode("utf-16")
    assert play({"Info.dat": gzip.compress(info, mtime=0), "Easy.dat": {}}).rows["Standard/Easy"]["title"] == "\u4e2d"


@pytest.mark.parametrize(
    ("data", "beats", "warnings"),
    [
        (BEATMAP.encode() + b"}garbage", [2.0, 3.0], ["trailing_garbage:1"]),
        (BEATMAP.encode() + b"\0\0\0", [2.0, 3.0], ["loose_json:1"]),
        (b'{"version":"3.0.0","x":NaN,"colorNotes":[{"b":1}]}', [1.0], ["loose_json:1"]),
        (
            b'{"version":"3.0.0","colorNotes":[{"b":NaN},{"b":1},{"b":1e400},{"b":-Infinity}]}',
            [1.0],
            ["bad_note:3", "loose_json:1"],
        ),
        (b'{"version":"3.0.0","n":"\xff\xfe","colorNotes":[{"b":1}]}', [1.0], []),
        (b'{"version":"3.0.0","n":"\\ud800","colorNotes":[{"b":1}]}', [1.0], ["loose_json:1"]),
        (b'{"version":"3.0.0","n":"a\tb","colorNotes":[{"b":1}]}', [1.0], ["loose_json:1"]),
    ],
)
def test_json_that_is_not_quite_is_read_and_reported(easy, data, beats, warnings):
    row = easy(data)
    assert (row["notes"]["beat"], row["warnings"]) == (beats, warnings)


def test_a_file_above_the_cap_is_refused_whole_or_inflated(easy, monkeypatch):
    monkeypatch.setattr(limits, "JSON_BYTES", 2000)
    assert easy(b" " * 2001 + b"{}") == "json_too_large"
    assert easy(gzip.compress(b" " * 2001 + b"{}")) == "gzip_too_large"


@pytest.mark.parametrize(
    ("damage", "beats"),
    [
        ((b'"b": 3', b'"b": 3x'), [2.0]),
        ((b'"b": 3', b'"b: 3'), [2.0]),
        ((b'"b": 3', b'"b"  3'), [2.0]),
        ((b'}, {"b": 3', b'}# {"b": 3'), [2.0, 3.0]),
        ((b'"colorNotes":', b'"colorNotes"#'), [2.0, 3.0]),
        ((b', {"b": 3', b', #"b": 3'), []),
        ((b'"b": 2}', b'"b": 2#'), []),
        ((b'"author": "', b'"author"# "'), [2.0, 3.0]),
    ],
)
def test_damage_costs_the_object_it_stands_in_and_at_most_its_neighbour(easy, damage, beats):
    """The damaged number or object is read as null; what lies around it stays."""
    data = BEATMAP.encode().replace(*damage)
    assert data != BEATMAP.encode()
    row = easy(data)
    assert row["notes"]["beat"] == beats
    assert "repaired_json:1" in row["warnings"]


@pytest.mark.parametrize(
    "data",
    [
        BEATMAP.encode()[:40],
        BEATMAP.encode()[:60],
        b'{"version":"3.0.0","colorNotes"##[{"b":1}]}',
        b'#"version":"3.0.0","colorNotes":[{"b":1}]}',
        b'{"version":"3.0.0","colorNotes":[' + b"{#}," * 9 + b'{"b":1}]}',
    ],
)
def test_what_is_cut_off_or_damaged_all_over_is_a_reject(easy, data):
    assert easy(data) == "bad_json"
