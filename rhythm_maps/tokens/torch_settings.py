"""Torch's settings while something of ours computes: one thread an operation, full float32, all put back afterwards.

Threads that share an operation wait for each other, and where several processes do so on the same cores, each wait
takes milliseconds. Their number may also decide the order of sums, and so bits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rhythm_maps.tokens.torchless import import_torch

_lock = threading.Lock()
_before = ExitStack()
_holders = 0


@contextmanager
def held(*, tf32: bool = False) -> Iterator[None]:
    """Hold the settings, which are the whole process's: the first holder changes them, the last puts them back.

    Args:
        tf32: on CUDA, compute with 10 bits of mantissa instead of 23.
    """
    global _holders  # noqa: PLW0603 - torch's settings are as global
    with _lock:
        _holders += 1
        if _holders == 1:
            _change(tf32=tf32)
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders:
                _before.close()


def _change(*, tf32: bool) -> None:
    torch = import_torch()
    _before.callback(torch.set_num_threads, torch.get_num_threads())
    _before.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    _before.enter_context(torch.backends.cudnn.flags(enabled=True, allow_tf32=tf32))
