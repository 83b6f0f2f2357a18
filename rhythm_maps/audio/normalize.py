"""A folder of recordings as 24 kHz mono WAVs of one loudness, which is how EncHF prepares audio for its codec."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from rhythm_maps.audio import folder
from rhythm_maps.audio.decode import Timeline, blocks
from rhythm_maps.audio.loudness import WINDOW_MS, PeakRms, gain_db, gain_for
from rhythm_maps.errors import BadFormat
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing

RATE: Final = 24_000
"""Sampling rate of what is written, in Hz: that of the codec."""
TARGET_RMS: Final = 0.1
"""Loudness of what is written where nothing else is asked for: -20 dB below full scale."""


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
    root, files = folder.find(source, extensions, recursive=recursive)
    target_of = dict(zip(files, folder.targets(files, root, out, ".wav"), strict=True))
    done = []
    with writing(out, "Run the command again when that is mended."):
        for file in progress(files):
            name = file.relative_to(root).as_posix()
            try:
                done.append(_one(file, name, target_of[file], target_rms, window_ms, timeline))
            except BadFormat as error:
                done.append(Normalized(name, "failed", reason=f"{error.reason} [{error.code}]"))
    return done


def _one(file: Path, name: str, target: Path, target_rms: float, window_ms: float, timeline: Timeline) -> Normalized:
    """Measure a file and write it, decoding it twice rather than holding it."""
    data = folder.read(file)
    stream = blocks(data, name, rate=RATE, mono=True, timeline=timeline)
    meter, peak = PeakRms(RATE, window_ms), 0.0
    for block in stream:
        meter.add(block)
        peak = max(peak, float(np.abs(block).max()))
    if not peak or not meter.value:
        return Normalized(name, "silent", "silent")
    gain = gain_for(meter.value, peak, target_rms)
    again = blocks(data, name, rate=RATE, mono=True, timeline=timeline)
    atomic.write_bytes(target, folder.wav16(again, RATE, gain))
    guarded = gain < target_rms / meter.value
    return Normalized(name, "written", stream.status, gain_db(gain), guarded)
