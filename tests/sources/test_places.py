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
BEAT_SABER = games.get("beat_saber")
LEVELS = "Beat Saber_Data/CustomLevels"
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


@pytest.mark.skipif(os.name == "nt", reason="the home folder is named otherwise there")
@pytest.mark.parametrize(
    "steam",
    [
        ".steam/steam",
        ".local/share/Steam",
        ".var/app/com.valvesoftware.Steam/.local/share/Steam",
        "snap/steam/common/.local/share/Steam",
    ],
)
def test_beat_saber_is_found_in_steam_on_linux(steam: str, tmp_path: Path) -> None:
    folder = tmp_path / steam / "steamapps/common/Beat Saber" / LEVELS
    folder.mkdir(parents=True)
    assert find_places(BEAT_SABER, {"HOME": str(tmp_path)}) == [folder]


@pytest.mark.parametrize(
    ("variable", "install"),
    [
        ("ProgramFiles(x86)", "Steam/steamapps/common/Beat Saber"),
        ("ProgramFiles", "Steam/steamapps/common/Beat Saber"),
        ("ProgramFiles", "Oculus/Software/Software/hyperbolic-magnetism-beat-saber"),
        ("OculusBase", "Software/Software/hyperbolic-magnetism-beat-saber"),
    ],
)
def test_beat_saber_is_found_in_the_default_installs_of_windows(variable: str, install: str, tmp_path: Path) -> None:
    folder = tmp_path / install / LEVELS
    folder.mkdir(parents=True)
    assert find_places(BEAT_SABER, {variable: str(tmp_path)}) == [folder]


@pytest.mark.parametrize(("variable", "below"), [("XDG_DATA_HOME", ""), ("USERPROFILE", "Documents")])
def test_every_instance_of_bsmanager_is_found_in_order_and_finished_levels_come_first(
    variable: str, below: str, tmp_path: Path
) -> None:
    manager = tmp_path / below / "BSManager"
    wanted = [
        manager / "BSInstances" / "1.29.1" / LEVELS,
        manager / "BSInstances" / "1.40.0 [mods]" / LEVELS,
        manager / "SharedContent/SharedMaps/CustomLevels",
        manager / "BSInstances" / "1.29.1" / "Beat Saber_Data/CustomWIPLevels",
    ]
    for folder in reversed(wanted):
        folder.mkdir(parents=True)
    (manager / "BSInstances" / "notes.txt").write_text("a file is no instance")
    assert find_places(BEAT_SABER, {variable: str(tmp_path)}) == wanted


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_folder_that_links_lead_to_is_named_once(tmp_path: Path) -> None:
    folder = tmp_path / ".local/share/Steam/steamapps/common/Beat Saber" / LEVELS
    folder.mkdir(parents=True)
    (tmp_path / ".steam").mkdir()
    (tmp_path / ".steam/steam").symlink_to(tmp_path / ".local/share/Steam")
    assert find_places(BEAT_SABER, {"HOME": str(tmp_path)}) == [
        tmp_path / ".steam/steam/steamapps/common/Beat Saber" / LEVELS
    ]


@pytest.mark.skipif(os.name == "nt", reason="no name holds a star there")
def test_a_star_in_a_variable_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "other/BSManager/SharedContent/SharedMaps/CustomLevels").mkdir(parents=True)
    assert find_places(BEAT_SABER, {"XDG_DATA_HOME": str(tmp_path / "*")}) == []


@pytest.mark.skipif(os.name == "nt", reason="the home folder is named otherwise there")
def test_build_beat_saber_without_a_path_says_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / ".local/share/Steam/steamapps/common/Beat Saber/Beat Saber_Data"
    for name in ("CustomWIPLevels", "CustomLevels"):
        (data / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "USERPROFILE", "OneDrive", "OculusBase", "ProgramFiles", "ProgramFiles(x86)"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=r"Found .*/CustomLevels: add --yes(.|\n)*Also found:\n.*/CustomWIPLevels"):
        CliRunner().invoke(cli, ["build", "beat_saber", "--out", str(tmp_path / "out")], catch_exceptions=False)


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
