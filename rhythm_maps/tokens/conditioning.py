"""Conditioning at the codec's frame rate: beats, bars, tempo and loudness, one value a frame.

Frame i covers samples ``[hop * i, hop * (i + 1))`` of the encoder's input. An event at time t is at sample
``round_half_even(t * sampling_rate)`` and belongs to that sample's frame; ``floor(t * frame_rate)`` would be wrong in
float64 at one exact frame start in twenty. Events whose sample is not one of the audio's are dropped and counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

NAMES = ("beat_phase", "bar_phase", "tempo_bpm", "is_beat", "is_downbeat", "rms_db")
"""The fields of the column `conditioning`, in order."""
_FAINTEST = 1e-12
"""Added to an RMS before its logarithm: digital silence is -240 dB."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The frame grid of one recording.

    Attributes:
        samples: length of the encoder's input.
        sampling_rate: its samples a second.
        hop: samples a frame.
    """

    samples: int
    sampling_rate: int
    hop: int

    @property
    def count(self) -> int:
        """Return the number of frames: the last one may be shorter than `hop`."""
        return -(-self.samples // self.hop)

    @property
    def start_s(self) -> FloatArray:
        """Return float64 ``[count]``, where each frame begins in seconds."""
        return np.arange(self.count) * self.hop / self.sampling_rate

    def of(self, time_s: npt.ArrayLike) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """Return the frame of each event, and whether it lies within the audio.

        Args:
            time_s: float64 ``[n]``, seconds on the game's clock; what is not finite lies outside.

        Returns:
            int64 ``[n]`` (of an event outside: its frame were the grid endless, at most one grid away) and bool
            ``[n]``.
        """
        sample = np.rint(np.asarray(time_s, np.float64) * self.sampling_rate)
        inside = (sample >= 0) & (sample < self.samples)
        # A time may be as large as a file says; the bounds keep it within int64 and outside the audio.
        bounded = np.clip(np.nan_to_num(sample, nan=-1.0), -self.samples - self.hop, 2 * self.samples + self.hop)
        return np.asarray(bounded.astype(np.int64) // self.hop), np.asarray(inside)


class Tempo(NamedTuple):
    """Tempo segments: starts and beat lengths in seconds, metres in beats (0 where the source states none)."""

    start_s: FloatArray
    beat_length_s: FloatArray
    meter: IntArray


class Conditioning(NamedTuple):
    """Values of one recording.

    Attributes:
        values: field of `NAMES` but ``rms_db`` -> float32 ``[frames]``.
        outside: beats that lie before 0 or past the end of the audio and were dropped.
    """

    values: dict[str, Float32Array]
    outside: int


def beat_conditioning(frames: Frames, beat_s: FloatArray, position: IntArray, tempo: Tempo) -> Conditioning:
    """Turn a beat grid into conditioning.

    ``beat_phase`` is 0 in the frame of a beat and goes linearly in time to 1 at the next beat, as ``bar_phase`` does
    between downbeats. After the last beat it goes on with the length of a beat (a bar) of the tempo there. Before the
    first one, and where the grid has ended, it is 0. ``is_beat`` and ``is_downbeat`` are 1 in a beat's frame, else 0;
    without metre ``bar_phase`` and ``is_downbeat`` are 0. ``tempo_bpm`` is that of the segment a frame lies in, or of
    the first one before it; 0 without tempo.

    Args:
        frames: the grid.
        beat_s: float64 ``[n]``, beats in seconds on the game's clock, strictly increasing.
        position: int64 ``[n]``, position in the bar; 1 at a downbeat, 0 where there is no metre.
        tempo: the segments, starts not decreasing.
    """
    _, inside = frames.of(beat_s)
    beats, positions = beat_s[inside], position[inside]
    down = beats[positions == 1]
    length, meter = _at(tempo, beats[-1:]), _at(tempo, down[-1:])
    values = {
        "beat_phase": _phase(frames, beats, length[0] if length else 0.0),
        "bar_phase": _phase(frames, down, meter[0] * meter[1] if meter else 0.0),
        "tempo_bpm": _tempo_bpm(frames, tempo),
        "is_beat": _marks(frames, beats),
        "is_downbeat": _marks(frames, down),
    }
    return Conditioning({name: array.astype(np.float32) for name, array in values.items()}, int((~inside).sum()))


def _at(tempo: Tempo, time_s: FloatArray) -> tuple[float, float] | None:
    """Return beat length and metre of the segment at one time; None without a time or tempo."""
    if not len(time_s) or not len(tempo.start_s):
        return None
    i = max(int(np.searchsorted(tempo.start_s, time_s[0] + 1e-6, side="right")) - 1, 0)
    return float(tempo.beat_length_s[i]), float(tempo.meter[i])


def _marks(frames: Frames, time_s: FloatArray) -> FloatArray:
    marks = np.zeros(frames.count)
    marks[frames.of(time_s)[0]] = 1.0
    return marks


def _phase(frames: Frames, time_s: FloatArray, last_s: float) -> FloatArray:
    """Return how far each frame's start is from the event at or before it to the next; `last_s` follows the last."""
    if not len(time_s):
        return np.zeros(frames.count)
    own = frames.of(time_s)[0]
    number = np.arange(frames.count)
    at = np.searchsorted(own, number, side="right") - 1
    of = np.maximum(at, 0)
    lengths = np.append(np.diff(time_s), last_s)[of]
    with np.errstate(divide="ignore", invalid="ignore"):
        phase = np.where(lengths > 0, np.clip((frames.start_s - time_s[of]) / lengths, 0.0, 1.0), 0.0)
    # An event begins its phase in its own frame, wherever in it it lies.
    phase[own] = 0.0
    grid_end = frames.of(time_s[-1:] + last_s)[0]
    return np.where((at >= 0) & (number < grid_end), phase, 0.0)


def _tempo_bpm(frames: Frames, tempo: Tempo) -> FloatArray:
    if not len(tempo.start_s):
        return np.zeros(frames.count)
    starts = frames.of(tempo.start_s)[0]
    at = np.searchsorted(starts, np.arange(frames.count), side="right") - 1
    return np.asarray(60.0 / tempo.beat_length_s[np.maximum(at, 0)])


def rms_db(blocks: Iterable[Float32Array], hop: int) -> Float32Array:
    """Measure the level of each frame: ``20 log10(rms + 1e-12)`` over the samples it has (the last may have fewer).

    Args:
        blocks: float32 ``[n]`` each, the encoder's input in parts of any length.
        hop: samples a frame.

    Returns:
        float32 ``[frames]``, in decibels of full scale.
    """
    meter = LevelMeter(hop)
    for block in blocks:
        meter.add(block)
    return meter.finish()


class LevelMeter:
    """Measures `rms_db` of audio that passes by in blocks; memory grows by 4 bytes a frame."""

    def __init__(self, hop: int) -> None:
        """Begin at sample 0; `hop` samples a frame."""
        self._hop = hop
        self._rest = np.zeros(0, np.float32)
        self._levels: list[Float32Array] = []
        self.samples = 0

    def add(self, block: Float32Array) -> None:
        """Take the next samples, float32 ``[n]``."""
        self.samples += len(block)
        joined = np.concatenate([self._rest, block]) if len(self._rest) else block
        whole = len(joined) // self._hop * self._hop
        if whole:
            self._levels.append(_db(joined[:whole].reshape(-1, self._hop)))
        self._rest = joined[whole:].copy()

    def finish(self) -> Float32Array:
        """Return float32 ``[frames]``; nothing is to be added after it."""
        if len(self._rest):
            self._levels.append(_db(self._rest[np.newaxis]))
            self._rest = self._rest[:0]
        return np.concatenate(self._levels) if self._levels else np.zeros(0, np.float32)


def _db(rows: Float32Array) -> Float32Array:
    # Wild samples of damaged files reach 1e19, whose square float32 cannot hold.
    power = np.einsum("ij,ij->i", rows, rows, dtype=np.float64) / rows.shape[1]
    return np.asarray(20.0 * np.log10(np.sqrt(power) + _FAINTEST), np.float32)
