"""Which folders are levels, which member a name means, and what links copies of a level."""

import pytest

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.beat_saber import GAME

EMPTY = {"_version": "2.0.0", "_notes": []}


@pytest.mark.parametrize("name", ["Info.dat", "info.dat", "INFO.DAT", "info.json"])
def test_an_info_in_any_case_marks_a_level(name):
    assert GAME.marks(name)


@pytest.mark.parametrize("name", ["BPMInfo.dat", "Easy.dat", "info.txt", "Info.dat.bak", ""])
def test_other_files_mark_nothing(name):
    assert not GAME.marks(name)


def test_a_level_names_its_charts_song_and_files(folder, info_v2):
    mapset = GAME.identify(folder({"Info.dat": info_v2("Hard", "Easy"), "Easy.dat": EMPTY, "BPMInfo.dat": {}}))
    assert [(chart.name, chart.file) for chart in mapset.charts] == [
        ("Standard/Easy", "Easy.dat"),
        ("Standard/Hard", None),
    ]
    assert {(chart.artist, chart.title, chart.audio) for chart in mapset.charts} == {("Artist", "Title", "song.egg")}
    assert mapset.files == ("Info.dat", "BPMInfo.dat")


def test_names_are_looked_up_below_the_infos_folder_and_in_any_case(folder, info_v2):
    mapset = GAME.identify(
        folder({"A/b/INFO.dat": info_v2(_songFilename="sub\\Song.egg"), "A/b/eASY.dat": EMPTY, "Easy.dat": EMPTY})
    )
    assert mapset.charts[0].file == "A/b/eASY.dat"
    assert mapset.charts[0].audio == "A/b/sub/Song.egg"


def test_an_exact_name_wins_and_an_ambiguous_one_is_missing(folder, info_v2):
    exact = GAME.identify(folder({"Info.dat": info_v2(), "Easy.dat": EMPTY, "EASY.dat": EMPTY}))
    ambiguous = GAME.identify(folder({"Info.dat": info_v2(), "easy.dat": EMPTY, "EASY.dat": EMPTY}))
    assert exact.charts[0].file == "Easy.dat"
    assert ambiguous.charts[0].file is None


def test_accents_match_composed_or_decomposed(folder, info_v2):
    entry = {"_difficulty": "Easy", "_beatmapFilename": "Caf\u00e9.dat"}
    mapset = GAME.identify(folder({"Info.dat": info_v2(entry), "Cafe\u0301.dat": EMPTY}))
    assert mapset.charts[0].file == "Cafe\u0301.dat"


def test_no_name_leaves_the_level(folder, info_v2):
    entry = {"_difficulty": "Easy", "_beatmapFilename": "../Easy.dat"}
    mapset = GAME.identify(folder({"a/Info.dat": info_v2(entry), "Easy.dat": EMPTY}))
    assert mapset.charts[0].file is None


def test_the_shortest_path_is_the_info(folder, info_v2):
    mapset = GAME.identify(
        folder({"Info.dat": info_v2(_songName="Real"), "autosaves/1/Info.dat": info_v2(), "Easy.dat": EMPTY})
    )
    assert mapset.charts[0].title == "Real"


def test_a_difficulty_listed_twice_gets_a_number(folder, info_v2):
    mapset = GAME.identify(folder({"Info.dat": info_v2("Easy", "Easy", "Easy"), "Easy.dat": EMPTY}))
    assert [chart.name for chart in mapset.charts] == ["Standard/Easy", "Standard/Easy#2", "Standard/Easy#3"]


def test_links_leave_out_template_beatmaps(folder, info_v2):
    """An empty beatmap has the same bytes in unrelated levels: only files of 1 KiB and more link copies."""
    files = {"Easy.dat": b"{}".ljust(1023), "Hard.dat": b"{}".ljust(1024)}
    mapset = GAME.identify(folder({"Info.dat": info_v2("Easy", "Hard")} | files))
    assert mapset.links == ("Info.dat", "Hard.dat")


def test_v4_lists_audio_data_and_lightshows_once(folder, info_v4):
    info = info_v4()
    info["difficultyBeatmaps"] = info["difficultyBeatmaps"] * 2
    mapset = GAME.identify(folder({"Info.dat": info, "Easy.dat": {}, "Lights.dat": {}, "audiodata.dat": {}}))
    assert mapset.files == ("Info.dat", "audiodata.dat", "Lights.dat")


def test_an_info_json_counts_only_when_it_is_a_levels(folder):
    with pytest.raises(BadFormat, match="not_a_mapset"):
        GAME.identify(folder({"info.json": {"name": "some package"}}))
    v1 = {
        "songName": "Old",
        "authorName": "Someone",
        "beatsPerMinute": 100,
        "difficultyLevels": [{"difficulty": "Easy", "jsonPath": "Easy.json", "audioPath": "song.ogg"}],
    }
    mapset = GAME.identify(folder({"info.json": v1, "Easy.json": EMPTY}))
    assert mapset.charts[0][:5] == ("Standard/Easy", "Easy.json", "Someone", "Old", "song.ogg")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "not_a_mapset"),
        ({"Easy.dat": EMPTY}, "not_a_mapset"),
        ({"info.json": b"{"}, "bad_json"),
        ({"Info.dat": b""}, "empty_file"),
        ({"Info.dat": b"<html>404</html>"}, "bad_json"),
        ({"Info.dat": b"[]"}, "bad_json"),
        ({"Info.dat": {"hello": 1}}, "bad_info"),
        ({"Info.dat": {"_version": "2.0.0", "_difficultyBeatmapSets": 0}}, "bad_info"),
        ({"Info.dat": {"_version": "2.0.0"}}, "no_difficulties"),
        ({"Info.dat": {"_version": "2.0.0", "_difficultyBeatmapSets": [None]}}, "no_difficulties"),
        ({"Info.dat": {"version": "4.0.0", "difficultyBeatmaps": []}}, "no_difficulties"),
    ],
)
def test_what_is_no_level_is_refused_with_a_code_and_a_place(folder, files, code):
    with pytest.raises(BadFormat) as caught:
        GAME.identify(folder(files))
    assert caught.value.code == code
    assert caught.value.place == ("" if code == "not_a_mapset" else next(iter(files)))


def test_too_many_difficulties_are_refused(folder, info_v2):
    with pytest.raises(LimitExceeded, match="too_many_charts"):
        GAME.identify(folder({"Info.dat": info_v2(*["Easy"] * (limits.CHART_ENTRIES + 1))}))


def test_entries_of_nothing_are_listed_as_missing_charts(folder, info_v2):
    info = info_v2()
    info["_difficultyBeatmapSets"][0]["_difficultyBeatmaps"] += [None, 7]
    mapset = GAME.identify(folder({"Info.dat": info, "Easy.dat": EMPTY}))
    assert [(chart.name, chart.file) for chart in mapset.charts] == [
        ("Standard/", None),
        ("Standard/#2", None),
        ("Standard/Easy", "Easy.dat"),
    ]


def test_half_surrogates_in_names_do_no_harm(folder, info_v2):
    info = info_v2(_songName="ab\ud800")
    mapset = GAME.identify(folder({"Info.dat": info, "Easy.dat": EMPTY}))
    mapset.charts[0].title.encode()
    assert mapset.charts[0].title.startswith("ab")
