"""Token files made in several processes: the same files, and a recording that kills its process costs only itself."""

from __future__ import annotations

import os
import textwrap

import pytest
from click.testing import CliRunner

from rhythm_maps.audio.synth import Segment, encode_wav, render
from rhythm_maps.cli import cli
from rhythm_maps.errors import BuildError, UsageError
from rhythm_maps.tokens import ecdc
from rhythm_maps.tokens.file_workers import Model, encode_in_processes
from rhythm_maps.tokens.files import Work, plan_encoding

SONGS = 5
MODEL = Model("calibrated:0", 6.0, "cpu")
_PATCHES = """
import os, signal
from pathlib import Path

import numpy as np

from rhythm_maps.tokens import file_workers


class Codec:
    def encode_stream(self, blocks):
        return np.zeros((8, -(-len(np.concatenate([*blocks])) // 320)), np.uint16)

    def encode_many(self, songs):
        return [self.encode_stream([song]) for song in songs]


def encode(jobs, work, encoder, original=file_workers.encode_unlocked):
    for job in jobs:
        before(job)
    return original(jobs, work, encoder)


# A codec that needs no torch: what is tested is which process makes what, and not its codes.
file_workers._encoder = lambda model: Codec()
file_workers.encode_unlocked = encode
here = Path(__file__).parent


def before(job):
"""


@pytest.fixture
def recordings(tmp_path):
    """Five short recordings, the third of them damaged."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(SONGS):
        music = render([Segment(0.0, 0.4 + 0.01 * i)], 0.3 + 0.1 * i, 24_000, i)
        (folder / f"{i}.wav").write_bytes(b"RIFFnothing" if i == 2 else encode_wav(music, 24_000))
    return folder


@pytest.fixture
def workers(tmp_path, monkeypatch):
    """Return a function that lets every worker run some lines before it encodes `job`."""

    def patch(body):
        folder = tmp_path / "site"
        folder.mkdir()
        program = _PATCHES + textwrap.indent(textwrap.dedent(body), "    ")
        (folder / "sitecustomize.py").write_text(program, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        return folder

    return patch


def outcomes(done):
    return [(one.name, one.outcome) for one in done]


def test_several_workers_make_the_files_of_one(recordings, tmp_path, weights_file):
    def encode(out, *more):
        command = ["tokens", "encode", recordings, tmp_path / out, "--weights", weights_file, "--device", "cpu", *more]
        return CliRunner().invoke(cli, [str(a) for a in command], catch_exceptions=False)

    one, several = encode("one"), encode("several", "--workers", "2")
    assert (one.exit_code, several.exit_code) == (1, 1)
    for result in (one, several):
        assert "Wrote 4 of 5 files" in result.output
        assert "2.wav: failed: " in result.output
    made = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert made == sorted(path.name for path in (tmp_path / "several").iterdir()) == [f"{i}.ecdc" for i in (0, 1, 3, 4)]
    for name in made:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "several" / name).read_bytes()
    (tmp_path / "several" / "3.ecdc").unlink()
    again = encode("several", "--workers", "2", "--together", "2")
    assert "Wrote 1 of 5 files" in again.output
    assert ecdc.read(tmp_path / "several" / "3.ecdc").samples == round(0.6 * 24_000)


@pytest.mark.parametrize("together", [1, 2, 8])
def test_a_recording_that_kills_its_process_costs_only_itself(recordings, tmp_path, workers, together):
    folder = workers(
        """
        if job.name == "1.wav":
            (here / f"death-{len(list(here.glob('death-*')))}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    steps = []

    def progress(jobs):
        for job in jobs:
            yield job
            steps.append(job)

    jobs = plan_encoding(recordings, tmp_path / "out")
    work = Work(tmp_path / "out", together=together)
    done = encode_in_processes(jobs, work, MODEL, 2, progress=progress)
    expected = ["written", "failed", "failed", "written", "written"]
    assert outcomes(done) == [(f"{i}.wav", outcome) for i, outcome in enumerate(expected)]
    assert "killed the process" in done[1].note
    assert len(list(folder.glob("death-*"))) == (2 if together == 1 else 3), "twice alone, and once in its batch"
    assert steps == jobs


def test_a_process_that_dies_once_costs_nothing(recordings, tmp_path, workers):
    workers(
        """
        if job.name == "1.wav" and not (here / "death").exists():
            (here / "death").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = encode_in_processes(plan_encoding(recordings, tmp_path / "out"), Work(tmp_path / "out"), MODEL, 2)
    assert [one.outcome for one in done] == ["written", "written", "failed", "written", "written"]


def test_what_is_there_is_kept_and_fills_no_batch(recordings, tmp_path, workers):
    folder = workers("(here / f'{os.getpid()}-{job.name}').touch()")
    out = tmp_path / "out"
    out.mkdir()
    for i in (0, 2, 3):
        (out / f"{i}.ecdc").write_bytes(b"there")
    done = encode_in_processes(plan_encoding(recordings, out), Work(out, together=2), MODEL, 4)
    assert [one.outcome for one in done] == ["kept", "written", "kept", "kept", "written"]
    seen = sorted(path.name.split("-")[1] for path in folder.glob("*.wav"))
    assert seen == ["1.wav", "4.wav"]
    assert len({path.name.split("-")[0] for path in folder.glob("*.wav")}) == 1, "one batch, one process"


def test_an_error_of_the_folder_ends_it(recordings, tmp_path, workers):
    workers("raise __import__('rhythm_maps.errors').errors.BuildError('no space left')")
    with pytest.raises(BuildError, match="no space left"):
        encode_in_processes(plan_encoding(recordings, tmp_path / "out"), Work(tmp_path / "out"), MODEL, 2)


def test_a_number_of_workers_is_at_least_one(tmp_path):
    with pytest.raises(UsageError, match="at least 1"):
        encode_in_processes([], Work(tmp_path), MODEL, 0)
