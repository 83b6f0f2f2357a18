"""The highest score, counted by hand: 115 a cut, 85 a chain's head, 20 a link, multipliers 1, 2, 4 and 8."""

import pytest

from rhythm_maps import limits


def notes(count):
    return {"version": "3.0.0", "colorNotes": [{"b": beat} for beat in range(count)]}


@pytest.mark.parametrize(
    ("count", "score"),
    [
        (0, 0),
        (1, 115),
        (2, 115 * 3),
        (5, 115 * 9),
        (6, 115 * 13),
        (13, 115 * 41),
        (14, 115 * 49),
        (100, 115 * (41 + 8 * 87)),
    ],
)
def test_the_multiplier_doubles_with_the_2nd_6th_and_14th_hit(easy, count, score):
    """1 hit at 1, four at 2, eight at 4, the rest at 8."""
    assert easy(notes(count))["max_score"] == score


def test_a_chain_is_a_head_and_links_spread_to_its_tail(easy):
    """Head 85 x 1 at beat 4; links at beats 4.5 and 5 (20 x 2 each); a note at beat 4.75 between them (115 x 2)."""
    chain = {"b": 4, "c": 1, "x": 2, "tb": 5, "sc": 3}
    row = easy({"version": "3.0.0", "colorNotes": [{"b": 4, "c": 1, "x": 2}, {"b": 4.75}], "burstSliders": [chain]})
    assert row["max_score"] == 85 + 2 * (20 + 115 + 20)


@pytest.mark.parametrize("change", [{"b": 4.5}, {"c": 0}, {"x": 1}, {"y": 1}])
def test_a_note_beside_a_chains_head_is_a_whole_cut(easy, change):
    """One slice has no link; the head counts 85 only where a note stands at its beat, colour, column and row."""
    head = {"b": 4, "c": 1, "x": 2}
    chain = head | {"tb": 6, "sc": 1}
    assert easy({"version": "3.0.0", "colorNotes": [head], "burstSliders": [chain]})["max_score"] == 85
    assert easy({"version": "3.0.0", "colorNotes": [head | change], "burstSliders": [chain]})["max_score"] == 115


def test_a_head_at_an_arcs_tail_is_a_whole_cut(easy):
    head = {"b": 4, "c": 1, "x": 2}
    chain, arc = head | {"tb": 6, "sc": 1}, {"b": 1, "c": 1, "tb": 4, "tx": 2}
    beatmap = {"version": "3.0.0", "colorNotes": [head], "burstSliders": [chain], "sliders": [arc]}
    assert easy(beatmap)["max_score"] == 115
    assert easy(beatmap | {"sliders": [arc | {"tb": 5}]})["max_score"] == 85


def test_the_smaller_value_comes_first_at_one_beat(easy):
    """At beat 4 a head (85) stands before a whole cut (115), whatever their order in the file."""
    beatmap = {
        "version": "3.0.0",
        "colorNotes": [{"b": 4}, {"b": 4, "c": 1, "x": 2}],
        "burstSliders": [{"b": 4, "c": 1, "x": 2, "tb": 6, "sc": 1}],
    }
    assert easy(beatmap)["max_score"] == 85 + 2 * 115


def test_format_2_knows_no_chains_and_arcs_score_nothing(easy):
    arc = {"_headTime": 0, "_tailTime": 1}
    row = easy({"_version": "2.6.0", "_notes": [{"_time": 0}, {"_time": 1}], "_sliders": [arc]})
    assert row["max_score"] == 115 * 3


def test_absurd_numbers_of_links_have_no_score(easy, monkeypatch):
    monkeypatch.setattr(limits, "NOTES", 10)
    chain = {"tb": 1, "sc": 2**31 - 1}
    assert easy({"version": "3.0.0", "burstSliders": [chain]})["max_score"] is None
    assert easy({"version": "3.0.0", "burstSliders": [{"tb": 1, "sc": -5}]})["max_score"] == 0


def test_beats_apart_count_in_file_time_even_where_tempo_changes(easy):
    beatmap = notes(20) | {"bpmEvents": [{"b": 3, "m": 999}]}
    assert easy(beatmap)["max_score"] == easy(notes(20))["max_score"]
