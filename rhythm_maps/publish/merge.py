"""Makes larger shards of a staged folder that has more files than one commit takes.

Shard k of n of a split holds a range of positions, and n is a power of two. So shards 2k and 2k + 1 of n are together
shard k of n / 2, for every config alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from rhythm_maps.build.parquet import TableWriter
from rhythm_maps.files import atomic

_NAME = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.parquet")


def merge_shards(folder: Path, most: int, shards: Mapping[str, int]) -> dict[str, int]:
    """Merge neighbouring shards until a folder has few enough files; the split with most shards goes first.

    Args:
        folder: a staged folder, ``<config>/<split>-00000-of-00008.parquet``.
        most: files it may have.
        shards: split -> number of shards.

    Returns:
        The numbers of shards that it has then.
    """
    every = [path for path in folder.rglob("*") if path.is_file()]
    files = [path for path in every if _NAME.fullmatch(path.name) and path.parent.name != "meta"]
    fewer = dict(shards)
    while len(every) - len(files) + len({_merged(path, shards, fewer) for path in files}) > most:
        split = max(sorted(fewer), key=lambda one: fewer[one], default="")
        if fewer.get(split, 1) == 1:
            break
        fewer[split] //= 2
    groups: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(files):
        groups[_merged(path, shards, fewer)].append(path)
    for target, parts in groups.items():
        if parts != [target]:
            _write(target, parts)
    return fewer


def _merged(path: Path, shards: Mapping[str, int], fewer: Mapping[str, int]) -> Path:
    """Return the file that takes a file's rows."""
    found = _NAME.fullmatch(path.name)
    assert found is not None
    split, k, n = found[1], int(found[2]), int(found[3])
    if n != shards.get(split) or fewer[split] == n:  # a file of its own, such as the preview
        return path
    new = fewer[split]
    return path.with_name(f"{split}-{k * new // n:05d}-of-{new:05d}.parquet")


def _write(target: Path, parts: list[Path]) -> None:
    if len(parts) == 1:
        atomic.link(parts[0], target)
    else:
        with TableWriter(target, pq.read_schema(parts[0])) as writer:
            for part in parts:
                source = pq.ParquetFile(part)
                for i in range(source.num_row_groups):
                    writer.write(source.read_row_group(i))
    for part in parts:
        atomic.remove_file(part)
