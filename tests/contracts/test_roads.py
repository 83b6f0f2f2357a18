"""Every road to rows gives the same rows: exports or a build, prepared or streamed, whole or by columns, in workers."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from contract_rows import assert_same_rows, by_id, rows_of, same
from torch.utils.data import DataLoader

import rhythm_maps
from rhythm_maps import games
from rhythm_maps.build import presets
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.spec import CONFIGS, DEFAULT_CONFIGS, EXAMPLES, columns

SPAWN = Path(__file__).with_name("spawn.py")


def streamed(loaded):
    """Rows of a stream; from exports a split without rows is only known to be empty once it was read."""
    return {split: rows for split, rows in rows_of(loaded).items() if rows}


def few_columns(game, config):
    """Some columns of a config, in schema order: an id, a list, a scalar and, in tracks, the audio."""
    wanted = {"track_id", "beats", "has_downbeats", "audio", "codes", "conditioning"}
    return [column.name for column in columns(game, config) if column.name in wanted]


def test_exports_and_build_streamed_or_not_give_the_same_rows(game, config, exports, built):
    rows = rows_of(built(game, config))
    assert rows
    assert_same_rows(rows_of(built(game, config, streaming=True)), rows)
    assert_same_rows(rows_of(exports(game, config)), rows)
    assert_same_rows(streamed(exports(game, config, streaming=True)), rows)


def test_some_columns_are_the_same_columns_of_all(game, config, exports, built):
    names = few_columns(game, config)
    rows = {
        split: [{name: row[name] for name in names} for row in data]
        for split, data in rows_of(built(game, config)).items()
    }
    for load in (exports, built):
        for streaming in (False, True):
            read = streamed if streaming else rows_of
            assert_same_rows(read(load(game, config, columns=names, streaming=streaming)), rows)


def test_numpy_rows_are_the_same_on_all_roads(game, config, exports, built):
    rows = rows_of(built(game, config).with_format("numpy"))
    first = next(iter(rows.values()))[0]
    column, one, other = (
        ("conditioning", "is_beat", "rms_db") if config == "tokens" else ("beats", "time_s", "position")
    )
    assert isinstance(first[column][one], np.ndarray)
    assert first[column][one].shape == first[column][other].shape
    assert_same_rows(rows_of(exports(game, config).with_format("numpy")), rows)
    for load in (exports, built):
        assert_same_rows(streamed(load(game, config, streaming=True).with_format("numpy")), rows)


def test_seconds_keep_float64_as_plain_values_and_where_a_format_is_told_so(game, exports, built):
    """datasets' numpy and torch formats make float32 unless told otherwise (32 microseconds off after 5 minutes)."""
    for load in (exports, built):
        plain = next(iter(load(game, "beats").values()))
        assert np.array(plain[0]["beats"]["time_s"]).dtype == np.float64
        assert next(iter(next(iter(load(game, "beats", streaming=True).values()))))["beats"] == plain[0]["beats"]
        assert plain.with_format("numpy")[0]["beats"]["time_s"].dtype == np.float32
        exact = plain.with_format("numpy", dtype=np.float64)[0]["beats"]["time_s"]
        assert exact.dtype == np.float64
        assert exact.tolist() == plain[0]["beats"]["time_s"]


def test_a_split_without_rows_does_not_exist(game, config, exports, built):
    """Presets are filters over charts; a split that none of its charts passes is absent on every road."""
    expected = {}
    whole = (*CONFIGS, EXAMPLES)
    for split, rows in rows_of(built(game, config if config in whole else "charts")).items():
        chosen = presets.get(game, config).filters if config not in whole else ()
        passed = [row for row in rows if all(_passes(row[name], op, value) for name, op, value in chosen)]
        if passed:
            expected[split] = len(passed)
    assert list(expected) == [split for split in SPLITS if split in expected]
    for load in (exports, built):
        assert {split: data.num_rows for split, data in load(game, config).items()} == expected
        stream = load(game, config, streaming=True)
        assert {split: len(rows) for split, rows in streamed(stream).items()} == expected
    assert set(built(game, config, streaming=True)) == set(expected)


def test_own_filters_hold_beside_a_presets(game, exports):
    """On a build, `filters=` of datasets' own call takes the place of a preset's; on exports both hold."""
    for preset in presets.presets(game):
        rows = rows_of(exports(game, preset))
        most = max(row["n_notes"] for data in rows.values() for row in data)
        expected = {split: [row for row in data if row["n_notes"] == most] for split, data in rows.items()}
        left = rows_of(exports(game, preset, filters=[("n_notes", "==", most)]))
        assert_same_rows(left, {split: data for split, data in expected.items() if data})


def _passes(value, operator, wanted):
    """Filters as a reader of a card would apply them by hand."""
    if value is None:
        return False
    return {
        "==": lambda: value == wanted, "=": lambda: value == wanted, "!=": lambda: value != wanted,
        "<": lambda: value < wanted, "<=": lambda: value <= wanted,
        ">": lambda: value > wanted, ">=": lambda: value >= wanted,
        "in": lambda: value in wanted, "not in": lambda: value not in wanted,
    }[operator]()  # fmt: skip


@pytest.mark.parametrize("streaming", [False, True])
def test_a_build_is_opened_by_its_relative_path(game, packs, monkeypatch, streaming):
    """``load_dataset("./out/osu", "charts")``, from the folder where the build was made, and with no config named."""
    out = packs.build(game)
    monkeypatch.chdir(out.parent.parent)
    path = f"./{out.parent.name}/{out.name}"
    rows = rows_of(datasets.load_dataset(path, "charts", streaming=streaming))
    assert_same_rows(rows_of(datasets.load_dataset(path, streaming=streaming)), rows)
    assert_same_rows(rows_of(rhythm_maps.load_dataset(path, "charts", streaming=streaming)), rows)
    assert datasets.get_dataset_config_names(path) == _configs_with_rows(game, rows)


def _configs_with_rows(game, charts):
    every = [row for rows in charts.values() for row in rows]
    shown = [
        name
        for name, preset in presets.presets(game).items()
        if any(all(_passes(row[column], op, value) for column, op, value in preset.filters) for row in every)
    ]
    return [*DEFAULT_CONFIGS, *shown]


@pytest.mark.parametrize("stored", ["charts", "tracks"])
def test_two_workers_over_a_shuffled_stream_give_every_row_once(game, stored, packs):
    """torch's DataLoader shares the shards out; 50 songs are 8 shards."""
    out = str(packs.build_of_many(game))
    rows = datasets.load_dataset(out, stored, split="train")
    for source in (out, game):
        kwargs = {} if source == out else {"data_dir": packs.many(game), "on_bad_files": "skip"}
        stream = rhythm_maps.load_dataset(source, stored, split="train", streaming=True, **kwargs)
        assert stream.num_shards == 8
        loader = DataLoader(stream.shuffle(seed=7, buffer_size=16), batch_size=None, num_workers=2)
        loaded = list(loader)
        key = "chart_id" if stored == "charts" else "track_id"
        assert [row[key] for row in loaded] != rows[key]
        assert same(by_id(loaded), by_id(list(rows)))


def test_torch_format_of_a_stream_gives_tensors(game, built):
    stream = next(iter(built(game, "beats", streaming=True).values())).with_format("torch")
    row = next(iter(stream))
    assert isinstance(row["beats"]["time_s"], torch.Tensor)
    assert row["beats"]["position"].shape == row["beats"]["time_s"].shape


def test_a_stream_survives_pickling(game, packs, exports):
    """It is what a DataLoader's spawned worker gets; it is small, because it names files and holds none."""
    stream = exports(game, "charts", streaming=True)["train"]
    data = pickle.dumps(stream)
    assert len(data) < 100_000
    assert same(list(pickle.loads(data)), list(stream))


def test_spawned_processes_find_the_builders(game, packs, tmp_path):
    """What Windows and macOS do: ``num_proc=2``, and a DataLoader with two workers, under the spawn start method."""
    run = subprocess.run(
        [sys.executable, "-P", SPAWN, game, packs.many(game)],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False, env=dict(os.environ),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.splitlines()[-1] == "num_proc: same rows, 2 processes; DataLoader: same rows, 2 workers"


def test_across_games_streams_interleave(exports):
    """All rows, the union of columns, None where a game lacks one: games mix in one training stream."""
    streams = {game: exports(game, "charts", split="train", streaming=True) for game in games.names()}
    mixed = datasets.interleave_datasets(list(streams.values()), stopping_strategy="all_exhausted_without_replacement")
    rows = list(mixed)
    union = {name for stream in streams.values() for name in stream.features}
    for game, stream in streams.items():
        mine = [row for row in rows if row["game"] == game]
        theirs = list(stream)
        assert theirs
        assert len(mine) == len(theirs)
        for row, original in zip(mine, theirs, strict=True):
            assert set(row) == union
            assert same({name: row[name] for name in original}, original)
            assert all(_nothing(row[name]) for name in union - set(original))


def _nothing(value):
    return value is None or (isinstance(value, dict) and all(_nothing(inner) for inner in value.values()))
