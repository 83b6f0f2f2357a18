"""The numbers of a card, counted in the folder's own Parquet files: nothing is taken from a build that is not there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rhythm_maps.errors import BuildError
from rhythm_maps.publish.contents import Contents
from rhythm_maps.publish.markdown import cut

Floats = npt.NDArray[np.float64]


class Measure(NamedTuple):
    """A number that a card draws: column, word in its file name, title, whether it may span orders of magnitude."""

    column: str
    slug: str
    title: str
    log: bool = False
    of: str = "charts"


MEASURES = (
    Measure("stars", "stars", "Star rating"),
    Measure("nps", "notes_a_second", "Notes a second"),
    Measure("tempo_bpm", "tempo", "Main tempo in beats a minute"),
    Measure("length_s", "length", "Length of play in seconds", log=True),
    Measure("year", "year", "Year"),
)
OF_RECORDINGS = (
    Measure("tempo_bpm", "tempo", "Main tempo in beats a minute", of="recordings"),
    Measure("duration_s", "length", "Length in seconds", log=True, of="recordings"),
)
"""The same where the folder has no charts."""


_MODES, _MODE_TEXT = 8, 24
"""Most modes that a card tells apart, and most characters of a mode's name: a level may call its own anything."""


@dataclass(frozen=True, slots=True)
class ModeRow:
    """One split and mode: charts, songs (groups), notes, and hours from first to last note; NaN where unknown."""

    split: str
    mode: str
    charts: int
    songs: int
    notes: int
    hours: float


@dataclass(frozen=True, slots=True)
class Mappers:
    """How charts are spread over mappers: their number, the share of the ten busiest, and the Gini coefficient."""

    number: int
    top_share: float
    gini: float


@dataclass(frozen=True, slots=True)
class CardStats:
    """Everything a card counts.

    Attributes:
        hours: split -> hours of music, each recording once; empty where no length is known.
        modes: charts by split and mode, in that order.
        values: measure -> mode -> finite values.
        mappers: None where no column names any.
        words: column (language, genre) -> value -> charts, most first.
        timing: (timing_quality, has_downbeats) -> rows of the config that gives beats, most first.
        agreeing: share of recordings all of whose charts have one grid; NaN where unknown.
        groups: groups of songs in all splits.
        sources: (source, terms) -> rows, over the first config with rights.
        as_of: first and last day of what sources say of charts (`status_as_of`); None where no row says.
        declared_ai: charts that are known to be made by a generator; None where no column says.
        ledger: (kind, outcome, code) -> inputs, without those that became rows.
    """

    hours: Mapping[str, float]
    modes: Sequence[ModeRow]
    values: Mapping[Measure, Mapping[str, Floats]]
    mappers: Mappers | None
    words: Mapping[str, Mapping[str, int]]
    timing: Mapping[tuple[str, bool], int]
    agreeing: float
    groups: int
    sources: Mapping[tuple[str, str], int]
    as_of: tuple[str, str] | None
    declared_ai: int | None
    ledger: Mapping[tuple[str, str, str], int]


def count(contents: Contents) -> CardStats:
    """Count a folder.

    Raises:
        BuildError: a group of songs lies in two splits, which no build of ours does.
    """
    measured = (measure.column for measure in MEASURES)
    wanted = ["mode", "group_id", "n_notes", "mappers", "language", "genre", "status_as_of", "declared_ai", *measured]
    charts = contents.stored["charts"].table(wanted) if "charts" in contents.stored else None
    timing, agreeing = _timing(contents)
    return CardStats(
        hours=_hours(contents),
        modes=_modes(charts) if charts is not None else (),
        values=_values(contents, charts),
        mappers=_mappers(charts) if charts is not None and "mappers" in charts.column_names else None,
        words={name: _words(charts, name) for name in ("language", "genre") if charts is not None},
        timing=timing,
        agreeing=agreeing,
        groups=_groups(contents),
        sources=_sources(contents),
        as_of=_as_of(charts),
        declared_ai=_declared_ai(charts),
        ledger=_ledger(contents),
    )


def _hours(contents: Contents) -> dict[str, float]:
    stored = contents.first_with("duration_s", ("beats", "tracks", "tokens"))
    if stored is None:
        return {}
    rows = stored.table(["duration_s"])
    sums = rows.group_by("split").aggregate([("duration_s", "sum")])
    found = dict(zip(sums["split"].to_pylist(), sums["duration_s_sum"].to_pylist(), strict=True))
    return {split: (found.get(split) or 0.0) / 3600 for split in stored.rows}


def _modes(charts: pa.Table) -> list[ModeRow]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    modes = _modes_of(charts)
    known = {
        name: charts[name].to_pylist() for name in ("group_id", "n_notes", "length_s") if name in charts.schema.names
    }
    for i, (split, mode) in enumerate(zip(charts["split"].to_pylist(), modes, strict=True)):
        row = rows.setdefault((split, mode), {"charts": 0, "songs": set(), "notes": 0, "seconds": 0.0})
        row["charts"] += 1
        row["songs"].add(known["group_id"][i] if "group_id" in known else "")
        row["notes"] += known["n_notes"][i] or 0 if "n_notes" in known else 0
        row["seconds"] += (known["length_s"][i] or 0.0) if "length_s" in known else float("nan")
    return [
        ModeRow(split, mode, row["charts"], len(row["songs"]), row["notes"], row["seconds"] / 3600)
        for (split, mode), row in rows.items()
    ]


def _values(contents: Contents, charts: pa.Table | None) -> dict[Measure, dict[str, Floats]]:
    measures: tuple[Measure, ...] = MEASURES
    table = charts
    if table is None:
        stored = contents.first_with("duration_s", ("beats", "tracks", "tokens"))
        if stored is None:
            return {}
        measures, table = OF_RECORDINGS, stored.table([m.column for m in OF_RECORDINGS])
    found: dict[Measure, dict[str, Floats]] = {}
    for measure in measures:
        if measure.column in table.column_names:
            values = table[measure.column].cast(pa.float64()).fill_null(float("nan")).to_numpy()
            finite = np.isfinite(values) & ((values > 0) | (not measure.log))
            modes = np.array(_modes_of(table), dtype=object)
            by_mode = {mode: values[finite & (modes == mode)] for mode in dict.fromkeys(modes.tolist())}
            if finite.any():
                found[measure] = {mode: by_mode[mode] for mode in sorted(by_mode) if len(by_mode[mode])}
    return found


def _modes_of(table: pa.Table) -> list[str]:
    """Return the mode of each row; modes are open text, so all but the most frequent are "others"."""
    if "mode" not in table.column_names:
        return [""] * len(table)
    modes = [cut(mode or "", _MODE_TEXT) for mode in table["mode"].to_pylist()]
    counts = Counter(modes)
    kept = set(sorted(counts, key=lambda mode: (-counts[mode], mode))[:_MODES])
    return [mode if mode in kept else "others" for mode in modes]


def _mappers(charts: pa.Table) -> Mappers | None:
    names = Counter(pc.list_flatten(charts["mappers"]).to_pylist())
    counts = np.sort(np.array(list(names.values()), np.float64))
    if not len(counts):
        return None
    ranks = np.arange(1, len(counts) + 1)
    gini = (2 * (ranks * counts).sum() / (len(counts) * counts.sum())) - (len(counts) + 1) / len(counts)
    return Mappers(len(counts), float(counts[-10:].sum() / counts.sum()), float(gini))


def _words(charts: pa.Table | None, name: str) -> dict[str, int]:
    if charts is None or name not in charts.column_names:
        return {}
    return dict(sorted(Counter(v for v in charts[name].to_pylist() if v).items(), key=lambda item: (-item[1], item[0])))


def _timing(contents: Contents) -> tuple[dict[tuple[str, bool], int], float]:
    stored = contents.first_with("timing_quality", ("beats", "tracks", "charts"))
    if stored is None:
        return {}, float("nan")
    rows = stored.table(["timing_quality", "has_downbeats", "beats_agreement"])
    downbeats = rows["has_downbeats"].to_pylist() if "has_downbeats" in rows.column_names else [False] * len(rows)
    counted = Counter(
        zip((q or "not stated" for q in rows["timing_quality"].to_pylist()), map(bool, downbeats), strict=True)
    )
    agreeing = float("nan")
    if "beats_agreement" in rows.column_names:
        agreeing = float(np.mean([(value or 0.0) >= 1.0 for value in rows["beats_agreement"].to_pylist()]))
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))), agreeing


def _groups(contents: Contents) -> int:
    """Count the groups, and hold the promise that each lies in one split, over all configs."""
    splits: dict[str, str] = {}
    for name, stored in contents.stored.items():
        if name in {"credits", "preview"} or "group_id" not in stored.schema.names:
            continue
        for split, table in stored.tables(["group_id"]):
            for group in table["group_id"].unique().to_pylist():
                if group is not None and splits.setdefault(group, split) != split:
                    raise BuildError(
                        f"{contents.folder}: group {group} is in {splits[group]} and in {split} of {name}: the folder "
                        "holds files of two builds. Build it again."
                    )
    return len(splits)


def _sources(contents: Contents) -> dict[tuple[str, str], int]:
    stored = contents.first_with("rights")
    if stored is None:
        return {}
    counted: Counter[tuple[str, str]] = Counter()
    for right in stored.table(["rights"])["rights"].to_pylist():
        counted[(right or {}).get("source") or "", (right or {}).get("terms_url") or ""] += 1
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _as_of(charts: pa.Table | None) -> tuple[str, str] | None:
    if charts is None or "status_as_of" not in charts.column_names:
        return None
    days = pc.min_max(charts["status_as_of"]).as_py()
    return (str(days["min"]), str(days["max"])) if days["min"] is not None else None


def _declared_ai(charts: pa.Table | None) -> int | None:
    if charts is None or "declared_ai" not in charts.column_names:
        return None
    return int(pc.sum(charts["declared_ai"]).as_py() or 0)


def _ledger(contents: Contents) -> dict[tuple[str, str, str], int]:
    path = contents.folder / "meta" / "ledger.parquet"
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    if path.is_file():
        lines = pq.read_table(path, columns=["kind", "outcome", "code"])
        counts = lines.group_by(["kind", "outcome", "code"]).aggregate([([], "count_all")])
        for row in counts.to_pylist():
            found[row["kind"], row["outcome"], row["code"] or ""] += row["count_all"]
    else:
        for what, n in contents.info.get("ledger", {}).items():
            kind, outcome, *codes = what.split(" ")
            found[kind, outcome, " ".join(codes)] += n
    left = {key: n for key, n in found.items() if key[1] != "row"}
    return dict(sorted(left.items(), key=lambda item: (-item[1], item[0])))
