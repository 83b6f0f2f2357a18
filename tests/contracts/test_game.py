"""The protocol: what the build relies on when it hands bytes to a game."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from contract_rows import rows_of, same

from rhythm_maps import games
from rhythm_maps.build.scan import scan
from rhythm_maps.columns import arrow_schema
from rhythm_maps.files import open_members
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.schema import chart_columns
from rhythm_maps.songs import song_key


def read(own, archive):
    """Return what `identify` says of an archive, and the bytes that `parse` wants."""
    with open_members(archive) as source:
        mapset = own.identify(source)
        names = {*mapset.files, *(chart.file for chart in mapset.charts)}
        return mapset, {name: source.read(name) for name in names}


def wanted(own, archive):
    """Return an archive as `parse` receives it."""
    mapset, files = read(own, archive)
    return MapsetBytes(tuple((chart.name, chart.file) for chart in mapset.charts), files)


def facts(batch, end_s=30.0):
    return Facts(np.full(len(batch.names), end_s))


def damages(data):
    """Yield what can happen to a file: cut anywhere, a part lost or doubled, a byte changed, other bytes."""
    size = len(data)
    for part in range(8):
        at = size * part // 8
        yield data[:at]
        yield data[:at] + data[at + 7 :]
        yield data[:at] + data[at : at + 40] + data[at:]
        yield data[:at] + bytes([data[at] ^ 0x15]) + data[at + 1 :]
    yield b"\x00" * 64
    yield b"\xff\xfe" + data
    yield data.replace(b"1", b"-99999999999999999999")
    yield data.replace(b":", b"\n")


@pytest.fixture
def archives(packs):
    """Archives of a game's sample pack, sorted by name."""
    return packs.archives


def test_a_game_is_found_by_name_and_pickled_by_name(game):
    """Workers of a build and of a DataLoader import it again."""
    own = games.get(game)
    assert own.name == game
    assert type(pickle.loads(pickle.dumps(own))) is type(own)
    assert own.title
    assert own.terms_url.startswith("https://")
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in own.archive_suffixes)


def test_samples_are_the_same_bytes_every_time(game, archives):
    again = {sample.file_name: sample.data for sample in games.get(game).samples()}
    assert {path.name: path.read_bytes() for path in archives(game)[0].parent.iterdir()} == again
    own = games.get(game)
    assert all(name.endswith(own.archive_suffixes) or name in own.library_files for name in again)


def test_identify_names_charts_sorted_and_once(game, archives):
    for archive in archives(game):
        mapset, files = read(games.get(game), archive)
        names = [chart.name for chart in mapset.charts]
        assert names == sorted(set(names))
        assert set(mapset.links) <= set(files) | set(mapset.files)


def test_rows_are_columns_of_the_schema(game, archives):
    """The game gives some of them; ids, hashes, group, track and rights are the build's."""
    own = games.get(game)
    batch = own.parse([wanted(own, archive) for archive in archives(game)])
    table = own.rows(batch, facts(batch))
    schema = arrow_schema(chart_columns(own.columns))
    assert len(table) == len(batch.names) == len(batch.chart_ids) == len(batch.mapset_ids)
    assert {column.name for column in own.columns} <= set(table.column_names)
    for field in table.schema:
        assert schema.field(field.name).type == field.type, field.name


def test_a_game_answers_for_charts_whatever_their_bytes(game, archives):
    """Cut at every eighth part, bytes dropped, doubled and changed: a row or a coded reject, never an exception."""
    own = games.get(game)
    whole = min((wanted(own, archive) for archive in archives(game)), key=lambda m: sum(map(len, m.files.values())))
    charts, files = whole.charts, whole.files
    for damaged_file in files:
        for data in damages(files[damaged_file]):
            batch = own.parse([MapsetBytes(charts, {**files, damaged_file: data})])
            answered = [*batch.names, *(reject.name for reject in batch.rejects)]
            assert sorted(answered) == sorted(name for name, _ in charts)
            assert all(reject.error.code and reject.error.reason for reject in batch.rejects)
            assert len(own.rows(batch, facts(batch))) == len(batch.names)


def test_parsing_many_at_once_is_parsing_each(game, archives):
    """Rows do not depend on what else is in the batch, which reading ahead decides."""
    own = games.get(game)
    mapsets = [wanted(own, archive) for archive in archives(game)]
    together = own.parse(mapsets)
    rows = own.rows(together, facts(together)).to_pylist()
    by_name = {(m, n): row for m, n, row in zip(together.mapset.tolist(), together.names, rows, strict=True)}
    for i, mapset in enumerate(mapsets):
        alone = own.parse([mapset])
        assert {reject.name for reject in alone.rejects} == {r.name for r in together.rejects if r.mapset == i}
        for name, row in zip(alone.names, own.rows(alone, facts(alone)).to_pylist(), strict=True):
            assert same(row, by_name[i, name])
    nothing = own.parse([])
    assert len(own.rows(nothing, facts(nothing))) == 0


def test_identify_gives_the_songs_that_rows_carry(game, packs, exports):
    """Splits are made from what `identify` read, before anything was parsed."""
    known = {key for entry in scan(game, [packs.samples(game)]).entries for key in entry.song_keys}
    found = {row["song_key"] for data in rows_of(exports(game, "charts")).values() for row in data}
    assert found <= known
    assert all(song_key(*key.split("/")) == key for key in known if key)
