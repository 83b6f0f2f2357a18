"""A build of an install: official and custom levels in one go, and the official ones say that they are."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from unity_maker import Entry, Level

from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.cli import cli
from rhythm_maps.errors import UsageError


def rows(out, config):
    return [row for path in sorted((out / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def both(install):
    """An install with two official levels, one that was not bought, and custom levels in its own folder."""
    for name in ("One", "Two"):
        install.add_level(Level(name))
    install.add_pack("ost", [Entry("One"), Entry("Two"), Entry("NotBought")])
    write_samples("beat_saber", install.root / "Beat Saber_Data" / "CustomLevels")
    return install


def test_official_and_custom_levels_come_out_together(both, tmp_path):
    out = tmp_path / "out"
    result = run("build", "beat_saber", "--install", both.root, "--out", out)
    assert result.exit_code == 0, result.output
    charts = rows(out, "charts")
    official = [row for row in charts if row["rights"]["official"]]
    assert len(official) == 2
    assert {row["rights"]["source"] for row in official} == {"install"}
    assert len(charts) - len(official) >= 10
    assert sum(row["rights"]["official"] for row in rows(out, "tracks")) >= 1
    ledger = pq.read_table(out / "meta" / "ledger.parquet").to_pylist()
    assert [line["path"] for line in ledger if line["code"] == "no_level_data"] == ["NotBought"]


def test_an_install_s_further_folders_are_read_without_asking(both, tmp_path):
    custom = both.root / "Beat Saber_Data" / "CustomLevels"
    far = tmp_path / "far"
    far.mkdir()
    level = min(custom.glob("*.zip"))
    level.rename(far / level.name)
    songs = both.root / "UserData" / "SongCore"
    songs.mkdir(parents=True)
    (songs / "folders.xml").write_text(f"<f><folder><Name>Far</Name><Path>{far}</Path></folder></f>")
    found = scan("beat_saber", [], installs=[both.root])
    assert found.header.roots == [str(both.root), str(far)]
    assert [entry.path for entry in found.entries if entry.root == 1] == [level.name]


def test_workers_open_official_levels_and_give_the_same_bytes(both, tmp_path):
    manifest = tmp_path / "m.jsonl"
    assert run("scan", "beat_saber", "--install", both.root, "--out", manifest).exit_code == 0
    for workers in (1, 2):
        assert (
            run("build", "beat_saber", manifest, "--out", tmp_path / f"{workers}", "--workers", workers).exit_code == 0
        )
    names = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*") if path.is_file())
    assert all((tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() for name in names)


def test_installs_of_other_games_are_refused(both, tmp_path):
    with pytest.raises(UsageError, match="--install goes with beat_saber"):
        run("build", "osu", "--install", both.root, "--out", tmp_path / "out")
