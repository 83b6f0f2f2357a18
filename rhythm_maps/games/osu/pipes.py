"""Numbers between "|" in records between ",": the frames and the life bar of a replay, as an array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rhythm_maps import limits
from rhythm_maps.errors import LimitExceeded
from rhythm_maps.games.base import FloatArray
from rhythm_maps.games.osu.numbers import parse_float

_COMMA, _PIPE = ord(","), ord("|")
_CHUNK_BYTES = 1 << 18
_LONGEST = 64
"""Characters of a number; a double has 24 at most, and Python takes minutes for one of millions."""


def read_pipes(text: bytes, ceilings: tuple[float, ...]) -> tuple[FloatArray, int]:
    """Read records such as ``12|256.5|-500|1,16|...``.

    Records with too few values are skipped, as the game does, and values after the last wanted one are ignored. A
    record with a value that is no number is left out and counted, where the game refuses all; after
    `limits.REPLAY_BAD_FRAMES` of them the rest is left out too.

    Args:
        text: the records.
        ceilings: largest magnitude of each value; their number is that of the values.

    Returns:
        float64 ``[records, values]``, and how many records were left out.

    Raises:
        LimitExceeded: there are more than `limits.REPLAY_FRAMES` (``too_many_frames``).
    """
    width = len(ceilings)
    if (records := text.count(b",")) > limits.REPLAY_FRAMES:
        raise LimitExceeded("too_many_frames", f"{records:,} records, at most {limits.REPLAY_FRAMES:,} are read")
    parts: list[FloatArray] = [np.empty((0, width))]
    bad, start = 0, 0
    while start < len(text):
        # Whole records, about a chunk of them: the strings of all would take many times the text.
        cut = text.find(b",", start + _CHUNK_BYTES)
        end = len(text) if cut < 0 else cut
        values, wrong = _chunk(text[start:end].strip(b","), ceilings)
        parts.append(values)
        bad += wrong
        start = end + 1
        if bad > limits.REPLAY_BAD_FRAMES:
            return np.concatenate(parts), bad + text.count(b",", start)
    return np.concatenate(parts), bad


def _chunk(text: bytes, ceilings: tuple[float, ...]) -> tuple[FloatArray, int]:
    width = len(ceilings)
    if _is_regular(text, width):
        try:
            # Arrow's own decimal parser: strict, exact, and no Python float on the way.
            cells = pa.array(text.replace(b",", b"|").split(b"|"), pa.binary()).cast(pa.string()).cast(pa.float64())
        except pa.ArrowInvalid:
            return _slow(text, ceilings)
        values = cells.to_numpy(zero_copy_only=False).reshape(-1, width)
        if (np.abs(values) <= np.array(ceilings)).all():
            return values, 0
    return _slow(text, ceilings)


def _is_regular(text: bytes, width: int) -> bool:
    """Tell whether every record has exactly `width` values."""
    raw = np.frombuffer(text, np.uint8)
    marks: npt.NDArray[np.uint8] = raw[(raw == _COMMA) | (raw == _PIPE)]
    if (len(marks) + 1) % width:
        return False
    grid = np.append(marks, np.uint8(_COMMA)).reshape(-1, width)
    return bool((grid[:, :-1] == _PIPE).all() and (grid[:, -1] == _COMMA).all())


def _slow(text: bytes, ceilings: tuple[float, ...]) -> tuple[FloatArray, int]:
    """Read record by record."""
    rows: list[list[float]] = []
    bad = 0
    for record in text.decode("utf-8", "replace").split(","):
        cells = record.split("|", len(ceilings))
        if len(cells) < len(ceilings):
            continue
        try:
            rows.append([_number(cell, ceiling) for cell, ceiling in zip(cells, ceilings, strict=False)])
        except ValueError:
            bad += 1
    return np.array(rows, np.float64).reshape(-1, len(ceilings)), bad


def _number(cell: str, ceiling: float) -> float:
    if len(cell) > _LONGEST:
        raise ValueError(cell[:_LONGEST])
    return parse_float(cell, ceiling)
