"""Runs the shards in N processes of this machine.

N executors of one process each, not one executor of N: in one pool a killed worker breaks the work of all the others.
A shard whose worker dies is tried once more, carefully; a shard that kills twice ends the build with its name and the
mapset the worker was on. Everything that was finished is kept.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_sentinel
from pathlib import Path

from rhythm_maps.build.unit import Unit, write_unit
from rhythm_maps.errors import BuildError

ATTEMPTS = 2


def run(units: Sequence[Unit], on_done: Callable[[Unit], None], workers: int) -> None:
    """Make every unit, `workers` at a time.

    Args:
        units: the shards that are not done yet.
        on_done: called after each, in this process.
        workers: number of processes.

    Raises:
        BuildError: a shard killed its worker twice.
    """
    waiting = deque((unit, 1) for unit in units)
    slots = [_new_executor() for _ in range(min(workers, len(units)))]
    running: dict[Future[None], tuple[int, Unit, int]] = {}

    def start(slot: int) -> None:
        if waiting:
            unit, attempt = waiting.popleft()
            slots[slot], future = _submit(slots[slot], unit, careful=attempt > 1)
            running[future] = slot, unit, attempt

    try:
        for slot in range(len(slots)):
            start(slot)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                slot, unit, attempt = running.pop(future)
                try:
                    future.result()
                except BrokenProcessPool as error:
                    if attempt == ATTEMPTS:
                        raise BuildError(_killed(unit)) from error
                    slots[slot].shutdown(wait=False)
                    slots[slot] = _new_executor()
                    waiting.appendleft((unit, attempt + 1))
                else:
                    on_done(unit)
                start(slot)
    finally:
        for executor in slots:
            executor.shutdown(wait=True, cancel_futures=True)


def _submit(executor: ProcessPoolExecutor, unit: Unit, *, careful: bool) -> tuple[ProcessPoolExecutor, Future[None]]:
    """Give a unit to an executor, or to a new one where its worker died between two shards: that is neither's fault."""
    try:
        return executor, executor.submit(_work, unit, careful=careful)
    except BrokenProcessPool:
        executor = _new_executor()
        return executor, executor.submit(_work, unit, careful=careful)


def _new_executor() -> ProcessPoolExecutor:
    # spawn everywhere: it is what Windows has, and a forked child inherits locks of threads it does not have.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_die_with_parent)


def _die_with_parent() -> None:
    """End this worker when the process that started it is gone, killed or not: nobody would collect its work."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait_for_sentinel([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _work(unit: Unit, *, careful: bool) -> None:
    place = unit.whereabouts
    place.parent.mkdir(exist_ok=True)

    def at(path: str) -> None:
        # Not durable and not atomic: it only has to outlive this process, and a torn name is still a hint.
        place.write_text(path, encoding="utf-8", errors="backslashreplace")

    write_unit(unit, careful=careful, at=at)


def _killed(unit: Unit) -> str:
    mapset = "an unknown mapset"
    with contextlib.suppress(OSError):
        mapset = Path(unit.whereabouts).read_text(encoding="utf-8")
    return (
        f"shard {unit.shard.name} killed its worker twice (out of memory, or a crash in a native library); the worker "
        f"was on {mapset!r}. Move that mapset away, scan again and run the same build: finished shards are kept."
    )
