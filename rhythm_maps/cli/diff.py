"""``rhythm-maps diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rhythm_maps.cli.report import table

if TYPE_CHECKING:
    from rhythm_maps.publish.diff import Diff


@click.command("diff", short_help="Compare two builds or published versions.")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
def command(old: str, new: str) -> None:
    """Say what is in B and not in A: the folder of a build, or a Hub dataset as owner/name or owner/name@v1.2.0.

    Rows are compared over the columns that both have.
    """
    from rhythm_maps.publish.diff import compare, side

    click.echo("\n".join(change_lines(compare(side(old), side(new)), old, new)))


def change_lines(found: Diff, old: str, new: str) -> list[str]:
    """Say in lines what differs."""
    if found.empty:
        return [f"No row of {new} differs from {old}."]
    counts = {"added": found.rows.added, "removed": found.rows.removed, "changed": found.rows.changed}
    if found.moved:
        counts["moved to another split"] = found.moved
    configs = sorted({config for per_config in counts.values() for config in per_config})
    lines = [f"From {old} to {new}:"]
    if configs:
        cells = [
            [config, *(f"{per[config]:,}" if config in per else "-" for per in counts.values())] for config in configs
        ]
        lines.append(table([["rows", *counts], *cells]))
    for config, words in found.columns.items():
        lines.append(f"  columns of {config}: {', '.join(words)}")
    lines += [f"  the config {config} is gone" for config in found.dropped_configs]
    if found.breaking():
        lines.append("Readers of the old one may trip over this: the first number of the version goes up.")
    return lines
