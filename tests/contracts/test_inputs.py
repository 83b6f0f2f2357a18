"""Inputs as people have them: folders with splits' names, any number of maps, presets that few charts pass."""

from __future__ import annotations

import sys

import datasets
import pytest
from contract_rows import assert_same_rows, rows_of
from many import members_of, write_many
from packs import make_build

import rhythm_maps
from rhythm_maps import games
from rhythm_maps.build.spec import DEFAULT_CONFIGS
from rhythm_maps.errors import NoDataError

SPLIT_NAMES = ("train-00000-of-00001 {}", "test {}", "val_{}", "Training Day {}", "dev {}")
"""Words by which datasets' own loaders sort files into splits, and leave out the files that have none."""


def loads(game, folder, config="charts", **kwargs):
    """Load a folder on both roads, and return its rows."""
    kwargs = {"data_dir": folder, "on_bad_files": "error", **kwargs}
    rows = rows_of(rhythm_maps.load_dataset(game, config, **kwargs))
    stream = rows_of(rhythm_maps.load_dataset(game, config, streaming=True, **kwargs))
    assert_same_rows({split: data for split, data in stream.items() if data}, rows)
    return rows


NO_COLONS = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no colon in names")


@pytest.mark.parametrize(
    "folder_name", ["test", "train [2007] maps", "val/My Songs", pytest.param("a::b", marks=NO_COLONS)]
)
def test_names_of_splits_in_file_and_folder_names_mean_nothing(game, packs, tmp_path, folder_name, registered):
    folder = tmp_path / folder_name
    for i, name in enumerate(SPLIT_NAMES):
        archive = write_many(game, packs.samples(game), tmp_path / f"made {i}", i + 1, name)[-1]
        (folder / f"{name.split()[0]} folder").mkdir(parents=True, exist_ok=True)
        archive.rename(folder / f"{name.split()[0]} folder" / archive.name)
    rows = loads(game, folder)
    assert list(rows) == ["train"]
    assert len({row["song_key"] for row in rows["train"]}) == len(SPLIT_NAMES)
    if not {"[", ":"} & {*folder_name}:
        # datasets' own call lists the folder first, and fails on these two.
        for streaming in (False, True):
            loaded = datasets.load_dataset(game, "charts", data_dir=str(folder), streaming=streaming)
            assert_same_rows(rows_of(loaded), rows)


@pytest.mark.parametrize("n", [1, 2, 5, 50])
def test_any_number_of_mapsets_loads(game, packs, tmp_path, n):
    """Below 20 songs all is train; above, splits are filled by chance and none is empty."""
    folder = packs.many(game, n)
    make_build(game, folder, tmp_path / "out", None)
    for config in DEFAULT_CONFIGS:
        rows = loads(game, folder, config)
        assert len({row["song_key"] for data in rows.values() for row in data}) == n
        assert all(rows.values())
        assert n >= 20 or list(rows) == ["train"]
        assert_same_rows(rows_of(datasets.load_dataset(str(tmp_path / "out"), config)), rows)


def test_one_archive_and_one_folder_of_a_mapset_load(game, packs, tmp_path):
    """A path may name a single archive; an unpacked mapset is the same mapset."""
    archive = packs.many(game, 1) / next(path.name for path in packs.many(game, 1).iterdir())
    rows = loads(game, archive)
    for name, data in members_of(archive).items():
        (tmp_path / "unpacked" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / name).write_bytes(data)
    assert_same_rows(loads(game, tmp_path / "unpacked"), rows)


def test_filters_that_match_nothing_in_one_split_leave_it_out(game, packs):
    rows = loads(game, packs.samples(game), splits=packs.fractions, on_bad_files="skip")
    assert len(rows) > 1
    kept, *_ = rows
    chosen = rows[kept][0]["chart_id"]
    only = loads(
        game, packs.samples(game), splits=packs.fractions, on_bad_files="skip",
        filters=[("chart_id", "==", chosen)],
    )  # fmt: skip
    assert {split: [row["chart_id"] for row in data] for split, data in only.items()} == {kept: [chosen]}


def test_filters_that_match_nothing_say_so(game, packs):
    """Prepared, that is an error which names the splits; a stream has no way to know and gives no row."""
    options = {"data_dir": packs.samples(game), "on_bad_files": "skip", "filters": [("n_notes", "<", 0)]}
    with pytest.raises(NoDataError, match="no chart passed"):
        rhythm_maps.load_dataset(game, "charts", **options)
    stream = rhythm_maps.load_dataset(game, "charts", streaming=True, **options)
    assert not any(rows_of(stream).values())


def test_a_folder_without_maps_says_what_was_expected(game, tmp_path):
    (tmp_path / "notes.txt").write_text("no map", encoding="utf-8")
    with pytest.raises(NoDataError, match=games.get(game).archive_suffixes[0]):
        rhythm_maps.load_dataset(game, data_dir=tmp_path)


def test_few_notes_are_left_out_as_asked(game, packs):
    rows = loads(game, packs.samples(game), on_bad_files="skip")["train"]
    most = max(row["n_notes"] for row in rows)
    left = loads(game, packs.samples(game), on_bad_files="skip", min_notes=most)["train"]
    assert [row["n_notes"] for row in left] == [most] * len(left)
    assert left
