"""``rhythm-maps export``."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("export", short_help="Turn a build into what other tools take.")
def command() -> None:
    """Turn a build into what other tools take."""


@command.command("folders")
@click.argument("build", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def folders(build: Path, out: Path) -> None:
    """Write the recordings of BUILD into OUT as plain files: audio, .beats, tempo and metadata."""
    from rhythm_maps.export.folders import export_folders

    done = export_folders(build, out)
    click.echo(
        f"Wrote {done.songs} songs to {out}: {done.with_beats} with beats, {done.audio} with audio "
        "(folders audio, annotations, timing_points, metadata)."
    )
