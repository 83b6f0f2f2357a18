"""Beats to seconds: base BPM, tempo events of each version, audio data regions, and what never counts."""

import itertools
from collections import Counter

import numpy as np
import pytest

from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.beat_saber.tempo import segments


def v3(*events, beats=(0, 10, 20)):
    return {
        "version": "3.0.0",
        "bpmEvents": [{"b": b, "m": m} for b, m in events],
        "colorNotes": [{"b": beat} for beat in beats],
    }


def test_the_levels_bpm_holds_without_events(easy):
    row = easy(v3())
    assert row["notes"]["time_s"] == [0.0, 5.0, 10.0]
    assert row["tempo"] == {
        "time_s": [0.0],
        "beat_length_s": [0.5],
        "meter": [None],
        "omit_first_bar": [False],
    }


def test_an_event_changes_the_tempo_from_its_beat_on(easy):
    row = easy(v3((10, 60)))
    assert row["notes"]["time_s"] == [0.0, 5.0, 15.0]
    assert (row["tempo"]["time_s"], row["tempo"]["beat_length_s"]) == ([0.0, 5.0], [0.5, 1.0])
    assert (row["tempo_bpm"], row["tempo_min_bpm"], row["tempo_max_bpm"]) == (120.0, 60.0, 120.0)


def test_an_event_at_beat_0_replaces_the_levels_bpm(easy):
    row = easy(v3((0, 60), (10, 240)))
    assert row["notes"]["time_s"] == [0.0, 10.0, 12.5]
    assert row["tempo_bpm"] == 120.0


def test_events_are_sorted_and_the_last_at_a_beat_holds(easy):
    assert easy(v3((10, 30), (0, 240), (10, 60)))["notes"]["time_s"] == [0.0, 2.5, 12.5]


def test_many_events_at_one_beat_keep_their_order(easy):
    row = easy(v3(*((beat, bpm) for bpm in range(60, 160) for beat in (10, 5))))
    assert (60 / np.array(row["tempo"]["beat_length_s"])[1:]).round().tolist() == [*range(60, 160)] * 2


def test_a_tempo_of_zero_or_less_is_the_levels_bpm(easy):
    row = easy(v3((0, 60), (10, 0), (15, -5)))
    assert row["notes"]["time_s"] == [0.0, 10.0, 15.0]
    assert row["warnings"] == ["bad_bpm_event:2"]


def test_notes_before_beat_0_have_negative_times(easy):
    assert easy(v3((0, 60), beats=(-2, 4)))["notes"]["time_s"] == [-2.0, 4.0]


def test_a_wall_over_a_tempo_change_ends_by_the_new_tempo(easy):
    row = easy(v3((10, 60)) | {"obstacles": [{"b": 8, "d": 4}]})
    assert (row["walls"]["time_s"], row["walls"]["end_s"]) == ([4.0], [7.0])


@pytest.mark.parametrize(
    ("version", "event", "seconds"),
    [
        ("2.2.0", {"_type": 10, "_value": 60}, 15.0),
        ("2.4.9", {"_type": 10, "_value": 60, "_floatValue": 1}, 15.0),
        ("2.5.0", {"_type": 10, "_value": 60, "_floatValue": 60}, 10.0),
        ("2.5.0", {"_type": 100, "_value": 0, "_floatValue": 60}, 15.0),
        ("2.6.0", {"_type": 100, "_floatValue": 60}, 15.0),
        ("2.2.0", {"_type": 100, "_value": 60, "_floatValue": 60}, 10.0),
        ("2.6.0", {"_type": 101, "_floatValue": 60}, 10.0),
    ],
)
def test_v2_tempo_events_by_version(easy, version, event, seconds):
    notes = [{"_time": 20, "_type": 0}]
    row = easy({"_version": version, "_notes": notes, "_events": [{"_time": 10} | event, {"_time": 1, "_type": 4}]})
    assert row["notes"]["time_s"] == [seconds]


def test_an_unreadable_v2_event_is_counted(easy):
    events = [
        {"_time": 10, "_type": 100, "_floatValue": None},
        {"_time": 10, "_type": 100, "_floatValue": 60},
    ]
    row = easy({"_version": "2.6.0", "_notes": [{"_time": 20, "_type": 0}], "_events": events})
    assert (row["notes"]["time_s"], row["warnings"]) == ([15.0], ["bad_event:1"])


def test_editors_bpm_changes_never_count(easy):
    changes = [{"_time": 5, "_BPM": 999, "_bpm": 999, "_beatsPerBar": 4, "_metronomeOffset": 4}]
    v2 = {"_version": "2.0.0", "_notes": [{"_time": 10, "_type": 0}], "_BPMChanges": changes}
    assert easy(v2 | {"_customData": {"_BPMChanges": changes}})["notes"]["time_s"] == [5.0]
    assert easy(v3(beats=(10,)) | {"customData": {"BPMChanges": [{"b": 1, "m": 999}]}})["notes"]["time_s"] == [5.0]


def test_a_v2_bpm_info_never_counts(play, info_v2):
    regions = [{"_startSampleIndex": 0, "_endSampleIndex": 441000, "_startBeat": 0, "_endBeat": 1}]
    played = play(
        {
            "Info.dat": info_v2(),
            "Easy.dat": v3(),
            "BPMInfo.dat": {"_songFrequency": 44100, "_regions": regions},
        }
    )
    assert played.rows["Standard/Easy"]["notes"]["time_s"] == [0.0, 5.0, 10.0]


def audio_data(*regions, rate=44100):
    return {
        "version": "4.0.0",
        "songFrequency": rate,
        "bpmData": [{"si": si, "ei": ei, "sb": sb, "eb": eb} for si, ei, sb, eb in regions],
    }


SIXTY_THEN_120 = audio_data((0, 441000, 0, 10), (441000, 882000, 10, 30))


def test_two_regions_of_the_audio_data_time_a_v4_beatmap(play, info_v4):
    """60 BPM for ten beats, then 120: beat 20 is second 15; beat 40 goes on past the last region."""
    beatmap = {"version": "4.0.0", "colorNotes": [{"b": 20}, {"b": 40}], "colorNotesData": [{}]}
    row = play({"Info.dat": info_v4(), "Easy.dat": beatmap, "AudioData.dat": SIXTY_THEN_120}).rows["Standard/Easy"]
    assert row["notes"]["time_s"] == [15.0, 25.0]
    assert row["tempo"]["time_s"] == [0.0, 10.0]
    assert row["bpm_events"] == {"time_s": [0.0, 10.0], "beat": [0.0, 10.0], "bpm": [60.0, 120.0]}


def test_a_region_that_starts_late_in_the_audio_shifts_nothing(play, info_v4):
    """No tool adds the first region's first sample: beat 0 is second 0."""
    data = audio_data((44100, 485100, 0, 10))
    beatmap = {"version": "4.0.0", "colorNotes": [{"b": 0}, {"b": 10}], "colorNotesData": [{}]}
    row = play({"Info.dat": info_v4(), "Easy.dat": beatmap, "AudioData.dat": data}).rows["Standard/Easy"]
    assert row["notes"]["time_s"] == [0.0, 10.0]


@pytest.mark.parametrize(
    "beatmap",
    [
        {"version": "3.0.0", "colorNotes": [{"b": 20}, {"b": 40}], "bpmEvents": [{"b": 0, "m": 240}]},
        {
            "_version": "2.6.0",
            "_notes": [{"_time": 20}, {"_time": 40}],
            "_events": [{"_type": 100, "_floatValue": 240}],
        },
    ],
)
def test_beatmaps_of_older_formats_keep_their_own_tempo_beside_audio_data(play, info_v4, beatmap):
    """The game hands its loaders of formats 2 and 3 the level's BPM, never the audio data."""
    row = play({"Info.dat": info_v4(), "Easy.dat": beatmap, "AudioData.dat": SIXTY_THEN_120}).rows["Standard/Easy"]
    assert row["notes"]["time_s"] == [5.0, 10.0]


def test_bad_regions_are_dropped_with_a_warning(play, info_v4):
    data = audio_data((0, 441000, 0, 10), (1000, 100, 100, 10), (5, 10, 5, 5), (441000, 882000, 10, 30))
    data["bpmData"] += [{"si": None}, {}, 7]
    beatmap = {"version": "4.0.0", "colorNotes": [{"b": 20}], "colorNotesData": [{}]}
    row = play({"Info.dat": info_v4(), "Easy.dat": beatmap, "AudioData.dat": data}).rows["Standard/Easy"]
    assert (row["notes"]["time_s"], row["warnings"]) == ([15.0], ["bad_tempo_region:5"])


@pytest.mark.parametrize(
    ("data", "warnings"),
    [
        (None, []),
        (b"?", ["bad_audio_data:1"]),
        (audio_data(), []),
        (audio_data((0, 9, 0, 9), rate=0), ["bad_tempo_region:1"]),
    ],
)
def test_without_usable_audio_data_the_levels_bpm_holds(play, info_v4, data, warnings):
    beatmap = {"version": "4.1.0", "colorNotes": [{"b": 0}, {"b": 10}, {"b": 20}], "colorNotesData": [{}]}
    files = {"Info.dat": info_v4(), "Easy.dat": beatmap}
    row = play(files if data is None else files | {"AudioData.dat": data}).rows["Standard/Easy"]
    assert (row["notes"]["time_s"], row["warnings"]) == ([0.0, 5.0, 10.0], warnings)


@pytest.mark.parametrize("bpm", [0, -120, None, "fast", 1e300])
def test_a_level_without_usable_tempo_is_a_reject_unless_the_beatmap_has_one_from_beat_0(easy, bpm):
    assert easy(v3(), _beatsPerMinute=bpm) == "bad_tempo"
    row = easy(v3((0, 60)), _beatsPerMinute=bpm)
    assert row["notes"]["time_s"] == [0.0, 10.0, 20.0]


def test_objects_and_events_at_absurd_beats_are_dropped(easy):
    row = easy(v3((1e300, 60), beats=(1, 1e300, -1e300)) | {"obstacles": [{"b": 1, "d": 1e308}]})
    assert (row["notes"]["beat"], row["walls"]["beat"]) == ([1.0], [])
    assert row["warnings"] == ["bad_bpm_event:1", "no_time:3"]


def test_segments_keep_beats_and_seconds_in_step():
    beat, bpm = np.array([0.0, 4.0, 4.0, 9.5]), np.array([100.0, 50.0, 200.0, 75.0])
    tempo = segments(120.0, beat, bpm, Counter())
    expected = list(itertools.accumulate((4 * 0.6, 0.0, 5.5 * 0.3), initial=0.0))
    assert tempo.time_s == pytest.approx(expected)
    assert tempo.seconds([9.5, 10.5]) == pytest.approx([expected[-1], expected[-1] + 0.8])


def test_too_many_tempo_events_are_refused(monkeypatch):
    monkeypatch.setattr("rhythm_maps.limits.TEMPO_POINTS", 2)
    with pytest.raises(LimitExceeded, match="too_many_tempo_points"):
        segments(120.0, np.arange(3.0), np.full(3, 60.0), Counter(), "Easy.dat")


def test_no_tempo_names_the_file():
    with pytest.raises(BadFormat) as caught:
        segments(float("nan"), np.array([3.0]), np.array([60.0]), Counter(), "Easy.dat")
    assert (caught.value.code, caught.value.place) == ("bad_tempo", "Easy.dat")
