"""One writer at a time for an output folder, and one clear error for whatever the system says against writing it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from rhythm_maps.errors import BuildError, RhythmMapsError
from rhythm_maps.files.paths import at_home, cache_dir, path_id


@contextmanager
def writing(out: Path, resume: str) -> Iterator[None]:
    """Hold the output folder for this process.

    The lock lies in the cache folder, so that nothing is left beside the output.

    Args:
        out: the folder that is written.
        resume: what to do when the trouble is mended, for the message.

    Raises:
        BuildError: another process holds it, or the system does not let us write (a full disk, no permission).
    """
    with saving(out, resume), _locked(out):
        yield


@contextmanager
def saving(out: Path, resume: str) -> Iterator[None]:
    """Turn what the system says against writing into one clear error; nothing is held.

    Args:
        out: what is written.
        resume: what to do when the trouble is mended, for the message.

    Raises:
        BuildError: the system does not let us write.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, RhythmMapsError):
            raise
        raise BuildError(f"{at_home(out)}: cannot be written: {_said(error)}. {resume}") from error


def _said(error: OSError) -> str:
    """Return what the system says, with the path it says it of."""
    where = f" ({at_home(Path(os.fsdecode(error.filename)))})" if isinstance(error.filename, (str, bytes)) else ""
    return f"{error.strerror or error}{where}"


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    folder = cache_dir() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / f"{path_id(out)}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise BuildError(
            f"{at_home(out)}: another process is writing it. Wait until it ends, or choose another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()
