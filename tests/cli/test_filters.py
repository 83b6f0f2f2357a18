"""Filters as people type them, and as Python gives them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from rhythm_maps.build import presets
from rhythm_maps.build.spec import make_spec
from rhythm_maps.cli.filters import parse_filters
from rhythm_maps.errors import UsageError


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("stars>=5", ("stars", ">=", 5.0)),
        ("stars >= 5.25", ("stars", ">=", 5.25)),
        ("mode=mania", ("mode", "=", "mania")),
        ("keys in 4,7", ("keys", "in", (4, 7))),
        ("status not in graveyard, pending", ("status", "not in", ("graveyard", "pending"))),
        ("tempo_bpm<180", ("tempo_bpm", "<", 180.0)),
        ("length_s<=300", ("length_s", "<=", 300.0)),
        ("has_downbeats=true", ("has_downbeats", "=", True)),
        ("mappers~Example Mapper", ("mappers", "contains", "Example Mapper")),
        ("title!=a = b", ("title", "!=", "a = b")),
    ],
)
def test_filters_are_column_operator_value_of_the_columns_type(text: str, parsed: tuple) -> None:
    assert parse_filters("osu", (text,)) == [parsed]
    make_spec("osu", filters=[parsed])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stars", 'expected column, operator and value, such as "stars>=5"'),
        ("starz>=5", "no column 'starz'. Columns: "),
        ("stars>=many", "'many' is no float"),
        ("keys=4.5", "'4.5' is no int32"),
        ("has_downbeats=maybe", "'maybe' is no bool"),
    ],
)
def test_what_is_no_filter_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(").replace(".", r"\.")):
        parse_filters("osu", (text,))


def test_lists_of_text_take_contains_and_nothing_else() -> None:
    with pytest.raises(UsageError, match='use \\("mappers", "contains", text\\)'):
        make_spec("osu", filters=[("mappers", "==", "X")])
    with pytest.raises(UsageError, match="operator 'contains' is not one of"):
        make_spec("osu", filters=[("title", "contains", "X")])
    with pytest.raises(UsageError, match="holds lists or structs"):
        make_spec("osu", filters=[("notes", "contains", "X")])


def test_all_filters_must_hold_and_null_never_does() -> None:
    table = pa.table({"keys": [4, 4, 7, None], "mappers": [["A", "B"], ["C"], ["A"], ["A"]]})
    for filters, kept in (
        ([("keys", "==", 4)], [True, True, False, False]),
        ([("mappers", "contains", "A")], [True, False, True, True]),
        ([("keys", "==", 4), ("mappers", "contains", "A")], [True, False, False, False]),
        ([("keys", "in", (4, 7)), ("keys", ">", 4)], [False, False, True, False]),
    ):
        passed = presets.mask(table, filters)
        assert passed is not None
        assert passed.to_pylist() == kept


def test_presets_of_files_cannot_use_contains(tmp_path: Path) -> None:
    from rhythm_maps.schema import CHARTS

    with pytest.raises(UsageError, match="only scalar columns"):
        presets.check_filters([("mappers", "contains", "A")], CHARTS, "configs/osu.toml [x]")
