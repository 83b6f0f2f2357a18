"""Peak windowed RMS against a plain loop, the gain, and the folder of normalised files."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythm_maps.audio.decode import decode
from rhythm_maps.audio.loudness import CEILING, PeakRms, gain_db, gain_for, peak_windowed_rms
from rhythm_maps.audio.normalize import normalize
from rhythm_maps.cli.audio import command
from rhythm_maps.errors import InputError, UsageError


def by_a_loop(samples, rate, ms=250.0):
    """The measure, as it is defined: a window every quarter of one, all inside; a shorter clip is one window."""
    window = int(rate * ms / 1000)
    hop = window // 4
    samples = samples.astype(np.float64)
    if len(samples) < window:
        return math.sqrt(np.mean(samples**2)) if len(samples) else 0.0
    return max(math.sqrt(np.mean(samples[i : i + window] ** 2)) for i in range(0, len(samples) - window + 1, hop))


@pytest.mark.parametrize("rate", [24_000, 44_100, 22_050, 8_000])
@pytest.mark.parametrize("seconds", [0.0, 0.0001, 0.1, 0.2499, 0.25, 0.2501, 0.5, 3.3])
@pytest.mark.parametrize("ms", [250.0, 33.3, 1000.0])
def test_it_is_the_loop(rate, seconds, ms):
    rng = np.random.default_rng(3)
    n = round(rate * seconds)
    samples = (rng.normal(0, 0.2, n) * np.sin(np.arange(n) / 5000) ** 2).astype(np.float32)
    assert peak_windowed_rms(samples, rate, ms) == pytest.approx(by_a_loop(samples, rate, ms), rel=1e-9, abs=0)


def test_it_is_exact_in_a_long_loud_recording():
    samples = np.random.default_rng(0).normal(0, 0.3, 24_000 * 240).astype(np.float32)
    assert peak_windowed_rms(samples, 24_000) == pytest.approx(by_a_loop(samples, 24_000), rel=1e-9, abs=0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5000), max_size=12), st.sampled_from([1000, 4410, 24_000]))
def test_blocks_change_nothing(sizes, rate):
    samples = np.random.default_rng(len(sizes)).normal(0, 0.2, sum(sizes)).astype(np.float32)
    meter = PeakRms(rate)
    for part in np.split(samples, np.cumsum(sizes)[:-1]):
        meter.add(part)
    assert meter.value == pytest.approx(by_a_loop(samples, rate), rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("rate", "ms"), [(24_000, 0.1), (24_000, 0), (24_000, -5), (8, 250), (24_000, math.nan), (1, math.inf)]
)
def test_a_window_needs_four_samples(rate, ms):
    with pytest.raises(UsageError, match="four samples"):
        PeakRms(rate, ms)


def test_the_gain_is_exact_and_never_clips():
    assert gain_for(0.05, 0.2, 0.1) == 2.0
    assert gain_for(0.01, 0.5, 0.1) == CEILING / 0.5
    assert gain_for(3.0, 13.5, 0.1) == 0.1 / 3
    assert gain_for(0.001, 13.5, 0.1) == CEILING / 13.5
    assert gain_for(0.0, 0.0, 0.1) == 1.0
    assert gain_db(10.0) == pytest.approx(20.0)
    for target in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="target_rms"):
            gain_for(0.1, 0.1, target)


# --- a folder ---------------------------------------------------------------------------------------------------------
def tone(level, seconds=1.0, rate=44_100, channels=2):
    wave = level * np.sin(np.arange(round(seconds * rate)) / 20)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "in"
    (root / "sub" / "deep").mkdir(parents=True)
    soundfile.write(root / "loud.wav", tone(0.9), 44_100)
    soundfile.write(root / "quiet.tempo_120.0.WAV", tone(0.001, rate=22_050), 22_050, format="WAV", subtype="FLOAT")
    soundfile.write(root / "short.wav", tone(0.3, 0.05), 44_100)
    soundfile.write(root / "zero.wav", tone(0.0), 44_100)
    soundfile.write(root / "other.flac", tone(0.2), 44_100)
    soundfile.write(root / "sub" / "deep" / "nested.wav", tone(0.2), 44_100)
    return root


def test_every_file_has_the_loudness_asked_for(folder, tmp_path):
    done = normalize(folder, tmp_path / "out", recursive=True)
    assert {one.name: one.outcome for one in done} == {
        "loud.wav": "written", "quiet.tempo_120.0.WAV": "written", "short.wav": "written", "zero.wav": "silent",
        "sub/deep/nested.wav": "written",
    }  # fmt: skip
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert written == ["loud.wav", "quiet.tempo_120.0.wav", "short.wav", "sub/deep/nested.wav"]
    for name in written:
        info = soundfile.info(tmp_path / "out" / name)
        assert (info.samplerate, info.channels, info.subtype) == (24_000, 1, "PCM_16")
        samples, rate = soundfile.read(tmp_path / "out" / name, dtype="float32")
        assert peak_windowed_rms(samples, rate) == pytest.approx(0.1, rel=1e-3)


def test_a_gain_stops_below_clipping(folder, tmp_path):
    [one] = normalize(folder / "loud.wav", tmp_path / "out", target_rms=0.9)
    assert one.guarded
    samples, _ = soundfile.read(tmp_path / "out" / "loud.wav", dtype="int16")
    assert 32_700 < np.abs(samples.astype(int)).max() <= 32_767


def test_twice_the_same_bytes(folder, tmp_path):
    normalize(folder, tmp_path / "one")
    normalize(folder, tmp_path / "two")
    for path in (tmp_path / "one").glob("*.wav"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def run(*arguments):
    return CliRunner().invoke(command, ["normalize", *map(str, arguments)], catch_exceptions=True)


def test_the_command_goes_on_past_bad_files_and_ends_with_one(folder, tmp_path):
    (folder / "bad.wav").write_bytes(b"not a wav")
    result = run(folder, tmp_path / "out")
    assert result.exit_code == 1
    assert "Wrote 3 of 5 files" in result.output
    assert "zero.wav: silent, skipped" in result.output
    assert "bad.wav: failed: " in result.output
    assert "[unreadable_audio]" in result.output
    assert (tmp_path / "out" / "loud.wav").exists()


def test_the_command_tells_of_damage(folder, tmp_path):
    data = (folder / "loud.wav").read_bytes()
    (folder / "cut.wav").write_bytes(data[: len(data) // 2])
    result = run(folder, tmp_path / "out", "--extensions", "wav,flac", "--extensions", ".ogg")
    assert result.exit_code == 0
    assert "cut.wav: truncated" in result.output
    assert (tmp_path / "out" / "other.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (["nowhere", "out"], InputError, "no such file or folder"),
        (["in", "in"], UsageError, "would be written over"),
        (["in", "out", "--extensions", "aac"], UsageError, "--recursive"),
        (["in", "out", "--target-rms", "0"], UsageError, "target_rms"),
        (["in", "out", "--window-ms", "0"], UsageError, "four samples"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(folder, tmp_path, arguments, error, says):
    paths = [str(tmp_path / arguments[0]), str(tmp_path / arguments[1]), *arguments[2:]]
    result = run(*paths)
    assert isinstance(result.exception, error)
    assert says in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_stem_are_refused(folder, tmp_path):
    soundfile.write(folder / "loud.flac", tone(0.2), 44_100)
    with pytest.raises(UsageError, match="would both become"):
        normalize(folder, tmp_path / "out", extensions=["wav", "flac"])


def test_golden_files_of_enchf(corpus, tmp_path, monkeypatch):
    """Its gain is rounded to 0.01 dB and its samples are dithered by the program it calls."""
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    golden = corpus / "audio" / "enchf"
    done = normalize(golden / "raw", tmp_path / "out")
    assert sorted(one.name for one in done if one.outcome == "silent") == ["zero.wav"]
    for path in sorted((golden / "norm").glob("*.wav")):
        ours, theirs = (
            soundfile.read(folder / path.name, dtype="float32") for folder in (tmp_path / "out", path.parent)
        )
        assert (len(ours[0]), ours[1]) == (len(theirs[0]), theirs[1])
        np.testing.assert_allclose(ours[0], theirs[0], atol=4e-4)
        raw = decode(next((golden / "raw").glob(f"{path.stem}.[wW]*")).read_bytes(), "a", rate=24_000, mono=True)
        gain = round(gain_db(0.1 / peak_windowed_rms(raw.samples, 24_000)), 2)
        np.testing.assert_allclose(raw.samples * 10 ** (gain / 20), theirs[0], atol=1.6e-4)


def test_what_is_written_is_a_plain_wav(folder, tmp_path):
    normalize(folder / "short.wav", tmp_path / "out")
    data = (tmp_path / "out" / "short.wav").read_bytes()
    assert data[:4] == b"RIFF"
    assert soundfile.read(io.BytesIO(data), dtype="int16")[0].tobytes() == data[44:]
