"""What is decoded on request only, asked for by the command and by the builder: the same rows, and one schema."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import rhythm_maps
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.spec import columns
from rhythm_maps.cli import cli
from rhythm_maps.columns import arrow_schema


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    write_samples("beat_saber", folder)
    return folder


def built(pack: Path, out: Path, *options: str) -> pa.Table:
    arguments = ["build", "beat_saber", str(pack), "--configs", "charts", "--out", str(out), *options]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return pa.concat_tables(pq.read_table(file) for file in sorted((out / "charts").iterdir()))


def test_lights_are_null_unless_asked_for(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))
    plain, lit = built(pack, tmp_path / "plain"), built(pack, tmp_path / "lit", "--include", "lights")
    assert plain["lights"].null_count == len(plain) == 12
    assert all(len(row["time_s"]) > 20 for row in lit["lights"].to_pylist())
    assert plain.schema.remove_metadata() == arrow_schema(columns("beat_saber", "charts")) == lit.schema
    # repr, because NaN is a value here
    assert repr(plain.drop_columns("lights").to_pylist()) == repr(lit.drop_columns("lights").to_pylist())
    loaded = rhythm_maps.load_dataset(
        "beat_saber", data_dir=pack, split="train", cache_dir=tmp_path / "hf", include_lights=True
    )
    assert repr(loaded["lights"][:]) == repr(lit["lights"].to_pylist())
