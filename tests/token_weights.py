"""Calibrated weights as a file, made once a test run, because calibrating takes seconds."""

from __future__ import annotations

import os
from pathlib import Path

import filelock

from rhythm_maps.tokens.weights import load

_GIVEN = "RHYTHM_MAPS_TEST_WEIGHTS"
"""Names a file that another test run made, for the tests that one runs in a process of its own."""


def file(folder: Path) -> Path:
    """Return a state dict of calibrated weights; it is made in `folder` by the first process that wants it."""
    if _GIVEN in os.environ:
        return Path(os.environ[_GIVEN])
    import torch

    path = folder / "calibrated.th"
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{path}.lock"):
        if not path.is_file():
            torch.save(dict(load("calibrated:0").state), f"{path}.part")
            Path(f"{path}.part").rename(path)
    os.environ[_GIVEN] = str(path)
    return path
