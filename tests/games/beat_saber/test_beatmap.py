"""Objects of beatmap formats 2, 3 and 4: what counts, what omitted fields mean, what is dropped."""

import pytest


def objects(row, column):
    """Return a struct of lists as a list of dicts."""
    lists = row[column]
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def test_v2_notes_bombs_and_their_fields(easy):
    row = easy(
        {
            "_version": "2.2.0",
            "_notes": [
                {"_time": 4, "_lineIndex": 3, "_lineLayer": 2, "_type": 1, "_cutDirection": 5},
                {"_time": 2, "_lineIndex": 0, "_lineLayer": 1, "_type": 0, "_cutDirection": 1},
                {"_time": 3, "_lineIndex": 2, "_lineLayer": 0, "_type": 3},
            ],
        }
    )
    assert objects(row, "notes") == [
        {"time_s": 1.0, "end_s": 1.0, "beat": 2.0, "kind": 0, "lane": 4, "x": 0.0, "y": 1.0},
        {"time_s": 2.0, "end_s": 2.0, "beat": 4.0, "kind": 0, "lane": 11, "x": 3.0, "y": 2.0},
    ]
    assert objects(row, "notes_beat_saber") == [
        {"color": 0, "direction": 1, "angle_offset": 0, "rotation": 0.0},
        {"color": 1, "direction": 5, "angle_offset": 0, "rotation": 0.0},
    ]
    assert objects(row, "bombs") == [{"time_s": 1.5, "beat": 3.0, "x": 2.0, "y": 0.0, "rotation": 0.0}]
    assert row["warnings"] == []


def test_v2_other_types_are_ghosts_that_the_game_does_not_spawn(easy):
    row = easy({"_notes": [{"_type": 2}, {"_type": 0}, {"_type": -1}, {"_type": 1}, {"_type": 4}]})
    assert row["notes_beat_saber"]["color"] == [0, 1]
    assert row["warnings"] == ["ghost_notes:3"]


def test_v2_noodle_fakes_count_neither_as_notes_nor_bombs_nor_walls(easy):
    fake, real = {"_customData": {"_fake": True}}, {"_customData": {"_fake": False, "_color": [1, 0, 0]}}
    row = easy(
        {
            "_version": "2.2.0",
            "_notes": [
                {"_type": 0} | fake,
                {"_type": 1} | real,
                {"_type": 3} | fake,
                {"_type": 1, "_customData": None},
            ],
            "_obstacles": [{"_duration": 1} | fake, {"_duration": 2} | real],
        }
    )
    assert (row["n_notes"], len(row["bombs"]["beat"]), row["walls"]["end_beat"]) == (2, 0, [2.0])
    assert row["warnings"] == ["fake_notes:2", "fake_walls:1"]


def test_v3_noodle_fakes_stand_outside_the_lists(easy):
    row = easy({"version": "3.2.0", "colorNotes": [{"b": 1}], "customData": {"fakeColorNotes": [{"b": 2}, {"b": 3}]}})
    assert row["n_notes"] == 1


@pytest.mark.parametrize(
    ("wall", "y", "height"),
    [
        ({"_type": 0}, 0, 5),
        ({"_type": 1}, 2, 3),
        ({"_type": 2, "_lineLayer": 1, "_height": 4}, 1, 4),
        ({"_type": 0, "_lineLayer": 1, "_height": 4}, 0, 5),
        ({"_type": 1500}, 0, 3500),
        ({"_type": 4001 + 2 * 1000 + 300}, 2500, 1010),
    ],
)
def test_v2_wall_types(easy, wall, y, height):
    row = easy({"_obstacles": [{"_time": 1, "_duration": 2, "_lineIndex": 3, "_width": 1} | wall]})
    assert objects(row, "walls") == [
        {
            "time_s": 0.5,
            "end_s": 1.5,
            "beat": 1.0,
            "end_beat": 3.0,
            "x": 3.0,
            "y": float(y),
            "width": 1.0,
            "height": float(height),
            "rotation": 0.0,
        }
    ]
    assert row["warnings"] == []


def test_v2_unknown_wall_types_are_full_walls_with_a_warning(easy):
    row = easy({"_obstacles": [{"_type": 50}]})
    assert (row["walls"]["y"], row["walls"]["height"]) == ([0.0], [5.0])
    assert row["warnings"] == ["unknown_wall_type:1"]


def test_v3_objects(easy):
    row = easy(
        {
            "version": "3.3.0",
            "colorNotes": [{"b": 2, "x": 1, "y": 2, "c": 1, "d": 8, "a": -15}],
            "bombNotes": [{"b": 4, "x": 3, "y": 1}],
            "obstacles": [{"b": 1, "d": 0.5, "x": -1, "y": 2, "w": 4, "h": 3}],
        }
    )
    assert objects(row, "notes_beat_saber") == [{"color": 1, "direction": 8, "angle_offset": -15, "rotation": 0.0}]
    assert row["notes"]["lane"] == [9]
    assert objects(row, "bombs") == [{"time_s": 2.0, "beat": 4.0, "x": 3.0, "y": 1.0, "rotation": 0.0}]
    assert list(row["walls"].values()) == [[0.5], [0.75], [1.0], [1.5], [-1.0], [2.0], [4.0], [3.0], [0.0]]
    assert row["format_version"] == "3.3.0"


def test_v3_omitted_fields_are_zero(easy):
    row = easy({"version": "3.3.0", "colorNotes": [{}], "bombNotes": [{}], "obstacles": [{}]})
    assert objects(row, "notes") == [
        {"time_s": 0.0, "end_s": 0.0, "beat": 0.0, "kind": 0, "lane": 0, "x": 0.0, "y": 0.0}
    ]
    assert objects(row, "notes_beat_saber") == [{"color": 0, "direction": 0, "angle_offset": 0, "rotation": 0.0}]
    assert list(row["walls"].values()) == [[0.0]] * 9
    assert row["warnings"] == []


def test_v4_objects_take_the_data_their_index_names(easy):
    row = easy(
        {
            "version": "4.0.0",
            "colorNotes": [{"b": 2, "i": 1}, {"b": 4}, {"b": 6, "i": 1}],
            "colorNotesData": [{}, {"x": 1, "y": 2, "c": 1, "d": 3, "a": 45}],
            "bombNotes": [{"b": 3}],
            "bombNotesData": [{"x": 2}],
            "obstacles": [{"b": 1, "i": 1}],
            "obstaclesData": [{}, {"d": 2.5, "x": 1, "w": 1, "h": 5}],
        }
    )
    assert [(n["beat"], n["lane"]) for n in objects(row, "notes")] == [(2.0, 9), (4.0, 0), (6.0, 9)]
    assert row["notes_beat_saber"]["direction"] == [3, 0, 3]
    assert row["bombs"]["x"] == [2.0]
    assert row["walls"]["end_beat"] == [3.5]


def test_v4_indices_that_name_nothing_are_dropped_and_no_other_shifts(easy):
    row = easy(
        {
            "version": "4.1.0",
            "colorNotes": [
                {"b": 1, "i": 2},
                {"b": 2, "i": 3},
                {"b": 3, "i": -1},
                {"b": 4, "i": 0.5},
                {"b": 5, "i": 1},
            ],
            "colorNotesData": [{"x": 0}, None, {"x": 2}],
        }
    )
    assert [(n["beat"], n["x"]) for n in objects(row, "notes")] == [(1.0, 2.0)]
    assert row["warnings"] == ["bad_index:3", "bad_note:1"]


def test_v4_without_any_list_is_a_chart_without_notes(easy):
    row = easy({"version": "4.0.0"})
    assert (row["n_notes"], row["first_object_s"], row["last_object_s"], row["nps"]) == (0, None, None, 0.0)


@pytest.mark.parametrize(
    ("beatmap", "stated"),
    [
        ({"_version": "2.6.0-foo", "_notes": [{}]}, "2.6.0-foo"),
        ({"_version": "2", "_notes": [{}]}, "2"),
        ({"_notes": [{}]}, "2"),
        ({"_version": None, "_notes": [{}]}, "2"),
        ({"version": "3", "colorNotes": [{}]}, "3"),
        ({"version": "3.2", "colorNotes": [{}]}, "3.2"),
        ({"version": 0, "colorNotes": [{}]}, "0"),
        ({"version": "4.0", "colorNotes": [{}], "colorNotesData": [{}]}, "4.0"),
    ],
)
def test_each_files_version_is_decided_by_its_own_key(easy, beatmap, stated):
    row = easy(beatmap)
    assert (row["n_notes"], row["format_version"]) == (1, stated)


@pytest.mark.parametrize(
    ("beatmap", "code"),
    [
        ({"version": "3.2.0", "_version": "2.2.0"}, "multiple_versions"),
        ({"version": "5.0.0"}, "unsupported_version"),
        ({"_version": "2.0.0", "_notes": 0}, "bad_list"),
        ({"version": "3.0.0", "colorNotes": {}}, "bad_list"),
        ({"version": "4.0.0", "obstaclesData": "x"}, "bad_list"),
        (b"", "empty_file"),
        (b"\0\0\0\0", "empty_file"),
        (b"[]", "bad_json"),
        (b"7", "bad_json"),
        (b'{"_notes": [', "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b'{"version":"3.0.0","x":' + b"9" * 6000 + b"!", "bad_json"),
        (b"\x1f\x8b\x08junk", "bad_gzip"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_coded_reject(easy, beatmap, code):
    assert easy(beatmap) == code


def test_null_lists_are_empty_lists(easy):
    assert easy({"_version": "2.0.0", "_notes": None, "_obstacles": None, "_events": None})["n_notes"] == 0


def test_bad_entries_are_dropped_and_counted_one_by_one(easy):
    bad = [None, 0, "x", [], {"b": None}, {"b": ""}, {"b": "1_0"}, {"x": True}, {"b": "nan"}]
    row = easy({"version": "3.3.0", "colorNotes": [*bad, {"b": 1}], "bombNotes": [*bad, {}], "obstacles": bad})
    assert (row["notes"]["beat"], len(row["bombs"]["beat"]), len(row["walls"]["beat"])) == ([1.0], 1, 0)
    assert row["warnings"] == ["bad_bomb:9", "bad_note:9", "bad_wall:9"]


def test_quoted_numbers_are_numbers_with_a_warning(easy):
    row = easy({"_notes": [{"_type": "1", "_time": "2.5e0"}, {"_type": "3"}, {"_type": 0}]})
    assert (row["notes"]["beat"], row["notes_beat_saber"]["color"]) == ([0.0, 2.5], [0, 1])
    assert (len(row["bombs"]["beat"]), row["warnings"]) == (1, ["quoted_numbers:2"])


def test_whole_values_written_as_floats_are_whole(easy):
    row = easy(b'{"_notes": [{"_lineIndex": 1.0, "_lineLayer": 2.0, "_type": 1.0, "_cutDirection": 8.0}]}')
    assert (row["notes"]["lane"], row["notes_beat_saber"]["direction"], row["warnings"]) == ([9], [8], [])


def test_positions_between_cells_are_kept_and_reported(easy):
    row = easy({"version": "3.0.0", "colorNotes": [{"x": 1.5, "y": 0.25}], "obstacles": [{"w": 0.1}]})
    assert (row["notes"]["x"], row["notes"]["y"], row["notes"]["lane"]) == ([1.5], [0.25], [-1])
    assert row["walls"]["width"] == [pytest.approx(0.1)]
    assert row["warnings"] == ["fractional_position:2"]


def test_lanes_number_the_twelve_cells_and_nothing_else(easy):
    cells = [(x, y) for y in range(-1, 4) for x in range(-1, 5)]
    row = easy({"version": "3.0.0", "colorNotes": [{"x": x, "y": y} for x, y in cells]})
    inside = {(x, y): 4 * y + x for y in range(3) for x in range(4)}
    assert row["notes"]["lane"] == [inside.get(cell, -1) for cell in cells]


def test_mapping_extensions_values_survive(easy):
    row = easy({"_notes": [{"_lineIndex": -4005, "_lineLayer": 3500, "_cutDirection": 1180, "_type": 0}]})
    assert (row["notes"]["x"], row["notes"]["y"], row["notes"]["lane"]) == ([-4005.0], [3500.0], [-1])
    assert row["notes_beat_saber"]["direction"] == [1180]
    assert row["warnings"] == []


@pytest.mark.parametrize(
    "note",
    [{"d": 2**31}, {"d": 1.5}, {"c": -(2**40)}, {"a": 0.25}, {"x": 2**24 + 1}, {"y": -1e300}, {"c": 10**400}],
)
def test_values_that_do_not_fit_their_column_drop_the_object_with_a_warning(easy, note):
    row = easy({"version": "3.0.0", "colorNotes": [note, {"b": 1}]})
    assert (row["notes"]["beat"], row["warnings"]) == ([1.0], ["bad_note:1"])


def test_too_many_objects_are_refused(easy, monkeypatch):
    monkeypatch.setattr("rhythm_maps.limits.NOTES", 2)
    assert easy({"version": "3.0.0", "colorNotes": [{}] * 3}) == "too_many_objects"
    assert easy({"version": "3.0.0", "colorNotes": [None] * 3}) == "too_many_objects"
    assert easy({"version": "3.0.0", "colorNotes": [{}] * 2})["n_notes"] == 2


def test_the_tolerant_reader_reads_what_the_fast_one_reads(easy):
    beatmap = {
        "_version": "2.6.0",
        "_notes": [{"_time": i / 3, "_lineIndex": i % 4, "_lineLayer": i % 3, "_type": i % 2} for i in range(50)],
        "_events": [{"_time": 7, "_type": 100, "_value": 0, "_floatValue": 77.7}],
        "_obstacles": [{"_time": 1, "_duration": 30, "_type": 2, "_lineLayer": 1, "_height": 2}],
    }
    fast = easy(beatmap)
    loose = easy(beatmap | {"_obstacles": [*beatmap["_obstacles"], None]})
    assert loose.pop("warnings") == ["bad_wall:1"]
    assert fast.pop("warnings") == []
    assert loose == fast


@pytest.mark.parametrize(
    "bomb", [b'{"version":"3.0.0","colorNotes":[' + b"{}," * 50 + b"{}]}", b"[" + b"[]," * 50 + b"[]]"]
)
def test_a_file_of_millions_of_empty_objects_is_refused_before_it_is_decoded(easy, monkeypatch, bomb):
    monkeypatch.setattr("rhythm_maps.limits.JSON_OBJECTS", 50)
    assert easy(bomb) == "too_many_objects"


def test_bad_siblings_do_not_matter(play, info_v2):
    played = play(
        {
            "Info.dat": info_v2("Easy", "Normal", "Hard"),
            "Easy.dat": b"not json",
            "Normal.dat": {"_version": "2.0.0", "_notes": [{"_type": 0}]},
        }
    )
    assert list(played.rows) == ["Standard/Normal"]
    error = played.rejects["Standard/Easy"].error
    assert (error.code, error.place) == ("bad_json", "Easy.dat")
