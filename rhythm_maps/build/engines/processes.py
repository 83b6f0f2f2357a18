"""Runs the shards in N processes of this machine.

N executors of one process each, not one executor of N: in one pool a killed worker breaks the work of all the others.
A shard whose worker dies is tried once more, carefully; a shard that kills twice ends the build with its name and the
mapset the worker was on. Everything that was finished is kept.

A worker that dies while it decodes or encodes a recording is another matter: its shard waits until no other worker
runs, and a recording that kills its worker alone, twice, is condemned: it becomes a reject and the shard goes on.
"""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

import msgspec

from rhythm_maps.build.unit import Place, Unit, write_unit
from rhythm_maps.errors import BuildError
from rhythm_maps.files.paths import printable
from rhythm_maps.files.processes import new_executor

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
    for unit in _side_by_side(units, on_done, workers):
        _alone(unit, on_done)


def _side_by_side(units: Sequence[Unit], on_done: Callable[[Unit], None], workers: int) -> list[Unit]:
    """Make units, `workers` at a time; return those whose worker died on a recording."""
    waiting = deque((unit, 1) for unit in units)
    slots = [new_executor() for _ in range(min(workers, len(units)))]
    running: dict[Future[None], tuple[int, Unit, int]] = {}
    suspect: list[Unit] = []

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
                if _survived(future):
                    on_done(unit)
                else:
                    slots[slot].shutdown(wait=False)
                    slots[slot] = new_executor()
                    if _whereabouts(unit).track:
                        suspect.append(unit)
                    else:
                        _check_attempts(unit, attempt)
                        waiting.appendleft((unit, attempt + 1))
                start(slot)
    finally:
        for executor in slots:
            executor.shutdown(wait=True, cancel_futures=True)
    return suspect


def _alone(unit: Unit, on_done: Callable[[Unit], None]) -> None:
    """Make a unit while no other worker runs, each attempt in a new process, and condemn the recordings that kill."""
    deaths: Counter[str] = Counter()
    while True:
        with new_executor() as executor:
            if _survived(executor.submit(_work, unit, careful=True)):
                on_done(unit)
                return
        place = _whereabouts(unit)
        deaths[place.track] += 1
        if not place.track:
            _check_attempts(unit, deaths[place.track])
        elif deaths[place.track] == ATTEMPTS:
            unit.condemn(place)


def _survived(future: Future[None]) -> bool:
    """Wait for a unit; tell whether its worker finished it instead of dying."""
    try:
        future.result()
    except BrokenProcessPool:
        return False
    return True


def _check_attempts(unit: Unit, deaths: int) -> None:
    if deaths == ATTEMPTS:
        raise BuildError(_killed(unit))


def _submit(executor: ProcessPoolExecutor, unit: Unit, *, careful: bool) -> tuple[ProcessPoolExecutor, Future[None]]:
    """Give a unit to an executor, or to a new one where its worker died between two shards: that is neither's fault."""
    try:
        return executor, executor.submit(_work, unit, careful=careful)
    except BrokenProcessPool:
        executor = new_executor()
        return executor, executor.submit(_work, unit, careful=careful)


def _work(unit: Unit, *, careful: bool) -> None:
    whereabouts = unit.whereabouts
    whereabouts.parent.mkdir(exist_ok=True)

    def at(path: str, track: str = "") -> None:
        # Not durable and not atomic: it only has to outlive this process, and a torn one says nothing.
        whereabouts.write_bytes(msgspec.json.encode(Place(printable(path), track)))

    at("")
    write_unit(unit, careful=careful, at=at)


def _whereabouts(unit: Unit) -> Place:
    """Return where a worker was when it died."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(unit.whereabouts.read_bytes(), type=Place)
    return Place()


def _killed(unit: Unit) -> str:
    path = _whereabouts(unit).path
    mapset = repr(path) if path else "an unknown mapset"
    return (
        f"shard {unit.shard.name} killed its worker twice (out of memory, or a crash in a native library); the worker "
        f"was on {mapset}. Move that mapset away, scan again and run the same build: finished shards are kept."
    )
