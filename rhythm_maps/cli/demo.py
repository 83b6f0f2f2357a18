"""``rhythm-maps demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rhythm_maps import games
from rhythm_maps.cli.report import build_summary

_FRACTIONS = (0.45, 0.25, 0.30)
"""So that a dozen songs fill all three splits; the default of 0.9, 0.05, 0.05 is for real collections."""
_SHOWN_ROWS = 3
_LINE = "=" * 78


@click.command("demo", short_help="Build both games from a generated sample pack.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Folder to use.")
def command(out: Path) -> None:
    """Generate a dozen maps with music, build a dataset of each game from them, open it and show what is in it.

    Nothing is downloaded. The sample pack stays in OUT/samples, the datasets in OUT/osu and OUT/beat_saber.
    """
    for name in games.names():
        _build(name, out)
        _show(out / name)
    click.echo(f"{_LINE}\nYour own maps:")
    for name in games.names():
        click.echo(f"  rhythm-maps build {name} FOLDER_OF_YOUR_MAPS --out {(out / f'my_{name}').as_posix()}")


def _build(name: str, out: Path) -> None:
    from rhythm_maps.build.run import build
    from rhythm_maps.build.samples import write_samples
    from rhythm_maps.build.scan import scan
    from rhythm_maps.build.spec import make_spec

    click.echo(f"{_LINE}\n{games.get(name).title}: generating maps and music ...")
    folder = out / "samples" / name
    write_samples(name, folder)
    manifest = scan(name, [folder], fractions=_FRACTIONS).keep()
    click.echo(build_summary(build(manifest, out / name, make_spec(name))))


def _show(folder: Path) -> None:
    from datasets import disable_progress_bars

    from rhythm_maps import load_dataset

    disable_progress_bars()
    path = folder.as_posix() if folder.is_absolute() else f"./{folder.as_posix()}"
    click.echo(f'\n>>> ds = load_dataset("{path}", "charts")')
    charts = load_dataset(path, "charts")
    for split, rows in charts.items():
        click.echo(f"{split}: {len(rows)} rows of {len(rows.column_names)} columns")
    split = next(iter(charts))
    for row in charts[split].select(range(min(_SHOWN_ROWS, len(charts[split])))):
        click.echo(_chart_lines(row))
    click.echo(f'\n>>> for row in load_dataset("{path}", "tracks", split="{split}", streaming=True):')
    for row in load_dataset(path, "tracks", split=split, streaming=True).take(_SHOWN_ROWS):
        click.echo(
            f"  {row['artist']} - {row['title']}: {row['duration_s']:.1f} s, {row['codec']} at {row['sampling_rate']} "
            f"Hz, {len(row['audio']['bytes']):,} bytes, {len(row['beats']['time_s'])} beats at {_bpm(row)}"
        )
    click.echo("")


def _chart_lines(row: dict[str, Any]) -> str:
    beats = row["beats"]
    notes = ", ".join(f"{t:.3f}" for t in row["notes"]["time_s"][:4])
    grid = ", ".join(
        f"{t:.3f}{'*' if position == 1 else ''}"
        for t, position in zip(beats["time_s"][:5], beats["position"][:5], strict=True)
    )
    downbeat = "  (* downbeat)" if row["has_downbeats"] else ""
    return (
        f"  {row['artist_unicode']} - {row['title_unicode']} [{row['difficulty']}], {row['mode']}: "
        f"{row['n_notes']} notes, {_bpm(row)}, {row['nps']:.1f} notes a second\n"
        f"      notes at {notes} ... s\n      beats at {grid} ... s{downbeat}"
    )


def _bpm(row: dict[str, Any]) -> str:
    return f"{row['tempo_bpm']:.1f} BPM" if row["tempo_bpm"] else "no tempo"
