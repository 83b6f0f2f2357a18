"""A build as plain files: names that every system takes, beats as text, nothing lost."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from click.testing import CliRunner

from rhythm_maps import games
from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.cli import cli
from rhythm_maps.errors import UsageError
from rhythm_maps.export.folders import export_folders, song_name


@pytest.fixture(scope="module", params=games.names())
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(folder / "cache"))
        write_samples(request.param, folder / "maps")
        manifest = scan(request.param, [folder / "maps"], fractions=(0.45, 0.25, 0.3)).keep()
        build(manifest, folder / "out", make_spec(request.param))
    return folder / "out"


def tracks(built: Path) -> list[dict]:
    return [row for path in sorted((built / "tracks").glob("*")) for row in pq.read_table(path).to_pylist()]


def test_every_recording_is_written_with_its_beats_tempo_and_facts(built: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["export", "folders", str(built), str(tmp_path / "x")], catch_exceptions=False)
    assert result.exit_code == 0
    rows = tracks(built)
    assert f"Wrote {len(rows)} songs" in result.output
    assert len(list((tmp_path / "x" / "audio").iterdir())) == len(rows)
    for row in rows:
        name = song_name(row)
        (audio,) = (tmp_path / "x" / "audio").glob(f"*{row['track_id'][:8]}*")
        assert audio.read_bytes() == row["audio"]["bytes"]
        assert soundfile.info(io.BytesIO(audio.read_bytes())).duration == pytest.approx(row["duration_s"])
        beats = np.loadtxt(tmp_path / "x" / "annotations" / f"{name}.beats", ndmin=2)
        np.testing.assert_allclose(beats[:, 0], row["beats"]["time_s"], atol=5e-7)
        assert beats[:, 1].tolist() == row["beats"]["position"]
        tempo = (tmp_path / "x" / "timing_points" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        assert tempo[0] == "time_s\tbeat_length_s\tbpm\tmeter"
        assert len(tempo) == 1 + len(row["tempo"]["time_s"])
        facts = json.loads((tmp_path / "x" / "metadata" / f"{name}.json").read_text(encoding="utf-8"))
        assert (facts["title"], facts["n_charts"]) == (row["title"], len(facts["charts"]))
        assert facts["split"] in {"train", "validation", "test"}


def test_file_names_are_legal_everywhere_and_never_the_same() -> None:
    strange = {"artist": 'a/b\\c:d*?"<>|', "title": "..\x00 CON. ", "track_id": "0123456789"}
    assert song_name(strange) == "a_b_c_d______ - .._ CON [01234567]"
    long = song_name({"artist": "x" * 300, "title": "y", "track_id": "f" * 64})
    assert len(long.encode()) < 200
    assert song_name({**strange, "track_id": "9123456789"}) != song_name(strange)


def test_what_is_no_build_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no build"):
        export_folders(tmp_path, tmp_path / "x")


def test_beats_alone_give_everything_but_audio(built: Path, tmp_path: Path) -> None:
    game = json.loads((built / "meta" / "info.json").read_bytes())["game"]
    plan = scan(game, [built.parent / "maps"]).keep()
    build(plan, tmp_path / "light", make_spec(game, configs=("charts", "beats")))
    done = export_folders(tmp_path / "light", tmp_path / "x")
    assert (done.audio, done.songs) == (0, len(tracks(built)))
    assert not (tmp_path / "x" / "audio").exists()
    build(plan, tmp_path / "bare", make_spec(game, configs=("charts",)))
    with pytest.raises(UsageError, match="holds neither tracks nor beats"):
        export_folders(tmp_path / "bare", tmp_path / "y")
