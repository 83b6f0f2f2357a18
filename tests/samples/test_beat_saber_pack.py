"""The generated Beat Saber levels, read with a few lines of code that follow formats 2, 3 and 4."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from typing import Any, NamedTuple

import numpy as np
import pytest

DOWN, UP = {1, 6, 7}, {0, 4, 5}
RANKS = {"Easy": 1, "Normal": 3, "Hard": 5, "Expert": 7, "ExpertPlus": 9}


class Level(NamedTuple):
    archive: str
    info: dict[str, Any]
    files: dict[str, bytes]

    def load(self, name: str) -> dict[str, Any]:
        data = self.files[name]
        return json.loads(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)


class Chart(NamedTuple):
    """Notes: (beat, column, row, colour, direction); walls: (beat, duration, column, row, width, height)."""

    level: Level
    characteristic: str
    difficulty: str
    data: dict[str, Any]
    notes: list[tuple]
    bombs: list[tuple]
    walls: list[tuple]


def fields(row: dict[str, Any], names: str) -> tuple:
    """Values by key; what is left out is 0."""
    return tuple(row.get(name, 0) for name in names.split())


def objects(data: dict[str, Any]) -> tuple[list[tuple], list[tuple], list[tuple]]:
    """Notes, bombs and walls of any version."""
    if "_version" in data:
        rows = [fields(n, "_time _lineIndex _lineLayer _type _cutDirection") for n in data["_notes"]]
        walls = [fields(w, "_time _duration _lineIndex _type _width") for w in data["_obstacles"]]
        boxes = [(b, d, x, 2 * kind, w, (5, 3)[kind]) for b, d, x, kind, w in walls]
        return [r for r in rows if r[3] in {0, 1}], [r[:3] for r in rows if r[3] == 3], boxes
    if data["version"].startswith("3"):
        notes = [fields(n, "b x y c d") for n in data["colorNotes"]]
        walls = [fields(w, "b d x y w h") for w in data["obstacles"]]
        return notes, [fields(n, "b x y") for n in data["bombNotes"]], walls

    def joined(name: str, names: str) -> list[tuple]:
        return [(row.get("b", 0), *fields(data[f"{name}Data"][row.get("i", 0)], names)) for row in data[name]]

    return joined("colorNotes", "x y c d"), joined("bombNotes", "x y"), joined("obstacles", "d x y w h")


@pytest.fixture(scope="module")
def levels(beat_saber_pack) -> list[Level]:
    found = []
    for archive, members in beat_saber_pack.items():
        [info] = [name for name in members if name.rpartition("/")[2] == "Info.dat"]
        folder = info.removesuffix("Info.dat")
        files = {name.removeprefix(folder): data for name, data in members.items() if name.startswith(folder)}
        assert len(files) == len(members)
        found.append(Level(archive, json.loads(files["Info.dat"]), files))
    return found


@pytest.fixture(scope="module")
def charts(levels) -> list[Chart]:
    found = []
    for level in levels:
        if "version" in level.info:
            refs = [
                fields(d, "characteristic difficulty beatmapDataFilename") for d in level.info["difficultyBeatmaps"]
            ]
        else:
            refs = [
                (group["_beatmapCharacteristicName"], *fields(d, "_difficulty _beatmapFilename"))
                for group in level.info["_difficultyBeatmapSets"]
                for d in group["_difficultyBeatmaps"]
            ]
        for characteristic, difficulty, file in refs:
            data = level.load(file)
            found.append(Chart(level, characteristic, difficulty, data, *objects(data)))
    return found


def tempo(chart: Chart) -> list[tuple[float, float, float]]:
    """(beat, second, beats a second): the regions of format 4, else BPM events, else the Info file's."""
    if "version" in chart.level.info:
        audio = chart.level.load(chart.level.info["audio"]["audioDataFilename"])
        rate = audio["songFrequency"]
        regions = [fields(region, "si ei sb eb") for region in audio["bpmData"]]
        return [(sb, si / rate, (eb - sb) * rate / (ei - si)) for si, ei, sb, eb in regions]
    changes = [(0.0, 0.0, chart.level.info["_beatsPerMinute"] / 60)]
    for event in chart.data.get("bpmEvents", []):
        beat, second, speed = changes[-1]
        changes.append((event["b"], second + (event["b"] - beat) / speed, event["m"] / 60))
    return changes


def seconds(chart: Chart, beat: float) -> float:
    start, second, speed = [change for change in tempo(chart) if change[0] <= beat][-1]
    return second + (beat - start) / speed


def test_five_archives_with_readable_names(beat_saber_pack):
    assert len(beat_saber_pack) == 5
    assert all(re.fullmatch(r"[A-Za-z ]+ - [A-Za-z ]+ \(Example Mapper\)\.zip", name) for name in beat_saber_pack)
    assert sorted(len(members) for members in beat_saber_pack.values()) == [5, 5, 6, 7, 7]


def test_info_and_charts_come_in_every_pairing_of_versions(charts):
    pairs = set()
    for chart in charts:
        versions = [file.get("version") or file["_version"] for file in (chart.level.info, chart.data)]
        pairs.add(tuple(versions))
    assert pairs == {
        ("2.0.0", "2.0.0"), ("2.0.0", "2.2.0"), ("2.0.0", "3.2.0"), ("2.1.0", "3.3.0"), ("4.0.1", "4.1.0"),
    }  # fmt: skip


def test_characteristics_and_difficulties(charts):
    assert len(charts) == 12
    modes = {"Standard", "OneSaber", "360Degree", "NoArrows", "Lawless"}
    assert {chart.characteristic for chart in charts} == modes
    assert {chart.difficulty for chart in charts} == set(RANKS)
    for level in {chart.level.archive: chart.level for chart in charts}.values():
        for group in level.info.get("_difficultyBeatmapSets", []):
            ranks = [d["_difficultyRank"] for d in group["_difficultyBeatmaps"]]
            assert ranks == sorted(RANKS[d["_difficulty"]] for d in group["_difficultyBeatmaps"])


def test_every_file_that_a_level_names_is_there(levels):
    for level in levels:
        named = re.findall(r'"([^"/]+\.(?:dat|egg|png))"', json.dumps(level.info))
        assert set(named) <= set(level.files)
        assert set(level.files) - set(named) <= {"Info.dat", "BPMInfo.dat"}


def test_one_level_is_in_a_folder_with_a_byte_order_mark_and_gzipped_charts(beat_saber_pack):
    [members] = [m for m in beat_saber_pack.values() if "Mihon no Uta/Info.dat" in m]
    assert members["Mihon no Uta/Info.dat"].startswith(b"\xef\xbb\xbf")
    assert "見本の歌".encode() in members["Mihon no Uta/Info.dat"]
    assert members["Mihon no Uta/ExpertStandard.dat"].startswith(b"\x1f\x8b")


def test_kicks_are_where_the_tempo_puts_beats(charts, kicks):
    for chart in charts:
        found, length = kicks(chart.level.files["song.egg"])
        times = [seconds(chart, beat) for beat in range(1000)]
        beats = np.array([time for time in times if time < length - 1e-6])
        assert len(found) == len(beats), chart.level.archive
        assert np.abs(found - beats).max() < 0.003, chart.level.archive


def test_tempo_changes_are_said_in_the_formats_own_way(charts):
    tempi = {c.level.archive: [round(speed * 60, 3) for _, _, speed in tempo(c)] for c in charts}
    assert tempi["Example Artist - Two Gears (Example Mapper).zip"] == [100, 100, 150]
    assert tempi["Sample Trio - Long Shadows (Example Mapper).zip"] == [120, 90]


def test_regions_cover_the_whole_song(levels, kicks):
    for level in levels:
        for file, start, end in (
            ("AudioData.dat", "si", "ei"),
            ("BPMInfo.dat", "_startSampleIndex", "_endSampleIndex"),
        ):
            if file not in level.files:
                continue
            data = level.load(file)
            regions = data.get("bpmData") or data["_regions"]
            count = data.get("songSampleCount") or data["_songSampleCount"]
            assert regions[0][start] == 0
            assert all(a[end] == b[start] for a, b in itertools.pairwise(regions))
            assert regions[-1][end] == count == round(kicks(level.files["song.egg"])[1] * 44_100)


def test_every_chart_has_a_playable_number_of_notes_within_the_song(charts, kicks):
    for chart in charts:
        assert 40 <= len(chart.notes) <= 300, (chart.level.archive, chart.difficulty, len(chart.notes))
        length = kicks(chart.level.files["song.egg"])[1]
        beats = [n[0] for n in chart.notes + chart.bombs] + [w[0] + w[1] for w in chart.walls]
        assert min(beats) > 0
        assert seconds(chart, max(beats)) < length
        assert all(beat * 4 == int(beat * 4) for beat in beats)


def test_each_hand_cuts_down_and_up_by_turns(charts):
    for chart in charts:
        hands = {0: [], 1: []}
        for beat, _, _, colour, direction in chart.notes:
            hands[colour].append((beat, direction))
        assert bool(hands[0]) == (chart.characteristic != "OneSaber")
        for swings in hands.values():
            assert [beat for beat, _ in swings] == sorted({beat for beat, _ in swings})
            for i, (_, direction) in enumerate(swings):
                assert direction in (DOWN, UP)[i % 2]


def test_hands_take_turns_and_sometimes_cut_together(charts):
    doubles = 0
    for chart in charts:
        if chart.characteristic == "OneSaber":
            assert {note[3] for note in chart.notes} == {1}
            continue
        swings = [[note[3] for note in group] for _, group in itertools.groupby(chart.notes, lambda note: note[0])]
        assert all(colours in ([i % 2], [0, 1]) for i, colours in enumerate(swings))
        doubles += swings.count([0, 1])
    assert doubles > 10


def test_objects_stand_on_the_grid_and_never_in_each_other(charts):
    for chart in charts:
        taken = [note[:3] for note in chart.notes] + chart.bombs
        assert len(set(taken)) == len(taken)
        assert all(x in range(4) and y in range(3) for _, x, y in taken)
        assert chart.bombs
        assert chart.walls
        for beat, duration, x, y, width, height in chart.walls:
            assert width == 1
            assert x in {0, 3}
            inside = [t for t in taken if beat <= t[0] <= beat + duration and t[1] == x and y <= t[2] < y + height]
            assert not inside


def test_full_walls_and_crouch_walls_appear(charts):
    assert {(y, height) for chart in charts for _, _, _, y, _, height in chart.walls} == {(0, 5), (2, 3)}


def test_arcs_and_chains_start_at_notes(charts):
    arcs = chains = 0
    for chart in charts:
        notes = set(chart.notes)
        if chart.data.get("version", "").startswith("3"):
            for arc in chart.data["sliders"]:
                assert fields(arc, "b x y c d") in notes
                assert fields(arc, "tb tx ty c tc") in notes
            assert all(fields(chain, "b x y c d") in notes for chain in chart.data["burstSliders"])
            arcs, chains = arcs + len(chart.data["sliders"]), chains + len(chart.data["burstSliders"])
        elif "version" in chart.data:
            table = chart.data["colorNotesData"]
            for arc in chart.data["arcs"]:
                ends = ((arc["hb"], arc.get("hi", 0)), (arc["tb"], arc.get("ti", 0)))
                assert all((beat, *fields(table[i], "x y c d")) in notes for beat, i in ends)
                assert arc.get("ai", 0) < len(chart.data["arcsData"])
            for chain in chart.data["chains"]:
                assert (chain["hb"], *fields(table[chain.get("i", 0)], "x y c d")) in notes
                assert chain.get("ci", 0) < len(chart.data["chainsData"])
            arcs, chains = arcs + len(chart.data["arcs"]), chains + len(chart.data["chains"])
    assert arcs > 10
    assert chains > 3


def test_format_4_leaves_out_zeros_as_the_games_editor_does(charts):
    [v4, _] = [chart for chart in charts if chart.data.get("version", "").startswith("4")]
    rows = [row for name, value in v4.data.items() if name != "version" for row in value]
    assert all(value != 0 for row in rows for value in row.values())
    assert any("i" not in row for row in v4.data["colorNotes"])


def test_lanes_turn_in_the_360_degree_chart_only(charts):
    turns = {
        chart.characteristic: [event["_value"] for event in chart.data["_events"] if event["_type"] == 14]
        for chart in charts
        if "_events" in chart.data
    }
    assert turns.pop("360Degree")
    assert not any(turns.values())
