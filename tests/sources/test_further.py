"""Further folders of levels that SongCore's folders.xml of an install names, in scans and builds."""

from __future__ import annotations

import os
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from click.testing import CliRunner

from rhythm_maps import games
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import Scan, scan
from rhythm_maps.cli import cli
from rhythm_maps.errors import UsageError
from rhythm_maps.sources.further import further_folders

LIST = "UserData/SongCore/folders.xml"
BEAT_SABER = games.get("beat_saber")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two levels as archives, which each test puts where it wants them."""
    folder = tmp_path_factory.mktemp("pack")
    write_samples("beat_saber", folder)
    return sorted(folder.glob("*.zip"))[:2]


def put(level: Path, folder: Path) -> Path:
    """Put a level into a folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / level.name).write_bytes(level.read_bytes())
    return folder


def say(install: Path, *entries: tuple[str, str]) -> None:
    """Write an install's list of (name, path)."""
    rows = "".join(
        f"<folder><Name>{escape(name)}</Name><Path>{escape(path)}</Path><Pack>2</Pack></folder>"
        for name, path in entries
    )
    (install / LIST).parent.mkdir(parents=True, exist_ok=True)
    (install / LIST).write_text(f"<folders>{rows}</folders>", encoding="utf-8")


def levels(found: Scan) -> list[str]:
    """The scan's mapsets as full paths."""
    return sorted(f"{found.header.roots[entry.root]}/{entry.path}" for entry in found.entries)


def test_further_folders_are_scanned_only_when_asked(pack: list[Path], tmp_path: Path) -> None:
    custom = put(pack[0], tmp_path / "game/Beat Saber_Data/CustomLevels")
    far = put(pack[1], tmp_path / "far away")
    say(tmp_path / "game", ("Far", str(far)))
    assert levels(scan("beat_saber", [custom])) == [f"{custom}/{pack[0].name}"]
    both = scan("beat_saber", [custom], further=True)
    assert levels(both) == sorted([f"{custom}/{pack[0].name}", f"{far}/{pack[1].name}"])
    assert both.further == [far]
    assert both.rejects == []


def test_paths_are_relative_to_the_install_with_either_slash(tmp_path: Path) -> None:
    say(tmp_path, ("A", "Songs\\Mine"), ("B", "Songs/Mine/../Yours"), ("A again", "Songs/Mine/"))
    (tmp_path / "Songs/Mine").mkdir(parents=True)
    (tmp_path / "Songs/Yours").mkdir()
    found = further_folders(BEAT_SABER, tmp_path / "Beat Saber_Data/CustomLevels")
    assert found.folders == [tmp_path / "Songs/Mine", tmp_path / "Songs/Yours"]
    assert found.problems == []


@pytest.mark.skipif(os.name == "nt", reason="drive Z: is Wine's name for the whole file system")
def test_a_path_that_proton_wrote_is_understood(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    say(tmp_path / "game", ("Z", "z:" + str(tmp_path / "songs").replace("/", "\\")))
    assert further_folders(BEAT_SABER, tmp_path / "game").folders == [tmp_path / "songs"]


def test_a_folder_that_is_scanned_already_is_not_scanned_again(pack: list[Path], tmp_path: Path) -> None:
    put(pack[0], tmp_path / "Beat Saber_Data/CustomLevels")
    say(tmp_path, ("Own", "Beat Saber_Data/CustomLevels"))
    found = scan("beat_saber", [tmp_path], further=True)
    assert len(found.entries) == 1
    assert found.further == []


def test_what_a_list_says_wrong_is_a_reject_that_tells_no_path(pack: list[Path], tmp_path: Path) -> None:
    custom = put(pack[0], tmp_path / "game/CustomLevels")
    say(tmp_path / "game", ("Gone", str(tmp_path / "secret")), ("Empty", ""))
    found = scan("beat_saber", [custom], further=True)
    assert [(r.path, r.code, r.place) for r in found.rejects] == [
        (LIST, "missing_folder", "Gone"),
        (LIST, "missing_folder", "Empty"),
    ]
    assert not any("secret" in reject.reason for reject in found.rejects)
    (tmp_path / "game" / LIST).write_text("<folders>")
    assert [(r.code, r.place) for r in scan("beat_saber", [custom], further=True).rejects] == [
        ("bad_xml", "line 1, column 10")
    ]


def test_a_game_without_such_lists_scans_as_ever(tmp_path: Path) -> None:
    say(tmp_path, ("Far", str(tmp_path)))
    assert further_folders(games.get("osu"), tmp_path).folders == []


def test_the_command_says_what_it_also_read(pack: list[Path], tmp_path: Path) -> None:
    custom = put(pack[0], tmp_path / "game/Beat Saber_Data/CustomLevels")
    far = put(pack[1], tmp_path / "far")
    say(tmp_path / "game", ("Far", str(far)))
    manifest = tmp_path / "m.jsonl"
    arguments = ["scan", "beat_saber", str(custom), "--out", str(manifest), "--song-folders"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert "Found 2 mapsets" in result.output
    assert f"Also read {far}: a list of the install names it." in result.output
    arguments = ["build", "beat_saber", str(manifest), "--out", str(tmp_path / "out")]
    with pytest.raises(UsageError, match="--song-folders to rhythm-maps scan"):
        CliRunner().invoke(cli, [*arguments, "--song-folders"], catch_exceptions=False)
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
