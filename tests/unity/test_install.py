"""Installs: which pack entry belongs to which level bundle, and what a level looks like as a mapset."""

from __future__ import annotations

import json

import numpy as np
import pytest
import unity_maker as maker
import unity_trees as trees_of
from unity_maker import Entry, Level, beatmap_v4

from rhythm_maps.build import mapset_io
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.beat_saber import GAME
from rhythm_maps.sources.unity import Install, is_bundle, open_official

BASE = "Beat Saber_Data/StreamingAssets/BeatmapLevelsData"


def level(install, name, **more):
    return Install(install.root).level(f"{BASE}/{name}", **more)


def info(found):
    return json.loads(found.read("Info.dat"))


def rows(found):
    """Take a level through the game, as a build does; return its rows by name."""
    mapset = GAME.identify(found)
    charts = tuple((c.name, c.file) for c in mapset.charts if c.file is not None)
    files = {name: found.read(name) for name in {*(file for _, file in charts), *mapset.files}}
    batch = GAME.parse([MapsetBytes(charts, files)])
    table = GAME.rows(batch, Facts(np.full(len(batch.names), 10.0)))
    return dict(zip(batch.names, table.to_pylist(), strict=True)), batch.rejects


def codes(found):
    return [problem.code for problem in found.problems]


def test_ids_match_in_any_case(install):
    install.add_level(Level("100Bills"))
    install.add_pack("ost", [Entry("100bILLS")])
    install.add_characteristics()
    found = level(install, "100bills")
    assert found.level_id == "100bILLS"
    assert info(found)["song"]["title"] == "Song 100bILLS"
    assert codes(found) == []


def test_jump_speeds_belong_to_a_characteristic_not_to_a_difficulty_alone(install):
    expert = {"Expert": beatmap_v4()}
    install.add_level(Level("L", sets={"Standard": expert, "OneSaber": expert, "90Degree": expert}))
    install.add_pack("ost", [Entry("L", sets={
        "90Degree": {"Expert": (9.0, 0.9)}, "OneSaber": {"Expert": (11.0, 0.25)}, "Standard": {"Expert": (16.0, -0.5)},
    })])  # fmt: skip
    install.add_characteristics()
    njs = {
        entry["characteristic"]: (entry["noteJumpMovementSpeed"], entry["noteJumpStartBeatOffset"])
        for entry in info(level(install, "l"))["difficultyBeatmaps"]
    }
    assert njs == {"Standard": (16.0, -0.5), "OneSaber": (11.0, 0.25), "90Degree": (9.0, 0.9)}


def test_characteristics_that_cannot_be_looked_up_are_told_by_their_difficulties_or_their_order(install):
    """The bundle that the pack points to is missing."""
    two = {"Easy": beatmap_v4(), "Hard": beatmap_v4()}
    install.add_level(Level("L", sets={"Standard": two, "OneSaber": {"Hard": beatmap_v4()}, "NoArrows": two}))
    install.add_pack("ost", [Entry("L", sets={
        "OneSaber": {"Hard": (11.0, 0.0)}, "Standard": {"Easy": (10.0, 0.0), "Hard": (12.0, 0.0)},
        "NoArrows": {"Easy": (13.0, 0.0), "Hard": (14.0, 0.0)},
    })])  # fmt: skip
    found = [(e["characteristic"], e["difficulty"], e["noteJumpMovementSpeed"])
             for e in info(level(install, "l"))["difficultyBeatmaps"]]  # fmt: skip
    assert found == [
        ("Standard", "Easy", 10.0), ("Standard", "Hard", 12.0), ("OneSaber", "Hard", 11.0),
        ("NoArrows", "Easy", 13.0), ("NoArrows", "Hard", 14.0),
    ]  # fmt: skip


def test_times_come_from_the_audio_datas_regions_not_from_the_packs_bpm(install):
    """60 BPM for 2 s, then 120: beat 3 lies at 2.5 s, where the pack's 120 BPM would put it at 1.5 s."""
    regions = [{"si": 0, "ei": 88200, "sb": 0, "eb": 2}, {"si": 88200, "ei": 176400, "sb": 2, "eb": 6}]
    data = maker.audio_data(176400, regions=regions)
    install.add_level(Level("L", sets={"Standard": {"Easy": beatmap_v4([3.0])}}, data=data))
    install.add_pack("ost", [Entry("L", sets={"Standard": {"Easy": (10.0, 0.0)}})])
    charts, rejects = rows(level(install, "l"))
    assert rejects == []
    assert charts["Standard/Easy"]["notes"]["time_s"] == [2.5]


def test_without_a_pack_the_bpm_comes_from_the_last_region(install):
    install.add_level(Level("Alone", data=maker.audio_data(44100, bpm=150.0)))
    found = level(install, "alone")
    assert info(found)["audio"]["bpm"] == pytest.approx(150.0)
    assert info(found)["song"]["title"] == "alone"
    assert codes(found) == ["no_pack_entry"]


def test_lightshows_that_difficulties_share_are_one_file(install):
    install.add_level(Level("L", sets={"Standard": {"Easy": beatmap_v4(), "Hard": beatmap_v4()}}))
    found = level(install, "l")
    assert {e["lightshowDataFilename"] for e in info(found)["difficultyBeatmaps"]} == {"EasyStandard.lightshow.dat"}
    assert json.loads(found.read("EasyStandard.lightshow.dat"))["version"] == "4.0.0"


def test_info_dat_of_format_2_in_the_layout_of_the_notes(install):
    twelve = {"Standard": {"Easy": beatmap_v4(), "Expert": beatmap_v4()}, "OneSaber": {"Expert": beatmap_v4()}}
    install.add_level(Level("L", sets=twelve))
    install.add_pack("ost", [Entry("L", sets={"Standard": {"Easy": (10.0, 0.1), "Expert": (16.0, 0.2)}})])
    install.add_characteristics()
    found = level(install, "l", v2=True)
    assert found.names() == ["BPMInfo.dat", "Easy.dat", "Expert.dat", "Info.dat", "OneSaberExpert.dat", "song.wav"]
    assert found.read("Easy.dat")[:2] == b"\x1f\x8b"
    value = info(found)
    assert (value["_version"], value["_songName"], value["_beatsPerMinute"]) == ("2.1.0", "Song L", 120.0)
    first = value["_difficultyBeatmapSets"][0]["_difficultyBeatmaps"][0]
    assert (first["_difficultyRank"], first["_noteJumpMovementSpeed"], first["_noteJumpStartBeatOffset"]) == (
        1,
        10,
        0.1,
    )
    assert codes(found) == ["no_pack_entry"]  # OneSaber
    charts, rejects = rows(found)
    assert sorted(charts) == ["OneSaber/Expert", "Standard/Easy", "Standard/Expert"]
    assert rejects == []


def test_what_a_format_cannot_state_is_noted(install):
    regions = [{"si": 0, "ei": 100, "sb": 0, "eb": 2}, {"si": 100, "ei": 400, "sb": 2, "eb": 6}]
    install.add_level(Level("L", data=maker.audio_data(400, regions=regions)))
    install.add_pack("ost", [Entry("L", more={"_songTimeOffset": 0.25})])
    assert codes(level(install, "l")) == ["song_time_offset"]
    assert codes(level(install, "l", v2=True)) == ["tempo_lost"]
    assert info(level(install, "l", v2=True))["_songTimeOffset"] == 0.25


def test_a_level_of_thousands_of_difficulties_is_refused(install):
    install.add_level(Level("L", sets={f"S{i}": {"Easy": b"x"} for i in range(1001)}))
    with pytest.raises(LimitExceeded, match="too_many_charts"):
        level(install, "l")


def test_one_bad_difficulty_leaves_its_siblings(install):
    good = beatmap_v4()
    install.add_level(Level("L", sets={"Standard": {"Easy": b"\x1f\x8bnot gzip", "Normal": b"no JSON", "Hard": good}}))
    found = level(install, "l")
    assert codes(found) == ["no_pack_entry", "bad_gzip"]
    charts, rejects = rows(found)
    assert list(charts) == ["Standard/Hard"]
    assert {r.name: r.error.code for r in rejects} == {"Standard/Easy": "bad_gzip", "Standard/Normal": "bad_json"}


def test_beatmaps_that_inflate_to_gigabytes_are_refused(install, monkeypatch):
    """Each alone is below the limit of a file; together they are not."""
    monkeypatch.setattr("rhythm_maps.limits.BUNDLE_INFLATED_BYTES", 10 << 20)
    big = {name: maker.zipped(b" " * (4 << 20)) for name in maker.DIFFICULTIES}
    install.add_level(Level("L", sets={"Standard": big}))
    found = level(install, "l")
    assert codes(found) == ["no_pack_entry", *["gzip_too_large"] * 3]
    assert sum(map(found.size, found.names())) < 10 << 20


def test_a_song_that_is_missing_leaves_the_charts(install):
    install.add_level(Level("L", resource=False))
    found = level(install, "l")
    assert codes(found) == ["no_pack_entry", "missing_resource"]
    assert "song.wav" not in found.names()
    assert list(rows(found)[0]) == ["Standard/Expert"]


def test_bought_levels_are_found_by_file_or_folder(install):
    install.add_level(Level("BadGuy"), install.root / "DLC" / "Levels" / "BadGuy")
    other = install.root / "DLC" / "levels" / "HappierThanEver" / "data.bundle"
    other.parent.mkdir(parents=True)
    other.write_bytes(Level("x").bytes())
    install.add_pack("billie", [Entry("BadGuy"), Entry("happierthanever")])
    opened = Install(install.root)
    assert opened.levels == ("DLC/Levels/BadGuy/badguy", "DLC/levels/HappierThanEver/data.bundle")
    assert [opened.level(path).level_id for path in opened.levels] == ["BadGuy", "happierthanever"]
    assert opened.rejects() == []


def test_a_level_that_only_a_pack_knows_is_a_coded_reject(install):
    install.add_level(Level("L"))
    install.add_pack("dlc", [Entry("L"), Entry("NotBought")])
    ((path, error),) = Install(install.root).rejects()
    assert (path, error.code) == ("NotBought", "no_level_data")


def test_a_damaged_pack_costs_its_metadata_only(install):
    install.add_level(Level("A"))
    install.add_level(Level("B"))
    install.add_pack("good", [Entry("A")])
    bad = install.add_pack("bad", [Entry("B")])
    bad.write_bytes(bad.read_bytes()[:-50])
    opened = Install(install.root)
    titles = {path: info(opened.level(path))["song"]["title"] for path in opened.levels}
    assert titles == {f"{BASE}/a": "Song A", f"{BASE}/b": "b"}
    assert [r.error.code for r in opened.rejects()] == ["bad_bundle"]


def test_a_bundle_of_other_things_is_no_level(install):
    (install.levels / "other").write_bytes(maker.characteristics_bundle())
    (install.levels / "readme.txt").write_bytes(b"not a bundle, and not listed")
    opened = Install(install.root)
    assert opened.levels == (f"{BASE}/other",)
    with pytest.raises(BadFormat, match="no_level_data"):
        opened.level(opened.levels[0])


def test_classes_without_trees_that_nobody_knows_are_a_coded_reject(install):
    strange = maker.Item(5, maker.MONO, maker.head("X") | {"_packID": "1", "_packName": "2"}, trees_of.PACK)
    (install.levels / "l").write_bytes(maker.bundle({"CAB-1": maker.serialized([strange], trees=False)}))
    with pytest.raises(BadFormat, match="no_type_tree"):
        level(install, "l")


def test_covers_come_from_the_pack(install):
    from unity_pictures import PIXELS, texture

    install.add_level(Level("L"))
    install.add_level(Level("Plain"))
    install.add_pack("ost", [Entry("L", cover=True), Entry("Plain")], covers=[texture(PIXELS.tobytes())])
    found = level(install, "l")
    assert info(found)["coverImageFilename"] == "cover.png"
    assert found.read("cover.png")[:4] == b"\x89PNG"
    assert "cover.png" not in level(install, "plain").names()


def test_the_data_folder_serves_as_well_as_the_install(install, tmp_path):
    install.add_level(Level("L"))
    assert Install(install.root / "Beat Saber_Data").levels == ("StreamingAssets/BeatmapLevelsData/l",)
    assert Install(install.levels.parent).levels == ("BeatmapLevelsData/l",)
    with pytest.raises(InputError, match="no official levels"):
        Install(tmp_path)
    with pytest.raises(InputError):
        Install(tmp_path / "absent")


def test_a_pack_that_changes_is_read_again(install):
    install.add_level(Level("L"))
    install.add_pack("ost", [Entry("L")])
    path = f"{BASE}/l"
    assert info(open_official(install.root, path))["song"]["title"] == "Song L"
    install.add_pack("ost", [Entry("L", more={"_songName": "A new title"})])
    assert info(open_official(install.root, path))["song"]["title"] == "A new title"


def test_a_level_goes_through_a_scan_and_a_build_as_a_mapset(install):
    """`Install.found` and `open_official` are all that a scan of an install needs."""
    install.add_level(Level("L"))
    install.add_pack("ost", [Entry("L")])
    (found,) = Install(install.root).found()
    assert found.is_archive
    assert is_bundle(install.root / found.path)
    entry = mapset_io.examine(GAME, install.root, 0, found)
    assert [chart.audio for chart in entry.charts] == ["song.wav"]
    assert len(entry.song_keys) == 1
    loaded = mapset_io.load([install.root], entry, mapset_io.AudioReader(GAME.clock, keep=True))
    assert loaded.error is None
    assert loaded.audio["song.wav"].info.sampling_rate == 44100
    assert set(loaded.files) == {
        "Info.dat",
        "AudioData.dat",
        "ExpertStandard.beatmap.dat",
        "ExpertStandard.lightshow.dat",
    }
