"""Swings and parity, one hand at a time; times at 60 BPM, so that beats are seconds."""

import pytest

UP, DOWN, LEFT, RIGHT, UP_LEFT, UP_RIGHT, DOWN_LEFT, DOWN_RIGHT, ANY = range(9)
RED, BLUE = 0, 1


@pytest.fixture
def swing(easy):
    """Return (swings of each hand, parity warnings) of notes of ``(second, direction, ...)``."""

    def run(*notes, bombs=(), color=BLUE):
        listed = [{"b": b, "d": d, "c": color} | dict(zip("xyc", rest, strict=False)) for b, d, *rest in notes]
        row = easy(
            {"version": "3.0.0", "colorNotes": listed, "bombNotes": [{"b": b, "x": x, "y": y} for b, x, y in bombs]},
            _beatsPerMinute=60,
        )
        rate = row["swings_per_s"]
        counts = (round(rate["left"] * row["length_s"]), round(rate["right"] * row["length_s"]))
        return counts, row["parity_warnings"]

    return run


def test_notes_apart_in_time_are_swings_of_their_hand(swing):
    assert swing((0, DOWN), (1, UP), (2, DOWN, 0, 0, RED), (3, DOWN)) == ((1, 3), 0)


def test_rates_are_swings_a_second_of_the_charts_length(easy):
    notes = [{"b": b, "c": b % 2} for b in range(9)]
    row = easy({"version": "3.0.0", "colorNotes": notes}, _beatsPerMinute=120)
    assert row["swings_per_s"] == {"left": 5 / 4, "right": 4 / 4}
    assert easy({"version": "3.0.0"})["swings_per_s"] == {"left": 0.0, "right": 0.0}


@pytest.mark.parametrize(
    ("second", "swings"),
    [
        ((0.06, DOWN, 1, 1), 1),
        ((0.08, DOWN, 1, 1), 2),
        ((0.06, DOWN, 1, 2), 2),
        ((0.0, DOWN, 1, 2), 2),
        ((0.06, UP, 1, 1), 2),
        ((0.004, UP, 1, 1), 1),
        ((0.06, ANY, 1, 1), 1),
        ((0.06, RIGHT, 1, 1), 2),
        ((0.06, DOWN_RIGHT, 1, 1), 1),
        ((0.06, 1045, 1, 1), 1),
        ((0.06, 1120, 1, 1), 2),
    ],
)
def test_what_is_one_swing(swing, second, swings):
    """After a downward note in column 1, row 2: too late, in the same place or pointing away is a second swing."""
    assert swing((0, DOWN, 1, 2), second, (5, UP))[0][1] == swings + 1


def test_a_slider_is_one_swing_and_a_tower_too(swing):
    assert swing((0, DOWN, 1, 2), (0.05, ANY, 1, 1), (0.1, ANY, 1, 0), (1, UP))[0] == (0, 2)
    assert swing((0, DOWN, 1, 2), (0, DOWN, 1, 1), (0, DOWN, 1, 0), (1, UP))[0] == (0, 2)


@pytest.mark.parametrize(
    ("directions", "warnings"),
    [
        ((DOWN, UP, DOWN, UP), 0),
        ((DOWN, DOWN), 1),
        ((UP, UP, UP), 2),
        ((DOWN, ANY, DOWN), 0),
        ((DOWN, ANY, UP), 1),
        ((DOWN, ANY, ANY, UP), 0),
        ((ANY, ANY, ANY), 0),
        ((DOWN_LEFT, UP_RIGHT, LEFT, RIGHT), 0),
        ((DOWN, DOWN_RIGHT, DOWN), 0),
        ((UP, DOWN_RIGHT, UP), 0),
        ((UP, UP_LEFT), 1),
        ((1000, 1180), 0),
        ((1000, 1000), 1),
    ],
)
def test_parity_of_the_right_hand(swing, directions, warnings):
    assert swing(*enumerate(directions))[1] == warnings


def test_the_left_hand_mirrors_the_right_one(swing):
    assert swing(*enumerate((DOWN, DOWN_LEFT, DOWN)), color=RED)[1] == 0
    assert swing(*enumerate((DOWN_RIGHT, UP_LEFT, RIGHT, LEFT)), color=RED)[1] == 0
    assert swing(*enumerate((DOWN, DOWN_RIGHT)), color=RED)[1] == 1


def test_hands_do_not_see_each_other_and_their_warnings_add_up(swing):
    left = [(i, DOWN, 1, 0, RED) for i in range(3)]
    right = [(i, DOWN, 2, 0, BLUE) for i in range(3)]
    assert swing(*left, *right) == ((3, 3), 4)


@pytest.mark.parametrize(
    ("bomb", "warnings"),
    [
        ((0.5, 1, 0), 0),
        ((0.5, 2, 0), 0),
        ((0.5, 2, 2), 1),
        ((0.5, 0, 0), 1),
        ((0.5, 1, 1), 1),
        ((0.05, 1, 0), 1),
        ((0.98, 1, 0), 1),
        ((1.5, 1, 0), 1),
    ],
)
def test_a_bomb_low_in_the_middle_sends_the_hand_up_again(swing, bomb, warnings):
    """Between two downward swings; one right at a swing, at the side or after both changes nothing."""
    assert swing((0, DOWN), (1, DOWN), bombs=[bomb])[1] == warnings


def test_a_bomb_high_in_the_middle_sends_the_hand_down(swing):
    assert swing((0, UP), (1, UP), bombs=[(0.5, 1, 2)])[1] == 0
    assert swing((0, UP), (1, DOWN), bombs=[(0.5, 1, 2)])[1] == 1


def test_the_last_of_several_bombs_counts(swing):
    assert swing((0, DOWN), (1, DOWN), bombs=[(0.4, 1, 2), (0.6, 1, 0)])[1] == 0
    assert swing((0, DOWN), (1, DOWN), bombs=[(0.4, 1, 0), (0.6, 1, 2)])[1] == 1
