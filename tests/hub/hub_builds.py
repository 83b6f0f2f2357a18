"""Builds to push, each made once: from mapsets by number, with the splits and numbers of shards that a test wants."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
from generate import write_mapsets

from rhythm_maps.build import manifest, previous
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

STORED = ("charts", "beats", "tracks")
"""All configs that need no model."""


class Builds:
    """Makes builds of osu! mapsets below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple, Path] = {}

    def make(
        self,
        mapsets: int = 24,
        *,
        configs: tuple[str, ...] = STORED,
        shards: int = 1,
        fractions: tuple[float, ...] = (0.5, 0.5, 0),
        first: int = 0,
        seconds: float = 0.05,
        since: Path | None = None,
        without: tuple[int, ...] = (),
    ) -> Path:
        """Return a build's folder.

        Args:
            mapsets: how many.
            configs: of the build.
            shards: of every split.
            fractions: of the splits; taken over from `since` where that is given.
            first: number of the first mapset.
            seconds: of audio in each.
            since: the build of the version before: keeps groups, splits and shards.
            without: numbers of mapsets that are not there.
        """
        key = (mapsets, configs, shards, fractions, first, seconds, since, without)
        if key not in self._made:
            place = self._folder / str(len(self._made))
            maps = write_mapsets(place / "maps", mapsets, first=first, audio_seconds=seconds)
            for number in without:
                maps[number - first].unlink()
            known = previous.read(str(since)) if since else None
            found = scan("osu", [place / "maps"], fractions=None if since else fractions, previous=known)
            plan = found.keep()
            if shards > 1:
                plan = sharded(plan, place / "manifest.jsonl", shards)
            self._made[key] = build(plan, place / "osu", make_spec("osu", configs=configs)).out
        return self._made[key]

    def copy(self, made: Path) -> Path:
        """Return a copy of a build, so that two may be pushed at once or one be damaged."""
        place = self._folder / f"copy-{len(list(self._folder.glob('copy-*')))}" / "osu"
        shutil.copytree(made, place)
        return place


def sharded(plan: Path, to: Path, shards: int) -> Path:
    """Write a manifest again with another number of shards than the collections of tests would get."""
    lines = plan.read_bytes().splitlines(keepends=True)
    header = msgspec.json.decode(lines[0])
    header["shards"] = dict.fromkeys(header["shards"], shards)
    to.write_bytes(msgspec.json.encode(header) + b"\n" + b"".join(lines[1:]))
    manifest.load(to)
    return to


def ids_of(build: Path, config: str) -> dict[str, list[str]]:
    """Return split -> ids of a build's rows, in the order in which readers get them."""
    key = "chart_id" if config == "charts" else "track_id"
    found: dict[str, list[str]] = {}
    for path in sorted((build / config).glob("*.parquet")):
        found.setdefault(path.name.split("-")[0], []).extend(pq.read_table(path, columns=[key])[key].to_pylist())
    return found
