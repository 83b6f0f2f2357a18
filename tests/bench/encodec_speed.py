"""Speed and memory of our EnCodec encoder against `encodec.EncodecModel.encode`, with calibrated weights.

Run by ``make bench``. All comparisons are interleaved in one run; ratios are medians over the rounds. Ends with 1 where
a bar is missed: CPU time on one core for one song, wall time on two cores for several, growth of memory over ten
minutes of audio. It also prints which share of the machine's own rate of float32 matrix products is reached, and on
CUDA the times real time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rhythm_maps.audio.synth import Segment, render
from rhythm_maps.tokens.codec import SAMPLING_RATE
from rhythm_maps.tokens.encodec import Encoder
from rhythm_maps.tokens.weights import load

SECONDS = 120
ROUNDS = 5
WALL_ROUNDS = 3
TOGETHER = 8
"""Songs that a process encodes at a time."""
LEAST_CPU_RATIO = 2.5
LEAST_WALL_RATIO = 4.0
LONG_SECONDS = 600
MOST_GROWTH_MB = 600
GFLOP_PER_SECOND = 3.09
"""Of audio at 6 kbit/s: convolutions 2.30, LSTM 0.63, codebooks 0.16."""

_worker: dict[str, Encoder] = {}


def music(seconds: float, seed: int = 0) -> np.ndarray:
    """Mono float32 at 24 kHz."""
    tempo = [Segment(0.0, 0.5), Segment(20.0, 0.43, 3), Segment(60.0, 0.37)]
    return render(tempo, seconds, SAMPLING_RATE, seed).mean(axis=1)


def timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds that a call takes on a clock."""
    start = clock()
    call()
    return clock() - start


def whole_file(model: Any, samples: np.ndarray) -> Callable[[], object]:
    """The codec's own way."""

    def encode() -> object:
        with torch.inference_mode():
            return model.encode(torch.from_numpy(samples)[None, None])

    return encode


def compare_cpu(path: str, model: Any) -> bool:
    """CPU time on one core, one song at a time."""
    samples = music(SECONDS)
    torch.set_num_threads(1)
    ours = Encoder(path, threads=1, device="cpu")
    theirs = whole_file(model, samples)
    left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)

    def product() -> None:
        for _ in range(20):
            left @ right

    ours.encode(samples[: 20 * SAMPLING_RATE]), product()  # warm up
    clock = time.process_time
    rounds = [
        (timed(theirs, clock), timed(lambda: ours.encode(samples), clock), timed(product, clock)) for _ in range(ROUNDS)
    ]
    ratio = statistics.median(a / b for a, b, _ in rounds)
    reference, own, gemm = (statistics.median(column) for column in zip(*rounds, strict=True))
    rate, machine = GFLOP_PER_SECOND * SECONDS / own, 20 * 2 * 1024**3 / gemm / 1e9
    print(f"{SECONDS} s of audio, CPU time of one core, median of {ROUNDS} interleaved rounds")
    print(f"  EncodecModel.encode {SECONDS / reference:6.1f} x real time")
    print(f"  ours                {SECONDS / own:6.1f} x real time  {ratio:.2f} x as fast (at least {LEAST_CPU_RATIO})")
    print(f"  {rate:.0f} of the {machine:.0f} GFLOP/s of its float32 matrix products: {100 * rate / machine:.0f} %")
    return ratio >= LEAST_CPU_RATIO


def start_worker(path: str) -> None:
    """Load the model once a process."""
    _worker["encoder"] = Encoder(path, threads=1, device="cpu")


def work(songs: list[np.ndarray]) -> int:
    """Encode songs one after another in a process of its own."""
    return sum(_worker["encoder"].encode(song).shape[1] for song in songs)


def work_together(songs: list[np.ndarray]) -> int:
    """Encode songs at a time in a process of its own."""
    return sum(codes.shape[1] for codes in _worker["encoder"].encode_many(songs))


def compare_wall(path: str, model: Any) -> bool:
    """Wall time on two cores, as audio per time: theirs with 1 and 2 threads, ours in two processes and two threads."""
    theirs = whole_file(model, music(SECONDS))
    songs = [music(SECONDS / 2, seed) for seed in range(2 * TOGETHER)]
    halves = [songs[:TOGETHER], songs[TOGETHER:]]
    threaded = Encoder(path, threads=2, device="cpu")
    threaded.encode_many([song[:SAMPLING_RATE] for song in songs])  # loads

    def rate(call: Callable[[], object], seconds: float) -> float:
        return seconds / timed(call, time.perf_counter)

    def reference(threads: int) -> float:
        torch.set_num_threads(threads)
        return rate(theirs, SECONDS)

    total = SECONDS / 2 * len(songs)
    with ProcessPoolExecutor(2, get_context("spawn"), start_worker, (path,)) as pool:
        list(pool.map(work_together, [[song[:SAMPLING_RATE] for song in half] for half in halves]))  # starts them
        rounds = [
            (
                max(reference(1), reference(2)),
                rate(lambda: list(pool.map(work_together, halves)), total),
                rate(lambda: threaded.encode_many(songs), total),
                rate(lambda: list(pool.map(work, [half[:1] for half in halves])), SECONDS),
                rate(lambda: threaded.encode(songs[0]), SECONDS / 2),
            )
            for _ in range(WALL_ROUNDS)
        ]
    best, *ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = [statistics.median(one[i] / one[0] for one in rounds) for i in range(1, 5)]
    ways = [
        f"two processes, {TOGETHER} songs at a time",
        f"two threads, {2 * TOGETHER} songs at a time",
        "two processes, a song at a time",
        "two threads, a song at a time",
    ]
    print(f"wall time on {os.cpu_count()} cores; EncodecModel.encode at its best: {best:.1f} x real time")
    for way, ours_rate, ratio in zip(ways, ours, ratios, strict=True):
        bar = f" (at least {LEAST_WALL_RATIO})" if way == ways[0] else ""
        print(f"  {way:35} {ours_rate:5.1f} x real time  {ratio:.2f} x as fast{bar}")
    return ratios[0] >= LEAST_WALL_RATIO


def measure_memory(path: str) -> None:
    """Encode ten minutes in this process and print how far its peak memory went above that after the imports.

    The baseline is taken before anything of size exists, and the song is a short one repeated: rendering it whole would
    raise the peak by more than the encoder does, and then nothing could be seen.
    """
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from peak_memory import peak_bytes

    before = peak_bytes()
    samples = np.tile(music(20.0), LONG_SECONDS // 20)
    Encoder(path, threads=1, device="cpu").encode(samples)
    growth = peak_bytes() - before
    if growth < samples.nbytes:
        raise SystemExit(f"{growth} bytes of growth do not even hold the song: this measures nothing")
    print(json.dumps(growth / 1e6))


def compare_memory(path: str) -> bool:
    """Growth of a child process over ten minutes of audio: song, weights and work."""
    command = [sys.executable, "-P", __file__, "memory", path]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    growth = float(json.loads(done.stdout))
    print(f"{LONG_SECONDS} s of audio: memory grew by {growth:.0f} MB (at most {MOST_GROWTH_MB})")
    return growth <= MOST_GROWTH_MB


def show_cuda(path: str) -> None:
    """Times real time for one song and for 64, and the share of codes that are the CPU's."""
    songs = [music(60.0, seed) for seed in range(64)]
    encoder = Encoder(path, device="cuda")
    encoder.encode_many(songs[:2])
    one = timed(lambda: encoder.encode(songs[0]), time.perf_counter)
    many = timed(lambda: encoder.encode_many(songs), time.perf_counter)
    expected = Encoder(path, device="cpu").encode_many(songs[:4])
    found = encoder.encode_many(songs[:4])
    same = np.mean([np.mean(a == b) for a, b in zip(expected, found, strict=True)])
    print(f"CUDA: one song {60 / one:.0f} x real time, 64 songs {64 * 60 / many:.0f} x, {same:.6f} of the CPU's codes")


def main() -> int:
    """Print the measurements; return the exit code."""
    if len(sys.argv) == 3:
        measure_memory(sys.argv[2])
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "weights.th"))
        weights = load("calibrated:0")
        torch.save(dict(weights.state), path)
        model = weights.model()
        model.set_target_bandwidth(6.0)
        passed = [compare_cpu(path, model), compare_wall(path, model), compare_memory(path)]
        if torch.cuda.is_available():
            show_cuda(path)
        else:
            print("no CUDA device: not measured on one")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
