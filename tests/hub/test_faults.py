"""Whatever happens to any request of a push: after a re-run the version is there, the same as without it."""

from __future__ import annotations

import shutil

import pytest
from hub_faults import CUTS, KILL, STATUSES
from hub_runs import Killed, RunFailed

REPO, VERSION = "owner/faults", "1.0.0"


@pytest.fixture(scope="module")
def small(builds):
    """2 splits x 2 shards of 2 configs."""
    return builds.make(24, configs=("charts", "beats"), shards=2)


def forget(hub):
    """Begin again with a Hub that never saw the repository."""
    found = hub.hub.repos.pop(REPO, None)
    if found:
        shutil.rmtree(found.folder)
    hub.faults.arm({})
    hub.seen.clear()


@pytest.fixture(scope="module")
def clean(hub, runs, small):
    """The number of requests of a push that meets no fault, its tree and its tags."""
    forget(hub)
    runs.call("push", build=str(small), repo=REPO, version=VERSION)
    return hub.faults.count, hub.hub.repos[REPO].resolve("v1.0.0").tree, dict(hub.hub.repos[REPO].tags)


def push(hub, runs, build, plan, cut_at=0.5):
    """Push with faults; return whether it ended well."""
    calls = []
    hub.faults.arm(plan, lambda: [call.kill() for call in calls], cut_at)
    calls.append(runs.start("push", build=str(build), repo=REPO, version=VERSION, checked=True))
    try:
        calls[0].wait()
    except Killed:
        return False
    except RunFailed as failed:
        if failed.kinds[0] not in {"HubError", "Conflict"}:
            raise
        return False
    return True


def check_after_a_fault(hub, runs, build, clean, plan, cut_at=0.5):
    _, tree, tags = clean
    forget(hub)
    ended = push(hub, runs, build, plan, cut_at)
    met = list(hub.faults.met)
    assert met or max(plan) >= hub.faults.count - 1, "the fault came; a few requests depend on which thread is first"
    hub.faults.arm({})
    if not ended:
        runs.call("push", build=str(build), repo=REPO, version=VERSION, checked=True)
    repo = hub.hub.repos[REPO]
    assert repo.tags == tags, met
    assert repo.resolve("v1.0.0").tree == repo.resolve("main").tree == tree, met
    assert len(repo.commits) == 2, met
    assert repo.private
    return ended


FAULTS = [*STATUSES, *CUTS, KILL]


@pytest.mark.parametrize("fault", FAULTS)
def test_some_requests_of_a_push_meet_a_fault(hub, runs, small, clean, fault):
    """One in fourteen here, others for each kind of fault; `make stress` tries all."""
    for number in range(2 * FAULTS.index(fault), clean[0], 14):
        check_after_a_fault(hub, runs, small, clean, {number: fault})


@pytest.mark.stress
@pytest.mark.parametrize("fault", FAULTS)
def test_every_request_of_a_push_meets_every_fault(hub, runs, small, clean, fault):
    for number in range(clean[0]):
        for cut_at in (0.05, 0.95) if fault in CUTS else (0.5,):
            check_after_a_fault(hub, runs, small, clean, {number: fault}, cut_at)
