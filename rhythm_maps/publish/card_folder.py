"""Whether a card tells the truth of the folder it stands in: files, rows, columns, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.publish.findings import Finding, dicts

_PICTURE = re.compile(r"!\[[^\]\n]{0,500}\]\((?P<path>[^)\s]{1,500})")
_CODE = re.compile(r"`[^`\n]*`")
_AGAIN = "make it again: rhythm-maps card render"


def folder_findings(folder: Path, front: Mapping[str, Any], prose: str) -> Iterator[Finding]:
    """Compare a card with its folder.

    Args:
        folder: the folder.
        front: the card's YAML; what of it is not in the shape that the Hub knows is passed over here.
        prose: the card's text without code.
    """
    counted: dict[tuple[str, str], int] = {}
    columns: dict[str, set[str]] = {}
    filtered = set()
    for config in dicts(front.get("configs")):
        name = str(config.get("config_name", "default"))
        if config.get("filters"):
            filtered.add(name)
        for split, pattern in _patterns(config):
            paths = _files(folder, pattern)
            if not paths:
                yield Finding("files", f"{name}: no file {pattern} in the folder", _AGAIN)
                continue
            try:
                rows = sum(pq.read_metadata(path).num_rows for path in paths)
                counted[name, split] = counted.get((name, split), 0) + rows
                columns.setdefault(name, set(pq.read_schema(paths[0]).names))
            except (pa.ArrowException, OSError) as error:
                yield Finding("files", f"{name}: {paths[0].name} cannot be read: {error}", "build or download it again")
    yield from _unlisted(folder, front)
    yield from _stale(front, counted, columns, filtered)
    for path in sorted({found["path"] for found in _PICTURE.finditer(_CODE.sub("", prose))}):
        if "://" not in path and not _files(folder, path):
            yield Finding("pictures", f"the picture {path} is not in the folder", _AGAIN)


def _patterns(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give (split, pattern) of a config, in each of the shapes that the Hub takes."""
    files = config.get("data_files")
    for entry in files if isinstance(files, list) else [files]:
        split, paths = (
            (str(entry.get("split", "train")), entry.get("path")) if isinstance(entry, dict) else ("train", entry)
        )
        for path in paths if isinstance(paths, list) else [paths]:
            if isinstance(path, str):
                yield split, path


def _files(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a pattern; none of one that leads out of the folder."""
    parts = PurePosixPath(pattern).parts
    if not parts or ".." in parts or PurePosixPath(pattern).is_absolute() or ":" in parts[0]:
        return []
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file())
    except ValueError:  # "a**": a pattern that pathlib does not know
        return []


def _unlisted(folder: Path, front: Mapping[str, Any]) -> Iterator[Finding]:
    listed = {
        path
        for config in dicts(front.get("configs"))
        for _, pattern in _patterns(config)
        for path in _files(folder, pattern)
    }
    there = {path for path in folder.glob("*/*.parquet") if path.parent.name != "meta"}
    if rest := sorted(path.relative_to(folder).as_posix() for path in there - listed):
        yield Finding("files", f"{len(rest)} Parquet files are in no config: {rest[0]}", _AGAIN)


def _stale(
    front: Mapping[str, Any],
    counted: Mapping[tuple[str, str], int],
    columns: Mapping[str, set[str]],
    filtered: set[str],
) -> Iterator[Finding]:
    for info in dicts(front.get("dataset_info")):
        name = str(info.get("config_name", "default"))
        for split in dicts(info.get("splits")):
            said, there = split.get("num_examples"), counted.get((name, str(split.get("name"))))
            wrong = there is None or not isinstance(said, int) or (said > there if name in filtered else said != there)
            if wrong:
                has = "no such files are there" if there is None else f"the files have {there}"
                yield Finding("row_counts", f"{name}, {split.get('name')}: {said} rows by the card, {has}", _AGAIN)
        told = {str(feature.get("name")) for feature in dicts(info.get("features"))}
        if told and name in columns and told != columns[name]:
            odd = ", ".join(sorted(told ^ columns[name])[:3])
            yield Finding("features", f"{name}: card and files differ in columns: {odd}", _AGAIN)
