"""A person's filters hold beside a preset's own, also where the rows come from the folder of a build."""

from __future__ import annotations

import pyarrow.dataset as ds
import pytest

import rhythm_maps
from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("filtered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(place / "cache"))
        write_samples("osu", place / "maps")
        build(scan("osu", [place / "maps"]).keep(), place / "out", make_spec("osu", configs=("charts",)))
    return str(place / "out")


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("wanted", [[("nps", ">", 7.9)], [[("nps", ">", 7.9)]], ds.field("nps") > 7.9])
def test_both_hold(folder, tmp_path, streaming, wanted):
    def rows(name, **options):
        made = rhythm_maps.load_dataset(
            folder, name, split="train", streaming=streaming, cache_dir=str(tmp_path), **options
        )
        return [(row["mode"], row["nps"]) for row in made]

    every = rows("charts")
    expected = [row for row in every if row[0] == "mania" and row[1] > 7.9]
    assert 0 < len(expected) < len([row for row in every if row[0] == "mania"])
    assert rows("mania", filters=wanted) == expected
    assert rows("charts", filters=wanted) == [row for row in every if row[1] > 7.9]
