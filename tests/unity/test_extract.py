"""Extraction: a whole install of a real one's size, on disk as folders that a build reads like any level."""

from __future__ import annotations

import io
import json
import random
import sys

import numpy as np
import pytest
import soundfile
import unity_sounds as sounds
from click.testing import CliRunner
from unity_maker import DIFFICULTIES, Entry, FakeInstall, Level, beatmap_v4

from rhythm_maps.build.scan import scan
from rhythm_maps.cli import cli
from rhythm_maps.errors import BadFormat, BuildError, InputError, MissingExtra, NoDataError, RhythmMapsError
from rhythm_maps.files import atomic
from rhythm_maps.sources.unity import Install, extract_official

LEVELS, PACKS, ENTRIES, VORBIS = 65, 38, 328, 8
TWELVE = {
    "Standard": DIFFICULTIES,
    "OneSaber": ["Hard", "Expert", "ExpertPlus"],
    "NoArrows": ["Easy", "Hard"],
    "360Degree": ["Expert"],
    "90Degree": ["Expert"],
}


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def real_size(tmp_path_factory):
    """65 levels (five of them bought), 38 packs of 328 entries; every packer, with and without trees, two codecs."""
    install = FakeInstall(tmp_path_factory.mktemp("game") / "Beat Saber")
    sources, entries = {}, []
    for i in range(LEVELS):
        level_id = "100Bills" if i == 0 else f"Level{i}"
        sets = TWELVE if i == 0 else {"Standard": ["Hard", "Expert"][: 1 + i % 2]}
        samples = sounds.tone(0.08, seed=i)
        vorbis = i % 8 == 3
        source = sounds.ogg(samples) if vorbis else samples
        bank = sounds.fsb5_vorbis(source) if vorbis else sounds.fsb5_pcm16(samples)
        sources[level_id] = source
        packer = ("lz4", "lz4hc", "lzma", "none")[i % 4]
        value = {name: {d: beatmap_v4([1.0 + i, 3.0 + i]) for d in listed} for name, listed in sets.items()}
        level = Level(level_id, value, bank, packer=packer, trees=i % 5 != 0)
        install.add_level(level, install.root / "DLC" / "Levels" / level_id if i >= 60 else None)
        speeds = {
            name: {difficulty: (10.0 + j, 0.1 * k) for j, difficulty in enumerate(listed)}
            for k, (name, listed) in enumerate(sets.items())
        }
        entries.append(Entry(level_id, speeds))
    entries += [Entry(f"NotBought{i}") for i in range(ENTRIES - LEVELS)]
    for i in range(PACKS):
        install.add_pack(f"pack{i}", entries[i::PACKS], packer=("lz4", "lzma", "lz4hc")[i % 3], trees=i % 4 != 0)
    install.add_characteristics(packer="lzma")
    return install, sources


@pytest.fixture(scope="module")
def extracted(real_size, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "official"
    return extract_official(real_size[0].root, out), real_size[1]


def test_all_levels_of_an_install_come_out(extracted):
    done, sources = extracted
    assert len(done.folders) == LEVELS
    assert set(done.folders) == set(sources)
    assert done.notes == ()
    assert sorted(path.name for path in done.out.iterdir()) == sorted(done.folders)
    assert len(done.rejects) == ENTRIES - LEVELS
    assert {reject.error.code for reject in done.rejects} == {"no_level_data"}


def test_the_level_of_twelve_beatmaps_has_them_all_with_its_own_jump_speeds(extracted):
    folder = extracted[0].out / "100Bills"
    listed = json.loads((folder / "Info.dat").read_bytes())["difficultyBeatmaps"]
    assert len(listed) == 12
    assert all((folder / entry["beatmapDataFilename"]).is_file() for entry in listed)
    found = {(e["characteristic"], e["difficulty"]): e["noteJumpStartBeatOffset"] for e in listed}
    assert found["Standard", "Expert"] == 0.0
    assert found["360Degree", "Expert"] == pytest.approx(0.3)


def test_all_songs_are_their_sources(extracted):
    done, sources = extracted
    n_vorbis = 0
    for name, source in sources.items():
        path = done.out / name / "song.wav"
        if isinstance(source, bytes):
            n_vorbis += 1
            expected, _ = soundfile.read(io.BytesIO(source))
            samples, _ = soundfile.read(path)
            assert samples.shape == expected.shape
            assert np.abs(samples - expected).max() < 1e-4
        else:
            samples, _ = soundfile.read(path, dtype="int16")
            np.testing.assert_array_equal(samples, source)
    assert n_vorbis == VORBIS


def test_a_scan_of_the_folders_finds_every_chart_with_its_song(extracted):
    found = scan("beat_saber", [extracted[0].out])
    assert len(found.entries) == LEVELS
    assert found.rejects == []
    charts = [chart for entry in found.entries for chart in entry.charts]
    assert len(charts) == extracted[0].beatmaps == 12 + 32 * 2 + 32
    assert all(chart.audio == "song.wav" and not chart.problem for chart in charts)


def test_a_second_extraction_gives_the_same_bytes(real_size, extracted):
    out = extracted[0].out
    before = {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    extract_official(real_size[0].root, out)
    assert {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()} == before


def test_no_level_is_lost_when_one_bundle_is_damaged(real_size, tmp_path):
    install, _ = real_size
    path = install.levels / "level7"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: len(whole) // 2])
        done = extract_official(install.root, tmp_path / "out")
    finally:
        path.write_bytes(whole)
    assert len(done.folders) == LEVELS - 1
    bad = [reject for reject in done.rejects if reject.error.code != "no_level_data"]
    assert [reject.path.rpartition("/")[2] for reject in bad] == ["level7"]


def test_texts_of_bundles_never_lead_out_of_the_folder(install, tmp_path):
    """Ids and characteristics that are paths, device names of Windows, or not ASCII."""
    names = ["../../../../etc/evil", "/root", "CON", "a/b\\c", "ÄÖ", "äü", "x" * 300, ".."]
    evil = {"../../x": {"Expert": beatmap_v4()}, "a/b\\c": {"Expert": beatmap_v4()}, "..": {"Easy": beatmap_v4()}}
    for i, name in enumerate(names):
        (install.levels / f"e{i}").write_bytes(Level(name, sets=evil).bytes())
    install.add_pack("evil", [Entry(name) for name in names])
    out = tmp_path / "deep" / "down" / "out"
    done = extract_official(install.root, out)
    assert done.folders == ("etc_evil", "root", "CON_", "a_b_c", "level", "level_2", "x" * 64, "level_3")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["down"]
    assert {path.parent.parent for path in out.rglob("*") if path.is_file()} == {out}
    for path in out.rglob("*"):
        assert all(c.isascii() and (c.isalnum() or c in "-_.") for c in path.name)
        assert path.name.partition(".")[0].upper() != "CON"


def test_stopped_anywhere_it_leaves_whole_levels_only_and_runs_again(install, tmp_path, monkeypatch):
    for name in ("A", "B"):
        install.add_level(Level(name))
    whole = tmp_path / "whole"
    extract_official(install.root, whole)

    def content(folder):
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    expected = content(whole)
    steps = []
    monkeypatch.setattr(atomic, "step", lambda *step: steps.append(step))
    extract_official(install.root, tmp_path / "counted")

    class Stop(Exception):  # noqa: N818 - no error: the power goes
        pass

    for last in range(len(steps)):
        left = [last]

        def step(*_, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise Stop

        out = tmp_path / f"out{last}"
        monkeypatch.setattr(atomic, "step", step)
        with pytest.raises(Stop):
            extract_official(install.root, out)
        for folder in out.iterdir() if out.exists() else ():
            if folder.name != ".extracting":
                assert content(folder) == content(whole / folder.name)
        monkeypatch.setattr(atomic, "step", lambda *step: None)
        extract_official(install.root, out)
        assert content(out) == expected


def test_without_unitypy_the_command_says_what_to_install(install, tmp_path, monkeypatch):
    install.add_level(Level("A"))
    monkeypatch.setitem(sys.modules, "lz4", None)
    with pytest.raises(MissingExtra, match=r"pip install \"rhythm-maps\[unity\]\""):
        extract_official(install.root, tmp_path / "out")


def test_what_is_no_level_is_left_alone(install, tmp_path):
    install.add_level(Level("A"))
    install.add_level(Level("B"))
    mine = tmp_path / "out" / "a" / "my notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("precious", encoding="utf-8")
    done = extract_official(install.root, tmp_path / "out")
    assert done.folders == ("b",)
    assert [reject.error.code for reject in done.rejects] == ["name_taken"]
    assert mine.read_text(encoding="utf-8") == "precious"


def test_an_install_without_a_readable_level_says_so(install, tmp_path):
    (install.levels / "bad").write_bytes(Level("bad").bytes()[:100])
    with pytest.raises(NoDataError, match="none of 1 level bundles"):
        extract_official(install.root, tmp_path / "out")
    with pytest.raises(InputError):
        extract_official(tmp_path / "absent", tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_one_clear_error(install, tmp_path):
    install.add_level(Level("A"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BuildError, match="cannot be written"):
        extract_official(install.root, tmp_path / "file" / "out")


def test_the_command_writes_and_tells_what_is_missing(install, tmp_path):
    install.add_level(Level("A"))
    install.add_level(Level("B", resource=False))
    (install.levels / "c").write_bytes(Level("c").bytes()[:200])
    install.add_pack("ost", [Entry("A"), Entry("B"), Entry("Else")])
    out = tmp_path / "out"
    result = CliRunner().invoke(cli, ["extract-official", str(install.root), str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "Wrote 2 official levels with 2 beatmaps" in result.output
    assert "1 more are listed in packs" in result.output
    assert "1 bundles could not be read:" in result.output
    assert "missing_resource" in result.output
    assert "extract-official" in CliRunner().invoke(cli, ["--help"]).output
    again = CliRunner().invoke(
        cli, ["extract-official", "--v2-info", str(install.root), str(out)], catch_exceptions=False
    )
    assert "Wrote 2 official levels with 2 beatmaps" in again.output
    assert json.loads((out / "A" / "Info.dat").read_bytes())["_version"] == "2.1.0"
    assert not (out / "A" / "ExpertStandard.beatmap.dat").exists()


@pytest.mark.parametrize("packer", ["none", "lz4", "lzma"])
def test_mutated_and_truncated_bundles_give_levels_or_declared_errors(install, packer):
    random.seed(packer)
    vorbis = sounds.fsb5_vorbis(sounds.ogg(sounds.tone(0.02)))
    whole = [Level("l", packer=packer, trees=trees, bank=vorbis).bytes() for trees in (True, False)]
    path = install.add_level(Level("l"))
    pack = install.add_pack("ost", [Entry("l")], packer=packer)
    whole_pack = pack.read_bytes()
    good = 0
    for i in range(150):
        data = mutated(whole[i % 2])
        path.write_bytes(data)
        pack.write_bytes(mutated(whole_pack) if i % 3 == 0 else whole_pack)
        try:
            opened = Install(install.root)
            found = opened.level(opened.levels[0])
            for name in found.names():
                found.read(name)
            good += 1
        except RhythmMapsError as error:
            assert isinstance(error, (BadFormat, InputError))  # noqa: PT017
    assert good > 5


def mutated(data):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 5])):
        at = random.randrange(len(data) if random.random() < 0.5 else min(600, len(data)))
        data[at] = random.choice([0, 127, 128, 255, random.randrange(256)])
    return bytes(data if random.random() < 0.9 else data[: random.randrange(8, len(data))])
