"""What is installed, what an import costs, and which errors and names there are."""

from __future__ import annotations

import builtins
import inspect
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import rhythm_maps
from rhythm_maps import errors

ROOT = Path(__file__).parents[1]
MAPPED = {"builders": "rhythm_maps/builders", "configs": "rhythm_maps/configs", "hub_cards": "rhythm_maps/hub_cards"}
"""Top-level folder of the tree -> where it is installed."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """A wheel and a source archive of this tree, made by way of a copy, so that no build folder is left in it."""
    base = tmp_path_factory.mktemp("wheel")
    sys.path.insert(0, str(Path(__file__).parent / "toy_game"))
    from tree import copy_tree

    copy_tree(base / "tree")
    build = [sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", base / "dist", base / "tree"]
    subprocess.run(build, cwd=base, check=True, capture_output=True)
    return base / "dist"


@pytest.fixture(scope="session")
def installed(wheel):
    """The files that the wheel installs, without its metadata."""
    with zipfile.ZipFile(next(wheel.glob("*.whl"))) as archive:
        return sorted(name for name in archive.namelist() if ".dist-info/" not in name)


def sources():
    """The files that should be installed, under the names they get."""
    shipped = {".py", ".toml", ".md", ".typed", ".example"}
    found = []
    for folder, target in {"rhythm_maps": "rhythm_maps", **MAPPED}.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in shipped | {""}:
                found.append(f"{target}/{path.relative_to(ROOT / folder).as_posix()}")
    return sorted(found)


def test_the_wheel_holds_the_tree_and_nothing_else(installed):
    assert installed == sources()
    assert {name.split("/")[0] for name in installed} == {"rhythm_maps"}


def test_every_folder_of_source_files_is_a_package(installed):
    """Without an ``__init__.py`` a folder would be left out of the wheel in silence."""
    folders = {name.rpartition("/")[0] for name in installed if name.endswith(".py")}
    packages = {name.removesuffix("/__init__.py") for name in installed if name.endswith("/__init__.py")}
    assert folders == packages
    assert {*MAPPED.values()} <= packages


def test_presets_and_cards_of_every_game_are_in_the_wheel(installed):
    for game in rhythm_maps.games.names():
        assert f"rhythm_maps/builders/{game}.py" in installed
        assert f"rhythm_maps/configs/{game}.toml" in installed
        assert f"rhythm_maps/hub_cards/{game}.md" in installed
    assert "rhythm_maps/py.typed" in installed


def test_the_source_archive_builds_the_same_wheel(wheel, installed):
    """`build` makes the wheel from it: all that is needed is inside, and no test data is."""
    with tarfile.open(next(wheel.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "setup.py", "LICENSE", "README.md"} <= names
    assert len([name for name in names if name.endswith(".py")]) >= len([n for n in installed if n.endswith(".py")])


def test_the_wheel_brings_its_command_and_license(wheel):
    with zipfile.ZipFile(next(wheel.glob("*.whl"))) as archive:
        meta = {name.partition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        assert b"rhythm-maps = rhythm_maps.cli:main" in archive.read(meta["entry_points.txt"])
        required = archive.read(meta["METADATA"]).decode("utf-8")
    assert "licenses/LICENSE" in meta
    base = [line for line in required.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert any("datasets" in line for line in base)
    assert not any("torch" in line for line in base)


def modules_after(statement):
    """Names of the modules that a fresh interpreter holds after a statement."""
    program = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    shown = subprocess.run([sys.executable, "-P", "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    return set(json.loads(shown.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import rhythm_maps", "from rhythm_maps import cli, errors, limits"])
def test_importing_costs_nothing_heavy(statement):
    loaded = modules_after(statement)
    assert "rhythm_maps" in loaded
    heavy = {"datasets", "torch", "pyarrow", "pandas", "soundfile", "huggingface_hub"}
    assert not loaded & heavy


def test_a_load_imports_no_torch_and_the_tree_is_never_imported_twice():
    """From the project's own folder too, where ``builders`` would be a second copy of ``rhythm_maps.builders``."""
    loaded = modules_after("import rhythm_maps.builders.osu, rhythm_maps.build.run")
    assert "rhythm_maps.builders.osu" in loaded
    assert not loaded & {"torch", "builders", "configs", "hub_cards"}


def test_this_process_did_not_import_the_tree_as_top_level_modules():
    assert not set(sys.modules) & {"builders", "configs", "hub_cards"}


def test_all_public_names_are_there_and_no_other():
    assert sorted(rhythm_maps.__all__) == rhythm_maps.__dir__()
    for name in rhythm_maps.__all__:
        value = getattr(rhythm_maps, name)
        assert isinstance(value, str) or value.__doc__
    shown = subprocess.run(
        [sys.executable, "-P", "-c", "from rhythm_maps import *; print(sorted(n for n in dir() if n[0] != '_'))"],
        check=True, capture_output=True, text=True, env={**os.environ},
    ).stdout  # fmt: skip
    assert shown.strip() == str([name for name in sorted(rhythm_maps.__all__) if name[0] != "_"])
    with pytest.raises(AttributeError, match="no attribute 'lod_dataset'"):
        rhythm_maps.lod_dataset  # noqa: B018


def test_every_error_is_one_of_ours_and_a_builtin():
    """`except ValueError` of code that does not know us keeps working; the docstring draws the whole tree."""
    found = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, BaseException)]
    assert len(found) > 5
    for error in found:
        assert error.__module__ == errors.__name__
        assert issubclass(error, errors.RhythmMapsError)
        assert error.__name__ in errors.__doc__, f"{error.__name__} is missing in the tree of the docstring"
        if error is not errors.RhythmMapsError:
            named = [base for base in error.__mro__ if base.__module__ == "builtins"]
            assert named[0] not in {Exception, BaseException, object}
            assert getattr(builtins, named[0].__name__) is named[0]
