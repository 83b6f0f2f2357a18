"""What each version of Info.dat says, as it arrives in a row."""

import pytest

NOTE = {"_version": "2.0.0", "_notes": [{"_time": 2, "_type": 1}]}


def test_v2_song_and_mapper(play, info_v2):
    entry = {
        "_difficulty": "ExpertPlus",
        "_difficultyRank": 9,
        "_beatmapFilename": "e.dat",
        "_noteJumpMovementSpeed": 18.5,
        "_customData": {"_difficultyLabel": "Hyper"},
    }
    info = info_v2(entry, _songSubName="Sub", _levelAuthorName="Mapper", _previewStartTime=30)
    row = play({"Info.dat": info, "e.dat": NOTE}).rows["Standard/ExpertPlus"]
    expected = {
        "mode": "Standard",
        "title": "Title",
        "artist": "Artist",
        "title_unicode": "Title",
        "artist_unicode": "Artist",
        "subtitle": "Sub",
        "difficulty": "ExpertPlus",
        "difficulty_rank": 9,
        "label": "Hyper",
        "mappers": ["Mapper"],
        "preview_s": 30.0,
        "njs": 18.5,
        "tempo_bpm": 120.0,
        "format_version": "2.0.0",
        "keys": None,
        "tags": [],
        "source": "",
        "has_downbeats": False,
        "warnings": [],
    }
    assert {name: row[name] for name in expected} == expected


def test_v4_authors_belong_to_the_difficulty(play, info_v4):
    row = play({"Info.dat": info_v4(), "Easy.dat": {"version": "4.0.0"}}).rows["Standard/Easy"]
    assert (row["title"], row["subtitle"], row["artist"]) == ("Title", "Sub", "Artist")
    assert row["mappers"] == ["One", "Two"]
    assert (row["njs"], row["preview_s"], row["difficulty_rank"]) == (14.0, 12.5, 1)


def test_v1_takes_njs_and_notes_from_the_beatmap(play):
    info = {
        "songName": "Old",
        "songSubName": "Sub",
        "authorName": "Someone",
        "beatsPerMinute": 60,
        "oneSaber": True,
        "difficultyLevels": [{"difficulty": "Hard", "difficultyRank": 3, "jsonPath": "Hard.json", "offset": 0}],
    }
    beatmap = {
        "_version": "1.5.0",
        "_noteJumpSpeed": 11,
        "_notes": [{"_time": 3, "_type": 0, "_cutDirection": 8}],
    }
    row = play({"info.json": info, "Hard.json": beatmap}).rows["OneSaber/Hard"]
    assert (row["njs"], row["format_version"], row["mode"], row["difficulty_rank"]) == (
        11.0,
        "1.5.0",
        "OneSaber",
        5,
    )
    assert row["notes"]["time_s"] == [3.0]


@pytest.mark.parametrize(
    ("difficulty", "njs"),
    [("Easy", 10.0), ("Normal", 10.0), ("Hard", 10.0), ("Expert", 12.0), ("ExpertPlus", 16.0)],
)
@pytest.mark.parametrize("stated", [{"_noteJumpMovementSpeed": 0}, {}])
def test_an_njs_of_zero_falls_back_by_difficulty(play, info_v2, difficulty, njs, stated):
    info = info_v2({"_difficulty": difficulty, "_beatmapFilename": "e.dat"} | stated)
    assert play({"Info.dat": info, "e.dat": NOTE}).rows[f"Standard/{difficulty}"]["njs"] == njs


def test_difficulty_names_match_in_any_case_and_unknown_ones_have_no_rank(play, info_v4):
    info = info_v4()
    info["difficultyBeatmaps"].append(info["difficultyBeatmaps"][0] | {"difficulty": "eXPERTpLUS"})
    info["difficultyBeatmaps"].append(info["difficultyBeatmaps"][0] | {"difficulty": "Mid"})
    rows = play({"Info.dat": info, "Easy.dat": {"version": "4.0.0"}}).rows
    assert {name: row["difficulty_rank"] for name, row in rows.items()} == {
        "Standard/Easy": 1,
        "Standard/ExpertPlus": 9,
        "Standard/Mid": None,
    }


def test_absent_values_are_null_or_empty(play):
    info = {
        "_difficultyBeatmapSets": [{"_difficultyBeatmaps": [{"_beatmapFilename": "e.dat"}]}],
        "_beatsPerMinute": 90,
    }
    row = play({"Info.dat": info, "e.dat": NOTE}).rows["/"]
    assert (row["title"], row["artist"], row["mappers"], row["label"], row["preview_s"]) == (
        "",
        "",
        [],
        None,
        None,
    )
    assert (row["mode"], row["difficulty"], row["difficulty_rank"]) == ("", "", None)


def test_an_offset_or_shuffle_of_old_game_versions_is_a_warning_and_moves_nothing(easy):
    row = easy(NOTE, _songTimeOffset=0.5, _shuffle=0.2, _shufflePeriod=0.5)
    assert row["warnings"] == ["shuffle:1", "song_time_offset:1"]
    assert row["notes"]["time_s"] == [1.0]


def test_an_info_with_both_versions_is_read_as_the_older_and_says_so(easy):
    assert easy(NOTE, version="4.0.0")["warnings"] == ["multiple_versions:1"]
