"""The beats of a recording: those that most of its charts share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

CIRCLE = "1,2,{},1,0\n"


def write_chart(folder: Path, name: str, timing: str, notes: int) -> None:
    objects = "".join(CIRCLE.format(500 * i) for i in range(notes))
    text = f"osu file format v14\n[General]\nAudioFilename: a.wav\n[Metadata]\nTitle:T\nArtist:A\nVersion:{name}\n"
    (folder / f"{name}.osu").write_text(f"{text}[TimingPoints]\n{timing}\n[HitObjects]\n{objects}", "utf-8")


@pytest.fixture
def beats(tmp_path, monkeypatch):
    """Build charts of one recording, given as (timing points, number of notes); give its row of `beats`."""
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))

    def make(*charts: tuple[str, int]) -> dict[str, Any]:
        folder = tmp_path / "Songs" / "Song"
        folder.mkdir(parents=True)
        soundfile.write(folder / "a.wav", np.zeros(16_000, np.float32), 8000)
        for i, (timing, notes) in enumerate(charts):
            write_chart(folder, f"c{i}", timing, notes)
        scan("osu", [tmp_path / "Songs"]).write(tmp_path / "m.jsonl")
        build(tmp_path / "m.jsonl", tmp_path / "out", make_spec("osu", configs=("charts", "beats"), min_notes=0))
        [row] = [row for path in (tmp_path / "out" / "beats").glob("*") for row in pq.read_table(path).to_pylist()]
        return row

    return make


def test_the_grid_that_most_charts_share_is_the_recordings(beats):
    row = beats(("0,500", 2), ("1,501", 3), ("7,400", 9))
    assert row["tempo"]["time_s"][0] in {0.0, 0.001}
    assert row["beats_agreement"] == pytest.approx(2 / 3)
    assert (row["n_charts"], row["timing_quality"]) == (3, "single")


def test_of_equal_grids_the_one_with_most_notes(beats):
    row = beats(("0,500", 2), ("0,400", 3), ("0,300", 1))
    assert row["tempo_bpm"] == 150
    assert row["beats_agreement"] == pytest.approx(1 / 3)
    assert (row["labelled_start_s"], row["labelled_end_s"]) == (0.0, 1.0)


def test_segments_are_the_same_within_two_milliseconds_and_with_one_metre(beats):
    row = beats(("0,500,4,1,0,9,1,0", 5), ("2,502,4,1,0,9,1,0", 1), ("0,500,3,1,0,9,1,0", 1), ("0,500\n900,400", 1))
    assert row["tempo"]["time_s"] == [0.0]
    assert row["beats_agreement"] == pytest.approx(2 / 4)


def test_one_chart_agrees_with_itself(beats):
    assert beats(("0,500", 1))["beats_agreement"] == 1
