"""Speed of decoding to 24 kHz mono against soundfile.read and soxr on the whole file, and memory on a long one.

Run by ``make bench``. Ours reads in blocks, puts the samples on the game's clock and says what is wrong with the file;
the peer does none of it. Ends with 1 where a bar is missed.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROUNDS = 7
SECONDS = 120
RATE = 44_100
LEAST_RATIO = 0.6
"""Ours may take so much longer than the bare calls."""
LONG_SECONDS = 600
MOST_GROWTH_MB = 32


def music(seconds: int) -> np.ndarray:
    """Noise and a tone, stereo."""
    rng = np.random.default_rng(0)
    tone = 0.3 * np.sin(np.arange(seconds * RATE) / 17)
    return (tone[:, None] + rng.normal(0, 0.05, (seconds * RATE, 2))).astype(np.float32)


def files() -> dict[str, bytes]:
    """The same music in the formats that maps come in."""
    from rhythm_maps.audio.synth import encode_mp3, encode_ogg, encode_wav

    samples = music(SECONDS)
    return {"mp3": encode_mp3(samples, RATE), "ogg": encode_ogg(samples, RATE), "wav": encode_wav(samples, RATE)}


def peer(data: bytes) -> np.ndarray:
    """What one would write by hand."""
    import soundfile
    import soxr

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    return soxr.resample(samples.mean(axis=1), rate, 24_000, quality="HQ")


def ours(data: bytes) -> np.ndarray:
    """Decode, block by block."""
    from rhythm_maps.audio.decode import decode

    return decode(data, "song", rate=24_000, mono=True).samples


def timed(call: object, data: bytes) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    call(data)
    return time.process_time() - start


def compare() -> bool:
    """Print times real time of both, and the ratio; tell whether ours is fast enough."""
    passed = True
    for name, data in files().items():
        assert np.array_equal(ours(data), peer(data)), f"{name}: not the peer's samples"
        rounds = [(timed(ours, data), timed(peer, data)) for _ in range(ROUNDS)]
        mine, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(b / a for a, b in rounds)
        print(f"{name}: {SECONDS / mine:6.0f} x real time, soundfile + soxr {SECONDS / theirs:6.0f}, ratio {ratio:.2f}")
        passed = passed and ratio >= LEAST_RATIO
    return passed


def peak_mb(seconds: int) -> float:
    """Most memory, in MB, that a process held which decoded a song of this length block by block."""
    program = (
        "import sys; from pathlib import Path; from rhythm_maps.audio.decode import blocks; "
        "data = Path(sys.argv[1]).read_bytes(); "
        "n = sum(len(part) for part in blocks(data, 'song', rate=24_000, mono=True)); "
        "print(n, Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    from rhythm_maps.audio.synth import encode_ogg

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "song.ogg")
        path.write_bytes(encode_ogg(np.tile(music(60), (seconds // 60, 1)), RATE))
        size = path.stat().st_size
        shown = subprocess.run([sys.executable, "-P", "-c", program, path], capture_output=True, check=True).stdout
    count, peak = map(int, shown.split())
    assert count == seconds * 24_000
    return (peak * 1024 - size) / 1e6


def compare_memory() -> bool:
    """Print how the memory of decoding grows with the length; tell whether it stays within its bar."""
    short, long = peak_mb(60), peak_mb(LONG_SECONDS)
    print(f"memory beside the file: {short:.0f} MB for 60 s, {long:.0f} MB for {LONG_SECONDS} s")
    return long - short <= MOST_GROWTH_MB


def main() -> int:
    """Print the measurements; return the exit code."""
    passed = [compare()]
    if sys.platform == "linux":  # getrusage counts what the parent held before the child began
        passed.append(compare_memory())
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
