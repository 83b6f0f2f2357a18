"""The tokens of a build as audio, so that a person can listen to what the codec kept of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from rhythm_maps.errors import InputError, NoDataError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.tokens.encodec import SAMPLING_RATE, Encoder
from rhythm_maps.tokens.files import wav

_COLUMNS = ["track_id", "codes", "duration_s", "model_sha256", "weights"]


def is_build(path: Path) -> bool:
    """Tell whether a folder is a build, or one of its ``tokens`` folders."""
    return bool(_shards(path))


def decode_build(source: Path, out: Path, encoder: Encoder, tracks: Sequence[str] = ()) -> list[str]:
    """Write ``<track_id>.wav``, 24 kHz mono 16 bit, for each row of a build's tokens.

    Args:
        source: a build, or its ``tokens`` folder.
        out: the folder to write into; files of these names are replaced.
        encoder: with the weights that the tokens were made with.
        tracks: ids, or how they begin; all of them where empty.

    Returns:
        The ids that were written, in the order of the build.

    Raises:
        InputError: a shard cannot be read.
        NoDataError: no row has one of these ids.
        UsageError: the tokens were made with other weights.
        BuildError: `out` cannot be written.
    """
    written: list[str] = []
    with writing(out, "Run the command again when that is mended."):
        for shard in _shards(source):
            try:
                table = pq.ParquetFile(shard)
                for batch in table.iter_batches(batch_size=1, columns=_COLUMNS):
                    (row,) = batch.to_pylist()
                    track = str(row["track_id"])
                    if tracks and not track.startswith(tuple(tracks)):
                        continue
                    if row["model_sha256"] != encoder.weights.sha256:
                        raise UsageError(
                            f"{track}: its tokens were made with {row['weights']} weights of the sha256 "
                            f"{row['model_sha256']}, not {encoder.weights.sha256}: name them with --weights"
                        )
                    samples = round(row["duration_s"] * SAMPLING_RATE)
                    atomic.write_bytes(out / f"{track}.wav", wav(encoder, np.asarray(row["codes"]), samples))
                    written.append(track)
            except (OSError, ValueError, KeyError) as error:
                if isinstance(error, UsageError):
                    raise
                raise InputError(f"{shard}: no table of tokens: {error}") from error
    if not written:
        raise NoDataError(f"{source}: no row of its tokens has an id that begins with {', '.join(tracks) or 'any'}")
    return written


def _shards(path: Path) -> list[Path]:
    folder = path if path.name == "tokens" else path / "tokens"
    return sorted(folder.glob("*.parquet")) if folder.is_dir() else []
