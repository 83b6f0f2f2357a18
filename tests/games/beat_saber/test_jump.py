"""Half jump duration, reaction time and jump distance, by hand and from whole levels."""

import pytest

from rhythm_maps.games.beat_saber.jump import jump, jump_speed


@pytest.mark.parametrize(
    ("njs", "offset", "bpm", "half"),
    [
        (16, 0, 120, 2.0),
        (10, 0, 120, 2.0),
        (9, 0, 120, 2.0),
        (8.9, 0, 120, 4.0),
        (10, 0, 174, 4.0),
        (20, 0, 60, 1.0),
        (23, 0, 120, 1.0),
        (16, -0.18, 190, 1.82),
        (16, -5, 120, 0.25),
        (16, 1, 208, 3.0),
    ],
)
def test_the_half_jump_is_halved_while_notes_would_appear_too_far_away(njs, offset, bpm, half):
    """At 120 BPM and 16 m/s: 4 beats are 32 m, 2 beats are 16 m. Never below 1 beat, nor 0.25 with the offset."""
    found = jump(njs, offset, bpm)
    assert found.half_jump_beats == pytest.approx(half)
    assert found.reaction_time_s == pytest.approx(half * 60 / bpm)
    assert found.jump_distance == pytest.approx(2 * njs * half * 60 / bpm)


@pytest.mark.parametrize(("njs", "bpm"), [(1e300, 1e-6), (1e-300, 1e9), (-5.0, 120)])
def test_absurd_speeds_end(njs, bpm):
    assert 0.25 <= jump(njs, 0.0, bpm).half_jump_beats <= 4


def test_no_speed_falls_back_by_difficulty():
    names = ("Easy", "Normal", "Hard", "Expert", "ExpertPlus", "Other")
    assert [jump_speed(0.0, name) for name in names] == [10.0, 10.0, 10.0, 12.0, 16.0, 10.0]
    assert jump_speed(float("nan"), "Expert") == 12.0
    assert jump_speed(13.5, "Expert") == 13.5


def test_a_row_states_the_jump_and_what_early_versions_shifted(play, info_v2):
    entry = {"_difficulty": "Expert", "_beatmapFilename": "e.dat"}
    entry |= {"_noteJumpMovementSpeed": 16, "_noteJumpStartBeatOffset": -0.5}
    info = info_v2(entry, _songTimeOffset=0.25, _shuffle=0.1, _shufflePeriod=0.5)
    row = play({"Info.dat": info, "e.dat": {"_notes": [{"_time": 2}]}}).rows["Standard/Expert"]
    assert row["settings_beat_saber"] == {
        "njs_offset": -0.5,
        "half_jump_beats": 1.5,
        "reaction_time_s": 0.75,
        "jump_distance": 24.0,
        "song_time_offset_s": 0.25,
        "shuffle": 0.1,
        "shuffle_period": 0.5,
    }
    assert row["notes"]["time_s"] == [1.0]


def test_a_level_without_a_tempo_of_its_own_jumps_by_its_first_event(easy):
    beatmap = {"version": "3.0.0", "colorNotes": [{}], "bpmEvents": [{"b": 0, "m": 120}]}
    assert easy(beatmap, _beatsPerMinute=0)["settings_beat_saber"]["half_jump_beats"] == 2.0
