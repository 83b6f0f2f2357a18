"""``rhythm-maps tokens`` as a person meets it: what is made, what is said, how it ends."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
import token_weights
import torch
from click.testing import CliRunner
from generate import write_mapsets

from rhythm_maps.audio.synth import Segment, encode_mp3, encode_wav, render
from rhythm_maps.build import run as builds
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.cli import cli
from rhythm_maps.errors import InputError, NoDataError, UsageError
from rhythm_maps.tokens import ecdc
from rhythm_maps.tokens.encodec import Encoder
from rhythm_maps.tokens.files import Work, encode_files, plan_encoding


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    torch.set_num_threads(1)  # two that wait for each other are slow where tests run side by side
    return token_weights.file(tmp_path_factory.getbasetemp().parent / "token_weights")


@pytest.fixture
def recordings(tmp_path):
    """Two recordings, one in a subfolder with dots in its name, and a damaged one."""
    folder = tmp_path / "in"
    (folder / "nested").mkdir(parents=True)
    music = render([Segment(0.0, 0.5)], 1.01, 24_000)
    (folder / "a.wav").write_bytes(encode_wav(music, 24_000))
    (folder / "nested" / "b_tempo_120.0.mp3").write_bytes(encode_mp3(music, 24_000))
    (folder / "bad.ogg").write_bytes(b"OggS" + bytes(100))
    (folder / "notes.txt").write_text("not music", encoding="utf-8")
    return folder


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def test_batches_as_a_gpu_takes_them_cost_no_good_file(recordings, tmp_path, weights):
    encoder = Encoder(weights, device="cpu", threads=1)
    jobs = plan_encoding(recordings, tmp_path / "out", recursive=True)
    done = {one.name: one.outcome for one in encode_files(jobs, Work(tmp_path / "out", together=2), encoder)}
    assert done == {"a.wav": "written", "bad.ogg": "failed", "nested/b_tempo_120.0.mp3": "written"}
    for job in jobs:
        if not job.missing:
            samples, _ = soundfile.read(job.source, dtype="float32", always_2d=True)
            found = ecdc.read(job.target)
            assert found.samples == len(samples)
            np.testing.assert_array_equal(found.codes, encoder.encode_many([samples.mean(axis=1)])[0])
    again = encode_files(jobs, Work(tmp_path / "out", together=2), encoder)
    assert {one.outcome for one in again} == {"kept", "failed"}


def test_a_folder_is_mirrored_and_a_bad_file_costs_only_itself(recordings, tmp_path, weights):
    out = tmp_path / "out"
    result = run(
        "tokens", "encode", recordings, out, "--weights", weights, "--recursive", "--verify", "--device", "cpu"
    )
    assert result.exit_code == 1
    assert "Wrote 2 of 3 files" in result.output
    assert "bad.ogg: failed: " in result.output
    assert "Weights: file, sha256 " in result.output
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert made == ["a.ecdc", "nested/b_tempo_120.0.ecdc"]
    tokens = ecdc.read(out / "a.ecdc")
    assert (tokens.kind, tokens.samples, tokens.codes.shape) == ("enchf", 24_240, (8, 76))
    samples, _ = soundfile.read(recordings / "a.wav", dtype="float32")
    expected = Encoder(weights, threads=1, device="cpu").encode(samples.mean(axis=1, dtype=np.float32))
    np.testing.assert_array_equal(tokens.codes, expected)


def test_what_is_there_is_kept_unless_asked(recordings, tmp_path, weights):
    (recordings / "bad.ogg").unlink()
    out = tmp_path / "out"
    arguments = ["tokens", "encode", recordings, out, "--weights", weights, "--device", "cpu", "--format", "ecdc"]
    assert run(*arguments, "--bandwidth", "1.5").exit_code == 0
    first = (out / "a.ecdc").read_bytes()
    assert ecdc.read(first).kind == "binary"
    again = run(*arguments, "--weights", "no such file")
    assert again.exit_code == 0
    assert "kept 1 that were there" in again.output
    assert run(*arguments, "--verify").exit_code == 1  # two codebooks, eight expected
    assert "2 codebooks, expected 8" in run(*arguments, "--verify").output
    assert run(*arguments, "--overwrite", "--verify").exit_code == 0
    assert (out / "a.ecdc").read_bytes() != first


def test_nothing_is_made_where_only_a_list_is_asked_for(recordings, tmp_path):
    out = tmp_path / "out"
    (out / "nested").mkdir(parents=True)
    (out / "nested" / "b_tempo_120.0.ecdc").write_bytes(b"there")
    missing = run("tokens", "encode", recordings, out, "--recursive", "--list-missing")
    assert missing.exit_code == 0
    assert "a.wav -> " in missing.output
    assert "b_tempo" not in missing.output
    assert "2 of 3 recordings to encode." in missing.output
    assert "3 of 3" in run("tokens", "encode", recordings, out, "--recursive", "--dry-run", "--overwrite").output
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["b_tempo_120.0.ecdc"]


def test_tokens_become_audio_of_the_length_they_had(recordings, tmp_path, weights):
    (recordings / "bad.ogg").unlink()
    tokens, out = tmp_path / "tokens_of", tmp_path / "audio"
    options = ["--weights", weights, "--device", "cpu"]
    assert run("tokens", "encode", recordings, tokens, *options).exit_code == 0
    (tokens / "broken.ecdc").write_bytes(b"junk")
    result = run("tokens", "decode", tokens, out, *options)
    assert result.exit_code == 1
    assert "broken.ecdc: failed: " in result.output
    info = soundfile.info(out / "a.wav")
    assert (info.frames, info.samplerate, info.channels, info.subtype) == (24_240, 24_000, 1, "PCM_16")
    played, _ = soundfile.read(out / "a.wav", dtype="float32")
    expected = Encoder(weights, device="cpu").decode(ecdc.read(tokens / "a.ecdc").codes)[:24_240]
    np.testing.assert_allclose(played, np.clip(expected, -1, 32_767 / 32_768), atol=0.51 / 32_768)


@pytest.fixture
def codes_of_a_build(tmp_path):
    """Return a function that writes the tokens of a build: (track_id, path, sha256 of the weights) a row."""

    def write(*rows):
        codes = np.random.default_rng(0).integers(0, 1024, (8, 10)).tolist()
        made = [
            {
                "track_id": track,
                "path": path,
                "codes": codes,
                "duration_s": 3_100 / 24_000,
                "model_sha256": sha,
                "weights": "file",
            }
            for track, path, sha in rows
        ]
        (tmp_path / "build" / "tokens").mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(made), tmp_path / "build" / "tokens" / "train-00000-of-00001.parquet")
        return tmp_path / "build"

    return write


def test_a_track_of_a_build_becomes_audio(codes_of_a_build, tmp_path, weights):
    sha = Encoder(weights, device="cpu").weights.sha256
    build = codes_of_a_build(("aa01", None, sha), ("bb02", None, "other"))
    arguments = ["tokens", "decode", build, tmp_path / "audio", "--weights", weights, "--device", "cpu"]
    assert "Wrote 1 of 1" in run(*arguments, "--track", "aa").output
    assert [path.name for path in (tmp_path / "audio").iterdir()] == ["aa01.wav"]
    assert soundfile.info(io.BytesIO((tmp_path / "audio" / "aa01.wav").read_bytes())).frames == 3_100
    assert "kept 1 that were there" in run(*arguments, "--track", "aa").output
    assert "Wrote 1 of 1" in run(*arguments, "--track", "aa", "--overwrite").output
    with pytest.raises(UsageError, match="name them with --weights"):
        run(*arguments, "--track", "bb02")
    with pytest.raises(UsageError, match="aa01: its tokens were made with file weights, not the published ones"):
        run(*arguments[:4], "--track", "aa", "--device", "cpu")  # and not that the published ones are missing
    with pytest.raises(NoDataError, match="begins with cc; the other 1"):
        run(*arguments, "--track", "aa", "--track", "cc")


def test_rows_of_token_files_become_audio_below_the_folder(codes_of_a_build, tmp_path, weights):
    """They name neither a track nor whose weights made them; a path of a foreign table leads nowhere else."""
    build = codes_of_a_build((None, "train/a", None), (None, "../../b", None), ("/c", None, None))
    result = run("tokens", "decode", build, tmp_path / "audio", "--weights", weights, "--device", "cpu")
    assert "Wrote 3 of 3" in result.output
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.wav")}
    assert written == {"audio/train/a.wav", "audio/_/_/b.wav", "audio/_/c.wav"}


def test_a_build_without_tokens_says_so(tmp_path, weights):
    write_mapsets(tmp_path / "maps", 1)
    builds.build(scan("osu", [tmp_path / "maps"]).keep(), tmp_path / "build", make_spec("osu", configs=("charts",)))
    with pytest.raises(UsageError, match="a build without tokens"):
        run("tokens", "decode", tmp_path / "build", tmp_path / "audio", "--weights", weights)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["IN", "OUT", "--bandwidth", "5"], UsageError, "1.5, 3, 6, 12, 24"),
        (["IN", "OUT", "--extensions", "aac"], UsageError, "no .aac files"),
        (["IN", "OUT", "--suffix", "ecdc"], UsageError, "expected a dot"),
        (["IN", "IN", "--suffix", ".wav", "--extensions", "wav"], UsageError, "would be written over"),
        (["NONE", "OUT"], InputError, "no such file or folder"),
    ],
)
def test_mistakes_are_named(recordings, tmp_path, arguments, error, said):
    places = {"IN": recordings, "OUT": tmp_path / "out", "NONE": tmp_path / "none"}
    with pytest.raises(error, match=said):
        run("tokens", "encode", *(places.get(a, a) for a in arguments))


def test_two_recordings_of_one_name_are_refused(recordings, tmp_path):
    (recordings / "a.ogg").write_bytes(b"")
    with pytest.raises(UsageError, match="would both become"):
        run("tokens", "encode", recordings, tmp_path / "out")
