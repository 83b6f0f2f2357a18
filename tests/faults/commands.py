"""Runs the real command line in a process group of its own, so that it can be killed whole, and looks for survivors."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

FRACTIONS = "0.4,0.3,0.3"


def start_build(
    maps: Path, out: Path, *, workers: int = 2, environment: Mapping[str, str] | None = None, more: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start ``rhythm-maps build osu`` as the leader of a new process group."""
    command = [sys.executable, "-P", "-m", "rhythm_maps", "build", "osu", str(maps), "--out", str(out)]
    command += ["--workers", str(workers), "--splits", FRACTIONS, *more]
    return subprocess.Popen(
        command,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 120) -> tuple[int, str, str]:
    """Wait for a command; return its exit code and what it printed."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill_group(process)
        raise
    return process.returncode, out, err


def kill_group(process: subprocess.Popen[str]) -> None:
    """SIGKILL a command and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def survivors(group: int) -> list[int]:
    """Process ids of a process group that still run (zombies do not)."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                state, _, their_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(their_group) == group and state != "Z":
                    found.append(int(folder.name))
    return found


def wait_for(condition, seconds: float) -> bool:
    """Look until `condition()` holds or the time is over; tell whether it held."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
