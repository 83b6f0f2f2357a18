"""Folders of recordings: which files, what is made of them, and 16-bit WAVs as what is written."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.audio.loudness import Samples
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, UsageError

_FULL_SCALE: Final = 32_768


def find(source: Path, extensions: Sequence[str], *, recursive: bool) -> tuple[Path, list[Path]]:
    """List the recordings of a file or folder.

    Args:
        source: a file, which is always taken, or a folder.
        extensions: which files of a folder are taken, with or without a dot, in any case.
        recursive: take the files of subfolders as well; links to folders are not followed.

    Returns:
        The folder that paths are relative to, and the files by that path.

    Raises:
        InputError: `source` is not there.
        UsageError: it holds no such file.
    """
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
        hint = "" if recursive else "; add --recursive for its subfolders"
        raise UsageError(f"{source}: no {', '.join(sorted(wanted))} files in it{hint}, or name other --extensions")
    return source, sorted(found, key=lambda path: path.relative_to(source).as_posix())


def targets(files: Sequence[Path], root: Path, out: Path, suffix: str) -> list[Path]:
    """Return what each file becomes: `out` mirrors `root`, and a stem keeps its dots.

    Raises:
        UsageError: two files would become one, or one that is read would be written over.
    """
    made = [out / file.relative_to(root).with_name(f"{file.stem}{suffix}") for file in files]
    taken: dict[str, Path] = {}
    inputs = {_identity(file) for file in files}
    for file, target in zip(files, made, strict=True):
        other = taken.setdefault(str(target).casefold(), file)
        if other is not file:
            raise UsageError(f"{other} and {file} would both become {target}: rename one of them")
        if _identity(target) in inputs:
            raise UsageError(f"{target} is read and would be written over: choose another folder for the output")
    return made


def _identity(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def read(path: Path) -> bytes:
    """Return the bytes of a recording.

    Raises:
        BadFormat: the system does not let us read it (``unreadable_file``).
        LimitExceeded: it is larger than `limits.AUDIO_BYTES`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.AUDIO_BYTES + 1)
    except OSError as error:
        raise BadFormat("unreadable_file", f"cannot be read: {error.strerror or error}", path.name) from error
    if len(data) > limits.AUDIO_BYTES:
        raise LimitExceeded("audio_too_large", f"more than {limits.AUDIO_BYTES:,} bytes", path.name)
    return data


def wav16(blocks: Iterable[Samples], sampling_rate: int, gain: float = 1.0) -> bytes:
    """Return mono samples, ``[n]`` a block, times a gain as a 16-bit WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(sampling_rate)
        for block in blocks:
            written.writeframesraw(_pcm16(block, gain).tobytes())
    return file.getvalue()


def _pcm16(samples: Samples, gain: float) -> npt.NDArray[np.int16]:
    """Return samples as 16-bit integers, rounded to the nearest, clipped where they pass full scale."""
    scaled = np.rint(samples.astype(np.float64) * (gain * _FULL_SCALE))
    return np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
