"""The generated sample pack, opened once, and an onset detector that does not know the tempo."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from rhythm_maps.games.base import Sample

Pack = dict[str, dict[str, bytes]]


def opened(samples: Iterator[Sample]) -> Pack:
    """Archive name -> member name -> bytes, read by the standard library."""
    pack = {}
    for sample in samples:
        with zipfile.ZipFile(io.BytesIO(sample.data)) as archive:
            assert archive.testzip() is None
            assert sample.file_name not in pack
            pack[sample.file_name] = {name: archive.read(name) for name in archive.namelist()}
    return pack


@pytest.fixture(scope="session")
def osu_pack() -> Pack:
    from rhythm_maps.games.osu.samples import mapsets

    return opened(sample for sample in mapsets() if sample.file_name.endswith(".osz"))


@pytest.fixture(scope="session")
def beat_saber_pack() -> Pack:
    from rhythm_maps.games.beat_saber.samples import mapsets

    return opened(sample for sample in mapsets() if sample.file_name.endswith(".zip"))


@pytest.fixture(scope="session")
def kicks() -> Callable[[bytes], tuple[np.ndarray, float]]:
    """Find the drum hits of an audio file: their times and the file's length, in seconds.

    A hit is where the signal jumps from one sample to the next by more than 0.4 of the file's largest jump
    and has not done so for 80 ms.
    """
    import soundfile

    def find(data: bytes) -> tuple[np.ndarray, float]:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
        jumps = np.abs(np.diff(samples.mean(axis=1), prepend=0.0))
        loud = np.flatnonzero(jumps > 0.4 * jumps.max())
        fresh = np.concatenate(([True], np.diff(loud) > 0.08 * rate))
        return loud[fresh] / rate, len(samples) / rate

    return find
