"""Where osu! starts an MP3. The shifts are those that its decoder, BASS 2.4.17, showed on the same files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mp3_maker import BYTES, FRAMES, ID3V1, QUALITY, TOC, apev2, encode, id3v2, music, vbri, xing

from rhythm_maps.audio.decode import decode
from rhythm_maps.audio.mp3_clock import Clock, clock

RATES = (44_100, 48_000, 32_000, 22_050, 24_000, 16_000, 11_025, 12_000, 8_000)


def tagged(rate=44_100, channels=1, **tag):
    song = music(rate, channels)
    return xing(song, **tag) + song.frames


def lag(data, song):
    """How many samples later than in the source the clicks are in what is decoded on the game's clock."""
    decoded = decode(data, "a.mp3", mono=True).samples
    source = np.zeros(len(decoded))
    k = np.arange(400)
    for start in song.clicks:
        source[start : start + 400] += np.cos(0.3 * k) * np.exp(-k / 60)
    size = 1 << (2 * len(decoded)).bit_length()
    found = np.fft.irfft(np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(source, size)), size)
    at = int(np.argmax(found))
    return at if at < size // 2 else at - size


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("tag", "rule", "shift", "game_lag"),
    [
        ({}, "delay", 0, 0),
        ({"delay": 0, "padding": 0}, "no_delay", 529, 1105),
        ({"name": None}, "no_delay", 529, 1105),
        ({"ratio": 0.95}, "wrong_size", 1105, 1105),
        ({"flags": BYTES | TOC | QUALITY}, "delay", -1105, 0),
    ],
    ids=["lame", "no delay", "no name", "wrong size", "no number of frames"],
)
def test_tags_at_every_rate(rate, channels, tag, rule, shift, game_lag):
    if rate == 8_000 and channels == 2 and "flags" not in tag:
        tag = {**tag, "flags": FRAMES | BYTES | QUALITY}  # a table does not fit into a frame of 72 bytes
    data = tagged(rate, channels, **tag)
    assert clock(data, rate) == Clock(rule, shift, shift / rate)
    assert abs(lag(data, music(rate, channels)) - game_lag) <= 1


@pytest.mark.parametrize("rate", [44_100, 22_050, 8_000])
@pytest.mark.parametrize(
    ("delay", "cut"), [(0, 529), (100, 529), (529, 529), (576, 576), (1105, 1105), (2000, 2000), (4000, 4000)]
)
def test_a_vbri_delay(rate, delay, cut):
    song = music(rate, 2)
    data = vbri(song, delay=delay) + song.frames
    assert clock(data, rate) == Clock("vbri", -cut, -cut / rate)
    # The tag's frame is played, and the encoder's own 1,105 samples are in the frames behind it.
    assert abs(lag(data, song) - (song.tag.samples + 1105 - cut)) <= 1


def test_bass_halves_a_long_vbri_delay_below_32_khz():
    for rate, cut in ((44_100, 5001), (22_050, 2500)):
        song = music(rate, 1)
        assert clock(vbri(song, delay=5001) + song.frames, rate).shift_samples == -cut


def test_without_a_tag_both_start_with_the_first_frame():
    assert clock(music().frames, 44_100) == Clock("no_tag", 0, 0.0)


@pytest.mark.parametrize("name", [b"LAME3.100", b"Lavc58.13", b"Gogo", b"Lavf", b" ", b"\x01", b"\xff\xff"])
@pytest.mark.parametrize("magic", [b"Info", b"Xing"])
def test_any_encoder_name_will_do(name, magic):
    assert clock(tagged(name=name, magic=magic), 44_100).rule == "delay"


@pytest.mark.parametrize(("delay", "padding"), [(0, 1), (1, 0), (0, 900), (576, 0), (4095, 4095)])
def test_a_delay_or_a_padding_will_do(delay, padding):
    assert clock(tagged(delay=delay, padding=padding), 44_100) == Clock("delay", 0, 0.0)


@pytest.mark.parametrize("flags", range(16))
def test_fields_are_found_whichever_are_there(flags):
    """libmpg123 cuts nothing where the number of frames is missing; BASS cuts all the same."""
    assert clock(tagged(flags=flags), 44_100) == Clock(
        "delay", 0 if flags & FRAMES else -1105, clock(tagged(flags=flags), 44_100).shift_s
    )
    assert clock(tagged(flags=flags, delay=0, padding=0), 44_100).shift_samples == (529 if flags & FRAMES else 0)


@pytest.mark.parametrize(
    ("ratio", "rule"),
    [
        (0.98, "wrong_size"), (0.9895, "wrong_size"), (0.9905, "delay"), (1.0, "delay"), (1.0095, "delay"),
        (1.0105, "wrong_size"), (1.02, "wrong_size"),
    ],
)  # fmt: skip
def test_the_size_may_be_off_by_one_percent(ratio, rule):
    assert clock(tagged(ratio=ratio), 44_100).rule == rule


def test_a_size_of_zero_is_none():
    assert clock(tagged(size=0), 44_100).rule == "delay"


@pytest.mark.parametrize("front", [b"", id3v2(100), id3v2(200_000), id3v2(50) + id3v2(70), apev2(900), bytes(3000)])
@pytest.mark.parametrize("back", [b"", ID3V1, apev2(5000), apev2(5000, header=False), apev2(5000) + ID3V1])
@pytest.mark.parametrize(("ratio", "rule"), [(0.9905, "delay"), (1.0095, "delay"), (1.0105, "wrong_size")])
def test_tags_and_junk_around_the_stream_do_not_count(front, back, ratio, rule):
    assert clock(front + tagged(ratio=ratio) + back, 44_100).rule == rule


def test_what_is_no_tag_counts():
    assert clock(tagged() + bytes(len(tagged()) // 50), 44_100).rule == "wrong_size"


@pytest.mark.parametrize("front", [b"", bytes(500), bytes(range(1, 251)) * 12, id3v2(40) + bytes(700), apev2(3000)])
def test_junk_in_front_is_decoded_past(front):
    data = front + tagged(delay=0, padding=0)
    assert clock(data, 44_100).shift_samples == 529
    assert abs(lag(data, music()) - 1105) <= 1


@pytest.mark.parametrize("at", [6, 9, 20])
def test_libmpg123_plays_a_tag_behind_side_information(at):
    data = bytearray(tagged())
    data[at] = 0x55
    assert clock(bytes(data), 44_100) == Clock("delay", -2257, -2257 / 44_100)
    assert abs(lag(bytes(data), music())) <= 1


def test_a_checksum_is_no_side_information():
    data = bytearray(tagged())
    data[4:6] = b"\x12\x34"
    assert clock(bytes(data), 44_100) == Clock("delay", 0, 0.0)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff", b"\xff\xfb\x90\x00", b"ID3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f",
        b"ID3\x04\0\0\xff\xff\xff\xff" + bytes(50), bytes(100_000), b"\xff" * 100_000,
        b"RIFF\0\0\0\0WAVE" + b"\xff\xfb\x90\x64" * 300, b"OggS" + b"\xff\xfb\x90\x64" * 300,
    ],
)  # fmt: skip
def test_what_is_no_mp3_has_no_rule(data):
    assert clock(data, 44_100) == Clock("none", 0, 0.0)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_bytes_raise(data):
    whole = xing(music()) + music().frames[:2000]
    if data.draw(st.booleans()):
        cut = data.draw(st.integers(0, len(whole)))
        at = data.draw(st.integers(0, 700))
        whole = (whole[:at] + data.draw(st.binary(max_size=60)) + whole[at + 60 :])[:cut]
    else:
        whole = data.draw(st.binary(max_size=3000))
    found = clock(whole, data.draw(st.integers(-1, 200_000)))
    assert found.rule in {"none", "no_tag", "delay", "no_delay", "wrong_size", "vbri"}
    assert abs(found.shift_samples) <= 65_535


@pytest.mark.parametrize(
    ("file", "rule", "shift", "click"),
    [
        ("click_lame.mp3", "delay", 0, 22_061),
        ("click_noxing.mp3", "no_tag", 0, 23_166),
        ("t_lame_delay0.mp3", "no_delay", 529, 23_166),
        ("t_xing_only.mp3", "no_delay", 529, 23_166),
        ("t_vbri.mp3", "vbri", -1105, 23_213),
        ("corrupt.mp3", "delay", 0, 22_061),
        ("click.ogg", "none", 0, 22_061),
    ],
)
def test_real_encoders(corpus, file, rule, shift, click):
    data = (corpus / "audio" / file).read_bytes()
    assert clock(data, 44_100) == Clock(rule, shift, shift / 44_100)
    decoded = decode(data, file, mono=True)
    assert abs(int(np.argmax(np.abs(decoded.samples[:40_000]))) - click) <= 1
    there = decode(data, file, mono=True, timeline="file")
    assert abs(int(np.argmax(np.abs(there.samples[:40_000]))) - (click - shift)) <= 1


def replaced(data, old, new):
    at = data.index(old)
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize(
    ("edit", "rule", "click"),
    [
        (lambda d: replaced(d, b"LAME3.100", b"Gogo\0\0\0\0\0"), "delay", 22_061),
        (lambda d: replaced(d, b"LAME3.100", bytes(9)), "no_delay", 23_166),
        (lambda d: d[: round(len(d) * 0.98)], "wrong_size", 23_166),
        (lambda d: d[: round(len(d) * 0.9902)], "delay", 22_061),
        (lambda d: d + bytes(len(d) // 50), "wrong_size", 23_166),
        (lambda d: bytes(3000) + d, "delay", 22_061),
        (lambda d: id3v2(1_000_000) + d + ID3V1, "delay", 22_061),
        (lambda d: d[:48] + bytes(4) + d[52:], "delay", 22_061),
    ],
    ids=["Gogo", "no name", "cut by 2 %", "cut by 0.98 %", "longer by 2 %", "junk", "ID3", "size 0"],
)
def test_edits_of_a_real_file(corpus, edit, rule, click):
    data = edit((corpus / "audio" / "click_lame.mp3").read_bytes())
    assert clock(data, 44_100).rule == rule
    samples = decode(data, "a.mp3", mono=True).samples
    assert abs(int(np.argmax(np.abs(samples[:40_000]))) - click) <= 1


def test_lame_itself_needs_no_shift():
    for mode in ("CONSTANT", "VARIABLE", "AVERAGE"):
        noise = np.random.default_rng(0).normal(0, 0.1, (20_000, 2)).astype(np.float32)
        assert clock(encode(noise, 44_100, mode), 44_100) == Clock("delay", 0, 0.0)
