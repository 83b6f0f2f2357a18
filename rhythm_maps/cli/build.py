"""``rhythm-maps build``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rhythm_maps import games
from rhythm_maps.build.spec import DEFAULT_CONFIGS
from rhythm_maps.cli.build_tokens import build_token_folder
from rhythm_maps.cli.filters import parse_filters
from rhythm_maps.cli.options import bar, find_paths, scan_options, token_arguments, token_options
from rhythm_maps.cli.report import build_summary, scan_summary
from rhythm_maps.errors import UsageError
from rhythm_maps.loading import ECDC_FOLDER


@click.command("build", short_help="Turn maps or a manifest into a dataset folder.")
@click.argument("game", metavar="GAME", type=click.Choice((*games.names(), ECDC_FOLDER)))
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--out", type=click.Path(path_type=Path), help="The folder to make.  [required]")
@click.option("--cond-root", type=click.Path(path_type=Path), help="ecdc_folder: folder of the sidecars.")
@click.option(
    "--configs",
    default=",".join(DEFAULT_CONFIGS),
    show_default=True,
    help="Which tables to make; also: tokens (extra: rhythm-maps[tokens]).",
)
@click.option("--preset", default="", help="Keep only the charts of this preset, such as mania_4k.")
@click.option(
    "--filter", "filters", multiple=True, help='Keep charts such as "stars>=5", "keys in 4,7", "mappers~Name".'
)
@click.option(
    "--playlist",
    "playlists",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Keep only the charts that this playlist lists (Beat Saber: .bplist); may be given several times.",
)
@click.option(
    "--opt-outs",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Leave out what this file lists, instead of your own list (rhythm-maps opt-out list shows it).",
)
@click.option("--stars", is_flag=True, help="Compute star ratings at several rates (extra: rhythm-maps[stars]).")
@click.option(
    "--include",
    multiple=True,
    metavar="WHAT",
    help="Also decode what is left out by default (Beat Saber: lights); may be given several times.",
)
@click.option("--include-ai", is_flag=True, help="Keep charts that their source declares AI-made (see --facts).")
@click.option("--min-notes", default=1, show_default=True, help="Charts with fewer notes are left out.")
@token_options
@click.option("--workers", default=1, show_default=True, help="Processes; the result does not depend on it.")
@click.option("--yes", is_flag=True, help="Without PATHS: take the folder of maps that was found on this machine.")
@click.option("--fresh", is_flag=True, help="Build again although a finished or interrupted build is there.")
@click.option("--max-rejects", type=int, help="Exit with 1 when more charts and inputs than this were rejected.")
@scan_options
def command(
    game: str,
    paths: tuple[str, ...],
    out: Path | None,
    cond_root: Path | None,
    configs: str,
    preset: str,
    filters: tuple[str, ...],
    playlists: tuple[str, ...],
    opt_outs: Path | None,
    min_notes: int,
    workers: int,
    bandwidth: float | None,
    weights: str | None,
    target_rms: float | None,
    token_device: str | None,
    *,
    stars: bool,
    include: tuple[str, ...],
    include_ai: bool,
    yes: bool,
    fresh: bool,
    max_rejects: int | None,
    installs: tuple[str, ...],
    song_folders: bool,
    facts: tuple[str, ...],
    previous: str | None,
    splits: tuple[float, ...] | None,
) -> None:
    """Build a dataset folder from PATHS: folders and archives of GAME, or one manifest.jsonl of a scan.

    Without PATHS it says which folder of maps it found on this machine, and takes it with --yes.

    The folder holds Parquet, a README that names the configs, and a ledger of everything that was read. A build that
    was stopped goes on where it was when the same command runs again.

    GAME may be ecdc_folder: PATHS is then a folder of .ecdc token files with their sidecars, and --out and --cond-root
    are its options (rhythm-maps build ecdc_folder TOKENS OUT does as well).
    """
    from rhythm_maps.build import opt_outs as opt_out_files
    from rhythm_maps.build.run import build
    from rhythm_maps.build.spec import make_spec

    if game == ECDC_FOLDER:
        build_token_folder(click.get_current_context(), paths, out, cond_root)
        return
    if out is None or cond_root is not None:
        raise UsageError("--out is missing: name the folder to make" if out is None else "--cond-root is ecdc_folder's")
    names = tuple(name.strip() for name in configs.split(",") if name.strip())
    wanted = parse_filters(game, filters)
    tokens, run = token_arguments(names, bandwidth, weights, target_rms, token_device)
    spec = make_spec(
        game,
        configs=names,
        preset=preset,
        min_notes=min_notes,
        filters=wanted,
        stars=stars,
        include=include,
        include_ai=include_ai,
        playlists=playlists,
        opt_outs=opt_out_files.read(opt_outs),
        tokens=tokens,
    )
    if not installs:
        paths = paths or find_paths(game, yes=yes)
    manifest = _manifest(game, paths, installs, facts, previous, splits, further=song_folders)
    with _Progress() as progress:
        result = build(
            manifest,
            out,
            spec,
            tokens=run,
            workers=workers,
            fresh=fresh,
            on_start=progress.start,
            on_done=progress.update,
        )
    click.echo(build_summary(result))
    rejected = sum(n for what, n in result.info["ledger"].items() if what.startswith(("input reject", "chart reject")))
    if max_rejects is not None and rejected > max_rejects:
        click.echo(f"\n{rejected} inputs and charts were rejected, more than --max-rejects {max_rejects}.", err=True)
        sys.exit(1)


def _manifest(
    game: str,
    paths: tuple[str, ...],
    installs: tuple[str, ...],
    facts: tuple[str, ...],
    previous: str | None,
    splits: tuple[float, ...] | None,
    *,
    further: bool,
) -> Path:
    if len(paths) == 1 and paths[0].endswith(".jsonl"):
        if previous or splits or installs or further or facts:
            raise UsageError(
                "a manifest holds its splits and facts already: give --previous, --splits, --install, --facts and "
                "--song-folders to rhythm-maps scan"
            )
        return Path(paths[0])
    from rhythm_maps.build import previous as previous_version
    from rhythm_maps.build.scan import scan

    known = previous_version.read(previous) if previous else None
    result = scan(
        game,
        paths,
        installs=installs,
        further=further,
        facts=facts,
        previous=known,
        fractions=splits,
        progress=lambda found: bar(found, "scan"),
    )
    click.echo(scan_summary(result))
    return result.keep()


class _Progress:
    """A progress bar whose length is known when the build says so; none when the output is no terminal."""

    def __enter__(self) -> _Progress:
        from tqdm import tqdm

        self._bar = tqdm(desc="build", unit="mapset", disable=not sys.stderr.isatty(), leave=False)
        return self

    def start(self, mapsets: int) -> None:
        self._bar.reset(total=mapsets)

    def update(self, mapsets: int) -> None:
        self._bar.update(mapsets)

    def __exit__(self, *_: object) -> None:
        self._bar.close()
