"""The tokens of a build as audio, so that a person can listen to what the codec kept of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from rhythm_maps.errors import InputError, NoDataError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.files.paths import safe_path
from rhythm_maps.tokens.codec import SAMPLING_RATE
from rhythm_maps.tokens.encodec import Encoder
from rhythm_maps.tokens.files import Done, wav
from rhythm_maps.tokens.settings import PRETRAINED

_COLUMNS = ["track_id", "path", "codes", "duration_s", "model_sha256", "weights"]


def is_build(path: Path) -> bool:
    """Tell whether a folder is a build, or one of its ``tokens`` folders."""
    return bool(_shards(path))


def check_weights(source: Path, weights: str, tracks: Sequence[str] = ()) -> None:
    """Refuse the published weights for tokens that say they were made with others, before any weights are looked for.

    Args:
        source, tracks: as `decode_build`.
        weights: as `Encoder`.

    Raises:
        UsageError: rows name other weights.
        InputError: a shard cannot be read.
    """
    if weights != PRETRAINED:
        return
    for row in _rows(source, ["track_id", "path", "weights"]):
        name = row["track_id"] or row["path"]
        if row["weights"] not in {None, PRETRAINED} and name.startswith(tuple(tracks) or ""):
            raise UsageError(
                f"{name}: its tokens were made with {row['weights']} weights, not the published ones: name them with "
                "--weights"
            )


def decode_build(
    source: Path, out: Path, encoder: Encoder, tracks: Sequence[str] = (), *, overwrite: bool = False
) -> list[Done]:
    """Write each row of a build's tokens as a WAV, 24 kHz mono 16 bit: ``<track_id>.wav``, or by a token file's path.

    Args:
        source: a build, or its ``tokens`` folder.
        out: the folder to write into.
        encoder: with the weights that the tokens were made with; token files do not say which those are.
        tracks: ids or paths, or how they begin; all of them where empty.
        overwrite: also make files that are there.

    Returns:
        What became of each row, in the order of the build, by id or path.

    Raises:
        InputError: a shard cannot be read.
        NoDataError: there is none of the rows, or none of those that one of `tracks` names.
        UsageError: the tokens were made with other weights.
        BuildError: `out` cannot be written.
    """
    done: list[Done] = []
    with writing(out, "Run the command again when that is mended."):
        for row in _rows(source, _COLUMNS):
            name = row["track_id"] or row["path"]
            if tracks and not name.startswith(tuple(tracks)):
                continue
            if row["model_sha256"] not in {None, encoder.weights.sha256}:
                raise UsageError(
                    f"{name}: its tokens were made with {row['weights']} weights of the sha256 "
                    f"{row['model_sha256']}, not {encoder.weights.sha256}: name them with --weights"
                )
            target = out / f"{safe_path(name)}.wav"
            if target.exists() and not overwrite:
                done.append(Done(name, "kept"))
                continue
            samples = round(row["duration_s"] * SAMPLING_RATE)
            atomic.write_bytes(target, wav(encoder, np.asarray(row["codes"], np.int64), samples))
            done.append(Done(name, "written"))
    absent = [begin for begin in tracks if not any(one.name.startswith(begin) for one in done)]
    if absent or not done:
        others = f"; the other {len(done)} are in {out}" if done else ""
        raise NoDataError(f"{source}: no row of its tokens has an id that begins with {' or '.join(absent)}{others}")
    return done


def _rows(source: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a build's tokens, one in memory at a time."""
    for shard in _shards(source):
        try:
            for batch in pq.ParquetFile(shard).iter_batches(batch_size=1, columns=list(columns)):
                (row,) = batch.to_pylist()
                if row.keys() != set(columns):
                    raise InputError(f"{shard}: no table of tokens: it has only the columns {', '.join(row)} of them")
                yield row
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{shard}: no table of tokens: {error}") from error


def _shards(path: Path) -> list[Path]:
    folder = path if path.name == "tokens" else path / "tokens"
    return sorted(folder.glob("*.parquet")) if folder.is_dir() else []
