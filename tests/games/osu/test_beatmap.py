"""General, Metadata and Difficulty: defaults, clamps, bad lines."""

from __future__ import annotations

import pytest

from rhythm_maps.games.osu.beatmap import read_beatmap
from rhythm_maps.games.osu.text import read_text


def settings(chart, **sections):
    d = chart(**sections).beatmap.difficulty
    return {
        name: getattr(d, name)
        for name in ("hp", "cs", "od", "ar", "slider_multiplier", "slider_tick_rate", "stack_leniency")
    }


def test_defaults(row):
    found = row(b"osu file format v14\n")["settings_osu"]
    assert found == {
        "hp": 5,
        "cs": 5,
        "od": 5,
        "ar": 5,
        "slider_multiplier": 1.4,
        "slider_tick_rate": 1,
        "stack_leniency": 0.7,
    }


@pytest.mark.parametrize(
    ("lines", "od", "ar"),
    [
        ("OverallDifficulty:8", 8, 8),
        ("ApproachRate:9\nOverallDifficulty:8", 8, 9),
        ("OverallDifficulty:8\nApproachRate:9", 8, 9),
    ],
)
def test_approach_rate_is_the_overall_difficulty_unless_it_is_given(chart, lines, od, ar):
    found = settings(chart, difficulty=lines)
    assert (found["od"], found["ar"]) == (od, ar)


def test_settings_are_clamped(chart):
    high = settings(
        chart, difficulty="HPDrainRate:11\nCircleSize:30\nOverallDifficulty:99\nSliderMultiplier:4\nSliderTickRate:9"
    )
    assert [high[k] for k in ("hp", "cs", "od", "ar", "slider_multiplier", "slider_tick_rate")] == [
        10,
        10,
        10,
        10,
        3.6,
        8,
    ]
    low = settings(chart, difficulty="HPDrainRate:-1\nCircleSize:-2\nSliderMultiplier:0\nSliderTickRate:0")
    assert [low[k] for k in ("hp", "cs", "slider_multiplier", "slider_tick_rate")] == [0, 0, 0.4, 0.5]


def test_a_bad_setting_loses_its_line_and_is_counted(chart):
    found = chart(
        difficulty="HPDrainRate:NaN\nCircleSize:1_0\nOverallDifficulty:７", general="PreviewTime: 4.0\nMode: 4"
    )
    assert (found.beatmap.difficulty.hp, found.beatmap.difficulty.cs, found.beatmap.difficulty.od) == (5, 5, 5)
    assert found.beatmap.mode == 0
    assert found.warnings == ("bad_line.difficulty:3", "bad_line.general:2")


@pytest.mark.parametrize(
    ("cs", "keys"),
    [
        ("4", 4),
        ("4.0", 4),
        ("4.5", 4),
        ("5.5", 6),
        ("0", 1),
        ("10", 10),
        ("11", 10),
        ("12", 12),
        ("17", 16),
        ("18", 18),
        ("30", 18),
    ],
)
def test_mania_keys_are_the_circle_size_and_two_equal_stages_above_ten(chart, cs, keys):
    assert chart(mode=3, difficulty=f"CircleSize:{cs}").beatmap.keys == keys


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_other_modes_have_no_keys(chart, mode):
    assert chart(mode=mode).beatmap.keys is None


def test_metadata(row, osu):
    meta = "Title:A: B // C \nTitleUnicode:あ\nArtist:X\nCreator:me\nVersion:Hard\nSource:S\nTags:a  b\tc\n"
    meta += "BeatmapID:7\nBeatmapSetID:-1"
    found = row(osu(metadata=meta, general="PreviewTime: 1500"))
    assert found["title"] == "A: B // C"
    assert (found["title_unicode"], found["artist"], found["artist_unicode"]) == ("あ", "X", "X")
    assert (found["mappers"], found["difficulty"], found["source"], found["tags"]) == (
        ["me"],
        "Hard",
        "S",
        ["a", "b", "c"],
    )
    assert (found["beatmap_id"], found["beatmapset_id"], found["preview_s"]) == (7, None, 1.5)
    assert (found["subtitle"], found["label"], found["difficulty_rank"], found["njs"]) == ("", None, None, None)


def test_unicode_names_stand_in_for_missing_romanised_ones(row, osu):
    found = row(osu(metadata="TitleUnicode:あ\nArtistUnicode:い"))
    assert (found["title"], found["artist"], found["mappers"]) == ("あ", "い", [])


@pytest.mark.parametrize("general", ["", "PreviewTime: -1"])
@pytest.mark.parametrize("version", [4, 14])
def test_no_preview(row, osu, general, version):
    assert row(osu(general=general, version=version))["preview_s"] is None


def test_format_version_is_text(row, osu):
    assert row(osu(version=128))["format_version"] == "128"
    assert row(b"[General]\n")["format_version"] == "14"


def test_the_last_of_equal_keys_holds(chart):
    assert chart(metadata="Title:a\nTitle:b").beatmap.title == "b"


@pytest.mark.parametrize(
    ("line", "opted_out"),
    [
        ("robots: disallow", True),
        ("Robots:Disallow ", True),
        ("robots: allow", False),
        ("Tags: robots: disallow", False),
        ("Title: disallow", False),
    ],
)
def test_a_mapper_opts_out_by_a_line_of_the_metadata(line, opted_out):
    text = read_text(f"osu file format v14\n[Metadata]\n{line}\n".encode())
    assert read_beatmap(text).opt_out == opted_out
