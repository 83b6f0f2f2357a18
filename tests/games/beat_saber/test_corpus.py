"""Real levels against independent decoders: bsmap for objects and times, BeatSaver's rules for rates.

Where bsmap is known to be wrong, or the game's rule is another, the difficulty is named below with the rule.
"""

import gzip
import json
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
GHOSTS = "RandomExample.zip.d"
"""Notes of type 2: bsmap and BeatSaver make them red notes; the game does not spawn them: ours are among fakes."""
QUOTED = "rate_mod_seg_HMM_test.zip.d"
"""Types in quotes: bsmap and BeatSaver, which compare them with a number, make bombs ("3") notes."""
FAKE_BOMBS = ("2_2/stats", "info/4_0/as2_0", "info/4_0/with2_0")
"""A bomb that the Noodle Extensions mod makes a fake: bsmap lists it; BeatSaver counts fakes among bombs only."""
GHOST, FAKE_BOMB = 4, 1


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


def columns(row, kind, *names):
    """Return some fields of an object column, one tuple an object."""
    return list(zip(*(row[kind][name] for name in names), strict=True))


def fakes(row, kind, *names):
    return [entry[1:] for entry in columns(row, "fakes", "kind", *names) if entry[0] == kind]


def same(mine, theirs):
    """Tell whether two lists hold the same objects in any order, numbers within 0.1 ms or as float32 keeps them."""
    if len(mine) != len(theirs):
        return False
    if not mine:
        return True
    ours, expected = (np.array(sorted(map(tuple, rows)), np.float64) for rows in (mine, theirs))
    return bool(np.allclose(ours, expected, rtol=0, atol=1e-4))


def notes(row):
    """Return notes as the decoder lists them: beat, seconds, colour, x, y, direction, angle."""
    at = columns(row, "notes", "beat", "time_s", "x", "y")
    own = columns(row, "notes_beat_saber", "color", "direction", "angle_offset")
    return [(b, t, c, x, y, d, a) for (b, t, x, y), (c, d, a) in zip(at, own, strict=True)]


def walls(row):
    """Return walls as the decoder lists them: durations, not ends."""
    listed = columns(row, "walls", "beat", "time_s", "end_beat", "end_s", "x", "y", "width", "height")
    return [(b, t, end_b - b, end_t - t, *place) for b, t, end_b, end_t, *place in listed]


@pytest.fixture(scope="module")
def compared(levels, expected):
    """Pairs of our row and the decoder's line: all but the one file that both refuse to agree on."""
    lacking = [key(line) for line in expected if key(line) not in levels.rows]
    assert [folder.endswith(TWO_VERSIONS) for folder, _ in lacking] == [True]
    pairs = [(levels.rows[key(line)], line) for line in expected if key(line) in levels.rows]
    assert len(pairs) >= 185
    return pairs


def test_every_chart_is_a_row_or_a_coded_reject(levels):
    assert len(levels.folders) >= 95
    assert levels.rows.keys() | levels.rejects.keys() == levels.wanted
    assert not levels.rows.keys() & levels.rejects.keys()
    assert set(levels.rejects.values()) == {"bad_list", "multiple_versions"}
    assert set(levels.refused.values()) == {"bad_info", "no_difficulties"}


def test_notes_are_the_decoders(compared):
    total = 0
    for row, line in compared:
        mine = notes(row)
        if line["dir"].endswith(GHOSTS):
            ghosts = fakes(row, GHOST, "beat", "time_s", "x", "y", "direction")
            mine += [(beat, time_s, 0, x, y, direction, 0) for beat, time_s, x, y, direction in ghosts]
        if line["dir"].endswith(QUOTED):
            assert len(mine) + len(row["bombs"]["beat"]) == len(line["notes"])
            continue
        assert same(mine, [note[:7] for note in line["notes"]]), key(line)
        total += len(mine)
    assert total > 44_000


def test_ghosts_and_quoted_bombs_are_what_the_files_say(levels):
    ghosts = next(row for (folder, _), row in levels.rows.items() if folder.endswith(GHOSTS))
    quoted = next(row for (folder, _), row in levels.rows.items() if folder.endswith(QUOTED))
    assert (ghosts["n_notes"], len(ghosts["fakes"]["kind"]), ghosts["warnings"]) == (111, 65, ["ghost_notes:65"])
    assert (quoted["n_notes"], len(quoted["bombs"]["beat"]), quoted["warnings"]) == (
        430,
        30,
        ["quoted_numbers:460"],
    )


def test_bombs_are_the_decoders(compared):
    for row, line in compared:
        mine = columns(row, "bombs", "beat", "time_s", "x", "y")
        if line["dir"].endswith(QUOTED):
            continue
        if line["dir"].endswith(FAKE_BOMBS):
            hidden = fakes(row, FAKE_BOMB, "beat", "time_s", "x", "y")
            assert len(hidden) == 1
            mine += hidden
        assert same(mine, [bomb[:4] for bomb in line["bombs"]]), key(line)


def test_walls_are_the_decoders(compared):
    assert sum(len(line["walls"]) for _, line in compared) > 9000
    for row, line in compared:
        assert same(walls(row), [wall[:8] for wall in line["walls"]]), key(line)


ARC = (
    *("beat", "time_s", "color", "x", "y", "direction", "multiplier"),
    *("end_beat", "end_s", "tail_x", "tail_y", "tail_direction", "tail_multiplier", "mid_anchor"),
)
CHAIN = (
    *("beat", "time_s", "color", "x", "y", "direction"),
    *("end_beat", "end_s", "tail_x", "tail_y", "slices", "squish"),
)


@pytest.mark.parametrize(
    ("kind", "fields", "least"),
    [
        ("arcs", ARC, 1100),
        ("chains", CHAIN, 130),
        ("njs_events", ("beat", "use_previous", "easing", "relative_njs"), 30),
    ],
)
def test_arcs_chains_and_njs_events_are_the_decoders(compared, kind, fields, least):
    assert sum(len(line[kind]) for _, line in compared) >= least
    for row, line in compared:
        assert same(columns(row, kind, *fields), line[kind]), key(line)


def test_rotation_events_are_the_decoders_but_for_when_v4_ones_act(compared):
    """The decoder, which calls them deprecated, makes every v4 rotation event an early one; the file says late."""
    found = [(row, line) for row, line in compared if line["rotations"]]
    assert len(found) >= 14
    for row, line in found:
        mine = columns(row, "rotations", "beat", "late", "degrees")
        if line["parsed_as"] == 4:
            mine = [(beat, False, degrees) for beat, _, degrees in mine]
        assert same(mine, line["rotations"]), key(line)


def test_tempo_events_are_the_decoders(compared):
    changes = [(row, line) for row, line in compared if line["bpm_events"]]
    assert len(changes) >= 60
    for row, line in changes:
        theirs = [(event["time"], event["bpm"]) for event in line["bpm_events"]]
        assert same(columns(row, "bpm_events", "beat", "bpm"), theirs), key(line)


def test_jumps_are_the_decoders(compared):
    for row, line in compared:
        mine = [row["settings_beat_saber"][name] for name in ("half_jump_beats", "reaction_time_s", "jump_distance")]
        assert mine == pytest.approx([line[name] for name in ("hjd", "reaction_time", "jump_distance")]), key(line)


def test_swings_are_the_decoders(compared):
    """But for the two files whose notes are not the decoder's."""
    total = 0
    for row, line in compared:
        if line["dir"].endswith((GHOSTS, QUOTED)) or not row["length_s"]:
            continue
        swings = sum(row["swings_per_s"].values()) * row["length_s"]
        assert swings == pytest.approx(line["swing"]["count"]), key(line)
        total += line["swing"]["count"]
    assert total > 30_000


def test_rates_and_scores_are_beatsavers(levels, corpus):
    """BeatSaver counts ghost notes, which we keep apart, and quoted bombs: both are added back for the comparison."""
    stats = [line for line in lines(corpus, "expected_beatsaver_stats.jsonl.gz") if key(line) in levels.rows]
    assert len(stats) > 180
    for line in stats:
        row = levels.rows[key(line)]
        if line["dir"].endswith((GHOSTS, QUOTED)):
            times = row["notes"]["time_s"] + [time for (time,) in fakes(row, GHOST, "time_s")]
            times += row["bombs"]["time_s"] if line["dir"].endswith(QUOTED) else []
            nps = len(times) / (max(times) - min(times))
            score = 115 * (41 + 8 * (len(times) - 13))
        else:
            nps, score = row["nps"], row["max_score"]
        assert nps == pytest.approx(line["nps"], abs=0.01), key(line)
        assert score == line["max_score"], key(line)


def test_counts_are_beatsavers(levels, corpus):
    for line in lines(corpus, "expected_beatsaver_stats.jsonl.gz"):
        row = levels.rows.get(key(line))
        if row is None or line["dir"].endswith((GHOSTS, QUOTED)):
            continue
        mine = [len(row[kind]["beat"]) for kind in ("notes", "bombs", "walls", "arcs", "chains")]
        mine[1] += len(fakes(row, FAKE_BOMB, "beat"))
        assert mine == [line[kind] for kind in ("notes", "bombs", "walls", "arcs", "chains")], key(line)


def test_the_map_hash_is_the_one_a_public_replay_names(levels):
    ids = {chart_id for (folder, _), chart_id in levels.ids.items() if folder.endswith("2b69a (As It Was - Taddus)")}
    digest = "e200f38322473f9a777d38432d002338928b2598"
    assert ids == {f"{digest}/Standard/{difficulty}" for difficulty in ("Easy", "Normal", "Hard")}
