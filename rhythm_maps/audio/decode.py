"""Recordings as samples: decoded in blocks, on the game's clock, at the rate that is asked for.

The order is fixed, and it is that of the `tokens` config: decode, mean of the channels, the game's clock (silence in
front, or samples dropped), resampling with soxr HQ. Blocks and whole recordings are the same samples, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.audio.loudness import Samples
from rhythm_maps.audio.mp3_clock import DECODER_DELAY, NO_CLOCK, Clock, clock
from rhythm_maps.audio.mp3_frames import audio_end, count_frames
from rhythm_maps.audio.opening import LIBRARY_ERRORS, Source, open_audio, unreadable
from rhythm_maps.audio.probe import AudioInfo, probe
from rhythm_maps.audio.stderr import muted
from rhythm_maps.errors import BadFormat, LimitExceeded, MissingExtra, UsageError

Timeline = Literal["game", "file"]
Tap = Callable[[Samples], None]
TIMELINES: Final = ("game", "file")
BLOCK_S: Final = 2.0
"""Seconds of a block where nothing else is asked for: 0.7 MB of stereo at 44.1 kHz."""
_QUALITY: Final = "HQ"
_MARK: Final = np.array(0x7FC0_5EED, np.uint32).view(np.float32)[()]
"""A not-a-number that no decoder writes: stands in a block where nothing was read yet."""
_SLACK_FRAMES: Final = 2
"""MP3 frames that a whole file may lack: libmpg123 does not give the last one where a file was cut."""
_UNKNOWN_SIZE: Final = 0x7FFF_0000
"""Programs that write a WAV as it comes leave one of several sizes near 2 or 4 GiB in it."""
_MOST_DELAY: Final = 4095
"""Largest delay that a LAME tag holds."""


class Decoded(NamedTuple):
    """A decoded recording.

    Attributes:
        samples: float32, ``[frames, channels]``, or ``[frames]`` where mono was asked for.
        sampling_rate: of `samples`, in Hz.
        status: ``ok``; ``truncated``: the file has more than could be read; ``damaged``: some samples were no numbers
            and count as 0; ``silent``: every sample is 0. The first that holds, of those after ``ok``.
        frames_read: samples a channel that the file gave, at its own rate and before its clock was applied.
        timeline_shift_s: game time = sample of the file / its rate + this; what was applied.
        clock_rule: the rule it follows (`mp3_clock`); ``given`` where the caller gave the shift.
    """

    samples: Samples
    sampling_rate: int
    status: str
    frames_read: int
    timeline_shift_s: float
    clock_rule: str


class Blocks:
    """The samples of a recording, block by block; memory does not grow with its length.

    Iterate once. `status` and `frames_read` are as in `Decoded`, and final when the last block was given out.

    Attributes:
        sampling_rate: of the blocks, in Hz.
        file: what the file's header says.
        clock: the clock that is applied.
        status: see `Decoded`.
        frames_read: see `Decoded`.
    """

    def __init__(
        self,
        data: bytes,
        name: str,
        info: AudioInfo,
        shift: Clock,
        *,
        rate: int | None,
        mono: bool,
        block_s: float,
        tap: Tap,
    ) -> None:
        self._data, self._name, self._tap = data, name, tap
        self._mono = mono or info.channels == 1
        self._flat = mono
        self._block = max(1, int(block_s * info.sampling_rate))
        self.file = info
        self.clock = shift
        self.sampling_rate = rate or info.sampling_rate
        self.status = "unchecked"
        self.frames_read = 0
        self._resampler = None
        if self.sampling_rate != info.sampling_rate:
            channels = 1 if self._mono else info.channels
            self._resampler = _resampler(info.sampling_rate, self.sampling_rate, channels)

    def __iter__(self) -> Iterator[Samples]:
        drop = -self.clock.shift_samples
        if drop < 0:
            yield from self._out(np.zeros((-drop, 1 if self._mono else self.file.channels), np.float32))
        for block in self._read():
            self._tap(block)
            kept = block[max(0, drop) :]
            drop -= len(block)
            if len(kept):
                yield from self._out(kept)
        if self._resampler is not None:
            yield from self._out(np.zeros((0, 1 if self._mono else self.file.channels), np.float32), last=True)

    def _out(self, block: Samples, *, last: bool = False) -> Iterator[Samples]:
        if self._resampler is not None:
            block = self._resampler.resample_chunk(np.ascontiguousarray(block), last=last)
        if len(block):
            yield block[:, 0] if self._flat else block

    def _read(self) -> Iterator[Samples]:
        """Give the file's own samples and, at the end, set the status."""
        repaired = loud = 0
        with open_audio(self._data, self._name) as source:
            most = int(limits.AUDIO_SECONDS * self.file.sampling_rate)
            broken = False
            while not broken:
                block, broken = self._next(source)
                if not len(block):
                    break
                self.frames_read += len(block)
                if self.frames_read > most:
                    reason = f"more than {limits.AUDIO_SECONDS:,.0f} seconds, whatever its header says"
                    raise LimitExceeded("audio_too_large", reason, self._name)
                repaired += _repair(block)
                loud = loud or bool(block.any())
                yield block.mean(axis=1, keepdims=True, dtype=np.float32) if self._mono else block
            if not self.frames_read:
                raise BadFormat("unreadable_audio", "its header can be read, and no sample of it", self._name)
            # libmpg123 may end an MP3 that was cut cleanly with an error: what counts is whether frames are left.
            failed = broken and source.frame is None
            short = failed or _is_short(source, self.frames_read) or _is_cut(self._data)
        faults = {"truncated": short, "damaged": repaired > 0, "silent": not loud}
        self.status = next((status for status, holds in faults.items() if holds), "ok")

    def _next(self, source: Source) -> tuple[Samples, bool]:
        """Read a block; tell whether the decoder failed, which ends a file that was good so far.

        When it fails, soundfile does not say how much it has read before: as far as our mark was overwritten.
        """
        block = np.full((self._block, self.file.channels), _MARK)
        try:
            with muted():
                return source.file.read(out=block), False
        except LIBRARY_ERRORS as error:
            touched = np.flatnonzero(block.view(np.uint32)[:, 0] != _MARK.view(np.uint32))
            good = block[: touched[-1] + 1 if len(touched) else 0]
            if not len(good) and not self.frames_read:
                raise unreadable(self._data, self._name, error) from error
            return good, True


def blocks(
    data: bytes,
    name: str,
    *,
    rate: int | None = None,
    mono: bool = False,
    timeline: Timeline = "game",
    shift_s: float | None = None,
    block_s: float = BLOCK_S,
    tap: Tap = lambda block: None,
) -> Blocks:
    """Decode a recording block by block.

    Args:
        data: the whole file, of any kind that libsndfile reads; its name says nothing.
        name: what it is called, for messages.
        rate: sampling rate wanted, in Hz; None keeps the file's.
        mono: the mean of the channels, as ``[frames]``.
        timeline: ``game``: sample 0 is where the game's clock is 0; ``file``: where the file begins.
        shift_s: the clock's shift where it is known (a row's ``timeline_shift_s``); None follows osu!'s rule.
        block_s: length of a block of the file, in seconds; changes no sample.
        tap: told each block as the file has it, float32 ``[n, channels]`` (``[n, 1]`` for mono), before its clock and
            rate are changed: for what is measured on the way.

    Returns:
        The blocks: float32 ``[n, channels]`` or ``[n]``, all of them not empty, lengths as they come.

    Raises:
        BadFormat: it cannot be read (``unreadable_audio``), or holds no samples (``empty_audio``).
        LimitExceeded: above `limits` (``audio_too_large``, ``audio_rate_too_low``); nothing was allocated for it.
        MissingExtra: soxr is needed for another rate and not installed.
        UsageError: an argument makes no sense.
    """
    if timeline not in TIMELINES:
        raise UsageError(f"timeline is {timeline!r}: expected one of {', '.join(TIMELINES)}")
    if rate is not None and not 1 <= rate <= limits.AUDIO_RATE:
        raise UsageError(f"rate is {rate}: expected 1 to {limits.AUDIO_RATE:,} samples a second")
    if not 0 < block_s <= limits.AUDIO_BLOCK_SECONDS:
        raise UsageError(f"block_s is {block_s}: expected above 0 and at most {limits.AUDIO_BLOCK_SECONDS:g} seconds")
    info = probe(data, name)
    if rate is not None and rate != info.sampling_rate < limits.AUDIO_LEAST_RATE:
        reason = (
            f"{info.sampling_rate:,} samples a second, which are not resampled; at least {limits.AUDIO_LEAST_RATE:,}"
        )
        raise LimitExceeded("audio_rate_too_low", reason, name)
    shift = NO_CLOCK
    if timeline == "game":
        shift = clock(data, info.sampling_rate) if shift_s is None else _given(shift_s, info.sampling_rate)
    return Blocks(data, name, info, shift, rate=rate, mono=mono, block_s=block_s, tap=tap)


def decode(
    data: bytes,
    name: str,
    *,
    rate: int | None = None,
    mono: bool = False,
    timeline: Timeline = "game",
    shift_s: float | None = None,
) -> Decoded:
    """Decode a recording whole.

    Args and errors: as `blocks`; LimitExceeded also where it does not fit into memory.
    """
    stream = blocks(data, name, rate=rate, mono=mono, timeline=timeline, shift_s=shift_s)
    try:
        parts = list(stream)
        empty = np.zeros((0,) if mono else (0, stream.file.channels), np.float32)
        samples = np.concatenate(parts) if parts else empty
    except MemoryError as error:
        raise _no_memory(name) from error
    shift = stream.clock
    return Decoded(samples, stream.sampling_rate, stream.status, stream.frames_read, shift.shift_s, shift.rule)


def _given(shift_s: float, rate: int) -> Clock:
    if not abs(shift_s) <= limits.AUDIO_SHIFT_SECONDS:
        most = limits.AUDIO_SHIFT_SECONDS
        raise UsageError(f"a shift of {shift_s} seconds: expected a row's timeline_shift_s, within {most:g} of 0")
    return Clock("given", round(shift_s * rate), shift_s)


def _repair(block: Samples) -> int:
    """Set samples that are no numbers, or too large to reckon with, to 0; return how many there were."""
    bad = ~(np.abs(block) <= limits.AUDIO_PEAK)
    count = int(np.count_nonzero(bad))
    if count:
        block[bad] = 0.0
    return count


def _is_short(source: Source, read: int) -> bool:
    """Tell whether a file has more samples than were read.

    Its header says how many there are; of an MP3 a tag says so, and may count frames that were cut off since, so what
    counts is what is there: the frames in the file, less what libmpg123 cuts from the start.
    """
    if source.frame is None:
        return bool(read < source.file.frames) and source.file.format != "MP3"
    frames = count_frames(source.data[: audio_end(source.data)], source.frame)
    there = (frames - _SLACK_FRAMES) * source.frame.samples
    if source.stated:
        most = _MOST_DELAY + DECODER_DELAY + source.frame.samples  # the tag's own frame is not played
        there = min(there - most, source.file.frames - _SLACK_FRAMES * source.frame.samples)
    return bool(read < there)


def _is_cut(data: bytes) -> bool:
    """Tell whether a WAV or Ogg file ends before its own last piece does; libsndfile is silent about it."""
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return _wav_is_cut(data)
    if data.startswith(b"OggS"):
        return _ogg_is_cut(data)
    return False


def _wav_is_cut(data: bytes) -> bool:
    """Tell whether the data chunk says that it is longer than the file (0 and the largest number mean "unknown")."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            return 0 < size < _UNKNOWN_SIZE and at + 8 + size > len(data)
        at += 8 + size + size % 2
    return False


def _ogg_is_cut(data: bytes) -> bool:
    """Tell whether the last page is incomplete (RFC 3533 section 6: lengths of its segments from byte 27 on)."""
    at = data.rfind(b"OggS")
    body = at + 27 + data[at + 26] if at + 26 < len(data) else len(data) + 1
    return body > len(data) or body + sum(data[at + 27 : body]) > len(data)


def _no_memory(name: str) -> LimitExceeded:
    return LimitExceeded("audio_too_large", "its samples do not fit into memory; decode it in blocks", name)


def _resampler(source: int, target: int, channels: int) -> Any:
    try:
        import soxr  # noqa: PLC0415 - in the extra
    except ImportError as error:
        raise MissingExtra('resampling needs soxr: pip install "rhythm-maps[audio]"') from error
    return soxr.ResampleStream(source, target, channels, dtype="float32", quality=_QUALITY)
