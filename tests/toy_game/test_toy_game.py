"""A third game is a new folder, a builder, its presets and its card: no file is edited, and all contracts hold."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import token_weights
from tree import TOY, add_toy, copy_tree

from rhythm_maps import games


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The copy of the tree with the game, and the folder that it was installed into."""
    base = tmp_path_factory.mktemp("toy")
    copy = copy_tree(base / "copy")
    add_toy(copy)
    site = base / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", site, copy], cwd=base, check=True)
    return copy, site


def run(site, cwd, *arguments):
    """Run Python with the installed copy instead of this tree."""
    env = {**os.environ, "PYTHONPATH": str(site), "RHYTHM_MAPS_CACHE": str(cwd / "cache")}
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=cwd, env=env, check=False, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip


def test_the_game_is_unknown_to_this_tree():
    assert "toy" not in games.names()
    assert {path.relative_to(TOY).parts[0] for path in TOY.rglob("*.*")} == {
        "rhythm_maps", "builders", "configs", "hub_cards",
    }  # fmt: skip


def test_the_installed_copy_finds_the_game(installed, tmp_path):
    copy, site = installed
    program = "import rhythm_maps.games as g, rhythm_maps.builders.toy as b; print(g.__file__, b.__file__, g.names())"
    shown = run(site, tmp_path, "-c", program).stdout
    assert shown.count(str(site)) == 2
    assert shown.strip().endswith(str((*sorted([*games.names(), "toy"]),)))
    assert str(copy) not in shown


def test_the_games_contracts_hold(installed, tmp_path, tmp_path_factory):
    """Its own and those across games; run in a process of their own, which finds the weights that are there."""
    copy, site = installed
    base = tmp_path_factory.getbasetemp()
    token_weights.file(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base)
    report = tmp_path / "report.xml"
    contracts = ["-m", "pytest", "-q", copy / "tests/contracts", "-k", "toy or across", "--junitxml", report]
    result = run(site, tmp_path, *contracts, "--basetemp", tmp_path / "contracts")
    assert result.returncode == 0, result.stdout[-4000:]
    suite = ET.parse(report).getroot().find("testsuite")
    assert suite.get("failures") == suite.get("errors") == suite.get("skipped") == "0"
    names = [case.get("name") for case in suite.iter("testcase")]
    for config in ("charts", "beats", "tracks", "tokens", "examples", "six_pads", "hard"):
        assert sum(f"toy-{config}" in name for name in names) >= 5, config
    assert sum("toy" in name for name in names) > 50
    assert any("across" in name for name in names)


def test_the_command_line_builds_it(installed, tmp_path):
    _, site = installed
    make = "from pathlib import Path; from rhythm_maps.build.samples import write_samples as w; w('toy', Path('maps'))"
    assert run(site, tmp_path, "-c", make).returncode == 0
    built = run(site, tmp_path, "-m", "rhythm_maps", "build", "toy", "maps", "--out", "out/toy")
    assert built.returncode == 0, built.stderr
    assert "six_pads" in built.stdout
    assert "chart reject bad_number" in built.stdout
    card = (tmp_path / "out/toy/README.md").read_text(encoding="utf-8")
    assert "a game that exists in tests only" in card
    assert "`notes_toy`" in card
