"""Each fault that is planted is reported as its type, and a file without one is counted as good."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from token_files import write_tokens

from rhythm_maps.cli import cli
from rhythm_maps.errors import NoDataError, UsageError
from rhythm_maps.tokens import ecdc, sidecar_files, write_sidecar_features
from rhythm_maps.tokens.audit import FAIL_ON, TYPES, Expected, audit, check_types
from rhythm_maps.tokens.folder import share, token_files

FRAMES = 20
STRICT = Expected(75.0, "float16", ("x",), ranges=True)


@pytest.fixture
def root(tmp_path):
    """A good file with a good sidecar of two features."""
    write_tokens(tmp_path / "good.ecdc", FRAMES)
    features = {"x": np.linspace(0, 1, FRAMES), "y": {"values": np.full(FRAMES, 7), "min": 0, "max": 10}}
    write_sidecar_features(tmp_path, "good.ecdc", features)
    return tmp_path


def put(root, values=None, meta=None, name="bad", frames=FRAMES):
    """Write the files of one item as another tool might."""
    write_tokens(root / f"{name}.ecdc", frames)
    if values is not None:
        np.save(root / f"{name}.cond.npy", values)
    if meta is not None:
        text = meta if isinstance(meta, str) else json.dumps(meta)
        (root / f"{name}.cond.json").write_text(text, encoding="utf-8")


def v1(names=("x", "y"), **norm):
    norm = {"min": [0, 0], "max": [1, 1], "mean": [0, 0], "std": [0, 0]} | norm
    return {"schema_version": 1, "fps": 75, "names": list(names), "norm": norm}


def v2(**features):
    one = {"min": 0.0, "max": 1.0, "mean": 0.5, "std": 0.1, "units": "", "doc_string": ""}
    made = {name: one | change for name, change in ({"x": {}, "y": {}} | features).items()}
    return {"schema_version": 2, "fps": 75, "source_rate": 75, "features": made}


ONES = np.ones((FRAMES, 2), np.float16)


def plant_bad_ecdc(root, monkeypatch):
    (root / "bad.ecdc").write_bytes(b"PK\3\4 no archive")


def plant_bad_ecdc_length(root, monkeypatch):
    put(root, ONES, v2())
    monkeypatch.setattr(ecdc, "_checked", lambda codes, samples: codes)
    ecdc.write_enchf(root / "bad.ecdc", np.zeros((8, FRAMES), np.uint16), 1)


def plant_auditor_error(root, monkeypatch):
    put(root, ONES, v2())
    find = sidecar_files.find

    def broken(path, folder=None):
        if path.name == "bad.ecdc":
            raise PermissionError(13, "Permission denied")
        return find(path, folder)

    monkeypatch.setattr(sidecar_files, "find", broken)


def plant_legacy_name(root, monkeypatch):
    put(root, ONES, v2(), name="bad_1.5")
    for suffix in ("npy", "json"):
        (root / f"bad_1.5.cond.{suffix}").rename(root / f"bad_1.cond.{suffix}")


HALVES = np.full((FRAMES, 2), 0.5, np.float16)
HIGH = HALVES + np.float16([0, 1])
LOW = HALVES - np.float16([1, 0])
PLANTS = [
    ("bad_ecdc", plant_bad_ecdc),
    ("bad_ecdc", plant_bad_ecdc_length),
    ("missing_sidecar", lambda root, _: put(root)),
    ("bad_sidecar", lambda root, _: put(root, ONES, "{")),
    ("bad_sidecar", lambda root, _: put(root, ONES, v2() | {"schema_version": 3})),
    ("bad_sidecar", lambda root, _: put(root, ONES, v2(x={"units": 5}))),
    ("bad_shape", lambda root, _: put(root, np.ones(FRAMES, np.float16), v2())),
    ("frame_mismatch", lambda root, _: put(root, ONES[1:], v2())),
    ("dtype_mismatch", lambda root, _: put(root, ONES.astype(np.float32), v2())),
    ("fps_mismatch", lambda root, _: put(root, ONES, v2() | {"fps": 75.5})),
    ("duplicate_names", lambda root, _: put(root, ONES, v1(["x", "x"]))),
    ("duplicate_names", lambda root, _: put(root, ONES, '{"features": {"x": {}, "y": {}, "x": {}}, "fps": 75}')),
    ("names_length_mismatch", lambda root, _: put(root, ONES, v1(["x"], min=[], max=[], mean=[], std=[]))),
    ("missing_features", lambda root, _: put(root, ONES, v1(["z", "y"]))),
    ("missing_names", lambda root, _: put(root, np.ones((FRAMES, 0), np.float16), {"schema_version": 2, "fps": 75})),
    ("norm_invalid", lambda root, _: put(root, ONES, v1(mean="low"))),
    ("norm_invalid", lambda root, _: put(root, ONES, v2(x={"max": "high"}))),
    ("norm_length_mismatch", lambda root, _: put(root, ONES, v1(mean=[1, 2, 3]))),
    ("norm_inverted", lambda root, _: put(root, ONES, v2(x={"min": 2.0}))),
    ("range_below_min", lambda root, _: put(root, LOW, v2())),
    ("range_above_max", lambda root, _: put(root, HIGH, v1())),
    ("range_unverifiable", lambda root, _: put(root, ONES, v2(y={"min": None}))),
    ("range_unverifiable", lambda root, _: put(root, np.where([[True, False]], HALVES, np.float16("nan")), v2())),
    ("legacy_name", plant_legacy_name),
    ("auditor_error", plant_auditor_error),
]


@pytest.mark.parametrize(("kind", "plant"), PLANTS, ids=[f"{kind}-{i}" for i, (kind, _) in enumerate(PLANTS)])
def test_a_planted_fault_is_reported_as_what_it_is(root, monkeypatch, kind, plant):
    plant(root, monkeypatch)
    result = audit(token_files(root), root, None, STRICT)
    assert {issue.type for issue in result.issues} == {kind}
    assert {issue.rel_ecdc for issue in result.issues} <= {"bad.ecdc", "bad_1.5.ecdc"}
    assert (result.files, result.ok) == (2, 1)
    assert all(issue.detail for issue in result.issues)


def test_every_type_is_planted():
    assert {kind for kind, _ in PLANTS} == set(TYPES)


def test_ok_counts_files_and_not_issues(root):
    """Where one file has many issues, the others are still good ones."""
    put(root, ONES[1:].astype(np.float32), v1(["z", "z"], mean=[1]) | {"fps": 1})
    result = audit(token_files(root), root, None, STRICT)
    assert len(result.issues) >= 4
    assert (result.files, result.ok) == (2, 1)


def test_values_may_be_rounded_beyond_their_range(root):
    """0.1 is 0.09998 in float16; a range that states 0.1 still holds it."""
    put(root, np.full((FRAMES, 2), 0.1, np.float16), v2(x={"min": 0.1}, y={"min": 0.1}))
    assert audit(token_files(root), root, None, STRICT).ok == 2


def test_sidecars_below_another_root_are_found(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("cond")
    write_tokens(root / "deep" / "a.ecdc", FRAMES)
    write_sidecar_features(root, "deep/a.ecdc", {"x": np.zeros(FRAMES)}, cond_root=other)
    result = audit(token_files(root), root, other, STRICT)
    assert [(issue.type, issue.rel_ecdc, issue.rel_cond) for issue in result.issues] == [
        ("missing_sidecar", "good.ecdc", "good.cond.npy")
    ]


def test_shares_cover_all_files_once(root):
    for i in range(30):
        write_tokens(root / f"{i}.ecdc", 1)
    paths = token_files(root)
    shares = [share(paths, root, i, 3) for i in range(3)]
    assert sorted(path for one in shares for path in one) == sorted(paths)
    assert all(shares)
    for wrong in ((1, None), (3, 3), (-1, 3)):
        with pytest.raises(UsageError):
            share(paths, root, *wrong)


def test_unknown_types_are_refused():
    with pytest.raises(UsageError, match="no issue is called bad_egg"):
        check_types(("bad_ecdc", "bad_egg"))


# --- the command ------------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(cli, [str(one) for one in ("sidecar", *arguments)])


def test_command_exits_with_0_where_all_is_well(root):
    result = run("audit", "--audio-root", root, "--expect-dtype", "float16", "--require", "x,y", "--verify-ranges")
    assert result.exit_code == 0
    assert "Scanned  : 1 .ecdc files\nOK files : 1\n" in result.output


@pytest.mark.parametrize("kind", FAIL_ON)
def test_command_fails_on_the_grave_types(root, monkeypatch, kind):
    next(plant for name, plant in PLANTS if name == kind)(root, monkeypatch)
    assert run("audit", "--audio-root", root).exit_code == 1
    assert run("audit", "--audio-root", root, "--fail-on", "norm_invalid").exit_code == 0


def test_command_fails_on_what_it_is_told(root):
    put(root, ONES, v2(x={"min": 2.0}))
    assert run("audit", "--audio-root", root).exit_code == 0
    result = run("audit", "--audio-root", root, "--fail-on", "norm_inverted, missing_names")
    assert result.exit_code == 1
    assert "[norm_inverted] bad.ecdc | bad.cond.npy :: x: max 1 < min 2" in result.output


def test_command_lists_as_many_as_are_asked_for(root):
    for i in range(60):
        put(root, name=f"n{i}")
    shown = {arg: run("audit", "--audio-root", root, *arg).output.count("[missing") for arg in ((), ("--list", "all"))}
    assert shown == {(): 50, ("--list", "all"): 60}
    assert "[missing" not in run("audit", "--audio-root", root, "--list", "0").output
    assert isinstance(run("audit", "--audio-root", root, "--list", "some").exception, UsageError)


def test_csv_holds_every_issue_with_the_agreed_columns(root, tmp_path_factory):
    put(root)
    table = tmp_path_factory.mktemp("out") / "audit.csv"
    run("audit", "--audio-root", root, "--export-csv", table)
    with table.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["type", "rel_ecdc", "rel_cond", "detail"],
            ["missing_sidecar", "bad.ecdc", "bad.cond.npy", "no sidecar"],
        ]


def test_folder_without_token_files_is_no_success(tmp_path):
    assert isinstance(run("audit", "--audio-root", tmp_path).exception, NoDataError)


# --- EncHF's own ------------------------------------------------------------------------------------------------------


def test_golden_set_has_its_known_flaws_and_no_others(golden):
    """EncHF's checker reports every file of it (its audit.csv); what is wrong is `c` and a name without its dot."""
    wanted = Expected(75.0, "float16", ("gain_db", "scene_id", "energy"), ranges=True)
    first = audit(token_files(golden / "ecdc_v1"), golden / "ecdc_v1", None, wanted)
    assert [(issue.type, issue.rel_ecdc) for issue in first.issues] == [("legacy_name", "b_tempo_120.0.ecdc")]
    second = audit(token_files(golden / "ecdc"), golden / "ecdc", None, wanted)
    assert [(issue.type, issue.rel_ecdc) for issue in second.issues] == [
        ("legacy_name", "b_tempo_120.0.ecdc"),
        ("names_length_mismatch", "c.ecdc"),
        ("range_unverifiable", "c.ecdc"),
    ]
    assert (first.ok, second.ok) == (3, 2)


def test_golden_skeletons_are_empty_and_not_broken(golden):
    result = audit(token_files(golden / "ecdc"), golden / "ecdc", golden / "params", Expected(75.0, "float16"))
    assert {issue.type for issue in result.issues} == {"legacy_name"}
