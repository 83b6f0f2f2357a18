"""Whatever happens to any request of a push: after a re-run the version is there, the same as without it."""

from __future__ import annotations

import random
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
def staged(tmp_path_factory):
    """Where the push of `small` is staged, once."""
    return str(tmp_path_factory.mktemp("staged"))


@pytest.fixture(scope="module")
def clean(hub, runs, small, staged):
    """The number of requests of a push that meets no fault, its tree and its tags."""
    forget(hub)
    runs.call("push", build=str(small), repo=REPO, version=VERSION, keep=staged)
    return hub.faults.count, hub.hub.repos[REPO].resolve("v1.0.0").tree, dict(hub.hub.repos[REPO].tags)


def push(hub, runs, build, plan, cut_at, **how):
    """Push with faults; return whether it ended well."""
    calls = []
    hub.faults.arm(plan, lambda: [call.kill() for call in calls], cut_at)
    return ended(calls, runs.start("push", build=str(build), repo=REPO, version=VERSION, checked=True, **how))


def ended(calls, call):
    """Wait for a push; return whether it ended well, and not by being killed or with an error that says what to do."""
    calls.append(call)
    try:
        call.wait(600)
    except Killed:
        return False
    except RunFailed as failed:
        if failed.kinds[0] not in {"HubError", "Conflict"}:
            raise
        return False
    return True


def check_after_a_fault(hub, runs, build, clean, plan, cut_at=0.5, **how):
    _, tree, tags = clean
    forget(hub)
    well = push(hub, runs, build, plan, cut_at, **how)
    met = list(hub.faults.met)
    assert met or max(plan) >= hub.faults.count - 1, "the fault came; a few requests depend on which thread is first"
    hub.faults.arm({})
    if not well:
        runs.call("push", build=str(build), repo=REPO, version=VERSION, checked=True, **how)
    repo = hub.hub.repos[REPO]
    assert repo.tags == tags, met
    assert repo.resolve("v1.0.0").tree == repo.resolve("main").tree == tree, met
    assert len(repo.commits) == 2, met
    assert repo.private


FAULTS = [*STATUSES, *CUTS, KILL]


@pytest.mark.parametrize("fault", FAULTS)
def test_some_requests_of_a_push_meet_a_fault(hub, runs, small, clean, staged, fault):
    """One in fourteen here, others for each kind of fault; `make stress` tries all."""
    for number in range(2 * FAULTS.index(fault), clean[0], 14):
        check_after_a_fault(hub, runs, small, clean, {number: fault}, keep=staged)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_creation_of_the_repository_meets_a_fault(hub, runs, small, clean, staged, fault):
    """The client takes a 409 there for "it exists already"."""
    check_after_a_fault(hub, runs, small, clean, {1: fault}, keep=staged)
    check_after_a_fault(hub, runs, small, clean, {2: fault}, keep=staged)


@pytest.mark.stress
@pytest.mark.parametrize("fault", FAULTS)
def test_every_request_of_a_push_meets_every_fault(hub, runs, small, clean, staged, fault):
    for number in range(clean[0]):
        for cut_at in (0.05, 0.95) if fault in CUTS else (0.5,):
            check_after_a_fault(hub, runs, small, clean, {number: fault}, cut_at, keep=staged)


@pytest.fixture(scope="module")
def large(builds):
    """540 files of three configs and more."""
    found = builds.make(600, shards=64, fractions=(0.34, 0.33, 0.33))
    assert len(list(found.glob("*/*.parquet"))) >= 540
    return found


ALL = {"profile": "audio", "rights": "generated"}


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(3))
def test_a_push_of_540_files_meets_twenty_faults(hub, runs, large, tmp_path, seed):
    """Twenty requests drawn by a seed; a push that ends early is run again, into the faults that are left."""
    how = {**ALL, "keep": str(tmp_path / "staged")}
    forget(hub)
    runs.call("push", build=str(large), repo=REPO, version=VERSION, checked=True, **how)
    clean = hub.faults.count, hub.hub.repos[REPO].resolve("v1.0.0").tree, dict(hub.hub.repos[REPO].tags)
    forget(hub)
    draw = random.Random(seed)
    calls = []
    plan = {number: draw.choice(FAULTS) for number in draw.sample(range(clean[0] - 100), 20)}
    hub.faults.arm(plan, lambda: [call.kill() for call in calls[-1:]])
    while not ended(calls, runs.start("push", build=str(large), repo=REPO, version=VERSION, checked=True, **how)):
        assert len(calls) <= len(plan)
    assert len(hub.faults.met) == len(plan)
    repo = hub.hub.repos[REPO]
    assert repo.tags == clean[2]
    assert repo.resolve("v1.0.0").tree == repo.resolve("main").tree == clean[1]
    assert len(repo.commits) == 2
