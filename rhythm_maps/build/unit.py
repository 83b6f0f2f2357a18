"""One unit of a build: a shard written to a folder, which is renamed into place when it is whole.

The rename is the marker that the shard is done, and it makes the ledger exactly-once, because the ledger's fragment
lies in the same folder.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from rhythm_maps import limits
from rhythm_maps.build import manifest, presets
from rhythm_maps.build.features import features
from rhythm_maps.build.ledger import SCHEMA as LEDGER_SCHEMA
from rhythm_maps.build.manifest import ShardRef
from rhythm_maps.build.parquet import TableWriter
from rhythm_maps.build.playlists import listed
from rhythm_maps.build.shard import LEDGER, iter_shard
from rhythm_maps.build.spec import Spec, columns
from rhythm_maps.build.whereabouts import At, nowhere
from rhythm_maps.files import atomic
from rhythm_maps.tokens.settings import TokenRun

FACTS = "facts.json"


class Place(NamedTuple):
    """Where a worker is: the path of a mapset, and the id of the recording that it decodes or encodes just now."""

    path: str = ""
    track: str = ""


class Unit(NamedTuple):
    """What a worker needs to make one shard; small, because it is pickled."""

    work: str
    manifest: str
    roots: tuple[str, ...]
    shard: ShardRef
    spec: Spec
    run: TokenRun = TokenRun()

    @property
    def done(self) -> Path:
        """Return the folder that exists when the shard is done."""
        return Path(self.work) / "parts" / self.shard.name

    @property
    def whereabouts(self) -> Path:
        """Return the file in which the worker says its `Place`."""
        return Path(self.work) / "at" / self.shard.name

    @property
    def condemned(self) -> frozenset[str]:
        """Return the ids of the recordings that are not to be decoded again, because they killed their workers."""
        folder = Path(self.work) / "condemned"
        return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()

    def condemn(self, place: Place) -> None:
        """Note that a recording kills its worker; the note lasts until the build is finished."""
        atomic.write_bytes(Path(self.work) / "condemned" / place.track, place.path.encode("utf-8"))


class UnitFacts(msgspec.Struct):
    """What is counted while a shard is made, so that nothing is read again to sum up a build.

    Attributes:
        rows: rows of each config and of the ledger.
        presets: charts that each preset shows.
        seconds: length of the recordings (of the charts where recordings are not made).
        outcomes: "kind outcome code" of the ledger -> lines.
        listed: what of the playlist was found, whether or not it gave a row.
    """

    rows: dict[str, int]
    presets: dict[str, int]
    seconds: float
    outcomes: dict[str, int]
    listed: list[str] = []

    def count(self, spec: Spec, name: str, table: pa.Table) -> None:
        """Count one table that was written."""
        if name == LEDGER:
            for kind, outcome, code in zip(*(table[c].to_pylist() for c in ("kind", "outcome", "code")), strict=True):
                key = f"{kind} {outcome} {code}"
                self.outcomes[key] = self.outcomes.get(key, 0) + 1
            playlist = frozenset(spec.playlist)
            self.listed = sorted({one for chart_id in table["id"].to_pylist() for one in listed(chart_id, playlist)})
        elif name == "charts":
            for preset, one in presets.presets(spec.game).items():
                passed = presets.mask(table, one.filters)
                self.presets[preset] += len(table) if passed is None else pc.sum(passed).as_py() or 0
        if name == _timed(spec):
            self.seconds += pc.sum(table["length_s" if name == "charts" else "duration_s"]).as_py() or 0.0


def _timed(spec: Spec) -> str:
    return next((name for name in ("beats", "tracks") if name in spec.configs), "charts")


def write_unit(unit: Unit, *, careful: bool = False, at: At = nowhere) -> None:
    """Make one shard's folder.

    Args:
        unit: the shard.
        careful: parse one group at a time, so that a crash points at its mapset; same bytes.
        at: told where the work is: see `iter_shard`.
    """
    temporary = Path(unit.work) / "tmp" / f"{unit.shard.name}.{os.getpid()}"
    atomic.remove_tree(temporary)
    atomic.make_folder(temporary)
    entries = manifest.read_shard(Path(unit.manifest), unit.shard)
    roots = [Path(root) for root in unit.roots]
    ahead = 0 if careful else limits.READ_AHEAD_BYTES
    facts = UnitFacts({}, dict.fromkeys(presets.presets(unit.spec.game), 0), 0.0, {})
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(TableWriter(temporary / f"{name}.parquet", _schema(unit.spec, name)))
            for name in (*unit.spec.configs, LEDGER)
        }
        tables = iter_shard(entries, roots, unit.spec, run=unit.run, condemned=unit.condemned, read_ahead=ahead, at=at)
        for name, table in tables:
            if len(table):
                writers[name].write(table)
                facts.count(unit.spec, name, table)
    facts.rows.update({name: writer.rows for name, writer in writers.items()})
    with atomic.create(temporary / FACTS) as file:
        file.write(msgspec.json.encode(facts, order="deterministic"))
    atomic.make_folder(unit.done.parent)
    atomic.rename(temporary, unit.done)


def _schema(spec: Spec, name: str) -> pa.Schema:
    return LEDGER_SCHEMA if name == LEDGER else features(columns(spec.game, name)).arrow_schema


def read_facts(unit: Unit) -> UnitFacts:
    """Return what was counted when a finished shard was made."""
    return msgspec.json.decode((unit.done / FACTS).read_bytes(), type=UnitFacts)
