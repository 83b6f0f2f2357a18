"""Tokens in builds: aligned to the map, made once, the same whoever makes them; damaged audio costs itself alone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import token_weights
from generate import noise_wav, osu_text, write_mapsets, zipped
from trees import digests

from rhythm_maps.audio import decode, measure
from rhythm_maps.build import manifest, recordings, token_cache
from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.shard import LEDGER, iter_shard
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import BuildError, MissingExtra, RhythmMapsError, UsageError
from rhythm_maps.tokens.settings import TokenRun, TokenSettings, token_settings
from rhythm_maps.tokens.track import encoder

SONGS = 3
ALL = ("charts", "beats", "tracks", "tokens")


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A file of calibrated weights."""
    base = tmp_path_factory.getbasetemp()
    return str(token_weights.file(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base))


@pytest.fixture
def settings(weights):
    return lambda **options: token_settings(weights, **{"bandwidth_kbps": 1.5, **options})


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", SONGS, audio_seconds=0.4)
    return tmp_path / "maps"


def shards(folder, spec, weights, **options):
    """Return config -> rows of all shards of a folder, made in this process."""
    plan = manifest.load(scan("osu", [folder]).keep())
    found = {}
    for shard in plan.shards:
        entries = manifest.read_shard(plan.path, shard)
        roots = [Path(root) for root in plan.header.roots]
        for name, table in iter_shard(entries, roots, spec, run=TokenRun(weights, "cpu"), **options):
            found.setdefault(name, []).extend(table.to_pylist())
    return found


@pytest.fixture
def encodes(monkeypatch):
    """The names of the recordings that are encoded from now on."""
    names, tokenize = [], recordings.tokenize

    def counted(data, name, *rest, **options):
        names.append(name)
        return tokenize(data, name, *rest, **options)

    monkeypatch.setattr(recordings, "tokenize", counted)
    return names


@pytest.fixture(scope="module")
def rows(weights, tmp_path_factory):
    """Token rows and track rows, by recording, of one mapset of the sample pack."""
    base = tmp_path_factory.mktemp("pack")
    write_samples("osu", base / "all")
    (base / "maps").mkdir()
    archive = min((base / "all").glob("*.osz"), key=lambda path: path.stat().st_size)
    archive.rename(base / "maps" / archive.name)
    spec = make_spec("osu", configs=ALL, tokens=token_settings(weights))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(base / "cache"))
        found = shards(base / "maps", spec, weights)
    tracks = {row["track_id"]: row for row in found["tracks"]}
    assert {row["track_id"] for row in found["tokens"]} == set(tracks)
    return [(row, tracks[row["track_id"]]) for row in found["tokens"]]


class TestAlignment:
    """A beat of the sample pack's music is in the frame that the rule says, everywhere."""

    def test_beats_are_marked_in_the_frame_of_the_rule_and_nowhere_else(self, rows):
        for row, track in rows:
            beats = np.array(track["beats"]["time_s"])
            frames = [round(t * 24_000) // 320 for t in beats.tolist()]
            assert len(beats) > 20
            inside = [frame for frame in frames if frame < row["frames"]]
            assert np.flatnonzero(row["conditioning"]["is_beat"]).tolist() == inside
            downs = [f for f, p in zip(frames, track["beats"]["position"], strict=True) if p == 1 and f < row["frames"]]
            assert np.flatnonzero(row["conditioning"]["is_downbeat"]).tolist() == downs
            assert not np.array(row["conditioning"]["beat_phase"])[inside].any()

    def test_the_drum_of_a_beat_is_heard_in_its_frame(self, rows):
        """By the rise of the samples' differences, which a drum's click has and nothing else."""
        for row, track in rows:
            heard = decode.decode(track["audio"]["bytes"], "song", rate=24_000, mono=True).samples
            assert -(-len(heard) // 320) == row["frames"]
            rise = np.abs(np.diff(heard, prepend=0.0))
            late = []
            for t in track["beats"]["time_s"]:
                at = round(t * 24_000)
                if 2400 <= at < len(heard) - 2400:
                    near = rise[at - 1200 : at + 1200]
                    late.append(int(np.argmax(near > 0.5 * near.max())) - 1200)
            assert len(late) > 20
            assert np.mean(np.abs(late) <= 320) >= 0.95, late
            assert abs(np.median(late)) <= 24, "a millisecond"

    def test_every_feature_is_as_long_as_the_codes_and_decoded_codes_are_frames_long(self, rows, weights):
        for row, _ in rows:
            assert {len(values) for values in row["conditioning"].values()} == {row["frames"]}
            assert {len(book) for book in row["codes"]} == {row["frames"]}
            assert row["n_q"] == len(row["codes"]) == 8
            assert row["frames"] == -(-round(row["duration_s"] * 24_000) // 320)
        row = min((row for row, _ in rows), key=lambda row: row["frames"])
        codec = encoder(token_settings(weights), TokenRun(weights, "cpu"))
        assert codec.decode(np.array(row["codes"], np.uint16)).shape == (row["frames"] * 320,)

    def test_levels_are_those_of_what_was_encoded(self, rows):
        for row, track in rows:
            heard = decode.decode(track["audio"]["bytes"], "song", rate=24_000, mono=True).samples
            frame = heard[320 * 40 : 320 * 41].astype(np.float64)
            level = 20 * np.log10(np.sqrt(np.mean(frame**2)) + 1e-12)
            assert row["conditioning"]["rms_db"][40] == pytest.approx(level, abs=1e-3)


class TestCache:
    def test_a_recording_is_encoded_once(self, maps, weights, settings, encodes):
        spec = make_spec("osu", configs=ALL, tokens=settings())
        first = shards(maps, spec, weights)
        assert len(encodes) == SONGS
        assert len(list((token_cache.place("00", 0, spec.tokens).parents[1]).rglob("*.tokens"))) == SONGS
        again = shards(maps, spec, weights)
        assert len(encodes) == SONGS, "the second time nothing is encoded"
        assert repr(again) == repr(first)

    def test_other_settings_and_damaged_files_of_the_cache_are_encoded_anew(self, maps, weights, settings, encodes):
        spec = make_spec("osu", configs=("tokens",), tokens=settings())
        rows = shards(maps, spec, weights)["tokens"]
        place = token_cache.place(rows[0]["track_id"], 0, spec.tokens)
        whole = place.read_bytes()
        for damaged in (b"", whole[:-3], b"\x00" * 50, whole.replace(b"ok", b"\xff\xff")):
            place.write_bytes(damaged)
            del encodes[:]
            assert repr(shards(maps, spec, weights)["tokens"]) == repr(rows)
            assert len(encodes) == 1
        assert place.read_bytes() == whole
        louder = make_spec("osu", configs=("tokens",), tokens=settings(target_rms=0.2))
        assert len(shards(maps, louder, weights)["tokens"]) == SONGS
        assert len(encodes) == 1 + SONGS

    def test_each_recording_is_decoded_once_and_not_at_all_the_second_time(self, maps, weights, settings, monkeypatch):
        """Whatever is made of it: its length, status and loudness come from the same pass as its codes."""
        spec = make_spec("osu", configs=ALL, tokens=settings())
        decoded, blocks = [], decode.blocks

        def counted(data, name, **options):
            decoded.append(name)
            return blocks(data, name, **options)

        monkeypatch.setattr(decode, "blocks", counted)
        monkeypatch.setattr(measure, "blocks", counted)
        for expected in (SONGS, SONGS):
            found = shards(maps, spec, weights)
            assert len(decoded) == expected
            assert {row["duration_source"] for row in found["tracks"]} == {"decoded"}
            assert {row["audio_status"] for row in found["beats"]} == {"ok"}
        alone = shards(maps, make_spec("osu", configs=("charts", "beats", "tracks"), decode_audio=True), weights)
        assert len(decoded) == 2 * SONGS
        assert repr([alone[name] for name in ALL[:3]]) == repr([found[name] for name in ALL[:3]])

    def test_with_filters_only_what_still_has_a_chart_is_encoded(self, maps, weights, settings, encodes):
        wanted = [("mode", "==", "mania")]
        found = shards(maps, make_spec("osu", configs=ALL, tokens=settings(), filters=wanted), weights)
        assert len(encodes) == len(found["tokens"]) == len(found["tracks"]) == 1

    def test_maps_do_not_enter_the_cache(self, maps, weights, settings, encodes, tmp_path):
        """The same recording under another grid: encoded once, conditioned twice."""
        audio = noise_wav(0.6, 1)
        for name, bpm_ms in (("slow", 400), ("fast", 200)):
            text = osu_text(1).replace(b"1000,500,4,2,0,60,1,0", f"0,{bpm_ms},4,2,0,60,1,0".encode())
            (tmp_path / name).mkdir()
            (tmp_path / name / "one.osz").write_bytes(zipped({"a.osu": text, "audio.wav": audio}))
        spec = make_spec("osu", configs=("tokens",), tokens=settings())
        slow, fast = (shards(tmp_path / name, spec, weights)["tokens"][0] for name in ("slow", "fast"))
        assert len(encodes) == 1
        assert slow["codes"] == fast["codes"]
        assert (sum(slow["conditioning"]["is_beat"]), sum(fast["conditioning"]["is_beat"])) == (2, 3)


class TestSignal:
    def test_a_gain_is_applied_and_told(self, maps, weights, settings):
        plain, loud = (
            shards(maps, make_spec("osu", configs=("tokens",), tokens=settings(target_rms=target)), weights)["tokens"]
            for target in (None, 0.05)
        )
        for one, other in zip(plain, loud, strict=True):
            assert one["signal"]["gain_db"] is None
            assert other["signal"]["target_rms"] == 0.05
            differences = np.subtract(other["conditioning"]["rms_db"], one["conditioning"]["rms_db"])
            assert differences == pytest.approx(other["signal"]["gain_db"], abs=1e-3)
            assert other["codes"] != one["codes"]

    def test_rows_say_what_made_them(self, maps, weights, settings):
        spec = make_spec("osu", configs=("tokens",), tokens=settings())
        for row in shards(maps, spec, weights)["tokens"]:
            assert row["model"] == "encodec_24khz"
            assert (row["weights"], row["model_sha256"]) == ("file", spec.tokens.weights_sha256)
            assert (row["bandwidth_kbps"], row["n_q"], row["hop"], row["frame_rate"]) == (1.5, 2, 320, 75.0)
            assert (row["signal"]["mono"], row["signal"]["timeline"]) == ("mean", "game")
            assert max(map(max, row["codes"])) < 1024


class TestDamage:
    @pytest.fixture
    def damaged(self, tmp_path):
        """Two good songs, one that ends early, one whose samples cannot be read."""
        folder = tmp_path / "damaged"
        write_mapsets(folder, 2, audio_seconds=0.4)
        out = io.BytesIO()
        soundfile.write(out, np.random.default_rng(0).uniform(-0.3, 0.3, (44_100, 2)), 44_100, format="OGG")
        cut = out.getvalue()[: len(out.getvalue()) // 2]
        flac = io.BytesIO()
        soundfile.write(flac, np.random.default_rng(1).uniform(-0.3, 0.3, 44_100), 44_100, format="FLAC")
        header = flac.getvalue()[:200]
        for number, (name, data) in enumerate({"cut.ogg": cut, "header.flac": header}.items(), 10):
            text = osu_text(number, audio=name)
            (folder / f"{number}.osz").write_bytes(zipped({"a.osu": text, name: data}))
        return folder

    def test_it_costs_its_own_row_alone_and_the_ledger_says_why(self, damaged, weights, settings):
        found = shards(damaged, make_spec("osu", configs=ALL, tokens=settings()), weights)
        assert len(found["charts"]) == 5
        assert len(found["tracks"]) == 4
        assert len(found["tokens"]) == 3
        lines = {line["name"]: line for line in found[LEDGER] if line["kind"] == "tokens"}
        assert lines["header.flac"]["outcome"] == "reject"
        assert lines["header.flac"]["code"] in {"unreadable_audio", "empty_audio"}
        assert lines["cut.ogg"]["outcome"] == "row"
        cut = next(row for row in found["tokens"] if row["track_id"] == lines["cut.ogg"]["id"])
        assert cut["warnings"][0] == "audio_truncated"

    def test_a_condemned_recording_is_not_decoded(self, maps, weights, settings, encodes):
        spec = make_spec("osu", configs=ALL, tokens=settings())
        victim = shards(maps, make_spec("osu", configs=("beats",)), weights)["beats"][0]["track_id"]
        found = shards(maps, spec, weights, condemned={victim})
        assert len(encodes) == len(found["tokens"]) == SONGS - 1
        assert len(found["tracks"]) == SONGS
        rejects = [line for line in found[LEDGER] if line["kind"] == "tokens" and line["outcome"] == "reject"]
        assert [line["code"] for line in rejects] == ["audio_killed_worker"]


class TestSpec:
    def test_what_cannot_be_encoded_is_refused_before_anything_is_built(self, weights, tmp_path):
        for options, message in (
            ({"bandwidth_kbps": 5.0}, "1.5, 3.0, 6.0, 12.0, 24.0"),
            ({"target_rms": 2.0}, "between 0 and 1"),
        ):
            with pytest.raises(UsageError, match=message):
                token_settings(weights, **options)
        (tmp_path / "text.th").write_text("no weights", encoding="utf-8")
        for which in (str(tmp_path / "nothing.th"), str(tmp_path / "text.th"), "calibrated:x"):
            with pytest.raises(RhythmMapsError):
                token_settings(which)

    def test_without_torch_the_command_to_install_it_is_told(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "torch", None)
        with pytest.raises(MissingExtra, match=r"rhythm-maps\[tokens\]"):
            make_spec("osu", configs=("tokens",), tokens=token_settings("calibrated:1"))

    def test_no_path_of_weights_is_in_the_key(self, weights, settings, tmp_path):
        copy = tmp_path / "copy.th"
        copy.write_bytes(Path(weights).read_bytes())
        assert token_settings(str(copy), bandwidth_kbps=1.5) == settings()
        assert make_spec("osu", configs=("charts",), tokens=settings()).tokens is None

    def test_weights_that_change_under_a_build_are_refused(self, weights):
        with pytest.raises(BuildError, match="the build began with"):
            encoder(TokenSettings(weights="file", weights_sha256="0" * 64), TokenRun(weights, "cpu"))


def test_any_number_of_workers_makes_the_same_bytes(maps, weights, settings, tmp_path, monkeypatch):
    """With cold caches each, so that each encodes."""
    spec = make_spec("osu", configs=ALL, tokens=settings())
    results = []
    for workers in (1, 2):
        monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / f"cache{workers}"))
        plan = scan("osu", [maps], fractions=(0.4, 0.3, 0.3)).keep()
        out = tmp_path / f"out{workers}"
        info = build(plan, out, spec, tokens=TokenRun(weights, "cpu"), workers=workers).info
        assert sum(info["rows"]["tokens"].values()) == SONGS
        results.append(digests(out))
    assert results[0] == results[1]
    readme = (tmp_path / "out1/README.md").read_text(encoding="utf-8")
    sha = spec.tokens.weights_sha256
    said = " ".join(readme.split())
    assert f"(encodec_24khz, 1.5 kbps; weights: file, sha256 `{sha}`; not the published ones, and no others" in said
    assert "config_name: tokens" in readme
    assert "| `codes` | `list<list<uint16>>`" in readme
    info = json.loads((tmp_path / "out1/meta/info.json").read_bytes())
    assert info["spec"]["tokens"]["weights"] == "file"
    assert set(info["versions"]) >= {"torch", "soxr", "encodec"}
    assert weights not in json.dumps(info)
    for file in (tmp_path / "out1/tokens").iterdir():
        codes = [
            c
            for c in range(pq.read_metadata(file).num_columns)
            if "codes" in pq.read_metadata(file).schema.column(c).path
        ]
        assert len(codes) == 1


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"], ["build", "osu", "maps", "--out", "out"]])
def test_no_torch_is_imported_unless_tokens_are_asked_for(maps, tmp_path, arguments):
    program = "import sys; from rhythm_maps.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
    program += "print(sorted({'torch', 'encodec', 'torchaudio'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
