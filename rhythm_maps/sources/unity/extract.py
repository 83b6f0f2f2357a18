"""Official levels as ordinary level folders, which any tool opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rhythm_maps.errors import BadFormat, NoDataError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.sources.unity import folder
from rhythm_maps.sources.unity.install import Install
from rhythm_maps.sources.unity.level import OfficialLevel
from rhythm_maps.sources.unity.packs import Reject

_WORK = ".extracting"
"""Folder below `out` in which a level is written before its folder is renamed; no level is ever called so."""
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(10))})
"""Names that Windows keeps for devices."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What an extraction came to.

    Attributes:
        out: where the folders are.
        folders: names of the level folders, in the order of the install's levels.
        beatmaps: number of difficulties written.
        rejects: level bundles and packs that could not be read, and levels that packs list without a bundle.
        notes: what is missing in the folders that were written.
    """

    out: Path
    folders: tuple[str, ...]
    beatmaps: int
    rejects: tuple[Reject, ...]
    notes: tuple[Reject, ...]


def extract_official(
    install: Path,
    out: Path,
    *,
    v2_info: bool = False,
    progress: Callable[[Sequence[str]], Iterator[str]] = iter,
) -> Extracted:
    """Write every official level of an install as a folder: Info.dat, beatmaps, lightshows, audio data, song, cover.

    A folder appears whole or not at all; one that an earlier run wrote is replaced. Text of the bundles never becomes
    a path as it is. One damaged bundle costs its own level only.

    Args:
        install: the install's folder.
        out: the folder to write into; it is made where it is missing.
        v2_info: Info.dat of format 2 with gzipped beatmaps (and no lightshows, which that format cannot name), instead
            of format 4.
        progress: wraps the levels' paths while they are written, to show a bar.

    Raises:
        InputError: `install` is no install.
        NoDataError: not one level could be read.
        MissingExtra: UnityPy is not installed.
        BuildError: another extraction into `out` is running, or it cannot be written.
    """
    source = Install(install)
    with writing(out, "Run it again when that is mended."):
        atomic.make_folder(out)
        atomic.remove_tree(out / _WORK)
        folders: list[str] = []
        taken: set[str] = set()
        rejects: list[Reject] = []
        notes: list[Reject] = []
        beatmaps = 0
        for path in progress(source.levels):
            try:
                level = source.level(path, v2=v2_info)
            except BadFormat as error:
                rejects.append(Reject(path, error))
                continue
            name = _folder_name(level.level_id, taken)
            files, missing = _files(level)
            try:
                _write(files, out, name)
            except BadFormat as error:
                rejects.append(Reject(path, error))
                continue
            folders.append(name)
            beatmaps += sum(file.endswith(".beatmap.dat") or (v2_info and _is_beatmap(file)) for file in files)
            notes += [Reject(name, problem) for problem in [*level.problems, *missing]]
        atomic.remove_tree(out / _WORK)
    rejects += source.rejects()
    if not folders:
        first = f" The first: {rejects[0].path}: {rejects[0].error}" if rejects else ""
        raise NoDataError(f"{install}: none of {len(source.levels)} level bundles could be read.{first}")
    return Extracted(out, tuple(folders), beatmaps, tuple(rejects), tuple(notes))


def _is_beatmap(file: str) -> bool:
    return file.endswith(".dat") and file not in {folder.INFO, folder.BPM_INFO}


def _folder_name(level_id: str, taken: set[str]) -> str:
    """Return a name for a level's folder that no other has, in any case, and note it."""
    base = folder.safe(level_id).strip("_") or "level"
    base += "_" if base.lower() in _RESERVED else ""
    name, count = base, 1
    while name.lower() in taken:
        count += 1
        name = f"{base}_{count}"
    taken.add(name.lower())
    return name


def _files(level: OfficialLevel) -> tuple[dict[str, bytes], list[BadFormat]]:
    """Read all members; one that cannot be read (a cover) is left out and noted."""
    files, missing = {}, []
    for name in level.names():
        try:
            files[name] = level.read(name)
        except BadFormat as error:
            missing.append(error)
    return files, missing


def _write(files: dict[str, bytes], out: Path, name: str) -> None:
    target, work = out / name, out / _WORK
    if target.exists() and not (target / folder.INFO).is_file():
        raise BadFormat("name_taken", "something that is no level has its name, and is left alone", name)
    fresh, old = work / name, work / f"{name}.old"
    atomic.make_folder(fresh)
    for file in sorted(files, key=lambda file: file == folder.INFO):  # last: without it, no tool takes it for a level
        with atomic.create(fresh / file) as opened:
            opened.write(files[file])
    if target.exists():
        atomic.rename(target, old)
    atomic.rename(fresh, target)
    atomic.remove_tree(old)
