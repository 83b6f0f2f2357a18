"""Versions of a published dataset: tags such as v1.2.0, their order, and what may follow what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rhythm_maps.errors import UsageError
from rhythm_maps.publish.hub import MAIN, Repository

Number = tuple[int, int, int]
_VERSION = re.compile(r"v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True)
class Version:
    """A published version.

    Attributes:
        name: its number, without "v".
        commit: the commit that its tag names.
        rows: config -> split -> rows, as its ``meta/info.json`` says; empty where it has none.
        profile: the policy profile that made its columns; "" where it does not say.
        head: it is what readers get who name no revision.
    """

    name: str
    commit: str
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    profile: str = ""
    head: bool = False


def parse(version: str) -> Number:
    """Return the three numbers of a version.

    Raises:
        UsageError: it is not of the form 1.2.0.
    """
    found = _VERSION.fullmatch(version)
    if not found:
        raise UsageError(f"version {version!r}: expected three numbers such as 1.2.0")
    return int(found[1]), int(found[2]), int(found[3])


def parse_tag(tag: str) -> Number | None:
    """Return the numbers of a tag such as v1.2.0, or None for any other tag."""
    return parse(tag) if tag.startswith("v") and _VERSION.fullmatch(tag) else None


def text(number: Number) -> str:
    """Return a version without "v"."""
    return ".".join(map(str, number))


def tag_of(number: Number) -> str:
    """Return the tag of a version."""
    return f"v{text(number)}"


def numbers(tags: Iterable[str]) -> list[Number]:
    """Return the versions among tags, oldest first."""
    return sorted(number for tag in tags if (number := parse_tag(tag)))


def check_follows(wanted: Number, known: Sequence[Number]) -> None:
    """Check that a version goes up.

    Raises:
        UsageError: it is not above all known versions.
    """
    if known and wanted <= known[-1]:
        last = known[-1]
        raise UsageError(
            f"version {text(wanted)}: the repository is at {text(last)}, and versions go up: {_next_words(last)}"
        )


def check_major(wanted: Number, last: Number | None, reasons: Sequence[str]) -> None:
    """Check that a change which breaks its readers raises the first number.

    Raises:
        UsageError: it does not.
    """
    if reasons and last is not None and wanted[0] == last[0]:
        why = "".join(f"\n  {reason}" for reason in reasons)
        raise UsageError(
            f"version {text(wanted)} after {text(last)}: the first number must go up, because{why}\n"
            f"Push it as {last[0] + 1}.0.0."
        )


def _next_words(last: Number) -> str:
    major, minor, patch = last
    choices = [(major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0)]
    return f"{', '.join(map(text, choices[:2]))} or {text(choices[2])} would do"


def read_json(repository: Repository, path: str, revision: str) -> dict[str, Any]:
    """Return a JSON object of a revision; an empty one where it has none."""
    data = repository.read(path, revision)
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def versions(repo: str, *, token: str | None = None) -> list[Version]:
    """Return the versions of a repository, newest first.

    Raises:
        UsageError: it is no repository's name, or the Hub shows none of that name.
        HubError: the Hub refused or could not be reached.
    """
    repository = Repository(repo, token=token)
    state = repository.state()
    if state is None:
        raise UsageError(f"{repo}: the Hub shows no such dataset. Check the name, and the token for a private one.")
    tags = repository.tags()
    found = []
    for number in reversed(numbers(tags)):
        commit = tags[tag_of(number)]
        info = read_json(repository, "meta/info.json", commit)
        rows = info.get("rows")
        found.append(
            Version(
                text(number),
                commit,
                rows if isinstance(rows, dict) else {},
                str(info.get("profile", "")),
                head=commit == state.head,
            )
        )
    return found


__all__ = ["MAIN", "Number", "Version", "check_follows", "check_major", "numbers", "parse", "parse_tag", "versions"]
