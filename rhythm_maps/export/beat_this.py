"""A build as training data of Beat This: the tree that its `BeatDataModule` reads (CPJKU/beat_this, data layout).

::

    DIR/annotations/<dataset>/info.json                     {"has_downbeats": true}
    DIR/annotations/<dataset>/annotations/beats/<stem>.beats
    DIR/annotations/<dataset>/single.split                  stem, TAB, train or val
    DIR/annotations/<dataset>/8-folds.split                 stem, TAB, 0 to 7: a song and its versions share a fold
    DIR/audio/spectrograms/<dataset>/<stem>/track.npy       float16 [frames, 128], 50 a second; or <dataset>.npz
    DIR/songs.tsv, DIR/skipped.tsv                          which song a stem is; which songs were left out, and why

``<dataset>`` is ``rhythm_maps_<game>``; songs whose source states no metre go to ``.._nodownbeats``, the songs of our
test split to ``.._test``, which has no split files: Beat This trains on none of it, and tests on it when told its name.
``<stem>`` is ``song_`` and 16 hex of the track id: pandas, which reads the lists, would make a number of a name of
digits.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rhythm_maps.audio import mel
from rhythm_maps.audio.features import pitch_shift, time_stretch
from rhythm_maps.build.run import read_info
from rhythm_maps.decoding import decode
from rhythm_maps.errors import BadFormat, NoDataError, UsageError
from rhythm_maps.export.folders import beats_text, read_recordings
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing

SEMITONES: Final = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
"""Pitch shifts of Beat This's training: files ``track_ps<n>``."""
TEMPO_PERCENT: Final = (-20, -16, -12, -8, -4, 4, 8, 12, 16, 20)
"""Changes of tempo of Beat This's training: files ``track_ts<n>``."""
FOLDS = 8
_FRAMES_A_SECOND = mel.SAMPLING_RATE / mel.HOP
_FEWEST_BEATS = 2
"""Beat This reads a file of one beat as a list of numbers, and leaves the song out."""
_PARTS = {"train": "train", "validation": "val"}
_LISTS = ("single.split", "8-folds.split")
_DATE = (1980, 1, 1, 0, 0, 0)
_BREAKS = dict.fromkeys(map(ord, "\t\n\r\x0b\x0c\x85\u2028\u2029"), " ")
"""What would break a line of a list."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A recording that was left out."""

    track_id: str
    song: str
    reason: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        songs: dataset folder -> songs.
        trained: songs that a list names; the others are a test set.
        skipped: what was left out.
        left: songs of the build beyond the most that were asked for.
    """

    songs: dict[str, int]
    trained: int
    skipped: tuple[Skipped, ...]
    left: int


@dataclass(slots=True)
class _Lists:
    """Lines of the text files, collected while songs are written."""

    single: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    folds: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    songs: list[str] = field(default_factory=lambda: ["stem\tdataset\tsplit\ttiming_quality\ttrack_id\tartist\ttitle"])
    count: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    skipped: list[Skipped] = field(default_factory=list)


def export_beat_this(
    build: Path,
    out: Path,
    *,
    max_items: int | None = None,
    spectrograms: bool = True,
    augment: bool = False,
    bundle: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Write the recordings of a build as training data of Beat This.

    Spectrograms are made of the audio on the game's clock, so beats and frames share it.

    Args:
        build: a build that holds `tracks` (or `beats`, without spectrograms).
        out: a folder that does not exist yet, or an empty one. It appears when it is whole.
        max_items: write so many songs at most, in the order of the build.
        spectrograms: decode the audio and write log-mel spectrograms; else annotations alone.
        augment: write the 21 pitch-shifted and time-stretched spectrograms too, without which Beat This leaves a song
            out unless it is told not to augment pitch and tempo.
        bundle: one uncompressed ``<dataset>.npz`` instead of a folder a song. (Beat This 1.1.0 reads these through
            private functions that new versions of NumPy no longer have.)
        progress: told how many recordings are done, of how many.

    Raises:
        UsageError: it is no build, lacks what is needed, or `out` holds something.
        NoDataError: no song could be written.
        BuildError: `out` cannot be written.
        MissingExtra: spectrograms need soxr and librosa.
    """
    info = read_info(build)
    if info is None:
        raise UsageError(f"{build}: no build (it has no meta/info.json); make one with rhythm-maps build")
    config = "tracks" if spectrograms else next((one for one in ("beats", "tracks") if one in info["rows"]), "beats")
    if config not in info["rows"]:
        hint = " or leave the spectrograms out (--no-spectrograms)" if spectrograms else ""
        raise UsageError(f"{build}: holds no {config}; build it with --configs charts,beats,tracks{hint}")
    if augment and not spectrograms:
        raise UsageError("augmented spectrograms without spectrograms: leave one of the two options out")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: exists and is not empty; give a new folder")
    asked = max_items or sys.maxsize
    total = min(sum(info["rows"][config].values()), asked)
    rows = read_recordings(build, config)
    lists = _Lists()
    with writing(out, "Export again when that is mended."):
        part = out.with_name(f"{out.name}.beat-this-part")  # what a stopped export left; nobody else's folder
        atomic.remove_tree(part)
        left = 0
        with ExitStack() as opened:
            store = (_Bundles(part, opened) if bundle else _Folders(part)) if spectrograms else None
            for split, row in rows:
                if sum(lists.count.values()) >= asked:
                    left += 1
                    continue
                _song(row, split, part, store, lists, augment=augment)
                progress(sum(lists.count.values()) + len(lists.skipped), total)
        if not lists.count:
            atomic.remove_tree(part)
            reasons = "; ".join(sorted({one.reason for one in lists.skipped}))
            raise NoDataError(f"{build}: no song to export ({reasons or 'it has no recordings'})")
        _write_lists(part, lists)
        atomic.remove_tree(out)
        atomic.make_folder(out.parent)
        atomic.rename(part, out)
    return Exported(dict(lists.count), sum(map(len, lists.single.values())), tuple(lists.skipped), left)


def _song(
    row: dict[str, Any], split: str, part: Path, store: _Folders | _Bundles | None, lists: _Lists, *, augment: bool
) -> None:
    """Write one recording, or note why not."""
    artist, title = (row[name].translate(_BREAKS) for name in ("artist", "title"))
    song = f"{artist} - {title}"
    name = f"rhythm_maps_{'_'.join(row['games'])}" + ("" if row["has_downbeats"] else "_nodownbeats")
    name += "" if split in _PARTS else "_test"
    stem = f"song_{row['track_id'][:16]}"
    made: list[tuple[str, NDArray[np.float16]]] = []
    frames = int((row["duration_s"] + row["timeline_shift_s"]) * _FRAMES_A_SECOND) + 1
    try:
        if store is not None:
            made = list(_spectrograms(row, augment=augment))
            frames = len(made[0][1])
    except BadFormat as error:
        lists.skipped.append(Skipped(row["track_id"], song, str(error)))
        return
    beats = _within(row["beats"], frames)
    if len(beats["time_s"]) < _FEWEST_BEATS:
        lists.skipped.append(Skipped(row["track_id"], song, f"fewer than {_FEWEST_BEATS} beats within the audio"))
        return
    for file, spectrogram in made:
        if store is not None:
            store.add(name, f"{stem}/{file}", spectrogram)
    folder = part / "annotations" / name
    atomic.write_bytes(folder / "annotations" / "beats" / f"{stem}.beats", beats_text(beats).encode())
    if split in _PARTS:
        lists.single[name].append(f"{stem}\t{_PARTS[split]}")
        lists.folds[name].append(f"{stem}\t{fold(row['group_id'])}")
    lists.count[name] += 1
    lists.songs.append(f"{stem}\t{name}\t{split}\t{row['timing_quality']}\t{row['track_id']}\t{artist}\t{title}")


def fold(group_id: str) -> int:
    """Return the fold of a group of songs, 0 to 7."""
    return int.from_bytes(hashlib.sha256(f"fold{group_id}".encode()).digest()[:8], "big") % FOLDS


def _within(beats: dict[str, list[Any]], frames: int) -> dict[str, list[Any]]:
    """Return the beats whose frame exists: Beat This drops the others without a word."""
    kept = [i for i, time_s in enumerate(beats["time_s"]) if round(time_s * _FRAMES_A_SECOND) < frames]
    return {name: [values[i] for i in kept] for name, values in beats.items()}


def _spectrograms(row: dict[str, Any], *, augment: bool) -> Iterator[tuple[str, NDArray[np.float16]]]:
    """Yield the spectrogram of a recording, then those of its augmentations, with their file names."""
    samples = decode(row, rate=mel.SAMPLING_RATE, mono=True).samples
    yield "track.npy", mel.beat_this_spectrogram(samples).astype(np.float16)
    if not augment:
        return
    for semitones in SEMITONES:
        shifted = pitch_shift(samples, mel.SAMPLING_RATE, semitones)
        yield f"track_ps{semitones}.npy", mel.beat_this_spectrogram(shifted).astype(np.float16)
    for percent in TEMPO_PERCENT:
        stretched = time_stretch(samples, 1 + percent / 100)
        yield f"track_ts{percent}.npy", mel.beat_this_spectrogram(stretched).astype(np.float16)


class _Folders:
    """Spectrograms as one file each."""

    def __init__(self, part: Path) -> None:
        self._folder = part / "audio" / "spectrograms"

    def add(self, dataset: str, member: str, spectrogram: NDArray[np.float16]) -> None:
        """Write one."""
        atomic.write_bytes(self._folder / dataset / member, _npy(spectrogram))


class _Bundles:
    """Spectrograms in one uncompressed zip a dataset, which Beat This maps into memory."""

    def __init__(self, part: Path, opened: ExitStack) -> None:
        self._folder = part / "audio" / "spectrograms"
        self._opened = opened
        self._zips: dict[str, zipfile.ZipFile] = {}

    def add(self, dataset: str, member: str, spectrogram: NDArray[np.float16]) -> None:
        """Add one."""
        if dataset not in self._zips:
            atomic.make_folder(self._folder)
            file = self._opened.enter_context(atomic.create(self._folder / f"{dataset}.npz"))
            self._zips[dataset] = self._opened.enter_context(zipfile.ZipFile(file, "w"))
        self._zips[dataset].writestr(zipfile.ZipInfo(member, _DATE), _npy(spectrogram))


def _npy(spectrogram: NDArray[np.float16]) -> bytes:
    out = io.BytesIO()
    np.save(out, spectrogram, allow_pickle=False)
    return out.getvalue()


def _write_lists(part: Path, lists: _Lists) -> None:
    for name in lists.count:
        folder = part / "annotations" / name
        info = {"has_downbeats": "_nodownbeats" not in name}
        atomic.write_bytes(folder / "info.json", f"{json.dumps(info)}\n".encode())
        for file, lines in zip(_LISTS, (lists.single, lists.folds), strict=True):
            if name in lines:
                atomic.write_bytes(folder / file, ("\n".join(sorted(lines[name])) + "\n").encode())
    atomic.write_bytes(part / "songs.tsv", ("\n".join(lists.songs) + "\n").encode())
    skipped = ["track_id\tsong\treason", *(f"{one.track_id}\t{one.song}\t{one.reason}" for one in lists.skipped)]
    atomic.write_bytes(part / "skipped.tsv", ("\n".join(skipped) + "\n").encode())
