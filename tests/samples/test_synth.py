"""The synthesised music: where its beats are, and that encoding it keeps them there and repeats itself."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from rhythm_maps.audio import synth
from rhythm_maps.audio.synth import Segment, encode_mp3, encode_ogg, encode_wav, render, steps
from rhythm_maps.errors import BuildError, UsageError

TWO_TEMPI = (Segment(0.3, 0.6), Segment(2.7, 0.4, 3))
MAPS = {
    "constant": (Segment(0.45, 0.5),),
    "fast": (Segment(0.0, 60 / 174),),
    "tempo and metre change": TWO_TEMPI,
}


def decoded(data: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0]


def ogg_pages(data: bytes) -> list[bytes]:
    """Split an Ogg file by the lacing values of its page headers (RFC 3533)."""
    pages, at = [], 0
    while at < len(data):
        assert data[at : at + 4] == b"OggS"
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        end = at + 27 + len(lacing) + sum(lacing)
        pages.append(data[at:end])
        at = end
    return pages


def ogg_crc(page: bytes) -> int:
    """Ogg's checksum bit by bit, as RFC 3533 describes it."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def test_beats_restart_at_each_segment_and_carry_their_place_in_the_bar():
    grid = steps(TWO_TEMPI, 4.5)
    assert grid.time_s.tolist() == pytest.approx([0.3, 0.9, 1.5, 2.1, 2.7, 3.1, 3.5, 3.9, 4.3])
    assert grid.position.tolist() == [1, 2, 3, 4, 1, 2, 3, 1, 2]
    assert grid.part.tolist() == [0] * 9


def test_steps_divide_every_beat():
    grid = steps((Segment(1.0, 0.5),), 2.0, 4)
    assert grid.time_s.tolist() == [1.0, 1.125, 1.25, 1.375, 1.5, 1.625, 1.75, 1.875]
    assert grid.part.tolist() == [0, 1, 2, 3] * 2
    assert grid.position.tolist() == [1] * 4 + [2] * 4


def test_a_segment_after_the_end_gives_no_beats():
    assert steps((Segment(0.0, 0.5), Segment(9.0, 0.5)), 1.0).time_s.tolist() == [0.0, 0.5]


@pytest.mark.parametrize(
    ("tempo", "seconds", "division"),
    [
        ((), 1.0, 1),
        ((Segment(0.0, 0.5),), 0.0, 1),
        ((Segment(0.0, 0.5),), float("nan"), 1),
        ((Segment(0.0, 0.5),), 1.0, 0),
        ((Segment(0.0, 0.0),), 1.0, 1),
        ((Segment(0.0, float("nan")),), 1.0, 1),
        ((Segment(-1.0, 0.5),), 1.0, 1),
        ((Segment(0.0, 0.5, 0),), 1.0, 1),
        ((Segment(1.0, 0.5), Segment(1.0, 0.5)), 2.0, 1),
    ],
)
def test_a_tempo_map_without_meaning_is_refused(tempo, seconds, division):
    with pytest.raises(UsageError):
        steps(tempo, seconds, division)


@pytest.mark.parametrize("tempo", MAPS.values(), ids=MAPS)
def test_every_kick_starts_at_the_sample_of_its_beat(tempo, kicks):
    found, _ = kicks(encode_wav(render(tempo, 6.0, seed=5), 44_100))
    assert np.rint(found * 44_100).tolist() == np.rint(steps(tempo, 6.0).time_s * 44_100).tolist()


def test_a_song_is_stereo_of_the_asked_length_and_does_not_clip():
    music = render(TWO_TEMPI, 3.7, 22_050, seed=2)
    assert music.shape == (round(3.7 * 22_050), 2)
    assert music.dtype == np.float32
    assert np.abs(music).max() == pytest.approx(0.8)
    assert not music[: int(0.299 * 22_050)].any(), "nothing sounds before the first beat"


def test_a_downbeat_sounds_different_from_the_other_beats():
    music = render((Segment(0.0, 0.5),), 4.0, seed=3)
    hits = [music[round(k * 0.5 * 44_100) :][:400] for k in range(8)]
    likeness = [np.corrcoef(hits[1].ravel(), hit.ravel())[0, 1] for hit in hits]
    assert max(likeness[0], likeness[4]) + 0.1 < min(likeness[2], likeness[3], likeness[5])


def test_the_seed_changes_the_music_and_the_same_seed_repeats_it():
    first, again, other = (render(TWO_TEMPI, 3.0, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_ogg_repeats_itself_although_libsndfile_draws_a_random_serial():
    music = render(TWO_TEMPI, 3.0)
    plain = [synth._encode(music, 44_100, "OGG", "VORBIS", 0.6) for _ in range(2)]
    assert plain[0] != plain[1], "libsndfile has become deterministic: the serial need not be rewritten"
    assert encode_ogg(music, 44_100) == encode_ogg(music, 44_100)


def test_ogg_pages_carry_one_serial_and_right_checksums():
    pages = ogg_pages(encode_ogg(render(TWO_TEMPI, 1.0), 44_100))
    assert len(pages) >= 3
    assert len({page[14:18] for page in pages}) == 1
    for page in pages:
        assert ogg_crc(page[:22] + bytes(4) + page[26:]) == int.from_bytes(page[22:26], "little")


def test_the_new_serial_leaves_the_samples_as_they_were():
    music = render(TWO_TEMPI, 3.0)
    plain = synth._encode(music, 44_100, "OGG", "VORBIS", 0.6)
    assert np.array_equal(decoded(synth._fix_ogg_serial(plain, 77)), decoded(plain))


@pytest.mark.parametrize("encode", [encode_ogg, encode_mp3, encode_wav])
@pytest.mark.parametrize("tempo", MAPS.values(), ids=MAPS)
def test_encoded_music_keeps_length_level_and_beats(tempo, encode, kicks):
    music = render(tempo, 6.0, seed=5)
    data = encode(music, 44_100)
    found, seconds = kicks(data)
    beats = steps(tempo, 6.0).time_s
    assert seconds == 6.0
    assert len(found) == len(beats)
    assert np.abs(found - beats).max() < 0.003
    assert np.abs(decoded(data)).max() < 1.0
    assert encode(music, 44_100) == data


def test_mp3_carries_a_lame_tag_that_states_its_delay_and_size():
    """Players start such a file at the song's first sample: no shift between file and game."""
    data = encode_mp3(render(TWO_TEMPI, 3.0), 44_100)
    tag = data.index(b"Xing")
    assert data[tag + 120 : tag + 124] == b"LAME"
    assert int.from_bytes(data[tag + 12 : tag + 16], "big") == len(data)
    assert int.from_bytes(data[tag + 141 : tag + 144], "big") >> 12 > 0


def test_wav_keeps_mono():
    mono = render(TWO_TEMPI, 1.0).mean(axis=1, keepdims=True)
    assert decoded(encode_wav(mono, 22_050)).shape == (44_100, 1)


def test_a_codec_that_cannot_be_written_is_a_build_error_that_says_what_to_do():
    with pytest.raises(BuildError, match=r"cannot write MP3.*install the soundfile wheel"):
        encode_mp3(np.zeros((100, 2), np.float32), 1_000)
