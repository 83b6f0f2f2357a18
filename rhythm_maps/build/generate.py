"""What a builder needs of a build: a manifest for its arguments, and the tables of one config."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import pyarrow as pa

from rhythm_maps.build import manifest, scan
from rhythm_maps.build.ledger import input_rejects
from rhythm_maps.build.manifest import Manifest, ShardRef
from rhythm_maps.build.shard import LEDGER, iter_shard
from rhythm_maps.build.spec import CONFIGS, Spec, columns, make_spec
from rhythm_maps.columns import Column
from rhythm_maps.errors import BadFileError, InputError, UsageError
from rhythm_maps.tokens.settings import TokenRun, tokens_asked

OnBadFiles = Literal["warn", "error", "skip"]
ON_BAD_FILES = ("warn", "error", "skip")


class RejectsWarning(UserWarning):
    """Some inputs gave no row; the message names the first of them and why."""


class Request(NamedTuple):
    """What one load asks for, small and picklable.

    Attributes:
        spec: what to make.
        config: the stored config it is read from; a preset reads charts.
        columns: names of the columns wanted, None for all.
        on_bad_files: what to do about rejects.
        run: how tokens are made, for the config `tokens`.
    """

    spec: Spec
    config: str
    columns: tuple[str, ...] | None
    on_bad_files: OnBadFiles
    run: TokenRun = TokenRun()

    @property
    def selected(self) -> tuple[Column, ...]:
        """Return the columns wanted, in schema order.

        Raises:
            UsageError: a name is no column.
        """
        return select(columns(self.spec.game, self.config), self.columns, self.config)


def select(every: Sequence[Column], names: Sequence[str] | None, config: str) -> tuple[Column, ...]:
    """Return the columns of a config that are wanted, in schema order.

    Args:
        every: all its columns.
        names: of those wanted; None for all.
        config: its name, for the message.

    Raises:
        UsageError: a name is no column.
    """
    if names is None:
        return tuple(every)
    unknown = sorted(set(names) - {column.name for column in every})
    if unknown:
        known = ", ".join(column.name for column in every)
        raise UsageError(f"{config} has no column {', '.join(unknown)}: expected some of {known}")
    return tuple(column for column in every if column.name in names)


def make_request(
    game: str,
    name: str,
    *,
    min_notes: int = 1,
    filters: Sequence[Sequence[Any]] | None = None,
    columns: Sequence[str] | None = None,
    stars: bool = False,
    include: Sequence[str] = (),
    include_ai: bool = False,
    playlists: Sequence[str] = (),
    decode_audio: bool = False,
    weights: str | None = None,
    bandwidth: float | None = None,
    target_rms: float | None = None,
    device: str | None = None,
    on_bad_files: str = "warn",
) -> Request:
    """Check the arguments of a load.

    Args:
        game: the game.
        name: a stored config or a preset.
        min_notes: charts with fewer notes give no row.
        filters: further filters over chart columns; a preset's own hold as well.
        columns: the columns wanted.
        stars: compute star ratings.
        include: what the game decodes on request only.
        include_ai: keep charts that their source declares AI-made.
        playlists: files whose charts are kept, and no others.
        decode_audio: decode every recording, for its true length, its status and its loudness.
        weights, device: as in `TokenRun`; None for its defaults.
        bandwidth: of `tokens`, in kbps; None for 6.
        target_rms: level that recordings are brought to before they are encoded; None leaves them as they are.
        on_bad_files: "warn" (a `RejectsWarning` a shard), "error" or "skip".

    Raises:
        UsageError: an argument is wrong.
        InputError, BadFormat: a playlist cannot be read.
        RhythmMapsError: as `token_settings`, for the config `tokens`.
    """
    if on_bad_files not in ON_BAD_FILES:
        raise UsageError(f"on_bad_files is {on_bad_files!r}: expected one of {', '.join(ON_BAD_FILES)}")
    config = name if name in CONFIGS else "charts"
    preset = "" if name in CONFIGS else name
    tokens, run = tokens_asked((config,), weights=weights, bandwidth=bandwidth, target_rms=target_rms, device=device)
    spec = make_spec(
        game,
        configs=(config,),
        min_notes=min_notes,
        preset=preset,
        filters=filters or (),
        stars=stars,
        include=include,
        include_ai=include_ai,
        playlists=playlists,
        decode_audio=decode_audio,
        tokens=tokens,
    )
    names = tuple(columns) if columns is not None else None
    return Request(spec, config, names, on_bad_files, run)  # type: ignore[arg-type]


def find_manifest(
    game: str,
    data_dir: str | None,
    path: str | None,
    splits: Sequence[float] | None = None,
    facts: Sequence[str] = (),
) -> Path:
    """Return the manifest of a load: the one given, or that of a fresh scan of `data_dir`, kept in the cache.

    Raises:
        UsageError: neither is given, or `splits` or `facts` with a manifest, which has both already.
        InputError, NoDataError, BadFormat: as `scan.scan` and `manifest.load`.
    """
    if data_dir is not None:
        return scan.scan(game, [data_dir], fractions=splits, facts=facts).keep()
    if path is None:
        raise UsageError(
            f'no input given. For your own maps: load_dataset("{game}", ..., data_dir="folder of your maps"); '
            f'for a scan: data_files="manifest.jsonl" (made by: rhythm-maps scan {game} FOLDER --out manifest.jsonl).'
        )
    if splits is not None or facts:
        raise UsageError("splits= and facts= go with data_dir=: a manifest has its splits and facts already")
    if not Path(path).is_file():
        raise InputError(f"{path}: no such manifest")
    return Path(path)


def load_manifest(path: Path, game: str) -> Manifest:
    """Load a manifest and check that it is the game's.

    Raises:
        UsageError: it is another game's.
    """
    plan = manifest.load(path)
    if plan.header.game != game:
        raise UsageError(f"{path}: a manifest of {plan.header.game}, not of {game}")
    return plan


def cache_id(plan: Manifest, request: Request) -> str:
    """Return 16 hex that change when the input or the request does: the cache key of a load.

    A load that wants an error at a reject never finds what one that went on has prepared.
    """
    strict = request.on_bad_files == "error"
    parts = [plan.digest, plan.header.roots, request.spec, request.config, request.columns, strict]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]


def report_inputs(plan: Manifest, request: Request) -> None:
    """Report the inputs that the scan could not open, as the request wants it.

    Raises:
        BadFileError: there are some, and ``on_bad_files="error"``.
    """
    _report(input_rejects(plan.rejects), request, "the scan")


def tables(
    shards: Sequence[ShardRef], path: str, roots: Sequence[str], request: Request
) -> Iterator[tuple[tuple[int, int], pa.Table]]:
    """Make the tables of one config for some shards.

    Args:
        shards: which shards, of one split.
        path: the manifest.
        roots: its roots.
        request: what is wanted.

    Yields:
        ((shard, table), table): a key that grows, and rows of `Request.selected`.

    Raises:
        BadFileError: an input was rejected and ``on_bad_files="error"``.
    """
    names = [column.name for column in request.selected]
    folders = [Path(root) for root in roots]
    for number, shard in enumerate(shards):
        count = 0
        entries = manifest.read_shard(Path(path), ShardRef(*shard))
        for config, table in iter_shard(entries, folders, request.spec, run=request.run):
            if config == LEDGER:
                _report(table, request, ShardRef(*shard).name)
            elif config == request.config and len(table):
                yield (number, count), table.select(names)
                count += 1


def _report(ledger: pa.Table, request: Request, where: str) -> None:
    kinds = {"input", "chart"} if request.config == "charts" else {"input", "chart", "audio", "tokens"}
    bad = [line for line in ledger.to_pylist() if line["outcome"] == "reject" and line["kind"] in kinds]
    report(bad, request.on_bad_files, where)


def report(bad: Sequence[Mapping[str, Any]], on_bad_files: OnBadFiles, where: str) -> None:
    """Tell of rejects as a load wants it.

    Args:
        bad: lines of the ledger; nothing happens without any.
        on_bad_files: "warn", "error" or "skip".
        where: what they were found in.

    Raises:
        BadFileError: there are some, and ``on_bad_files="error"``.
    """
    if not bad or on_bad_files == "skip":
        return
    first = bad[0]
    place = f" at {first['place']}" if first["place"] not in {"", first["path"]} else ""
    message = (
        f"{len(bad)} rejected in {where}; the first: {first['path']}{place}: {first['reason']} [{first['code']}]. "
        f'Everything else was read. rhythm-maps inspect tells more; on_bad_files="skip" is quiet.'
    )
    if on_bad_files == "error":
        raise BadFileError(message)
    warnings.warn(message, RejectsWarning, stacklevel=3)
