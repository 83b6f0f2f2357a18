"""Numbers are read as .NET's invariant culture reads them, not as Python does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythm_maps.games.osu.digits import PAD, Bytes, decimals, integers
from rhythm_maps.games.osu.numbers import MAX_COORDINATE, parse_float, parse_int, parse_single


@pytest.mark.parametrize(
    ("text", "value"), [("4", 4), (" 4\t", 4), ("-0", 0), ("+7", 7), ("007", 7), ("2147483647", 2**31 - 1)]
)
def test_whole_numbers(text, value):
    assert parse_int(text) == value


@pytest.mark.parametrize(
    "text", ["", " ", "-", "4.0", "1_0", "１２", "1e3", "0x10", "2147483648", "-2147483648", "1,000", "4\x00"]
)
def test_not_whole_numbers(text):
    with pytest.raises(ValueError):
        parse_int(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        (" -1.5 ", -1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("1,000.5", 1000.5),
        ("1,4", 14.0),
    ],
)
def test_decimal_numbers(text, value):
    assert parse_float(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "e5",
        "1e",
        "1_0.0",
        "١",
        "0x1p3",
        "nan",
        "inf",
        "Infinity",
        "1e400",
        "3e9",
        ",5",
        "1.0,5",
        "1e1,0",
        "--1",
    ],
)
def test_not_decimal_numbers(text):
    with pytest.raises(ValueError):
        parse_float(text)


@pytest.mark.parametrize("text", ["NaN", "nan", "-NaN"])
def test_nan_is_a_number_only_where_it_is_asked_for(text):
    assert math.isnan(parse_float(text, nan=True))


def test_limits_of_coordinates_hold_after_rounding_to_single_precision():
    assert parse_single("131072.001", MAX_COORDINATE) == 131072.0
    with pytest.raises(ValueError):
        parse_single("131073", MAX_COORDINATE)


def columns(texts):
    """Lay texts out as fields of one buffer."""
    data = [text.encode() for text in texts]
    stop = PAD + np.cumsum([len(item) + 1 for item in data]) - 1
    start = stop - [len(item) for item in data]
    return Bytes(np.frombuffer(b"\0" * PAD + b",".join(data) + b"\n" + b"\0" * PAD, np.uint8)), start, stop


ODD = st.text(alphabet="0123456789+-.eE ,x", max_size=26)
PLAIN = (
    st.decimals(-(10**8), 10**8, allow_nan=False, places=6).map(str)
    | st.integers(-(10**10), 10**10).map(str)
    | st.floats(0, 1e6).map(repr)
)


@given(st.lists(ODD | PLAIN, min_size=1, max_size=30))
def test_columns_of_numbers_agree_with_single_ones(texts):
    """What the fast road reads is bit for bit what the exact road reads; it may only leave more unread."""
    texts = [text.replace(",", "") for text in texts]
    buffer, start, stop = columns(texts)
    whole, ok_whole = integers(buffer, start, stop)
    real, ok_real = decimals(buffer, start, stop, 2e9)
    for i, text in enumerate(texts):
        if ok_whole[i]:
            assert whole[i] == parse_int(text)
        if ok_real[i] and abs(real[i]) < 2e9:
            assert real[i] == parse_float(text)


def test_plain_numbers_take_the_fast_road():
    buffer, start, stop = columns(
        ["0", "-12", "512", "78.7499970197678", "342.857142857143", "78.74999701976776", "-.5"]
    )
    _, ok = decimals(buffer, start, stop, 2e9)
    assert ok.all()
