"""Readers who look all the while: each sees the version before or the new one, whole."""

from __future__ import annotations

import pytest
from hub_builds import ids_of

CONFIGS = {"charts": "chart_id", "beats": "track_id", "tracks": "track_id"}
ALL = {"profile": "audio", "rights": "generated"}


def check_readers(hub, runs, repo, tmp_path, old, new, readers):
    runs.call("push", build=str(old), repo=repo, version="1.0.0", **ALL)
    stop = tmp_path / "stop"
    polls = {
        config: [runs.start("poll", repo=repo, config=config, key=key, stop=str(stop)) for _ in range(readers)]
        for config, key in CONFIGS.items()
    }
    listing = runs.start("list_files", repo=repo, stop=str(stop))
    runs.call("push", build=str(new), repo=repo, version="1.1.0", **ALL)
    stop.touch()
    there = hub.hub.repos[repo]
    whole = [sorted(there.resolve(tag).tree) for tag in ("v1.0.0", "v1.1.0")]
    assert all(files in whole for files in listing.wait())
    looked = 0
    for config, calls in polls.items():
        versions = [ids_of(build, config) for build in (old, new)]
        assert versions[0] != versions[1]
        for call in calls:
            seen = call.wait(600)
            assert all(ids in versions for ids in seen), config
            looked += len(seen)
    assert looked >= len(CONFIGS) * readers
    assert len(hub.requests("POST", "/commit/main")) == 2, "one a version"
    return looked


def test_readers_see_a_version_whole(hub, runs, repo, tmp_path, builds):
    old = builds.make(24, shards=2)
    new = builds.make(27, shards=2, since=old)
    check_readers(hub, runs, repo, tmp_path, old, new, readers=1)


@pytest.mark.stress
def test_readers_see_a_version_of_540_files_whole(hub, runs, repo, tmp_path, builds, capsys):
    old = builds.make(600, shards=64, fractions=(0.34, 0.33, 0.33))
    new = builds.make(606, shards=64, since=old)
    files = [len(list(build.glob("*/*.parquet"))) for build in (old, new)]
    assert min(files) >= 540
    looked = check_readers(hub, runs, repo, tmp_path, old, new, readers=1)
    with capsys.disabled():
        print(f"\n  versions of {files[0]} and {files[1]} files in one commit each; readers looked {looked} times")
