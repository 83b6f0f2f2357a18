"""The command line as a person meets it: what it prints, where it leaves things, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rhythm_maps.build.samples import write_samples
from rhythm_maps.cli import cli, main
from rhythm_maps.errors import UsageError
from rhythm_maps.files.zips import write_zip

OSU = (
    "osu file format v14\n\n[General]\nAudioFilename: {audio}\nMode: 0\n\n"
    "[Metadata]\nTitle:{title}\nArtist:A\nCreator:M\nVersion:N\n\n"
    "[TimingPoints]\n0,500,4,1,0,100,1,0\n\n[HitObjects]\n256,192,1000,1,0\n100,100,1500,1,0\n"
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hf"))


@pytest.fixture(scope="session")
def osu_maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps") / "osu"
    write_samples("osu", folder)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def test_scan_writes_a_manifest_and_says_what_comes_next(osu_maps: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    result = run("scan", "osu", osu_maps, "--out", manifest)
    assert result.exit_code == 0
    assert "Found 7 mapsets with 11 charts, 7 songs" in result.output
    assert f"rhythm-maps build osu {manifest}" in result.output
    lines = manifest.read_bytes().split(b"\n")
    assert json.loads(lines[0])["game"] == "osu"
    assert lines[-1] == b""
    assert b"\r" not in manifest.read_bytes()


def test_build_from_a_manifest_and_from_a_folder_gives_the_same_bytes(osu_maps: Path, tmp_path: Path) -> None:
    run("scan", "osu", osu_maps, "--out", tmp_path / "m.jsonl")
    one = run("build", "osu", tmp_path / "m.jsonl", "--out", tmp_path / "one")
    two = run("build", "osu", osu_maps, "--out", tmp_path / "two")
    assert one.exit_code == two.exit_code == 0
    assert "Rows by config and split" in one.output
    assert 'load_dataset("' in one.output
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(tmp_path / "two") for p in (tmp_path / "two").rglob("*") if p.is_file())
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_build_with_a_preset_keeps_its_charts_alone(osu_maps: Path, tmp_path: Path) -> None:
    result = run("build", "osu", osu_maps, "--out", tmp_path / "out", "--preset", "mania_4k", "--configs", "charts")
    assert result.exit_code == 0
    info = json.loads((tmp_path / "out" / "meta" / "info.json").read_bytes())
    assert info["rows"] == {"charts": {"train": 2}}
    assert info["ledger"]["chart ignored filtered"] == 9


def test_build_counts_rejects_against_the_limit(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "good.osz").write_bytes(write_zip({"a.osu": OSU.format(audio="a.mp3", title="Good").encode()}))
    (maps / "bad.osz").write_bytes(b"<html>no such map</html>")
    out = tmp_path / "out"
    assert run("build", "osu", maps, "--out", out).exit_code == 0
    result = run("build", "osu", maps, "--out", out, "--max-rejects", "0")
    assert result.exit_code == 1
    assert "more than --max-rejects 0" in result.output
    assert run("build", "osu", maps, "--out", out, "--max-rejects", "1").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "osu", "nowhere", "--out", "o"], "nowhere: no such file or folder"),
        (["build", "osu", "empty", "--out", "o"], "no osu! mapsets found. Expected .osz or .olz"),
        (
            ["build", "osu", "m.jsonl", "--out", "o", "--splits", "1,0,0"],
            "a manifest holds its splits and facts already",
        ),
        (
            ["build", "osu", "maps", "--out", "o", "--preset", "mania_5k"],
            "no preset 'mania_5k' for osu: expected one of",
        ),
        (
            ["build", "osu", "maps", "--out", "o", "--configs", "chart"],
            "unknown configs chart: expected some of charts",
        ),
        (["build", "osu", "maps", "--out", "taken"], "is no build of rhythm-maps, so it is left alone"),
        (["build", "osu", "maps", "--out", "o", "--previous", "empty"], "a folder, but not a build"),
        (["scan", "osu", "maps", "--out", "m2.jsonl", "--previous", "x"], "expected a manifest.jsonl, the folder of"),
    ],
)
def test_mistakes_get_a_message_that_says_what_to_do(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "a.osz").write_bytes(write_zip({"a.osu": OSU.format(audio="a", title="T").encode()}))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "m.jsonl").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["rhythm-maps", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    printed = capsys.readouterr()
    assert exit_.value.code in {1, 2}
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert (tmp_path / "taken" / "letter.txt").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "o").exists()


def test_usage_errors_end_with_2_and_others_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, code in ((["build", "osu"], 2), (["nothing"], 2), (["inspect", str(tmp_path / "none")], 1)):
        monkeypatch.setattr(sys, "argv", ["rhythm-maps", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        assert exit_.value.code == code, arguments
    with pytest.raises(UsageError):
        run("build", "osu", tmp_path, "--out", tmp_path / "o", "--preset", "none")


def test_every_command_has_help_that_names_its_options() -> None:
    listed = run("--help").output
    for name in ("scan", "build", "inspect", "demo"):
        assert f"\n  {name} " in listed
        text = run(name, "--help").output
        assert "Usage:" in text
        assert all(line.split("  ")[-1].strip() for line in text.splitlines() if line.strip().startswith("--"))


@pytest.mark.parametrize("game", ["osu", "beat_saber"])
def test_inspect_shows_an_archive_a_folder_and_json(game: str, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    first = write_samples(game, folder)[0]
    text = run("inspect", first).output
    assert "1 mapset" in text
    assert "song [difficulty]" in text
    facts = json.loads(run("inspect", folder, "--json").output)
    assert facts["kind"] == "maps"
    assert [one["game"] for one in facts["games"]] == [game]
    assert len(facts["games"][0]["charts"]) >= 10
    assert all(chart["n_notes"] > 0 for chart in facts["games"][0]["charts"])


def test_inspect_shows_one_chart_a_build_a_manifest_audio_and_what_it_does_not_know(
    osu_maps: Path, tmp_path: Path
) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    for name in ("one.osu", "two.osu"):
        (loose / name).write_text(OSU.format(audio="none.mp3", title=name), encoding="utf-8")
    one = json.loads(run("inspect", loose / "one.osu", "--json").output)["games"][0]
    assert [chart["title"] for chart in one["charts"]] == ["one.osu"]
    assert [problem["code"] for problem in one["problems"]] == ["audio_missing"]
    run("scan", "osu", osu_maps, "--out", tmp_path / "m.jsonl")
    run("build", "osu", tmp_path / "m.jsonl", "--out", tmp_path / "out")
    assert "A manifest of osu: 7 mapsets" in run("inspect", tmp_path / "m.jsonl").output
    assert "A dataset of osu" in run("inspect", tmp_path / "out").output
    assert "Parquet: " in run("inspect", tmp_path / "out" / "meta" / "ledger.parquet").output
    (tmp_path / "page.txt").write_text("hello", encoding="utf-8")
    assert "Not a map" in run("inspect", tmp_path / "page.txt").output


def test_output_survives_a_console_that_cannot_show_it(tmp_path: Path) -> None:
    """A Windows console of code page 1252 gets escapes, not a crash."""
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "a.osz").write_bytes(write_zip({"a.osu": OSU.format(audio="x.mp3", title="見本 \x1b[31m").encode()}))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "rhythm_maps", "inspect", str(maps)],
        env={"PYTHONIOENCODING": "cp1252", "PATH": "", "RHYTHM_MAPS_CACHE": str(tmp_path), "SYSTEMROOT": "C:\\Windows"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u898b\\u672c" in done.stdout
    assert b"\x1b" not in done.stdout
