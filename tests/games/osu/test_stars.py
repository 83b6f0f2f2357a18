"""Star ratings computed by rosu-pp-py, and what is said where it is missing."""

import sys

import pytest

from rhythm_maps import games
from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import MissingExtra
from rhythm_maps.games.osu import stars

rosu = pytest.importorskip("rosu_pp_py", reason="the extra [stars] is not installed")
OSU = games.get("osu")


def test_stars_grow_with_the_rate_and_are_rosus_own(tmp_path):
    import pyarrow.parquet as pq

    write_samples("osu", tmp_path / "maps")
    result = build(scan("osu", [tmp_path / "maps"]).keep(), tmp_path / "out", make_spec("osu", stars=True))
    rows = [row for path in (tmp_path / "out" / "charts").iterdir() for row in pq.read_table(path).to_pylist()]
    assert len(rows) == result.info["rows"]["charts"]["train"] == 11
    for row in rows:
        by_rate = dict(zip(row["stars_by_rate"]["rate"], row["stars_by_rate"]["stars"], strict=True))
        assert tuple(by_rate) == stars.RATES
        assert by_rate[0.5] < by_rate[1.0] < by_rate[2.0]
        assert row["stars"] == by_rate[1.0]
        assert row["stars_source"].startswith("rosu-pp-py ")


def test_stars_of_a_chart_are_those_of_the_library():
    data = next(iter(_charts()))
    assert (
        dict(stars.stars_by_rate(data))[1.5]
        == rosu.Difficulty(clock_rate=1.5).calculate(rosu.Beatmap(bytes=data)).stars
    )


def test_without_the_library_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rosu_pp_py", None)
    with pytest.raises(MissingExtra, match=r'pip install "rhythm-maps\[stars\]"'):
        make_spec("osu", stars=True)


def test_without_asking_nothing_is_computed(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rosu_pp_py", None)
    write_samples("osu", tmp_path / "maps")
    result = build(scan("osu", [tmp_path / "maps"]).keep(), tmp_path / "out", make_spec("osu", configs=("charts",)))
    assert result.info["rows"]["charts"] == {"train": 11}


def _charts():
    import io
    import zipfile

    for sample in OSU.samples():
        with zipfile.ZipFile(io.BytesIO(sample.data)) as archive:
            yield from (archive.read(name) for name in archive.namelist() if name.endswith(".osu"))
