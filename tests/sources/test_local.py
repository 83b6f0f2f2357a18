"""Which folders and files are mapsets, and which files each of them owns."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rhythm_maps import games
from rhythm_maps.errors import InputError
from rhythm_maps.sources.local import find_mapsets

OSU, BEAT_SABER = games.get("osu"), games.get("beat_saber")


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def owned(root: Path, game: games.Game = OSU) -> dict[str, list[str]]:
    return {found.path: [name for name, _, _ in found.files] for found in find_mapsets(game, root)}


def test_a_folder_with_a_chart_owns_the_files_below_it_down_to_the_next_mapset(tmp_path: Path) -> None:
    tree(tmp_path, "a/map.osu", "a/audio.mp3", "a/sb/x.png", "a/other/map.osu", "a/other/audio.mp3", "notes.txt")
    assert owned(tmp_path) == {"a": ["audio.mp3", "map.osu", "sb/x.png"], "a/other": ["audio.mp3", "map.osu"]}


def test_the_root_itself_may_be_a_mapset(tmp_path: Path) -> None:
    tree(tmp_path, "map.osu", "sub/audio.mp3")
    assert owned(tmp_path) == {".": ["map.osu", "sub/audio.mp3"]}


def test_archives_are_mapsets_of_their_own_whatever_the_case_of_their_suffix(tmp_path: Path) -> None:
    tree(tmp_path, "One.OSZ", "deep/er/two.olz", "a/map.osu", "a/inner.osz", "three.zip")
    assert owned(tmp_path) == {
        "One.OSZ": ["One.OSZ"], "deep/er/two.olz": ["two.olz"], "a": ["map.osu"], "a/inner.osz": ["inner.osz"],
    }  # fmt: skip


def test_a_folder_whose_name_ends_like_a_chart_is_a_folder(tmp_path: Path) -> None:
    tree(tmp_path, "x.osu/replay.osr", "y.osz/map.osu")
    assert owned(tmp_path) == {"y.osz": ["map.osu"]}


def test_beat_saber_levels_are_folders_with_an_info_of_any_case(tmp_path: Path) -> None:
    tree(tmp_path, "l1/INFO.DAT", "l1/song.egg", "l2/info.json", "l3/Easy.dat", "level.zip")
    assert owned(tmp_path, BEAT_SABER) == {
        "l1": ["INFO.DAT", "song.egg"], "l2": ["info.json"], "level.zip": ["level.zip"],
    }  # fmt: skip


def test_a_single_archive_is_read_with_its_folder_as_root(tmp_path: Path) -> None:
    tree(tmp_path, "one.osz", "two.osz")
    assert owned(tmp_path / "one.osz") == {"one.osz": ["one.osz"]}


def test_resource_forks_of_macos_are_no_mapsets(tmp_path: Path) -> None:
    tree(tmp_path, "__MACOSX/map.osu", "a/map.osu")
    assert list(owned(tmp_path)) == ["a"]


def test_the_order_is_the_paths_and_not_the_file_systems(tmp_path: Path) -> None:
    tree(tmp_path, *(f"{name}/map.osu" for name in ("b", "a", "c", "B", "a b")))
    assert list(owned(tmp_path)) == sorted(["b", "a", "c", "B", "a b"])


def test_a_path_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        find_mapsets(OSU, tmp_path / "none")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_to_folders_are_not_followed_and_dangling_ones_are_no_files(tmp_path: Path) -> None:
    tree(tmp_path, "a/map.osu")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "gone.mp3").symlink_to(tmp_path / "nowhere.mp3")
    assert owned(tmp_path) == {"a": ["map.osu"]}


def test_a_folder_that_cannot_be_listed_is_a_problem_and_not_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a/map.osu", "b/map.osu")
    scandir = os.scandir

    def guarded(path: Path) -> object:
        if Path(path) == tmp_path / "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    problems = {found.path: found.problem for found in find_mapsets(OSU, tmp_path)}
    assert problems == {"a": "", "b": "the folder cannot be listed: Permission denied"}
