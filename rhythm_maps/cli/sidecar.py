"""``rhythm-maps sidecar``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rhythm_maps.cli.options import bar
from rhythm_maps.errors import BadFormat, InputError, UsageError

if TYPE_CHECKING:
    from rhythm_maps.tokens.audit import Audit
    from rhythm_maps.tokens.producers import Producer

_PATH: click.Path = click.Path(path_type=Path)


@click.group("sidecar", short_help="Write, show and check per-frame features beside token files.")
def command() -> None:
    """Write, show and check sidecars: per-frame features beside .ecdc token files."""


def _roots(function: Callable[..., None]) -> Callable[..., None]:
    function = click.option("--shard-count", type=int, help="Number of shares that the files are dealt into.")(function)
    function = click.option("--shard-index", type=int, help="Work on one share of the files, from 0.")(function)
    function = click.option("--cond-root", type=_PATH, help="Folder of the sidecars; beside the token files without.")(
        function
    )
    return click.option("--audio-root", type=_PATH, required=True, help="Folder of the .ecdc files.")(function)


_DTYPE = click.option(
    "--dtype", type=click.Choice(["float16", "float32"]), default="float16", show_default=True, help="Stored type."
)
_SKIP = click.option("--skip-errors", is_flag=True, help="Exit with 0 although files failed.")


@command.command("init")
@_roots
@_DTYPE
@click.option("--overwrite", is_flag=True, help="Empty the sidecars that are there, too.")
@click.option("--manifest-csv", type=_PATH, help="Also write a table of the files: frames, features, codebooks.")
@_SKIP
def init(
    audio_root: Path,
    cond_root: Path | None,
    shard_index: int | None,
    shard_count: int | None,
    dtype: str,
    manifest_csv: Path | None,
    *,
    overwrite: bool,
    skip_errors: bool,
) -> None:
    """Write a sidecar without features for every token file that has none."""
    import csv
    import io

    from rhythm_maps.files import atomic
    from rhythm_maps.files.outputs import saving
    from rhythm_maps.tokens import ecdc, sidecar, sidecar_files
    from rhythm_maps.tokens.folder import mirrored, relative, share, token_files

    made = kept = 0
    lines: list[tuple[Any, ...]] = [("rel_ecdc", "rel_cond", "frames", "D", "fps", "codebooks")]
    failed: list[str] = []
    paths = share(token_files(audio_root), audio_root, shard_index, shard_count)
    for path in bar(paths, "sidecar init", "file"):
        folder = mirrored(path, audio_root, cond_root)
        try:
            tokens = ecdc.read(path)
            found = sidecar_files.find(path, folder)
            width = 0
            if found is None or overwrite:
                sidecar.init_sidecar(path, tokens.frames, dtype=dtype, folder=folder)
                made += 1
            else:
                width = len(sidecar.read_sidecar(path, folder).features)
                kept += 1
        except (BadFormat, InputError) as error:
            failed.append(f"{relative(path, audio_root)}: {error}")
            continue
        npy, _ = sidecar_files.names_of(path, folder)
        rel_cond = relative(npy, cond_root or audio_root)
        lines.append((relative(path, audio_root), rel_cond, tokens.frames, width, 75, len(tokens.codes)))
    if manifest_csv is not None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(lines)
        with saving(manifest_csv, "Name another file."):
            atomic.write_bytes(manifest_csv, text.getvalue().encode())
    click.echo(f"{made} sidecars written, {kept} were there already.")
    _finish(failed, skip_errors=skip_errors)


@command.command("add")
@_roots
@_DTYPE
@click.option("--const", "consts", multiple=True, metavar="NAME=VALUE", help="A constant; may be given several times.")
@click.option("--lin", "lins", multiple=True, metavar="NAME=A:B", help="A ramp from the first frame to the last.")
@click.option("--from-filename", is_flag=True, help="Numbers in file names: x_tempo_120.0.ecdc gives tempo = 120.")
@click.option("--filename-regex", help="How names and values stand there: (?P<name>...) and (?P<value>...).")
@click.option(
    "--csv",
    "tables",
    multiple=True,
    type=_PATH,
    help="A folder of NAME.csv tables, or one table with a column file; columns are features, time_s are seconds.",
)
@click.option(
    "--between",
    type=click.Choice(["linear", "hold"]),
    default="linear",
    show_default=True,
    help="What a table with time_s means between its rows.",
)
@click.option(
    "--audio-feats", default="", metavar="NAMES", help="Features of the audio, such as rms_db,onset_strength."
)
@click.option("--recordings", type=_PATH, help="Folder of the recordings, for --audio-feats; else codes are decoded.")
@click.option(
    "--timeline",
    type=click.Choice(["file", "game"]),
    default="file",
    show_default=True,
    help="The timeline on which --recordings were encoded (tokens encode --timeline).",
)
@click.option("--weights", default="pretrained", help="Weights that decode codes: pretrained, a file, calibrated:SEED.")
@click.option("--device", default="auto", help="What decodes codes: auto, cpu, cuda.")
@click.option(
    "--mode",
    type=click.Choice(["append", "overwrite"]),
    default="append",
    show_default=True,
    help="A feature that is there: append keeps it, overwrite replaces it.",
)
@click.option(
    "--list-producers",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, value: _list_producers(context) if value else None,
    help="Say what features can be made of, and stop.",
)
@_SKIP
def add(
    audio_root: Path,
    cond_root: Path | None,
    shard_index: int | None,
    shard_count: int | None,
    dtype: str,
    consts: tuple[str, ...],
    lins: tuple[str, ...],
    filename_regex: str | None,
    tables: tuple[Path, ...],
    between: str,
    audio_feats: str,
    recordings: Path | None,
    timeline: Any,
    weights: str,
    device: str,
    mode: Any,
    *,
    from_filename: bool,
    skip_errors: bool,
) -> None:
    """Add features to the sidecars of all token files; sidecars that are missing are made."""
    import warnings

    from rhythm_maps.tokens import ecdc, producers, sidecar
    from rhythm_maps.tokens.folder import mirrored, relative, share, token_files

    chosen = _chosen(consts, lins, tables, between, filename_regex, from_filename=from_filename)
    if audio_feats:
        from rhythm_maps.tokens import audio_producers

        source = (
            audio_producers.recordings(recordings, timeline)
            if recordings
            else audio_producers.decoded_codes(weights, device)
        )
        chosen.append(audio_producers.from_audio(_names(audio_feats), source))
    if not chosen:
        raise UsageError("nothing to add: give --const, --lin, --from-filename, --csv or --audio-feats")
    written = without = 0
    failed: list[str] = []
    paths = share(token_files(audio_root), audio_root, shard_index, shard_count)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", sidecar.SidecarWarning)
        for path in bar(paths, "sidecar add", "file"):
            rel = relative(path, audio_root)
            try:
                features = producers.produce(chosen, producers.Job(path, rel, ecdc.read(path)))
                if not features:
                    without += 1
                    continue
                folder = mirrored(path, audio_root, cond_root)
                sidecar.write_features(path, features, dtype=dtype, mode=mode, folder=folder)
                written += 1
            except (BadFormat, InputError, UsageError) as error:
                failed.append(f"{rel}: {error}")
    for warning in said:
        click.echo(f"Warning: {warning.message}", err=True)
    click.echo(f"{written} sidecars written." + (f" {without} files gave no feature." if without else ""))
    _finish(failed, skip_errors=skip_errors)


def _list_producers(context: click.Context) -> None:
    from rhythm_maps.tokens.producers import PRODUCERS

    for name, what in PRODUCERS.items():
        click.echo(f"--{name:<15} {what}")
    context.exit()


def _chosen(
    consts: tuple[str, ...],
    lins: tuple[str, ...],
    tables: tuple[Path, ...],
    between: str,
    pattern: str | None,
    *,
    from_filename: bool,
) -> list[Producer]:
    from rhythm_maps.tokens import producers

    chosen = [producers.tables(path, between) for path in tables]
    if consts:
        chosen.append(producers.constants(consts))
    if lins:
        chosen.append(producers.ramps(lins))
    if from_filename or pattern:
        chosen.append(producers.file_names(pattern or producers.FILE_NAME_PATTERN))
    return chosen


@command.command("show")
@click.argument("path", type=_PATH)
@click.option("--folder", type=_PATH, help="Where its sidecar lies; beside the token file without.")
@click.option("--frames", default=0, show_default=True, help="Also print the first values of every feature.")
def show(path: Path, folder: Path | None, frames: int) -> None:
    """Show the features of PATH, an .ecdc file or its .cond.npy."""
    from rhythm_maps.tokens.sidecar import read_sidecar

    read = read_sidecar(path, folder)
    rate = "no stated rate" if read.fps is None else f"{read.fps:g} frames a second"
    click.echo(f"{len(read.values):,} frames, {len(read.features)} features, {read.dtype}, {rate}")
    click.echo(f"version {read.schema_version}" + "".join(f", {code}" for code in read.warnings))
    for feature, column in zip(read.features, read.values.T, strict=True):
        held = f"{column.min():g} to {column.max():g}" if len(column) else "nothing"
        stated = " to ".join("?" if one is None else f"{one:g}" for one in (feature.minimum, feature.maximum))
        unit = f" [{feature.unit}]" if feature.unit else ""
        click.echo(f"  {feature.name}{unit}: {held} (stated {stated}) {feature.description}".rstrip())
        if frames:
            click.echo(f"    {' '.join(f'{value:g}' for value in column[:frames])}")


@command.command("audit")
@_roots
@click.option("--expect-fps", type=float, default=75.0, show_default=True, help="Frame rate that must be stated.")
@click.option("--expect-dtype", type=click.Choice(["float16", "float32"]), help="Type that the values must have.")
@click.option("--require", default="", metavar="NAMES", help="Features that must be there, with commas between.")
@click.option("--verify-ranges", is_flag=True, help="Compare the values with the stated ranges.")
@click.option("--range-tol", default=1e-6, show_default=True, help="How far outside a value may lie.")
@click.option("--list", "listed", default="50", show_default=True, help="Print this many issues; all; 0 for none.")
@click.option("--export-csv", type=_PATH, help="Write every issue as CSV: type,rel_ecdc,rel_cond,detail.")
@click.option("--fail-on", metavar="TYPES", help="Types of issues that give exit code 1, with commas between.")
def audit(
    audio_root: Path,
    cond_root: Path | None,
    shard_index: int | None,
    shard_count: int | None,
    expect_fps: float,
    expect_dtype: str | None,
    require: str,
    range_tol: float,
    listed: str,
    export_csv: Path | None,
    fail_on: str | None,
    *,
    verify_ranges: bool,
) -> None:
    """Check the sidecars of all token files: presence, frames, names, ranges.

    Exit code 1 where an issue of a type of --fail-on was found (bad_ecdc, bad_sidecar, frame_mismatch and
    missing_sidecar without the option).
    """
    from rhythm_maps.tokens import audit as checks
    from rhythm_maps.tokens.folder import share, token_files

    failing = checks.FAIL_ON if fail_on is None else checks.check_types(_names(fail_on))
    if listed not in {"all", "-1"} and not listed.isdecimal():
        raise UsageError(f"--list {listed}: a number or all is expected")
    expected = checks.Expected(expect_fps, expect_dtype, _names(require), verify_ranges, range_tol)
    paths = share(token_files(audio_root), audio_root, shard_index, shard_count)
    result = checks.audit(bar(paths, "audit", "file"), audio_root, cond_root, expected)
    _report(result, len(result.issues) if listed in {"all", "-1"} else int(listed))
    if export_csv is not None:
        result.write_csv(export_csv)
        click.echo(f"Wrote {export_csv}")
    if result.fails(failing):
        sys.exit(1)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _report(result: Audit, most: int) -> None:
    click.echo(f"Scanned  : {result.files} .ecdc files")
    for kind, count in result.counts.items():
        click.echo(f"  {kind}: {count}")
    click.echo(f"OK files : {result.ok}")
    for issue in result.issues[:most]:
        click.echo(f"[{issue.type}] {issue.rel_ecdc} | {issue.rel_cond} :: {issue.detail}")
    if len(result.issues) > most:
        click.echo(f"... and {len(result.issues) - most} more (--list all)")


def _finish(failed: list[str], *, skip_errors: bool) -> None:
    for line in failed:
        click.echo(f"Failed: {line}", err=True)
    if failed and not skip_errors:
        sys.exit(1)
