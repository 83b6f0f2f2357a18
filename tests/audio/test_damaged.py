"""Damaged audio costs itself alone: declared errors, no dead process, bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from mutants import KINDS, try_one

MOST_MIB = 1000

CHILD = """
import json, sys
sys.path[:0] = [sys.argv[1], sys.argv[4]]
from mutants import try_one
from peak_memory import peak_bytes
seen = [try_one(number) for number in range(int(sys.argv[2]), int(sys.argv[3]))]
print(json.dumps([seen, peak_bytes()]))
"""


def in_a_child(first, last):
    """What mutants gave in a process of their own, and the most memory it held, in MiB."""
    here = Path(__file__).parent
    command = [sys.executable, "-P", "-c", CHILD, str(here), str(first), str(last), str(here.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3000)
    assert done.returncode == 0, f"exit {done.returncode} on {first}..{last}: {done.stderr[-2000:]}"
    assert done.stderr == ""
    seen, peak = json.loads(done.stdout)
    return seen, peak / (1 << 20)


def test_mutants(capfd):
    seen = Counter(try_one(number) for number in range(160))
    assert {kind for kind, _ in seen} == set(KINDS)
    codes = {code for _, code in seen}
    assert {"ok", "truncated", "unreadable_audio"} <= codes
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="the resource module is not there")
def test_the_memory_of_a_child_is_bounded():
    seen, peak = in_a_child(160, 200)
    assert len(seen) == 40
    assert 10 < peak < MOST_MIB


@pytest.mark.stress
@pytest.mark.skipif(sys.platform == "win32", reason="the resource module is not there")
@pytest.mark.parametrize("first", range(1000, 3000, 250))
def test_thousands_of_mutants(first):
    seen, peak = in_a_child(first, first + 250)
    assert len(seen) == 250
    assert peak < MOST_MIB
