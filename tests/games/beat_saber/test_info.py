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


def test_v2_requirements_environment_cover_and_lighters(play, info_v2):
    """SongCore's lists per difficulty; a contributor whose role says light is a lighter."""
    custom = {"_requirements": ["Noodle Extensions", "Noodle Extensions"], "_suggestions": ["Chroma"]}
    entry = {"_difficulty": "Hard", "_beatmapFilename": "e.dat", "_customData": custom}
    contributors = [{"_name": "L", "_role": "Lighter"}, {"_name": "M", "_role": "Mapping"}, None, {"_role": "lights"}]
    info = info_v2(
        entry,
        _environmentName="NiceEnvironment",
        _coverImageFilename="cover.jpg",
        _customData={"_contributors": contributors},
    )
    row = play({"Info.dat": info, "e.dat": NOTE}).rows["Standard/Hard"]
    assert (row["requirements"], row["suggestions"]) == (["Noodle Extensions"], ["Chroma"])
    assert (row["modded"], row["lighters"]) == (True, ["L"])
    assert (row["environment"], row["cover"]) == ("NiceEnvironment", "cover.jpg")


@pytest.mark.parametrize(
    ("characteristic", "index", "environment"),
    [
        ("Standard", None, "First"),
        ("Standard", 1, "Second"),
        ("Standard", 7, "Common"),
        ("360Degree", 7, "Turning"),
        ("90Degree", -1, "Turning"),
    ],
)
def test_v2_1_environments_are_listed_and_named_by_index(play, info_v2, characteristic, index, environment):
    entry = {"_difficulty": "Hard", "_beatmapFilename": "e.dat"}
    entry |= {} if index is None else {"_environmentNameIdx": index}
    group = {"_beatmapCharacteristicName": characteristic, "_difficultyBeatmaps": [entry]}
    names = {"_environmentName": "Common", "_allDirectionsEnvironmentName": "Turning"}
    info = info_v2(**names, _environmentNames=["First", "Second"], _difficultyBeatmapSets=[group])
    assert play({"Info.dat": info, "e.dat": NOTE}).rows[f"{characteristic}/Hard"]["environment"] == environment


def test_v4_lighters_environment_cover_and_mods(play, info_v4):
    info = info_v4(environmentNames=["First", "Second"], coverImageFilename="cover.png")
    info["difficultyBeatmaps"][0] |= {
        "environmentNameIdx": 1,
        "noteJumpStartBeatOffset": 0.5,
        "customData": {"requirements": ["Mapping Extensions"], "suggestions": None},
    }
    row = play({"Info.dat": info, "Easy.dat": {"version": "4.0.0"}}).rows["Standard/Easy"]
    assert (row["lighters"], row["environment"], row["cover"]) == (["Three"], "Second", "cover.png")
    assert (row["requirements"], row["suggestions"], row["modded"]) == (["Mapping Extensions"], [], True)
    assert row["settings_beat_saber"]["njs_offset"] == 0.5


def test_v1_environment_and_cover(play):
    info = {
        "songName": "Old",
        "beatsPerMinute": 60,
        "environmentName": "DefaultEnvironment",
        "coverImagePath": "cover.jpg",
        "difficultyLevels": [{"difficulty": "Hard", "jsonPath": "Hard.json"}],
    }
    row = play({"info.json": info, "Hard.json": {"_version": "1.0.0", "_notes": []}}).rows["Standard/Hard"]
    assert (row["environment"], row["cover"]) == ("DefaultEnvironment", "cover.jpg")


def test_without_mods_credits_or_pictures_there_are_none(easy):
    row = easy(NOTE)
    assert (row["modded"], row["requirements"], row["suggestions"], row["lighters"]) == (False, [], [], [])
    assert (row["environment"], row["cover"], row["declared_ai"]) == (None, None, None)


@pytest.mark.parametrize(("author", "declared"), [("Beat Sage", True), ("beatsage", True), ("Sage", None), ("", None)])
def test_a_generator_credited_as_mapper_is_declared(easy, author, declared):
    assert easy(NOTE, _levelAuthorName=author)["declared_ai"] is declared


def test_odd_values_of_the_new_fields_are_nothing(easy):
    odd = {"_songTimeOffset": "x", "_shuffle": None, "_shufflePeriod": [], "_coverImageFilename": 0}
    odd |= {"_customData": {"_contributors": "me"}, "_environmentNames": 7, "_environmentName": {}}
    row = easy(NOTE, **odd)
    assert (row["settings_beat_saber"]["song_time_offset_s"], row["settings_beat_saber"]["shuffle"]) == (0.0, 0.0)
    assert (row["lighters"], row["environment"]) == ([], None)


def test_a_level_like_the_games_magic(play, info_v2):
    """A v2 Info.dat at 208 BPM over v3 beatmaps, as the game ships it: each file's own version decides."""
    hard = {"_difficulty": "Hard", "_difficultyRank": 5, "_beatmapFilename": "Hard.dat"}
    hard |= {"_noteJumpMovementSpeed": 12, "_noteJumpStartBeatOffset": 0}
    one = {"_beatmapCharacteristicName": "OneSaber", "_difficultyBeatmaps": [hard | {"_beatmapFilename": "One.dat"}]}
    standard = {"_beatmapCharacteristicName": "Standard", "_difficultyBeatmaps": [hard]}
    info = info_v2(
        _version="2.0.0",
        _songName="Magic",
        _beatsPerMinute=208,
        _difficultyBeatmapSets=[standard, one],
    )
    beatmap = {
        "version": "3.2.0",
        "bpmEvents": [{"b": 0, "m": 208}],
        "colorNotes": [{"b": 10, "x": 1, "c": 0, "d": 1}, {"b": 218, "x": 2, "c": 1, "d": 0}],
        "obstacles": [{"b": 104, "d": 52, "w": 1, "h": 5}],
    }
    rows = play({"Info.dat": info, "Hard.dat": beatmap, "One.dat": beatmap | {"colorNotes": []}}).rows
    row = rows["Standard/Hard"]
    assert row["notes"]["time_s"] == pytest.approx([10 * 60 / 208, 218 * 60 / 208])
    assert (row["walls"]["time_s"], row["walls"]["end_s"]) == (pytest.approx([30.0]), pytest.approx([45.0]))
    assert (row["title"], row["format_version"], row["difficulty_rank"], row["tempo_bpm"]) == (
        "Magic",
        "3.2.0",
        5,
        208.0,
    )
    assert (row["length_s"], row["nps"]) == (pytest.approx(60.0), pytest.approx(2 / 60))
    assert row["settings_beat_saber"]["half_jump_beats"] == 4.0
    assert row["max_score"] == 115 * 3
    assert rows["OneSaber/Hard"]["n_notes"] == 0
