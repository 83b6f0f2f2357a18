"""What the header of an audio file says: length, rate, channels, codec. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from rhythm_maps import limits
from rhythm_maps.audio.mp3_frames import audio_end, count_frames
from rhythm_maps.audio.opening import open_audio, unreadable
from rhythm_maps.errors import BadFormat, LimitExceeded

_UNKNOWN_FRAMES = (1 << 63) - 1
"""libsndfile's SF_COUNT_MAX: it could not find out how long the file is."""

_CODECS: Final[Mapping[str, str]] = {
    "MPEG_LAYER_I": "mp1",
    "MPEG_LAYER_II": "mp2",
    "MPEG_LAYER_III": "mp3",
}
"""libsndfile's subtypes with a name that people use; the others are their own names in lower case."""

_EXTENSIONS: Final[Mapping[tuple[str, str], str]] = {
    ("MP3", "mp1"): "mp1",
    ("MP3", "mp2"): "mp2",
    ("OGG", "opus"): "opus",
    ("WAVEX", ""): "wav",
    ("RF64", ""): "wav",
}
"""(libsndfile's format, codec or "" for any) -> extension; the others are the format's name in lower case."""


class AudioInfo(NamedTuple):
    """What an audio file's header says.

    Attributes:
        duration_s: seconds, frames over rate; of an MP3 without a tag that says so, by counting its frames.
        sampling_rate: samples a second.
        channels: 1 or 2.
        codec: ``vorbis``, ``mp3``, ``flac``, ``opus``, ``pcm_16``, ``float``, ...
        extension: by content, without a dot: ``ogg`` (also for a Beat Saber ``.egg``), ``mp3``, ``wav``, ...
        bitrate_kbps: size of the file over its duration, in kilobits a second.
    """

    duration_s: float
    sampling_rate: int
    channels: int
    codec: str
    extension: str
    bitrate_kbps: float


def probe(data: bytes, name: str) -> AudioInfo:
    """Read the header of an audio file.

    Args:
        data: the whole file.
        name: what it is called, for messages; what it is, its bytes say.

    Raises:
        LimitExceeded: too large, long, many channels or fast for `limits` (``audio_too_large``).
        BadFormat: libsndfile cannot read it (``unreadable_audio``, with what it is where known), or
            its header says that it holds no samples (``empty_audio``).
    """
    if len(data) > limits.AUDIO_BYTES:
        raise LimitExceeded("audio_too_large", f"{len(data):,} bytes; at most {limits.AUDIO_BYTES:,}", name)
    frames, rate, channels, container, subtype = _header(data, name)
    if frames == 0:
        raise BadFormat("empty_audio", "an audio file without samples", name)
    if frames == _UNKNOWN_FRAMES or frames < 0 or rate < 1 or channels < 1:
        raise BadFormat("unreadable_audio", "an audio file whose header states no length", name)
    duration = frames / rate
    _refuse_large(duration, rate, channels, name)
    codec = "flac" if container == "FLAC" else _CODECS.get(subtype, subtype.lower())
    return AudioInfo(
        duration_s=duration,
        sampling_rate=rate,
        channels=channels,
        codec=codec,
        extension=_extension(container, codec),
        bitrate_kbps=len(data) * 8 / duration / 1000,
    )


def _header(data: bytes, name: str) -> tuple[int, int, int, str, str]:
    """Return frames, sampling rate, channels, format and subtype, the last two as libsndfile names them."""
    try:
        with open_audio(data, name) as source:
            file, frames = source.file, source.file.frames
            if source.frame is not None and not source.stated:
                # libmpg123 multiplies the first frame's bitrate; counting takes a few milliseconds and is right.
                frames = count_frames(source.data[: audio_end(source.data)], source.frame) * source.frame.samples
            return frames, file.samplerate, file.channels, file.format, file.subtype
    except MemoryError as error:
        raise unreadable(data, name, error) from error


def _refuse_large(duration: float, rate: int, channels: int, name: str) -> None:
    for value, most, unit in (
        (duration, limits.AUDIO_SECONDS, "seconds"),
        (channels, limits.AUDIO_CHANNELS, "channels"),
        (rate, limits.AUDIO_RATE, "samples a second"),
    ):
        if value > most:
            raise LimitExceeded("audio_too_large", f"a header that says {value:,.0f} {unit}; at most {most:,.0f}", name)


def _extension(container: str, codec: str) -> str:
    return _EXTENSIONS.get((container, codec)) or _EXTENSIONS.get((container, "")) or container.lower()
