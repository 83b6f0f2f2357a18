"""What builds say of recordings: their clock always, length, status and loudness where they are decoded."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from audio.mp3_maker import click_samples, encode, music, vbri, xing
from click.testing import CliRunner

import rhythm_maps
from rhythm_maps import games
from rhythm_maps.build import recordings
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.cli.build import command

RATE = 44_100
SONG = music(RATE, 2)


def written(samples, container="WAV", subtype="FLOAT"):
    out = io.BytesIO()
    soundfile.write(out, samples, RATE, format=container, subtype=subtype)
    return out.getvalue()


def broken_mp3():
    data = bytearray(xing(SONG) + SONG.frames)
    middle = len(data) // 2
    data[middle : middle + 3000] = b"\xa5" * 3000
    return bytes(data)


CLICKS = click_samples(RATE, 2)[0]
BAD = CLICKS.copy()
BAD[5000:5010] = np.nan
FILES = {
    "lame.mp3": (encode(CLICKS, RATE), "delay", 0, "ok"),
    "no_delay.mp3": (xing(SONG, delay=0, padding=0) + SONG.frames, "no_delay", 529, "ok"),
    "vbri.mp3": (vbri(SONG, delay=1105) + SONG.frames, "vbri", -1105, "ok"),
    "broken.mp3": (broken_mp3(), "delay", 0, "truncated"),
    "clicks.ogg": (written(CLICKS, "OGG", "VORBIS"), "none", 0, "ok"),
    "an_mp3.wav": (xing(SONG, delay=0, padding=0) + SONG.frames + bytes(100), "no_delay", 529, "ok"),
    "zero.wav": (written(np.zeros((RATE, 1), np.float32)), "none", 0, "silent"),
    "bad.wav": (written(BAD), "none", 0, "damaged"),
}
"""name -> bytes, rule, shift in samples, status."""


@pytest.fixture
def songs(tmp_path):
    """A mapset for each file, timed at 120 BPM; and a copy of the first."""
    for number, (name, (data, *_)) in enumerate({**FILES, "copy.mp3": FILES["lame.mp3"]}.items()):
        folder = tmp_path / "Songs" / f"{number} {name}"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(data)
        title = "lame" if name == "copy.mp3" else name.partition(".")[0]
        text = f"osu file format v14\n[General]\nAudioFilename: {name}\n[Metadata]\nTitle:{title}\nArtist:A\n"
        timing = f"Version:{name}\n[TimingPoints]\n0,500,4,1,0,100,1,0\n[HitObjects]\n64,64,500,1,0\n"
        (folder / "a.osu").write_text(text + timing, "utf-8")
    return tmp_path / "Songs"


def rows_of(songs, out, config="tracks", **spec):
    build(scan("osu", [songs]).keep(), out, make_spec("osu", **spec))
    rows = [row for path in sorted((out / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    return {row["file_name"]: row for row in rows}


def test_every_row_has_its_clock(songs, tmp_path):
    rows = rows_of(songs, tmp_path / "out")
    assert set(rows) == set(FILES)
    for name, (_, rule, shift, _) in FILES.items():
        row = rows[name]
        assert (row["clock_rule"], row["timeline_shift_s"]) == (rule, shift / RATE)
        assert (row["audio_status"], row["duration_source"], row["loudness"]) == ("unchecked", "header", None)


def test_the_grid_ends_where_the_audio_does_on_the_game_s_clock(songs, tmp_path):
    rows = rows_of(songs, tmp_path / "out", "beats", configs=("beats",))
    for row in rows.values():
        end = row["duration_s"] + row["timeline_shift_s"]
        beats = np.array(row["beats"]["time_s"])
        assert beats[-1] <= end < beats[-1] + 0.5 + 1e-9


def test_a_decoded_row_is_on_the_clock_of_its_beats(songs, tmp_path):
    rows = rows_of(songs, tmp_path / "out")
    for name in ("lame.mp3", "no_delay.mp3", "vbri.mp3", "clicks.ogg"):
        row = rows[name]
        found = rhythm_maps.decode(row, mono=True)
        first = int(np.argmax(np.abs(found.samples[: RATE * 8 // 10])))
        # In osu! the encoder's delay is heard where it is not cut; a VBRI tag's own frame is played.
        late = {"no_delay.mp3": 1105, "vbri.mp3": 1152}.get(name, 0)
        assert abs(first - late - RATE // 2) <= 2
        assert found.timeline_shift_s == row["timeline_shift_s"]


def test_decoding_tells_length_status_and_loudness_and_other_rows_stay(songs, tmp_path):
    decoded = rows_of(songs, tmp_path / "decoded", decode_audio=True)
    plain = rows_of(songs, tmp_path / "plain")
    assert set(decoded) == set(plain)
    for name, (data, _, _, status) in FILES.items():
        row = decoded[name]
        assert row["audio_status"] == status
        assert row["duration_source"] == "decoded"
        assert row["duration_s"] == rhythm_maps.decode(row, timeline="file").frames_read / RATE
        assert (row["loudness"] == 0) is (status == "silent")
        assert row["audio"]["bytes"] == data
        unlike = {key for key in row if row[key] != plain[name][key]}
        assert unlike <= {"audio_status", "duration_source", "loudness", "duration_s", "beats", "bitrate_kbps"}
        if status != "truncated":
            assert row["duration_s"] == pytest.approx(plain[name]["duration_s"], abs=0.03)
    assert decoded["broken.mp3"]["duration_s"] < plain["broken.mp3"]["duration_s"] * 0.6


def test_each_recording_is_decoded_once(songs, monkeypatch):
    """Seen where rows are made in this process: a build decodes in others."""
    seen = []
    real = recordings.measure
    monkeypatch.setattr(recordings, "measure", lambda data, name: seen.append(name) or real(data, name))
    rows = rhythm_maps.load_dataset("osu", "tracks", data_dir=songs, decode_audio=True, streaming=True)["train"]
    assert len(list(rows)) == len(seen) == len(FILES)


def test_a_recording_that_cannot_be_decoded_keeps_its_header(songs, tmp_path):
    data = written(CLICKS, "FLAC", "PCM_16")
    at = data.index(b"\xff\xf8")
    name = "lame.mp3"
    path = next(songs.glob("0 *")) / name
    path.write_bytes(data[:at] + b"\x55" * (len(data) - at))
    row = rows_of(songs, tmp_path / "out", decode_audio=True)[name]
    assert (row["audio_status"], row["duration_source"], row["loudness"]) == ("unreadable", "header", 0.0)
    assert row["duration_s"] == len(CLICKS) / RATE


def test_the_rule_is_osu_s_alone():
    data = FILES["no_delay.mp3"][0]
    assert games.get("osu").clock(data, RATE).shift_samples == 529
    assert games.get("beat_saber").clock(data, RATE) == ("none", 0, 0.0)


def test_the_option_of_the_command_and_of_a_load(songs, tmp_path):
    arguments = ["osu", str(songs), "--out", str(tmp_path / "out"), "--configs", "beats", "--decode-audio"]
    assert CliRunner().invoke(command, arguments, catch_exceptions=False).exit_code == 0
    built = [row for path in (tmp_path / "out" / "beats").glob("*") for row in pq.read_table(path).to_pylist()]
    loaded = rhythm_maps.load_dataset(
        "osu", "beats", data_dir=str(songs), decode_audio=True, split="train", cache_dir=str(tmp_path / "hf")
    )
    key = lambda row: row["track_id"]  # noqa: E731
    status = {row["file_name"]: row["audio_status"] for row in sorted(loaded, key=key)}
    assert status == {row["file_name"]: row["audio_status"] for row in built}
    assert status["broken.mp3"] == "truncated"


def test_a_wav_of_ten_samples_a_second_has_a_loudness_and_ends_no_build(songs, tmp_path):
    slow = io.BytesIO()
    soundfile.write(slow, np.full(40, 0.5), 10, format="WAV", subtype="FLOAT")
    name = "clicks.ogg"
    next(songs.glob(f"* {name}")).joinpath(name).write_bytes(slow.getvalue())
    rows = rows_of(songs, tmp_path / "out", decode_audio=True)
    assert set(rows) == set(FILES)
    row = rows[name]
    assert (row["sampling_rate"], row["duration_s"], row["audio_status"]) == (10, 4.0, "ok")
    assert row["loudness"] == pytest.approx(0.5)
