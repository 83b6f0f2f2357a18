"""One recording from its file's bytes to codes: the signal path of the config `tokens`.

Decode, mean of the channels, the game's clock, soxr HQ to the codec's rate, gain (off by default), encode. It goes in
blocks, so memory does not grow with the recording; with a gain, which needs the loudest moment first, its mono samples
are held (6 MB a minute).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from rhythm_maps.audio import decode
from rhythm_maps.audio.loudness import gain_db, gain_for, peak_of
from rhythm_maps.audio.measure import Measured, measured, meter_for
from rhythm_maps.audio.probe import probe
from rhythm_maps.errors import BadFormat, BuildError, LimitExceeded
from rhythm_maps.tokens.codec import HOP, SAMPLING_RATE
from rhythm_maps.tokens.conditioning import Float32Array, LevelMeter
from rhythm_maps.tokens.settings import TokenRun, TokenSettings, load_weights

if TYPE_CHECKING:
    from rhythm_maps.audio.decode import Timeline

_THREADS = 1
"""A process encodes with one thread: how many there are could round a near-tie between two codes the other way."""


class Codec(Protocol):
    """What turns samples into codes."""

    def encode_stream(self, blocks: Iterable[Float32Array]) -> npt.NDArray[np.uint16]:
        """Encode float32 ``[n]`` blocks at 24 kHz to uint16 ``[n_q, frames]``."""


class TrackTokens(msgspec.Struct, frozen=True):
    """What is made of a recording, apart from any map; it is what a cache keeps.

    Attributes:
        n_q: number of codebooks.
        samples: length of the codec's input at its rate.
        codes: uint16, little-endian, ``[n_q][frames]``.
        levels_db: float32, little-endian, ``[frames]``: `conditioning.rms_db` of the codec's input.
        gain_db: the gain that was applied; None where it was off.
        measured: what decoding showed, as `measure.measure` has it.
    """

    n_q: int
    samples: int
    codes: bytes
    levels_db: bytes
    gain_db: float | None
    measured: Measured

    @property
    def frames(self) -> int:
        """Return the number of frames."""
        return -(-self.samples // HOP)

    @property
    def is_whole(self) -> bool:
        """Tell whether codes and levels have the length that they should have."""
        return len(self.codes) == 2 * self.n_q * self.frames and len(self.levels_db) == 4 * self.frames

    @property
    def code_array(self) -> npt.NDArray[np.uint16]:
        """Return the codes, uint16 ``[n_q, frames]``."""
        return np.frombuffer(self.codes, "<u2").astype(np.uint16, copy=False).reshape(self.n_q, -1)

    @property
    def levels(self) -> Float32Array:
        """Return the level of each frame in dB, float32 ``[frames]``."""
        return np.frombuffer(self.levels_db, "<f4").astype(np.float32, copy=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a row warns of."""
        return () if self.measured.status == "ok" else (f"audio_{self.measured.status}",)


def tokenize(
    data: bytes, name: str, settings: TokenSettings, codec: Codec, *, shift_s: float | None = None
) -> TrackTokens:
    """Turn an audio file into codes and the level of each frame.

    Args:
        data: the whole file.
        name: what it is called, for messages.
        settings: what decides the codes.
        codec: see `encoder`.
        shift_s: the row's ``timeline_shift_s``; None follows osu!'s rule.

    Raises:
        BadFormat: it cannot be decoded (``unreadable_audio``, ``audio_too_large``), or nothing of it lies on the
            timeline (``empty_audio``).
    """
    timeline: Timeline = "file" if settings.timeline == "file" else "game"
    loudness = meter_for(probe(data, name).sampling_rate)
    stream = decode.blocks(
        data,
        name,
        rate=SAMPLING_RATE,
        mono=True,
        timeline=timeline,
        shift_s=shift_s,
        tap=lambda block: loudness.add(block[:, 0]),
    )
    source: Iterable[Float32Array] = stream
    applied = None
    if settings.target_rms is not None:
        try:
            applied, source = _levelled(list(stream), settings.target_rms)
        except MemoryError as error:
            raise LimitExceeded("audio_too_large", "it does not fit into memory, which a gain needs", name) from error
    meter = LevelMeter(HOP)
    codes = codec.encode_stream(_measured(source, meter))
    levels = meter.finish()
    if not meter.samples:
        raise BadFormat("empty_audio", "no sample of it could be read, or none lies at or after time 0", name)
    return TrackTokens(
        n_q=codes.shape[0],
        samples=meter.samples,
        codes=codes.astype("<u2").tobytes(),
        levels_db=levels.astype("<f4").tobytes(),
        gain_db=applied,
        measured=measured(stream, loudness),
    )


def _levelled(held: list[Float32Array], target_rms: float) -> tuple[float, Iterable[Float32Array]]:
    """Return the gain in dB that brings blocks to a loudness, and the blocks with it."""
    peak = max((float(np.abs(block).max()) for block in held), default=0.0)
    gain = gain_for(peak_of(held, SAMPLING_RATE), peak, target_rms)
    return gain_db(gain), (block * np.float32(gain) for block in held)


def _measured(blocks: Iterable[Float32Array], meter: LevelMeter) -> Iterator[Float32Array]:
    for block in blocks:
        meter.add(block)
        yield block


@lru_cache(maxsize=1)
def encoder(settings: TokenSettings, run: TokenRun) -> Codec:
    """Return the codec of a build; a process loads it once.

    Raises:
        BuildError: the weights are not those that the build began with.
        RhythmMapsError: as `load_weights`.
    """
    weights = load_weights(run.weights)
    if (weights.kind, weights.sha256) != (settings.weights, settings.weights_sha256):
        raise BuildError(
            f"{run.weights}: weights with the sha256 {weights.sha256}, but the build began with "
            f"{settings.weights_sha256}. Run it again with the same weights, or with --fresh."
        )
    from rhythm_maps.tokens.encodec import Encoder  # noqa: PLC0415 - pulls in torch

    codec: Codec = Encoder(weights, bandwidth_kbps=settings.bandwidth_kbps, device=run.device, threads=_THREADS)
    return codec
