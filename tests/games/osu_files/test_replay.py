"""Replays of stable and lazer: the score, frames and life bar as columns, and what happens to damaged ones."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from osu_bytes import FRAMES, MD5, alone, double, integer, osr, score

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.osu import replay as replays
from rhythm_maps.games.osu.pipes import read_pipes
from rhythm_maps.games.osu.replay import read_replay
from rhythm_maps.games.osu.unlzma import unlzma

LAZER = 30000016
STATISTICS = b'{"online_id":7,"mods":[{"acronym":"DT","settings":{"speed_change":1.3}}],"statistics":{"great":5}}'


def codes(data: bytes) -> list[str]:
    return [problem.code for problem in read_replay(data).problems]


def block(plain: bytes) -> bytes:
    packed = alone(plain)
    return integer(len(packed)) + packed


def test_a_replay_of_stable_has_every_value_by_name() -> None:
    found = read_replay(osr(mods=8 | 64))
    one = found.score
    assert found.problems == []
    assert (one.mode, one.version, one.chart_id, one.player, one.replay_md5) == (0, 20210316, MD5, "Player", "f" * 32)
    assert one.counts == {
        "count_300": 90, "count_100": 5, "count_50": 3, "count_geki": 20, "count_katu": 4, "count_miss": 2,
    }  # fmt: skip
    assert (one.score, one.max_combo, one.perfect, one.mods, one.online_id) == (123_456, 321, False, 72, 99)
    assert one.played_at == datetime(2021, 1, 1, tzinfo=UTC)
    assert (found.is_lazer, found.lazer, one.target_accuracy) == (False, None, None)


def test_frames_are_columns_and_the_seed_is_none_of_them() -> None:
    found = read_replay(osr())
    assert found.frames["dt_ms"].tolist() == [0, -1, 16, 17]
    assert found.frames["x"].tolist() == [256, 256, 100.5, -3]
    assert found.frames["y"].tolist() == [-500, -500, 200.25, 384]
    assert found.frames["keys"].tolist() == [0, 0, 1, 21]
    assert found.frames["keys"].dtype.kind == "i"
    assert found.seed == 4711


def test_the_life_bar_is_columns() -> None:
    assert read_replay(osr()).life_bar["time_ms"].tolist() == [0, 500]
    assert read_replay(osr()).life_bar["life"].tolist() == [1, 0.75]
    for life in (None, ""):
        found = read_replay(osr(life=life))
        assert found.problems == []
        assert len(found.life_bar["life"]) == 0


@pytest.mark.parametrize(
    ("version", "online_id"), [(20121007, None), (20121008, 98), (20140720, 98), (20140721, 99), (20210316, 99)]
)
def test_the_online_id_has_the_size_of_its_version(version: int, online_id: int | None) -> None:
    found = read_replay(osr(version=version))
    assert found.score.online_id == online_id
    assert found.problems == []


def test_target_practice_adds_its_accuracy_in_stable_only() -> None:
    found = read_replay(osr(mods=1 << 23, tail=double(0.875)))
    assert found.score.target_accuracy == 0.875
    assert found.problems == []
    lazer = read_replay(osr(version=LAZER, mods=1 << 23, tail=block(STATISTICS)))
    assert lazer.score.target_accuracy is None
    assert lazer.problems == []


def test_lazer_adds_its_statistics_from_its_second_version_on() -> None:
    found = read_replay(osr(version=LAZER, tail=block(STATISTICS)))
    assert found.is_lazer
    assert found.problems == []
    assert found.lazer is not None
    assert found.lazer["mods"] == [{"acronym": "DT", "settings": {"speed_change": 1.3}}]
    assert read_replay(osr(version=30000000)).problems == []
    assert read_replay(osr(version=LAZER, tail=integer(-1))).lazer is None


def test_bytes_after_the_end_are_told_of_and_not_fatal() -> None:
    found = read_replay(osr(tail=b"\n"))
    assert found.score.online_id == 99
    assert [(p.code, p.place) for p in found.problems] == [("trailing_bytes", f"byte {len(osr())}")]


@pytest.mark.parametrize(
    ("data", "code", "frames"),
    [
        (b"", None, 0),
        (b"short", "bad_lzma", 0),
        (b"\xff" + alone(FRAMES)[1:], "bad_lzma", 0),
        (alone(FRAMES)[:-6], "bad_lzma", 0),
        (alone(FRAMES)[:20] + b"\0" * 40, "bad_lzma", 0),
        (alone(FRAMES)[:1] + struct.pack("<I", 2**32 - 1) + alone(FRAMES)[5:], "lzma_too_large", 0),
        (alone(FRAMES)[:5] + struct.pack("<q", 2**40) + alone(FRAMES)[13:], "lzma_too_large", 0),
        (alone(b"abc"), None, 0),
        (alone(b"1|x|2|3,4|5|6|7"), "bad_frames", 1),
        (alone(b"1|nan|2|3"), "bad_frames", 0),
        (alone(b"1|2|2|0.5"), "bad_frames", 0),
        (alone(b"99999999999|2|2|0,1|2|3|4,5|6|7|8"), "bad_frames", 2),
    ],
)
def test_with_damaged_frames_the_score_still_comes_with_a_problem(data: bytes, code: str | None, frames: int) -> None:
    found = read_replay(osr(replay=data))
    assert found.score.score == 123_456
    assert [problem.code for problem in found.problems] == ([code] if code else [])
    assert {len(column) for column in found.frames.values()} == {frames}


def test_a_bomb_is_stopped_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that does not declare its size, as Python writes it, of zeros a thousand times its own size."""
    monkeypatch.setattr(limits, "REPLAY_TEXT_BYTES", 1 << 20)
    assert codes(osr(replay=alone(b"0" * (2 << 20)))) == ["lzma_too_large"]
    with pytest.raises(BadFormat) as error:
        unlzma(alone(b"0" * 101), 100, "the frames")
    assert (error.value.code, error.value.place) == ("lzma_too_large", "the frames")
    assert unlzma(alone(b"0" * 100), 100, "the frames") == b"0" * 100


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        (integer(5) + b"short", "bad_lzma"),
        (integer(500), "bad_length"),
        (integer(-9), "bad_length"),
        (b"", "truncated"),
        (block(b"[]"), "bad_json"),
        (block(b"{"), "bad_json"),
        (block(b"\xff\xfe"), "bad_json"),
        (block(b"[" * 100_000), "bad_json"),
        (block(b'{"a":' + b"[" * 20 + b"]" * 20 + b"}"), "json_too_deep"),
        (block(b'{"a":"' + b"x" * limits.SCORE_JSON_BYTES + b'"}'), "lzma_too_large"),
    ],
)
def test_with_damaged_statistics_score_and_frames_still_come_with_a_problem(tail: bytes, code: str) -> None:
    found = read_replay(osr(version=LAZER, tail=tail))
    assert [problem.code for problem in found.problems] == [code]
    assert found.lazer is None
    assert len(found.frames["x"]) == 4


def test_a_damaged_life_bar_is_a_problem() -> None:
    found = read_replay(osr(life="0|1,x|2,900|0.5"))
    assert [problem.code for problem in found.problems] == ["bad_life_bar"]
    assert found.life_bar["time_ms"].tolist() == [0, 900]


def test_a_score_cut_anywhere_is_an_error_with_a_byte() -> None:
    data = osr()
    for size in range(len(data)):
        with pytest.raises(BadFormat) as error:
            read_replay(data[:size])
        assert int(error.value.place.removeprefix("byte ")) <= size


@pytest.mark.parametrize("length", [2**31 - 1, -2, -(2**31)])
def test_a_length_beyond_the_file_is_refused(length: int) -> None:
    data = score(replay=b"").replace(integer(0) + b"\x63", integer(length) + b"\x63")
    with pytest.raises(BadFormat) as error:
        read_replay(data)
    assert error.value.code == "bad_length"


@pytest.mark.parametrize("where", ["frames", "life"])
def test_more_frames_than_the_cap_are_not_read(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPLAY_FRAMES", 5)
    data = osr(replay=alone(b"1|2|3|4," * 6)) if where == "frames" else osr(life="1|1," * 6)
    found = read_replay(data)
    assert [problem.code for problem in found.problems] == ["too_many_frames"]
    assert (len(found.frames["x"]), len(found.life_bar["life"])) == ((0, 2) if where == "frames" else (4, 0))


def test_after_many_damaged_frames_the_rest_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile text would keep the slow road busy for long; what was read before is kept."""
    monkeypatch.setattr("rhythm_maps.games.osu.pipes._CHUNK_BYTES", 100)
    monkeypatch.setattr(limits, "REPLAY_BAD_FRAMES", 50)
    found = read_replay(osr(replay=alone(b"1|2|3|4," * 30 + b"1|x|3|4," * 500 + b"1|2|3|4," * 500)))
    assert [problem.code for problem in found.problems] == ["bad_frames"]
    assert found.problems[0].reason.endswith(": 1,000")
    assert len(found.frames["x"]) == 30


def test_more_keys_than_a_coordinate_holds_are_kept() -> None:
    """In mania x is a bit field of the keys: with 18 columns it goes beyond the largest coordinate of a map."""
    assert read_replay(osr(replay=alone(b"5|131073|20|0"))).frames["x"].tolist() == [131073]


def test_long_texts_are_read_in_pieces_that_break_at_records(monkeypatch: pytest.MonkeyPatch) -> None:
    text = ",".join(f"{i}|{i / 4}|{-i}|{i % 32}" for i in range(5000)).encode()
    whole, bad = read_pipes(text, (1e9,) * 4)
    monkeypatch.setattr("rhythm_maps.games.osu.pipes._CHUNK_BYTES", 100)
    pieces, bad_too = read_pipes(text, (1e9,) * 4)
    assert (bad, bad_too) == (0, 0)
    assert whole.tolist() == pieces.tolist() == [[i, i / 4, -i, i % 32] for i in range(5000)]


@pytest.mark.parametrize(
    ("text", "rows", "bad"),
    [
        (b"", [], 0),
        (b",,,", [], 0),
        (b"1|2", [[1, 2]], 0),
        (b"1|2,", [[1, 2]], 0),
        (b"1|2,3", [[1, 2]], 0),
        (b"1|2|3,4|5", [[1, 2], [4, 5]], 0),
        (b"1|2|3,4,5|6", [[1, 2], [5, 6]], 0),
        (b" 1 |+2,1e2|.5", [[1, 2], [100, 0.5]], 0),
        (b"1_0|2,3|4", [[3, 4]], 1),
        (b"1|inf,2|3", [[2, 3]], 1),
        (b"|,1|2", [[1, 2]], 1),
        (b"\xff|1,2|3", [[2, 3]], 1),
        (b"1|" + b"9" * 3_000_000, [], 1),
        (b"|" * 3_000_000, [], 1),
    ],
)
def test_records_with_too_few_values_are_skipped_and_bad_numbers_counted(
    text: bytes, rows: list[list[float]], bad: int
) -> None:
    values, wrong = read_pipes(text, (1000.0, 1000.0))
    assert values.tolist() == rows
    assert wrong == bad


def test_a_seed_of_lazer_has_no_comma_behind_it() -> None:
    assert read_replay(osr(replay=alone(b"1|2|3|4,-12345|0|0|0"))).seed == 0
    assert read_replay(osr(replay=alone(b"1|2|3|4"))).seed is None
    assert replays.SEED == -12345
