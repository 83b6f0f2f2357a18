"""The folders where games keep maps, on machines that tests make up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import rhythm_maps
from rhythm_maps import games
from rhythm_maps.cli import cli
from rhythm_maps.errors import UsageError
from rhythm_maps.files.zips import write_zip
from rhythm_maps.sources.places import find_places

OSU = games.get("osu")
CHART = (
    b"osu file format v14\n\n[Metadata]\nTitle:T\nArtist:A\nCreator:M\nVersion:N\n\n"
    b"[TimingPoints]\n0,500,4,1,0,100,1,0\n\n[HitObjects]\n256,192,1000,1,0\n"
)


def profile(tmp_path: Path, *folders: str) -> dict[str, str]:
    """A Windows profile with these folders below it."""
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    return {"LOCALAPPDATA": str(tmp_path / "AppData/Local"), "APPDATA": str(tmp_path / "AppData/Roaming")}


def test_exports_come_before_songs(tmp_path: Path) -> None:
    environment = profile(tmp_path, "AppData/Local/osu!/Songs", "AppData/Local/osu!/Exports")
    assert find_places(OSU, environment) == [
        tmp_path / "AppData/Local/osu!/Exports",
        tmp_path / "AppData/Local/osu!/Songs",
    ]


def test_songs_alone_are_found_and_nothing_is_made_up(tmp_path: Path) -> None:
    assert find_places(OSU, profile(tmp_path, "AppData/Local/osu!/Songs")) == [tmp_path / "AppData/Local/osu!/Songs"]
    assert find_places(OSU, {}) == []
    assert find_places(OSU, {"LOCALAPPDATA": ""}) == []


@pytest.mark.skipif(os.name == "nt", reason="the home folder is named otherwise there")
@pytest.mark.parametrize("place", ["Library/Application Support/osu/exports", ".local/share/osu/exports"])
def test_lazers_exports_are_found_on_macos_and_linux(place: str, tmp_path: Path) -> None:
    (tmp_path / place).mkdir(parents=True)
    assert find_places(OSU, {"HOME": str(tmp_path)}) == [tmp_path / place]


def test_build_without_a_path_says_what_it_found_and_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newcomer's path: install, build, and be told what to add."""
    for name, value in profile(tmp_path, "AppData/Local/osu!/Exports").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "nobody"))
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    exports = tmp_path / "AppData/Local/osu!/Exports"
    (exports / "1 A - T.osz").write_bytes(write_zip({"A - T (M) [N].osu": CHART}))
    arguments = ["build", "osu", "--out", str(tmp_path / "out")]
    with pytest.raises(UsageError, match=r"no PATH given. Found .*Exports: add --yes to take it, or name a folder"):
        CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert not (tmp_path / "out").exists()
    result = CliRunner().invoke(cli, [*arguments, "--yes"], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"Taking {exports}" in result.output
    with pytest.raises(UsageError, match=r"Found on this machine:\n  data_dir=.*Exports"):
        rhythm_maps.load_dataset("osu")
    ds = rhythm_maps.load_dataset(str(tmp_path / "out"), "charts", split="train", cache_dir=tmp_path / "hf")
    assert ds["title"][:] == ["T"]


def test_nothing_found_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCALAPPDATA", "APPDATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(UsageError, match="no maps of osu! found in the usual folders"):
        CliRunner().invoke(cli, ["build", "osu", "--out", str(tmp_path / "out"), "--yes"], catch_exceptions=False)
