"""The `encodec` package, also where torchaudio is missing or cannot be loaded.

`encodec.utils` imports torchaudio at its top for reading and writing files, which the model itself never does. The
wheel of torchaudio that PyPI serves is built for CUDA and raises `OSError` beside a CPU build of torch, and then
nothing of encodec can be imported. So where torchaudio cannot be had, an empty module takes its name while encodec is
imported, and only then: whatever asks for torchaudio later gets the real one, or its real error.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from rhythm_maps.errors import MissingExtra

_INSTALL = 'pip install "rhythm-maps[tokens]"'
_lock = threading.Lock()


def import_encodec() -> Any:
    """Return the module `encodec`.

    Raises:
        MissingExtra: torch or encodec is not installed, or cannot be loaded.
    """
    with _lock:
        known = sys.modules.get("encodec")
        if known is not None:
            return known
        import_torch()
        with _torchaudio_or_nothing():
            try:
                import encodec  # noqa: PLC0415 - loads torch
            except (ImportError, OSError) as error:
                raise MissingExtra(f"tokens need the package encodec ({error}): {_INSTALL}") from error
    return encodec


def import_torch() -> Any:
    """Return the module `torch`.

    Raises:
        MissingExtra: it is not installed, or cannot be loaded.
    """
    try:
        import torch  # noqa: PLC0415 - takes seconds, and only tokens need it
    except (ImportError, OSError) as error:
        raise MissingExtra(f"tokens need PyTorch ({error}): {_INSTALL}") from error
    return torch


@contextmanager
def _torchaudio_or_nothing() -> Iterator[None]:
    """Let an empty module take the name of a torchaudio that cannot be imported, for as long as the context lasts."""
    before = dict(sys.modules)
    try:
        import torchaudio  # noqa: F401, PLC0415 - to see whether it can be
    except (ImportError, OSError):
        parts = {name for name in sys.modules if name.partition(".")[0] == "torchaudio"}
        for name in parts - before.keys():  # what the failed import left behind
            del sys.modules[name]
        sys.modules["torchaudio"] = ModuleType("torchaudio")
        try:
            yield
        finally:
            del sys.modules["torchaudio"]
            if "torchaudio" in before:
                sys.modules["torchaudio"] = before["torchaudio"]
    else:
        yield
