"""Simple synthesised music whose beats are known exactly, for the sample pack and for tests.

`render` plays a small band over a tempo map: a kick on every beat (higher and louder on a downbeat), a hi-hat
between the beats, a bass, a broken chord and a soft pad that changes with the bar. Each kick starts at sample
``rint(beat time * sampling rate)``. The encoders give the same bytes every time on one machine.
"""

from __future__ import annotations

import io
import itertools
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps.errors import BuildError, UsageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Samples = npt.NDArray[np.float32]

_EPSILON_S = 1e-6
"""A step this much before the next segment is that segment's own first beat, not one more."""
_PEAK = 0.8
"""Loudest sample of a rendered song: lossy encoders overshoot, and must not clip either."""
_PROGRESSIONS = (
    ((0, 3, 7), (8, 12, 15), (3, 7, 10), (10, 14, 17)),
    ((0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12)),
    ((0, 3, 7), (5, 8, 12), (10, 14, 17), (3, 7, 10)),
)
"""Four chords each, one a bar, in semitones above the key note."""
_ARPEGGIO = (0, 1, 2, 1, 0, 2, 1, 2)
"""Which note of the chord is played at each half beat of a bar."""
_OGG_SERIAL = 1
"""Serial number of every Ogg stream written here; libsndfile would draw a random one."""
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Segment(NamedTuple):
    """A stretch of constant tempo: start in seconds, length of a beat in seconds, beats in a bar.

    It lasts until the next one starts; its first beat is a downbeat.
    """

    start_s: float
    beat_length_s: float
    meter: int = 4


class Steps(NamedTuple):
    """Equal divisions of the beats of a tempo map, in order of time, all ``[steps]``.

    Attributes:
        time_s: when, in seconds from the start of the song.
        position: place in the bar of the beat it belongs to; 1 is the downbeat.
        part: 0 on the beat, k for k/division of a beat after it.
        beat_length_s: length of the beat it belongs to, in seconds.
    """

    time_s: FloatArray
    position: IntArray
    part: IntArray
    beat_length_s: FloatArray


def steps(tempo: Sequence[Segment], seconds: float, division: int = 1) -> Steps:
    """Divide the beats of a tempo map; with the default `division` these are the beats themselves.

    Args:
        tempo: segments in order of time.
        seconds: nothing lies at or past this time.
        division: steps a beat.

    Raises:
        UsageError: the tempo map is empty or not in order, or a length, metre or division is not positive.
    """
    _check(tempo, seconds, division)
    ends = [*(segment.start_s for segment in tempo[1:]), seconds]
    columns: list[tuple[FloatArray, IntArray, IntArray, FloatArray]] = []
    for (start, length, meter), end in zip(tempo, ends, strict=True):
        until = min(end, seconds) - start - _EPSILON_S
        k = np.arange(max(0, int(np.ceil(until * division / length))), dtype=np.int64)
        beat = k // division
        columns.append((start + k * length / division, beat % meter + 1, k % division, np.full(len(k), length)))
    time_s, position, part, beat_length_s = zip(*columns, strict=True)
    return Steps(*(np.concatenate(column) for column in (time_s, position, part, beat_length_s)))


def _check(tempo: Sequence[Segment], seconds: float, division: int) -> None:
    """Refuse a tempo map that has no meaning."""
    if not tempo or not seconds > 0 or division < 1:
        raise UsageError("a song needs at least one tempo segment, a positive length and at least one step a beat")
    if any(not s.beat_length_s > 0 or s.meter < 1 or not s.start_s >= 0 for s in tempo):
        raise UsageError("a tempo segment starts at 0 s or later and has a positive beat length and metre")
    if any(b.start_s <= a.start_s for a, b in itertools.pairwise(tempo)):
        raise UsageError("tempo segments must be in order of time, each later than the one before")


def render(tempo: Sequence[Segment], seconds: float, sampling_rate: int = 44_100, seed: int = 0) -> Samples:
    """Play a song over a tempo map.

    Args:
        tempo: segments in order of time.
        seconds: length of the song; beats are played to the last one before the end.
        sampling_rate: in Hz.
        seed: chooses key, chords and noise; when the beats sound does not depend on it.

    Returns:
        float32 ``[frames, 2]``, frames = ``round(seconds * sampling_rate)``, within -0.8 and 0.8.

    Raises:
        UsageError: see `steps`.
    """
    grid = steps(tempo, seconds, 2)
    rng = np.random.default_rng(seed)
    key_hz = 55.0 * 2.0 ** (int(rng.integers(12)) / 12)
    chords = _PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))]
    mix = np.zeros((round(seconds * sampling_rate), 2))
    starts = np.rint(grid.time_s * sampling_rate).astype(np.int64).tolist()
    _play_drums(mix, grid, starts, sampling_rate, rng)
    bar = np.cumsum((grid.part == 0) & (grid.position == 1)) - 1
    for i, start in enumerate(starts):
        chord = [key_hz * 2.0 ** (tone / 12) for tone in chords[int(bar[i]) % len(chords)]]
        place = int(2 * (grid.position[i] - 1) + grid.part[i])
        _play_chord(mix, start, chord, place=place, beat_s=float(grid.beat_length_s[i]), rate=sampling_rate)
    fade = min(len(mix), sampling_rate // 100)
    mix[len(mix) - fade :] *= np.linspace(1.0, 0.0, fade)[:, None]
    return np.asarray(mix * (_PEAK / max(float(np.abs(mix).max(initial=0.0)), 1e-9)), np.float32)


def _play_drums(mix: FloatArray, grid: Steps, starts: Sequence[int], rate: int, rng: np.random.Generator) -> None:
    """Add a kick on each beat, a brighter one with a cymbal on each downbeat, and a hi-hat between beats."""
    kick, accent = _kick(rate, 1.0), _kick(rate, 1.4)
    cymbal, hat = _noise(rate, 0.4, 0.09, rng), _noise(rate, 0.06, 0.014, rng)
    for start, position, part in zip(starts, grid.position.tolist(), grid.part.tolist(), strict=True):
        if part:
            _add(mix, start, hat, 0.025, 0.04)
        elif position == 1:
            _add(mix, start, accent, 0.62, 0.62)
            _add(mix, start, cymbal, 0.04, 0.03)
        else:
            _add(mix, start, kick, 0.55, 0.55)


def _play_chord(mix: FloatArray, start: int, chord: Sequence[float], *, place: int, beat_s: float, rate: int) -> None:
    """Add what the band plays at one half beat; `place` counts them from the bar's start, `chord` is Hz."""
    if place == 0:
        for hz, pan in zip(chord, (0.3, 0.5, 0.7), strict=True):
            pad = _tone(rate, 2 * hz, 3.2 * beat_s, 0.12, 1.2 * beat_s)
            _add(mix, start, pad, 0.09 * (1 - pan), 0.09 * pan)
    if place % 2 == 0:
        _add(mix, start, _tone(rate, chord[0], 0.9 * beat_s, 0.012, 0.35 * beat_s), 0.2, 0.2)
    hz = 4 * chord[_ARPEGGIO[place % len(_ARPEGGIO)]]
    left = 0.06 if place % 4 < 2 else 0.03
    _add(mix, start, _tone(rate, hz, 0.8 * beat_s, 0.008, 0.2 * beat_s), left, 0.09 - left)


def _kick(rate: int, pitch: float) -> FloatArray:
    """Make a drum: a click that starts at full level in its first sample, over a falling low tone."""
    t = np.arange(int(0.2 * rate)) / rate
    low = np.sin(2 * np.pi * pitch * (48.0 * t + 130.0 * 0.03 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.06)
    click = np.cos(2 * np.pi * 1900.0 * pitch * t) * np.exp(-t / 0.003)
    return np.asarray(low + 0.7 * click)


def _noise(rate: int, seconds: float, decay_s: float, rng: np.random.Generator) -> FloatArray:
    """Make a burst of bright noise that dies away."""
    t = np.arange(int(seconds * rate)) / rate
    return np.asarray(np.diff(rng.uniform(-1, 1, len(t) + 1)) * np.exp(-t / decay_s))


def _tone(rate: int, hz: float, seconds: float, attack_s: float, decay_s: float) -> FloatArray:
    """Make a soft note of two partials: it swells for `attack_s`, dies away by `decay_s`, ends in silence."""
    t = np.arange(int(seconds * rate)) / rate
    envelope = np.minimum(t / attack_s, 1.0) * np.exp(-t / decay_s) * np.minimum((seconds - t) / 0.02, 1.0)
    return np.asarray((np.sin(2 * np.pi * hz * t) + 0.2 * np.sin(6 * np.pi * hz * t)) * envelope)


def _add(mix: FloatArray, start: int, sound: FloatArray, left: float, right: float) -> None:
    """Add a sound to the mix from sample `start` on; what passes the end is cut."""
    part = sound[: max(0, len(mix) - start)]
    mix[start : start + len(part), 0] += left * part
    mix[start : start + len(part), 1] += right * part


def encode_ogg(samples: Samples, sampling_rate: int) -> bytes:
    """Encode ``[frames, channels]`` as Ogg Vorbis of medium quality; the same bytes every time.

    Raises:
        BuildError: the libsndfile at hand cannot write Vorbis.
    """
    return _fix_ogg_serial(_encode(samples, sampling_rate, "OGG", "VORBIS", 0.6), _OGG_SERIAL)


def encode_mp3(samples: Samples, sampling_rate: int) -> bytes:
    """Encode ``[frames, channels]`` as MP3 with a LAME tag, which tells decoders where the song starts.

    Raises:
        BuildError: the libsndfile at hand cannot write MP3.
    """
    return _encode(samples, sampling_rate, "MP3", "MPEG_LAYER_III", 0.6)


def encode_wav(samples: Samples, sampling_rate: int) -> bytes:
    """Encode ``[frames, channels]`` as 16-bit WAV.

    Raises:
        BuildError: libsndfile failed.
    """
    return _encode(samples, sampling_rate, "WAV", "PCM_16", None)


def _encode(samples: Samples, rate: int, container: str, subtype: str, level: float | None) -> bytes:
    """Encode with libsndfile, a second at a time: whole songs overflow the C stack in its Vorbis."""
    import soundfile  # noqa: PLC0415 - loads libsndfile

    options: dict[str, Any] = {} if level is None else {"compression_level": level}
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer, "w", rate, samples.shape[1], subtype=subtype, format=container, **options
        ) as file:
            for start in range(0, len(samples), rate):
                file.write(samples[start : start + rate])
    except (soundfile.SoundFileError, ValueError) as error:
        raise BuildError(
            f"libsndfile {soundfile.__libsndfile_version__} cannot write {container}/{subtype} ({error}): "
            "install the soundfile wheel from PyPI, which brings its own libsndfile"
        ) from error
    return buffer.getvalue()


def _fix_ogg_serial(ogg: bytes, serial: int) -> bytes:
    """Give every page of an Ogg file one serial number and the checksum that goes with it.

    Page: "OggS", version, flags, granule position u64, serial u32 at byte 14, sequence u32, CRC u32 at 22,
    number of segments at byte 26, their lengths (RFC 3533 section 6).
    """
    pages, at = [], 0
    while at < len(ogg):
        body = at + 27 + ogg[at + 26]
        end = body + sum(ogg[at + 27 : body])
        page = bytearray(ogg[at:end])
        page[14:18] = serial.to_bytes(4, "little")
        page[22:26] = bytes(4)
        page[22:26] = _ogg_crc(page).to_bytes(4, "little")
        pages.append(bytes(page))
        at = end
    return b"".join(pages)


def _ogg_crc(data: bytes | bytearray) -> int:
    """Return Ogg's CRC-32: polynomial 0x04c11db7, most significant bit first, start and final xor 0.

    zlib's is the same polynomial with all bits reversed, start and final xor 0xffffffff: reversing the bits
    of every byte before it and of the result after it, and undoing the xors, gives Ogg's at zlib's speed.
    """
    reflected = zlib.crc32(data.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REVERSED_BITS), "big")
