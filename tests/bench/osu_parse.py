"""How fast `.osu` files become the charts table, beside rosu-pp-py (native) and slider (Python), and where time goes.

Usage: python osu_parse.py [FOLDER]; the folder of `.osu` files is ``$RHYTHM_MAPS_CORPUS/osu`` unless given. Files are
in memory, everything runs in this process, the rounds of all three are interleaved, medians are printed. Exit status
1: below the floor (0.35 of rosu-pp-py, 10 times slider).
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from rhythm_maps import limits
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.osu import GAME, charts, rows, tempo

ROUNDS = 5
FLOOR_ROSU, FLOOR_SLIDER = 0.35, 10.0


def batches(files: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Cut the files as a build reads ahead."""
    batch: list[bytes] = []
    size = 0
    for data in files:
        batch.append(data)
        size += len(data)
        if size >= limits.READ_AHEAD_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def ours(files: Sequence[bytes]) -> int:
    """Make the charts table with both hashes of every file; return its rows."""
    n = 0
    for batch in batches(files):
        parsed = GAME.parse([MapsetBytes((("a.osu", "a.osu"),), {"a.osu": data}) for data in batch])
        table = GAME.rows(parsed, Facts(np.full(len(parsed.names), np.nan)))
        hashes = [hashlib.sha256(data).hexdigest() for data in batch]
        assert len(hashes) >= table.num_rows
        n += table.num_rows
    return n


def readable(files: Sequence[bytes], read: Callable[[bytes], object]) -> list[bytes]:
    """Return the files that a peer reads at all."""
    found = []
    for data in files:
        try:
            read(data)
        except Exception:  # noqa: BLE001 - whatever a peer raises, it has not read the file
            continue
        found.append(data)
    return found


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes; what others left to collect is collected before."""
    gc.collect()
    begin = perf_counter()
    work()
    return perf_counter() - begin


def stages(files: Sequence[bytes]) -> dict[str, float]:
    """Return the seconds that each part takes, the median of the rounds."""
    parts = {
        "headers": (charts._Files, "add"),
        "timing": (charts.timing, "read_timing"),
        "objects": (charts.hitobjects, "read_objects"),
        "slider ends": (charts, "slider_ends"),
        "beats": (tempo, "beats"),
        "beats of notes": (tempo, "note_beats"),
        "main tempo": (tempo, "bpms"),
        "Arrow, the rest": (rows, "make_rows"),
        "md5, sha256": (hashlib, "md5"),
    }
    spent: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(ROUNDS):
        clock: dict[str, float] = defaultdict(float)
        kept = [(owner, name, getattr(owner, name)) for owner, name in parts.values()]
        for (label, (owner, name)), (_, _, function) in zip(parts.items(), kept, strict=True):
            setattr(owner, name, _timed(function, label, clock))
        try:
            ours(files)
        finally:
            for owner, name, function in kept:
                setattr(owner, name, function)
        inside = clock["beats"] + clock["beats of notes"] + clock["main tempo"]
        clock["Arrow, the rest"] -= inside
        clock["md5, sha256"] += seconds(lambda: [hashlib.sha256(data).hexdigest() for data in files])
        for name, values in spent.items():
            values.append(clock[name])
    return {name: median(values) for name, values in spent.items()}


def _timed(function: Callable[..., Any], label: str, clock: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        begin = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            clock[label] += perf_counter() - begin

    return run


def main() -> int:
    """Print the figures; return the exit status."""
    try:
        import rosu_pp_py
        import slider
    except ImportError as error:
        print(f"{error.name} is not installed: pip install 'rhythm-maps[bench]'")
        return 0
    default = Path(os.environ.get("RHYTHM_MAPS_CORPUS", "."), "osu")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    files = [path.read_bytes() for path in sorted(folder.rglob("*.osu")) if path.is_file()]
    if not files:
        print("no .osu files: set RHYTHM_MAPS_CORPUS or name a folder")
        return 0

    def rosu(data: bytes) -> object:
        return rosu_pp_py.Beatmap(bytes=data)

    def peer(data: bytes) -> object:
        return slider.Beatmap.parse(data.decode("utf-8-sig"))

    theirs = readable(files, peer)
    jobs: dict[str, tuple[Sequence[bytes], Callable[[], object]]] = {
        "rhythm_maps": (files, lambda: ours(files)),
        "rosu-pp-py": (files, lambda: readable(files, rosu)),
        "rhythm_maps, slider's files": (theirs, lambda: ours(theirs)),
        "slider": (theirs, lambda: [peer(data) for data in theirs]),
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, (_, work) in jobs.items():
            times[name].append(seconds(work))
    speed = {name: sum(map(len, jobs[name][0])) / 1e6 / median(found) for name, found in times.items()}
    print(f"{len(files)} files, {sum(map(len, files)) / 1e6:.1f} MB -> {ours(files)} rows; slider reads {len(theirs)}")
    for name, found in speed.items():
        print(f"  {name:28} {found:8.1f} MB/s")
    native = speed["rhythm_maps"] / speed["rosu-pp-py"]
    python = speed["rhythm_maps, slider's files"] / speed["slider"]
    print(f"  {native:.2f} of rosu-pp-py (floor {FLOOR_ROSU}), {python:.1f} x slider (floor {FLOOR_SLIDER:.0f})")
    spent = stages(files)
    whole = sum(spent.values())
    for name, value in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {name:28} {value * 1e3:8.1f} ms {value / whole:6.0%}")
    return int(native < FLOOR_ROSU or python < FLOOR_SLIDER)


if __name__ == "__main__":
    raise SystemExit(main())
