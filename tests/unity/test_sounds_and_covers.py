"""Songs and covers: the samples of the source, sample for sample, and what becomes of damaged ones."""

from __future__ import annotations

import io
import os
import struct

import numpy as np
import pytest
import soundfile
import unity_maker as maker
import unity_sounds as sounds
from unity_pictures import PIXELS, texture

from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.sources.unity import fsb5, native
from rhythm_maps.sources.unity.cover import cover_png
from rhythm_maps.sources.unity.objects import AUDIO_CLIP, Bundle, Pointer
from rhythm_maps.sources.unity.song import read_song
from rhythm_maps.sources.unity.unity import ManagedTrees


def song(bank, **more):
    bundle = Bundle(maker.Level("L", bank=bank, **more).files(), "level", ManagedTrees(None))
    return read_song(bundle, next(bundle.pointers(AUDIO_CLIP)))


def decoded(data, dtype="float64"):
    return soundfile.read(io.BytesIO(data), dtype=dtype, always_2d=True)


@pytest.mark.parametrize("rate", [44100, 48000, 22050])
@pytest.mark.parametrize("channels", [1, 2])
def test_pcm_songs_come_out_exactly(rate, channels):
    source = sounds.tone(0.1, rate, channels)
    made = song(sounds.fsb5_pcm16(source, rate))
    samples, got_rate = decoded(made.data, "int16")
    assert (made.name, got_rate) == ("song.wav", rate)
    np.testing.assert_array_equal(samples, source)


def test_float_songs_come_out_exactly():
    source = (sounds.tone(0.1) / 40000).astype("<f4")
    samples, _ = decoded(song(sounds.fsb5(5, source.tobytes(), len(source), 44100, 2)).data, "float32")
    np.testing.assert_array_equal(samples, source)


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (48000, 1)])
def test_vorbis_songs_have_the_length_and_samples_of_their_source(rate, channels):
    source = sounds.ogg(sounds.tone(0.4, rate, channels), rate)
    expected, _ = decoded(source)
    samples, got_rate = decoded(song(sounds.fsb5_vorbis(source)).data)
    assert (samples.shape, got_rate) == (expected.shape, rate)
    assert np.abs(samples - expected).max() < 1e-4


def test_a_song_that_is_an_ordinary_file_is_named_by_its_content():
    data = sounds.ogg(sounds.tone(0.1))
    assert song(data) == ("song.ogg", data)
    wav = fsb5.plain_wav(fsb5.read_sound(sounds.fsb5_pcm16(sounds.tone(0.1)), "x"), "x")
    assert song(wav) == ("song.wav", wav)
    assert song(b"\0\0\0\x20ftypM4A " + bytes(40)).name == "song.m4a"


def test_a_song_whose_resource_is_missing_says_so():
    with pytest.raises(BadFormat, match="missing_resource"):
        song(b"", resource=False)


def test_a_bank_that_is_cut_off_or_none_is_rejected():
    bank = sounds.fsb5_pcm16(sounds.tone(0.05))
    for data in (b"nothing", bank[:10], bank[:64], bank[:-100], bank.replace(b"FSB5", b"FSB4", 1)):
        with pytest.raises(BadFormat, match="unreadable_audio"):
            fsb5.read_sound(data, "x")


def test_a_header_that_promises_more_than_is_there_is_rejected():
    bank = bytearray(sounds.fsb5_pcm16(sounds.tone(0.05)))
    (word,) = struct.unpack_from("<Q", bank, 60)
    struct.pack_into("<Q", bank, 60, word + (1000 << 34))
    with pytest.raises(BadFormat, match="were expected"):
        song(bytes(bank))
    struct.pack_into("<Q", bank, 60, word & (1 << 34) - 1)
    with pytest.raises(BadFormat, match="empty_audio"):
        song(bytes(bank))


def test_a_song_of_hours_or_many_channels_is_refused_before_it_is_decoded():
    with pytest.raises(LimitExceeded, match="audio_too_large"):
        song(sounds.fsb5(15, bytes(64), (1 << 30) - 1, 44100, 2))
    with pytest.raises(LimitExceeded, match="audio_too_large"):
        song(sounds.fsb5(15, bytes(64), 100, 44100, 4))
    with pytest.raises(LimitExceeded, match="bytes of samples"):
        song(sounds.fsb5(15, bytes(64), 48000 * 3600, 48000, 2))


def test_vorbis_without_its_setup_is_rejected():
    source = sounds.fsb5_vorbis(sounds.ogg(sounds.tone(0.1)))
    with pytest.raises(BadFormat, match="unreadable_audio"):
        native.decode(source[:60], 2, 44100, "song")


def test_a_crash_of_the_decoder_costs_one_song_only():
    bank = sounds.fsb5_vorbis(sounds.ogg(sounds.tone(0.1)))
    good = song(bank).data
    worker = native._workers[os.getpid()]
    worker.kill()
    worker.wait()
    assert song(bank).data == good  # a dead worker is replaced

    class Dying:
        stdin, stdout = io.BytesIO(), io.BytesIO()
        kill = poll = wait = staticmethod(lambda: None)

    native._forget()
    native._workers[os.getpid()] = Dying()
    with pytest.raises(BadFormat, match="crashed or took too long"):
        native.decode(bank, 2, 44100, "song")
    assert song(bank).data == good


# --- covers -----------------------------------------------------------------------------------------------------------


def cover(item):
    bundle = Bundle({"CAB": maker.serialized([item])}, "pack", ManagedTrees(None))
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(cover_png(bundle, Pointer("cab", item.path_id)))))


def test_a_cover_stands_the_right_way_up():
    np.testing.assert_array_equal(cover(texture(PIXELS[::-1].tobytes())), PIXELS[..., :3])


def test_block_compressed_covers_are_read():
    red = struct.pack("<HHI", 0xF800, 0xF800, 0) * 6  # DXT1: both colours pure red
    assert (cover(texture(red, form=10)) == (255, 0, 0)).all()


@pytest.mark.parametrize(("item", "code"), [
    (texture(b"short"), "bad_cover"), (texture(bytes(400), form=54), "bad_cover"),
    (texture(bytes(16), width=0), "bad_cover"), (texture(bytes(16), width=100_000, height=100_000), "cover_too_large"),
])  # fmt: skip
def test_covers_that_cannot_be_decoded_say_so(item, code):
    with pytest.raises(BadFormat, match=code):
        cover(item)
