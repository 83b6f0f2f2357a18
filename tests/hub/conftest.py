"""A Hub on the loopback for the tests of a worker, processes that know it, and small builds to push."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    """The test Hub (`hub_server.TestHub`) of this worker."""
    from hub_runs import OWNER, READER
    from hub_server import serve

    with serve(tmp_path_factory.mktemp("hub"), {OWNER: "owner", READER: "reader"}) as found:
        yield found


@pytest.fixture(scope="session")
def runs(hub, tmp_path_factory):
    """Runs functions of `hub_calls` as the owner."""
    from hub_runs import OWNER, Runs

    found = Runs(tmp_path_factory.mktemp("runs"), hub.url, HF_TOKEN=OWNER)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _no_faults(hub):
    """The Hub has no faults and has seen nothing, whatever the test before left there."""
    hub.faults.arm({})
    hub.seen.clear()


@pytest.fixture
def repo():
    """The name of a repository that does not exist yet."""
    return f"owner/maps-{next(_NUMBERS)}"


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """See `hub_builds.Builds`."""
    from hub_builds import Builds

    return Builds(tmp_path_factory.mktemp("builds"))
