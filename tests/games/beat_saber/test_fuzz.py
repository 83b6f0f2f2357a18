"""Any bytes and any JSON give rows or coded rejects, never another exception; times are finite and sorted."""

import json
import math
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.beat_saber import GAME

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1", "0.5", "3", "-1e9"]),
)
ANYTHING = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
NUMBER = st.one_of(st.integers(-3, 12), st.floats(-1e3, 1e3), SCALAR)
VERSIONS = st.sampled_from(["2.0.0", "2.5.0", "2.6.0", "3.0.0", "3.3.0", "4.0.0", "4.1.0", "", "9", None, 3])
LISTS = [
    "_notes",
    "_obstacles",
    "_events",
    "colorNotes",
    "bombNotes",
    "obstacles",
    "bpmEvents",
    "colorNotesData",
    "bombNotesData",
    "obstaclesData",
    "bpmData",
]
FIELDS = [
    "b",
    "x",
    "y",
    "c",
    "d",
    "a",
    "i",
    "w",
    "h",
    "m",
    "si",
    "ei",
    "sb",
    "eb",
    "_time",
    "_type",
    "_lineIndex",
    "_lineLayer",
    "_cutDirection",
    "_duration",
    "_width",
    "_height",
    "_value",
    "_floatValue",
]
ENTRY = st.dictionaries(st.sampled_from(FIELDS), NUMBER, max_size=7) | SCALAR
BEATMAP = st.fixed_dictionaries(
    {},
    optional={name: st.lists(ENTRY, max_size=6) | SCALAR for name in LISTS}
    | {"version": VERSIONS, "_version": VERSIONS, "songFrequency": NUMBER},
)
INFO_V2 = {
    "_version": "2.0.0",
    "_beatsPerMinute": 120,
    "_difficultyBeatmapSets": [
        {"_beatmapCharacteristicName": "Standard", "_difficultyBeatmaps": [{"_beatmapFilename": "c.dat"}]}
    ],
}
INFO_V4 = {
    "version": "4.0.0",
    "audio": {"bpm": 120, "audioDataFilename": "a.dat"},
    "difficultyBeatmaps": [{"beatmapDataFilename": "c.dat"}],
}


class Folder:
    """The files of one level in memory."""

    def __init__(self, files):
        self.files = files

    def names(self):
        return sorted(self.files)

    def size(self, name):
        return len(self.files[name])

    def read(self, name):
        return self.files[name]


def check(files, charts):
    """Parse, make rows and check what must hold of them whatever the files held."""
    batch = GAME.parse([MapsetBytes(tuple(charts), files)])
    assert len(batch.names) + len(batch.rejects) == len(charts)
    assert all(reject.error.code and reject.error.reason for reject in batch.rejects)
    rows = GAME.rows(batch, Facts(np.full(len(batch.names), np.nan))).to_pylist()
    for row in rows:
        for column, names in {
            "notes": ("time_s", "end_s"),
            "bombs": ("time_s",),
            "walls": ("time_s",),
        }.items():
            for name in names:
                times = row[column][name]
                assert times == sorted(times)
                assert all(map(math.isfinite, times))
        assert all(map(math.isfinite, row["walls"]["end_s"]))
        assert all(map(math.isfinite, (row["nps"], row["njs"], row["length_s"], row["tempo_min_bpm"])))
        beats = row["beats"]["time_s"]
        assert all(b > a >= 0 for a, b in pairwise(beats))
        assert all(length > 0 for length in row["tempo"]["beat_length_s"])
        assert row["tempo"]["time_s"] == sorted(row["tempo"]["time_s"])
        assert len(row["notes_beat_saber"]["color"]) == row["n_notes"] == len(row["notes"]["lane"])
    return rows


def text(value):
    return json.dumps(value).encode()


@SETTINGS
@given(BEATMAP, st.sampled_from([INFO_V2, INFO_V4]), BEATMAP)
def test_any_beatmap_shaped_json_gives_rows_or_rejects(beatmap, info, audio_data):
    name = "Standard/" if info is INFO_V2 else "/"
    check({"Info.dat": text(info), "c.dat": text(beatmap), "a.dat": text(audio_data)}, [(name, "c.dat")])


@SETTINGS
@given(st.binary(max_size=60) | ANYTHING.map(text))
def test_any_bytes_as_a_beatmap_give_rows_or_rejects(data):
    check({"Info.dat": text(INFO_V2), "c.dat": data}, [("Standard/", "c.dat")])


INFO_KEYS = st.sampled_from(
    [
        "_songName",
        "_beatsPerMinute",
        "_songFilename",
        "_songTimeOffset",
        "_previewStartTime",
        "_levelAuthorName",
        "songName",
        "song",
        "audio",
        "version",
        "_version",
        "beatsPerMinute",
        "difficultyLevels",
    ]
)


@SETTINGS
@given(
    st.sampled_from([INFO_V2, INFO_V4]),
    st.dictionaries(INFO_KEYS, ANYTHING, max_size=4),
    st.none() | st.binary(max_size=40),
)
def test_any_info_is_identified_and_parsed_or_refused(info, more, raw):
    files = {
        "Info.dat": text(info | more) if raw is None else raw,
        "c.dat": b'{"version":"3.0.0","colorNotes":[{}]}',
    }
    try:
        mapset = GAME.identify(Folder(files))
    except BadFormat as error:
        assert error.code and error.reason  # noqa: PT017, PT018 - refusing is one of the two good outcomes
        return
    for chart in mapset.charts:
        f"{chart.name}{chart.artist}{chart.title}{chart.audio}".encode()
    check(files, [(chart.name, chart.file) for chart in mapset.charts if chart.file is not None])


@SETTINGS
@given(st.integers(0, 400), st.integers(0, 255))
def test_one_damaged_byte_never_raises(position, value):
    data = bytearray(
        text(
            {
                "version": "3.3.0",
                "bpmEvents": [{"b": 0, "m": 90}],
                "colorNotes": [{"b": i} for i in range(20)],
            }
        )
    )
    data[position % len(data)] = value
    check({"Info.dat": text(INFO_V2), "c.dat": bytes(data)}, [("Standard/", "c.dat")])
