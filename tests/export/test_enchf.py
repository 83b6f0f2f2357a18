"""EncHF's layout: what its loader asks of a folder is there, whatever the files were called and wherever they lay."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "tokens"))

from token_files import codes_of, write_tokens

import rhythm_maps
from rhythm_maps.build.token_build import build_tokens
from rhythm_maps.build.token_folder import plan_folder
from rhythm_maps.cli import cli
from rhythm_maps.errors import InputError, NoDataError, UsageError
from rhythm_maps.export.enchf import export_enchf
from rhythm_maps.tokens import ecdc, read_sidecar, write_sidecar_features

torch = pytest.importorskip("torch")
datasets.disable_progress_bars()


@pytest.fixture(autouse=True)
def _caches(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(folder / "rhythm_maps"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "hf")


@pytest.fixture
def root(tmp_path):
    """Features as we write them, none, those of a file of the codec's own kind, and a name with dots in a folder."""
    folder = tmp_path / "tokens"
    write_tokens(folder / "a.ecdc", 30)
    write_sidecar_features(folder, "a.ecdc", {"gain": np.linspace(-1, 1, 30), "x": np.ones(30)})
    write_tokens(folder / "deep" / "b_tempo_120.0.ecdc", 21, seed=1)
    ecdc.write_binary(folder / "c.ecdc", codes_of(7, 8, seed=2), 7 * 320)
    write_sidecar_features(folder, "c.ecdc", {"y": np.arange(7)}, dtype="float32")
    return folder


def items(out, split):
    """Read a split as EncHF's documents say: codes [T, n_q] and cond [T, D] of each path, and the names."""
    found = {}
    for name in datasets.load_from_disk(str(out))[split]["audio"]:
        path = out / name
        codes = torch.load(path, map_location="cpu", weights_only=True)["audio_codes"]
        codes = codes.squeeze(0).squeeze(0).transpose(0, 1).contiguous().long()
        cond = torch.from_numpy(np.load(path.with_suffix(".cond.npy"))).to(torch.float32)
        names = json.loads(path.with_suffix(".cond.json").read_text(encoding="utf-8"))["names"]
        assert cond.shape == (len(codes), len(names))
        found[name] = (codes, cond, names)
    return found


@pytest.mark.parametrize("materialize", ["link", "copy"])
def test_its_loader_finds_codes_features_and_names(root, tmp_path, materialize):
    done = export_enchf(root, tmp_path / "out", materialize=materialize, verify=True)
    assert (done.rows, done.without_sidecar, done.rejects, done.missing) == (3, 1, [], [])
    read = items(tmp_path / "out", "train")
    assert list(read) == ["tokens/a.ecdc", "tokens/c.ecdc", "tokens/deep/b_tempo_120.0.ecdc"]
    codes, cond, names = read["tokens/a.ecdc"]
    np.testing.assert_array_equal(codes.numpy().T, codes_of(30))
    assert names == ["gain", "x"]
    np.testing.assert_array_equal(cond.numpy(), read_sidecar(root / "a.ecdc").values)
    codes, cond, names = read["tokens/c.ecdc"]
    np.testing.assert_array_equal(codes.numpy().T, codes_of(7, 8, seed=2))
    assert (names, cond[:, 0].tolist()) == (["y"], list(range(7)))
    assert read["tokens/deep/b_tempo_120.0.ecdc"][1].shape == (21, 0)


def test_column_and_type_are_its_own(root, tmp_path):
    export_enchf(root, tmp_path / "out")
    assert datasets.load_from_disk(str(tmp_path / "out"))["train"].features == {"audio": datasets.Value("large_string")}


def test_links_share_bytes_and_fall_back_to_copies(root, tmp_path, monkeypatch):
    export_enchf(root, tmp_path / "one")
    assert (tmp_path / "one" / "tokens" / "a.ecdc").samefile(root / "a.ecdc")
    assert not (tmp_path / "one" / "tokens" / "a.ecdc").is_symlink()

    def refuse(*paths):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "link", refuse)
    export_enchf(root, tmp_path / "two", verify=True)
    assert not (tmp_path / "two" / "tokens" / "a.ecdc").samefile(root / "a.ecdc")
    assert (tmp_path / "two" / "tokens" / "a.ecdc").read_bytes() == (root / "a.ecdc").read_bytes()


def test_a_second_run_changes_nothing_and_harms_no_source(root, tmp_path):
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for materialize in ("link", "copy", "link"):
        export_enchf(root, tmp_path / "out", materialize=materialize, verify=True)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    assert len(items(tmp_path / "out", "train")) == 3


def test_a_folder_within_the_source_is_no_source(root):
    for split in ("train", "train", "test"):
        done = export_enchf(root, root / "made" / "out", split=split, materialize="copy", verify=True)
        assert (done.rows, done.rejects, done.missing) == (3, [], [])
    assert export_enchf(root / "made", root / "elsewhere", materialize="copy").rows == 6


def test_none_makes_the_list_alone(root, tmp_path):
    done = export_enchf(root, tmp_path / "out", materialize="none", verify=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dataset_dict.json", "train"]
    assert (done.rows, len(done.missing)) == (3, 3)


def test_a_second_split_adds_and_its_files_do_not_replace_others(root, tmp_path):
    """Both splits have an a.ecdc, of other codes."""
    other = tmp_path / "other"
    write_tokens(other / "a.ecdc", 5, seed=9)
    export_enchf(root, tmp_path / "out")
    export_enchf(other, tmp_path / "out", split="test")
    read = datasets.load_from_disk(str(tmp_path / "out"))
    assert {split: len(rows) for split, rows in read.items()} == {"train": 3, "test": 1}
    assert len(items(tmp_path / "out", "train")["tokens/a.ecdc"][0]) == 30
    assert [len(codes) for codes, _, _ in items(tmp_path / "out", "test").values()] == [5]
    export_enchf(other, tmp_path / "out", split="train")
    read = datasets.load_from_disk(str(tmp_path / "out"))
    assert {split: len(rows) for split, rows in read.items()} == {"train": 1, "test": 1}


def test_names_are_legal_and_single_on_every_system(tmp_path):
    folder = tmp_path / "tokens"
    names = ["con.ecdc", "A.ecdc", "a.ecdc", "what?.ecdc", "what_.ecdc", "end ./x.ecdc", f"{'n' * 150}.ecdc"]
    for i, name in enumerate(names):
        write_tokens(folder / name, 3 + i, seed=i)
    export_enchf(folder, tmp_path / "out", verify=True)
    listed = datasets.load_from_disk(str(tmp_path / "out"))["train"]["audio"]
    assert len({name.lower() for name in listed}) == len(names)
    assert sorted(len(codes) for codes, _, _ in items(tmp_path / "out", "train").values()) == list(range(3, 10))
    for name in listed:
        assert not set('<>:"\\|?*') & set(name)
        assert not any(part.endswith((" ", ".")) or part.lower().split(".")[0] == "con" for part in name.split("/"))


def test_unreadable_files_are_named_and_left_out(root, tmp_path):
    (root / "z.ecdc").write_bytes(b"PK")
    write_sidecar_features(root, "deep/b_tempo_120.0.ecdc", {"x": np.zeros(2)})
    done = export_enchf(root, tmp_path / "out")
    assert done.rows == 2
    assert [line.partition(":")[0] for line in done.rejects] == ["deep/b_tempo_120.0.ecdc", "z.ecdc"]


def test_sidecars_of_other_tools_get_names(golden_like, tmp_path):
    export_enchf(golden_like, tmp_path / "out", verify=True)
    (_, cond, names) = items(tmp_path / "out", "train")["tokens/b_tempo_120.0.ecdc"]
    assert names == ["x", "y"]
    assert cond[:, 1].tolist() == [1, 1, 1]


@pytest.fixture
def golden_like(tmp_path):
    """Version 2 without names, under a name that lost its dot."""
    folder = tmp_path / "theirs"
    write_tokens(folder / "b_tempo_120.0.ecdc", 3)
    np.save(folder / "b_tempo_120.cond.npy", np.ones((3, 2), np.float16))
    meta = {"schema_version": 2, "fps": 75, "features": {"x": {"min": 0, "max": 1}, "y": {"min": 0, "max": 1}}}
    (folder / "b_tempo_120.cond.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


# --- from a build -----------------------------------------------------------------------------------------------------


def test_a_build_gives_the_same_items_as_its_files(root, tmp_path):
    build_tokens(plan_folder(root), tmp_path / "build")
    done = export_enchf(tmp_path / "build", tmp_path / "out", verify=True)
    assert (done.rows, done.without_sidecar) == (3, 1)
    export_enchf(root, tmp_path / "direct")
    of_build, direct = items(tmp_path / "out", "train"), items(tmp_path / "direct", "train")
    assert set(of_build) == set(direct)
    for name, (codes, cond, names) in of_build.items():
        assert torch.equal(codes, direct[name][0])
        assert torch.equal(cond, direct[name][1])
        assert names == direct[name][2]
    assert ecdc.read(tmp_path / "out" / "tokens" / "a.ecdc").samples == ecdc.read(root / "a.ecdc").samples
    dtypes = {name: read_sidecar(tmp_path / "out" / "tokens" / name).dtype for name in ("a.ecdc", "c.ecdc")}
    assert dtypes == {"a.ecdc": "float16", "c.ecdc": "float16"}, "whole numbers to 6 need no more"


def test_an_export_is_a_folder_of_token_files_again(root, tmp_path):
    export_enchf(root, tmp_path / "out")
    again = rhythm_maps.load_dataset("ecdc_folder", data_dir=tmp_path / "out" / "tokens")
    assert sorted(again["train"]["path"]) == ["a", "c", "deep/b_tempo_120.0"]


def test_conditioning_of_a_build_becomes_features(root, tmp_path):
    """As a build of a game has it: conditioning, and a feature of the user's own whose name is one of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    build_tokens(plan_folder(root), tmp_path / "build")
    path = next((tmp_path / "build" / "tokens").glob("train-*.parquet"))
    rows = pq.read_table(path).to_pylist()
    row = next(row for row in rows if row["path"] == "a")
    names = ["beat_phase", "bar_phase", "tempo_bpm", "is_beat", "is_downbeat", "rms_db"]
    row |= {"conditioning": {name: [i / 2] * 30 for i, name in enumerate(names)}, "path": None, "track_id": "ab" * 32}
    row["sidecar"]["name"][0] = "rms_db"
    pq.write_table(pa.Table.from_pylist([row], schema=pq.read_schema(path)), path)
    export_enchf(tmp_path / "build", tmp_path / "out", verify=True)
    ((name, (_, cond, found)),) = items(tmp_path / "out", "train").items()
    assert name == f"tokens/{'ab' * 32}.ecdc"
    assert found == [*names, "sidecar_rms_db", "x"]
    assert cond[0, :6].tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    units = {one.name: one.unit for one in read_sidecar(tmp_path / "out" / name).features}
    assert (units["tempo_bpm"], units["rms_db"], units["beat_phase"]) == ("BPM", "dB", "beats")


# --- wrong calls and the command --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "a/b"}, "split is"),
        ({"split": "../x"}, "split is"),
        ({"materialize": "move"}, "materialize is"),
        ({"tokens_subdir": "../tokens"}, "tokens_subdir is"),
        ({"tokens_subdir": "/tokens"}, "tokens_subdir is"),
        ({"tokens_subdir": ""}, "tokens_subdir is"),
        ({"tokens_subdir": "train"}, "both 'train'"),
        ({"max_files": 0}, "max_files is 0"),
    ],
)
def test_wrong_arguments_are_refused(root, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        export_enchf(root, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_what_is_not_asked_for_is_neither_written_nor_counted(root, tmp_path):
    names = sorted(path.name for path in root.rglob("*.ecdc"))
    for most in range(1, len(names) + 1):
        done = export_enchf(root, tmp_path / str(most), max_files=most)
        assert done.rows == len(list((tmp_path / str(most)).rglob("*.ecdc"))) == most
        features = [read_sidecar(path).features for path in (tmp_path / str(most)).rglob("*.ecdc")]
        assert done.without_sidecar == sum(not one for one in features)


def test_other_folders_are_left_alone(root, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="left alone"):
        export_enchf(root, tmp_path / "mine")
    with pytest.raises(InputError):
        export_enchf(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.ecdc").write_bytes(b"PK")
    with pytest.raises(NoDataError):
        export_enchf(tmp_path / "bad", tmp_path / "out")


def test_a_build_without_the_split_says_which_it_has(root, tmp_path):
    build_tokens(plan_folder(root), tmp_path / "build")
    with pytest.raises(UsageError, match="no split 'test'; its tokens have train"):
        export_enchf(tmp_path / "build", tmp_path / "out", split="test")


def test_command_tells_what_it_wrote_and_left_out(root, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(cli, [str(one) for one in ("export", "enchf", root, tmp_path / "out", *arguments)])

    result = run("--split", "valid", "--verify", "--materialize", "copy")
    assert result.exit_code == 0
    assert "Wrote 3 rows of the split valid" in result.output
    assert "1 of them had no features" in result.output
    assert "Verified: every file is there" in result.output
    assert "Wrote 2 rows" in run("--no-recursive").output
    assert "Wrote 1 rows" in run("--max-files", "1").output
    (root / "z.ecdc").write_bytes(b"PK")
    bad = run()
    assert bad.exit_code == 1
    assert "Left out: z.ecdc: " in bad.output
