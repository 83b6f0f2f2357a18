"""Features in the codec's frames, and changes of a recording."""

from __future__ import annotations

import sys
import warnings

import librosa
import numpy as np
import pytest
from mp3_maker import click_samples

from rhythm_maps.audio import features
from rhythm_maps.audio.features import FEATURES, extract, pitch_shift, time_stretch
from rhythm_maps.errors import MissingExtra, UsageError

RATE, HOP = 24_000, 320


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def noise(n):
    return np.random.default_rng(n).normal(0, 0.1, n).astype(np.float32)


@pytest.mark.parametrize("n", [0, 1, 319, 320, 321, 2047, 2049, 48_000, 100_123])
def test_there_is_one_row_a_frame(n):
    found = extract(noise(n), RATE)
    assert list(found) == list(FEATURES)
    for name, values in found.items():
        assert values.shape == (-(-n // HOP), len(FEATURES[name].columns))
        assert values.dtype == np.float32
        assert np.isfinite(values).all()


def test_a_row_is_librosa_s_of_a_window_around_the_frame():
    samples = noise(40_000)
    found = extract(samples, RATE)
    for row in (10, 60):
        middle = row * HOP + HOP // 2
        window = samples[middle - 1024 : middle + 1024]
        mel = librosa.feature.melspectrogram(y=window, sr=RATE, n_fft=2048, hop_length=2048, center=False)
        np.testing.assert_allclose(found["log_mel"][row], 10 * np.log10(np.maximum(1e-10, mel[:, 0])), atol=1e-3)
        chroma = librosa.feature.chroma_stft(y=window, sr=RATE, n_fft=2048, center=False, tuning=0.0)
        np.testing.assert_allclose(found["chroma"][row], chroma[:, 0], atol=1e-4)
        mfcc = librosa.feature.mfcc(S=10 * np.log10(np.maximum(1e-10, mel)), n_mfcc=20)
        np.testing.assert_allclose(found["mfcc"][row], mfcc[:, 0], atol=1e-2)


def test_rows_do_not_depend_on_how_many_there_are(monkeypatch):
    samples = noise(60_000)
    whole = extract(samples, RATE)
    monkeypatch.setattr(features, "_ROWS", 7)
    for name, values in extract(samples, RATE).items():
        np.testing.assert_allclose(values, whole[name], atol=1e-3)


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_an_onset_is_strong_in_its_frame(rate):
    samples, starts = click_samples(rate)
    hop = rate // 75
    strength = extract(samples[:, 0], rate, ["onset_strength"], hop=hop)["onset_strength"][:, 0]
    for start in starts:
        frame = start // hop
        assert abs(int(np.argmax(strength[frame - 20 : frame + 20])) - 20) <= 1


def test_silence_has_nothing():
    found = extract(np.zeros(10_000, np.float32), RATE)
    assert (found["log_mel"] == -100).all()
    assert not found["chroma"].any()
    assert not found["onset_strength"].any()


def test_a_tone_is_in_its_pitch_class():
    a = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    columns = FEATURES["chroma"].columns
    assert columns[int(extract(a, RATE, ["chroma"])["chroma"][30].argmax())] == "chroma_A"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: extract(noise(10), RATE, ["mel", "mfcc"]), "unknown features mel: expected some of onset_strength"),
        (lambda: extract(np.zeros((5, 2), np.float32), RATE), r"mono samples \[n\]"),
        (lambda: extract(noise(10), RATE, hop=0), "hop"),
        (lambda: pitch_shift(noise(10), RATE, 99), "-24 to 24"),
        (lambda: pitch_shift(noise(10), RATE, float("nan")), "-24 to 24"),
        (lambda: time_stretch(noise(10), 0), "0.25 to 4"),
    ],
)
def test_mistakes(call, says):
    with pytest.raises(UsageError, match=says):
        call()


@pytest.mark.parametrize("semitones", [-5, 3, 0.5])
def test_a_pitch_is_shifted_and_the_length_kept(semitones):
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE * 2) / RATE).astype(np.float32)
    shifted = pitch_shift(tone, RATE, semitones)
    assert shifted.shape == tone.shape
    peak = np.abs(np.fft.rfft(shifted)).argmax() / 2
    assert peak == pytest.approx(440 * 2 ** (semitones / 12), rel=0.005)


@pytest.mark.parametrize("factor", [0.8, 1.04, 1.2])
def test_what_was_at_t_is_at_t_over_the_factor(factor):
    samples, starts = click_samples(RATE)
    stretched = time_stretch(samples[:, 0], factor)
    assert len(stretched) == round(len(samples) / factor)
    for start in starts:
        at = round(start / factor)
        near = np.abs(stretched[at - 1500 : at + 1500])
        assert abs(int(near.argmax()) - 1500) < features.WINDOW // 2  # a phase vocoder smears by half a window


@pytest.mark.parametrize("n", [0, 1, 100, 3000])
def test_short_recordings_can_be_changed_too(n):
    assert len(pitch_shift(noise(n), RATE, 2)) == n
    assert len(time_stretch(noise(n), 1.2)) == round(n / 1.2)


def test_librosa_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingExtra, match=r"rhythm-maps\[audio\]"):
        extract(noise(10), RATE)
