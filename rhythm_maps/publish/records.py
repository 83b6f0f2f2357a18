"""What a published version says of itself beside its rows: ledger, groups, tombstones, info.

Nothing here names what was left out: the ledger keeps a line for everything that was read, but only the lines of rows
that are published say which they are; a line of a row that was left out says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps.build.assemble import content_digest, file_entry, info_bytes
from rhythm_maps.build.opt_outs import sha256_of
from rhythm_maps.build.parquet import write_table
from rhythm_maps.build.previous import GROUPS_FILE, INFO_FILE
from rhythm_maps.files import atomic
from rhythm_maps.publish.policy import OPTED_OUT, Policy
from rhythm_maps.publish.verdicts import Verdicts

LEDGER_FILE = "meta/ledger.parquet"
MOVED_FILE = "meta/moved.parquet"
TOMBSTONES_FILE = "meta/tombstones.jsonl"
_LOCAL = ("playlist", "opt_outs")
"""Parts of a spec that list what is not published."""


class Tombstone(msgspec.Struct, frozen=True, order=True):
    """One line of ``meta/tombstones.jsonl``: a row that is gone and must go from copies as well.

    Attributes:
        kind: ``chart``, ``track`` or another kind of `opt_outs.KINDS`.
        sha256: of the id (`opt_outs.sha256_of`), so that whoever has the row finds it and nobody else reads it.
        version: the first version without it.
        reason: a word: ``opted_out``, or what a withdrawal says.
    """

    kind: str
    sha256: str
    version: str
    reason: str


def read_tombstones(path: Path) -> list[Tombstone]:
    """Read the tombstones of a published version; none where there is no such file."""
    if not path.is_file():
        return []
    return [msgspec.json.decode(line, type=Tombstone) for line in path.read_bytes().splitlines() if line.strip()]


def write_tombstones(
    ledger: pa.Table, verdicts: Verdicts, version: str, known: Iterable[Tombstone], folder: Path
) -> None:
    """Write the tombstones of earlier versions, and those of what opted out and has none yet."""
    stones = {(one.kind, one.sha256): one for one in sorted(known, reverse=True)}
    gone = [("chart", chart) for chart, reason in verdicts.charts.items() if reason == OPTED_OUT]
    gone += [("track", track) for track, reason in verdicts.tracks.items() if reason == OPTED_OUT]
    lines = zip(*(ledger[name].to_pylist() for name in ("kind", "code", "id")), strict=True)
    gone += [("chart", row_id) for kind, code, row_id in lines if kind == "chart" and code == OPTED_OUT and row_id]
    for kind, row_id in gone:
        key = (kind, sha256_of(row_id))
        stones.setdefault(key, Tombstone(*key, version, OPTED_OUT))
    if stones:
        with atomic.create(folder / TOMBSTONES_FILE) as file:
            file.write(b"".join(msgspec.json.encode(one) + b"\n" for _, one in sorted(stones.items())))


def read_ledger(build: Path) -> pa.Table:
    """Read the ledger of a build."""
    return pq.read_table(build / LEDGER_FILE)


def audio_names(ledger: pa.Table, verdicts: Verdicts) -> dict[str, str]:
    """Return, for recordings that lose charts, the name of their file in the first mapset that keeps one."""
    if not verdicts.shared:
        return {}
    lines = ledger.to_pylist()
    kept = {(line["root"], line["path"]) for line in lines if line["id"] in verdicts.kept_charts}
    found: dict[str, str] = {}
    for line in lines:
        if line["kind"] == "audio" and line["id"] in verdicts.shared and (line["root"], line["path"]) in kept:
            found.setdefault(line["id"], line["name"])
    return found


def write_ledger(ledger: pa.Table, verdicts: Verdicts, folder: Path) -> Counter[str]:
    """Write the ledger without what is local or left out; return "kind outcome code" -> lines."""
    lines = []
    for line in ledger.to_pylist():
        kept = line["id"] in (verdicts.kept_charts if line["kind"] == "chart" else verdicts.kept_tracks)
        reason = (verdicts.charts if line["kind"] == "chart" else verdicts.tracks).get(line["id"], "")
        if reason and line["outcome"] in {"row", "duplicate_of"}:
            line |= {"outcome": "ignored", "code": reason}
        name = line["name"] if kept and line["outcome"] == "row" and line["kind"] == "chart" else ""
        lines.append(line | {"root": 0, "path": "", "name": name, "id": line["id"] if kept else "", **_UNSAID})
    write_table(folder / LEDGER_FILE, pa.Table.from_pylist(lines, schema=ledger.schema))
    return Counter(" ".join((line["kind"], line["outcome"], line["code"])).strip() for line in lines)


_UNSAID = {"reason": "", "place": ""}
"""Texts that may quote a map or name a file."""


def write_groups(build: Path, verdicts: Verdicts, folder: Path) -> None:
    """Write the groups of what is published, so that the next version keeps their splits."""
    if not (build / GROUPS_FILE).is_file():
        return  # token files by themselves have no songs, so no groups
    kept = []
    for row in pq.read_table(build / GROUPS_FILE).to_pylist():
        if row["group"] not in verdicts.groups:
            continue
        row["song_keys"] = [key for key in row["song_keys"] if key in verdicts.groups[row["group"]]]
        if row["group"] in verdicts.torn:
            row |= {"audio": [], "links": []}
        kept.append(row)
    write_table(folder / GROUPS_FILE, pa.Table.from_pylist(kept, schema=pq.read_schema(build / GROUPS_FILE)))
    if (build / MOVED_FILE).is_file():
        moved = [row for row in pq.read_table(build / MOVED_FILE).to_pylist() if row["to_group"] in verdicts.groups]
        if moved:
            write_table(folder / MOVED_FILE, pa.Table.from_pylist(moved))


def write_info(
    info: Mapping[str, Any],
    policy: Policy,
    rows: Mapping[str, Mapping[str, int]],
    facts: Mapping[str, Any],
    folder: Path,
) -> None:
    """Write ``meta/info.json``: what the build says of itself, as far as it is true of what is published.

    The card, which is made from it, enters itself and its pictures.
    """
    spec = {name: value for name, value in info.get("spec", {}).items() if name not in _LOCAL}
    if "configs" in spec:
        spec["configs"] = [config for config in spec["configs"] if config in rows]
    kept = {name: value for name, value in info.items() if name not in {"files", "content_sha256", "not_found"}}
    new = {
        **kept,
        **facts,
        **({"spec": spec} if spec else {}),
        "rows": rows,
        "profile": policy.profile,
        "rights": {**info["rights"], "basis": policy.rights} if policy.rights else info["rights"],
        "files": (listed := file_list(folder)),
        "content_sha256": content_digest(listed),
    }
    with atomic.create(folder / INFO_FILE) as file:
        file.write(info_bytes(new))


def file_list(folder: Path) -> dict[str, dict[str, Any]]:
    """Return relative path -> bytes and sha256 of every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): file_entry(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
