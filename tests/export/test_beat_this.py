"""Beat This's own data module takes what we export: every item, on the frames where the beats are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from beat_this.dataset import BeatDataModule
from click.testing import CliRunner

from rhythm_maps import games
from rhythm_maps.audio import mel
from rhythm_maps.audio.decode import Decoded
from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.cli import cli
from rhythm_maps.decoding import decode
from rhythm_maps.errors import NoDataError, UsageError
from rhythm_maps.export import beat_this
from rhythm_maps.export.beat_this import SEMITONES, TEMPO_PERCENT, export_beat_this, fold


@pytest.fixture(scope="module", params=games.names())
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(folder / "cache"))
        write_samples(request.param, folder / "maps")
        manifest = scan(request.param, [folder / "maps"], fractions=(0.45, 0.25, 0.3)).keep()
        build(manifest, folder / "out", make_spec(request.param))
    return folder / "out"


@pytest.fixture(scope="module")
def exported(built: Path) -> Path:
    result = CliRunner().invoke(
        cli, ["export", "beat-this", str(built), str(built.parent / "bt")], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert "Wrote" in result.output
    return built.parent / "bt"


def tracks(built: Path) -> dict[str, dict]:
    rows = {}
    for path in sorted((built / "tracks").glob("*")):
        for row in pq.read_table(path).to_pylist():
            rows[f"song_{row['track_id'][:16]}"] = {**row, "split": path.name.split("-")[0]}
    return rows


def module(folder: Path, stage: str = "fit", **options) -> BeatDataModule:
    made = BeatDataModule(folder, num_workers=0, **({"augmentations": {}} | options))
    made.setup(stage)
    return made


def test_the_data_module_takes_every_song_of_train_and_validation(built: Path, exported: Path) -> None:
    rows = tracks(built)
    data = module(exported)
    for split, items in (("train", data.train_dataset.items), ("validation", data.val_dataset.items)):
        assert sorted(item["spect_path"].parent.name for item in items) == sorted(
            stem for stem, row in rows.items() if row["split"] == split
        )


def test_the_test_split_stands_apart_and_is_tested_on(built: Path, exported: Path) -> None:
    rows = {stem: row for stem, row in tracks(built).items() if row["split"] == "test"}
    assert rows
    folders = {path.parents[2].name for stem in rows for path in exported.rglob(f"{stem}.beats")}
    found = [item for name in folders for item in module(exported, "test", test_dataset=name).test_dataset.items]
    assert len(found) == len(rows)
    assert all(name.endswith("_test") for name in folders)


def test_beats_and_downbeats_are_the_rows_and_lie_within_the_frames(built: Path, exported: Path) -> None:
    rows = tracks(built)
    data = module(exported)
    for item in data.train_dataset.items + data.val_dataset.items:
        row = rows[item["spect_path"].parent.name]
        np.testing.assert_allclose(item["beat_time"], row["beats"]["time_s"][: len(item["beat_time"])], atol=5e-7)
        assert len(row["beats"]["time_s"]) - len(item["beat_time"]) <= 1  # at the last sample there is no frame
        assert item["downbeat_mask"] == row["has_downbeats"]
        if row["has_downbeats"]:
            assert item["beat_value"].tolist() == row["beats"]["position"][: len(item["beat_time"])]
    batch = data.train_dataset[0]
    assert batch["spect"].shape == (1500, 128)
    assert batch["truth_beat"].sum() > 8


def test_energy_rises_where_the_beats_are(built: Path, exported: Path) -> None:
    """The sample pack's music has a drum on every beat: beats and spectrogram are on one clock."""
    data = module(exported, train_length=None)
    for i, item in enumerate(data.train_dataset.items):
        spect = np.asarray(data.train_dataset[i]["spect"], np.float32)
        rise = np.maximum(np.diff(spect, axis=0), 0).sum(axis=1)
        frames = np.round(item["beat_time"] * 50).astype(int)
        at = [rise[max(f - 2, 0) : f + 2].max() for f in frames if 2 < f < len(rise) - 2]
        assert np.median(at) > 4 * np.median(rise)


def test_a_song_and_its_versions_share_a_fold(built: Path, exported: Path) -> None:
    rows = tracks(built)
    for path in exported.rglob("8-folds.split"):
        for line in path.read_text(encoding="utf-8").splitlines():
            stem, number = line.split("\t")
            assert int(number) == fold(rows[stem]["group_id"])
    data = module(exported, fold=fold(next(iter(rows.values()))["group_id"]))
    listed = sum(row["split"] != "test" for row in rows.values())
    assert len(data.train_dataset) + len(data.val_dataset) == listed


def test_no_song_is_left_out_silently(built: Path, exported: Path) -> None:
    listed = (exported / "songs.tsv").read_text(encoding="utf-8").splitlines()[1:]
    skipped = (exported / "skipped.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(listed) + len(skipped) == len(tracks(built))
    infos = {path.parent.name: json.loads(path.read_bytes()) for path in exported.rglob("info.json")}
    assert {info["has_downbeats"] for info in infos.values()} == {
        row["has_downbeats"] for row in tracks(built).values()
    }
    assert all(("nodownbeats" in name) != info["has_downbeats"] for name, info in infos.items())


@pytest.mark.parametrize("bundle", [False, True])
def test_augmentations_are_all_there_in_folders_and_in_a_bundle(
    built: Path, tmp_path: Path, bundle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Beat This's own default augmentations: a song that lacks one of the 22 files would be left out."""
    monkeypatch.setattr(beat_this, "decode", first_seconds)
    for name in ("_check_version", "_read_array_header"):  # Beat This 1.1.0 asks for what NumPy has since moved
        monkeypatch.setattr(np.lib.format, name, getattr(np.lib._format_impl, name), raising=False)
    done = export_beat_this(built, tmp_path / "x", max_items=1, augment=True, bundle=bundle)
    assert sum(done.songs.values()) == 1
    assert done.left == len(tracks(built)) - 1
    data = BeatDataModule(tmp_path / "x", num_workers=0)
    data.setup("fit")
    (item,) = data.train_dataset.items
    spects = {
        name: data.train_dataset._get_spect({"spect_path": item["spect_path"].with_stem(name)})
        for name in ("track", *(f"track_ps{n}" for n in SEMITONES), *(f"track_ts{n}" for n in TEMPO_PERCENT))
    }
    assert len(spects) == 22
    frames = len(spects["track"])
    for percent in TEMPO_PERCENT:
        assert len(spects[f"track_ts{percent}"]) == pytest.approx(frames / (1 + percent / 100), abs=2)
    assert all(len(spects[f"track_ps{n}"]) == frames for n in SEMITONES)
    assert len({np.asarray(spect).tobytes() for spect in spects.values()}) == 22


def first_seconds(row: dict, **options) -> Decoded:
    """Stand in for `decode`: 21 changes of a whole song take a while."""
    whole = decode(row, **options)
    return whole._replace(samples=whole.samples[: 4 * whole.sampling_rate])


def test_annotations_alone_need_no_audio(built: Path, tmp_path: Path) -> None:
    done = export_beat_this(built, tmp_path / "x", spectrograms=False)
    assert sum(done.songs.values()) == len(tracks(built))
    assert not (tmp_path / "x" / "audio").exists()


def test_same_build_same_bytes(built: Path, exported: Path, tmp_path: Path) -> None:
    export_beat_this(built, tmp_path / "x")
    files = [path.relative_to(exported) for path in sorted(exported.rglob("*")) if path.is_file()]
    assert files
    assert all((exported / path).read_bytes() == (tmp_path / "x" / path).read_bytes() for path in files)


def test_mistakes_are_explained(built: Path, exported: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not empty"):
        export_beat_this(built, exported)
    with pytest.raises(UsageError, match="no build"):
        export_beat_this(tmp_path, tmp_path / "x")
    with pytest.raises(UsageError, match="leave one of the two"):
        export_beat_this(built, tmp_path / "x", spectrograms=False, augment=True)
    assert not (tmp_path / "x").exists()
    assert issubclass(NoDataError, ValueError)


def test_spectrogram_is_beat_this_own(corpus: Path) -> None:
    golden = np.load(corpus / "audio" / "beat_this_logmel.npz")
    ours = mel.beat_this_spectrogram(golden["x"])
    assert ours.shape == golden["spect"].shape
    assert np.abs(ours - golden["spect"]).max() < 1e-3


@pytest.mark.parametrize("samples", [0, 1, 440, 441, 512, 513, 1024])
def test_spectrogram_of_very_short_audio(samples: int) -> None:
    made = mel.beat_this_spectrogram(np.full(samples, 0.5, np.float32))
    assert made.shape == (1 + samples // mel.HOP, mel.BANDS)
    assert np.isfinite(made).all()
