"""A build as a ``DatasetDict``: the road of those who push by hand, under the same policy."""

from __future__ import annotations

import datasets
import pytest
from planted import MARK, rows

import rhythm_maps
from rhythm_maps.errors import NoDataError, UsageError
from rhythm_maps.publish.policy import PROFILES
from rhythm_maps.publish.stage import stage


@pytest.fixture
def listed(planted, tmp_path):
    """The opt-outs of `planted` as a file."""
    from planted import write_osu

    from rhythm_maps.build.opt_outs import add

    add(write_osu(tmp_path / "again"), tmp_path / "opt_outs.jsonl")
    return tmp_path / "opt_outs.jsonl"


@pytest.mark.parametrize("config", ["charts", "beats", "tracks"])
def test_it_holds_the_rows_that_a_push_would_hold(config, planted, carded, listed):
    build, _ = planted
    found = rhythm_maps.to_dataset_dict(build, config, profile="audio", rights="mine", opt_outs=listed)
    assert isinstance(found, datasets.DatasetDict)
    pushed = datasets.load_dataset(str(carded.folder), config)
    assert {split: len(data) for split, data in found.items()} == carded.rows[config]
    for split, data in found.items():
        assert data.features == pushed[split].features
        assert repr(data.to_list()) == repr(pushed[split].to_list())
        assert MARK not in repr(data.to_list()).casefold()


def test_it_holds_the_columns_of_its_profile_and_annotations_by_default(planted, listed):
    build, _ = planted
    names = [
        set(rhythm_maps.to_dataset_dict(build, profile=p, rights="mine", opt_outs=listed)["train"].column_names)
        for p in PROFILES
    ]
    assert "notes" not in names[0]
    assert {"notes", "curves"} == {"notes", "curves"} & names[1]
    assert names[0] < names[1] == names[2] == names[3]
    assert names[0] == set(rhythm_maps.to_dataset_dict(build, opt_outs=listed)["train"].column_names)


def test_a_preset_is_its_charts(planted, listed):
    build, _ = planted
    found = rhythm_maps.to_dataset_dict(build, "mania_4k", opt_outs=listed)
    expected = {row["chart_id"] for row in rows(build, "charts") if row["mode"] == "mania"}
    assert {row["chart_id"] for data in found.values() for row in data} == expected
    assert all(len(data) for data in found.values())


def test_official_rows_and_content_without_permission_are_refused_here_as_well(levels):
    official = {row["chart_id"] for row in rows(levels, "charts") if row["rights"]["official"]}
    loaded = rhythm_maps.to_dataset_dict(levels, profile="maps", rights="mine", public=False)
    kept = {row["chart_id"] for data in loaded.values() for row in data}
    assert kept == {row["chart_id"] for row in rows(levels, "charts")} - official
    # Nobody knows where it will be pushed to: without a word it is taken for public.
    with pytest.raises(NoDataError, match="no_permission"):
        rhythm_maps.to_dataset_dict(levels, profile="maps", rights="mine")


def test_what_is_wrong_with_the_call_is_said(planted):
    build, _ = planted
    with pytest.raises(UsageError, match="carries no tracks: give --profile audio"):
        rhythm_maps.to_dataset_dict(build, "tracks")
    with pytest.raises(UsageError, match="no config chart"):
        rhythm_maps.to_dataset_dict(build, "chart")
    with pytest.raises(UsageError, match="on what basis"):
        rhythm_maps.to_dataset_dict(build, profile="maps")


def test_a_list_that_grows_counts_at_the_next_call(planted, tmp_path):
    build, _ = planted
    own = tmp_path / "own.jsonl"
    own.write_text("")
    before = rhythm_maps.to_dataset_dict(build, opt_outs=own)
    own.write_text('{"kind": "mapper", "value": "Zqmark Mapper"}\n')
    after = rhythm_maps.to_dataset_dict(build, opt_outs=own)
    names = [{name for data in one.values() for row in data for name in row["mappers"]} for one in (before, after)]
    assert names[0] - names[1] == {"Zqmark Mapper"}


def test_every_road_out_applies_the_policy(planted, carded):
    """A folder for a push, what a push made of one, and a DatasetDict: there is no other way out of the package."""
    build, _ = planted
    with pytest.raises(UsageError, match="what a push made of a build"):
        rhythm_maps.to_dataset_dict(carded.folder)
    with pytest.raises(UsageError, match="what a push made of a build"):
        stage(carded.folder, build.parent / "twice")
