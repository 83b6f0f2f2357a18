"""``rhythm-maps export``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click


@click.group("export", short_help="Turn a build into what other tools take.")
def command() -> None:
    """Turn a build into what other tools take."""


@command.command("enchf")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--split", default="train", show_default=True, help="The split to write; others that are there stay.")
@click.option("--tokens-subdir", default="tokens", show_default=True, help="Where the token files go, below OUT.")
@click.option(
    "--materialize",
    type=click.Choice(["link", "copy", "none"]),
    default="link",
    show_default=True,
    help="Hard links (copies where there are none), copies, or only the list.",
)
@click.option("--cond-root", type=click.Path(path_type=Path), help="Folder of the sidecars; beside the files without.")
@click.option("--recursive/--no-recursive", default=True, show_default=True, help="Take the folders of SOURCE, too.")
@click.option("--max-files", type=int, help="Take this many at most.")
@click.option("--verify", is_flag=True, help="Read everything back afterwards.")
def enchf(
    source: Path,
    out: Path,
    split: str,
    tokens_subdir: str,
    materialize: Any,
    cond_root: Path | None,
    max_files: int | None,
    *,
    recursive: bool,
    verify: bool,
) -> None:
    """Write SOURCE, a build with tokens or a folder of .ecdc files, as EncHF's data loader reads it."""
    import datasets

    from rhythm_maps.export.enchf import export_enchf

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    done = export_enchf(
        source,
        out,
        split=split,
        tokens_subdir=tokens_subdir,
        materialize=materialize,
        cond_root=cond_root,
        recursive=recursive,
        verify=verify,
        max_files=max_files,
    )
    click.echo(f"Wrote {done.rows} rows of the split {split} to {out}.")
    if done.without_sidecar:
        click.echo(f"{done.without_sidecar} of them had no features and got sidecars without any.")
    for what, lines in (("Left out", done.rejects), ("Wrong", done.missing)):
        for line in lines:
            click.echo(f"{what}: {line}", err=True)
    if done.rejects or done.missing:
        sys.exit(1)
    if verify:
        click.echo("Verified: every file is there and fits its features.")


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
