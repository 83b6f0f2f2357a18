"""The generated osu! mapsets, read with a few lines of code that follow the format."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

MODES = ("osu", "taiko", "catch", "mania")
MISSING = "lost tape.ogg"


class Chart(NamedTuple):
    archive: str
    file: str
    version: int
    values: dict[str, str]
    events: list[str]
    timing: list[list[float]]
    objects: list[list[str]]


def read(archive: str, file: str, data: bytes) -> Chart:
    """Take a .osu file apart: header, sections, ``key: value`` lines and comma-separated lines."""
    lines = data.decode().split("\r\n")
    sections: dict[str, list[str]] = {}
    for line in lines[1:]:
        if line.startswith("["):
            rows = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("//"):
            rows.append(line)
    keyed = [line.split(":", 1) for name in ("General", "Metadata", "Difficulty") for line in sections[name]]
    timing = [[float(value) for value in line.split(",")] for line in sections["TimingPoints"]]
    return Chart(
        archive,
        file,
        int(lines[0].removeprefix("osu file format v")),
        {key.strip(): value.strip() for key, value in keyed},
        sections["Events"],
        timing,
        [line.split(",") for line in sections["HitObjects"]],
    )


@pytest.fixture(scope="module")
def charts(osu_pack) -> list[Chart]:
    return [
        read(archive, name, data)
        for archive, members in osu_pack.items()
        for name, data in members.items()
        if name.endswith(".osu")
    ]


def red_lines(chart: Chart) -> list[list[float]]:
    return [point for point in chart.timing if point[6] == 1]


def beats_ms(chart: Chart, end_ms: float, division: int = 1) -> np.ndarray:
    """Beats (or parts of them) from each uninherited point to the next."""
    reds = red_lines(chart)
    ends = [red[0] for red in reds[1:]] + [end_ms]
    parts = [np.arange(red[0], end - 0.01, red[1] / division) for red, end in zip(reds, ends, strict=True)]
    return np.concatenate(parts)


def spans_ms(chart: Chart) -> Iterator[tuple[int, float, int]]:
    """Start, end and type of each object; sliders last ``spans * length / (100 * multiplier * SV)`` beats."""
    multiplier = float(chart.values["SliderMultiplier"])
    for fields in chart.objects:
        time, kind = int(fields[2]), int(fields[3]) & (1 | 2 | 8 | 128)
        end = float(time)
        if kind == 2:
            beat = [point[1] for point in red_lines(chart) if point[0] <= time][-1]
            green = [point[1] for point in chart.timing if point[6] == 0 and point[0] <= time][-1]
            end += int(fields[6]) * float(fields[7]) / (100 * multiplier * (-100 / green)) * beat
        elif kind in {8, 128}:
            end = float(fields[5].split(":")[0])
        yield time, end, kind


def test_seven_archives_with_readable_names(osu_pack):
    assert len(osu_pack) == 7
    assert all(re.fullmatch(r"(\d+ )?[A-Za-z ]+ - [A-Za-z ]+\.osz", name) for name in osu_pack)
    assert sorted(len(members) for members in osu_pack.values()) == [3, 3, 3, 3, 4, 4, 6]


def test_the_charts_cover_modes_formats_and_keys(charts):
    assert len(charts) == 11
    assert {MODES[int(chart.values["Mode"])] for chart in charts} == set(MODES)
    assert {chart.version for chart in charts} == {9, 14, 128}
    assert {c.values["CircleSize"] for c in charts if c.values["Mode"] == "3"} == {"4", "7"}


def test_ids_are_a_websites_or_missing_and_never_real_ones(charts):
    ids = {chart.archive: chart.values.get("BeatmapSetID") for chart in charts}
    assert {None, "-1"} < set(ids.values())
    for archive, value in ids.items():
        known = value not in {None, "-1"}
        assert archive.startswith(f"{value} ") == known
        assert not known or int(value) >= 900_000_000
    numbers = [c.values["BeatmapID"] for c in charts if c.values.get("BeatmapID", "0") != "0"]
    assert len(set(numbers)) == len(numbers)


def test_names_come_in_both_scripts_in_one_or_only_in_their_own(charts):
    titles = {(c.values["Title"], c.values.get("TitleUnicode")) for c in charts}
    assert {("Tokei no Umi", "時計の海"), ("", "雨の日のサンプル"), ("First Light", "First Light")} <= titles
    assert ("Rain on Tin Roofs", None) in titles, "formats before 10 have no Unicode names"


def test_one_mapset_holds_two_songs_and_one_chart_without_its_audio(osu_pack, charts):
    missing = [chart for chart in charts if chart.values["AudioFilename"] not in osu_pack[chart.archive]]
    assert [chart.values["AudioFilename"] for chart in missing] == [MISSING]
    same = [chart.values["AudioFilename"] for chart in charts if chart.archive == missing[0].archive]
    assert len(set(same)) == 3


def test_kicks_are_where_the_timing_points_put_beats(osu_pack, charts, kicks):
    for chart in charts:
        if chart.values["AudioFilename"] == MISSING:
            continue
        found, seconds = kicks(osu_pack[chart.archive][chart.values["AudioFilename"]])
        beats = beats_ms(chart, seconds * 1000) / 1000
        assert len(found) == len(beats), chart.file
        assert np.abs(found - beats).max() < 0.003, chart.file


def test_tempo_maps_change_tempo_metre_and_offset(charts):
    reds = {chart.archive: red_lines(chart) for chart in charts}
    lengths = [[round(red[1], 3) for red in points] for points in reds.values()]
    metres = [[red[2] for red in points] for points in reds.values()]
    assert [600.0, 400.0] in lengths
    assert [4, 3] in metres
    assert [points[0][0] for points in reds.values()].count(450) == 1


def test_objects_lie_within_the_audio_in_order_and_on_quarters_of_a_beat(osu_pack, charts, kicks):
    for chart in charts:
        name = chart.values["AudioFilename"]
        end_ms = 20_000.0 if name == MISSING else kicks(osu_pack[chart.archive][name])[1] * 1000
        spans = list(spans_ms(chart))
        starts = np.array([start for start, _, _ in spans])
        grid = beats_ms(chart, end_ms, 4)
        assert starts[0] > grid[0]
        assert (np.diff(starts) >= 0).all()
        assert all(start <= end <= end_ms for start, end, _ in spans)
        assert np.abs(starts[:, None] - grid).min(axis=1).max() <= 0.51, chart.file


def test_every_chart_has_a_playable_number_of_objects(charts):
    for chart in charts:
        assert 40 <= len(chart.objects) <= 300, (chart.file, len(chart.objects))


def test_only_mania_objects_overlap_and_never_in_one_column(charts):
    for chart in charts:
        keys = float(chart.values["CircleSize"]) if chart.values["Mode"] == "3" else 1.0
        free: dict[int, float] = {}
        for fields, (start, end, _) in zip(chart.objects, spans_ms(chart), strict=True):
            column = int(float(fields[0]) * keys / 512) if keys > 1 else 0
            assert start > free.get(column, -1.0), (chart.file, fields)
            free[column] = end
        assert len(free) == keys


def test_every_kind_of_object_appears(charts):
    kinds = {(c.values["Mode"], kind) for c in charts for _, _, kind in spans_ms(c)}
    assert kinds == {*((mode, kind) for mode in "012" for kind in (1, 2, 8)), ("3", 1), ("3", 128)}
    paths = {fields[5][0] for c in charts for fields in c.objects if int(fields[3]) & 2}
    assert paths == {"L", "P", "B"}


def test_taiko_has_dons_kats_and_big_ones(charts):
    [taiko] = [chart for chart in charts if chart.values["Mode"] == "1"]
    sounds = {int(fields[4]) for fields in taiko.objects if int(fields[3]) & 1}
    assert sounds == {0, 4, 8, 12}


def test_objects_stay_on_the_field(charts):
    for chart in charts:
        for fields in chart.objects:
            assert 0 <= float(fields[0]) <= 512, (chart.file, fields)
            assert 0 <= float(fields[1]) <= 384, (chart.file, fields)
            points = re.findall(r"\|(-?[\d.]+):(-?[\d.]+)", fields[5]) if int(fields[3]) & 2 else []
            if chart.values["Mode"] != "1":
                assert all(0 <= float(x) <= 512 and 0 <= float(y) <= 384 for x, y in points), (
                    chart.file,
                    fields,
                )


def test_fractions_of_pixels_are_lazers_alone(charts):
    fractional = {chart.version for chart in charts if any("." in fields[0] for fields in chart.objects)}
    assert fractional == {128}


def test_slider_velocity_changes_kiai_time_a_break_and_new_combos_appear(charts):
    assert any(len({point[1] for point in c.timing if point[6] == 0}) >= 3 for c in charts)
    assert all(any(point[7] == 1 for point in c.timing) for c in charts)
    breaks = [(c, *map(int, line.split(",")[1:])) for c in charts for line in c.events if line.startswith("2,")]
    assert len(breaks) == 1
    for chart, start, end in breaks:
        assert all(e <= start or s >= end for s, e, _ in spans_ms(chart))
    assert all(int(c.objects[0][3]) & 4 for c in charts if c.values["Mode"] in "02")


def test_the_background_that_charts_name_is_a_sound_png(osu_pack, charts):
    assert all('0,0,"bg.png",0,0' in chart.events for chart in charts)
    for members in osu_pack.values():
        data = members["bg.png"]
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        at = 8
        while at < len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            chunk = data[at + 4 : at + 8 + size]
            assert zlib.crc32(chunk) == int.from_bytes(data[at + 8 + size : at + 12 + size], "big")
            at += 12 + size
