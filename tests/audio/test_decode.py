"""Samples of recordings: blocks and whole, the clock, the status, and what may not be trusted."""

from __future__ import annotations

import io
import math
import struct
import sys
import threading

import numpy as np
import pytest
import soundfile
import soxr
from mp3_maker import click_samples, encode, id3v2, music, vbri, xing

from rhythm_maps import limits
from rhythm_maps.audio import decode as module
from rhythm_maps.audio.decode import blocks, decode
from rhythm_maps.audio.measure import measure
from rhythm_maps.audio.probe import probe
from rhythm_maps.errors import BadFormat, LimitExceeded, MissingExtra, UsageError

NOISE = np.random.default_rng(0).normal(0, 0.1, (50_000, 2)).astype(np.float32)


def written(container, subtype, samples=NOISE, rate=44_100):
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=container, subtype=subtype)
    return out.getvalue()


KINDS = {
    "wav": written("WAV", "PCM_16"),
    "float": written("WAV", "FLOAT"),
    "flac": written("FLAC", "PCM_16"),
    "ogg": written("OGG", "VORBIS"),
    "opus": written("OGG", "OPUS", rate=48_000),
    "mp3": encode(NOISE, 44_100),
}


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_those_of_soundfile(kind):
    expected, rate = soundfile.read(io.BytesIO(KINDS[kind]), dtype="float32", always_2d=True)
    found = decode(KINDS[kind], "whatever.txt")
    assert (found.status, found.sampling_rate, found.frames_read) == ("ok", rate, len(expected))
    assert found.samples.dtype == np.float32
    np.testing.assert_array_equal(found.samples, expected)
    mono = decode(KINDS[kind], "a", mono=True).samples
    np.testing.assert_array_equal(mono, expected.mean(axis=1, dtype=np.float32))


@pytest.mark.parametrize("kind", ["wav", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [24_000, 22_050, 48_000])
@pytest.mark.parametrize("mono", [False, True])
def test_resampling_is_soxr_hq_of_the_whole(kind, rate, mono):
    whole = decode(KINDS[kind], "a", mono=mono)
    expected = soxr.resample(whole.samples, whole.sampling_rate, rate, quality="HQ")
    found = decode(KINDS[kind], "a", rate=rate, mono=mono)
    assert found.sampling_rate == rate
    assert len(found.samples) == round(len(whole.samples) * rate / whole.sampling_rate)
    np.testing.assert_array_equal(found.samples, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block_s", [0.01, 0.37, 5.0])
def test_blocks_are_the_whole(kind, block_s):
    parts = list(blocks(KINDS[kind], "a", rate=24_000, mono=True, block_s=block_s))
    assert all(len(part) for part in parts)
    np.testing.assert_array_equal(np.concatenate(parts), decode(KINDS[kind], "a", rate=24_000, mono=True).samples)


@pytest.mark.parametrize("channels", [1, 2])
def test_one_channel_stays_a_column_unless_mono_is_asked_for(channels):
    data = written("WAV", "PCM_16", NOISE[:, :channels])
    assert decode(data, "a").samples.shape == (50_000, channels)
    assert decode(data, "a", rate=24_000).samples.shape == (27_211, channels)
    assert decode(data, "a", mono=True).samples.shape == (50_000,)


@pytest.mark.parametrize("shift", [0, 1, 529, -1, -1105, 60_000, -60_000])
def test_a_shift_is_silence_in_front_or_samples_dropped(shift):
    found = decode(KINDS["wav"], "a", shift_s=shift / 44_100)
    there = decode(KINDS["wav"], "a", timeline="file").samples
    expected = np.concatenate([np.zeros((max(0, shift), 2), np.float32), there[max(0, -shift) :]])
    np.testing.assert_array_equal(found.samples, expected)
    assert (found.timeline_shift_s, found.clock_rule) == (shift / 44_100, "given")
    assert (found.frames_read, found.status) == (50_000, "ok")


def test_the_clock_is_applied_before_the_rate_is_changed():
    song = music()
    data = xing(song, delay=0, padding=0) + song.frames
    there = decode(data, "a", timeline="file").samples
    shifted = np.concatenate([np.zeros((529, 1), np.float32), there])
    np.testing.assert_array_equal(decode(data, "a", rate=24_000).samples, soxr.resample(shifted, 44_100, 24_000, "HQ"))
    assert decode(data, "a").clock_rule == "no_delay"
    assert decode(data, "a", timeline="file").clock_rule == "none"


def test_a_tap_sees_the_file_as_it_is():
    seen = []
    list(blocks(KINDS["mp3"], "a", rate=24_000, mono=True, shift_s=0.5, tap=seen.append))
    expected = decode(KINDS["mp3"], "a", mono=True, timeline="file").samples
    np.testing.assert_array_equal(np.concatenate(seen)[:, 0], expected)


# --- status -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["wav", "float", "flac", "ogg", "mp3"])
def test_silence(kind):
    zeros = np.zeros((20_000, 1), np.float32)
    formats = {
        "wav": ("WAV", "PCM_16"),
        "float": ("WAV", "FLOAT"),
        "flac": ("FLAC", "PCM_16"),
        "ogg": ("OGG", "VORBIS"),
    }
    data = encode(zeros, 44_100) if kind == "mp3" else written(*formats[kind], zeros)
    assert decode(data, "a").status == "silent"
    assert measure(data, "a") == ("silent", 20_000, 20_000 / 44_100, 0.0)


@pytest.mark.parametrize("kind", ["wav", "float", "flac", "ogg"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_file_that_was_cut_is_truncated(kind, share):
    data = KINDS[kind][: round(len(KINDS[kind]) * share)]
    found = decode(data, "a")
    assert found.status == "truncated"
    assert 0 < found.frames_read < len(decode(KINDS[kind], "a").samples)
    assert measure(data, "a")[:2] == ("truncated", found.frames_read)
    np.testing.assert_array_equal(np.concatenate(list(blocks(data, "a", block_s=0.05))), found.samples)


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x7FFF_FFFF, 0xFFFF_FFDB])
def test_a_wav_of_unknown_length_is_whole(size):
    at = KINDS["wav"].index(b"data") + 4
    data = KINDS["wav"][:at] + struct.pack("<I", size) + KINDS["wav"][at + 4 :]
    found = decode(data, "a")
    assert (found.status, found.frames_read) == ("ok", 50_000)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.98])
@pytest.mark.parametrize("kind", ["tag", "no tag", "vbri"])
def test_an_mp3_that_was_cut_cleanly_is_whole_although_its_tag_counts_more(kind, share):
    song = music(44_100, 2)
    data = {"tag": xing(song), "no tag": b"", "vbri": vbri(song, delay=1105)}[kind] + song.frames
    found = decode(data[: round(len(data) * share)], "a")
    assert found.status == "ok"
    assert found.frames_read < decode(data, "a").frames_read * (share + 0.05)


@pytest.mark.parametrize("make", [lambda s: s.frames, lambda s: vbri(s, delay=1105) + s.frames], ids=["no tag", "vbri"])
def test_an_mp3_whose_length_is_an_estimate_is_whole(make):
    song = music(44_100, 2)
    found = decode(make(song), "a")
    assert found.status == "ok"
    assert found.frames_read == (song.count + (make(song) != song.frames)) * 1152


@pytest.mark.parametrize("tag", [True, False])
def test_an_mp3_whose_decoding_stops_is_truncated(tag):
    song = music(44_100, 2)
    data = bytearray((xing(song) if tag else b"") + song.frames)
    middle = len(data) // 2
    data[middle : middle + 3000] = b"\xa5" * 3000
    found = decode(bytes(data), "a")
    assert found.status == "truncated"
    assert 0.3 < found.frames_read / (song.count * 1152) < 0.6
    there = decode((xing(song) if tag else b"") + song.frames, "a").samples
    np.testing.assert_array_equal(found.samples[: found.frames_read - 5000], there[: found.frames_read - 5000])


def test_an_mp3_that_grows_quiet_is_read_to_its_end():
    """Without a tag libsndfile expects as many frames as if all were as large as the first."""
    noise = np.random.default_rng(0).normal(0, 0.3, (44_100 * 6, 2)).astype(np.float32)
    noise[44_100:] *= 1e-4
    data = encode(noise, 44_100, "VARIABLE", 0.2)
    whole = decode(data, "a").samples
    tag = music(44_100, 2)._replace(frames=data).frames
    from rhythm_maps.audio.mp3_frames import first_frame

    bare = tag[first_frame(data).size :]
    assert soundfile.SoundFile(io.BytesIO(bare)).frames < len(whole) * 0.8
    found = decode(bare, "a")
    assert found.status == "ok"
    assert len(found.samples) >= len(whole)
    assert probe(bare, "a").duration_s == len(found.samples) / 44_100
    np.testing.assert_allclose(found.samples[1105 : 1105 + len(whole)], whole, atol=1e-6)


def test_corrupt_mp3(corpus):
    data = (corpus / "audio" / "corrupt.mp3").read_bytes()
    good = decode((corpus / "audio" / "click_lame.mp3").read_bytes(), "a", mono=True).samples
    found = decode(data, "corrupt.mp3", mono=True)
    assert (found.status, found.frames_read, len(found.samples)) == ("truncated", 714_287, 714_287)
    assert measure(data, "a").duration_s == 714_287 / 44_100
    starts = [at for at in click_starts(good) if at + 1000 < 714_287]
    assert len(starts) == 32
    for at in starts:
        part = good[at - 200 : at + 600]
        around = np.nan_to_num(found.samples[at - 700 : at + 1100])
        assert abs(int(np.argmax(np.correlate(around, part, "valid"))) - 500) <= 1


def click_starts(samples):
    """Where the clicks of the corpus begin, by their peaks."""
    loud = np.flatnonzero(np.abs(samples) > 0.3)
    return loud[np.diff(loud, prepend=-100_000) > 4_000].tolist()


# --- what may not be trusted ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -3e38])
def test_samples_that_are_no_numbers_count_as_nothing(value):
    samples = NOISE.copy()
    samples[1000:1010, 0] = value
    found = decode(written("WAV", "FLOAT", samples), "a", rate=24_000)
    assert found.status == "damaged"
    assert np.isfinite(found.samples).all()
    assert np.abs(found.samples).max() < 1
    assert np.isfinite(measure(written("WAV", "FLOAT", samples), "a").loudness)


def test_large_samples_that_are_numbers_stay():
    found = decode(written("WAV", "FLOAT", NOISE * 32_768), "a")
    assert found.status == "ok"
    np.testing.assert_array_equal(found.samples, NOISE * 32_768)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"timeline": "beat"}, "expected one of game, file"),
        ({"rate": 0}, "rate is 0"),
        ({"rate": 10**9}, "rate is 1000000000"),
        ({"block_s": 0.0}, "block_s is 0"),
        ({"block_s": 1e9}, "block_s is"),
        ({"block_s": math.nan}, "block_s is nan"),
        ({"shift_s": math.nan}, "a shift of nan"),
        ({"shift_s": 1e9}, "a shift of"),
    ],
)
def test_arguments_that_make_no_sense(kwargs, says):
    with pytest.raises(UsageError, match=says):
        blocks(KINDS["wav"], "a", **kwargs)


@pytest.mark.parametrize("data", [b"", b"<html>", bytes(5000), b"OggS" + bytes(500), id3v2(500)])
def test_what_is_no_audio(data):
    with pytest.raises(BadFormat) as caught:
        decode(data, "song.mp3")
    assert (caught.value.code, caught.value.place) == ("unreadable_audio", "song.mp3")


def test_a_header_without_a_readable_sample():
    """Where a FLAC's frames begin there is something else."""
    at = KINDS["flac"].index(b"\xff\xf8")
    broken = KINDS["flac"][:at] + b"\x55" * (len(KINDS["flac"]) - at)
    assert probe(broken, "a").duration_s > 1
    with pytest.raises(BadFormat) as caught:
        decode(broken, "a.flac")
    assert (caught.value.code, caught.value.place) == ("unreadable_audio", "a.flac")
    assert measure(broken, "a.flac") == ("unreadable", 0, 0.0, 0.0)


def test_a_file_may_not_be_longer_than_its_header_says_and_the_limits_allow(monkeypatch):
    song = music()
    monkeypatch.setattr(limits, "AUDIO_SECONDS", 1.0)
    monkeypatch.setattr(module, "probe", probe_with_no_limit)
    with pytest.raises(LimitExceeded) as caught:
        decode(song.frames, "a.mp3")
    assert caught.value.code == "audio_too_large"


def probe_with_no_limit(data, name):
    return probe(KINDS["wav"], name)._replace(sampling_rate=44_100, channels=1, duration_s=0.5)


def test_a_rate_of_one_hertz_is_not_resampled():
    data = written("WAV", "PCM_16", NOISE[:5000], rate=1)
    assert decode(data, "a").frames_read == 5000
    with pytest.raises(LimitExceeded, match="not resampled"):
        decode(data, "a", rate=24_000)


def test_without_soxr_only_other_rates_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert decode(KINDS["wav"], "a", rate=44_100).status == "ok"
    with pytest.raises(MissingExtra, match=r"pip install .*rhythm-maps\[audio\]"):
        decode(KINDS["wav"], "a", rate=24_000)


def test_no_memory_is_an_error_of_ours(monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    with pytest.raises(LimitExceeded, match="do not fit into memory"):
        decode(KINDS["wav"], "a")


# --- the terminal stays clean ----------------------------------------------------------------------------------------
def test_damaged_mp3s_print_nothing_and_hide_nothing(capfd):
    song = music(44_100, 2)
    damaged = bytearray(song.frames)
    for at in range(5000, len(damaged) - 300, 4000):
        damaged[at : at + 200] = b"\xa5" * 200
    decode(bytes(damaged), "a")
    probe(bytes(damaged), "a")
    assert capfd.readouterr().err == ""

    stop = threading.Event()

    def talk():
        while not stop.wait(0.001):
            sys.stderr.write("a line of another thread\n")
            said.append(1)

    said = []
    thread = threading.Thread(target=talk)
    thread.start()
    workers = [threading.Thread(target=decode, args=(bytes(damaged), "a")) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stop.set()
    thread.join()
    assert capfd.readouterr().err == "a line of another thread\n" * len(said)
    assert said


def test_clicks_of_the_maker_are_where_it_says():
    samples, starts = click_samples(44_100)
    assert [bool(samples[at, 0]) and not samples[at - 1, 0] for at in starts] == [True] * 5
