"""The game's calls: what marks a mapset, what is in it, batches, rejects, rows."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from rhythm_maps import games, limits, schema
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.osu import GAME

HEADER = b"osu file format v14\n"


class Files:
    """A mapset in memory; names whose bytes are an error raise it."""

    def __init__(self, **_):
        self.files = {}

    def names(self):
        return sorted(self.files)

    def size(self, name):
        return len(self.files[name]) if isinstance(self.files[name], bytes) else 1

    def read(self, name):
        if isinstance(self.files[name], BadFormat):
            raise self.files[name]
        return self.files[name]


def mapset(files):
    members = Files()
    members.files = dict.fromkeys(files, HEADER) if not isinstance(files, dict) else files
    return members


def names(files):
    return [chart.name for chart in GAME.identify(mapset(files)).charts]


def test_it_is_found_by_name():
    assert games.get("osu") is GAME
    assert GAME.archive_suffixes == (".osz", ".olz")


@pytest.mark.parametrize(
    ("name", "marks"),
    [("a.osu", True), ("A.OSU", True), ("a.osb", False), ("._a.osu", False), ("a.osu.bak", False), ("osu", False)],
)
def test_what_marks_a_mapset(name, marks):
    assert GAME.marks(name) is marks


@pytest.mark.parametrize(
    ("files", "charts"),
    [
        (["b.osu", "a.OSU", "x.mp3"], ["a.OSU", "b.osu"]),
        (["a.osu", "sb/b.osu"], ["a.osu"]),
        (["Song/a.osu", "Song/x.mp3"], ["Song/a.osu"]),
        (["one/two/a.osu", "one/two/sb/b.osu"], ["one/two/a.osu"]),
        (
            ["Song/a.osu", "Song/x.mp3", "__MACOSX/Song/._a.osu", "Thumbs.db", ".DS_Store", "desktop.ini"],
            ["Song/a.osu"],
        ),
        (["a.osu", "._a.osu", "__MACOSX/b.osu"], ["a.osu"]),
        (["Songs/a.osu", "Songs2/b.mp3", "c.osu"], ["c.osu"]),
        (["only/a.osu"], ["only/a.osu"]),
    ],
)
def test_only_charts_at_the_top_below_a_common_folder_count(files, charts):
    assert names(files) == charts


@pytest.mark.parametrize("files", [[], ["x.mp3"], ["a/x.osu", "b/x.osu"], ["__MACOSX/a.osu"]])
def test_without_a_chart_it_is_no_mapset(files):
    with pytest.raises(BadFormat) as caught:
        GAME.identify(mapset(files))
    assert caught.value.code == "not_a_mapset"


def test_charts_of_a_mapset_are_capped(monkeypatch):
    monkeypatch.setattr(limits, "CHART_ENTRIES", 2)
    with pytest.raises(LimitExceeded):
        GAME.identify(mapset(["a.osu", "b.osu", "c.osu"]))


def test_names_and_audio_come_from_the_header():
    text = (
        HEADER
        + "[General]\nAudioFilename: sub\\a.mp3\n[Metadata]\nTitle:T\nTitleUnicode:た\nArtistUnicode:あ\n".encode()
    )
    found = GAME.identify(mapset({"S/a.osu": text, "S/x.png": b""}))
    [chart] = found.charts
    assert chart == ("S/a.osu", "S/a.osu", "あ", "T", "S/sub/a.mp3", hashlib.md5(text).hexdigest())
    assert (found.links, found.files) == (("S/a.osu",), ())


def test_audio_names_are_not_resolved():
    text = HEADER + b"[General]\nAudioFilename: ..\\..\\x.mp3\n"
    assert GAME.identify(mapset({"S/a.osu": text})).charts[0].audio == "S/../../x.mp3"


@pytest.mark.parametrize("data", [b"", b"\0\1\2", BadFormat("bad_member", "damaged"), b"osu file format vX\n"])
def test_a_chart_whose_header_does_not_read_is_listed_without_names(data):
    assert GAME.identify(mapset({"a.osu": data})).charts == (("a.osu", "a.osu", "", "", "", ""),)


def test_a_batch_holds_every_chart_once(osu):
    good, other = osu("0,0,500,1,0", metadata="BeatmapSetID:12"), osu()
    batch = GAME.parse(
        [
            MapsetBytes((("bad.osu", "bad.osu"), ("good.osu", "good.osu")), {"good.osu": good, "bad.osu": b"\0\0"}),
            MapsetBytes((("gone.osu", "gone.osu"), ("other.osu", "S/other.osu")), {"S/other.osu": other}),
        ]
    )
    assert (batch.mapset.tolist(), batch.names) == ([0, 1], ["good.osu", "other.osu"])
    assert batch.chart_ids == [hashlib.md5(good).hexdigest(), hashlib.md5(other).hexdigest()]
    assert batch.mapset_ids == ["12", None]
    assert [(r.mapset, r.name, r.error.code) for r in batch.rejects] == [
        (0, "bad.osu", "not_osu"),
        (1, "gone.osu", "missing_file"),
    ]


def test_rows_have_the_declared_types_and_no_nulls_where_none_are_legal(osu):
    data = [osu("0,0,500,1,0", mode=mode) for mode in range(4)] + [osu(), HEADER]
    batch = GAME.parse([MapsetBytes((("a", "a"),), {"a": item}) for item in data])
    table = GAME.rows(batch, Facts(np.full(len(data), np.nan)))
    declared = {column.name: column for column in schema.chart_columns(GAME.columns)}
    left = {"chart_id", "mapset_id", "track_id", "group_id", "song_key", "game", "file_name", "file_sha256", "rights"}
    left |= {"status", "status_as_of", "stars", "stars_by_rate", "stars_source"}  # a library's, or computed
    left |= {"lighters", "environment", "requirements", "suggestions", "modded", "in_bounds", "declared_ai"}
    left |= {"ranked_by", "curated", "submitted_at", "year", "votes", "rating"}  # a library's
    left |= {"max_score", "beatsaver_id"}  # Beat Saber's
    assert set(table.column_names) == set(declared) - left
    assert table.num_rows == len(data)
    for name in table.column_names:
        assert table.schema.field(name).type == declared[name].type
        assert declared[name].nullable or table[name].null_count == 0, name
    assert table["mode"].to_pylist() == ["osu", "taiko", "catch", "mania", "osu", "osu"]
    assert table["keys"].to_pylist() == [None, None, None, 5, None, None]


def test_an_empty_batch_gives_no_rows():
    table = GAME.rows(GAME.parse([]), Facts(np.empty(0)))
    assert table.num_rows == 0
    assert table.schema.field("notes").type == schema.NOTES


def test_counts(row, osu):
    found = row(osu("0,0,500,1,0\n256,192,1000,12,0,2500\n0,0,2000,1,0"))
    assert (found["n_notes"], found["first_object_s"], found["last_object_s"]) == (3, 0.5, 2.5)
    assert (found["length_s"], found["nps"]) == (2.0, 1.5)
    empty = row(osu())
    assert (empty["n_notes"], empty["first_object_s"], empty["last_object_s"], empty["length_s"], empty["nps"]) == (
        0,
        None,
        None,
        0,
        0,
    )


def test_whole_milliseconds_come_back_exactly(row, osu):
    times = sorted({*range(0, 3000, 7), 86_399_999, 2_147_483_647})
    found = row(osu("\n".join(f"0,0,{t},1,0" for t in times)))
    assert np.rint(np.array(found["notes"]["time_s"]) * 1000).astype(int).tolist() == times


def test_own_columns_have_the_length_of_the_notes(row, osu):
    found = row(osu("0,0,500,21,2\n0,0,700,2,8,L|9:9,3,50"))
    assert found["notes_osu"]["new_combo"] == [True, False]
    assert found["notes_osu"]["combo_skip"] == [1, 0]
    assert found["notes_osu"]["hitsound"] == [2, 8]
    assert found["notes_osu"]["spans"] == [0, 3]
    assert found["notes_osu"]["length_px"][1] == 50
    assert found["notes_osu"]["big"] == [False, False]
