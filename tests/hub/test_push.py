"""A push: one commit and one tag, what readers get, and what a second push sends."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def small(builds):
    """2 splits x 2 shards of 2 configs."""
    return builds.make(24, configs=("charts", "beats"), shards=2)


def test_a_push_is_one_commit_and_a_tag_that_plain_datasets_opens(hub, runs, repo, small):
    made = runs.call("push", build=str(small), repo=repo, version="1.0.0")
    there = hub.hub.repos[repo]
    assert len(there.commits) == 2, "the empty one that the Hub makes, and ours"
    assert there.tags == {"v1.0.0": made["commit"]}
    assert there.private
    ids = runs.call("load", repo=repo, config="charts", key="chart_id", revision="v1.0.0")
    assert {split: len(rows) for split, rows in ids.items()} == made["rows"]["charts"]
    streamed = runs.call("load", repo=repo, config="charts", key="chart_id", streaming=True)
    assert streamed == ids


def test_a_second_push_of_the_same_sends_nothing(hub, runs, repo, small):
    first = runs.call("push", build=str(small), repo=repo, version="1.0.0")
    hub.seen.clear()
    again = runs.call("push", build=str(small), repo=repo, version="1.0.0")
    assert again["commit"] == first["commit"]
    assert again["sent"] == {}
    assert hub.data_bytes_received() == 0
    assert not hub.requests("POST", "/commit/")
    assert len(hub.hub.repos[repo].commits) == 2
