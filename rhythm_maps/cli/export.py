"""``rhythm-maps export``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from rhythm_maps.files.paths import printable


@click.group("export", short_help="Turn a build into what other tools take: plain folders, EncHF, Beat This.")
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
@click.option("--max-files", type=click.IntRange(min=1), help="Take this many at most.")
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


@command.command("beat-this")
@click.argument("build", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--max-items", type=click.IntRange(min=1), help="Write so many songs at most.")
@click.option("--no-spectrograms", is_flag=True, help="Write annotations and splits alone.")
@click.option("--augment", is_flag=True, help="Write the 21 pitch-shifted and time-stretched spectrograms too.")
@click.option("--npz", is_flag=True, help="Write one .npz a dataset folder instead of a folder a song.")
def beat_this(
    build: Path, out: Path, *, max_items: int | None, no_spectrograms: bool, augment: bool, npz: bool
) -> None:
    """Write the recordings of BUILD into OUT as training data of Beat This (CPJKU/beat_this).

    Annotations, info.json, single.split and 8-folds.split (by song group), and log-mel spectrograms of the audio on the
    game's clock. Songs without downbeats and songs of the test split get dataset folders of their own.
    """
    from tqdm import tqdm

    from rhythm_maps.export.beat_this import export_beat_this

    with tqdm(desc="export", unit="song", disable=not sys.stderr.isatty(), leave=False) as shown:

        def progress(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)

        done = export_beat_this(
            build,
            out,
            max_items=max_items,
            spectrograms=not no_spectrograms,
            augment=augment,
            bundle=npz,
            progress=progress,
        )
    click.echo(f"Wrote {sum(done.songs.values())} songs to {out}, {done.trained} of them in the lists:")
    for name, songs in sorted(done.songs.items()):
        click.echo(f"  {name}: {songs}")
    for one in done.skipped:
        click.echo(f"  left out: {printable(one.song)}: {printable(one.reason)}")
    if done.left:
        click.echo(f"  {done.left} more songs of the build were not asked for (--max-items).")
    if not no_spectrograms and not augment:
        click.echo("Train with --no-tempo-augmentation --no-pitch-augmentation, or export with --augment:")
        click.echo("without the augmented files Beat This leaves every song out.")
