"""Folders of recordings to folders of token files, as EncHF's users have them, and back to audio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from rhythm_maps.audio import folder
from rhythm_maps.audio.decode import Decoded, Timeline, blocks, decode
from rhythm_maps.audio.loudness import Samples
from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.tokens import ecdc
from rhythm_maps.tokens.codec import SAMPLING_RATE, frames_of
from rhythm_maps.tokens.encodec import Encoder
from rhythm_maps.tokens.folder import SUFFIX, relative, token_files

Format = Literal["enchf", "ecdc"]
EXTENSIONS: Final = ("wav", "mp3", "ogg", "egg", "flac")
"""Recordings that are taken out of a folder; one that is named itself is always taken."""
_ON_A_GPU: Final = 64
"""Songs of a batch there: 1.5 GB of samples where they last four minutes."""
AGAIN: Final = "Run the command again when that is mended; files that are there are kept."
_WRITERS: Final = {"enchf": ecdc.write_enchf, "ecdc": ecdc.write_binary}


class Job(NamedTuple):
    """One file to make: what it is read from, how that is called, and where it goes."""

    source: Path
    name: str
    target: Path

    @property
    def missing(self) -> bool:
        """Tell whether the file to make is not there yet."""
        return not self.target.exists()


class Work(NamedTuple):
    """How token files are made of recordings.

    Attributes:
        out: the folder that is written.
        kind: ``enchf``: what EncHF's tools write and read; ``ecdc``: the codec's own binary, a fifteenth of the size.
        timeline: ``file``: the first sample is the file's; ``game``: an MP3 starts where osu! starts it.
        overwrite: also make files that are there.
        together: songs that are held whole and encoded as one batch (`Encoder.encode_many`); 1 streams.
    """

    out: Path
    kind: Format = "enchf"
    timeline: Timeline = "file"
    overwrite: bool = False
    together: int = 1


class Done(NamedTuple):
    """What became of one file.

    Attributes:
        name: path of the input below the folder that was given, with "/".
        outcome: ``written``, ``kept`` (it was there already) or ``failed``.
        note: why it failed, or what is wrong with audio that could be read in part.
    """

    name: str
    outcome: str
    note: str = ""


def plan_encoding(
    source: Path,
    out: Path,
    *,
    extensions: Sequence[str] = EXTENSIONS,
    recursive: bool = False,
    suffix: str = SUFFIX,
) -> list[Job]:
    """List the recordings of a file or folder and the token files they become; the tree is mirrored.

    Raises:
        InputError: `source` is not there.
        UsageError: it holds no recordings, or two of them would become one file.
    """
    if not suffix.startswith(".") or {"/", "\\"} & set(suffix):
        raise UsageError(f"suffix {suffix!r}: expected a dot and a name, such as {SUFFIX}")
    root, files = folder.find(source, extensions, recursive=recursive)
    return _jobs(files, root, out, suffix)


def plan_decoding(source: Path, out: Path, *, recursive: bool = False, suffix: str = SUFFIX) -> list[Job]:
    """List the token files of a file or folder and the WAVs they become.

    Raises:
        InputError: `source` is not there.
        NoDataError: it holds no token files.
        UsageError: two of them would become one file.
    """
    if source.is_file():
        return _jobs([source], source.parent, out, ".wav")
    return _jobs(token_files(source, recursive=recursive, suffix=suffix), source, out, ".wav")


def batch_size(device: str) -> int:
    """Return how many songs are encoded together unless told otherwise: on a CPU one, for the codec's very codes."""
    return 1 if device == "cpu" else _ON_A_GPU


def encode_files(
    jobs: Sequence[Job],
    work: Work,
    encoder: Encoder,
    *,
    progress: Callable[[Sequence[Job]], Iterable[Job]] = iter,
) -> list[Done]:
    """Write a token file for each recording. Bad files cost only themselves.

    Args:
        jobs: of `plan_encoding`.
        work: how.
        encoder: what to encode with.
        progress: wraps the jobs as they are worked through.

    Raises:
        BuildError: the folder cannot be written.
        MissingExtra: soxr is not installed.
    """
    with writing(work.out, AGAIN):
        return encode_unlocked(jobs, work, encoder, progress=progress)


def encode_unlocked(
    jobs: Sequence[Job],
    work: Work,
    encoder: Encoder,
    *,
    progress: Callable[[Sequence[Job]], Iterable[Job]] = iter,
) -> list[Done]:
    """Do what `encode_files` does in a folder that the caller holds (`files.outputs.writing`)."""
    if work.together > 1:
        return [
            done for batch in _batches(progress(jobs), work.together) for done in _encode_together(batch, work, encoder)
        ]

    def encode(job: Job) -> str:
        stream = blocks(folder.read(job.source), job.name, rate=SAMPLING_RATE, mono=True, timeline=work.timeline)
        count = 0

        def counted() -> Iterator[Any]:
            nonlocal count
            for block in stream:
                count += len(block)
                yield block

        codes = encoder.encode_stream(counted())
        if not count:
            raise BadFormat("unreadable_audio", "no sample of it can be read", job.name)
        _WRITERS[work.kind](job.target, codes, count)
        return "" if stream.status in {"ok", "silent"} else stream.status

    return _each(jobs, encode, overwrite=work.overwrite, progress=progress)


def _batches(jobs: Iterable[Job], size: int) -> Iterator[list[Job]]:
    rest = iter(jobs)
    while batch := list(islice(rest, size)):
        yield batch


def _encode_together(batch: Sequence[Job], work: Work, encoder: Encoder) -> list[Done]:
    """Encode some recordings as one batch; what cannot be read is left out of it."""
    done: list[Done] = []
    read: list[tuple[int, Decoded]] = []
    for i, job in enumerate(batch):
        done.append(Done(job.name, "kept"))
        if job.missing or work.overwrite:
            try:
                read.append((i, _decoded(job, work.timeline)))
            except (BadFormat, InputError) as error:
                done[i] = Done(job.name, "failed", str(error))
    codes = encoder.encode_many([decoded.samples for _, decoded in read])
    for (i, decoded), made in zip(read, codes, strict=True):
        _WRITERS[work.kind](batch[i].target, made, len(decoded.samples))
        done[i] = Done(batch[i].name, "written", "" if decoded.status in {"ok", "silent"} else decoded.status)
    return done


def _decoded(job: Job, timeline: Timeline) -> Decoded:
    decoded = decode(folder.read(job.source), job.name, rate=SAMPLING_RATE, mono=True, timeline=timeline)
    if not len(decoded.samples):
        raise BadFormat("unreadable_audio", "no sample of it can be read", job.name)
    return decoded


def decode_files(
    jobs: Sequence[Job],
    out: Path,
    encoder: Encoder,
    *,
    overwrite: bool = False,
    progress: Callable[[Sequence[Job]], Iterable[Job]] = iter,
) -> list[Done]:
    """Write each token file as a WAV, 24 kHz mono 16 bit, of the length its audio had. Bad files cost only themselves.

    Args:
        jobs: of `plan_decoding`.
        out: the folder that is written.
        encoder: what to decode with.
        overwrite: also make files that are there.
        progress: wraps the jobs as they are worked through.

    Raises:
        BuildError: `out` cannot be written.
    """

    def play(job: Job) -> str:
        tokens = ecdc.read(job.source)
        atomic.write_bytes(job.target, wav(encoder, tokens.codes, tokens.samples))
        return ""

    with writing(out, AGAIN):
        return _each(jobs, play, overwrite=overwrite, progress=progress)


def wav(encoder: Encoder, codes: Any, samples: int | None = None) -> bytes:
    """Return codes as a WAV, 24 kHz mono 16 bit, cut to `samples` where given; what passes full scale is clipped.

    Raises:
        UsageError: not codes ``[n_q, frames]``.
    """
    return folder.wav16(_first(encoder.decode_stream(codes), samples), SAMPLING_RATE)


def _first(blocks: Iterable[Samples], samples: int | None) -> Iterator[Samples]:
    """Cut blocks off behind so many samples; None for never."""
    left = samples
    for block in blocks:
        part = block[:left]
        left = None if left is None else left - len(part)
        yield part


def verify(jobs: Sequence[Job], n_q: int, samples: int = 20) -> list[str]:
    """Read back some token files, evenly spread over all that are there, and say what is wrong with them.

    Args:
        jobs: of `plan_encoding`.
        n_q: codebooks they should have.
        samples: how many to read at most; 0 for all.
    """
    there = [job for job in jobs if not job.missing]
    step = max(1, -(-len(there) // samples)) if samples else 1
    wrong = []
    for job in there[::step]:
        try:
            tokens = ecdc.read(job.target)
        except (BadFormat, InputError) as error:
            wrong.append(f"{job.name}: {error}")
            continue
        if len(tokens.codes) != n_q:
            wrong.append(f"{job.name}: {len(tokens.codes)} codebooks, expected {n_q}")
        if tokens.frames != frames_of(tokens.samples):
            wrong.append(f"{job.name}: {tokens.frames} frames, expected {frames_of(tokens.samples)}")
    return wrong


def _each(
    jobs: Sequence[Job],
    make: Callable[[Job], str],
    *,
    overwrite: bool,
    progress: Callable[[Sequence[Job]], Iterable[Job]],
) -> list[Done]:
    done = []
    for job in progress(jobs):
        if not job.missing and not overwrite:
            done.append(Done(job.name, "kept"))
            continue
        try:
            done.append(Done(job.name, "written", make(job)))
        except (BadFormat, InputError) as error:
            done.append(Done(job.name, "failed", str(error)))
    return done


def _jobs(files: Sequence[Path], root: Path, out: Path, suffix: str) -> list[Job]:
    made = folder.targets(files, root, out, suffix)
    return [Job(file, relative(file, root), target) for file, target in zip(files, made, strict=True)]
