"""Sidecars keep what is in them: names, values, units, ranges; and say so where they cannot."""

from __future__ import annotations

import json

import numpy as np
import pytest
from token_files import FRAMES, write_tokens

from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.tokens import read_sidecar, write_sidecar_features, write_sidecar_features_for_rel
from rhythm_maps.tokens.sidecar import SidecarWarning

RAMP = np.linspace(-12, 0, FRAMES)
RICH = {
    "gain_db": {"values": RAMP, "units": "dB", "doc_string": "Gain a frame"},
    "scene_id": {"values": np.full(FRAMES, 7), "min": 0, "max": 10, "doc_string": "Scene"},
    "energy": np.random.default_rng(0).random(FRAMES),
}


def write(root, features, name="a.ecdc", **options):
    return write_sidecar_features(root, name, features, **options)


def feature(root, name, ecdc="a.ecdc"):
    return next(one for one in read_sidecar(root / ecdc).features if one.name == name)


# --- what is written is read ------------------------------------------------------------------------------------------


def test_values_units_and_ranges_come_back(tmp_path):
    write(tmp_path, RICH, dtype="float32")
    read = read_sidecar(tmp_path / "a.ecdc")
    assert read.names == ("gain_db", "scene_id", "energy")
    assert read.values.dtype == np.float32
    np.testing.assert_array_equal(read.values[:, 0], RAMP.astype(np.float32))
    np.testing.assert_array_equal(read.values[:, 2], RICH["energy"].astype(np.float32))
    assert (read.fps, read.dtype, read.schema_version, read.warnings) == (75.0, "float32", 2, ())
    gain, scene, _ = read.features
    assert (gain.unit, gain.description, gain.minimum, gain.maximum) == ("dB", "Gain a frame", -12, 0)
    assert (scene.minimum, scene.maximum, scene.mean, scene.std) == (0, 10, 7, 0)


def test_ranges_are_those_of_the_values_as_they_are_stored(tmp_path):
    write(tmp_path, {"x": np.array([0.1, 0.30000001])})
    read = read_sidecar(tmp_path / "a.ecdc")
    assert (read.features[0].minimum, read.features[0].maximum) == (read.values.min(), read.values.max())


def test_both_names_of_the_function_are_one():
    assert write_sidecar_features_for_rel is write_sidecar_features


def test_readers_of_version_1_find_names_and_ranges(tmp_path):
    write(tmp_path, RICH)
    meta = json.loads((tmp_path / "a.cond.json").read_text(encoding="utf-8"))
    assert meta["names"] == list(meta["features"]) == list(RICH)
    assert meta["norm"]["min"] == [one["min"] for one in meta["features"].values()]
    assert meta["fps"] == meta["source_rate"] == 75.0


def test_same_features_give_the_same_bytes(tmp_path):
    write(tmp_path, RICH)
    first = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    write(tmp_path, RICH)
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == first


def test_names_keep_their_dots(tmp_path):
    write(tmp_path, {"bpm": np.full(3, 120)}, "b_tempo_120.0.ecdc")
    write(tmp_path, {"bpm": np.full(3, 121)}, "b_tempo_120.5.ecdc")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "b_tempo_120.0.cond.json",
        "b_tempo_120.0.cond.npy",
        "b_tempo_120.5.cond.json",
        "b_tempo_120.5.cond.npy",
    ]
    assert read_sidecar(tmp_path / "b_tempo_120.0.ecdc").values[0, 0] == 120
    assert read_sidecar(tmp_path / "b_tempo_120.5.cond.npy").values[0, 0] == 121


def test_sidecars_may_lie_below_another_root(tmp_path):
    write_sidecar_features(tmp_path / "t", "deep/a.ecdc", {"x": [1, 2]}, cond_root=tmp_path / "c")
    assert read_sidecar(tmp_path / "t" / "deep" / "a.ecdc", tmp_path / "c" / "deep").values.tolist() == [[1], [2]]
    assert not (tmp_path / "t").exists()


# --- writing again keeps the rest -------------------------------------------------------------------------------------


def test_overwrite_keeps_the_other_features(tmp_path):
    write(tmp_path, RICH)
    before = read_sidecar(tmp_path / "a.ecdc")
    write(tmp_path, {"energy": np.zeros(FRAMES), "new": np.ones(FRAMES)})
    after = read_sidecar(tmp_path / "a.ecdc")
    assert after.names == ("gain_db", "scene_id", "energy", "new")
    assert after.features[:2] == before.features[:2]
    np.testing.assert_array_equal(after.values[:, :2], before.values[:, :2])
    assert not after.values[:, 2].any()
    assert after.values[:, 3].all()


def test_overwrite_keeps_unit_and_description_of_what_it_replaces(tmp_path):
    write(tmp_path, RICH)
    write(tmp_path, {"gain_db": np.zeros(FRAMES)})
    gain = feature(tmp_path, "gain_db")
    assert (gain.unit, gain.description, gain.minimum, gain.maximum) == ("dB", "Gain a frame", 0, 0)


def test_append_keeps_what_is_there_and_says_so(tmp_path):
    write(tmp_path, RICH)
    before = read_sidecar(tmp_path / "a.ecdc")
    with pytest.warns(SidecarWarning, match="'energy' is there already and was kept"):
        write(tmp_path, {"energy": np.zeros(FRAMES), "new": np.ones(FRAMES)}, mode="append")
    after = read_sidecar(tmp_path / "a.ecdc")
    assert after.names == ("gain_db", "scene_id", "energy", "new")
    np.testing.assert_array_equal(after.values[:, :3], before.values)
    assert after.features[:3] == before.features


def test_append_of_an_existing_name_leaves_the_width(tmp_path):
    write(tmp_path, RICH)
    with pytest.warns(SidecarWarning):
        write(tmp_path, {"energy": np.zeros(FRAMES)}, mode="append")
    assert read_sidecar(tmp_path / "a.ecdc").values.shape == (FRAMES, 3)


def test_kept_features_do_not_lose_digits(tmp_path):
    fine = np.array([1 / 3, 100_000.5])
    write(tmp_path, {"fine": fine}, dtype="float32")
    write(tmp_path, {"rough": [1, 2]}, dtype="float16")
    read = read_sidecar(tmp_path / "a.ecdc")
    assert read.dtype == "float32"
    np.testing.assert_array_equal(read.values[:, 0], fine.astype(np.float32))


def test_keys_of_other_tools_stay(tmp_path):
    write(tmp_path, RICH)
    path = tmp_path / "a.cond.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    meta["made_by"] = "someone"
    meta["features"]["energy"]["colour"] = "red"
    path.write_text(json.dumps(meta), encoding="utf-8")
    write(tmp_path, {"new": np.ones(FRAMES)})
    meta = json.loads(path.read_text(encoding="utf-8"))
    assert (meta["made_by"], meta["features"]["energy"]["colour"]) == ("someone", "red")


# --- what float16 cannot hold -----------------------------------------------------------------------------------------


def test_overflow_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(UsageError, match=r"'ms' is 70000 in frame 1, and float16 ends at 65504; .*float32"):
        write(tmp_path, {"ms": [0, 70_000]})
    assert not list(tmp_path.iterdir())
    write(tmp_path, {"ms": [0, 70_000]}, dtype="float32")
    assert read_sidecar(tmp_path / "a.ecdc").values[1, 0] == 70_000


def test_lost_whole_numbers_are_told(tmp_path):
    with pytest.warns(SidecarWarning, match=r"'beat' is not exact in float16: 2049 became 2048 \(frame 1\)"):
        write(tmp_path, {"beat": [2048, 2049]})


def test_values_that_vanish_are_told(tmp_path):
    with pytest.warns(SidecarWarning, match="'x' is not exact in float16: 1e-09 became 0"):
        write(tmp_path, {"x": [0.5, 1e-9]})


def test_ordinary_fractions_are_rounded_in_silence(tmp_path, recwarn):
    write(tmp_path, {"x": [0.1, 3000.3]})
    assert not recwarn.list


# --- wrong calls ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, "no features"),
        ({"x": [1, float("nan")]}, "'x' is nan in frame 1"),
        ({"x": [1, 2], "y": [1]}, "'y' has 1 values and 'x' has 2"),
        ({"x": np.zeros((2, 2))}, r"'x' has values \[2, 2\]"),
        ({"x": {"values": [1], "unit": "dB"}}, "unknown keys unit"),
        ({"x": {"units": "dB"}}, "has no values"),
        ({"x": ["one"]}, "numbers are expected"),
        ({"": [1]}, "no name for a feature"),
    ],
)
def test_wrong_features_are_refused(tmp_path, features, message):
    with pytest.raises(UsageError, match=message):
        write(tmp_path, features)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rel", ["../a.ecdc", "/a.ecdc", "a.wav", "x/../../a.ecdc"])
def test_paths_stay_below_the_root(tmp_path, rel):
    with pytest.raises(UsageError, match="below root"):
        write(tmp_path, {"x": [1]}, rel)


@pytest.mark.parametrize(
    "options", [{"mode": "replace"}, {"dtype": "int16"}, {"schema_version": 1}, {"schema_version": 3}]
)
def test_unknown_options_are_refused(tmp_path, options):
    with pytest.raises(UsageError, match=r"is expected|is what is written"):
        write(tmp_path, {"x": [1]}, **options)


def test_token_file_can_be_required(tmp_path):
    with pytest.raises(InputError, match="no such token file"):
        write(tmp_path, {"x": [1]}, require_ecdc_exists=True)
    write_tokens(tmp_path / "a.ecdc", frames=4)
    with pytest.raises(UsageError, match="1 values and the token file 4 frames"):
        write(tmp_path, {"x": [1]}, require_ecdc_exists=True)
    assert write(tmp_path, {"x": [1, 2, 3, 4]}, require_ecdc_exists=True) == tmp_path / "a.cond.npy"


def test_other_lengths_and_rates_are_not_mixed(tmp_path):
    write(tmp_path, {"x": [1, 2]})
    with pytest.raises(UsageError, match="has 2 frames, and the new values 3"):
        write(tmp_path, {"y": [1, 2, 3]})
    with pytest.raises(UsageError, match=r"75\.0 frames a second, not 50"):
        write(tmp_path, {"y": [1, 2]}, fps=50)
    assert read_sidecar(tmp_path / "a.ecdc").names == ("x",)


# --- two files, one truth ---------------------------------------------------------------------------------------------


class StopError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("at", range(8))
def test_a_write_that_is_stopped_is_old_new_or_reported(tmp_path, monkeypatch, at):
    """At every step of writing: a reader gets the old sidecar or the new one, or is told; a second run mends it."""
    write(tmp_path, RICH)
    old = read_sidecar(tmp_path / "a.ecdc")
    new = {"energy": np.full(FRAMES, 0.5), "fine": RAMP / 3}
    steps = []

    def step(operation, path):
        steps.append(operation)
        if len(steps) > at:
            raise StopError

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "step", step)
        with pytest.raises(StopError):
            write(tmp_path, new, dtype="float32")
    try:
        seen, code = read_sidecar(tmp_path / "a.ecdc"), ""
    except BadFormat as error:
        seen, code = old, error.code
    assert code == ("torn_sidecar" if at >= 4 else "")
    assert seen.features == old.features
    np.testing.assert_array_equal(seen.values, old.values)
    write(tmp_path, new, dtype="float32")
    mended = read_sidecar(tmp_path / "a.ecdc")
    assert mended.names == ("gain_db", "scene_id", "energy", "fine")
    assert mended.features[:2] == old.features[:2]
    np.testing.assert_array_equal(mended.values[:, :2], old.values[:, :2])
    np.testing.assert_array_equal(mended.values[:, 2], np.full(FRAMES, 0.5))


def test_files_of_two_writes_are_not_taken_for_one(tmp_path):
    write(tmp_path, RICH)
    before = (tmp_path / "a.cond.npy").read_bytes()
    write(tmp_path, {"energy": np.zeros(FRAMES)})
    (tmp_path / "a.cond.npy").write_bytes(before)
    with pytest.raises(BadFormat, match="the values of 'energy' are not those that it describes"):
        read_sidecar(tmp_path / "a.ecdc")
    with pytest.raises(BadFormat, match="energy"):
        write(tmp_path, {"other": np.zeros(FRAMES)})
    write(tmp_path, {"energy": np.zeros(FRAMES)})
    assert not read_sidecar(tmp_path / "a.ecdc").values[:, 2].any()


# --- files of other tools ---------------------------------------------------------------------------------------------


def put(root, values, meta, stem="a", doubled=False):
    np.save(root / f"{stem}.cond.npy", values)
    name = f"{stem}.cond.cond.json" if doubled else f"{stem}.cond.json"
    (root / name).write_text(meta if isinstance(meta, str) else json.dumps(meta), encoding="utf-8")


def test_version_1_is_read(tmp_path):
    norm = {"mean": [1, 2], "std": [3, 4], "min": [], "max": [5, 6]}
    put(tmp_path, np.ones((3, 2), np.float16), {"schema_version": 1, "fps": 75, "names": ["x", "y"], "norm": norm})
    read = read_sidecar(tmp_path / "a.ecdc")
    assert (read.names, read.schema_version, read.warnings) == (("x", "y"), 1, ())
    assert read.features[1][3:] == (None, 6, 2, 4)


def test_version_1_becomes_version_2_when_it_is_written(tmp_path):
    norm = {"mean": [1], "std": [3], "min": [0], "max": [5]}
    put(tmp_path, np.ones((3, 1), np.float16), {"schema_version": 1, "fps": 75, "names": ["x"], "norm": norm})
    write(tmp_path, {"y": [1, 2, 3]})
    read = read_sidecar(tmp_path / "a.ecdc")
    assert read.schema_version == 2
    assert read.features[0] == ("x", "", "", 0, 5, 1, 3)


def test_layout_between_the_versions_is_read(tmp_path):
    stats = {"x": {"min": 1, "max": 2, "mean": 1.5, "std": 0.5}}
    put(tmp_path, np.ones((3, 1)), {"names": ["x"], "stats": stats, "units": {"x": "Hz"}, "docs": {"x": "Pitch"}})
    assert read_sidecar(tmp_path / "a.ecdc").features == (("x", "Hz", "Pitch", 1, 2, 1.5, 0.5),)


def test_doubled_json_name_is_found(tmp_path):
    put(tmp_path, np.ones((3, 1), np.float16), {"schema_version": 1, "names": ["x"]}, doubled=True)
    read = read_sidecar(tmp_path / "a.ecdc")
    assert (read.names, read.warnings) == (("x",), ("legacy_json_name",))


def test_shortened_name_is_found_and_replaced(tmp_path):
    write_tokens(tmp_path / "b_120.0.ecdc", 3)
    put(tmp_path, np.ones((3, 1), np.float16), {"schema_version": 1, "names": ["x"]}, stem="b_120")
    assert read_sidecar(tmp_path / "b_120.0.ecdc").warnings == ("legacy_name",)
    with pytest.warns(SidecarWarning, match=r"b_120\.cond\.npy holds the features of b_120\.0\.ecdc"):
        write(tmp_path, {"y": [1, 2, 3]}, "b_120.0.ecdc")
    read = read_sidecar(tmp_path / "b_120.0.ecdc")
    assert (read.names, read.warnings) == (("x", "y"), ())


def test_shortened_name_that_another_file_owns_is_not_taken(tmp_path):
    for name in ("b_120.ecdc", "b_120.0.ecdc"):
        write_tokens(tmp_path / name, 3)
    put(tmp_path, np.ones((3, 1), np.float16), {"schema_version": 1, "names": ["x"]}, stem="b_120")
    with pytest.raises(InputError, match=r"b_120\.0\.cond\.npy: no such sidecar"):
        read_sidecar(tmp_path / "b_120.0.ecdc")


def test_shortened_name_that_two_files_could_own_is_refused(tmp_path):
    for name in ("b_120.5.ecdc", "b_120.0.ecdc"):
        write_tokens(tmp_path / name, 3)
    put(tmp_path, np.ones((3, 1), np.float16), {"schema_version": 1, "names": ["x"]}, stem="b_120")
    with pytest.raises(BadFormat, match=r"as well as to b_120\.5\.ecdc"):
        read_sidecar(tmp_path / "b_120.0.ecdc")


def test_values_without_description_have_numbers_for_names(tmp_path):
    np.save(tmp_path / "a.cond.npy", np.ones((3, 2), np.float16))
    read = read_sidecar(tmp_path / "a.ecdc")
    assert (read.names, read.warnings) == (("unnamed_0", "unnamed_1"), ("no_json", "no_names"))


def test_column_without_a_name_is_found_by_statistics(tmp_path):
    values = np.stack([np.zeros(4), np.full(4, 9), np.ones(4)], axis=1).astype(np.float16)
    features = {"x": {"mean": 0, "std": 0}, "y": {"mean": 1, "std": 0}}
    put(tmp_path, values, {"schema_version": 2, "features": features})
    read = read_sidecar(tmp_path / "a.ecdc")
    assert (read.names, read.warnings) == (("x", "unnamed_1", "y"), ("unnamed_column:1",))


def test_column_without_a_name_that_could_be_any_is_refused(tmp_path):
    features = {"x": {"mean": 1, "std": 0}, "y": {"mean": 1, "std": 0}}
    put(tmp_path, np.ones((4, 3), np.float16), {"schema_version": 2, "features": features})
    with pytest.raises(BadFormat, match="2 names for 3 columns, and no telling"):
        read_sidecar(tmp_path / "a.ecdc")


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ("[" * 100_000, "bad_json"),
        ('{"features": {"x": {}, "x": {}}}', "bad_sidecar"),
        ({"features": ["x"]}, "bad_sidecar"),
        ({"features": {"x": {"min": "low"}}}, "bad_sidecar"),
        ({"features": {"x": {"units": 3}}}, "bad_sidecar"),
        ({"names": "x"}, "bad_sidecar"),
        ({"names": ["x", "x"]}, "bad_sidecar"),
        ({"names": ["x"], "norm": []}, "bad_sidecar"),
        ({"schema_version": 3, "features": {"x": {}}}, "unsupported_sidecar"),
        ({"features": {"x": {}, "y": {}}}, "torn_sidecar"),
    ],
)
def test_damaged_descriptions_are_refused(tmp_path, meta, code):
    put(tmp_path, np.ones((3, 1), np.float16), meta)
    with pytest.raises(BadFormat) as caught:
        read_sidecar(tmp_path / "a.ecdc")
    assert caught.value.code == code


def npy(header, data=b""):
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        b"PK\3\4",
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }", b"cos\nsystem\n"),
        npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"),
        npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 1), }", b"\0\0"),
        npy("__import__('os')"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}",
    ],
)
def test_damaged_values_are_refused(tmp_path, data):
    (tmp_path / "a.cond.npy").write_bytes(data)
    with pytest.raises(BadFormat) as caught:
        read_sidecar(tmp_path / "a.ecdc")
    assert (caught.value.code, "byte" in caught.value.place) == ("bad_npy", True)


def test_values_of_one_dimension_are_refused(tmp_path):
    np.save(tmp_path / "a.cond.npy", np.ones(3))
    with pytest.raises(BadFormat, match=r"values \[3\]"):
        read_sidecar(tmp_path / "a.ecdc")


def test_missing_sidecar_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.cond\.npy: no such sidecar"):
        read_sidecar(tmp_path / "a.ecdc")


# --- EncHF's own ------------------------------------------------------------------------------------------------------


def test_golden_set_reads_back_value_for_value(golden):
    """Against NumPy and the JSON read directly; the column that EncHF left unnamed is the one before `new`."""
    for path in sorted(golden.glob("ecdc*/*.ecdc")):
        read = read_sidecar(path)
        stem = "b_tempo_120" if "tempo" in path.name else path.stem
        values = np.load(path.with_name(f"{stem}.cond.npy"))
        meta = json.loads(path.with_name(f"{stem}.cond.json").read_text(encoding="utf-8"))
        np.testing.assert_array_equal(read.values, values.astype(np.float32))
        flawed = path.parent.name == "ecdc" and path.stem == "c"
        named = [one for one in read.features if not one.name.startswith("unnamed")]
        assert [one.name for one in named] == list(meta["features"])
        for one in named:
            stated = meta["features"][one.name]
            assert one[1:] == tuple(stated[key] for key in ("units", "doc_string", "min", "max", "mean", "std"))
        assert read.warnings == ("legacy_name",) * ("tempo" in path.name) + ("unnamed_column:3",) * flawed
        assert len(read.features) - len(named) == flawed


def test_golden_skeletons_are_read_with_their_doubled_name(golden):
    for path in (golden / "params").glob("*.npy"):
        read = read_sidecar(path)
        assert (read.features, read.warnings, read.schema_version) == ((), ("legacy_json_name",), 1)
