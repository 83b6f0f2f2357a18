"""Features of audio at a codec's frame rate, and two changes of a recording, by librosa (extra ``[audio]``).

Row i of a feature describes samples ``hop * i`` to ``hop * (i + 1)``: its analysis window is centred on theirs, so
there are exactly ``ceil(n / hop)`` rows. Outside the recording there is silence. Nothing depends on the rest of the
song: no feature is scaled by its maximum or tuned to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np

from rhythm_maps.audio.loudness import Samples
from rhythm_maps.errors import MissingExtra, UsageError

WINDOW: Final = 2048
"""Samples of an analysis window: 85 ms at 24 kHz, librosa's own choice at 22.05 kHz."""
MEL_BANDS: Final = 128
MFCC_COEFFICIENTS: Final = 20
_FLOOR: Final = 1e-10
"""Least power of a band before the logarithm: -100 dB, librosa's own."""
_FLOOR_DB: Final = 10 * math.log10(_FLOOR)
_ROWS: Final = 4096
"""Rows that are computed at once: some 40 MB."""
_TONES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MOST_SEMITONES: Final = 24.0
_STRETCH: Final = (0.25, 4.0)


class Feature(NamedTuple):
    """One kind of feature.

    Attributes:
        columns: names of its values.
        unit: of all of them.
        description: what it says, for a sidecar.
    """

    columns: tuple[str, ...]
    unit: str
    description: str


FEATURES: Final[Mapping[str, Feature]] = MappingProxyType(
    {
        "onset_strength": Feature(
            ("onset_strength",),
            "dB",
            "Mean rise of the bands of log_mel since the row before, moved back by half a window.",
        ),
        "log_mel": Feature(
            tuple(f"mel_{i:03d}" for i in range(MEL_BANDS)),
            "dB",
            "Power in 128 mel bands (Slaney) of a Hann window of 2,048 samples, 10 log10, not below -100.",
        ),
        "chroma": Feature(
            tuple(f"chroma_{tone}" for tone in _TONES),
            "ratio",
            "Energy by pitch class at A = 440 Hz, the largest of a row 1; all 0 in silence.",
        ),
        "mfcc": Feature(
            tuple(f"mfcc_{i:02d}" for i in range(MFCC_COEFFICIENTS)),
            "dB",
            "First 20 coefficients of the orthonormal cosine transform (type 2) of log_mel.",
        ),
    }
)
"""The features by name."""


def extract(
    samples: Samples, sampling_rate: int, names: Sequence[str] = tuple(FEATURES), *, hop: int = 320
) -> dict[str, Samples]:
    """Compute features of a mono recording.

    Args:
        samples: float32 ``[n]``.
        sampling_rate: in Hz.
        names: which of `FEATURES`.
        hop: samples a frame of the codec: 320 of EnCodec at 24 kHz.

    Returns:
        Name -> float32 ``[ceil(n / hop), len(FEATURES[name].columns)]``, in the order of `names`.

    Raises:
        UsageError: an unknown name, a recording that is not mono, a hop outside 1 to 2,048, or a rate below 1.
        MissingExtra: librosa is not installed.
    """
    unknown = sorted(set(names) - set(FEATURES))
    if unknown:
        raise UsageError(f"unknown features {', '.join(unknown)}: expected some of {', '.join(FEATURES)}")
    if samples.ndim != 1 or not 1 <= hop <= WINDOW or sampling_rate < 1:
        raise UsageError(
            f"features of samples {list(samples.shape)} at {sampling_rate} Hz with hop {hop}: expected mono samples "
            f"[n], a positive rate and a hop from 1 to {WINDOW:,}"
        )
    librosa = _librosa()
    bank = librosa.filters.mel(sr=sampling_rate, n_fft=WINDOW, n_mels=MEL_BANDS)
    tones = librosa.filters.chroma(sr=sampling_rate, n_fft=WINDOW, tuning=0.0)
    rows = -(-len(samples) // hop)
    mels = np.full((rows, MEL_BANDS), _FLOOR_DB, np.float32)
    chroma = np.zeros((rows, len(_TONES)), np.float32)
    for start in range(0, rows, _ROWS):
        stop = min(rows, start + _ROWS)
        power = _power(librosa, samples, start, stop, hop)
        mels[start:stop] = np.maximum(_FLOOR_DB, 10 * np.log10(np.maximum(_FLOOR, bank @ power))).T
        chroma[start:stop] = librosa.util.normalize(tones @ power, norm=np.inf, axis=0, threshold=_FLOOR, fill=False).T
    of: dict[str, Callable[[], Any]] = {
        "onset_strength": lambda: _flux(mels, hop),
        "log_mel": lambda: mels,
        "chroma": lambda: chroma,
        "mfcc": lambda: librosa.feature.mfcc(S=mels.T, n_mfcc=MFCC_COEFFICIENTS).T,
    }
    return {name: np.ascontiguousarray(of[name](), np.float32) for name in names}


def _power(librosa: Any, samples: Samples, start: int, stop: int, hop: int) -> Samples:
    """Return the power spectra of rows, ``[WINDOW / 2 + 1, rows]``; windows reach into silence at both ends."""
    first = start * hop + hop // 2 - WINDOW // 2
    last = (stop - 1) * hop + hop // 2 + WINDOW // 2
    part = samples[max(0, first) : last]
    before = max(0, -first)
    part = np.pad(part, (before, last - first - before - len(part)))
    spectrum = librosa.stft(part, n_fft=WINDOW, hop_length=hop, center=False)
    return np.asarray(np.abs(spectrum) ** 2, np.float32)


def _flux(mels: Samples, hop: int) -> Samples:
    """Return the mean rise of all bands since the row before, ``[rows, 1]``.

    Half a window before an onset the power rises already. As in librosa, the rows are moved back by that much, so
    that the peak is where the onset is.
    """
    rise = np.maximum(0.0, np.diff(mels, axis=0, prepend=mels[:1])).mean(axis=1, keepdims=True)
    late = WINDOW // (2 * hop)
    return np.asarray(np.concatenate([np.zeros((late, 1)), rise])[: len(rise)], np.float32)


def pitch_shift(samples: Samples, sampling_rate: int, semitones: float) -> Samples:
    """Shift the pitch of a mono recording and keep its length (librosa's phase vocoder).

    Args:
        samples: float32 ``[n]``.
        sampling_rate: in Hz.
        semitones: how far, from -24 to 24.

    Returns:
        float32 ``[n]``.

    Raises:
        UsageError: an argument is out of range.
        MissingExtra: librosa is not installed.
    """
    if not abs(semitones) <= _MOST_SEMITONES or samples.ndim != 1:
        raise UsageError(f"a shift of {semitones} semitones: expected mono samples and -24 to 24")
    padded = _padded(samples)
    done = _librosa().effects.pitch_shift(padded, sr=sampling_rate, n_steps=semitones, res_type="soxr_hq")
    return np.asarray(done[: len(samples)], np.float32)


def time_stretch(samples: Samples, factor: float) -> Samples:
    """Play a mono recording faster or slower at the same pitch (librosa's phase vocoder).

    Args:
        samples: float32 ``[n]``.
        factor: 1.04 is 4 % faster: what was at t seconds is then at ``t / factor``; from 0.25 to 4.

    Returns:
        float32 ``[round(n / factor)]``.

    Raises:
        UsageError: an argument is out of range.
        MissingExtra: librosa is not installed.
    """
    if not _STRETCH[0] <= factor <= _STRETCH[1] or samples.ndim != 1:
        raise UsageError(f"a stretch by {factor}: expected mono samples and {_STRETCH[0]} to {_STRETCH[1]}")
    done = _librosa().effects.time_stretch(_padded(samples), rate=factor)
    return np.asarray(done[: round(len(samples) / factor)], np.float32)


def _padded(samples: Samples) -> Samples:
    """Return samples of at least one window: librosa warns of shorter ones."""
    return np.pad(samples, (0, max(0, 2 * WINDOW - len(samples))))


def _librosa() -> Any:
    try:
        import librosa  # noqa: PLC0415 - in the extra, and takes a second
    except ImportError as error:
        raise MissingExtra('features need librosa: pip install "rhythm-maps[audio]"') from error
    return librosa
