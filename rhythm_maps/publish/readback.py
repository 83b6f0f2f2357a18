"""Reads a commit back the way its users will, before it gets a tag."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pyarrow.parquet as pq

from rhythm_maps.errors import HubError
from rhythm_maps.publish.hub import Repository
from rhythm_maps.publish.staging import Staged

_READERS = 8


def read_back(repository: Repository, commit: str, staged: Staged) -> None:
    """Check that a commit holds what was staged: rows and features of every config and split.

    ``datasets.load_dataset`` opens each config at the commit; rows are counted in the footers of its files, so that
    the data is not downloaded.

    Raises:
        HubError: it does not, or the Hub could not be reached.
    """
    counted = _count(repository, commit, staged)
    for config, splits in staged.rows.items():
        found = {split: counted.get((config, split), 0) for split in splits}
        if found != dict(splits):
            raise _differs(repository, commit, f"{config} has {found} rows, and {dict(splits)} were pushed")
        loaded = repository.ask(f"open {config}", partial(_features, repository, commit, config))
        if set(loaded) != set(splits):
            raise _differs(repository, commit, f"{config} opens with the splits {sorted(loaded)}, not {sorted(splits)}")
        expected = _staged_features(staged, config)
        for split, features in loaded.items():
            if features != expected:
                raise _differs(repository, commit, f"{config}/{split} opens with other features than were pushed")


def _count(repository: Repository, commit: str, staged: Staged) -> Mapping[tuple[str, str], int]:
    names = [name for name in staged.files if name.endswith(".parquet") and name.split("/")[0] in staged.rows]
    total: dict[tuple[str, str], int] = {}

    def rows(name: str) -> int:
        def ask() -> int:
            with repository.open_remote(name, commit) as file:
                return int(pq.ParquetFile(file).metadata.num_rows)

        return repository.ask(f"read {name} back", ask)

    repository.list_for_reading(commit)
    with ThreadPoolExecutor(_READERS) as readers:
        for name, n in zip(names, readers.map(rows, names), strict=True):
            config, _, file = name.partition("/")
            split = file.rpartition("-of-")[0].rpartition("-")[0]
            total[config, split] = total.get((config, split), 0) + n
    return total


def _features(repository: Repository, commit: str, config: str) -> dict[str, Any]:
    from datasets import load_dataset  # noqa: PLC0415 - heavy, and only publishing needs it

    splits = load_dataset(repository.name, config, revision=commit, streaming=True, token=repository.token)
    return {split: dataset.features for split, dataset in splits.items()}


def _staged_features(staged: Staged, config: str) -> Any:
    from datasets import Features  # noqa: PLC0415 - as above

    first = next(name for name in staged.files if name.startswith(f"{config}/"))
    return Features.from_arrow_schema(pq.read_schema(staged.folder / first))


def _differs(repository: Repository, commit: str, what: str) -> HubError:
    return HubError(
        f"{repository.name}: read back at {commit[:8]}, {what}. It has no tag, so no version names it. "
        "Run the same push again; if it stays so, report it."
    )
