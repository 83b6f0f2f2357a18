"""A push: one commit and one tag, what readers get, what a second push sends, and what is refused."""

from __future__ import annotations

import json
import shutil
import threading

import pytest
from hub_builds import ids_of
from hub_calls import HOST
from hub_runs import OWNER, RunFailed, Runs


@pytest.fixture(scope="module")
def small(builds):
    """2 splits x 2 shards of 2 configs."""
    return builds.make(24, configs=("charts", "beats"), shards=2)


@pytest.fixture(scope="module")
def grown(builds, small):
    """The version after `small`: three mapsets more."""
    return builds.make(27, configs=("charts", "beats"), shards=2, since=small)


def refused(runs, *kinds, **arguments):
    """Push what must be refused; return the message."""
    with pytest.raises(RunFailed) as caught:
        runs.call("push", **arguments)
    assert caught.value.kinds[0] in kinds, caught.value.trace
    return caught.value.message


def test_a_push_is_one_commit_and_a_tag_that_plain_datasets_opens(hub, runs, repo, small):
    made = runs.call("push", build=str(small), repo=repo, version="1.0.0")
    there = hub.hub.repos[repo]
    assert len(there.commits) == 2, "the empty one that the Hub makes, and ours"
    assert there.tags == {"v1.0.0": made["commit"]}
    assert there.private
    assert len(hub.requests("POST", "/commit/")) == 1
    ids = runs.call("load", repo=repo, config="charts", key="chart_id", revision="v1.0.0")
    assert {split: len(rows) for split, rows in ids.items()} == made["rows"]["charts"]
    assert runs.call("load", repo=repo, config="charts", key="chart_id", streaming=True) == ids


def test_large_files_go_in_parts_where_the_hub_asks_for_them(hub, runs, repo, small, monkeypatch):
    monkeypatch.setattr(hub.hub, "part_size", 10_000)
    made = runs.call("push", build=str(small), repo=repo, version="1.0.0")
    assert len(hub.requests("PUT", "/storage/")) > len([n for n in made["sent"] if n.endswith(".parquet")])
    ids = runs.call("load", repo=repo, config="charts", key="chart_id")
    assert {split: len(rows) for split, rows in ids.items()} == made["rows"]["charts"]


def test_a_second_push_of_the_same_sends_nothing(hub, runs, repo, small):
    first = runs.call("push", build=str(small), repo=repo, version="1.0.0")
    hub.seen.clear()
    again = runs.call("push", build=str(small), repo=repo, version="1.0.0")
    assert again["commit"] == first["commit"]
    assert again["sent"] == {}
    assert not [s for s in hub.seen if s.method in {"PUT", "DELETE"} or "/commit/" in s.path]
    assert hub.data_bytes_received() == 0


def test_the_same_rows_as_a_new_version_send_no_data(hub, runs, repo, small):
    runs.call("push", build=str(small), repo=repo, version="1.0.0")
    hub.seen.clear()
    again = runs.call("push", build=str(small), repo=repo, version="1.0.1")
    assert hub.data_bytes_received() == 0
    assert all(not name.endswith(".parquet") for name in again["sent"])


def test_a_new_version_says_what_changed_and_the_old_one_stays(hub, runs, repo, small, grown):
    runs.call("push", build=str(small), repo=repo, version="1.0.0")
    before = runs.call("load", repo=repo, config="beats", key="track_id")
    made = runs.call("push", build=str(grown), repo=repo, version="1.1.0")
    assert made["diff"]["rows"]["added"]["beats"] == 3
    assert made["diff"]["rows"]["changed"] == made["diff"]["rows"]["removed"] == {}
    assert runs.call("load", repo=repo, config="beats", key="track_id", revision="v1.0.0") == before
    log = json.loads(hub.hub.repos[repo].read("v1.1.0", "meta/changes.json"))
    assert [entry["version"] for entry in log] == ["1.1.0", "1.0.0"]
    assert log[0]["added"]["beats"] == 3
    assert [one["name"] for one in runs.call("versions", repo=repo)] == ["1.1.0", "1.0.0"]


def test_files_of_the_version_before_go_and_those_of_others_stay(hub, runs, repo, small, builds):
    runs.call("push", build=str(small), repo=repo, version="1.0.0")
    runs.call("upload", repo=repo, path="notes/LICENSE.txt", text="mine")
    fewer = builds.make(24, configs=("charts", "beats"))
    runs.call("push", build=str(fewer), repo=repo, version="1.1.0")
    there = hub.hub.repos[repo].resolve("v1.1.0").tree
    assert "charts/train-00000-of-00001.parquet" in there
    assert not [name for name in there if "of-00002" in name]
    assert "notes/LICENSE.txt" in there
    assert ".gitattributes" in there


@pytest.mark.parametrize("version", ["1.1.0", "1.0.9", "0.9.0"])
def test_versions_go_up(runs, repo, small, grown, version):
    runs.call("push", build=str(small), repo=repo, version="1.1.0")
    build = grown if version == "1.1.0" else small
    message = refused(runs, "UsageError", build=str(build), repo=repo, version=version)
    assert "1.1.1" in message
    assert ("a tag never moves" in message) == (version == "1.1.0")


@pytest.mark.parametrize("version", ["1.2", "v1.2.x", "latest", "1.2.3.4", "01.2.3"])
def test_a_version_is_three_numbers(runs, repo, small, version):
    assert "such as 1.2.0" in refused(runs, "UsageError", build=str(small), repo=repo, version=version)


def test_dropping_a_config_or_columns_asks_for_a_major_version(runs, repo, small, builds):
    runs.call("push", build=str(small), repo=repo, version="1.0.0", profile="maps", rights="my own maps")
    message = refused(runs, "UsageError", build=str(small), repo=repo, version="1.1.0")
    assert "notes is gone" in message
    assert "Push it as 2.0.0" in message
    charts = builds.make(24, configs=("charts",), shards=2)
    message = refused(
        runs, "UsageError", build=str(charts), repo=repo, version="1.1.0", profile="maps", rights="my own maps"
    )
    assert "the config beats is gone" in message
    assert runs.call("push", build=str(small), repo=repo, version="2.0.0")["diff"]["columns"]


def test_a_row_that_moves_asks_for_a_major_version(runs, repo, small, builds):
    runs.call("push", build=str(small), repo=repo, version="1.0.0")
    dealt_anew = builds.make(24, configs=("charts", "beats"), shards=2, fractions=(0.2, 0.8, 0))
    message = refused(runs, "UsageError", build=str(dealt_anew), repo=repo, version="1.1.0")
    assert "moved to another split" in message
    assert runs.call("push", build=str(dealt_anew), repo=repo, version="2.0.0")["diff"]["moved"]


def test_a_dry_run_changes_nothing(hub, runs, repo, small):
    made = runs.call("push", build=str(small), repo=repo, version="1.0.0", dry_run=True)
    assert made["sent"]
    assert made["commit"] == ""
    assert repo not in hub.hub.repos
    assert {s.method for s in hub.seen} == {"GET"}


def test_a_public_push_is_private_until_all_is_there_and_gated_from_the_beginning(hub, runs, repo, small):
    made = runs.call("push", build=str(small), repo=repo, version="1.0.0", public=True)
    there = hub.hub.repos[repo]
    assert made["public"]
    assert (there.private, there.gated) == (False, "auto")
    order = [
        name
        for s in hub.seen
        for name in ("repos/create", "/settings", "/storage/", "/commit/main", "/tag/")
        if name in s.path and s.method in {"PUT", "POST"}
    ]
    assert order[:2] == ["repos/create", "/settings"]
    assert order[-3:] == ["/commit/main", "/tag/", "/settings"]


def test_the_gate_is_set_again_where_it_was_taken_away(hub, runs, repo, small):
    runs.call("push", build=str(small), repo=repo, version="1.0.0", public=True)
    hub.hub.repos[repo].gated = False
    made = runs.call("push", build=str(small), repo=repo, version="1.0.0", public=True)
    assert not made["sent"]
    assert hub.hub.repos[repo].gated == "auto"


def test_a_push_that_does_not_say_public_does_not_go_to_a_public_repository(hub, runs, repo, small):
    runs.call("push", build=str(small), repo=repo, version="1.0.0", public=True)
    assert "--public" in refused(runs, "UsageError", build=str(small), repo=repo, version="1.0.1")


@pytest.mark.parametrize("damage", ["changed", "missing", "more", "ledger", "no build"])
def test_a_build_that_is_not_what_its_record_says_is_not_pushed(hub, runs, repo, small, builds, damage):
    build = builds.copy(small)
    shard = build / "charts" / "train-00001-of-00002.parquet"
    if damage == "changed":
        shard.write_bytes(shard.read_bytes()[:-9] + bytes(9))
    elif damage == "missing":
        shard.unlink()
    elif damage == "more":
        (build / "charts" / "train-00002-of-00002.parquet").write_bytes(shard.read_bytes())
    elif damage == "ledger":
        (build / "meta" / "ledger.parquet").write_bytes((build / "meta" / "groups.parquet").read_bytes())
    else:
        (build / "meta" / "info.json").unlink()
    message = refused(runs, "BadFormat", "UsageError", build=str(build), repo=repo, version="1.0.0")
    assert "build" in message
    assert repo not in hub.hub.repos


@pytest.mark.parametrize(
    ("token", "repository", "says"),
    [("hf_nobody", "owner/x", "does not know the token"), ("hf_ReaderToken0123456789", "owner/x", "may not do this")],
)
def test_a_token_that_may_not_is_told_so(runs, small, token, repository, says):
    message = refused(runs, "HubError", build=str(small), repo=repository, version="1.0.0", token=token)
    assert says in message
    assert token not in message


@pytest.mark.parametrize("name", ["maps", "a/b/c", "a b/c", "owner/"])
def test_a_repository_has_an_owner_and_a_name(runs, small, name):
    assert "such as your-name/osu-maps" in refused(runs, "UsageError", build=str(small), repo=name, version="1.0.0")


def test_one_of_two_pushers_at_once_fails_clearly_and_nothing_is_lost(
    hub, runs, repo, small, grown, builds, monkeypatch
):
    """Their commits wait for each other at the Hub's door: both were made for the same head."""
    runs.call("push", build=str(small), repo=repo, version="1.0.0")
    both, waited = threading.Barrier(2, timeout=120), []

    def before(request):
        if "/commit/main" in request and len(waited) < 2:
            waited.append(request)
            both.wait()

    monkeypatch.setattr(hub.faults, "before", before)
    numbers = ("1.1.0", "1.2.0")
    calls = [runs.start("push", build=str(builds.copy(grown)), repo=repo, version=version) for version in numbers]
    ended, failures = {}, []
    for version, call in zip(numbers, calls, strict=True):
        try:
            ended[version] = call.wait()["commit"]
        except RunFailed as failed:
            failures.append(failed)
    (failed,) = failures
    assert failed.kinds[0] == "Conflict", failed.trace
    assert "somebody else has pushed" in failed.message
    there = hub.hub.repos[repo]
    ((version, commit),) = ended.items()
    assert there.tags[f"v{version}"] == there.branches["main"] == commit
    assert set(there.tags) == {"v1.0.0", f"v{version}"}
    assert f"{version}:" in there.read("main", "README.md").decode()
    again = runs.call("push", build=str(grown), repo=repo, version="1.3.0")
    assert not [name for name in again["sent"] if name.endswith(".parquet")], "nothing is sent twice"


def test_no_secret_is_in_what_is_pushed_logged_or_said(hub, tmp_path_factory, small, builds, repo):
    """The home folder, the user, the host and the token: none is in a pushed byte, a log line or a temporary name."""
    home = tmp_path_factory.mktemp("home") / "jane-secret-user"
    secrets = [OWNER, "jane-secret-user", HOST]
    runs = Runs(home, hub.url, HF_TOKEN=OWNER, HOME=str(home), USER="jane-secret-user", LOGNAME="jane-secret-user")
    try:
        call = runs.start("push", build=str(builds.copy(small)), repo=repo, version="1.0.0", plain_card=False)
        call.wait()
        assert any("rhythm" in line or "huggingface_hub" in line for line in call.logs)
        lines = [line for line in call.logs if any(secret in line for secret in secrets)]
        assert lines == []
        there = hub.hub.repos[repo]
        for data in [*there.small.values(), *(path.read_bytes() for path in there.folder.iterdir())]:
            assert not [secret for secret in secrets if secret.encode() in data]
        failed = runs.start("push", build=str(small), repo="owner/other", version="1.0.0", token="hf_wrong-token")
        with pytest.raises(RunFailed) as caught:
            failed.wait()
        assert not [secret for secret in [*secrets, "hf_wrong-token", "/tmp"] if secret in caught.value.message]
    finally:
        runs.close()


def test_a_wait_that_the_hub_asks_for_is_kept(hub, runs, repo, small):
    """429 with Retry-After: 7 at the commit, where the Hub's client itself does not try again."""
    runs.call("push", build=str(small), repo="owner/counted", version="1.0.0")
    asked = [i for i, seen in enumerate(hub.seen) if "/commit/main" in seen.path]
    shutil.rmtree(hub.hub.repos.pop("owner/counted").folder)
    hub.faults.arm({asked[0]: "429"})
    made = runs.call("push", build=str(small), repo="owner/counted", version="1.0.0")
    assert made["slept"] == [7.0]
    shutil.rmtree(hub.hub.repos.pop("owner/counted").folder)
    hub.faults.arm(dict.fromkeys(range(asked[0], asked[0] + 200), "503"))
    message = refused(runs, "HubError", build=str(small), repo="owner/counted", version="1.0.0")
    assert "Run the same command again" in message
    assert not hub.hub.repos["owner/counted"].tags


def test_more_files_than_a_commit_takes_become_larger_shards(hub, runs, repo, builds):
    """A limit of 56 files here: 2 splits x 16 shards x 2 configs are halved until they fit."""
    build = builds.make(100, configs=("charts", "beats"), shards=16)
    made = runs.call("push", build=str(build), repo=repo, version="1.0.0", most_files=56)
    there = hub.hub.repos[repo]
    assert json.loads(there.read("v1.0.0", "meta/info.json"))["shards"] == {"train": 2, "validation": 4}
    assert made["rows"]["charts"] == {split: len(ids) for split, ids in ids_of(build, "charts").items()}
    for config, key in (("charts", "chart_id"), ("beats", "track_id")):
        ids = runs.call("load", repo=repo, config=config, key=key)
        assert {split: sorted(one) for split, one in ids.items()} == {
            split: sorted(one) for split, one in ids_of(build, config).items()
        }
