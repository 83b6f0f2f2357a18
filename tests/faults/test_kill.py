"""SIGKILL of the real command, of one of its workers and of its parent alone; full disks; two builds at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from commands import FRACTIONS, finish, kill_group, start_build, survivors, wait_for
from generate import write_mapsets
from trees import build_osu, digests, faults_of

pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="kills by process group and looks in /proc")

MAPSETS = 60
SHARES = [float(share) for share in FRACTIONS.split(",")]


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", MAPSETS, audio_seconds=0.5)
    return tmp_path / "maps"


@pytest.fixture
def expected(maps, tmp_path):
    """The bytes that an undisturbed build of `maps` has."""
    return digests(build_osu(maps, tmp_path / "reference" / "out", fractions=SHARES).out)


def kill_and_resume(maps, tmp_path, expected, moments):
    """Kill the command at each of `moments` (shares of its duration), then run it to its end, in a fresh folder each.

    Returns how many were killed before they ended; what ended too soon says how long a build really takes.
    """
    duration, killed = 5.0, 0
    for number, moment in enumerate(moments):
        out = tmp_path / f"kill{number}" / "out"
        started = time.monotonic()
        process = start_build(maps, out)
        try:
            process.wait(moment * duration)
            duration = min(duration, time.monotonic() - started)
        except subprocess.TimeoutExpired:
            killed += 1
        kill_group(process)
        assert wait_for(lambda group=process.pid: not survivors(group), 5)
        assert faults_of(out) == []
        build_osu(maps, out, fractions=SHARES)
        assert digests(out) == expected, f"other bytes after a kill at {moment:.2f} of the duration"
        assert [path.name for path in out.parent.iterdir()] == ["out"]
    return killed


def test_a_command_killed_at_random_times_resumes_to_the_same_bytes(maps, tmp_path, expected):
    random_numbers = random.Random(20)
    # The first third is Python starting and importing; the file system changes after it.
    moments = [1.0, *(random_numbers.uniform(0.35, 1.0) for _ in range(10))]
    assert kill_and_resume(maps, tmp_path, expected, moments) >= 5


@pytest.mark.stress
@pytest.mark.timeout(3600)
def test_a_command_killed_at_a_hundred_random_times_resumes_to_the_same_bytes(maps, tmp_path, expected):
    random_numbers = random.Random(21)
    moments = [1.0, *(random_numbers.uniform(0.1, 1.0) for _ in range(100))]
    assert kill_and_resume(maps, tmp_path, expected, moments) >= 60


def killer(tmp_path, victim, *, times):
    """An environment in which a worker that reads the mapset `victim` kills itself, the first `times` times."""
    folder = tmp_path / "killer"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        textwrap.dedent(f"""
            import os, signal, sys
            from pathlib import Path

            if "--multiprocessing-fork" in sys.orig_argv:
                from rhythm_maps.build import shard

                load = shard.load

                def deadly(roots, entry, audio):
                    done = len(list(Path({str(folder)!r}).glob("death-*")))
                    if entry.path == {victim!r} and done < {times}:
                        Path({str(folder)!r}, f"death-{{done}}").touch()
                        os.kill(os.getpid(), signal.SIGKILL)
                    return load(roots, entry, audio)

                shard.load = deadly
        """),
        encoding="utf-8",
    )
    inherited = os.environ.get("PYTHONPATH")
    return folder, {"PYTHONPATH": os.pathsep.join([str(folder), inherited] if inherited else [str(folder)])}


def test_a_worker_that_dies_once_changes_nothing(maps, tmp_path, expected):
    folder, environment = killer(tmp_path, "0017.osz", times=1)
    code, out, err = finish(start_build(maps, tmp_path / "out", environment=environment))
    assert code == 0, err
    assert (folder / "death-0").exists()
    assert "Built" in out
    assert digests(tmp_path / "out") == expected


def test_a_mapset_that_always_kills_is_named_and_the_finished_shards_are_kept(maps, tmp_path, expected):
    folder, environment = killer(tmp_path, "0017.osz", times=1000)
    place = tmp_path / "made"
    code, _, err = finish(start_build(maps, place / "out", environment=environment))
    assert code == 1
    assert len(list(folder.glob("death-*"))) == 2, "a shard is tried twice"
    assert err.startswith("Error: shard ")
    assert "'0017.osz'" in err
    assert "-of-" in err
    assert "Traceback" not in err
    assert not (place / "out").exists()
    kept = list(place.glob("out.build-*/parts/*"))
    assert kept
    before = {part: part.stat().st_mtime_ns for part in kept}
    result = build_osu(maps, place / "out", fractions=SHARES)
    assert result.reused == len(before)
    assert digests(place / "out") == expected


def test_workers_end_when_their_parent_is_killed(maps, tmp_path, expected):
    process = start_build(maps, tmp_path / "out")
    try:
        assert wait_for(lambda: len(survivors(process.pid)) >= 3 or process.poll() is not None, 60)
        assert process.poll() is None, "the build ended before it could be killed: give it more mapsets"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert wait_for(lambda: not survivors(process.pid), 15), "workers outlive their parent"
    finally:
        kill_group(process)
    assert faults_of(tmp_path / "out") == []
    build_osu(maps, tmp_path / "out", fractions=SHARES)
    assert digests(tmp_path / "out") == expected


def test_a_reader_sees_a_build_absent_or_whole_while_it_is_replaced(maps, tmp_path):
    """Three builds that differ replace each other, in a process, while a thread looks."""
    out, seen, stop = tmp_path / "out", [], threading.Event()

    def look():
        last = False
        while not last:
            last = stop.is_set()
            try:
                folder = os.open(out, os.O_RDONLY)
            except FileNotFoundError:
                seen.append("absent")
                continue
            try:
                # Through the open folder: a path would lead into the next build when this one is replaced.
                faults = faults_of(Path(f"/proc/self/fd/{folder}"))
                # A build that was replaced meanwhile is emptied under the reader's eyes; that is no half build.
                replaced = not out.exists() or out.stat().st_ino != os.fstat(folder).st_ino
                seen.append("whole" if not faults or replaced else faults)
            except FileNotFoundError:
                seen.append("replaced")
            finally:
                os.close(folder)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for min_notes in (1, 2, 3):
            build_osu(maps, out, fractions=SHARES, min_notes=min_notes)
    finally:
        stop.set()
        reader.join()
    assert {"absent", "whole"} <= set(map(str, seen)) <= {"absent", "whole", "replaced"}
    assert faults_of(out) == []


def test_a_second_build_of_the_same_folder_is_told_so_and_tears_nothing(maps, tmp_path, expected):
    out = tmp_path / "made" / "out"
    first = start_build(maps, out)
    try:
        assert wait_for(lambda: list((tmp_path / "made").glob("out.build-*")), 60)
        code, _, err = finish(start_build(maps, out, workers=1))
    finally:
        first_code, _, first_err = finish(first)
    assert first_code == 0, first_err
    assert code == 0 or "another process is writing it" in err
    assert digests(out) == expected


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_full_disk_ends_a_build_with_one_clear_error_and_the_next_one_goes_on(maps, tmp_path, expected, workers):
    """A limit on the size of files stands for a full disk: writing fails in the middle of a Parquet file."""
    arguments = ["build", "osu", str(maps), "--out", str(tmp_path / "out"), "--splits", FRACTIONS, "--workers", workers]
    program = textwrap.dedent("""
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        from rhythm_maps.cli import main
        main()
    """)
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    build_osu(maps, tmp_path / "out", fractions=SHARES)
    assert digests(tmp_path / "out") == expected
