"""Columns: declared once, the same on every road and in every game, and holding what they promise."""

from __future__ import annotations

import hashlib
import typing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from contract_rows import rows_of

from rhythm_maps import games
from rhythm_maps.build.features import features
from rhythm_maps.build.spec import CONFIGS, DEFAULT_CONFIGS, EXAMPLES, columns
from rhythm_maps.columns import Profile, arrow_schema
from rhythm_maps.schema import NOTE_KINDS


def is_struct_of_lists(kind):
    return pa.types.is_struct(kind) and kind.num_fields > 0 and all(pa.types.is_list(field.type) for field in kind)


@pytest.fixture
def table(packs):
    """Read a stored config of a build: all splits as one table."""
    return lambda game, config: pa.concat_tables(
        pq.read_table(file) for file in sorted((packs.build_of(game, config) / config).iterdir())
    )


@pytest.fixture
def lists(table):
    """Return the fields of a struct-of-lists column, one dict of NumPy arrays a row."""
    return lambda game, column, config="charts": [
        {name: np.array(values, np.float64) for name, values in row.items()}
        for row in table(game, config)[column].to_pylist()
    ]


def test_builder_build_and_declaration_have_one_schema(game, config, exports, built, packs):
    declared = features(columns(game, config))
    assert list(declared) == [column.name for column in columns(game, config)]
    for loaded in (exports(game, config), built(game, config), exports(game, config, streaming=True)):
        assert all(data.features == declared for data in loaded.values())
    stored = config if config in CONFIGS else "charts"
    files = sorted((packs.build_of(game, stored) / stored).iterdir()) if config != EXAMPLES else []
    for schema in map(pq.read_schema, files):
        assert schema.equals(declared.arrow_schema)
        assert schema.metadata == declared.arrow_schema.metadata
    assert declared.arrow_schema.remove_metadata() == arrow_schema(columns(game, config))


def test_across_games_one_name_has_one_type():
    """What games have in different shapes carries the game's name."""
    types = {}
    for game in games.names():
        for config in (*CONFIGS, EXAMPLES):
            for column in columns(game, config):
                known = types.setdefault(column.name, (column.type, game, config))
                assert column.type == known[0], f"{column.name}: {game}/{config} against {known[1]}/{known[2]}"
                kinds = features([column])
                assert kinds == features([next(c for c in columns(*known[1:]) if c.name == column.name)])


def test_every_column_is_documented(game):
    for config in (*CONFIGS, EXAMPLES):
        every = columns(game, config)
        assert len({column.name for column in every}) == len(every)
        for column in every:
            assert column.description.strip().endswith("."), column.name
            assert column.profile in typing.get_args(Profile), column.name


def test_own_columns_of_notes_carry_the_games_name(game):
    own = games.get(game).columns
    assert all(f"_{game}" in column.name for column in own if column.name.startswith(("notes_", "settings_")))
    assert {*games.get(game).cluster} <= {column.name for column in columns(game, "charts")}


@pytest.mark.parametrize("stored", CONFIGS)
def test_columns_that_are_not_nullable_hold_no_nulls(game, stored, table):
    rows = table(game, stored)
    assert len(rows) > 0
    for column in columns(game, stored):
        assert column.nullable or rows[column.name].null_count == 0, column.name


@pytest.mark.parametrize("stored", CONFIGS)
def test_lists_of_one_struct_have_one_length(game, stored, table):
    rows = table(game, stored)
    found = [column for column in columns(game, stored) if is_struct_of_lists(column.type)]
    wanted = {"conditioning", "sidecar"} if stored == "tokens" else {"tempo", "beats"}
    assert wanted <= {column.name for column in found}
    for column in found:
        for row in rows[column.name].to_pylist():
            if row is None and column.nullable:
                continue
            assert None not in row.values(), column.name
            assert len({len(values) for values in row.values()}) == 1, column.name


def test_own_columns_of_notes_are_as_long_as_notes(game, table):
    rows = table(game, "charts")
    lengths = [len(row["time_s"]) for row in rows["notes"].to_pylist()]
    assert rows["n_notes"].to_pylist() == lengths
    for name in rows.column_names:
        if name.startswith("notes_"):
            assert [len(next(iter(row.values()))) for row in rows[name].to_pylist()] == lengths


def test_notes_are_sorted_and_finite_and_end_no_sooner_than_they_start(game, lists, table):
    everything = lists(game, "notes")
    for notes in everything:
        assert np.isfinite(notes["time_s"]).all()
        assert np.isfinite(notes["end_s"]).all()
        assert np.isfinite(notes["beat"]).all()
        assert (np.diff(notes["time_s"]) >= 0).all()
        assert (notes["end_s"] >= notes["time_s"]).all()
        assert ((notes["kind"] >= 0) & (notes["kind"] < len(NOTE_KINDS))).all()
        assert (notes["lane"] >= -1).all()
    rows = table(game, "charts")
    assert rows["first_object_s"].to_pylist() == [float(notes["time_s"][0]) for notes in everything]
    assert rows["last_object_s"].to_pylist() == [float(notes["end_s"].max()) for notes in everything]


def test_kinds_of_notes_come_back_by_name(game, built):
    for data in built(game, "charts").values():
        assert data.features["notes"]["kind"].feature.names == list(NOTE_KINDS)


@pytest.mark.parametrize("stored", DEFAULT_CONFIGS)
def test_beats_run_on_and_state_a_metre_or_none(game, stored, lists, table):
    downbeats = table(game, stored)["has_downbeats"].to_pylist()
    for beats, has_downbeats in zip(lists(game, "beats", stored), downbeats, strict=True):
        assert len(beats["time_s"]) > 1
        assert np.isfinite(beats["time_s"]).all()
        assert (beats["time_s"] >= 0).all()
        assert (np.diff(beats["time_s"]) > 0).all()
        assert (beats["position"] >= 1).all() if has_downbeats else (beats["position"] == 0).all()
    for tempo in lists(game, "tempo", stored):
        assert (np.diff(tempo["time_s"]) >= 0).all()
        assert (tempo["beat_length_s"] > 0).all()


def test_charts_beats_and_tracks_join(game, table):
    """Every track_id of a chart is a row of beats and of tracks; tracks are beats and the audio."""
    charts, beats, tracks = (table(game, config) for config in DEFAULT_CONFIGS)
    assert tracks.drop_columns("audio").to_pylist() == beats.to_pylist()
    used = [track for track in charts["track_id"].to_pylist() if track is not None]
    assert {*used} == {*beats["track_id"].to_pylist()}
    assert {*charts["chart_id"].to_pylist()} >= {one for ids in beats["chart_ids"].to_pylist() for one in ids}
    counted = dict(zip(beats["track_id"].to_pylist(), beats["n_charts"].to_pylist(), strict=True))
    assert all(used.count(track) == n for track, n in counted.items())
    assert {*charts["game"].to_pylist()} == {game}


def test_audio_is_the_file_that_its_id_names(game, built):
    for rows in rows_of(built(game, "tracks")).values():
        for row in rows:
            assert hashlib.sha256(row["audio"]["bytes"]).hexdigest() == row["track_id"]
            assert hashlib.md5(row["audio"]["bytes"]).hexdigest() == row["audio_md5"]
            assert row["audio"]["path"].startswith(f"{row['track_id']}.")
