"""Real levels against independent decoders: bsmap for objects and times, BeatSaver's rules for rates.

Where bsmap is known to be wrong, or the game's rule is another, the difficulty is named below with the rule.
"""

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.beat_saber import GAME

pytestmark = pytest.mark.corpus

UNFIT = ("4_0/error", "4_1/error")
"""BeatSaver's fixtures whose expected values hold empty strings in place of numbers."""
TWO_VERSIONS = "2_2/as3_2"
"""Both version and _version: BeatSaver refuses it, so do we; it has no objects."""
AUDIO_DATA_WINS = "info/4_0/with2_0"
"""A v4 Info.dat with audio data over a v2 beatmap: its regions hold; bsmap takes Info.dat's BPM."""
GHOSTS = "RandomExample.zip.d"
"""Notes of type 2: bsmap and BeatSaver make them notes, the game does not spawn them."""
QUOTED = "rate_mod_seg_HMM_test.zip.d"
"""Types in quotes: bsmap makes bombs ("3") notes."""
FAKE_BOMBS = ("2_2/stats", "info/4_0/as2_0", AUDIO_DATA_WINS)
"""A bomb that the Noodle Extensions mod makes a fake: bsmap lists it."""


class OnDisk:
    """The files below a folder."""

    def __init__(self, root):
        self.root = root
        self.found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())

    def names(self):
        return self.found

    def size(self, name):
        return (self.root / name).stat().st_size

    def read(self, name):
        return (self.root / name).read_bytes()


@dataclass
class Levels:
    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    rejects: dict[tuple[str, str], str] = field(default_factory=dict)
    wanted: set[tuple[str, str]] = field(default_factory=set)
    folders: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def levels(corpus):
    """Every folder with an Info.dat, taken through the game in one batch."""
    result, mapsets, where = Levels(), [], []
    base = corpus / "beat_saber"
    for root in sorted({path.parent for path in base.rglob("*") if path.is_file() and GAME.marks(path.name)}):
        name, members = root.relative_to(base).as_posix(), OnDisk(root)
        result.folders.append(name)
        try:
            mapset = GAME.identify(members)
        except BadFormat as error:
            result.refused[name] = error.code
            continue
        charts = tuple((chart.name, chart.file) for chart in mapset.charts if chart.file is not None)
        mapsets.append(
            MapsetBytes(charts, {name: members.read(name) for name in {*(file for _, file in charts), *mapset.files}})
        )
        where.append(name)
        result.wanted |= {(name, chart) for chart, _ in charts}
    batch = GAME.parse(mapsets)
    table = GAME.rows(batch, Facts(np.full(len(batch.names), np.nan)))
    keys = [(where[index], name) for index, name in zip(batch.mapset.tolist(), batch.names, strict=True)]
    result.rows = dict(zip(keys, table.to_pylist(), strict=True))
    result.ids = dict(zip(keys, batch.chart_ids, strict=True))
    result.rejects = {(where[reject.mapset], reject.name): reject.error.code for reject in batch.rejects}
    return result


def lines(corpus, name):
    """Return the lines of one of the files of expected values that can be compared."""
    with gzip.open(corpus / "beat_saber" / name, "rt", encoding="utf-8") as file:
        return [line for line in map(json.loads, file) if not line["dir"].endswith(UNFIT)]


def key(line):
    return line["dir"], f"{line['characteristic']}/{line['difficulty']}"


@pytest.fixture(scope="module")
def expected(corpus):
    return lines(corpus, "expected_beatmaps.jsonl.gz")


def test_every_chart_is_a_row_or_a_coded_reject(levels):
    assert len(levels.folders) >= 95
    assert levels.rows.keys() | levels.rejects.keys() == levels.wanted
    assert not levels.rows.keys() & levels.rejects.keys()
    assert set(levels.rejects.values()) == {"bad_list", "multiple_versions"}
    assert set(levels.refused.values()) == {"bad_info", "no_difficulties"}


def test_every_difficulty_that_the_decoder_reads_with_notes_gives_a_row(levels, expected):
    assert len(expected) > 180
    missing = [key(line) for line in expected if key(line) not in levels.rows]
    assert [folder for folder, _ in missing if not folder.endswith(TWO_VERSIONS)] == []


def matching(line, row):
    """Count the expected notes that the row has: same beat, colour, place and angles, seconds within 1 ms."""
    mine, own = row["notes"], row["notes_beat_saber"]
    seconds = dict(zip(mine["beat"], mine["time_s"], strict=True))
    have = Counter(
        zip(
            mine["beat"],
            own["color"],
            mine["x"],
            mine["y"],
            own["direction"],
            own["angle_offset"],
            strict=True,
        )
    )
    want = Counter(
        (beat, *values[:5])
        for beat, time_s, *values in line["notes"]
        if beat in seconds and abs(seconds[beat] - time_s) < 1e-3
    )
    return (have & want).total()


def test_notes_are_those_of_the_decoder_but_for_its_known_faults(levels, expected):
    total = found = 0
    wrong = set()
    for line in expected:
        row = levels.rows.get(key(line))
        count = matching(line, row) if row else 0
        total, found = total + len(line["notes"]), found + count
        if row and not count == len(line["notes"]) == row["n_notes"]:
            wrong.add(line["dir"])
    assert total > 44_000
    assert found / total >= 0.997
    assert all(folder.endswith((GHOSTS, QUOTED, AUDIO_DATA_WINS)) for folder in wrong), wrong


def test_ghosts_and_quoted_bombs_are_what_the_files_say(levels):
    ghosts = next(row for (folder, _), row in levels.rows.items() if folder.endswith(GHOSTS))
    quoted = next(row for (folder, _), row in levels.rows.items() if folder.endswith(QUOTED))
    assert (ghosts["n_notes"], ghosts["warnings"]) == (111, ["ghost_notes:65"])
    assert (quoted["n_notes"], len(quoted["bombs"]["beat"]), quoted["warnings"]) == (
        430,
        30,
        ["quoted_numbers:460"],
    )


def table(*columns):
    return np.array(sorted(zip(*columns, strict=True)), np.float64)


def test_bombs_are_those_of_the_decoder(levels, expected):
    for line in expected:
        row = levels.rows.get(key(line))
        if row is None or line["dir"].endswith((*FAKE_BOMBS, QUOTED)):
            continue
        bombs = row["bombs"]
        mine = table(bombs["beat"], bombs["time_s"], bombs["x"], bombs["y"])
        theirs = table(*zip(*(bomb[:4] for bomb in line["bombs"]), strict=True)) if line["bombs"] else table([])
        assert mine.shape[0] == theirs.shape[0], key(line)
        assert mine.shape[0] == 0 or np.allclose(mine, theirs, atol=1e-3), key(line)


def test_walls_are_those_of_the_decoder(levels, expected):
    for line in expected:
        row = levels.rows.get(key(line))
        if row is None or line["dir"].endswith(AUDIO_DATA_WINS):
            continue
        walls = {name: np.array(column) for name, column in row["walls"].items()}
        lengths = walls["end_beat"] - walls["beat"], walls["end_s"] - walls["time_s"]
        places = (walls[name] for name in ("x", "y", "width", "height"))
        mine = table(walls["beat"], walls["time_s"], *lengths, *places)
        theirs = table(*zip(*(wall[:8] for wall in line["walls"]), strict=True)) if line["walls"] else table([])
        assert mine.shape[0] == theirs.shape[0], key(line)
        assert mine.shape[0] == 0 or np.allclose(mine, theirs, atol=1e-3), key(line)


def test_tempo_events_are_those_of_the_decoder(levels, expected):
    """A beat in each of its tempo segments lies where the decoder's events put it."""
    changes = [line for line in expected if len(line["bpm_events"]) > 1 and key(line) in levels.rows]
    assert len(changes) >= 10
    for line in changes:
        own = 60 / np.array(levels.rows[key(line)]["tempo"]["beat_length_s"])
        theirs = [event["bpm"] for event in line["bpm_events"]]
        assert own[-len(theirs) :] == pytest.approx(theirs), key(line)


def test_rates_are_beatsavers(levels, corpus):
    stats = [line for line in lines(corpus, "expected_beatsaver_stats.jsonl.gz") if key(line) in levels.rows]
    wrong = {line["dir"] for line in stats if abs(line["nps"] - levels.rows[key(line)]["nps"]) > 0.01}
    assert len(stats) > 180
    assert all(folder.endswith((GHOSTS, QUOTED, AUDIO_DATA_WINS)) for folder in wrong), wrong


def test_the_map_hash_is_the_one_a_public_replay_names(levels):
    ids = {chart_id for (folder, _), chart_id in levels.ids.items() if folder.endswith("2b69a (As It Was - Taddus)")}
    digest = "e200f38322473f9a777d38432d002338928b2598"
    assert ids == {f"{digest}/Standard/{difficulty}" for difficulty in ("Easy", "Normal", "Hard")}
