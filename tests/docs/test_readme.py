"""README.md's Python blocks run as they stand, on generated maps in the places that its text names."""

from __future__ import annotations

import contextlib
import io
from typing import Any, NamedTuple

import pytest
from doc_blocks import ROOT, python_blocks, run_blocks

from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

README = ROOT / "README.md"


class Readme(NamedTuple):
    """What the names of the page held after each of its blocks, and what they printed."""

    opened: dict[str, Any]
    exports: dict[str, Any]
    audio: dict[str, Any]
    loop: dict[str, Any]
    printed: str


@pytest.fixture(scope="module")
def readme(place):
    """What each block leaves behind, run beside a build at out/osu and exports of both games."""
    exports = place / "home" / "osu" / "Exports"
    write_samples("osu", exports)
    write_samples("beat_saber", place / "CustomLevels")
    build(scan("osu", [exports]).keep(), place / "out" / "osu", make_spec("osu"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        return Readme(*run_blocks(README), printed.getvalue())


def test_every_block_is_found():
    """A fence of another spelling would hide its block from these tests."""
    assert len(python_blocks(README)) == README.read_text(encoding="utf-8").count("```py") > 0


def test_configs_of_a_build_open_by_name(readme):
    charts, tracks, mania = (readme.opened[name]["train"] for name in ("charts", "tracks", "mania"))
    assert set(mania["keys"]) == {4}
    assert set(mania["chart_id"]) < set(charts["chart_id"])
    assert set(charts["track_id"]) - {None} == set(tracks["track_id"])


def test_exports_give_the_rows_of_a_build(readme):
    assert sorted(readme.exports["ds"]["train"]["chart_id"]) == sorted(readme.opened["charts"]["train"]["chart_id"])


def test_beat_saber_exports_stream(readme):
    """The pack has one Standard Expert+ chart; its line shows title, times and directions."""
    (line,) = readme.printed.splitlines()
    row = readme.exports["row"]
    assert (row["mode"], row["difficulty"]) == ("Standard", "ExpertPlus")
    assert line == f"{row['title']} {row['notes']['time_s'][:4]} {row['notes_beat_saber']['direction'][:4]}"


def test_audio_decodes_to_its_length_on_the_games_clock(readme):
    row, decoded = readme.audio["row"], readme.audio["decoded"]
    assert decoded.sampling_rate == 24_000
    length = row["duration_s"] + row["timeline_shift_s"]
    assert decoded.samples.shape == (pytest.approx(length * 24_000, abs=2),)


def test_loader_gives_every_chart_once_with_the_columns_asked_for(readme):
    rows = list(readme.loop["loader"])
    assert sorted(row["chart_id"] for row in rows) == sorted(readme.opened["charts"]["train"]["chart_id"])
    assert {tuple(sorted(row)) for row in rows} == {("beats", "chart_id", "notes")}
