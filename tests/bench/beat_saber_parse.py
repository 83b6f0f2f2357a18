"""Decoding Beat Saber beatmaps to columns against ``orjson.loads`` of the same bytes, in memory, in one run.

The files are the beatmaps below the folder that RHYTHM_MAPS_CORPUS names, those below 5 MB as ordinary ones. Large maps
are large by lights and custom events; where the folder has none above 5 MB, some of that kind are made up here. Ours
gives all columns of notes, bombs, walls, arcs, chains, rotations and tempo events. Ends with 1 where a bar is missed.
"""

from __future__ import annotations

import contextlib
import math
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.beat_saber import beatmap

ROUNDS = 15
LARGE_BYTES, SMALL_BYTES = 5_000_000, 3_000
MOST_ORDINARY, MOST_LARGE = 1.2, 0.6
KEYS = {"_notes", "_obstacles", "colorNotes", "bombNotes", "obstacles", "colorNotesData"}


def beatmaps(folder: Path) -> list[bytes]:
    """Every file below `folder` that orjson reads as a beatmap."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.casefold() in {".dat", ".json"} and path.is_file():
            data = path.read_bytes()
            try:
                root = orjson.loads(data)
            except orjson.JSONDecodeError:
                continue
            if isinstance(root, dict) and KEYS & root.keys():
                found.append(data)
    return found


def made_up() -> list[bytes]:
    """Large maps: lights of format 2, lights and a mod's custom events of format 3, each with 2,000 notes."""
    lights_2 = [{"_time": i / 7, "_type": i % 5, "_value": i % 8, "_floatValue": 0.5} for i in range(120_000)]
    lights_3 = [{"b": i / 7, "et": i % 5, "i": i % 8, "f": 0.5} for i in range(80_000)]
    events = [
        {"b": i / 9, "t": "AnimateTrack", "d": {"track": f"t{i}", "position": [[0, i, 0, 0], [1, 0, i / 3, 1]]}}
        for i in range(50_000)
    ]
    notes_2 = [{"_time": i / 4, "_lineIndex": i % 4, "_lineLayer": 0, "_type": i % 2} for i in range(2000)]
    notes_3 = [{"b": i / 4, "x": i % 4, "y": 0, "c": i % 2, "d": 1, "a": 0} for i in range(2000)]
    return [
        orjson.dumps({"_version": "2.6.0", "_notes": notes_2, "_obstacles": [], "_events": lights_2}),
        orjson.dumps(
            {
                "version": "3.3.0",
                "colorNotes": notes_3,
                "basicBeatmapEvents": lights_3,
                "customData": {"customEvents": events},
            }
        ),
    ]


def theirs(data: bytes) -> None:
    """Decode to Python objects."""
    orjson.loads(data)


def ours(data: bytes) -> None:
    """Decode to columns."""
    with contextlib.suppress(BadFormat):  # a broken file is refused by us alone: orjson reads any JSON
        beatmap.read(data, "", Counter())


def timed(call: Callable[[bytes], None], files: Sequence[bytes]) -> float:
    """Seconds that a call takes over all files."""
    start = time.perf_counter()
    for data in files:
        call(data)
    return time.perf_counter() - start


def compare(name: str, files: Sequence[bytes], most: float) -> bool:
    """Print how long both take; tell whether ours stays within its bar."""
    for call in (theirs, ours):
        timed(call, files)
    rounds = [(timed(theirs, files), timed(ours, files)) for _ in range(ROUNDS)]
    json_s, columns_s = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(one / other for other, one in rounds)
    size = sum(map(len, files)) / 1e6
    print(f"{name}: {len(files)} beatmaps, {size:.1f} MB, median of {ROUNDS} interleaved rounds")
    print(f"  orjson.loads {json_s * 1000:8.1f} ms  {size / json_s:6.0f} MB/s")
    print(f"  to columns   {columns_s * 1000:8.1f} ms  {size / columns_s:6.0f} MB/s")
    print(f"  ratio {ratio:.2f}" + (f" (at most {most})" if most < math.inf else ""))
    return ratio <= most


def main() -> int:
    """Print the measurements; return the exit code."""
    corpus = os.environ.get("RHYTHM_MAPS_CORPUS")
    files = beatmaps(Path(corpus) / "beat_saber") if corpus else []
    ordinary = [data for data in files if len(data) < LARGE_BYTES]
    large = [data for data in files if len(data) >= LARGE_BYTES]
    passed = True
    if ordinary:
        passed = compare("ordinary", ordinary, MOST_ORDINARY)
        usual = [data for data in ordinary if SMALL_BYTES <= len(data) < LARGE_BYTES // 10]
        compare("of them 3 KB to 0.5 MB (mostly notes; no bar)", usual, math.inf)
    else:
        print("RHYTHM_MAPS_CORPUS is not set: ordinary beatmaps are not compared")
    return 0 if compare("large" if large else "large, made up", large or made_up(), MOST_LARGE) and passed else 1


if __name__ == "__main__":
    sys.exit(main())
