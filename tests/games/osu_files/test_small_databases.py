"""collection.db, scores.db and presence.db."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from osu_bytes import MD5, collection_db, double, integer, presence_db, score, scores_db, text

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.osu.collection import read_collections
from rhythm_maps.games.osu.presence import read_presence
from rhythm_maps.games.osu.scores import read_scores

COLLECTIONS = collection_db(("Streams", [MD5, "b" * 32]), ("", []), (None, ["c" * 32]))
SCORES = scores_db((MD5, [score(life=None), score(life=None, mode=3, mods=576)]), ("b" * 32, []))
PRESENCE = presence_db((7, "A"), (-3, "BanchoBot"), (9, None))
EACH = [(read_collections, COLLECTIONS), (read_scores, SCORES), (read_presence, PRESENCE)]


def test_collections_are_names_and_md5s() -> None:
    found = read_collections(COLLECTIONS)
    assert (found.version, found.problems) == (20210316, [])
    assert found.names == ["Streams", "", None]
    assert found.chart_ids == [[MD5, "b" * 32], [], ["c" * 32]]


def test_scores_are_replays_without_frames() -> None:
    found = read_scores(SCORES)
    assert (found.version, found.problems, found.chart_ids) == (20210316, [], [MD5, "b" * 32])
    assert [len(one) for one in found.scores] == [2, 0]
    second = found.scores[0][1]
    assert (second.mode, second.mods, second.replay, second.life_bar, second.online_id) == (3, 576, None, None, 99)


def test_scores_of_old_clients_and_of_target_practice_are_in_step() -> None:
    plays = [
        score(version=20120101),
        score(version=20130101),
        score(mods=1 << 23, tail=double(0.5)),
        score(version=20130101, mods=1 << 23, tail=double(0.25)),
    ]
    found = read_scores(scores_db((MD5, plays))).scores[0]
    assert [one.online_id for one in found] == [None, 98, 99, 98]
    assert [one.target_accuracy for one in found] == [None, None, 0.5, 0.25]


def test_players_have_a_place_a_rank_and_a_mode() -> None:
    found = read_presence(PRESENCE)
    assert (found.version, found.problems) == (20210316, [])
    assert [(one.player_id, one.player) for one in found.players] == [(7, "A"), (-3, "BanchoBot"), (9, None)]
    one = found.players[0]
    assert (one.utc_offset_h, one.country, one.permissions, one.mode) == (2, 22, 5, 3)
    assert (one.longitude, one.latitude, one.rank) == (4.5, -51.25, 1234)
    assert one.updated_at == datetime(2021, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("read", "data"), EACH)
def test_a_file_cut_anywhere_is_an_error_with_a_byte(read: Callable[[bytes], Any], data: bytes) -> None:
    assert read(data).problems == []
    for size in range(len(data)):
        with pytest.raises(BadFormat) as error:
            read(data[:size])
        assert int(error.value.place.removeprefix("byte ")) <= size


@pytest.mark.parametrize(("read", "data"), EACH)
def test_bytes_after_the_end_are_told_of(read: Callable[[bytes], Any], data: bytes) -> None:
    found = read(data + b"\0")
    assert [(p.code, p.place) for p in found.problems] == [("trailing_bytes", f"byte {len(data)}")]


@pytest.mark.parametrize("read", [read for read, _ in EACH])
@pytest.mark.parametrize("count", [2**31 - 1, -7, 100])
def test_more_entries_than_can_be_there_are_refused(read: Callable[[bytes], Any], count: int) -> None:
    with pytest.raises(BadFormat) as error:
        read(integer(20210316) + integer(count) + b"\0" * 60)
    assert (error.value.code, error.value.place) == ("bad_count", "byte 4")


@pytest.mark.parametrize("read", [read_collections, read_scores])
def test_more_inner_entries_than_can_be_there_are_refused(read: Callable[[bytes], Any]) -> None:
    with pytest.raises(BadFormat) as error:
        read(integer(20210316) + integer(1) + text(MD5) + integer(2**31 - 1))
    assert error.value.code == "bad_count"
    assert "(entry 1)" in error.value.reason


@pytest.mark.parametrize(("read", "data"), EACH)
def test_a_file_above_the_cap_is_not_read(
    read: Callable[[bytes], Any], data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SMALL_DATABASE_BYTES", len(data) - 1)
    with pytest.raises(BadFormat) as error:
        read(data)
    assert error.value.code == "file_too_large"
