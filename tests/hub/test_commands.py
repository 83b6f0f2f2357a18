"""The commands as a person uses them: push, versions, diff, withdraw; what each says."""

from __future__ import annotations

import re

import pytest
from hub_runs import RunFailed


@pytest.fixture(scope="module")
def first(builds):
    return builds.make(12, configs=("charts", "beats"))


@pytest.fixture(scope="module")
def second(builds, first):
    return builds.make(13, configs=("charts", "beats"), since=first)


@pytest.fixture
def command(runs):
    """Run a command; return what it says."""

    def run(*arguments, status=0):
        done = runs.call("command", arguments=[str(one) for one in arguments])
        assert done["status"] == status, done["text"]
        return done["text"]

    return run


def test_a_push_says_what_happened_and_what_comes_next(command, repo, first, second):
    dry = command("push", first, repo, "--version", "1.0.0", "--dry-run")
    assert "Would send" in dry
    assert "Nothing was changed" in dry
    text = command("push", first, repo, "--version", "1.0.0")
    assert re.search(rf"Pushed v1.0.0 to {repo}: \d+ files, [\d,]+ bytes sent, 0 deleted; commit [0-9a-f]{{8}}", text)
    assert "It is private." in text
    assert f'load_dataset("{repo}", "charts", revision="v1.0.0")' in text
    assert "Profile annotations carries no" not in text
    assert "it is the same; nothing was sent" in command("push", first, repo, "--version", "1.0.0")
    assert "it is the same; nothing would be sent" in command("push", first, repo, "--version", "1.0.0", "--dry-run")
    text = command("push", second, repo, "--version", "1.1.0")
    assert "From v1.0.0 to v1.1.0:" in text
    assert re.search(r"beats +1 +- +-", text)


def test_a_push_says_which_tables_its_profile_keeps_here(command, repo, builds):
    build = builds.make(4)
    text = command("push", build, repo, "--version", "1.0.0", "--dry-run")
    assert "Profile annotations carries no tracks (--profile audio); wider profiles need --rights." in text
    assert "carries no" not in command("push", build, repo, "--version", "1.0.0", "--dry-run", "--configs", "charts")


def test_versions_lists_what_is_there(command, repo, first, second):
    command("push", first, repo, "--version", "1.0.0")
    command("push", second, repo, "--version", "1.1.0")
    text = command("versions", repo)
    assert re.search(r"v1\.1\.0 \(head\) +13 +18", text), text
    assert f"rhythm-maps diff {repo}@v1.0.0 {repo}@v1.1.0" in text
    assert text.index("v1.1.0") < text.index("v1.0.0")


def test_diff_takes_builds_and_revisions(command, repo, first, second):
    command("push", first, repo, "--version", "1.0.0")
    assert command("diff", f"{repo}@v1.0.0", repo) == f"No row of {repo} differs from {repo}@v1.0.0.\n"
    text = command("diff", first, second)
    assert re.search(r"beats +1 +- +-", text)
    between = command("diff", f"{repo}@v1.0.0", second)
    assert re.search(r"beats +1 +- +-", between), "over the columns that both have"
    assert "notes is new" in between


def test_diff_finds_changed_and_removed_rows(runs, builds, first):
    changed = runs.call("diff", old=str(first), new=str(builds.make(11, configs=("charts", "beats"), since=first)))
    assert changed["rows"]["removed"]["beats"] == 1
    assert len(changed["removed_ids"]["beats"]) == 1
    back = runs.call("diff", old=str(builds.make(11, configs=("charts", "beats"), since=first)), new=str(first))
    assert back["rows"]["added"] == changed["rows"]["removed"]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere", "expected the folder of a build"),
        ("owner/nothing", "no such folder"),
        ("REPO@v9.0.0", "it has: v1.0.0"),
        ("FOLDER", "not a build"),
    ],
)
def test_what_cannot_be_compared_is_named(runs, command, repo, first, tmp_path, place, says):
    command("push", first, repo, "--version", "1.0.0")
    place = place.replace("REPO", repo).replace("FOLDER", str(tmp_path))
    with pytest.raises(RunFailed) as caught:
        runs.call("diff", old=str(first), new=place)
    assert caught.value.kinds[0] == "UsageError"
    assert says in caught.value.message


def test_withdraw_says_what_it_takes_back(command, repo, first, second, hub):
    command("push", first, repo, "--version", "1.0.0")
    command("push", second, repo, "--version", "1.1.0")
    track = hub.hub.repos[repo]
    looked = command("withdraw", repo, "20000012", "--version", "2.0.0", "--dry-run")
    assert "take back refs/tags/v1.1.0" in looked
    assert set(track.tags) == {"v1.0.0", "v1.1.0"}
    text = command("withdraw", repo, "20000012", "--version", "2.0.0", "--yes")
    assert "v2.0.0 is without them" in text
    assert "Taken back: refs/tags/v1.1.0" in text
    assert set(track.tags) == {"v1.0.0", "v2.0.0"}


def test_versions_of_nothing(runs, repo, command, first):
    with pytest.raises(RunFailed, match="the Hub shows no such dataset"):
        runs.call("versions", repo=repo)
