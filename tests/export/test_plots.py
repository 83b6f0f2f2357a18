"""The picture of a chart shows its beats and notes where the rows say, on the clock of its audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from rhythm_maps import games
from rhythm_maps.build.one_song import one_song
from rhythm_maps.build.samples import write_samples
from rhythm_maps.cli import cli
from rhythm_maps.decoding import decode
from rhythm_maps.errors import InputError, NoDataError, UsageError
from rhythm_maps.export.plots import draw, plot_song


@pytest.fixture(scope="module", params=games.names())
def maps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    write_samples(request.param, folder)
    return folder


def test_a_picture_is_drawn_of_a_folder_and_of_a_single_archive(maps: Path, tmp_path: Path) -> None:
    archive = sorted(path for path in maps.iterdir() if path.suffix in {".osz", ".zip"})[1]
    for path in (maps, archive):
        result = CliRunner().invoke(cli, ["inspect", str(path), "--plot", str(tmp_path / "x.png")])
        assert result.exit_code == 0, result.output
        assert "Wrote" in result.output
        with Image.open(tmp_path / "x.png") as picture:
            assert (picture.format, picture.size) == ("PNG", (1320, 770))
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 50
        (tmp_path / "x.png").unlink()


def test_beats_and_notes_stand_where_the_rows_say(maps: Path) -> None:
    chart, track = one_song(maps)
    span = (chart["first_object_s"] - 0.37, chart["first_object_s"] + 4.07)
    figure = draw(chart, track, decode(track, rate=24_000, mono=True).samples, span)
    wave, notes, phases, _ = figure.axes
    beats = [time_s for time_s in chart["beats"]["time_s"] if span[0] <= time_s <= span[1]]
    assert len(beats) > 3
    for panel in (wave, notes):
        lines = sorted(line.get_xdata()[0] for line in panel.lines if len(set(line.get_xdata())) == 1)
        assert set(beats) <= set(lines)
    drawn = sorted(x for line in notes.lines if line.get_marker() == "o" for x in line.get_xdata())
    assert drawn == sorted(
        start
        for start, end in zip(chart["notes"]["time_s"], chart["notes"]["end_s"], strict=True)
        if end >= span[0] and start <= span[1]
    )
    (marks,) = (line for line in phases.lines if line.get_label() == "is_beat")
    np.testing.assert_allclose(marks.get_xdata(), beats, atol=1 / 75)


def test_a_chart_is_found_by_part_of_its_name(maps: Path) -> None:
    chart, _ = one_song(maps)
    assert one_song(maps, chart["difficulty"].upper())[0]["difficulty"] == chart["difficulty"]
    assert one_song(maps, chart["chart_id"])[0]["chart_id"] == chart["chart_id"]
    with pytest.raises(NoDataError, match="'no such chart'"):
        one_song(maps, "no such chart")


def test_mistakes_are_explained(maps: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected 0 or more, and less than the audio's"):
        plot_song(maps, tmp_path / "x.png", start_s=4000.0)
    with pytest.raises(UsageError, match="more than 0"):
        plot_song(maps, tmp_path / "x.png", seconds=0)
    with pytest.raises(InputError, match="no such file"):
        plot_song(tmp_path / "gone", tmp_path / "x.png")
    with pytest.raises(NoDataError, match="no chart with audio"):
        plot_song(tmp_path, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
