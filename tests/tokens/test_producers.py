"""Features out of names, numbers and tables, and the commands that write them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import soundfile
from audio.mp3_maker import music, xing
from click.testing import CliRunner
from token_files import codes_of, write_tokens

from rhythm_maps.audio.decode import decode
from rhythm_maps.cli import cli
from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.tokens import audio_producers, ecdc, producers, read_sidecar, write_sidecar_features
from rhythm_maps.tokens.codec import frames_of
from rhythm_maps.tokens.conditioning import rms_db
from rhythm_maps.tokens.producers import Job

FRAMES = 20


def job(tmp_path, name="a.ecdc", frames=FRAMES):
    tokens = ecdc.Ecdc(codes_of(frames), frames * 320, "enchf")
    return Job(tmp_path / name, name, tokens)


def test_constants_fill_every_frame(tmp_path):
    made = producers.constants(["scene=7", "gain = -1.5"])(job(tmp_path))
    assert {name: (len(values), set(values)) for name, values in made.items()} == {
        "scene": (FRAMES, {7.0}),
        "gain": (FRAMES, {-1.5}),
    }


def test_ramps_reach_both_ends(tmp_path):
    values = producers.ramps(["gain=-12:0"])(job(tmp_path))["gain"]
    assert (values[0], values[-1], len(values)) == (-12, 0, FRAMES)
    np.testing.assert_allclose(np.diff(values), 12 / (FRAMES - 1))


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("b_tempo_120.0.ecdc", {"tempo": 120.0}),
        ("x_gain_-3_tempo_98.5.ecdc", {"gain": -3.0, "tempo": 98.5}),
        ("x_scene_id_7.ecdc", {"scene_id": 7.0}),
        ("plain.ecdc", {}),
        ("tempo_120.ecdc", {}),
    ],
)
def test_numbers_in_file_names(tmp_path, name, features):
    made = producers.file_names()(job(tmp_path, name))
    assert {key: set(values) for key, values in made.items()} == {key: {value} for key, value in features.items()}


def test_file_names_by_another_pattern(tmp_path):
    made = producers.file_names(r"(?P<name>[a-z]+)(?P<value>\d+)")(job(tmp_path, "bpm120-key3.ecdc"))
    assert {key: values[0] for key, values in made.items()} == {"bpm": 120, "key": 3}


def test_a_name_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(BadFormat, match="tempo stands twice"):
        producers.file_names()(job(tmp_path, "x_tempo_1_tempo_2.ecdc"))


@pytest.mark.parametrize(
    ("make", "argument", "message"),
    [
        (producers.constants, ["scene"], "NAME=VALUE"),
        (producers.constants, ["=7"], "NAME=VALUE"),
        (producers.constants, ["scene=seven"], "'seven' is no number"),
        (producers.ramps, ["gain=1"], "NAME=FROM:TO"),
        (producers.ramps, ["gain=1:x"], "'x' is no number"),
        (producers.file_names, "(", "no regular expression"),
        (producers.file_names, "(?P<name>a)", "groups"),
    ],
)
def test_wrong_arguments_are_refused(make, argument, message):
    with pytest.raises(UsageError, match=message):
        make(argument)


def test_two_producers_of_one_feature_are_refused(tmp_path):
    both = [producers.constants(["gain=1"]), producers.ramps(["gain=0:1"])]
    with pytest.raises(UsageError, match="two producers make 'gain'"):
        producers.produce(both, job(tmp_path))


# --- tables -----------------------------------------------------------------------------------------------------------


def table(tmp_path, text, name="a.csv"):
    folder = tmp_path / "tables"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_one_row_a_frame(tmp_path):
    folder = table(tmp_path, "gain,scene\r\n" + "".join(f"{i},{i * i}\r\n" for i in range(FRAMES)))
    made = producers.tables(folder)(job(tmp_path))
    assert made["gain"].tolist() == list(range(FRAMES))
    assert made["scene"].tolist() == [i * i for i in range(FRAMES)]


def test_times_are_joined_by_straight_lines_or_held(tmp_path):
    """Frame 4 begins at 0.0533 s; a row at 0.06 s falls into it and holds from there on."""
    folder = table(tmp_path, "\ufefftime_s,gain\n0.02,1\n0.06,5\n0.1,3\n")
    linear = producers.tables(folder)(job(tmp_path))["gain"]
    np.testing.assert_allclose(linear[:5], np.interp(np.arange(5) * 320 / 24000, [0.02, 0.06, 0.1], [1, 5, 3]))
    hold = producers.tables(folder, "hold")(job(tmp_path))["gain"]
    assert hold.tolist() == [1] * 4 + [5] * 3 + [3] * 13


def test_a_row_at_the_exact_start_of_a_frame_holds_from_there(tmp_path):
    """0.29333... s is the start of frame 22, though times 75 it may be a little below 22 in floating point."""
    starts = np.arange(60) * 320 / 24000
    folder = table(tmp_path, "time_s,frame\n" + "".join(f"{at:.17g},{i}\n" for i, at in enumerate(starts)))
    assert producers.tables(folder, "hold")(job(tmp_path, frames=60))["frame"].tolist() == list(range(60))


def test_one_row_holds_throughout(tmp_path):
    made = producers.tables(table(tmp_path, "time_s,gain\n3,7\n"))(job(tmp_path))
    assert set(made["gain"]) == {7.0}
    assert list(made) == ["gain"]


def test_one_table_for_all_files(tmp_path):
    folder = table(tmp_path, "file,bpm\na.ecdc,120\ndeep/b,98\n")
    made = producers.tables(folder / "a.csv")
    assert set(made(job(tmp_path))["bpm"]) == {120.0}
    assert set(made(job(tmp_path, "deep/b.ecdc"))["bpm"]) == {98.0}
    with pytest.raises(BadFormat, match=r"no row whose file is c\.ecdc"):
        made(job(tmp_path, "c.ecdc"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a line of names and at least one row"),
        ("gain\n", "at least one row"),
        ("gain,gain\n1,2\n", "two of one name"),
        ("gain,\n1,2\n", "without a name"),
        ("gain,x\n1\n", r"1 cells where the first line has 2 at a\.csv, line 2"),
        ("gain\nloud\n", r"gain is 'loud'; a finite number is expected at a\.csv, line 2"),
        ("gain\n1\nnan\n", "line 3"),
        ("gain\n1\n2\n", "2 rows for 20 frames"),
        ("time_s,gain\n2,1\n1,1\n", r"time_s goes back from 2 to 1 at a\.csv, line 3"),
        ('gain\n"1\n', "no CSV"),
    ],
)
def test_damaged_tables_are_refused_with_a_place(tmp_path, text, message):
    with pytest.raises(BadFormat, match=message):
        producers.tables(table(tmp_path, text))(job(tmp_path))


def test_missing_tables_are_named(tmp_path):
    (tmp_path / "tables").mkdir()
    with pytest.raises(InputError, match=r"a\.csv: cannot be read"):
        producers.tables(tmp_path / "tables")(job(tmp_path))


# --- audio ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tone(tmp_path):
    """A tone that is half as loud from frame 10 on, as a recording of 20 frames less 7 samples."""
    samples = np.sin(np.arange(FRAMES * 320 - 7) / 7) * np.where(np.arange(FRAMES * 320 - 7) < 3200, 0.5, 0.25)
    folder = tmp_path / "recordings"
    folder.mkdir()
    soundfile.write(folder / "a.flac", samples, 24_000)
    return folder


def test_levels_of_a_recording(tone, tmp_path):
    made = audio_producers.from_audio(["rms_db"], audio_producers.recordings(tone))(job(tmp_path))
    level = made["rms_db"]["values"]
    assert (len(level), made["rms_db"]["units"]) == (FRAMES, "dB")
    assert level[2] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)
    assert level[2] - level[15] == pytest.approx(20 * np.log10(2), abs=0.1)


def test_levels_of_a_recording_are_on_the_timeline_it_was_encoded_on(tmp_path):
    """osu! plays this MP3 529 samples at 44.1 kHz later than soundfile does: silence in front."""
    song = music(44_100, 2)
    data, levels = xing(song, delay=0, padding=0) + song.frames, []
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.mp3").write_bytes(data)
    for timeline in ("file", "game"):
        samples = decode(data, "a.mp3", rate=24_000, mono=True, timeline=timeline).samples
        source = audio_producers.recordings(tmp_path / "recordings", timeline)
        one = job(tmp_path, frames=frames_of(len(samples)))
        levels.append(audio_producers.from_audio(["rms_db"], source)(one)["rms_db"]["values"])
        np.testing.assert_array_equal(levels[-1], rms_db([samples], 320))
    assert np.abs(levels[0][:50] - levels[1][:50]).max() > 1, "dB"


def test_features_of_a_recording_have_one_column_a_value(tone, tmp_path):
    pytest.importorskip("librosa")
    made = audio_producers.from_audio(["chroma", "onset_strength"], audio_producers.recordings(tone))(job(tmp_path))
    assert list(made)[:2] == ["chroma_C", "chroma_C#"]
    assert len(made) == 13
    assert {len(one["values"]) for one in made.values()} == {FRAMES}
    assert np.argmax(made["onset_strength"]["values"]) in range(13)


def test_levels_of_decoded_codes_are_those_of_what_the_codec_gives(tmp_path):
    """With random weights, which are enough here and quick."""
    torch = pytest.importorskip("torch")
    from rhythm_maps.tokens.encodec import Encoder
    from rhythm_maps.tokens.weights import empty_model

    torch.save(empty_model().state_dict(), tmp_path / "random.th")
    weights, one = str(tmp_path / "random.th"), job(tmp_path)
    made = audio_producers.from_audio(["rms_db"], audio_producers.decoded_codes(weights, "cpu"))(one)
    sound = Encoder(weights, device="cpu").decode(one.tokens.codes)
    expected = 20 * np.log10(np.sqrt(np.mean(sound.reshape(FRAMES, 320).astype(np.float64) ** 2, axis=1)) + 1e-12)
    np.testing.assert_allclose(made["rms_db"]["values"], expected, atol=1e-4)


def test_recordings_that_do_not_fit_are_refused(tone, tmp_path):
    source = audio_producers.recordings(tone)
    with pytest.raises(BadFormat, match="20 frames at 24 kHz, and the token file 21"):
        audio_producers.from_audio(["rms_db"], source)(job(tmp_path, frames=21))
    with pytest.raises(BadFormat, match=r"no b\.wav or the like"):
        audio_producers.from_audio(["rms_db"], source)(job(tmp_path, "b.ecdc"))
    (tone / "a.wav").write_bytes((tone / "a.flac").read_bytes())
    with pytest.raises(BadFormat, match=r"a\.flac and a\.wav"):
        audio_producers.from_audio(["rms_db"], source)(job(tmp_path))
    with pytest.raises(InputError):
        audio_producers.recordings(tone / "none")
    with pytest.raises(UsageError, match="unknown features pitch"):
        audio_producers.from_audio(["pitch"], source)


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    write_tokens(tmp_path / "a.ecdc", FRAMES)
    write_tokens(tmp_path / "deep" / "b_tempo_120.0.ecdc", FRAMES + 1)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, [str(one) for one in ("sidecar", *arguments)])


def test_add_writes_what_all_producers_make(root):
    result = run("add", "--audio-root", root, "--const", "scene=7", "--lin", "gain=-12:0", "--from-filename")
    assert (result.exit_code, result.output) == (0, "2 sidecars written.\n")
    assert read_sidecar(root / "a.ecdc").names == ("scene", "gain")
    read = read_sidecar(root / "deep" / "b_tempo_120.0.ecdc")
    assert read.names == ("scene", "gain", "tempo")
    assert read.values.shape == (FRAMES + 1, 3)


def test_add_takes_features_of_recordings(root, tone):
    soundfile.write(tone / "deep.wav", np.zeros(10), 24_000)
    (tone / "deep").mkdir()
    soundfile.write(tone / "deep" / "b_tempo_120.0.wav", np.zeros(FRAMES * 320 + 1), 24_000)
    result = run("add", "--audio-root", root, "--recordings", tone, "--audio-feats", "rms_db")
    assert (result.exit_code, result.output) == (0, "2 sidecars written.\n")
    assert read_sidecar(root / "a.ecdc").features[0].unit == "dB"
    assert set(read_sidecar(root / "deep" / "b_tempo_120.0.ecdc").values[:, 0]) == {-240}


def test_add_keeps_or_replaces(root):
    run("add", "--audio-root", root, "--const", "scene=7")
    kept = run("add", "--audio-root", root, "--const", "scene=8")
    assert "'scene' is there already and was kept (append)" in kept.output
    assert set(read_sidecar(root / "a.ecdc").values[:, 0]) == {7}
    run("add", "--audio-root", root, "--const", "scene=8", "--mode", "overwrite")
    assert set(read_sidecar(root / "a.ecdc").values[:, 0]) == {8}


def test_add_goes_on_past_damaged_files_and_names_them(root):
    (root / "z.ecdc").write_bytes(b"PK")
    result = run("add", "--audio-root", root, "--const", "scene=7")
    assert result.exit_code == 1
    assert "2 sidecars written." in result.output
    assert "Failed: z.ecdc: " in result.output
    assert run("add", "--audio-root", root, "--const", "x=7", "--skip-errors").exit_code == 0


def test_add_refuses_what_float16_cannot_hold(root):
    result = run("add", "--audio-root", root, "--const", "ms=70000")
    assert result.exit_code == 1
    assert "write it as dtype='float32'" in result.output
    assert run("add", "--audio-root", root, "--const", "ms=70000", "--dtype", "float32").exit_code == 0


def test_add_without_anything_to_add_says_what_there_is(root):
    result = run("add", "--audio-root", root)
    assert isinstance(result.exception, UsageError)
    listed = run("add", "--list-producers")
    assert listed.exit_code == 0
    assert all(name in listed.output for name in producers.PRODUCERS)


def test_init_writes_empty_sidecars_and_keeps_others(root):
    write_sidecar_features(root, "a.ecdc", {"x": np.zeros(FRAMES)})
    result = run("init", "--audio-root", root, "--manifest-csv", root / "files.csv")
    assert (result.exit_code, result.output) == (0, "1 sidecars written, 1 were there already.\n")
    assert read_sidecar(root / "a.ecdc").names == ("x",)
    assert read_sidecar(root / "deep" / "b_tempo_120.0.ecdc").values.shape == (FRAMES + 1, 0)
    with (root / "files.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["rel_ecdc", "rel_cond", "frames", "D", "fps", "codebooks"],
            ["a.ecdc", "a.cond.npy", "20", "1", "75", "8"],
            ["deep/b_tempo_120.0.ecdc", "deep/b_tempo_120.0.cond.npy", "21", "0", "75", "8"],
        ]
    run("init", "--audio-root", root, "--overwrite")
    assert read_sidecar(root / "a.ecdc").names == ()


def test_show_tells_features_units_and_ranges(root):
    write_sidecar_features(root, "a.ecdc", {"gain": {"values": np.arange(FRAMES), "units": "dB", "max": 30}})
    result = run("show", root / "a.ecdc", "--frames", 3)
    assert result.output == (
        "20 frames, 1 features, float16, 75 frames a second\nversion 2\n"
        "  gain [dB]: 0 to 19 (stated 0 to 30)\n    0 1 2\n"
    )


def test_sidecars_may_go_below_another_root(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("cond")
    run("add", "--audio-root", root, "--cond-root", other, "--const", "x=1")
    assert (other / "deep" / "b_tempo_120.0.cond.npy").is_file()
    assert json.loads((other / "a.cond.json").read_text(encoding="utf-8"))["names"] == ["x"]
    assert not list(root.rglob("*.npy"))
