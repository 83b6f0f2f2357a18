"""``rhythm-maps opt-out``."""

from __future__ import annotations

from pathlib import Path

import click

from rhythm_maps.build.opt_outs import KINDS
from rhythm_maps.errors import UsageError

_FILE = click.option("--file", type=click.Path(path_type=Path), metavar="FILE", help="Another list than your own.")


@click.group("opt-out", short_help="List what must be left out of builds and pushes.")
def command() -> None:
    """Keep the list of maps, mappers, songs and recordings that builds and pushes leave out.

    It is a file of yours; what is published holds hashes of the rows that are gone, and no name.
    """


@command.command("add")
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.argument("values", nargs=-1)
@click.option("--reason", default="", help="A note for yourself.")
@click.option(
    "--beatsaver-deleted",
    "deleted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add every map of a saved answer of https://api.beatsaver.com/maps/deleted.",
)
@_FILE
def add(kind: str | None, values: tuple[str, ...], reason: str, deleted: Path | None, file: Path | None) -> None:
    """Add VALUES of one KIND.

    \b
    chart      chart_id, file_sha256 or osu!'s beatmap id
    mapset     mapset_id or osu!'s beatmapset id
    beatsaver  BeatSaver's id of a map
    mapper     a name as maps credit it, or an id
    track      sha256 (track_id) or md5 of an audio file; its charts go with it
    song       a song_key: someartist/song
    """  # noqa: D301 - click's mark for lines that stay as they are
    from rhythm_maps.build import opt_outs

    if (kind is None) == (deleted is None) or (kind is not None and not values):
        raise UsageError("expected KIND and VALUES, such as: opt-out add mapper NAME; or --beatsaver-deleted FILE")
    if deleted is not None:
        new = opt_outs.beatsaver_deleted(deleted)
    else:
        new = [opt_outs.OptOut(kind or "", value, reason) for value in values]
    added = opt_outs.add(new, file)
    known = f"; {len(new) - len(added)} already there" if len(added) < len(new) else ""
    click.echo(f"Added {len(added)} to {file or opt_outs.default_file()}{known}.")
    click.echo("Builds leave them out from now on, and so do pushes of builds that still hold them.")


@command.command("list")
@_FILE
def show(file: Path | None) -> None:
    """Show the list."""
    from rhythm_maps.build import opt_outs

    entries = opt_outs.entries(file)
    for entry in entries:
        click.echo(f"{entry.kind:10} {entry.value}" + (f"  ({entry.reason})" if entry.reason else ""))
    click.echo(f"{len(entries)} in {file or opt_outs.default_file()}")
