"""Peak memory of builds of 50, 200 and 800 generated mapsets with 1 MB of audio each, every build in its own process.

Run by ``make bench``. Ends with 1 when 800 mapsets need over 15 % more than 200: memory must follow the size of a row
group, not of the collection.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

SIZES = (50, 200, 800)
AUDIO_SECONDS = 6.0
ROW_GROUP_BYTES = 8 << 20
MOST_GROWTH = 1.15
MIB = 1 << 20


def measure(maps: Path, out: Path) -> None:
    """Scan and build in this process and print its peak resident memory in bytes."""
    import resource

    from rhythm_maps.build.run import build
    from rhythm_maps.build.scan import scan
    from rhythm_maps.build.spec import make_spec

    build(scan("osu", [maps]).keep(), out, make_spec("osu", row_group_bytes=ROW_GROUP_BYTES))
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def peak(folder: Path, n: int) -> int:
    """Return the peak memory of a build of `n` mapsets, in bytes."""
    from generate import write_mapsets

    write_mapsets(folder / "maps", n, audio_seconds=AUDIO_SECONDS)
    command = [sys.executable, "-P", __file__, str(folder / "maps"), str(folder / "out")]
    environment = {**os.environ, "RHYTHM_MAPS_CACHE": str(folder / "cache")}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return int(done.stdout)


def main() -> int:
    """Print a table; return the exit code."""
    if len(sys.argv) == 3:
        measure(Path(sys.argv[1]), Path(sys.argv[2]))
        return 0
    print(f"peak memory of a build, {AUDIO_SECONDS * 0.1764:.1f} MB audio a mapset, row groups of 8 MiB, one worker")
    peaks = {}
    for n in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            peaks[n] = peak(Path(folder), n)
        print(f"  {n:4} mapsets  {peaks[n] / MIB:7.0f} MiB", flush=True)
    growth = peaks[SIZES[-1]] / peaks[SIZES[-2]]
    print(f"  {SIZES[-1]} against {SIZES[-2]}: {growth:.2f} (at most {MOST_GROWTH})")
    return 0 if growth <= MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
