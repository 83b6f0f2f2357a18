"""The whole pack: small, quick, and the same bytes from every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

PROGRAM = """
import hashlib, json, time
from rhythm_maps.games.beat_saber import samples as beat_saber
from rhythm_maps.games.osu import samples as osu
start = time.process_time()
pack = [*osu.mapsets(), *beat_saber.mapsets()]
cpu_s = time.process_time() - start
files = [[s.file_name, len(s.data), hashlib.sha256(s.data).hexdigest()] for s in pack]
print(json.dumps({"cpu_s": cpu_s, "files": files}))
"""


def test_two_processes_generate_the_same_small_pack_quickly():
    """Different hash seeds, so that nothing hangs on the order of a set."""
    runs = []
    for hash_seed in ("1", "2"):
        process = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(process.stdout))
    assert runs[0]["files"] == runs[1]["files"]
    assert sum(name.endswith((".osz", ".zip")) for name, _, _ in runs[0]["files"]) == 12
    assert sum(size for _, size, _ in runs[0]["files"]) <= 6_000_000
    assert max(run["cpu_s"] for run in runs) <= 12
