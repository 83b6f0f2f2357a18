"""Builds of tokens that are killed: the command, a worker once, and a recording that kills whatever encodes it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import finish, kill_group, start_build, survivors, wait_for
from generate import write_mapsets
from trees import digests, faults_of

from rhythm_maps.build.token_cache import FOLDER

pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="kills by process group and looks in /proc")

SONGS = 4
OPTIONS = ["--configs", "charts,tracks,tokens", "--bandwidth", "1.5", "--weights", "calibrated:0"]


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", SONGS, audio_seconds=0.4)
    return tmp_path / "maps"


_PATCHES = """
import os, signal, sys, time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from rhythm_maps.tokens import settings

# A codec that needs no torch: what is tested is which process makes what, and not its codes.
settings.load_weights = lambda which: SimpleNamespace(kind="calibrated", sha256="0" * 64)

from rhythm_maps.build import recordings


class Codec:
    def encode_stream(self, blocks):
        samples = np.concatenate([*blocks])
        frames = np.resize(samples, (-(-len(samples) // 320), 320))
        return np.stack([(np.abs(frames).sum(axis=1) * scale).astype(np.uint16) % 1024 for scale in (9, 99)])


def tokenize(data, *rest, original=recordings.tokenize, **options):
    before(data)
    return original(data, *rest, **options)


recordings.encoder = lambda settings, run: Codec()
recordings.tokenize = tokenize
here = Path(__file__).parent


def before(data):
"""


def environment(tmp_path, name, body):
    """An environment with a cache of its own, in which a worker runs `body` before it encodes `data`."""
    folder = tmp_path / name
    folder.mkdir()
    program = _PATCHES + textwrap.indent(textwrap.dedent(body), "    ")
    (folder / "sitecustomize.py").write_text(program, encoding="utf-8")
    inherited = os.environ.get("PYTHONPATH")
    paths = [str(folder), *([inherited] if inherited else [])]
    return folder, {"PYTHONPATH": os.pathsep.join(paths), "RHYTHM_MAPS_CACHE": str(folder / "cache")}


def deadly(maps, times):
    """What kills a worker that encodes one of some mapsets' recordings: number of the mapset -> how often."""
    # The first bytes of its samples tell a recording from the others.
    heads = {}
    for number, n in times.items():
        with zipfile.ZipFile(maps / f"{number:04d}.osz") as archive:
            heads[archive.read("audio.wav")[:80]] = (number, n)
    return f"""
        number, times = {heads!r}.get(data[:80], (0, 0))
        done = len(list(here.glob(f"death-{{number}}-*")))
        if done < times:
            (here / f"death-{{number}}-{{done}}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
    """


def tokens_of(folder):
    """Recordings encoded so far: file of the cache -> when it was written."""
    return {path: path.stat().st_mtime_ns for path in (folder / "cache" / FOLDER).rglob("*.tokens")}


def test_a_killed_build_goes_on_and_encodes_nothing_twice(maps, tmp_path):
    slow, slowly = environment(tmp_path, "slow", "time.sleep(0.3)")
    process = start_build(maps, tmp_path / "out", environment=slowly, workers=1, more=OPTIONS)
    try:
        assert wait_for(lambda: len(tokens_of(slow)) >= 2 or process.poll() is not None, 120)
        assert process.poll() is None, "the build ended before it could be killed"
    finally:
        kill_group(process)
    assert wait_for(lambda: not survivors(process.pid), 15)
    made = tokens_of(slow)
    assert 2 <= len(made) < SONGS
    assert faults_of(tmp_path / "out") == []
    code, _, err = finish(start_build(maps, tmp_path / "out", environment=slowly, workers=2, more=OPTIONS))
    assert code == 0, err
    after = tokens_of(slow)
    assert len(after) == SONGS
    assert {path: after[path] for path in made} == made
    # Another cache, in which everything is encoded: the same bytes.
    _, fresh = environment(tmp_path, "fresh", "pass")
    code, _, err = finish(start_build(maps, tmp_path / "again", environment=fresh, workers=1, more=OPTIONS))
    assert code == 0, err
    assert digests(tmp_path / "again") == digests(tmp_path / "out")


def test_a_recording_that_kills_its_worker_alone_twice_is_a_reject_and_the_others_have_rows(maps, tmp_path):
    """And one that killed once, which memory that ran short may do, has its row."""
    folder, environ = environment(tmp_path, "killer", deadly(maps, {1: 1000, 2: 1}))
    code, out, err = finish(start_build(maps, tmp_path / "out", environment=environ, more=OPTIONS))
    assert code == 0, err
    assert len(list(folder.glob("death-1-*"))) in {2, 3}, "twice alone, and once before where others ran"
    assert len(list(folder.glob("death-2-*"))) == 1
    assert "tokens reject audio_killed_worker" in out
    lines = pq.read_table(tmp_path / "out/meta/ledger.parquet").to_pylist()
    tokens = {line["path"]: line for line in lines if line["kind"] == "tokens"}
    assert tokens["0001.osz"]["code"] == "audio_killed_worker"
    assert [line["outcome"] for path, line in sorted(tokens.items()) if path != "0001.osz"] == ["row"] * (SONGS - 1)
    for config, rows in (("tracks", SONGS), ("tokens", SONGS - 1)):
        assert sum(pq.read_metadata(file).num_rows for file in (tmp_path / "out" / config).iterdir()) == rows
    assert [path.name for path in tmp_path.glob("out*")] == ["out"]


def test_wrong_weights_end_a_build_before_it_begins(maps, tmp_path):
    command = [
        sys.executable,
        "-P",
        "-m",
        "rhythm_maps",
        "build",
        "osu",
        "maps",
        "--out",
        "out",
        *OPTIONS[:-1],
        "none.th",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "none.th" in done.stderr
    assert not list(tmp_path.glob("out*"))
    assert "Found" not in done.stdout, "not even the scan has begun"
