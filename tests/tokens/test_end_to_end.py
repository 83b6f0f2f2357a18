"""EncHF's end-to-end example on its own recordings: normalise, encode, features, audit, build, export, load."""

from __future__ import annotations

import json
import os

import datasets
import numpy as np
import pytest
import soundfile
import token_weights
from click.testing import CliRunner

import rhythm_maps
from rhythm_maps.cli import cli
from rhythm_maps.tokens import ecdc, read_sidecar

datasets.disable_progress_bars()


def run(*arguments):
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of calibrated weights."""
    pytest.importorskip("torch")
    base = tmp_path_factory.getbasetemp()
    return str(token_weights.file(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base))


def encode(norm, tokens, weights):
    """Encode every recording, at 6 kbps, into a tree like theirs."""
    from rhythm_maps.tokens.encodec import Encoder

    codec = Encoder(weights, device="cpu", threads=1)
    for path in norm.rglob("*.wav"):
        samples, rate = soundfile.read(path, dtype="float32")
        assert (samples.ndim, rate) == (1, 24_000)
        target = (tokens / path.relative_to(norm)).with_suffix(".ecdc")
        ecdc.write_enchf(target, codec.encode(samples), len(samples))


@pytest.mark.corpus
def test_the_whole_way_from_recordings_to_a_loader(golden, weights, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    norm, tokens = tmp_path / "norm", tmp_path / "tokens"

    result = run("audio", "normalize", golden / "raw", norm, "--recursive")
    assert result.exit_code == 0, result.output
    made = sorted(path.relative_to(norm).as_posix() for path in norm.rglob("*.wav"))
    assert made == ["a.wav", "b_tempo_120.0.wav", "c.wav", "nested/d.wav", "silence.wav"], "zero.wav is silent"

    encode(norm, tokens, weights)
    for name in made:
        read = ecdc.read((tokens / name).with_suffix(".ecdc"))
        samples = soundfile.info(norm / name).frames
        assert (read.samples, read.codes.shape) == (samples, (8, -(-samples // 320)))
    assert min(len(set(book)) for book in ecdc.read(tokens / "a.ecdc").codes.tolist()) > 1

    result = run(
        *("sidecar", "add", "--audio-root", tokens, "--const", "scene_id=7", "--lin", "gain_db=-12:0"),
        *("--from-filename", "--audio-feats", "rms_db", "--recordings", norm),
    )
    assert (result.exit_code, result.output) == (0, "5 sidecars written.\n")
    read = read_sidecar(tokens / "b_tempo_120.0.ecdc")
    assert read.names == ("scene_id", "gain_db", "tempo", "rms_db")
    assert set(read.values[:, 2]) == {120}

    result = run(
        *("sidecar", "audit", "--audio-root", tokens, "--expect-fps", "75", "--expect-dtype", "float16"),
        *("--require", "scene_id,gain_db,rms_db", "--verify-ranges", "--fail-on", "missing_features,range_below_min"),
    )
    assert result.exit_code == 0, result.output
    assert "Scanned  : 5 .ecdc files\nOK files : 5\n" in result.output

    result = run("build", "ecdc_folder", tokens, tmp_path / "build")
    assert result.exit_code == 0, result.output
    rows = {row["path"]: row for row in rhythm_maps.load_dataset(str(tmp_path / "build"))["train"]}
    assert set(rows) == {name.removesuffix(".wav") for name in made}

    result = run("export", "enchf", tokens, tmp_path / "hf_dataset", "--split", "train", "--verify")
    assert result.exit_code == 0, result.output
    listed = datasets.load_from_disk(str(tmp_path / "hf_dataset"))["train"]["audio"]
    assert len(listed) == 5
    for name in listed:
        path = tmp_path / "hf_dataset" / name
        row = rows[name.removeprefix("tokens/").removesuffix(".ecdc")]
        codes = torch.load(path, weights_only=True)["audio_codes"][0, 0]
        np.testing.assert_array_equal(codes.numpy(), row["codes"])
        cond = np.load(path.with_suffix(".cond.npy"))
        np.testing.assert_array_equal(cond.T.astype(np.float32), row["sidecar"]["values"])
        names = json.loads(path.with_suffix(".cond.json").read_text(encoding="utf-8"))["names"]
        assert names == row["sidecar"]["name"]
