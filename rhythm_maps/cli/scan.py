"""``rhythm-maps scan``."""

from __future__ import annotations

from pathlib import Path

import click

from rhythm_maps.cli.options import GAME, bar, find_paths, scan_options
from rhythm_maps.cli.report import scan_summary


@click.command("scan", short_help="List your maps into a manifest.")
@click.argument("game", type=GAME)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("manifest.jsonl"),
    show_default=True,
    help="The manifest to write.",
)
@scan_options
def command(
    game: str,
    paths: tuple[str, ...],
    out: Path,
    installs: tuple[str, ...],
    song_folders: bool,
    facts: tuple[str, ...],
    previous: str | None,
    splits: tuple[float, ...] | None,
) -> None:
    """List the maps of GAME in PATHS (folders or archives) into a manifest.

    A manifest is text, one line a mapset: groups, splits and shards are decided in it, and every build from it gives
    the same bytes. Unchanged files are not opened again.
    """
    from rhythm_maps.build import previous as previous_version
    from rhythm_maps.build.scan import scan

    known = previous_version.read(previous) if previous else None
    if not installs:
        paths = paths or find_paths(game, yes=False)
    result = scan(
        game,
        paths,
        installs=installs,
        further=song_folders,
        facts=facts,
        previous=known,
        fractions=splits,
        progress=lambda found: bar(found, "scan"),
    )
    result.write(out)
    click.echo(scan_summary(result))
    click.echo(f"\nWrote {out}. Next: rhythm-maps build {game} {out} --out out/{game}")
