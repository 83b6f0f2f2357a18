"""Loudness as EncHF measures it: the peak of the RMS over short windows; and the gain that brings it to a target.

A window has ``int(sampling_rate * ms / 1000)`` samples and starts every quarter of one (rounded down); windows that
reach past the end do not count, and a clip shorter than a window is one window (EncHF_Dataset, s1_audio_normalize).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from rhythm_maps.errors import UsageError

Samples = npt.NDArray[np.float32]

WINDOW_MS: Final = 250.0
"""Length of a window where nothing else is asked for, in milliseconds."""
CEILING: Final = 32_767 / 32_768
"""Largest sample that 16-bit PCM holds: a gain never takes a sample above it."""


class PeakRms:
    """The peak windowed RMS of mono samples that come block by block."""

    def __init__(self, sampling_rate: int, window_ms: float = WINDOW_MS) -> None:
        """Take the sampling rate in Hz and the length of a window in milliseconds.

        Raises:
            UsageError: the window is shorter than four samples.
        """
        self._window = int(sampling_rate * window_ms / 1000) if math.isfinite(window_ms) else 0
        self._hop = self._window // 4
        if self._hop < 1:
            raise UsageError(f"a window of {window_ms} ms at {sampling_rate} Hz: expected at least four samples")
        self._squares: npt.NDArray[np.float64] = np.zeros(0)
        self._best: float | None = None

    def add(self, block: Samples) -> None:
        """Take the next samples, ``[n]``."""
        squares = np.concatenate([self._squares, np.square(block, dtype=np.float64)])
        count = (len(squares) - self._window) // self._hop + 1
        if count > 0:
            sums = np.concatenate([[0.0], np.cumsum(squares)])
            starts = np.arange(count) * self._hop
            loudest = float((sums[starts + self._window] - sums[starts]).max())
            self._best = max(loudest, self._best or 0.0)
            squares = squares[count * self._hop :]
        self._squares = squares

    @property
    def value(self) -> float:
        """Return the peak so far; 0 where there were no samples."""
        if self._best is not None:
            return math.sqrt(max(0.0, self._best) / self._window)
        return math.sqrt(float(self._squares.sum()) / len(self._squares)) if len(self._squares) else 0.0


def peak_windowed_rms(samples: Samples, sampling_rate: int, window_ms: float = WINDOW_MS) -> float:
    """Measure mono samples.

    Args:
        samples: ``[n]``, 1 is full scale.
        sampling_rate: in Hz.
        window_ms: length of a window in milliseconds.

    Returns:
        The largest RMS of a window; 0 for silence and for no samples.

    Raises:
        UsageError: the window is shorter than four samples.
    """
    return peak_of([samples], sampling_rate, window_ms)


def peak_of(parts: Iterable[Samples], sampling_rate: int, window_ms: float = WINDOW_MS) -> float:
    """Measure mono samples that come in blocks: `peak_windowed_rms` of all of them, in the memory of one."""
    meter = PeakRms(sampling_rate, window_ms)
    for part in parts:
        for start in range(0, len(part), _CHUNK):
            meter.add(part[start : start + _CHUNK])
    return meter.value


_CHUNK: Final = 1 << 20
"""Samples that are squared and summed at once: 8 MB of float64, and sums that stay exact to 1e-12."""


def gain_for(peak_rms: float, peak: float, target_rms: float) -> float:
    """Return the factor that brings a measured loudness to a target without clipping a sample.

    Args:
        peak_rms: what `peak_windowed_rms` measured.
        peak: largest absolute sample.
        target_rms: the loudness wanted.

    Returns:
        ``target_rms / peak_rms``, exact and not rounded to decibels; less where the largest sample would pass
        `CEILING`; 1 for silence.

    Raises:
        UsageError: the target is no positive number.
    """
    if not 0 < target_rms < math.inf:
        raise UsageError(f"target_rms is {target_rms}: expected a positive number, such as 0.1")
    if not peak_rms > 0 or not peak > 0:
        return 1.0
    return min(target_rms / peak_rms, CEILING / peak)


def gain_db(gain: float) -> float:
    """Return a factor in decibels."""
    return 20 * math.log10(gain)
