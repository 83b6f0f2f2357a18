"""Charts that their file declares made by a program are left out, and said so, unless they are asked for."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from generate import beat_saber_members, zipped

import rhythm_maps
from rhythm_maps.cli import cli


@pytest.fixture
def maps(tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    for number, mapper in ((1, b"Beat Sage"), (2, b"A Person")):
        members = beat_saber_members(number)
        members["Info.dat"] = members["Info.dat"].replace(f"Mapper {number % 7}".encode(), mapper)
        (folder / f"{number}.zip").write_bytes(zipped(members))
    return folder


def build(maps, out, *more):
    result = CliRunner().invoke(
        cli, ["build", "beat_saber", str(maps), "--out", str(out), *more], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    rows = [row for path in (out / "charts").iterdir() for row in pq.read_table(path).to_pylist()]
    ledger = pq.read_table(out / "meta" / "ledger.parquet").to_pylist()
    return {row["title"]: row["declared_ai"] for row in rows}, {line["code"] for line in ledger if line["code"]}


def test_they_are_left_out_with_a_line_in_the_ledger(maps, tmp_path):
    rows, codes = build(maps, tmp_path / "out")
    assert rows == {"Song 0002": None}
    assert {"declared_ai", "no_chart"} <= codes


def test_they_come_when_they_are_asked_for(maps, tmp_path):
    rows, codes = build(maps, tmp_path / "out", "--include-ai")
    assert rows == {"Song 0001": True, "Song 0002": None}
    assert "declared_ai" not in codes


@pytest.mark.parametrize(("include", "titles"), [(False, {"Song 0002"}), (True, {"Song 0001", "Song 0002"})])
def test_builders_do_the_same(maps, tmp_path, include, titles):
    ds = rhythm_maps.load_dataset(
        "beat_saber", "charts", data_dir=maps, split="train", include_ai=include, cache_dir=tmp_path / "hf"
    )
    assert set(ds["title"]) == titles
