"""Speed of a build of charts against slider's parser on the same real maps, and of ``rhythm-maps --help``.

Run by ``make bench``; the maps are those of the folder that RHYTHM_MAPS_CORPUS names. Ours includes reading, grouping,
song keys, ids, beats and Parquet; slider's is the parse alone. Ends with 1 where a bar is missed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 5
HELP_RUNS = 20
LEAST_RATIO = 1.0
MOST_HELP_MS = 150


def readable(folder: Path) -> list[Path]:
    """The `.osu` files below `folder` that slider can parse."""
    from slider import Beatmap

    found = []
    for path in sorted(folder.rglob("*.osu")):
        if path.is_file():
            try:
                Beatmap.parse(path.read_text("utf-8-sig"))
            except Exception:  # noqa: BLE001 - it raises whatever its code meets
                continue
            found.append(path)
    return found


def copy_as_mapsets(paths: list[Path], folder: Path) -> list[Path]:
    """Copy each file into a mapset of its own, as plain files."""
    copies = []
    for number, path in enumerate(paths):
        copy = folder / f"{number:04d}" / path.name
        copy.parent.mkdir(parents=True)
        shutil.copyfile(path, copy)
        copies.append(copy)
    return copies


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare_parsing(corpus: Path) -> bool:
    """Print files a second of both; tell whether ours is at least as fast."""
    from slider import Beatmap

    from rhythm_maps.build.run import build
    from rhythm_maps.build.scan import scan
    from rhythm_maps.build.spec import make_spec

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copies = copy_as_mapsets(readable(corpus), folder / "maps")
        spec = make_spec("osu", configs=["charts"])

        def parse_all() -> None:
            for path in copies:
                Beatmap.parse(path.read_text("utf-8-sig"))

        def scan_all() -> Path:
            os.environ["RHYTHM_MAPS_CACHE"] = str(folder / f"cache{time.perf_counter_ns()}")  # nothing is known yet
            return scan("osu", [folder / "maps"]).keep()

        plan = scan_all()

        def build_all() -> None:
            build(plan, folder / f"out{time.perf_counter_ns()}", spec)

        build_all()  # imports
        rounds = [(timed(parse_all), timed(scan_all), timed(build_all)) for _ in range(ROUNDS)]
    theirs, scans, builds = (statistics.median(column) for column in zip(*rounds, strict=True))
    both = statistics.median(one[1] + one[2] for one in rounds)
    n = len(copies)
    print(f"{n} real .osu files, one process, median of {ROUNDS} interleaved rounds")
    for name, seconds in (("slider parse", theirs), ("scan", scans), ("build charts", builds), ("scan + build", both)):
        print(f"  {name:13} {n / seconds:8.0f} files/s  {theirs / seconds:6.2f} x slider")
    return theirs / builds >= LEAST_RATIO


def compare_help() -> bool:
    """Print what ``--help`` takes beyond starting Python; tell whether it is within its bar."""
    ours = [sys.executable, "-P", "-m", "rhythm_maps", "--help"]
    bare = [sys.executable, "-P", "-c", "pass"]

    def run(command: list[str]) -> float:
        return timed(lambda: subprocess.run(command, check=True, capture_output=True))

    rounds = [(run(ours), run(bare)) for _ in range(HELP_RUNS)]
    helped, empty = (statistics.median(column) * 1000 for column in zip(*rounds, strict=True))
    print(f"rhythm-maps --help: {helped:.0f} ms, python -c pass: {empty:.0f} ms")
    print(f"  difference {helped - empty:.0f} ms (at most {MOST_HELP_MS})")
    return helped - empty <= MOST_HELP_MS


def main() -> int:
    """Print the measurements; return the exit code."""
    passed = compare_help()
    corpus = os.environ.get("RHYTHM_MAPS_CORPUS")
    if corpus:
        passed = compare_parsing(Path(corpus) / "osu") and passed
    else:
        print("RHYTHM_MAPS_CORPUS is not set: parsing is not compared")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
