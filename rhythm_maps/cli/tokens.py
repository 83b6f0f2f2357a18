"""``rhythm-maps tokens``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rhythm_maps.cli.options import bar
from rhythm_maps.errors import UsageError
from rhythm_maps.files.paths import printable

if TYPE_CHECKING:
    from rhythm_maps.tokens.files import Done, Job


@click.group("tokens", short_help="Turn recordings into EnCodec tokens, and tokens back into audio.")
def command() -> None:
    """Turn recordings into EnCodec tokens, and tokens back into audio."""


def _model_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add what chooses the model and where it runs."""
    for option in (
        click.option("--suffix", default=".ecdc", show_default=True, help="What the names of token files end with."),
        click.option("--recursive", is_flag=True, help="Also take the files of subfolders; OUT mirrors them."),
        click.option("--overwrite", is_flag=True, help="Make files again that are there."),
        click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda."),
        click.option(
            "--weights",
            default="pretrained",
            show_default=True,
            help="pretrained, calibrated:SEED (for tests), or a state dict of EncodecModel.encodec_model_24khz.",
        ),
    ):
        function = option(function)
    return function


@command.command("encode")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--bandwidth", default=6.0, show_default=True, help="1.5, 3, 6, 12 or 24 kbit/s.")
@click.option(
    "--extensions", default="wav,mp3,ogg,egg,flac", show_default=True, help="Which files of a folder are taken."
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["enchf", "ecdc"]),
    default="enchf",
    show_default=True,
    help="enchf: torch-saved, as EncHF's tools read it; ecdc: the codec's own binary, a fifteenth of the size.",
)
@click.option(
    "--timeline",
    type=click.Choice(["file", "game"]),
    default="file",
    show_default=True,
    help="file: as the file has its samples; game: an MP3 starts where osu! starts it.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes of one thread each: on a CPU the fastest way is one a core. A single worker uses torch's threads.",
)
@click.option(
    "--together",
    type=click.IntRange(min=1),
    help="Songs that a worker encodes as one batch, held in memory whole: 8 are 1.4 times as fast as one by one on a "
    "CPU. Where two codes are equally near (fewer than 1 in 50,000), the other may be taken. Default 1; 64 on a GPU.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and make nothing.")
@click.option("--list-missing", is_flag=True, help="List recordings without a token file, and make nothing.")
@click.option("--verify", is_flag=True, help="Read token files back when all are made.")
@click.option("--verify-samples", default=20, show_default=True, help="How many --verify reads; 0 for all.")
@_model_options
def encode(
    source: Path,
    out: Path,
    bandwidth: float,
    extensions: str,
    kind: Any,
    timeline: Any,
    suffix: str,
    device: str,
    weights: str,
    verify_samples: int,
    workers: int,
    together: int | None,
    *,
    dry_run: bool,
    list_missing: bool,
    verify: bool,
    recursive: bool,
    overwrite: bool,
) -> None:
    """Write a token file into OUT for each recording of IN, a file or folder whose tree is mirrored.

    Files that are there are kept. Ends with 1 where a recording could not be read or a token file is wrong; the others
    are made.
    """
    from rhythm_maps.tokens import codec, encodec, file_workers, files

    if bandwidth not in codec.N_Q:
        raise UsageError(f"--bandwidth {bandwidth:g}: expected one of {', '.join(f'{b:g}' for b in codec.N_Q)}")
    names = [name.strip() for name in extensions.split(",") if name.strip()]
    jobs = files.plan_encoding(source, out, extensions=names, recursive=recursive, suffix=suffix)
    if dry_run or list_missing:
        click.echo(_plan(jobs, overwrite=overwrite and not list_missing))
        return
    done = [files.Done(job.name, "kept") for job in jobs]
    if overwrite or any(job.missing for job in jobs):
        encoder = encodec.Encoder(weights, bandwidth_kbps=bandwidth, device=device)
        work = files.Work(out, kind, timeline, overwrite, together or files.batch_size(encoder.device))
        progress = partial(bar, label="encode", unit="file")
        if workers == 1:
            done = files.encode_files(jobs, work, encoder, progress=progress)
        else:
            model = file_workers.Model(weights, bandwidth, device)
            done = file_workers.encode_in_processes(jobs, work, model, workers, progress=progress)
        click.echo(f"Weights: {encoder.weights.kind}, sha256 {encoder.weights.sha256}.")
    wrong = files.verify(jobs, codec.N_Q[bandwidth], verify_samples) if verify else []
    _finish(done, out, [f"  wrong: {printable(line)}" for line in wrong])


@command.command("decode")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--track", "tracks", multiple=True, help="Of a build: ids (or paths) of rows, or how they begin; several times."
)
@_model_options
def decode(
    source: Path,
    out: Path,
    tracks: tuple[str, ...],
    suffix: str,
    device: str,
    weights: str,
    *,
    recursive: bool,
    overwrite: bool,
) -> None:
    """Write the tokens of IN into OUT as 24 kHz mono 16-bit WAVs, so that a person can listen to them.

    IN is a token file, a folder of them, or a build with tokens. Give the weights they were made with. Files that are
    there are kept.
    """
    from rhythm_maps.build.run import read_info
    from rhythm_maps.export import tokens_audio
    from rhythm_maps.tokens import files
    from rhythm_maps.tokens.encodec import Encoder

    if tokens_audio.is_build(source):
        tokens_audio.check_weights(source, weights, tracks)
        encoder = Encoder(weights, device=device)
        _finish(tokens_audio.decode_build(source, out, encoder, tracks, overwrite=overwrite), out)
        return
    if read_info(source) is not None:
        raise UsageError(f"{source}: a build without tokens; build it with --configs charts,beats,tracks,tokens")
    if tracks:
        raise UsageError(f"--track needs a build with tokens, and {source} is none")
    jobs = files.plan_decoding(source, out, recursive=recursive, suffix=suffix)
    encoder = Encoder(weights, device=device)
    _finish(
        files.decode_files(jobs, out, encoder, overwrite=overwrite, progress=lambda some: bar(some, "decode", "file")),
        out,
    )


def _plan(jobs: Sequence[Job], *, overwrite: bool) -> str:
    wanted = [job for job in jobs if overwrite or job.missing]
    lines = [f"  {printable(job.name)} -> {printable(job.target.as_posix())}" for job in wanted]
    return "\n".join([*lines, f"{len(wanted)} of {len(jobs)} recordings to encode."])


def _finish(done: Sequence[Done], out: Path, wrong: Sequence[str] = ()) -> None:
    """Say what came out; end with 1 where something failed."""
    count = {outcome: sum(one.outcome == outcome for one in done) for outcome in ("written", "kept", "failed")}
    kept = f", kept {count['kept']} that were there" if count["kept"] else ""
    click.echo(f"Wrote {count['written']} of {len(done)} files to {out.as_posix()}{kept}.")
    for one in done:
        if one.note:
            word = "failed: " if one.outcome == "failed" else "read in part or damaged: "
            click.echo(f"  {printable(one.name)}: {word}{printable(one.note)}")
    for line in wrong:
        click.echo(line)
    if count["failed"] or wrong:
        sys.exit(1)
