"""The song of a level: an audio clip's bytes as a file that ordinary readers open."""

from __future__ import annotations

import struct
from typing import NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.sources.unity import fsb5, native
from rhythm_maps.sources.unity.objects import AUDIO_CLIP, Bundle, Pointer

_WAV_HEADER_BYTES = 44
"""FMOD's answer: RIFF, one fmt chunk of 16 bytes, one data chunk."""


class Song(NamedTuple):
    """A song as a file: its name by content (``song.wav``, ``song.ogg``, ``song.m4a``) and its bytes."""

    name: str
    data: bytes


def read_song(bundle: Bundle, clip: Pointer) -> Song:
    """Read an audio clip: an Ogg, WAV or MP4 file as it is, an FSB5 bank as a WAV file of the same samples.

    Raises:
        BadFormat: its bytes are not in the bundle (``missing_resource``, ``missing_object``), or cannot be decoded
            (``unreadable_audio``, ``empty_audio``).
        LimitExceeded: larger or longer than `limits` allows (``audio_too_large``).
        MissingExtra: UnityPy is not installed.
    """
    place = f"{bundle.place}/{clip.path_id}"
    data = _bytes(bundle, clip, place)
    if len(data) > limits.AUDIO_BYTES:
        raise LimitExceeded("audio_too_large", f"{len(data):,} bytes; at most {limits.AUDIO_BYTES:,}", place)
    if data[:4] == b"OggS":
        return Song("song.ogg", data)
    if data[:4] == b"RIFF":
        return Song("song.wav", data)
    if data[4:8] == b"ftyp":
        return Song("song.m4a", data)
    sound = fsb5.read_sound(data, place)
    if fsb5.is_plain(sound):
        return Song("song.wav", fsb5.plain_wav(sound, place))
    size = sound.frames * sound.channels * 2
    if size > limits.AUDIO_BYTES:
        reason = f"a song of {size:,} bytes of samples; at most {limits.AUDIO_BYTES:,}"
        raise LimitExceeded("audio_too_large", reason, place)
    wav = native.decode(data, sound.channels, sound.rate, place)
    return Song("song.wav", _exact(wav, sound, place))


def _bytes(bundle: Bundle, clip: Pointer, place: str) -> bytes:
    tree = bundle.read(clip, AUDIO_CLIP)
    inside = tree.get("m_AudioData")
    if isinstance(inside, bytes) and inside:
        return inside
    resource = tree.get("m_Resource")
    if not isinstance(resource, dict) or not resource.get("m_Source"):
        raise BadFormat("missing_resource", "a song without sound", place)
    offset, size = resource.get("m_Offset"), resource.get("m_Size")
    if not isinstance(offset, int) or not isinstance(size, int):
        raise BadFormat("bad_object", "a song that does not say where its sound is", place)
    return bundle.resource(str(resource["m_Source"]), offset, size)


def _exact(wav: bytes, sound: fsb5.Sound, place: str) -> bytes:
    """Check that a decoded song has the samples that its header says, no fewer; more are padding and go."""
    if len(wav) < _WAV_HEADER_BYTES or wav[:4] != b"RIFF":
        raise BadFormat("unreadable_audio", "FMOD gave no WAV file", place)
    channels, rate, _, block = struct.unpack_from("<HIIH", wav, 22)
    size = sound.frames * block
    if channels != sound.channels or rate != sound.rate or len(wav) - _WAV_HEADER_BYTES < size:
        reason = f"FMOD decoded {len(wav) - _WAV_HEADER_BYTES:,} bytes; {size:,} were expected"
        raise BadFormat("unreadable_audio", reason, place)
    fmt = wav[8:40]
    return b"RIFF" + struct.pack("<I", 36 + size) + fmt + struct.pack("<I", size) + wav[44 : 44 + size]
