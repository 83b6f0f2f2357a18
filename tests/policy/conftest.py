"""Builds that hold what must not be published, made once, and places of their own for every test."""

from __future__ import annotations

import sys
from pathlib import Path

import datasets
import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "unity")]

datasets.disable_progress_bars()


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """Caches, settings and a working folder that no other test has seen."""
    monkeypatch.chdir(tmp_path)
    for name in ("RHYTHM_MAPS_CACHE", "RHYTHM_MAPS_CONFIG", "HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "HF_DATASETS_CACHE")


@pytest.fixture(scope="session")
def session_place(tmp_path_factory):
    """A folder of the session, whose caches are in use while something is made in it."""
    base = tmp_path_factory.mktemp("policy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(base / "cache"))
        yield base


@pytest.fixture(scope="session")
def planted(session_place):
    """(build of osu! maps with marks, opt-outs that would rid it of them)."""
    from planted import write_osu
    from trees import build_osu

    from rhythm_maps.build.opt_outs import OptOuts

    entries = write_osu(session_place / "Zqmark maps")
    result = build_osu(session_place / "Zqmark maps", session_place / "osu", fractions=(0.5, 0.25, 0.25))
    return result.out, OptOuts(tuple(sorted(entry.key for entry in entries)))


@pytest.fixture(scope="session")
def carded(planted, session_place):
    """What a push of `planted` stages under its widest profile, card and pictures included."""
    from rhythm_maps.publish.stage import stage

    build, opt_outs = planted
    basis = "all of it is mine"
    out = session_place / "carded"
    return stage(build, out, profile="audio", rights=basis, opt_outs=opt_outs, repo="me/maps", version="1.0.0")


@pytest.fixture(scope="session")
def levels(session_place):
    """A build of Beat Saber levels: official ones with marks, a custom one of their music, and six others."""
    pytest.importorskip("UnityPy")
    from generate import beat_saber_members, write_mapsets, zipped
    from unity_maker import Entry, FakeInstall, Level

    from rhythm_maps.build.run import build
    from rhythm_maps.build.scan import scan
    from rhythm_maps.build.spec import make_spec
    from rhythm_maps.sources.unity.extract import extract_official

    install = FakeInstall(session_place / "Beat Saber")
    install.add_level(Level("ZqmarkLevel"))
    install.add_pack("ost", [Entry("ZqmarkLevel")])
    done = extract_official(install.root, session_place / "extracted")
    [song] = [path for path in (done.out / done.folders[0]).iterdir() if path.suffix in {".wav", ".ogg", ".egg"}]
    custom = install.root / "Beat Saber_Data" / "CustomLevels"
    write_mapsets(custom, 6, "beat_saber")
    members = beat_saber_members(60) | {"song.wav": song.read_bytes()}
    (custom / "borrowed.zip").write_bytes(zipped(members))
    plan = scan("beat_saber", [], installs=[install.root], fractions=(0.5, 0.25, 0.25)).keep()
    return build(plan, session_place / "beat_saber", make_spec("beat_saber")).out


@pytest.fixture
def plain_card(monkeypatch):
    """Stage with a card of one line: the real one is made of the staged folder alone and takes seconds."""

    def write_card(folder, facts):
        (folder / "README.md").write_text(f"{facts}\n", encoding="utf-8")

    monkeypatch.setattr("rhythm_maps.publish.stage.write_card", write_card)
