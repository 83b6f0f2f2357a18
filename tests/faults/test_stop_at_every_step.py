"""A build that stops before any one change of the file system goes on to the same bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from generate import write_mapsets
from trees import digests, faults_of

from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.files import atomic

MAPSETS = 16
"""Two shards of train."""


class Stopped(BaseException):
    """Stands for the end of the process: nothing catches it."""


class Stopper:
    """Takes the place of `atomic.step`: notes every operation, and ends the build before number `at`."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.operations: list[str] = []

    def __call__(self, operation: str, path: Path) -> None:
        if len(self.operations) == self.at:
            raise Stopped(f"{operation} {path}")
        self.operations.append(operation)


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", MAPSETS, audio_seconds=0.01)
    return tmp_path / "maps"


@pytest.fixture
def make(tmp_path, maps, monkeypatch):
    """Run the build of `maps` with a stopper; the scan itself is not stopped."""
    manifest = scan("osu", [maps]).keep()
    spec = make_spec("osu")

    def run(out: Path, stopper: Stopper, *, fresh: bool = False) -> None:
        monkeypatch.setattr(atomic, "step", stopper)
        build(manifest, out, spec, fresh=fresh)

    return run


@pytest.fixture
def older(tmp_path, maps):
    """A finished build of half of the maps."""
    for path in sorted(maps.iterdir())[: MAPSETS // 2]:
        (tmp_path / "half").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "half" / path.name)
    out = tmp_path / "older"
    build(scan("osu", [tmp_path / "half"]).keep(), out, make_spec("osu"))
    return out


def stop_everywhere(
    make: Callable[..., None], folder: Path, prepare: Callable[[Path], None], *, fresh: bool = False
) -> int:
    """Stop a build before each of its operations; return how many there are.

    After each stop `out` must be absent or whole; after the next run it must be the reference, with nothing beside it.
    """
    prepare(folder / "reference" / "out")
    count = Stopper()
    make(folder / "reference" / "out", count, fresh=fresh)
    expected = digests(folder / "reference" / "out")
    for at in range(len(count.operations)):
        out = folder / f"stop{at}" / "out"
        prepare(out)
        with pytest.raises(Stopped) as stopped:
            make(out, Stopper(at), fresh=fresh)
        assert faults_of(out) == [], f"half a build is seen after a stop before {stopped.value}"
        make(out, Stopper())
        assert digests(out) == expected, f"other bytes after a stop before {stopped.value}"
        assert [path.name for path in out.parent.iterdir()] == ["out"], f"litter after a stop before {stopped.value}"
        shutil.rmtree(out.parent)
    return len(count.operations)


def test_a_first_build_stopped_anywhere_ends_with_the_same_bytes(make, tmp_path):
    def nothing(out: Path) -> None:
        out.parent.mkdir(parents=True)

    assert stop_everywhere(make, tmp_path, nothing) >= 60


def test_a_build_over_an_older_one_stopped_anywhere_ends_with_the_same_bytes(make, older, tmp_path):
    def copy_older(out: Path) -> None:
        shutil.copytree(older, out)

    assert stop_everywhere(make, tmp_path, copy_older) >= 70


def test_a_build_made_afresh_over_its_equal_ends_with_the_same_bytes(make, tmp_path):
    make(tmp_path / "first", Stopper())

    def copy_first(out: Path) -> None:
        shutil.copytree(tmp_path / "first", out)

    assert stop_everywhere(make, tmp_path, copy_first, fresh=True) >= 70


def test_starting_afresh_from_an_interrupted_build_stopped_anywhere_ends_with_the_same_bytes(make, tmp_path):
    """The old work folder is thrown away: half-emptied, it must not say which shards are done."""

    def interrupt(out: Path) -> None:
        with pytest.raises(Stopped):
            make(out, Stopper(at=50))
        assert list(out.parent.glob("out.build-*/parts/*"))

    assert stop_everywhere(make, tmp_path, interrupt, fresh=True) >= 70


def test_a_build_stopped_between_its_two_renames_can_follow_another_one(make, older, tmp_path):
    """The old tree still lies in the work folder when the name is taken again."""
    out = tmp_path / "made" / "out"
    shutil.copytree(older, out)
    count = Stopper()
    shutil.copytree(older, tmp_path / "reference")
    make(tmp_path / "reference", count)
    renames = [i for i, operation in enumerate(count.operations) if operation == "rename"]
    with pytest.raises(Stopped):
        make(out, Stopper(at=renames[-2]))
    assert not out.exists()
    shutil.copytree(older, out)
    make(out, Stopper())
    assert digests(out) == digests(tmp_path / "reference")


def stop_twice(make: Callable[..., None], tmp_path: Path, firsts: slice, seconds: range) -> None:
    """Stop a build, and then the run that clears up after it; the third run must end with the reference's bytes."""
    reference = tmp_path / "reference" / "out"
    count = Stopper()
    make(reference, count)
    expected = digests(reference)
    for first in range(len(count.operations))[firsts]:
        for second in seconds:
            out = tmp_path / f"{first}-{second}" / "out"
            with pytest.raises(Stopped):
                make(out, Stopper(first))
            try:
                make(out, Stopper(second))
            except Stopped:
                assert faults_of(out) == []
                make(out, Stopper())
            assert digests(out) == expected
            shutil.rmtree(out.parent)


def test_a_build_stopped_twice_in_a_row_ends_with_the_same_bytes(make, tmp_path):
    stop_twice(make, tmp_path, slice(3, None, 9), range(0, 30, 7))


@pytest.mark.stress
@pytest.mark.timeout(3600)
def test_a_build_stopped_twice_at_any_two_steps_ends_with_the_same_bytes(make, tmp_path):
    stop_twice(make, tmp_path, slice(None), range(40))


def test_without_hard_links_a_build_has_the_same_bytes(make, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    make(tmp_path / "linked", Stopper())
    monkeypatch.setattr("os.link", refuse)
    make(tmp_path / "copied", Stopper())
    assert digests(tmp_path / "copied") == digests(tmp_path / "linked")


def test_everything_is_on_the_disk_before_the_rename_that_says_so(make, tmp_path, monkeypatch):
    """A power cut after a rename must not find files or folders that were still in memory only."""
    synced: set[int] = set()
    fsync, rename = os.fsync, os.rename
    unsynced = []

    def note_sync(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        fsync(handle)

    def check_rename(source: Path, target: Path) -> None:
        if target.name == "out" or target.parent.name == "parts":
            inside = [source, *source.rglob("*")]
            unsynced.extend(str(path) for path in inside if path.stat().st_ino not in synced)
        rename(source, target)

    monkeypatch.setattr("os.fsync", note_sync)
    monkeypatch.setattr("os.rename", check_rename)
    make(tmp_path / "made" / "out", Stopper())
    assert unsynced == []
    assert (tmp_path / "made" / "out").stat().st_ino in synced


def test_the_steps_cover_every_kind_of_change(make, older, tmp_path):
    """An operation that does not pass `atomic.step` would be a point at which no test stops."""
    count = Stopper()
    shutil.copytree(older, tmp_path / "out")
    make(tmp_path / "out", count)
    assert set(count.operations) == {"make_folder", "create", "sync", "replace", "rename", "link", "remove"}


def test_only_files_atomic_changes_the_file_system_of_a_build():
    """What a build changes goes through `files.atomic`, by reading the sources for calls that change a file system.

    The exception is no part of a result: the note that says where a worker is.
    """
    import rhythm_maps

    package = Path(rhythm_maps.__file__).parent
    changing = (".mkdir(", ".rmdir(", ".unlink(", ".write_text(", ".write_bytes(", "os.replace", "os.rename", "shutil.")
    found = []
    for path in sorted([*(package / "build").rglob("*.py"), *(package / "cli").rglob("*.py")]):
        for line in path.read_text(encoding="utf-8").splitlines():
            if any(call in line for call in changing) and "atomic." not in line:
                found.append((path.name, line.strip()))
    assert found == [
        ("processes.py", "whereabouts.parent.mkdir(exist_ok=True)"),
        ("processes.py", "whereabouts.write_bytes(msgspec.json.encode(Place(printable(path), track)))"),
    ]
