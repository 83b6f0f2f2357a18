"""The log-mel spectrogram that Beat This is trained on, from samples."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rhythm_maps.errors import MissingExtra

SAMPLING_RATE: Final = 22_050
"""Samples a second of Beat This's input."""
HOP: Final = 441
"""Samples from frame to frame: 50 frames a second."""
BANDS: Final = 128
"""Mel bands, Slaney's scale, from 30 to 11,000 Hz."""
_WINDOW = 1024
_LOWEST_HZ, _HIGHEST_HZ = 30.0, 11_000.0
_MULTIPLIER = 1000.0


def beat_this_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the spectrogram of Beat This (``beat_this.preprocessing.LogMelSpect``).

    Magnitudes of a Hann-windowed Fourier transform of 1,024 samples, divided by the square root of the window's
    length, summed into mel bands of equal height, ``log(1 + 1000 x)``. Frame i is centred on sample ``441 i``; both
    ends are mirrored.

    Args:
        samples: float32 ``[n]``, mono, at `SAMPLING_RATE`. Fewer than a window, 1,024, get silence behind them: there
            is too little to mirror.

    Returns:
        float32 ``[1 + n // 441, 128]``; Beat This keeps it as float16.

    Raises:
        MissingExtra: librosa is not installed.
    """
    frames = 1 + len(samples) // HOP
    if len(samples) < _WINDOW:
        samples = np.pad(samples, (0, _WINDOW - len(samples)))
    mel = _librosa().feature.melspectrogram(
        y=samples,
        sr=SAMPLING_RATE,
        n_fft=_WINDOW,
        hop_length=HOP,
        pad_mode="reflect",
        power=1.0,
        n_mels=BANDS,
        fmin=_LOWEST_HZ,
        fmax=_HIGHEST_HZ,
        norm=None,
    )
    scaled: NDArray[np.float32] = np.log1p(mel.T[:frames] * np.float32(_MULTIPLIER / np.sqrt(_WINDOW)))
    return np.ascontiguousarray(scaled)


def _librosa() -> Any:
    try:
        import librosa  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise MissingExtra("spectrograms need librosa: pip install 'rhythm-maps[audio]'") from error
    return librosa
