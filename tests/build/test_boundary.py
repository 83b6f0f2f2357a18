"""A fault of our own reader costs the chart that meets it, and nothing else."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from generate import write_mapsets
from trees import build_osu

from rhythm_maps.build.tracks import strictest
from rhythm_maps.games.osu import charts, rows


def titles(out):
    return {row["title"] for path in (out / "charts").glob("*") for row in pq.read_table(path).to_pylist()}


@pytest.mark.parametrize("step", ["parse", "rows"])
def test_a_chart_that_breaks_the_reader_is_a_coded_reject(step, tmp_path, monkeypatch):
    write_mapsets(tmp_path / "maps", 6)
    parse, make = charts.parse_mapsets, rows.make_rows

    def broken_parse(mapsets):
        if any(b"Song 0003" in data for one in mapsets if one.charts for data in one.files.values()):
            raise KeyError("a fault of ours")
        return parse(mapsets)

    def broken_rows(parsed, facts):
        if any("Song 0003" in beatmap.title for beatmap in parsed.beatmaps):
            raise pa.ArrowInvalid("a fault of ours")
        return make(parsed, facts)

    monkeypatch.setattr(
        *((charts, "parse_mapsets", broken_parse) if step == "parse" else (rows, "make_rows", broken_rows))
    )
    build_osu(tmp_path / "maps", tmp_path / "out")
    assert titles(tmp_path / "out") == {f"Song {i:04d}" for i in range(6) if i != 3}
    lines = pq.read_table(tmp_path / "out" / "meta" / "ledger.parquet").to_pylist()
    rejects = [line for line in lines if line["outcome"] == "reject"]
    assert {(line["path"], line["code"]) for line in rejects} == {("0003.osz", "internal_error")}
    assert all("please report it" in line["reason"] for line in rejects)


def test_a_recording_of_an_official_chart_is_official():
    """One custom chart of the game's own song does not make the song free."""
    custom, official = {"source": "local", "official": False}, {"source": "install", "official": True}
    assert strictest([custom, official]) == official
    assert strictest([custom]) == custom


def test_one_chart_that_opts_out_speaks_for_its_recording():
    plain, asking = ({"source": "local", "official": False, "opt_out": out} for out in (False, True))
    assert strictest([plain, asking])["opt_out"]
    assert not strictest([plain, plain])["opt_out"]
