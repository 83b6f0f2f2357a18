"""Processes for work that may kill them: decoders and networks on foreign bytes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait


def new_executor() -> ProcessPoolExecutor:
    """Return an executor of one new process, which ends when this one does."""
    # spawn everywhere: it is what Windows has, and a forked child inherits locks of threads it does not have.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_die_with_parent)


def _die_with_parent() -> None:
    """End this worker when the process that started it is gone, killed or not: nobody would collect its work."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
