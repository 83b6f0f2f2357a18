"""The encoder against the codec's own: the same codes for any length, any size of blocks, any number of threads."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import soundfile
import torch

from rhythm_maps.audio.synth import Segment, render
from rhythm_maps.errors import UsageError
from rhythm_maps.tokens.codec import HOP, N_Q, SAMPLING_RATE, frames_of
from rhythm_maps.tokens.encodec import Encoder

LENGTHS = (1, 319, 320, 321, 2_240, 48_000, round(7.123 * SAMPLING_RATE), round(20.0012 * SAMPLING_RATE))
TIE = 1e-6
"""Two entries of a codebook are equally near when their distances differ by less than this share."""


@functools.cache
def song(seconds, seed=5):
    """Music whose tempo and metre change, float32 at 24 kHz, mono."""
    tempo = [Segment(0.1, 0.4), Segment(9.0, 0.37, 3), Segment(30.0, 0.51), Segment(70.0, 0.33, 5)]
    return render(tempo, seconds, SAMPLING_RATE, seed).mean(axis=1)


@pytest.fixture(scope="module")
def model(weights):
    """The codec's own model."""
    return weights.model()


@pytest.fixture(scope="module")
def reference(model):
    """What the codec's own `encode` gives, at 6 kbit/s."""

    @functools.cache
    def encode(seconds, n, bandwidth=6.0):
        model.set_target_bandwidth(bandwidth)
        with torch.inference_mode():
            ((codes, _),) = model.encode(torch.from_numpy(song(seconds)[:n])[None, None])
        return codes[0].numpy()

    return encode


def distinct(codes):
    """Return how many codes each codebook uses."""
    return [len(set(row)) for row in codes.tolist()]


@pytest.mark.parametrize(
    ("n", "block_s"),
    [*itertools.product(LENGTHS[:-1], (0.5, 0.8, 2.0)), (LENGTHS[-1], 0.5), (LENGTHS[-1], 10.0)],
)
def test_codes_are_those_of_the_codec_itself(weights, reference, n, block_s):
    codes = Encoder(weights, block_s=block_s, threads=1).encode(song(21.0)[:n])
    assert (codes.dtype, codes.shape) == (np.uint16, (8, -(-n // 320)))
    np.testing.assert_array_equal(codes, reference(21.0, n))
    if n >= 20 * SAMPLING_RATE:
        assert min(distinct(codes)) >= 30


@pytest.mark.stress
@pytest.mark.parametrize("block_s", [0.5, 1.0, 2.0, 3.3, 8.0, 10.0])
def test_codes_of_three_minutes(weights, reference, block_s):
    n = 180 * SAMPLING_RATE
    codes = Encoder(weights, block_s=block_s).encode(song(180.0))
    np.testing.assert_array_equal(codes, reference(180.0, n))
    assert min(distinct(codes)) >= 30


@pytest.mark.corpus
def test_codes_of_recorded_music(weights, model, corpus):
    samples, rate = soundfile.read(corpus / "audio" / "test_24k.wav", dtype="float32")
    assert rate == SAMPLING_RATE
    model.set_target_bandwidth(6.0)
    with torch.inference_mode():
        ((expected, _),) = model.encode(torch.from_numpy(samples)[None, None])
    codes = Encoder(weights, threads=1).encode(samples)
    np.testing.assert_array_equal(codes, expected[0].numpy())
    assert min(distinct(codes)) >= 30


@pytest.mark.parametrize("bandwidth", N_Q)
def test_every_bandwidth(weights, reference, bandwidth):
    n = 3 * SAMPLING_RATE + 7
    encoder = Encoder(weights, bandwidth_kbps=bandwidth, threads=1)
    codes = encoder.encode(song(21.0)[:n])
    assert len(codes) == encoder.n_q == round(bandwidth * 1000 / 750)
    np.testing.assert_array_equal(codes, reference(21.0, n, bandwidth))


@pytest.mark.parametrize("threads", [2, 3])
def test_codes_do_not_depend_on_threads(weights, reference, threads):
    n = round(7.123 * SAMPLING_RATE)
    before = torch.get_num_threads()
    codes = Encoder(weights, threads=threads, block_s=1.0).encode(song(21.0)[:n])
    np.testing.assert_array_equal(codes, reference(21.0, n))
    assert torch.get_num_threads() == before


def test_a_song_may_come_in_pieces_of_any_length(weights, reference):
    n = round(7.123 * SAMPLING_RATE)
    cuts = [0, 1, 1, 300, 5_000, 5_001, 90_000, 120_321, n]
    pieces = (song(21.0)[a:b] for a, b in itertools.pairwise(cuts))
    codes = Encoder(weights, threads=1, block_s=1.0).encode_stream(pieces)
    np.testing.assert_array_equal(codes, reference(21.0, n))


def test_a_song_without_samples_has_no_frames(weights):
    encoder = Encoder(weights, threads=1)
    assert encoder.encode(np.empty(0, np.float32)).shape == (8, 0)
    assert encoder.encode_stream([]).shape == (8, 0)
    assert encoder.encode_many([]) == []
    assert encoder.decode(np.empty((8, 0), np.uint16)).shape == (0,)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (320, 1), (321, 2), (170_952, 535)])
def test_every_begun_hop_is_a_frame(samples, frames):
    assert frames_of(samples) == frames


def untied(model, samples, ours, expected):
    """Return the frames whose codes differ although float64 tells the two entries apart."""
    if np.array_equal(ours, expected):
        return []
    found = []
    double = model.encoder.double()
    with torch.inference_mode():
        embedded = double(torch.from_numpy(samples).double()[None, None])[0].T
    model.encoder.float()
    books = [layer.codebook.double() for layer in model.quantizer.vq.layers]
    for frame in np.flatnonzero((ours != expected).any(axis=0)).tolist():
        residual = embedded[frame]
        for book, a, b in zip(books, ours[:, frame].tolist(), expected[:, frame].tolist(), strict=False):
            if a != b:
                first, second = (float((residual - book[code]).pow(2).sum()) for code in (a, b))
                if abs(first - second) > TIE * max(first, second):
                    found.append(frame)
                break
            residual = residual - book[a]
    return found


def compare_together(encoder, model, songs, expected):
    """Encode songs together; every difference from what each alone gives must be a tie, at most 1 in 50,000."""
    different = total = 0
    for samples, codes, right in zip(songs, encoder.encode_many(songs), expected, strict=True):
        assert codes.shape == (8, frames_of(len(samples)))
        assert untied(model, samples, codes, right) == []
        different += int((codes != right).any(axis=0).sum())
        total += codes.size
    assert different <= -(-total // 50_000)


@pytest.mark.parametrize("threads", [1, 2])
def test_songs_of_unequal_lengths_together(weights, model, reference, threads):
    lengths = [1, 12 * SAMPLING_RATE, 320, 0, round(7.123 * SAMPLING_RATE), 24_321, 480_029, 170_000]
    songs = [song(21.0)[:n] for n in lengths]
    expected = [reference(21.0, n) if n else np.empty((8, 0)) for n in lengths]
    compare_together(Encoder(weights, threads=threads, block_s=2.0), model, songs, expected)


@pytest.mark.parametrize("block_s", [0.5, 8.0])
def test_short_songs_together(weights, model, reference, block_s):
    """Songs of less than a second: shorter than the padding of some layers, of an odd or even number of frames."""
    lengths = [*range(1, 900, 41), 5_119, 5_120, 5_121, 17_777]
    songs = [song(21.0)[:n] for n in lengths]
    encoder = Encoder(weights, threads=1, block_s=block_s)
    compare_together(encoder, model, songs, [reference(21.0, n) for n in lengths])


def test_one_song_as_a_batch(weights, model, reference):
    n = round(7.123 * SAMPLING_RATE)
    compare_together(Encoder(weights, threads=1, block_s=1.0), model, [song(21.0)[:n]], [reference(21.0, n)])


def test_songs_together_where_other_devices_take_them(weights, model, reference):
    """A device that is not called just "cpu" takes the road of accelerators, here on the CPU."""
    lengths = [30_000, 1, 320, 24_321]
    encoder = Encoder(weights, device="cpu:0", block_s=0.5)
    compare_together(encoder, model, [song(21.0)[:n] for n in lengths], [reference(21.0, n) for n in lengths])


@pytest.mark.stress
def test_minutes_of_songs_together(weights, model):
    """Eight songs of 40 to 110 s: about 360,000 codes."""
    songs = [song(40.0 + 10 * i, seed=i) for i in range(8)]
    encoder = Encoder(weights, threads=1)
    expected = [encoder.encode(samples) for samples in songs]
    assert min(distinct(np.concatenate(expected, axis=1))) >= 30
    compare_together(encoder, model, songs, expected)


def test_a_wrong_code_is_no_tie(weights, model, reference):
    n = 2 * SAMPLING_RATE
    wrong = reference(21.0, n).copy()
    wrong[3, 40] = (wrong[3, 40] + 1) % 1024
    assert untied(model, song(21.0)[:n], wrong, reference(21.0, n)) == [40]


@pytest.mark.parametrize(("n_q", "frames"), [(2, 1), (8, 75), (8, 500), (32, 200)])
def test_decoding_is_that_of_the_codec_itself(weights, model, n_q, frames):
    codes = np.random.default_rng(frames).integers(0, 1024, (n_q, frames), dtype=np.uint16)
    with torch.inference_mode():
        expected = model.decode([(torch.from_numpy(codes.astype(np.int64))[None], None)])[0, 0].numpy()
    played = Encoder(weights, threads=1).decode(codes)
    assert (played.dtype, played.shape) == (np.float32, (frames * HOP,))
    np.testing.assert_allclose(played, expected, rtol=0, atol=1e-5 * float(np.abs(expected).max()))


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((2, 100), np.float32),
        np.zeros(100, np.int16),
        np.array([0.0, np.nan], np.float32),
        np.array([np.inf], np.float32),
    ],
)
def test_what_is_no_mono_audio_is_refused(weights, samples):
    with pytest.raises(UsageError, match="samples"):
        Encoder(weights, threads=1).encode(samples)


@pytest.mark.parametrize(
    "codes",
    [np.zeros(5, int), np.zeros((8, 5)), np.full((8, 5), 1024), np.full((8, 5), -1), np.zeros((33, 5), int)],
)
def test_what_are_no_codes_is_refused(weights, codes):
    with pytest.raises(UsageError, match="codes"):
        Encoder(weights, threads=1).decode(codes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bandwidth_kbps": 5.0}, "1.5, 3, 6, 12, 24"),
        ({"block_s": 0.4}, "at least 0.5"),
        ({"block_s": float("nan")}, "at least 0.5"),
        ({"threads": 0}, "at least 1"),
        ({"device": "abacus"}, "give auto, cpu or cuda"),
    ],
)
def test_options_out_of_range_are_refused(weights, options, said):
    with pytest.raises(UsageError, match=said):
        Encoder(weights, **options)


def test_torch_keeps_its_settings(weights):
    torch.set_float32_matmul_precision("medium")
    try:
        Encoder(weights, threads=1).encode(song(21.0)[:1000])
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert not torch.is_inference_mode_enabled()
