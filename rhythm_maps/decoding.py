"""`rhythm_maps.decode`: the samples of a row's recording, on the clock of its beats and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rhythm_maps.audio import decode as audio
from rhythm_maps.audio.decode import Decoded, Timeline
from rhythm_maps.errors import UsageError

_WHERE = 'audio is in the rows of "tracks" and "examples"'


def decode(
    row: Mapping[str, Any], *, rate: int | None = None, mono: bool = False, timeline: Timeline = "game"
) -> Decoded:
    """Decode the recording of a row of `tracks` or `examples`.

    Sample i is at ``i / sampling_rate`` seconds on the clock of the row's beats and notes: the row's own
    ``timeline_shift_s`` is applied, as silence in front or samples dropped.

    Args:
        row: with ``audio`` (bytes and path, as ``Audio(decode=False)`` gives it) and ``timeline_shift_s``.
        rate: sampling rate wanted, in Hz (extra ``[audio]``); None keeps the file's.
        mono: the mean of the channels instead of all of them.
        timeline: ``game``, or ``file`` for the samples as the file has them.

    Returns:
        float32 samples ``[frames, channels]`` (``[frames]`` with `mono`), their rate, and how decoding went.

    Raises:
        UsageError: the row has no audio, or an argument makes no sense.
        BadFormat, LimitExceeded: the audio cannot be decoded.
        MissingExtra: soxr is needed for another rate and not installed.
    """
    data = _bytes(row)
    shift = None
    if timeline == "game":
        shift = row.get("timeline_shift_s")
        if shift is None:
            raise UsageError(
                "the row has no timeline_shift_s, which puts its audio on the game's clock: load that column too, or "
                'ask for timeline="file"'
            )
    name = str(row.get("file_name") or row["audio"].get("path") or "audio")
    done = audio.decode(data, name, rate=rate, mono=mono, timeline=timeline, shift_s=shift)
    rule = row.get("clock_rule")
    return done._replace(clock_rule=str(rule)) if rule and timeline == "game" else done


def _bytes(row: Mapping[str, Any]) -> bytes:
    """Return the bytes of a row's audio, or say what the row has instead."""
    if "audio" not in row:
        have = ", ".join(list(row)[:8])
        raise UsageError(f"the row has no column audio (it has {have}, ...): {_WHERE}")
    value = row["audio"]
    if value is None:
        raise UsageError(f"the row's audio is null: its chart has no recording that could be used; {_WHERE}")
    if not isinstance(value, Mapping) or "array" in value:
        raise UsageError(
            "the row's audio is decoded already, without the game's clock: keep the bytes with "
            'dataset.cast_column("audio", datasets.Audio(decode=False))'
        )
    if not value.get("bytes"):
        raise UsageError(f"the row's audio has no bytes: {_WHERE}; a dataset published without audio has none of it")
    return bytes(value["bytes"])
