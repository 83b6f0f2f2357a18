"""One preset of real maps, by the command line and back through datasets."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from datasets import load_dataset

from rhythm_maps.cli import cli

pytestmark = pytest.mark.corpus


def test_a_preset_of_the_corpus_builds_and_loads(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    arguments = ["build", "osu", str(corpus / "osu"), "--out", str(out), "--preset", "mania_4k"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    charts = load_dataset(str(out), "charts", cache_dir=str(tmp_path / "hf"))
    preset = load_dataset(str(out), "mania_4k", cache_dir=str(tmp_path / "hf"))
    assert {split: rows.num_rows for split, rows in charts.items()} == {s: rows.num_rows for s, rows in preset.items()}
    assert sum(rows.num_rows for rows in charts.values()) > 70
    for rows in charts.values():
        assert set(rows["mode"]) == {"mania"}
        assert set(rows["keys"]) == {4}
        lanes = [lane for notes in rows["notes"] for lane in notes["lane"]]
        assert min(lanes) >= 0
        assert max(lanes) <= 3
