"""Which rows of a build may be published: charts first, then recordings by what is left of their charts.

Groups, and with them a recording and all its charts, are judged over the whole build, whatever configs are published.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps import games
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.errors import UsageError
from rhythm_maps.publish.policy import OFFICIAL, OPTED_OUT, REMEDIES, Policy

OF_CHARTS = (
    "chart_id", "mapset_id", "track_id", "group_id", "song_key", "game", "file_sha256", "beatmap_id", "beatmapset_id",
    "beatsaver_id", "mappers", "lighters", "mapper_ids", "rights",
)  # fmt: skip
OF_RECORDINGS = ("track_id", "group_id", "song_key", "chart_ids", "audio_md5", "rights")
"""Columns by which charts and recordings are judged."""
_RECORDINGS = ("beats", "tracks", "tokens")
_EXAMPLES = 3
"""Ids that a message names of each reason."""


@dataclass(slots=True)
class Verdicts:
    """What may be published of a build, and what not.

    Attributes:
        charts: chart_id -> reason, of charts that are left out.
        tracks: track_id -> reason, of recordings that are left out.
        shared: track_id of a recording that stays and loses charts -> the charts that stay.
        kept_charts, kept_tracks: ids of what stays.
        groups: group_id of what stays -> its song keys.
        torn: groups that lose a row.
        counts: reason -> charts left out (recordings where the build has no charts).
        examples: reason -> the first of their ids.
        judged: there are charts, so that a recording is judged by them.
    """

    charts: dict[str, str] = field(default_factory=dict)
    tracks: dict[str, str] = field(default_factory=dict)
    shared: dict[str, list[str]] = field(default_factory=dict)
    kept_charts: set[str] = field(default_factory=set)
    kept_tracks: set[str] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    torn: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)
    judged: bool = False

    def of_recordings(self, table: pa.Table, policy: Policy) -> list[str]:
        """Return why each row of a table of recordings is left out, "" where it stays."""
        ids = table["track_id"].to_pylist()
        rights = table["rights"].to_pylist()
        if self.judged:
            return [
                self.tracks.get(i, OFFICIAL if r and r["official"] else "") for i, r in zip(ids, rights, strict=True)
            ]
        opted = policy.opt_outs.mask(table)
        own = [_own_reason(r or {}, out=out) for r, out in zip(rights, opted, strict=True)]
        return [self.tracks.get(i, reason) for i, reason in zip(ids, own, strict=True)]


def _own_reason(rights: dict[str, Any], *, out: bool) -> str:
    if rights.get("official"):
        return OFFICIAL
    return OPTED_OUT if out or rights.get("opt_out") else ""


def files(build: Path, info: dict[str, Any], config: str) -> Iterator[tuple[str, Path]]:
    """Yield (split, file) of a config's Parquet files, in order of split and shard."""
    for split in SPLITS:
        if info["rows"].get(config, {}).get(split):
            for path in sorted((build / config).glob(f"{split}-*.parquet")):
                yield split, path


def read(build: Path, info: dict[str, Any], config: str, names: Sequence[str]) -> pa.Table:
    """Read some columns of a config, all splits; columns that it does not have are left out."""
    tables = []
    for _, path in files(build, info, config):
        file = pq.ParquetFile(path)
        tables.append(file.read([name for name in names if name in file.schema_arrow.names]).replace_schema_metadata())
    return pa.concat_tables(tables)


def judge(build: Path, info: dict[str, Any], policy: Policy) -> Verdicts:
    """Judge every row of a build.

    Raises:
        UsageError: the build lacks the tables by which a rule could be applied.
    """
    _check_answerable(info, policy)
    verdicts = Verdicts(judged="charts" in info["rows"])
    if verdicts.judged:
        _judge_charts(verdicts, _with_md5(read(build, info, "charts", OF_CHARTS), build, info, policy), policy)
    for config in _RECORDINGS:
        if config in info["rows"]:
            _judge_recordings(verdicts, read(build, info, config, OF_RECORDINGS), policy)
    return verdicts


def pending(info: dict[str, Any], policy: Policy) -> frozenset[str]:
    """Return the kinds of opt-outs that the build itself has not honoured yet."""
    return policy.opt_outs.without(info.get("spec", {}).get("opt_outs", ())).kinds


def refusals(verdicts: Verdicts) -> str:
    """Return what was left out, the first ids of it and what can be done, one line a reason."""
    lines = []
    for reason, count in verdicts.counts.items():
        ids = ", ".join(verdicts.examples[reason])
        more = ", ..." if count > len(verdicts.examples[reason]) else ""
        lines.append(f"\n  {count:,} {reason}: {ids}{more}: {REMEDIES[reason]}")
    return "".join(lines)


def _check_answerable(info: dict[str, Any], policy: Policy) -> None:
    """Refuse what could not be checked: a build without charts does not know who made them."""
    rows, game = info["rows"], info["game"]
    if game not in games.names():
        return
    kinds = pending(info, policy)
    blind = kinds & {"chart", "mapset", "beatsaver", "mapper"} if "charts" not in rows else kinds & {"md5"}
    if blind and not ("charts" in rows and {"beats", "tracks"} & rows.keys()):
        lacking = "beats" if "charts" in rows else "charts"
        raise UsageError(
            f"this build has no {lacking}, so opt-outs of kind {', '.join(sorted(blind))} cannot be looked up in it. "
            f"Build it again: rhythm-maps build honours your opt-outs itself."
        )
    if policy.needs_permission(game) and "charts" not in rows:
        raise UsageError("this build has no charts, so permissions cannot be looked up in it: build it with charts")


def _with_md5(charts: pa.Table, build: Path, info: dict[str, Any], policy: Policy) -> pa.Table:
    if "md5" not in pending(info, policy):
        return charts
    config = "beats" if "beats" in info["rows"] else "tracks"
    known = read(build, info, config, ("track_id", "audio_md5"))
    md5_of = dict(zip(known["track_id"].to_pylist(), known["audio_md5"].to_pylist(), strict=True))
    md5s = [md5_of.get(track) for track in charts["track_id"].to_pylist()]
    return charts.append_column("audio_md5", pa.array(md5s, pa.string()))


def _judge_charts(verdicts: Verdicts, table: pa.Table, policy: Policy) -> None:
    reasons = policy.reasons(table)
    columns = (table[name].to_pylist() for name in ("chart_id", "track_id", "group_id", "song_key"))
    charts_of: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for chart, track, group, key, reason in zip(*columns, reasons, strict=True):
        if track is not None:
            charts_of[track].append((chart, reason))
        if reason:
            verdicts.charts[chart] = reason
            verdicts.torn.add(group)
        else:
            verdicts.kept_charts.add(chart)
            verdicts.groups[group].add(key)
    for track, charts in charts_of.items():
        kept = [chart for chart, reason in charts if not reason]
        if any(reason == OFFICIAL for _, reason in charts):
            verdicts.tracks[track] = OFFICIAL
        elif not kept:
            verdicts.tracks[track] = min(reason for _, reason in charts)
        elif len(kept) < len(charts):
            verdicts.shared[track] = kept
        if kept and track not in verdicts.tracks:
            verdicts.kept_tracks.add(track)
    _count(verdicts, verdicts.charts)


def _judge_recordings(verdicts: Verdicts, table: pa.Table, policy: Policy) -> None:
    reasons = verdicts.of_recordings(table, policy)
    columns = (table[name].to_pylist() if name in table.column_names else [""] * len(table) for name in _KEYS)
    left: dict[str, str] = {}
    for track, group, key, reason in zip(*columns, reasons, strict=True):
        if reason:
            left[track or f"row {len(left)}"] = reason
            verdicts.torn.add(group)
            if track is not None:
                verdicts.tracks[track] = reason
                verdicts.shared.pop(track, None)
                verdicts.kept_tracks.discard(track)
        else:
            verdicts.kept_tracks.add(track)
            if not verdicts.judged:
                verdicts.groups[group].add(key)
    if not verdicts.judged:
        _count(verdicts, left)


_KEYS = ("track_id", "group_id", "song_key")


def _count(verdicts: Verdicts, left: dict[str, str]) -> None:
    verdicts.counts = dict(sorted(Counter(left.values()).items()))
    for reason in verdicts.counts:
        ids = sorted(str(one) for one, why in left.items() if why == reason)
        verdicts.examples[reason] = tuple(ids[:_EXAMPLES])
