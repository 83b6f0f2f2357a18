"""``rhythm-maps audio``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rhythm_maps.cli.options import bar
from rhythm_maps.files.paths import printable

if TYPE_CHECKING:
    from rhythm_maps.audio.normalize import Normalized


@click.group("audio", short_help="Prepare recordings.")
def command() -> None:
    """Prepare recordings."""


@command.command("normalize")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--target-rms", default=0.1, show_default=True, help="Peak windowed RMS of what is written; 1 is full.")
@click.option("--window-ms", default=250.0, show_default=True, help="Length of the windows that are measured.")
@click.option(
    "--extensions",
    default=("wav",),
    show_default=True,
    multiple=True,
    metavar="NAMES",
    help='Which files of a folder are taken: "wav,mp3,ogg", in any case; may be given several times.',
)
@click.option("--recursive", is_flag=True, help="Also take the files of subfolders; OUT mirrors them.")
@click.option(
    "--timeline",
    type=click.Choice(["game", "file"]),
    default="game",
    show_default=True,
    help="game: an MP3 starts where osu! starts it, so that beats fit; file: where its decoder does.",
)
def normalize(
    source: Path,
    out: Path,
    target_rms: float,
    window_ms: float,
    extensions: tuple[str, ...],
    *,
    recursive: bool,
    timeline: Any,
) -> None:
    """Write the recordings of IN, a file or folder, into OUT as 24 kHz mono 16-bit WAVs of one loudness.

    Each becomes <stem>.wav. The gain is exact, and smaller where it would clip. Silent files are skipped. Ends with 1
    where a file could not be read; the others are written.
    """
    from rhythm_maps.audio.normalize import normalize as run

    names = [name.strip() for part in extensions for name in part.split(",") if name.strip()]
    done = run(
        source,
        out,
        target_rms=target_rms,
        window_ms=window_ms,
        extensions=names,
        recursive=recursive,
        timeline=timeline,
        progress=lambda files: bar(files, "normalize", "file"),
    )
    click.echo(_summary(done, out))
    if any(one.outcome == "failed" for one in done):
        sys.exit(1)


def _summary(done: Sequence[Normalized], out: Path) -> str:
    written = [one for one in done if one.outcome == "written"]
    lines = [f"Wrote {len(written)} of {len(done)} files to {out.as_posix()}."]
    lines += [f"  {printable(one.name)}: silent, skipped" for one in done if one.outcome == "silent"]
    lines += [f"  {printable(one.name)}: quieter than asked for: more would clip" for one in written if one.guarded]
    lines += [f"  {printable(one.name)}: {one.status}, written as far as it goes" for one in written if one.faulty]
    lines += [f"  {printable(one.name)}: failed: {printable(one.reason)}" for one in done if one.outcome == "failed"]
    return "\n".join(lines)
