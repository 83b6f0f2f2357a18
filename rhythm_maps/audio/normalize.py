"""A folder of recordings as 24 kHz mono WAVs of one loudness, which is how EncHF prepares audio for its codec."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.audio.decode import Timeline, blocks
from rhythm_maps.audio.loudness import WINDOW_MS, PeakRms, Samples, gain_db, gain_for
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing

RATE: Final = 24_000
"""Sampling rate of what is written, in Hz: that of the codec."""
TARGET_RMS: Final = 0.1
"""Loudness of what is written where nothing else is asked for: -20 dB below full scale."""
_FULL_SCALE: Final = 32_768


class Normalized(NamedTuple):
    """What became of one file.

    Attributes:
        name: its path below the folder that was given, with "/".
        outcome: ``written``, ``silent`` (skipped: nothing can be amplified) or ``failed``.
        status: of its decoding (`decode.Decoded.status`).
        gain_db: what was applied, in decibels.
        guarded: the gain is smaller than the target asks for: more would clip.
        reason: why it failed.
    """

    name: str
    outcome: str
    status: str = ""
    gain_db: float = 0.0
    guarded: bool = False
    reason: str = ""

    @property
    def faulty(self) -> bool:
        """Tell whether it was written although not all of it could be read."""
        return self.outcome == "written" and self.status != "ok"


def normalize(
    source: Path,
    out: Path,
    *,
    target_rms: float = TARGET_RMS,
    window_ms: float = WINDOW_MS,
    extensions: Sequence[str] = ("wav",),
    recursive: bool = False,
    timeline: Timeline = "game",
    progress: Callable[[Sequence[Path]], Iterator[Path]] = iter,
) -> list[Normalized]:
    """Write each recording as ``<stem>.wav``, 24 kHz mono 16 bit, so that its peak windowed RMS is the target.

    Args:
        source: a file, or a folder whose tree is mirrored.
        out: the folder to write into; files of these names are replaced.
        target_rms: the loudness wanted; less is reached where more would clip.
        window_ms: length of the windows that are measured, in milliseconds.
        extensions: which files of a folder are taken, in any case; a file that is named itself is always taken.
        recursive: take the files of subfolders as well.
        timeline: ``game``: samples are on the game's clock; ``file``: as the file has them.
        progress: wraps the files as they are worked through.

    Returns:
        One line a file, in order of their names. Bad files cost only themselves.

    Raises:
        UsageError: an argument makes no sense, nothing was found, or a file would be written over.
        InputError: `source` cannot be read.
        BuildError: `out` cannot be written.
        MissingExtra: soxr is not installed.
    """
    gain_for(1.0, 1.0, target_rms)
    PeakRms(RATE, window_ms)
    root, files = _find(source, extensions, recursive=recursive)
    targets = [out / file.relative_to(root).with_name(f"{file.stem}.wav") for file in files]
    _check_targets(files, targets)
    done = []
    target_of = dict(zip(files, targets, strict=True))
    with writing(out, "Run the command again when that is mended."):
        for file in progress(files):
            name = file.relative_to(root).as_posix()
            try:
                done.append(_one(file, name, target_of[file], target_rms, window_ms, timeline))
            except BadFormat as error:
                done.append(Normalized(name, "failed", reason=f"{error.reason} [{error.code}]"))
    return done


def _find(source: Path, extensions: Sequence[str], *, recursive: bool) -> tuple[Path, list[Path]]:
    if source.is_file():
        return source.parent, [source]
    if not source.is_dir():
        raise InputError(f"{source}: no such file or folder")
    wanted = {f".{extension.casefold().lstrip('.')}" for extension in extensions}
    found = []
    for folder, folders, names in os.walk(source):
        folders.sort()
        found += [Path(folder, name) for name in names if Path(name).suffix.casefold() in wanted]
        if not recursive:
            break
    if not found:
        kinds = ", ".join(sorted(wanted))
        hint = "" if recursive else "; add --recursive for its subfolders"
        raise UsageError(f"{source}: no {kinds} files in it{hint}, or name other --extensions")
    return source, sorted(found, key=lambda path: path.relative_to(source).as_posix())


def _check_targets(files: Sequence[Path], targets: Sequence[Path]) -> None:
    """Refuse to write two recordings into one file, or over one that is read."""
    taken: dict[str, Path] = {}
    inputs = {os.path.normcase(os.path.realpath(file)) for file in files}
    for file, target in zip(files, targets, strict=True):
        key = str(target).casefold()
        if key in taken:
            raise UsageError(f"{taken[key]} and {file} would both become {target}: rename one, or take one extension")
        if os.path.normcase(os.path.realpath(target)) in inputs:
            raise UsageError(f"{target} is read and would be written over: choose another folder for the output")
        taken[key] = file


def _one(file: Path, name: str, target: Path, target_rms: float, window_ms: float, timeline: Timeline) -> Normalized:
    """Measure a file and write it, decoding it twice rather than holding it."""
    data = _read(file)
    stream = blocks(data, name, rate=RATE, mono=True, timeline=timeline)
    meter, peak, count = PeakRms(RATE, window_ms), 0.0, 0
    for block in stream:
        meter.add(block)
        peak = max(peak, float(np.abs(block).max()))
        count += len(block)
    if not peak or not meter.value:
        return Normalized(name, "silent", "silent")
    gain = gain_for(meter.value, peak, target_rms)
    pcm = io.BytesIO()
    with wave.open(pcm, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.setnframes(count)
        for block in blocks(data, name, rate=RATE, mono=True, timeline=timeline):
            written.writeframesraw(pcm16(block, gain).tobytes())
    atomic.write_bytes(target, pcm.getvalue())
    guarded = gain < target_rms / meter.value
    return Normalized(name, "written", stream.status, gain_db(gain), guarded)


def pcm16(samples: Samples, gain: float) -> np.ndarray:
    """Return samples times a gain as 16-bit integers, rounded to the nearest, clipped where they pass full scale."""
    scaled = np.rint(samples.astype(np.float64) * (gain * _FULL_SCALE))
    return np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")


def _read(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > limits.AUDIO_BYTES:
            raise LimitExceeded("audio_too_large", f"{size:,} bytes; at most {limits.AUDIO_BYTES:,}", file.name)
        return file.read_bytes()
    except OSError as error:
        raise BadFormat("unreadable_file", f"cannot be read: {error.strerror}", file.name) from error
