"""Where osu! starts an MP3, beside where our decoder starts it.

An MP3 begins with samples that belong to no music: the encoder's delay, and 529 samples of the decoder's own. Some
encoders write a tag into the first frame that says how many, and decoders differ in when they believe it. Maps are
timed by ear against osu!'s decoder (BASS 2.4, with the gap option that osu! sets), so its start is the game's clock.
Nothing of this is documented; the rule was measured against the library that osu! ships, at all nine sampling rates.

=============  ============================================================  ==============  =====================
rule           the first frame                                               BASS cuts       libmpg123 cuts
=============  ============================================================  ==============  =====================
``none``       the file is no MP3                                            0               0
``no_tag``     holds no tag: it is music                                     0               0
``delay``      Xing or Info tag that BASS believes                           delay + 529     delay + 529, 0 where
                                                                                             the tag has no number
                                                                                             of frames
``no_delay``   such a tag without an encoder's name, or with delay and       0               the same
               padding of 0
``wrong_size`` such a tag whose size is not that of the stream               0               the same
``vbri``       VBRI tag (Fraunhofer), which both play as a frame of music    max(delay, 529) 0
               and BASS takes into account                                   - a frame       - a frame
=============  ============================================================  ==============  =====================
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from rhythm_maps.audio.mp3_frames import Frame, audio_end, first_frame

DECODER_DELAY: Final = 529
"""Samples that a layer III decoder adds: 528 of its filter banks and 1 (LAME's technical FAQ); so at every rate."""
_TOLERANCE: Final = 0.01
"""BASS believes a tag whose size field is off by no more than this share of the stream's size."""
_FRAMES, _BYTES, _TOC, _QUALITY = 1, 2, 4, 8
"""Flags of a Xing tag: which fields follow, in this order, of 4, 4, 100 and 4 bytes."""
_TOC_BYTES: Final = 100
_CRC_END: Final = 6
"""Header and checksum end here; the side information of a tag's frame is zero."""
_LAME_BYTES: Final = 24
"""The part of the encoder's own block that is needed: name (9), ..., delay and padding (12 bits each, at 21)."""
_VBRI_AT: Final = 36
"""Place of a VBRI tag in its frame, whatever the version and channels."""

_LSF_SAMPLES, _LSF_DELAY = 576, 4000
"""In MPEG 2 and 2.5, BASS halves a VBRI delay above this."""


class Clock(NamedTuple):
    """How the game's clock runs against the samples of a file.

    Attributes:
        rule: which row of the table in this module's docstring.
        shift_samples: samples of silence to put in front of what soundfile decodes; negative: so many to drop.
        shift_s: the same in seconds: game time = sample / sampling rate + shift_s.
    """

    rule: str
    shift_samples: int
    shift_s: float


class _Tag(NamedTuple):
    """A Xing or Info tag; 0 where it does not say."""

    played: bool
    """libmpg123 plays its frame as music: it knows no tag behind side information that is not zero."""
    frames: int = 0
    size: int = 0
    named: bool = False
    delay: int = 0
    padding: int = 0


def clock(data: bytes, sampling_rate: int) -> Clock:
    """Tell where osu! starts a file, relative to the first sample that soundfile (libmpg123) gives.

    Args:
        data: the whole file, of any kind; nothing is decoded and nothing raised.
        sampling_rate: the file's, in Hz.
    """
    frame = first_frame(data)
    if frame is None:
        return Clock("none", 0, 0.0)
    rule, shift = _rule(data, frame)
    return Clock(rule, shift, shift / max(1, sampling_rate))


def stated_frames(data: bytes, frame: Frame) -> int:
    """Return how many frames the tag in the first frame says there are, where libmpg123 believes it; else 0.

    Args:
        data: the whole file.
        frame: its first frame.
    """
    body = data[frame.at : frame.at + frame.size]
    tag = _xing(body, frame)
    return tag.frames if tag else 0


def _rule(data: bytes, frame: Frame) -> tuple[str, int]:
    body = data[frame.at : frame.at + frame.size]
    if body.startswith(b"VBRI", _VBRI_AT) and len(body) >= _VBRI_AT + 8:
        (delay,) = struct.unpack_from(">H", body, _VBRI_AT + 6)
        if frame.samples == _LSF_SAMPLES and delay > _LSF_DELAY:
            delay //= 2
        return "vbri", -max(delay, DECODER_DELAY)
    tag = _xing(body, frame)
    if tag is None:
        return "no_tag", 0
    cut_file = tag.delay + DECODER_DELAY if tag.frames else 0
    if tag.played:
        cut_file = -frame.samples
    if not tag.named or not (tag.delay or tag.padding):
        return "no_delay", cut_file
    size = audio_end(data) - frame.at
    if tag.size and abs(tag.size - size) > _TOLERANCE * size:
        return "wrong_size", cut_file
    return "delay", cut_file - (tag.delay + DECODER_DELAY)


def _xing(body: bytes, frame: Frame) -> _Tag | None:
    """Read a Xing or Info tag; None where there is none. Fields past the end of its frame are not there."""
    at = frame.side_info + 4
    if not body.startswith((b"Xing", b"Info"), at) or len(body) < at + 8:
        return None
    (flags,) = struct.unpack_from(">I", body, at + 4)
    at += 8
    numbers = {}
    for flag, size in ((_FRAMES, 4), (_BYTES, 4), (_TOC, _TOC_BYTES), (_QUALITY, 4)):
        if flags & flag:
            numbers[flag] = int.from_bytes(body[at : at + 4], "big") if at + size <= len(body) else 0
            at += size
    played = any(body[_CRC_END : frame.side_info + 4])
    frames, size = 0 if played else numbers.get(_FRAMES, 0), numbers.get(_BYTES, 0)
    lame = body[at : at + _LAME_BYTES]
    if len(lame) < _LAME_BYTES or not lame[0]:
        return _Tag(played, frames, size)
    delay, padding = lame[21] << 4 | lame[22] >> 4, (lame[22] & 15) << 8 | lame[23]
    return _Tag(played, frames, size, named=True, delay=delay, padding=padding)
