"""What BeatSaver would say of the generated levels, so that ids, standing, stars and votes are seen at work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from rhythm_maps.games.beat_saber import info as info_file
from rhythm_maps.games.beat_saber.map_hash import map_hash

FILE = "beatsaver.json"
"""The name by which a scan finds it."""


class Standing(NamedTuple):
    """How a level stands.

    Attributes:
        key: its id.
        uploaded: when it was published.
        votes: for and against.
        score: what BeatSaver makes of them.
        curated: a curator chose it.
        stars: characteristic and difficulty -> stars of ScoreSaber and BeatLeader, 0 where one does not rank it.
    """

    key: str
    uploaded: str
    votes: tuple[int, int]
    score: float
    curated: bool = False
    stars: Mapping[tuple[str, str], tuple[float, float]] = {}


def write_facts(levels: Iterable[tuple[Mapping[str, bytes], Standing]]) -> bytes:
    """Write a page of BeatSaver's search, as its API gives it, for some levels.

    Args:
        levels: the members of each by the names that its Info.dat gives, and its standing.
    """
    docs = [_detail(members, standing) for members, standing in levels]
    return json.dumps({"as_of": "2025-01-01", "docs": docs}, indent=1).encode() + b"\n"


def _detail(members: Mapping[str, bytes], standing: Standing) -> dict[str, Any]:
    data = members["Info.dat"]
    info = info_file.read(data, "Info.dat")
    diffs = []
    for entry in info.difficulties:
        stars = standing.stars.get((entry.characteristic, entry.difficulty), (0, 0))
        given = {name: value for name, value in zip(("stars", "blStars"), stars, strict=True) if value}
        diffs.append({"characteristic": entry.characteristic, "difficulty": entry.difficulty, **given})
    up, down = standing.votes
    return {
        "id": standing.key,
        "uploaded": standing.uploaded,
        **({"curatedAt": standing.uploaded} if standing.curated else {}),
        "declaredAi": "None",
        "ranked": any("stars" in diff for diff in diffs),
        "qualified": False,
        "blRanked": any("blStars" in diff for diff in diffs),
        "blQualified": False,
        "stats": {"upvotes": up, "downvotes": down, "score": standing.score},
        "versions": [{"hash": map_hash(info, data, members.get), "state": "Published", "diffs": diffs}],
    }
