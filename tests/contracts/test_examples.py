"""`examples` is the join of a build's charts, tracks and tokens, and nothing is lost on the way."""

from __future__ import annotations

import shutil

import datasets
import pyarrow.parquet as pq
import pytest
from contract_rows import assert_same_rows, rows_of, same

import rhythm_maps
from rhythm_maps.build.example_columns import OF_TOKENS, OF_TRACK
from rhythm_maps.build.generate import RejectsWarning
from rhythm_maps.build.spec import EXAMPLES
from rhythm_maps.errors import BadFileError, UsageError
from rhythm_maps.tokens import as_torch


@pytest.fixture
def stored(packs):
    """Read a stored config of the build: split -> id -> row."""

    def read(game, config, key):
        loaded = datasets.load_dataset(str(packs.build_with_tokens(game)), config)
        return {split: {row[key]: row for row in rows} for split, rows in rows_of(loaded).items()}

    return read


def test_every_chart_of_a_recording_is_an_example_with_its_audio_and_codes(game, exports, stored):
    charts, tracks, tokens = (
        stored(game, *of) for of in (("charts", "chart_id"), ("tracks", "track_id"), ("tokens", "track_id"))
    )
    examples = rows_of(exports(game, EXAMPLES))
    assert {split: len(rows) for split, rows in examples.items()} == {
        split: len(rows) for split, rows in charts.items()
    }
    for split, rows in examples.items():
        assert {row["chart_id"] for row in rows} == set(charts[split])
        for row in rows:
            track = row["track_id"]
            sources = ((charts[split][row["chart_id"]], set(charts[split][row["chart_id"]]) - {"warnings"}),)
            sources += ((tracks[split][track], OF_TRACK), (tokens[split][track], OF_TOKENS))
            for source, names in sources:
                assert not [name for name in names if not same(row[name], source[name])]


def test_features_of_every_row_are_as_long_as_its_codes(game, exports, built):
    for config, load in (("tokens", built), (EXAMPLES, exports)):
        for rows in rows_of(load(game, config)).values():
            for row in rows:
                codes, cond, names = as_torch(row)
                assert codes.shape == (row["frames"], row["n_q"])
                assert cond.shape == (row["frames"], len(names))
                assert {len(book) for book in row["codes"]} == {row["frames"]}
                assert row["frames"] == -(-round(row["duration_s"] * row["sampling_rate"]) // row["hop"])


def test_datasets_own_call_joins_too(game, packs, exports, registered):
    loaded = datasets.load_dataset(game, EXAMPLES, data_dir=str(packs.build_with_tokens(game)))
    assert registered
    assert_same_rows(rows_of(loaded), rows_of(exports(game, EXAMPLES)))


def test_two_processes_join_the_same_rows(game, exports):
    one, two = (rows_of(exports(game, EXAMPLES, num_proc=n, keep_in_memory=False)) for n in (None, 2))
    assert_same_rows(one, two)


def test_filters_choose_charts(game, exports):
    every = [row for rows in rows_of(exports(game, EXAMPLES)).values() for row in rows]
    most = max(row["n_notes"] for row in every)
    left = rows_of(exports(game, EXAMPLES, filters=[("n_notes", "==", most)]))
    assert sum(map(len, left.values())) == sum(row["n_notes"] == most for row in every)


def test_maps_and_builds_without_tokens_are_refused_with_what_to_do(game, packs):
    for folder, message in (
        (packs.samples(game), "no build, and examples joins"),
        (packs.build(game), "a build without rows of tokens"),
    ):
        with pytest.raises(UsageError, match=f"{message}.*rhythm-maps build {game} .* --configs charts,tracks,tokens"):
            rhythm_maps.load_dataset(game, EXAMPLES, data_dir=folder)
    with pytest.raises(UsageError, match="min_notes= is decided when a build is made"):
        rhythm_maps.load_dataset(game, EXAMPLES, data_dir=packs.build_with_tokens(game), min_notes=3)


def test_charts_without_tokens_are_told_of(game, packs, tmp_path):
    """A build in which one recording gave no tokens: its charts are counted, or refused."""
    folder = tmp_path / "build"
    shutil.copytree(packs.build_with_tokens(game), folder)
    path = max((folder / "tokens").iterdir(), key=lambda file: pq.read_metadata(file).num_rows)
    table = pq.read_table(path)
    lost = table["track_id"][-1].as_py()
    pq.write_table(table.slice(0, len(table) - 1), path)
    options = {"data_dir": folder, "split": path.name.split("-")[0]}
    with pytest.warns(RejectsWarning, match="have no recording or no tokens"):
        left = rhythm_maps.load_dataset(game, EXAMPLES, **options)
    charts = pq.read_table(folder / "charts" / path.name, columns=["track_id"])["track_id"].to_pylist()
    assert sorted(left["track_id"]) == sorted(track for track in charts if track != lost)
    with pytest.raises(BadFileError):
        rhythm_maps.load_dataset(game, EXAMPLES, on_bad_files="error", cache_dir=tmp_path / "c", **options)
