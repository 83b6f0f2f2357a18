"""Folders of token files as datasets: the same rows by every road, bad files in the ledger, splits by folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from token_files import codes_of, write_tokens

import rhythm_maps
from rhythm_maps.build.generate import RejectsWarning
from rhythm_maps.build.token_build import build_tokens
from rhythm_maps.build.token_folder import iter_tokens, plan_folder, shards_of
from rhythm_maps.cli import cli
from rhythm_maps.errors import BadFileError, InputError, NoDataError, UsageError
from rhythm_maps.schema import TOKENS
from rhythm_maps.tokens import ecdc, write_sidecar_features

datasets.disable_progress_bars()


@pytest.fixture(autouse=True)
def _caches(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(folder / "rhythm_maps"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "hf")


@pytest.fixture
def root(tmp_path):
    """Three songs in two splits, of other lengths and codebooks, two of them with features."""
    folder = tmp_path / "tokens"
    write_tokens(folder / "train" / "a_tempo_120.0.ecdc", 30)
    write_tokens(folder / "train" / "deep" / "b.ecdc", 41, n_q=4, seed=1)
    ecdc.write_binary(folder / "test" / "c.ecdc", codes_of(7, 2, seed=2), 7 * 320)
    write_sidecar_features(
        folder,
        "train/a_tempo_120.0.ecdc",
        {"gain": {"values": np.linspace(-1, 1, 30), "units": "dB", "doc_string": "Gain", "min": -2}, "x": np.ones(30)},
        dtype="float32",
    )
    write_sidecar_features(folder, "test/c.ecdc", {"y": np.arange(7)})
    return folder


def load(root, **options):
    return rhythm_maps.load_dataset("ecdc_folder", data_dir=root, **options)


def rows_of(loaded):
    return {split: list(rows) for split, rows in loaded.items()}


def by_path(loaded):
    return {row["path"]: row for split in loaded.values() for row in split}


def test_rows_hold_codes_features_and_facts(root):
    loaded = load(root)
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 2, "test": 1}
    rows = by_path(loaded)
    assert set(rows) == {"train/a_tempo_120.0", "train/deep/b", "test/c"}
    row = rows["train/a_tempo_120.0"]
    assert list(row) == [column.name for column in TOKENS]
    np.testing.assert_array_equal(row["codes"], codes_of(30))
    assert (row["n_q"], row["frames"], row["bandwidth_kbps"], row["duration_s"]) == (8, 30, 6.0, (30 * 320 - 7) / 24000)
    sidecar = row["sidecar"]
    assert (sidecar["name"], sidecar["unit"], sidecar["description"]) == (["gain", "x"], ["dB", ""], ["Gain", ""])
    assert (sidecar["minimum"], sidecar["maximum"]) == ([-2, 1], [1, 1])
    np.testing.assert_array_equal(sidecar["values"][0], np.linspace(-1, 1, 30).astype(np.float32))
    assert rows["train/deep/b"]["sidecar"] == {name: [] for name in sidecar}
    assert (rows["test/c"]["n_q"], rows["test/c"]["bandwidth_kbps"]) == (2, 1.5)


def test_every_road_gives_the_same_rows(root, tmp_path):
    expected = rows_of(load(root))
    assert rows_of(load(root, streaming=True)) == expected
    assert rows_of(load(root, num_proc=2)) == expected
    rhythm_maps.register()
    assert rows_of(datasets.load_dataset("ecdc_folder", data_dir=str(root))) == expected
    assert rows_of(datasets.load_dataset("ecdc_folder", data_dir=str(root), streaming=True)) == expected
    build_tokens(plan_folder(root), tmp_path / "out")
    assert rows_of(datasets.load_dataset(str(tmp_path / "out"))) == expected
    assert rows_of(datasets.load_dataset(str(tmp_path / "out"), "tokens", streaming=True)) == expected


def test_a_changed_file_gives_new_rows(root):
    assert by_path(load(root))["test/c"]["sidecar"]["values"][0][6] == 6
    write_sidecar_features(root, "test/c.ecdc", {"y": np.full(7, 9)})
    os.utime(root / "test" / "c.cond.npy", ns=(1, 1))
    assert by_path(load(root))["test/c"]["sidecar"]["values"][0][6] == 9


def test_sidecars_may_lie_below_another_root(root, tmp_path):
    write_sidecar_features(root, "test/c.ecdc", {"z": np.zeros(7)}, cond_root=tmp_path / "params")
    rows = by_path(load(root, cond_root=str(tmp_path / "params")))
    assert [row["sidecar"]["name"] for _, row in sorted(rows.items())] == [["z"], [], []]


# --- splits and shards ------------------------------------------------------------------------------------------------


def test_a_folder_without_split_names_is_all_train(tmp_path):
    write_tokens(tmp_path / "train.ecdc", 3)
    write_tokens(tmp_path / "other" / "test" / "b.ecdc", 3)
    assert {file.split for file in plan_folder(tmp_path).files} == {"train"}


@pytest.mark.parametrize(("name", "split"), [("Valid", "validation"), ("dev", "validation"), ("testing", "test")])
def test_usual_names_of_splits_are_known(tmp_path, name, split):
    write_tokens(tmp_path / name / "a.ecdc", 3)
    assert {file.split for file in plan_folder(tmp_path).files} == {split}


def test_files_beside_split_folders_are_refused(root):
    write_tokens(root / "stray.ecdc", 3)
    with pytest.raises(UsageError, match=r"stray\.ecdc does not. Put every file below train"):
        load(root)


@pytest.fixture
def many(tmp_path):
    for i in range(40):
        write_tokens(tmp_path / "many" / f"{i}.ecdc", 2, seed=i)
    return tmp_path / "many"


def test_shards_hold_every_file_once_and_follow_no_order_of_the_system(many):
    plan = plan_folder(many)
    assert plan.shards == {"train": 8}
    parts = [
        [row for name, table in iter_tokens(plan, shard) if name == "tokens" for row in table["path"].to_pylist()]
        for shard in shards_of(plan)
    ]
    paths = [path for part in parts for path in part]
    assert sorted(paths) == sorted(str(i) for i in range(40))
    assert sum(map(bool, parts)) >= 6
    assert paths == [file.path.removesuffix(".ecdc") for file in plan.files]


def test_row_groups_stay_small(many):
    plan = plan_folder(many)
    groups = [len(t) for shard in shards_of(plan) for name, t in iter_tokens(plan, shard, 600) if name == "tokens"]
    assert sum(groups) == 40
    assert len(groups) > 8


# --- bad files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def damaged(root):
    (root / "train" / "bad.ecdc").write_bytes((root / "train" / "deep" / "b.ecdc").read_bytes()[:-40])
    write_sidecar_features(root, "train/deep/b.ecdc", {"short": np.zeros(3)})
    return root


def test_bad_files_cost_themselves_alone(damaged):
    with pytest.warns(RejectsWarning, match="2 rejected in train-00000-of-00001; the first: train/bad.ecdc"):
        loaded = load(damaged)
    rows = by_path(loaded)
    assert set(rows) == {"train/a_tempo_120.0", "train/deep/b", "test/c"}
    assert (rows["train/deep/b"]["sidecar"]["name"], rows["train/deep/b"]["warnings"]) == ([], ["bad_sidecar"])


def test_bad_files_can_be_errors(damaged):
    with pytest.raises(BadFileError, match=r"train/bad\.ecdc"):
        load(damaged, on_bad_files="error")


def test_the_ledger_has_a_line_for_every_file(damaged, tmp_path):
    info = build_tokens(plan_folder(damaged), tmp_path / "out")
    assert info["ledger"] == {
        "input reject bad_zip": 1,
        "input row": 3,
        "sidecar reject frame_mismatch": 1,
        "sidecar row": 2,
    }
    lines = pq.read_table(tmp_path / "out" / "meta" / "ledger.parquet").to_pylist()
    bad = {(line["path"], line["name"]): line for line in lines if line["outcome"] == "reject"}
    assert set(bad) == {("train/bad.ecdc", ""), ("train/deep/b.ecdc", "b.cond.npy")}
    assert bad["train/deep/b.ecdc", "b.cond.npy"]["reason"] == "3 frames, and the token file has 41"


def test_a_length_that_the_frames_do_not_have_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(ecdc, "_checked", lambda codes, samples: codes)
    ecdc.write_enchf(tmp_path / "a.ecdc", codes_of(5), 10_000)
    assert load(tmp_path)["train"][0]["warnings"] == ["length_mismatch"]


def test_a_split_without_rows_does_not_exist(root):
    (root / "test" / "c.ecdc").write_bytes(b"ECDC")
    with pytest.warns(RejectsWarning):
        assert set(load(root)) == {"train"}


def test_a_folder_without_rows_says_so(tmp_path):
    (tmp_path / "tokens").mkdir()
    with pytest.raises(NoDataError, match=r"holds no \.ecdc files"):
        load(tmp_path / "tokens")
    (tmp_path / "tokens" / "a.ecdc").write_bytes(b"ECDC")
    with pytest.warns(RejectsWarning), pytest.raises(NoDataError, match="no token file"):
        load(tmp_path / "tokens")
    with pytest.raises(NoDataError, match="none of its 1 token files could be read"):
        build_tokens(plan_folder(tmp_path / "tokens"), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokens"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"data_dir": None}, UsageError),
        ({"data_files": "x.jsonl"}, UsageError),
        ({"data_dir": "/nowhere/at/all"}, InputError),
        ({"cond_root": "/nowhere/at/all"}, InputError),
        ({"name": "charts"}, UsageError),
        ({"min_notes": 3}, UsageError),
        ({"on_bad_files": "panic"}, UsageError),
    ],
)
def test_wrong_calls_are_refused(root, options, error):
    with pytest.raises(error):
        rhythm_maps.load_dataset("ecdc_folder", **{"data_dir": root, **options})


# --- builds -----------------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_files_give_the_same_bytes_anywhere(root, tmp_path):
    build_tokens(plan_folder(root), tmp_path / "one")
    moved = tmp_path / "elsewhere" / "and deep"
    moved.parent.mkdir()
    root.rename(moved)
    for path in moved.rglob("*"):
        os.utime(path, ns=(1, 1))
    build_tokens(plan_folder(moved), tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert str(tmp_path).encode() not in b"".join(tree(tmp_path / "two").values())


@pytest.mark.parametrize("with_option", [True, False])
def test_command_builds_what_load_dataset_opens(root, tmp_path, with_option):
    out = tmp_path / "out"
    result = run("build", "ecdc_folder", root, *(("--out", out) if with_option else (out,)))
    assert result.exit_code == 0, result.output
    assert "tokens      2           -     1" in result.output
    info = json.loads((out / "meta" / "info.json").read_text(encoding="utf-8"))
    assert info["rows"] == {"tokens": {"test": 1, "train": 2}}
    shown = run("inspect", out)
    assert shown.exit_code == 0, shown.exception
    assert "tokens" in shown.output
    again = run("build", "ecdc_folder", root, "--out", out)
    assert again.exit_code == 0


def test_command_leaves_other_folders_alone(root, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert isinstance(run("build", "ecdc_folder", root, tmp_path / "mine").exception, UsageError)
    assert (tmp_path / "mine" / "thesis.txt").is_file()


@pytest.mark.parametrize(
    "arguments", [("--min-notes", "3"), ("--stars",), ("--splits", "1,0,0"), ("third",), ("--configs", "charts")]
)
def test_command_refuses_what_means_nothing_here(root, tmp_path, arguments):
    result = run("build", "ecdc_folder", root, tmp_path / "out", *arguments)
    assert isinstance(result.exception, UsageError)
    assert not (tmp_path / "out").exists()


def test_games_still_need_an_output_folder(tmp_path):
    assert "--out is missing" in str(run("build", "osu", tmp_path).exception)


def test_loading_token_files_imports_no_torch(root):
    code = (
        "import sys, datasets, rhythm_maps; datasets.disable_progress_bars(); "
        f"ds = rhythm_maps.load_dataset('ecdc_folder', data_dir={str(root)!r}, streaming=True); "
        "next(iter(ds['train'])); assert 'encodec' not in sys.modules and 'torchcodec' not in sys.modules"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=120)


def test_golden_folder_loads(golden):
    rows = by_path(load(golden / "ecdc"))
    assert {path: (len(row["sidecar"]["name"]), row["warnings"]) for path, row in rows.items()} == {
        "a": (4, []),
        "b_tempo_120.0": (3, ["legacy_name"]),
        "c": (5, ["unnamed_column:3"]),
        "silence": (3, []),
    }
