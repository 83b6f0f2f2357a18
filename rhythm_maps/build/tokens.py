"""The rows of `tokens`: one a recording, its conditioning made from the beats of its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from rhythm_maps.build.ledger import Ledger
from rhythm_maps.build.mapset_io import LoadedAudio, LoadedMapset
from rhythm_maps.columns import arrow_schema, lists_array
from rhythm_maps.errors import BadFormat
from rhythm_maps.schema import CONDITIONING, SIDECAR, TOKENS
from rhythm_maps.tokens import conditioning
from rhythm_maps.tokens.codec import FRAME_RATE, HOP, MODEL, SAMPLING_RATE
from rhythm_maps.tokens.conditioning import Frames, Tempo
from rhythm_maps.tokens.settings import TokenSettings
from rhythm_maps.tokens.track import TrackTokens


class TokenRows:
    """Collects rows of `tokens` and gives out row groups as they fill."""

    def __init__(self, settings: TokenSettings, row_group_bytes: int) -> None:
        """Take what the rows say of themselves, and the size of a row group in bytes."""
        self._settings = settings
        self._largest = row_group_bytes
        self._pending: list[pa.Table] = []
        self._pending_bytes = 0

    def add(self, beats: pa.Table, made: Mapping[str, TrackTokens]) -> Iterator[tuple[str, pa.Table]]:
        """Add the recordings of some rows of `beats`, in their order, that have tokens."""
        for i, track_id in enumerate(beats["track_id"].to_pylist()):
            if track_id not in made:
                continue
            row = _row(beats.slice(i, 1), made[track_id], self._settings)
            if self._pending and self._pending_bytes + row.nbytes > self._largest:
                yield from self.flush()
            self._pending.append(row)
            self._pending_bytes += row.nbytes

    def flush(self) -> Iterator[tuple[str, pa.Table]]:
        """Give out what is left."""
        if self._pending:
            yield "tokens", pa.concat_tables(self._pending).combine_chunks()
        self._pending, self._pending_bytes = [], 0


def account(ledger: Ledger, loaded: LoadedMapset, audio: LoadedAudio, made: TrackTokens | BadFormat) -> None:
    """Write the ledger line of a recording's tokens."""
    if isinstance(made, BadFormat):
        ledger.reject(loaded.entry, "tokens", audio.entry.name, made)
    else:
        ledger.add(loaded.entry, "tokens", audio.entry.name, "row", row_id=audio.sha256)


def _row(beats: pa.Table, made: TrackTokens, settings: TokenSettings) -> pa.Table:
    frames = Frames(made.samples, SAMPLING_RATE, HOP)
    found = conditioning.beat_conditioning(frames, *_grid(beats))
    values = {**found.values, "rms_db": made.levels}
    known = beats.select(["track_id", "group_id", "rights"]).to_pylist()[0]
    warnings = list(made.warnings) + ([f"beats_outside:{found.outside}"] if found.outside else [])
    added: dict[str, Any] = {
        **known,
        "path": None,
        "n_q": made.n_q,
        "frames": frames.count,
        "hop": HOP,
        "sampling_rate": SAMPLING_RATE,
        "frame_rate": FRAME_RATE,
        "bandwidth_kbps": settings.bandwidth_kbps,
        "model": MODEL,
        "model_sha256": settings.weights_sha256,
        "weights": settings.weights,
        "signal": {
            "mono": "mean",
            "resampler": "soxr_hq",
            "target_rms": settings.target_rms,
            "gain_db": made.gain_db,
            "timeline": settings.timeline,
        },
        "duration_s": made.samples / SAMPLING_RATE,
        "sidecar": {field.name: [] for field in SIDECAR},
        "warnings": warnings,
    }
    big = {
        "codes": _codes(made.code_array),
        "conditioning": lists_array(CONDITIONING, np.array([0, frames.count], np.int32), values),
    }
    schema = arrow_schema(TOKENS)
    columns = [big[f.name] if f.name in big else pa.array([added[f.name]], f.type) for f in schema]
    return pa.table(columns, schema=schema)


def _codes(codes: np.ndarray) -> pa.Array:
    """Return one value of the column `codes` from uint16 ``[n_q, frames]``."""
    n_q, frames = codes.shape
    books = pa.ListArray.from_arrays(np.arange(n_q + 1, dtype=np.int32) * frames, pa.array(codes.reshape(-1)))
    return pa.ListArray.from_arrays(np.array([0, n_q], np.int32), books)


def _grid(beats: pa.Table) -> tuple[np.ndarray, np.ndarray, Tempo]:
    """Return beats, positions and tempo of one row, as `conditioning.beat_conditioning` wants them."""
    grid, tempo = (beats[name].combine_chunks() for name in ("beats", "tempo"))
    meter = _flat(tempo, "meter", np.float64)
    return (
        _flat(grid, "time_s", np.float64),
        _flat(grid, "position", np.int64),
        Tempo(
            _flat(tempo, "time_s", np.float64),
            _flat(tempo, "beat_length_s", np.float64),
            np.nan_to_num(meter, nan=0.0).astype(np.int64),  # null where the source states no metre
        ),
    )


def _flat(column: pa.StructArray, name: str, kind: type) -> np.ndarray:
    values = column.field(name).flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values, kind)
