"""Token files of many recordings in several processes, a core each: the fastest way through them on a CPU.

A recording that kills its process costs only itself: it is tried once more, alone, and then is a failed file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from typing import NamedTuple, Self

from rhythm_maps.errors import UsageError
from rhythm_maps.files.outputs import saving, writing
from rhythm_maps.files.processes import new_executor
from rhythm_maps.tokens.encodec import Encoder
from rhythm_maps.tokens.files import AGAIN, Done, Job, Work, encode_unlocked


class Model(NamedTuple):
    """What each process encodes with.

    Attributes:
        weights: ``pretrained``, the path of a state dict, or ``calibrated:SEED``.
        bandwidth_kbps, device: as `Encoder`.
    """

    weights: str
    bandwidth_kbps: float
    device: str


def encode_in_processes(
    jobs: Sequence[Job],
    work: Work,
    model: Model,
    workers: int,
    *,
    progress: Callable[[Sequence[Job]], Iterable[Job]] = iter,
) -> list[Done]:
    """Write a token file for each recording, as `encode_files`, in processes of one thread each.

    Args:
        jobs: of `plan_encoding`.
        work: how.
        model: what to encode with.
        workers: number of processes; each holds the model and `work.together` songs.
        progress: wraps the jobs; it moves on as they are done.

    Returns:
        what became of each job, in their order.

    Raises:
        UsageError: `workers` is below 1.
        BuildError: the folder cannot be written.
        RhythmMapsError: the weights cannot be had, or a package is missing.
    """
    if workers < 1:
        raise UsageError(f"workers {workers}: expected at least 1")
    todo = [i for i, job in enumerate(jobs) if job.missing or work.overwrite]
    done = [Done(job.name, "kept") for job in jobs]
    batches = [todo[start : start + work.together] for start in range(0, len(todo), work.together)]
    steps = iter(progress(jobs))
    for _ in range(len(jobs) - len(todo)):
        next(steps, None)
    with writing(work.out, AGAIN), _Processes(work, model, min(workers, len(batches))) as processes:
        for batch, ended in processes.encode([[jobs[i] for i in batch] for batch in batches]):
            for i, one in zip(batches[batch], ended, strict=True):
                done[i] = one
                next(steps, None)
    for _ in steps:  # lets a progress bar end
        pass
    return done


class _Processes:
    """Several processes, each held by a thread of this one."""

    def __init__(self, work: Work, model: Model, number: int) -> None:
        self._task = work, model
        self._threads = ThreadPoolExecutor(max(number, 1))
        self._mine = threading.local()
        self._all: list[ProcessPoolExecutor] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        for executor in self._all:
            executor.shutdown(cancel_futures=True)

    def encode(self, batches: Sequence[Sequence[Job]]) -> Iterator[tuple[int, list[Done]]]:
        """Encode batches; yield the number of each that is done and what became of it."""
        running = {self._threads.submit(self._encode, batch): i for i, batch in enumerate(batches)}
        for future in as_completed(running):
            yield running[future], future.result()

    def _encode(self, jobs: Sequence[Job]) -> list[Done]:
        """Encode recordings as one batch in the process of this thread, or one by one where they kill it."""
        for _ in range(2 if len(jobs) == 1 else 1):
            try:
                return self._executor().submit(_encode, list(jobs), *self._task).result()
            except BrokenProcessPool:
                self._mine.executor = None
        if len(jobs) > 1:
            return [done for job in jobs for done in self._encode([job])]
        note = "it killed the process that worked on it, twice (out of memory, or a crash of a decoder)"
        return [Done(jobs[0].name, "failed", note)]

    def _executor(self) -> ProcessPoolExecutor:
        executor: ProcessPoolExecutor | None = getattr(self._mine, "executor", None)
        if executor is None:
            executor = self._mine.executor = new_executor()
            self._all.append(executor)
        return executor


def _encode(jobs: Sequence[Job], work: Work, model: Model) -> list[Done]:
    """Encode recordings in this process."""
    with saving(work.out, AGAIN):
        return encode_unlocked(jobs, work, _encoder(model))


@lru_cache(maxsize=1)
def _encoder(model: Model) -> Encoder:
    return Encoder(model.weights, bandwidth_kbps=model.bandwidth_kbps, device=model.device, threads=1)
