"""After a withdrawal no revision of the repository serves the withdrawn bytes, and later pushes leave them out."""

from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest
from hub_runs import Killed, RunFailed

CONFIGS = ("charts", "beats")


@pytest.fixture(scope="module")
def first(builds):
    """Mapsets 0 to 11."""
    return builds.make(12, configs=CONFIGS)


@pytest.fixture(scope="module")
def second(builds, first):
    """Mapsets 0 to 13."""
    return builds.make(14, configs=CONFIGS, since=first)


@pytest.fixture(scope="module")
def third(builds, second):
    """Mapsets 0 to 12: the last one went by itself."""
    return builds.make(13, configs=CONFIGS, since=second)


def rows_of(build, config):
    return [row for path in sorted((build / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="module")
def newest(second):
    """The charts and the recording of mapset 13, which only the second version holds."""
    charts = [row for row in rows_of(second, "charts") if row["title"] == "Song 0013"]
    return charts, charts[0]["track_id"]


def served(hub, repo):
    """Every byte that any commit of any ref serves, Parquet as its rows."""
    there = hub.hub.repos[repo]
    texts = []
    for oid in there.reachable():
        for path, blob in there.commits[oid].tree.items():
            data = there.data(blob)
            texts.append(
                json.dumps(pq.read_table(io.BytesIO(data)).to_pylist(), default=str)
                if path.endswith("parquet")
                else data.decode()
            )
    for path in there.folder.iterdir():
        texts.append(json.dumps(pq.read_table(path).to_pylist(), default=str))
    return texts


def secrets_of(charts, track):
    return [track, *(row["chart_id"] for row in charts), "Song 0013", "Artist 0013"]


@pytest.mark.parametrize("road", ["mapset", "charts", "track"])
def test_no_revision_serves_withdrawn_rows(hub, runs, repo, first, second, third, newest, road):
    """v1 never held them, v2 holds them, v3 dropped them by itself on top of v2."""
    charts, track = newest
    for build, version in ((first, "1.0.0"), (second, "1.1.0"), (third, "1.2.0")):
        runs.call("push", build=str(build), repo=repo, version=version)
    there = hub.hub.repos[repo]
    tree_before = {tag: there.resolve(tag).tree for tag in ("v1.0.0", "v1.2.0")}
    assert any(track in text for text in served(hub, repo))
    ids = {"mapset": [charts[0]["mapset_id"]], "charts": [row["chart_id"] for row in charts], "track": [track]}[road]
    done = runs.call("withdraw", repo=repo, ids=ids, version="2.0.0")
    assert done["taken_back"] == ["refs/tags/v1.1.0"]
    assert set(there.tags) == {"v1.0.0", "v1.2.0", "v2.0.0"}
    assert set(there.branches) == {"main"}
    for text in served(hub, repo):
        assert not [secret for secret in secrets_of(charts, track) if secret in text]
    for tag, tree in tree_before.items():
        assert there.resolve(tag).tree == tree, "the versions without them keep their files"
        runs.call("load", repo=repo, config="charts", key="chart_id", revision=tag)


@pytest.fixture
def published(runs, repo, first, second):
    for build, version in ((first, "1.0.0"), (second, "1.1.0")):
        runs.call("push", build=str(build), repo=repo, version=version)
    return repo


def test_a_withdrawal_takes_rows_out_of_the_head_and_leaves_a_tombstone(hub, runs, published, second, newest):
    charts, track = newest
    done = runs.call("withdraw", repo=published, ids=[charts[0]["mapset_id"]], version="2.0.0", reason="asked by mail")
    assert done["rows"]["beats"] == 1
    assert done["rows"]["charts"] == len(charts)
    there = hub.hub.repos[published]
    for text in served(hub, published):
        assert not [secret for secret in secrets_of(charts, track) if secret in text]
    assert there.tags.keys() == {"v1.0.0", "v2.0.0"}
    assert there.tags["v2.0.0"] == there.branches["main"]
    ids = runs.call("load", repo=published, config="charts", key="chart_id", revision="v2.0.0")
    kept = {row["chart_id"] for row in rows_of(second, "charts")} - {row["chart_id"] for row in charts}
    assert {one for split in ids.values() for one in split} == kept
    stones = [json.loads(line) for line in there.read("v2.0.0", "meta/tombstones.jsonl").splitlines()]
    assert ("mapset", "asked by mail", "2.0.0") in {(s["kind"], s["reason"], s["version"]) for s in stones}
    log = json.loads(there.read("v2.0.0", "meta/changes.json"))
    assert log[0]["removed"]["beats"] == 1
    assert "withdrawn" in log[0]["notes"][0]


def test_a_later_push_of_the_old_build_leaves_withdrawn_rows_out(hub, runs, published, second, newest):
    charts, track = newest
    runs.call("withdraw", repo=published, ids=[charts[0]["mapset_id"]], version="2.0.0")
    made = runs.call("push", build=str(second), repo=published, version="2.0.1")
    assert made["left_out"] == {"opted_out": len(charts)}
    for text in served(hub, published):
        assert not [secret for secret in secrets_of(charts, track) if secret in text]


@pytest.fixture
def dropped(runs, published, third):
    """A repository whose head is without the rows by itself; only v1.1.0 holds them."""
    runs.call("push", build=str(third), repo=published, version="1.2.0")
    return published


def test_rows_that_only_an_older_version_holds_leave_a_tombstone_too(hub, runs, dropped, second, newest):
    charts, track = newest
    runs.call("withdraw", repo=dropped, ids=[charts[0]["mapset_id"]], version="2.0.0", reason="asked by mail")
    there = hub.hub.repos[dropped]
    stones = [json.loads(line) for line in there.read("v2.0.0", "meta/tombstones.jsonl").splitlines()]
    assert ("mapset", "asked by mail", "2.0.0") in {(s["kind"], s["reason"], s["version"]) for s in stones}
    log = json.loads(there.read("v2.0.0", "meta/changes.json"))
    assert (log[0]["version"], log[1]["version"]) == ("2.0.0", "1.2.0")
    assert "withdrawn" in log[0]["notes"][0]
    made = runs.call("push", build=str(second), repo=dropped, version="2.0.1")
    assert made["left_out"] == {"opted_out": len(charts)}
    for text in served(hub, dropped):
        assert not [secret for secret in secrets_of(charts, track) if secret in text]


def test_a_withdrawal_from_older_versions_that_is_killed_before_its_tag_goes_on(hub, runs, dropped, newest):
    there = hub.hub.repos[dropped]
    hub.seen.clear()
    assert withdraw_with(hub, runs, dropped, newest[1], {})
    changes = [i for i, s in enumerate(hub.seen) if s.method in {"POST", "DELETE"} and "paths-info" not in s.path]
    there.tags.pop("v2.0.0")  # as a kill before the last request leaves it
    assert "tag" in hub.seen[changes[-1]].path
    runs.call("withdraw", repo=dropped, ids=[newest[1]], version="2.0.0")
    assert there.tags["v2.0.0"] == there.branches["main"]


def test_branches_that_hold_the_rows_go_as_well(hub, runs, published, newest):
    charts, track = newest
    there = hub.hub.repos[published]
    there.branches["experiment"] = there.tags["v1.1.0"]
    there.converts["refs/convert/parquet"] = there.tags["v1.1.0"]
    done = runs.call("withdraw", repo=published, ids=[track], version="2.0.0")
    assert done["taken_back"] == ["refs/heads/experiment", "refs/tags/v1.1.0"]
    for path in there.folder.iterdir():
        text = json.dumps(pq.read_table(path).to_pylist(), default=str)
        assert not [secret for secret in secrets_of(charts, track) if secret in text]


@pytest.mark.parametrize(
    ("ids", "version", "says"),
    [
        (["0" * 32], "2.0.0", "no version of it holds"),
        (["HELD"], "1.2.0", "Push it as 2.0.0"),
        (["HELD"], "1.1.0", "holds the rows itself"),
        ([" "], "2.0.0", "at least one"),
    ],
)
def test_what_cannot_be_withdrawn_changes_nothing(hub, runs, published, newest, ids, version, says):
    ids = [newest[1] if one == "HELD" else one for one in ids]
    before = (dict(hub.hub.repos[published].branches), dict(hub.hub.repos[published].tags))
    with pytest.raises(RunFailed, match="UsageError") as caught:
        runs.call("withdraw", repo=published, ids=ids, version=version)
    assert says in caught.value.message
    assert (dict(hub.hub.repos[published].branches), dict(hub.hub.repos[published].tags)) == before


def withdraw_with(hub, runs, repo, track, plan):
    """Withdraw with faults; return whether it ended well."""
    calls = []
    hub.faults.arm(plan, lambda: [call.kill() for call in calls])
    calls.append(runs.start("withdraw", repo=repo, ids=[track], version="2.0.0"))
    try:
        calls[0].wait()
    except Killed:
        return False
    except RunFailed as failed:
        if failed.kinds[0] not in {"HubError", "Conflict"}:
            raise
        return False
    return True


def check_stopped(hub, runs, repo, first, second, newest, fault, numbers):
    charts, track = newest
    for number in numbers:
        hub.hub.repos.pop(repo, None)
        for build, version in ((first, "1.0.0"), (second, "1.1.0")):
            runs.call("push", build=str(build), repo=repo, version=version, checked=True)
        if not withdraw_with(hub, runs, repo, track, {number: fault}):
            hub.faults.arm({})
            runs.call("withdraw", repo=repo, ids=[track], version="2.0.0")
        there = hub.hub.repos[repo]
        assert there.tags.keys() == {"v1.0.0", "v2.0.0"}, number
        assert there.tags["v2.0.0"] == there.branches["main"]
        for text in served(hub, repo):
            assert not [secret for secret in secrets_of(charts, track) if secret in text], number


def requests_of_a_withdrawal(hub, runs, repo, first, second, track):
    for build, version in ((first, "1.0.0"), (second, "1.1.0")):
        runs.call("push", build=str(build), repo=repo, version=version)
    hub.seen.clear()
    assert withdraw_with(hub, runs, repo, track, {})
    return [i for i, s in enumerate(hub.seen) if s.method in {"POST", "DELETE"} and "paths-info" not in s.path]


def test_a_withdrawal_that_is_killed_at_some_change_goes_on(hub, runs, repo, first, second, newest):
    numbers = requests_of_a_withdrawal(hub, runs, repo, first, second, newest[1])
    check_stopped(hub, runs, repo, first, second, newest, "kill", numbers[-5::2])


@pytest.mark.stress
@pytest.mark.parametrize("fault", ["kill", "cut_answer", "412", "503"])
def test_a_withdrawal_that_is_stopped_at_any_change_goes_on(hub, runs, repo, first, second, newest, fault):
    numbers = requests_of_a_withdrawal(hub, runs, repo, first, second, newest[1])
    check_stopped(hub, runs, repo, first, second, newest, fault, numbers)
