"""Whatever the bytes, there is a row or a declared reject, and a row is sound; and work grows with the file."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythm_maps import limits
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.osu import GAME

HEADER = b"osu file format v14\n"


def rows_of(files: list[bytes], end: float = float("nan")) -> list[dict[str, Any]]:
    """Parse files as one batch; check that each has a row or a reject, and that the rows are sound."""
    batch = GAME.parse([MapsetBytes((("a", "a"),), {"a": data}) for data in files])
    assert len(batch.names) + len(batch.rejects) == len(files)
    found = GAME.rows(batch, Facts(np.full(len(batch.names), end))).to_pylist()
    for row in found:
        check(row)
    return found


def check(row: dict[str, Any]) -> None:
    """Times are finite and sorted, beats increase and are bounded, indices point at sliders."""
    start, stop = np.array(row["notes"]["time_s"]), np.array(row["notes"]["end_s"])
    assert np.isfinite(start).all()
    assert np.isfinite(stop).all()
    assert (np.diff(start) >= 0).all()
    assert (stop >= start).all()
    assert np.isfinite(row["notes"]["beat"]).all()
    beats = np.array(row["beats"]["time_s"])
    assert (np.diff(beats) > 0).all()
    assert (beats >= 0).all()
    assert len(beats) <= limits.BEATS
    spans = np.array(row["notes_osu"]["spans"], np.int64)
    edge_notes = np.array(row["edges"]["note"], np.int64)
    assert np.isfinite(row["edges"]["time_s"]).all()
    assert np.bincount(edge_notes, minlength=len(spans))[spans > 0].tolist() == (spans[spans > 0] + 1).tolist()
    assert (spans[np.array(row["curves"]["note"], np.int64)] > 0).all()
    for name in ("kiai", "breaks"):
        assert (np.array(row[name]["end_s"]) >= np.array(row[name]["start_s"])).all()
    assert (np.diff(row["scroll"]["time_s"]) > 0).all()


SECTION = st.sampled_from(
    (
        *(b"[General]", b"[Editor]", b"[Metadata]", b"[Difficulty]", b"[Events]", b"[TimingPoints]", b"[Colours]"),
        *(b"[HitObjects]", b"osu file format v5", b"osu file format v128", b"[", b"//"),
    )
)
WORD = st.sampled_from(
    (
        *(b"Mode:3", b"CircleSize:", b"0,500", b"0,-1e-300,4,1,0,50,0", b"9e8,1,2,3", b"5,1e-50,4,1,0,9,1,9"),
        *(b"1,2,3,1,0", b"1,2,-9e8,2,0,B|1:1,900,131072", b"1,2,3,128,0,2e9", b"2,9,1", b"4,0,0,x"),
        *(b"1,2,3,2,0,C|9:9|9:9,2,0,2|0,0:0|", b"Combo1:1,2,3", b"Bookmarks:1,2", b"\xff\xfe", b"\r", b"\0"),
    )
)
SOUP = st.lists(SECTION | WORD | st.binary(max_size=12), max_size=25).map(b"\n".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200) | SOUP, min_size=1, max_size=3), st.sampled_from([np.nan, np.inf, 0.0, 30.0]))
def test_any_bytes_give_a_row_or_a_reject(files, end):
    rows_of(files, end)


@settings(max_examples=100, deadline=None)
@given(st.lists(SOUP.map(HEADER.__add__), min_size=1, max_size=4))
def test_a_file_has_the_same_row_whatever_stands_beside_it(files):
    together = rows_of(files)
    assert repr(together) == repr([row for data in files for row in rows_of([data])])


def mutants(data: bytes, count: int, chance: random.Random) -> list[bytes]:
    """Change, drop or insert one byte, `count` times."""
    found = []
    for _ in range(count):
        at, byte = chance.randrange(len(data)), bytes([chance.randrange(256)])
        found.append(data[:at] + chance.choice((byte, b"", byte + data[at : at + 1])) + data[at + 1 :])
    return found


@pytest.mark.corpus
def test_most_single_byte_mutants_of_real_maps_give_rows(corpus):
    chance = random.Random(20261120)
    files = sorted(path for path in (corpus / "osu").rglob("*.osu") if path.is_file() and path.stat().st_size < 60_000)
    made = given_rows = 0
    for path in chance.sample(files, 60):
        changed = mutants(path.read_bytes(), 8, chance)
        made += len(changed)
        given_rows += len(rows_of(changed))
    assert made == 480
    assert given_rows / made >= 0.6


@pytest.mark.corpus
def test_damaged_real_maps_give_rows_or_rejects(corpus):
    """Cut off anywhere, with stretches of noise, or with two files run into each other."""
    chance = random.Random(7)
    files = sorted(path for path in (corpus / "osu").rglob("*.osu") if path.is_file() and path.stat().st_size < 60_000)
    for path in chance.sample(files, 25):
        data, other = path.read_bytes(), chance.choice(files).read_bytes()
        at, end = sorted(chance.randrange(len(data)) for _ in range(2))
        noise = chance.randbytes(min(end - at, 2000))
        rows_of([data[:at], data[at:], data[:at] + noise + data[end:], data[:at] + other, data.replace(b",", b":")])


def calls(data: bytes) -> int:
    """Count the function calls that one file takes: work that does not depend on the machine."""
    count = 0

    def seen(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(seen)
    try:
        batch = GAME.parse([MapsetBytes((("a", "a"),), {"a": data})])
        GAME.rows(batch, Facts(np.array([np.nan])))
    finally:
        sys.setprofile(None)
    return count


ODD = "1.5e1,2,{},1,0\n"
LONG = "0,0,{},2,0,B|" + "|".join(f"{i % 500}:{i % 300}" for i in range(40)) + ",1\n"


@pytest.mark.parametrize("line", ["1,2,{},1,0,0:0:0:0:\n", ODD, LONG], ids=["plain", "odd", "without length"])
def test_twice_the_objects_are_about_twice_the_work(osu, line):
    small, large = (calls(osu("".join(line.format(i) for i in range(n)))) for n in (400, 800))
    assert large <= 2.3 * small


@pytest.mark.parametrize("tail", [",1,100", ",1"], ids=["with length", "without length"])
@pytest.mark.parametrize("kind", ["B", "L", "C"])
def test_twice_the_control_points_are_about_twice_the_work(osu, kind, tail):
    small, large = (
        calls(osu(f"0,0,0,2,0,{kind}|" + "|".join(f"{i % 500}:{i % 300}" for i in range(n)) + tail)) for n in (300, 600)
    )
    assert large <= 2.3 * small
