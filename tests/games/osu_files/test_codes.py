"""What the numbers stand for: mods, grades, judgements; accuracy and grade by stable's rules."""

from __future__ import annotations

import pytest

from rhythm_maps.games.osu.codes import (
    COUNTS,
    JUDGEMENTS,
    MODS,
    accuracy,
    grade,
    grade_name,
    mod_names,
    mode_name,
    permission_names,
    status_name,
)


@pytest.mark.parametrize(
    ("bits", "names"),
    [
        (0, []),
        (1, ["NF"]),
        (8 | 16, ["HD", "HR"]),
        (64, ["DT"]),
        (64 | 512, ["NC"]),
        (32 | 16384, ["PF"]),
        (1 << 15, ["4K"]),
        (1 << 24, ["9K"]),
        (1 << 25, ["CO"]),
        (1 << 26, ["1K"]),
        (1 << 27, ["3K"]),
        (1 << 28, ["2K"]),
        (1 << 29, ["SV2"]),
        (1 << 30, ["MR"]),
        (-(2**31), ["bit_31"]),
    ],
)
def test_mods_are_named_by_their_bits(bits: int, names: list[str]) -> None:
    assert mod_names(bits) == names
    assert len(MODS) == len(set(MODS)) == 31


def test_numbers_without_a_meaning_keep_their_number() -> None:
    assert [mode_name(n) for n in (0, 1, 2, 3, 4)] == ["osu", "taiko", "catch", "mania", "mode_4"]
    assert [grade_name(n) for n in (0, 3, 8, 9, 10)] == ["SSH", "S", "F", "", "grade_10"]
    assert [status_name(n) for n in (1, 4, 7, 8)] == ["not_submitted", "ranked", "loved", "status_8"]
    assert permission_names(1 | 4 | 128) == ["normal", "supporter", "bit_7"]


def test_each_count_has_a_name_in_each_mode_that_uses_it() -> None:
    assert JUDGEMENTS["mania"]["max"] == "count_geki"
    assert JUDGEMENTS["mania"]["200"] == "count_katu"
    assert JUDGEMENTS["catch"]["droplet_miss"] == "count_katu"
    assert JUDGEMENTS["taiko"]["great_large"] == "count_geki"
    assert {count for names in JUDGEMENTS.values() for count in names.values()} == set(COUNTS)


@pytest.mark.parametrize(
    ("mode", "counts", "share", "name"),
    [
        ("osu", (100, 0, 0, 0, 0, 0), 1.0, "SS"),
        ("osu", (95, 5, 0, 0, 0, 0), 290 / 300, "S"),
        ("osu", (95, 4, 0, 0, 0, 1), (95 * 300 + 400) / 30000, "A"),
        ("osu", (95, 0, 5, 0, 0, 0), (95 * 300 + 250) / 30000, "A"),
        ("osu", (85, 0, 0, 0, 0, 15), 0.85, "B"),
        ("osu", (75, 25, 0, 0, 0, 0), (75 * 300 + 2500) / 30000, "B"),
        ("osu", (65, 0, 0, 0, 0, 35), 0.65, "C"),
        ("osu", (10, 0, 0, 0, 0, 90), 0.1, "D"),
        ("taiko", (60, 40, 0, 3, 1, 0), 0.8, "D"),
        ("catch", (90, 5, 4, 0, 1, 0), 0.99, "S"),
        ("catch", (80, 5, 4, 7, 6, 5), 0.89, "C"),
        ("mania", (10, 2, 1, 80, 6, 1), (50 + 200 + 1200 + 90 * 300) / 30000, "A"),
        ("mania", (50, 0, 0, 50, 0, 0), 1.0, "SS"),
        ("osu", (0, 0, 0, 0, 0, 0), None, None),
        ("mode_9", (1, 1, 1, 1, 1, 1), None, None),
    ],
)
def test_accuracy_and_grade_follow_stable(mode: str, counts: tuple[int, ...], share: float, name: str) -> None:
    named = dict(zip(COUNTS, counts, strict=True))
    assert accuracy(mode, named) == (share if share is None else pytest.approx(share))
    assert grade(mode, named, 0) == name
    silver = grade(mode, named, 8)
    assert silver == (f"{name}H" if name in {"S", "SS"} else name)
