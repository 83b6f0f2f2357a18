"""What commands say at their end: what came out, what was left out, what to do next."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rhythm_maps.files.paths import printable
from rhythm_maps.tokens.settings import PRETRAINED

if TYPE_CHECKING:
    from rhythm_maps.build.run import Result
    from rhythm_maps.build.scan import Scan

_SHOWN_REJECTS = 5
_SPLITS = ("train", "validation", "test")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns; the first column to the left, the others to the right."""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        gaps = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [row[0] + gaps[0], *(gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def _width(text: str) -> int:
    """Return the columns that a text takes in a terminal; East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def counts_table(rows: Mapping[str, Mapping[str, int]]) -> str:
    """Lay out rows by config and split."""
    cells = [[name, *(f"{splits[s]:,}" if splits.get(s) else "-" for s in _SPLITS)] for name, splits in rows.items()]
    return table([["", *_SPLITS], *cells])


def scan_summary(scan: Scan) -> str:
    """Say what a scan found."""
    charts = sum(len(entry.charts) for entry in scan.entries)
    groups = len({entry.group for entry in scan.entries})
    known = f", {scan.reused} unchanged since the last scan" if scan.reused else ""
    lines = [f"Found {len(scan.entries)} mapsets with {charts} charts, {groups} songs or groups of songs{known}."]
    per_split = {s: sum(entry.split == s for entry in scan.entries) for s in _SPLITS}
    lines.append("Splits: " + ", ".join(f"{s} {n}" for s, n in per_split.items() if n) + " mapsets.")
    lines += [f"Also read {printable(str(path))}: a list of the install names it." for path in scan.further]
    if scan.rejects:
        lines.append(f"{len(scan.rejects)} inputs could not be opened:")
        lines += [f"  {printable(r.path)}: {printable(r.reason)} [{r.code}]" for r in scan.rejects[:_SHOWN_REJECTS]]
        if len(scan.rejects) > _SHOWN_REJECTS:
            lines.append(
                f"  ... and {len(scan.rejects) - _SHOWN_REJECTS} more, at the end of the manifest and in the ledger"
            )
    lines += [
        f"A large group: {n} mapsets share songs or audio with {printable(song) or 'no song key'!r}; should they?"
        for _, n, song in scan.large
    ]
    crossed = [m for m in scan.moved if m.split != m.to_split]
    if scan.moved:
        lines.append(
            f"{len(scan.moved)} known groups were joined to others by new mapsets; {len(crossed)} changed their split."
        )
    return "\n".join(lines)


def build_summary(result: Result) -> str:
    """Say what a build made."""
    info = result.info
    lines = [f"Built {_shown(result.out)}: {info['hours']:.2f} hours."]
    if result.reused:
        lines[0] += f" ({result.reused} shards were there already.)"
    lines += ["", "Rows by config and split:", counts_table(info["rows"])]
    if info["presets"]:
        lines += ["", "Presets (views of charts):", counts_table(info["presets"])]
    lines += ["", *_left_out(info)]
    if info["not_found"]:
        listed = len(info["spec"]["playlist"])
        lines.append(
            f"{len(info['not_found'])} of {listed} songs and difficulties of the playlist were not found among the "
            "charts that can be read (not_found in meta/info.json)."
        )
    tokens = info["spec"]["tokens"]
    if tokens and tokens["weights"] != PRETRAINED:
        lines += ["", f"Tokens were made with weights of the kind {tokens['weights']}, not with the published ones."]
    first = next(iter(info["rows"]))
    lines += ["", "Open it in Python:", "  from datasets import load_dataset"]
    lines += [f'  ds = load_dataset("{_shown(result.out)}", "{first}")']
    for leftover in result.leftovers:
        lines.append(
            f"\nAn unfinished build of other inputs or settings is in {_shown(leftover)}; delete it if not wanted."
        )
    return "\n".join(lines)


def _left_out(info: Mapping[str, Any]) -> list[str]:
    left = {what: n for what, n in info["ledger"].items() if " row" not in what}
    if not left:
        return ["Nothing was left out."]
    rows = [[what, f"{n:,}"] for what, n in sorted(left.items(), key=lambda item: (-item[1], item[0]))]
    return ["Left out (each with its place in meta/ledger.parquet):", table(rows)]


def _shown(path: os.PathLike[str]) -> str:
    """Return a path as a person would type it here: relative where it is below the working directory."""
    relative = os.path.relpath(path)
    shown = os.fspath(path) if relative.startswith("..") else f"./{relative}"
    return shown.replace(os.sep, "/")
