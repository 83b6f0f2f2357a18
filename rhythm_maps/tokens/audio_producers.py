"""Features out of the audio that a token file stands for: its recording, or its codes decoded again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.audio import decode
from rhythm_maps.audio.features import FEATURES, extract
from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.tokens import ecdc
from rhythm_maps.tokens.codec import HOP, SAMPLING_RATE, frames_of
from rhythm_maps.tokens.conditioning import rms_db
from rhythm_maps.tokens.producers import Job, Producer
from rhythm_maps.tokens.sidecar_files import stem_of

LEVEL: Final = "rms_db"
NAMES: Final = (LEVEL, *FEATURES)
"""What can be made: the level of each frame, and the features of `rhythm_maps.audio.features`."""
_SUFFIXES: Final = (".wav", ".flac", ".ogg", ".egg", ".opus", ".mp3", ".aiff", ".aif")

Samples = npt.NDArray[np.float32]
Source = Callable[[Job], Samples]
"""Gives a token file's audio: float32 ``[n]``, mono, 24 kHz."""


def decoded_codes(weights: str = "pretrained", device: str = "auto") -> Source:
    """Return the source that decodes the codes, as EncHF does: what a model will hear, losses included.

    Args:
        weights: as `rhythm_maps.tokens.weights.load` takes them.
        device: as `rhythm_maps.tokens.encodec.Encoder` takes it.

    Raises:
        MissingExtra: torch or encodec is not installed.
        InputError, BadFormat: the weights cannot be had.
    """
    from rhythm_maps.tokens.encodec import Encoder  # noqa: PLC0415 - pulls in torch

    codec = Encoder(weights, device=device)

    def samples(job: Job) -> Samples:
        whole = frames_of(job.tokens.samples) == job.tokens.frames
        sound = codec.decode(job.tokens.codes)
        return sound[: job.tokens.samples] if whole else sound

    return samples


def recordings(root: Path, timeline: decode.Timeline = "file") -> Source:
    """Return the source that decodes the recordings that were encoded.

    Args:
        root: a folder that mirrors that of the token files: ``NAME.wav`` (or another usual suffix) for ``NAME.ecdc``.
        timeline: the one on which they were encoded: ``file`` or ``game``, as `decode.blocks` has them.

    Raises:
        InputError: it is no folder.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder")

    def samples(job: Job) -> Samples:
        folder, stem = (root / job.rel).parent, stem_of(job.path)
        found = list(_named(folder, stem))
        if len(found) != 1:
            what = f"{found[0].name} and {found[1].name}" if found else f"no {stem}.wav or the like"
            raise BadFormat("no_recording", f"one recording is expected, and there is {what}", job.rel)
        data = ecdc.read_capped(found[0], limits.AUDIO_BYTES)
        return decode.decode(data, found[0].name, rate=SAMPLING_RATE, mono=True, timeline=timeline).samples

    return samples


def _named(folder: Path, stem: str) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in _SUFFIXES and path.stem == stem:
                yield path


def from_audio(names: Sequence[str], source: Source) -> Producer:
    """Return the producer of audio features.

    Args:
        names: some of `NAMES`; one of several values a frame gives as many features.
        source: where the audio comes from.

    Raises:
        UsageError: an unknown name.
    """
    unknown = sorted(set(names) - set(NAMES))
    if unknown or not names:
        raise UsageError(f"unknown features {', '.join(unknown) or '(none)'}: expected some of {', '.join(NAMES)}")

    def made(job: Job) -> Mapping[str, Any]:
        samples = source(job)
        frames = frames_of(len(samples))
        if frames != job.tokens.frames:
            reason = f"its audio has {frames} frames at 24 kHz, and the token file {job.tokens.frames}"
            raise BadFormat("frame_mismatch", reason, job.rel)
        found: dict[str, Any] = {}
        if LEVEL in names:
            level = rms_db([samples], HOP)
            found[LEVEL] = {"values": level, "units": "dB", "doc_string": "Level of the frame: 20 log10 of its RMS."}
        wanted = [name for name in names if name != LEVEL]
        rows = extract(samples, SAMPLING_RATE, wanted, hop=HOP) if wanted else {}
        for name, values in rows.items():
            kind = FEATURES[name]
            for column, one in zip(kind.columns, values.T, strict=True):
                found[column] = {"values": one, "units": kind.unit, "doc_string": kind.description}
        return found

    return made
