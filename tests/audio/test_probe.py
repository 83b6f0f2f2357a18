"""Headers of audio files: what they say, and that no header can hurt."""

from __future__ import annotations

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from rhythm_maps import limits
from rhythm_maps.audio.probe import probe
from rhythm_maps.errors import BadFormat, LimitExceeded


def encoded(container, subtype, *, rate=44_100, channels=2, frames=44_100):
    """A second of noise."""
    noise = np.random.default_rng(0).normal(0, 0.1, (frames, channels))
    out = io.BytesIO()
    soundfile.write(out, noise, rate, format=container, subtype=subtype)
    return out.getvalue()


def wav(*, channels=2, rate=44_100, bits=16, data=bytes(400), claimed=None):
    """A PCM file whose header may lie."""
    align = channels * bits // 8 % 65_536
    fmt = struct.pack("<4sL2H2L2H", b"fmt ", 16, 1, channels, rate, rate * align % (1 << 32), align, bits)
    size = len(data) if claimed is None else claimed
    body = b"WAVE" + fmt + struct.pack("<4sL", b"data", size) + data
    return struct.pack("<4sL", b"RIFF", (len(body) - len(data) + size) % (1 << 32)) + body


@pytest.mark.parametrize(
    ("container", "subtype", "codec", "extension"),
    [
        ("OGG", "VORBIS", "vorbis", "ogg"),
        ("OGG", "OPUS", "opus", "opus"),
        ("MP3", "MPEG_LAYER_III", "mp3", "mp3"),
        ("FLAC", "PCM_16", "flac", "flac"),
        ("WAV", "PCM_16", "pcm_16", "wav"),
        ("WAV", "FLOAT", "float", "wav"),
        ("WAV", "MS_ADPCM", "ms_adpcm", "wav"),
        ("WAVEX", "PCM_24", "pcm_24", "wav"),
        ("RF64", "PCM_16", "pcm_16", "wav"),
        ("AIFF", "PCM_16", "pcm_16", "aiff"),
    ],
)
def test_codec_and_extension_come_from_the_bytes(container, subtype, codec, extension):
    data = encoded(container, subtype, rate=48_000, frames=48_000)
    info = probe(data, "audio.whatever")
    assert (info.codec, info.extension) == (codec, extension)
    assert (info.sampling_rate, info.channels) == (48_000, 2)
    assert info.duration_s == pytest.approx(1.0, abs=0.03)
    assert info.bitrate_kbps == pytest.approx(len(data) * 8 / info.duration_s / 1000)


def test_an_egg_is_an_ogg():
    assert probe(encoded("OGG", "VORBIS"), "song.egg").extension == "ogg"


def test_length_is_frames_over_rate():
    info = probe(wav(channels=1, rate=8_000, data=bytes(2 * 12_345)), "a.wav")
    assert info.duration_s == 12_345 / 8_000
    assert info.bitrate_kbps == pytest.approx(128.0, rel=0.01)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(100), "an MPEG-4/AAC file"),
        (b"\xff\xf1\x50\x80" + bytes(100), "a raw AAC (ADTS) file"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(100), "a Windows Media (WMA/WMV) file"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "a Matroska/WebM file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"OggS" + bytes(100), "an Ogg file"),
        (b"PK\3\4" + bytes(100), "a zip archive"),
        (bytes(1000), "a file of zero bytes"),
        (b"\x01\x02\x03" * 50, "not an audio file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_it_is(data, what):
    with pytest.raises(BadFormat) as caught:
        probe(data, "audio.mp3")
    assert caught.value.code == "unreadable_audio"
    assert caught.value.reason.startswith(what)
    assert caught.value.place == "audio.mp3"
    assert "0x" not in caught.value.reason  # an address would make two builds differ


@pytest.mark.parametrize("data", [wav(data=b""), encoded("OGG", "VORBIS", frames=0)], ids=["wav", "ogg"])
def test_a_header_without_samples_is_empty_audio(data):
    with pytest.raises(BadFormat) as caught:
        probe(data, "audio.wav")
    assert caught.value.code == "empty_audio"


@pytest.mark.parametrize(
    "data",
    [
        wav(channels=3, data=bytes(600)),
        wav(channels=1024, data=bytes(1 << 16)),
        wav(rate=192_001),
        wav(rate=(1 << 31) - 1),
        wav(rate=1, data=bytes(4 * 7_201)),
    ],
)
def test_a_header_beyond_the_limits_is_refused(data):
    with pytest.raises(LimitExceeded) as caught:
        probe(data, "audio.wav")
    assert caught.value.place == "audio.wav"


def test_the_limits_themselves_pass():
    assert probe(wav(rate=limits.AUDIO_RATE, channels=limits.AUDIO_CHANNELS), "a.wav").channels == 2
    assert probe(wav(rate=1, data=bytes(4 * 7_200)), "a.wav").duration_s == limits.AUDIO_SECONDS


@pytest.mark.parametrize("channels", [0, 65_535])
def test_channel_counts_that_no_file_has_are_refused(channels):
    with pytest.raises(BadFormat):
        probe(wav(channels=channels, data=bytes(1 << 18)), "a.wav")


@pytest.mark.parametrize("claimed", [(1 << 31) - 1, (1 << 32) - 1])
def test_a_wav_that_claims_gigabytes_is_as_long_as_its_bytes_or_refused(claimed):
    try:
        info = probe(wav(claimed=claimed), "a.wav")
    except BadFormat:
        return
    assert info.duration_s == pytest.approx(100 / 44_100)


def test_a_flac_header_that_claims_2_to_the_31_frames_is_refused():
    data = bytearray(encoded("FLAC", "PCM_16"))
    streaminfo = 8  # after "fLaC" and the block header; total samples are the 36 bits that end at byte 18
    data[streaminfo + 14 : streaminfo + 18] = b"\xff\xff\xff\xff"
    with pytest.raises(LimitExceeded):
        probe(bytes(data), "a.flac")


def test_more_bytes_than_a_row_may_hold_are_not_looked_at(monkeypatch):
    monkeypatch.setattr(limits, "AUDIO_BYTES", 99)
    with pytest.raises(LimitExceeded):
        probe(bytes(100), "a.mp3")


@pytest.mark.parametrize("error", [MemoryError, OverflowError, TypeError, RuntimeError, OSError])
def test_what_the_decoder_raises_on_a_lying_header_becomes_a_declared_error(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(soundfile, "SoundFile", fail)
    with pytest.raises(BadFormat) as caught:
        probe(b"OggS", "a.ogg")
    assert caught.value.code == "unreadable_audio"


CHILD = """
import random, sys
from pathlib import Path
from rhythm_maps.audio.probe import probe
from rhythm_maps.errors import BadFormat
whole = Path(sys.argv[1]).read_bytes()
chance = random.Random(sys.argv[2])
for _ in range(int(sys.argv[3])):
    data = bytearray(whole if chance.random() < 0.8 else whole[: chance.randrange(len(whole))] + b"\\0")
    head = min(len(data), chance.choice((64, 512, len(data))))
    for _ in range(chance.randint(1, 12)):
        data[chance.randrange(head)] = chance.choice((0, 255, 127, 128, chance.randrange(256)))
    try:
        info = probe(bytes(data), "audio")
        if not (0 < info.duration_s <= 7200 and 1 <= info.channels <= 2 and 0 < info.sampling_rate <= 192000):
            raise SystemExit(f"out of bounds: {info}")
    except BadFormat as error:
        if not error.code:
            raise SystemExit("no code")
print("survived")
"""

CODECS = [
    ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("FLAC", "PCM_16"), ("WAV", "PCM_16"),
    ("WAV", "MS_ADPCM"), ("AIFF", "PCM_16"),
]  # fmt: skip


def survive(tmp_path, container, subtype, mutants):
    path = tmp_path / "audio"
    path.write_bytes(encoded(container, subtype, rate=48_000, frames=8_000))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, path, f"{container} {subtype}", str(mutants)],
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "survived\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("container", "subtype"), CODECS)
def test_damaged_files_give_facts_within_limits_or_a_declared_error(tmp_path, container, subtype):
    survive(tmp_path, container, subtype, 400)


@pytest.mark.stress
@pytest.mark.parametrize(("container", "subtype"), CODECS)
def test_20_000_damaged_files_a_codec(tmp_path, container, subtype):
    survive(tmp_path, container, subtype, 20_000)


@pytest.mark.corpus
def test_the_audio_of_real_maps_and_encoders_is_read(corpus):
    found = {
        path.name: probe(path.read_bytes(), path.name)
        for path in (corpus / "audio").iterdir()
        if path.suffix in {".ogg", ".mp3", ".wav"}
    }
    assert found["click.ogg"].codec == "vorbis"
    assert found["click.ogg"].duration_s == 30.0
    assert found["click_lame.mp3"].duration_s == 30.0
    assert found["test_24k.wav"].duration_s == 20.0
    assert all(info.duration_s == pytest.approx(30, abs=0.2) for n, info in found.items() if n != "test_24k.wav")
    eggs = sorted((corpus / "beat_saber").rglob("*.egg"))
    assert eggs
    for egg in eggs:
        info = probe(egg.read_bytes(), egg.name)
        assert (info.codec, info.extension) == ("vorbis", "ogg")
