"""What BeatSaver says of maps that their own files do not: id, standing, votes, and who declared them AI-made.

A file of facts is an answer of BeatSaver's API as it was saved: one map, a list of maps, a page of a search
(``{"docs": [...]}``), the answer for several ids or hashes (``{"<hash>": {...}}``), or lines of any of these. A map
looks like this; everything else in it is ignored::

    {"id": "2b69a", "uploaded": "2022-09-02T18:17:50Z", "curatedAt": "...", "declaredAi": "None",
     "ranked": true, "qualified": false, "blRanked": false, "blQualified": false, "deletedAt": null,
     "stats": {"upvotes": 90, "downvotes": 10, "score": 0.85},
     "versions": [{"hash": "e200f3...", "state": "Published", "diffs": [
         {"characteristic": "Standard", "difficulty": "ExpertPlus", "stars": 7.5, "blStars": 8.1}]}]}

A map or the object around maps may say ``"as_of": "2026-11-20"``, the day on which it was asked for: the answer itself
has no date. Source: the API's own types (beatsaver-main ``MapDetail``, beatsaver-common).
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.base import LibraryFacts
from rhythm_maps.games.beat_saber.values import number, section, text

_HASH = re.compile(r"[0-9a-f]{40}")
_ID = re.compile(r"[0-9a-f]{1,8}")
_PUBLISHED = "Published"
_NOT_DECLARED = "None"
_DEEPEST = 4
"""Lists and answers that may hold each other; the API's go two deep."""
_MOST_STARS = 1e6
"""What is above is no star rating (the hardest maps have about 20), and might not fit float32."""


class _Site(NamedTuple):
    """A website that ranks difficulties, and the keys by which BeatSaver repeats what it says."""

    name: str
    ranked: str
    qualified: str
    stars: str


_SITES = (
    _Site("ScoreSaber", "ranked", "qualified", "stars"),
    _Site("BeatLeader", "blRanked", "blQualified", "blStars"),
)

Json = Mapping[str, Any]
Known = dict[str, Any]


class _Found(NamedTuple):
    """A map of a file: where it stands, itself, and the day that what holds it states."""

    place: str
    detail: Json
    as_of: object


def read(data: bytes) -> LibraryFacts:
    """Read a file of facts.

    Args:
        data: its bytes, UTF-8.

    Returns:
        Facts by map hash (lower case), and by ``<map hash>/<characteristic>/<difficulty>`` in lower case where they are
        a difficulty's own. Entries that are damaged are among the problems, the others are read.

    Raises:
        BadFormat: no JSON at all (``bad_facts``), with line and column.
        LimitExceeded: a document or line is too large.
    """
    facts: dict[str, Known] = {}
    problems: list[BadFormat] = []
    for place, value in _documents(data.removeprefix(b"\xef\xbb\xbf"), problems):
        for found in _maps(value, place, None, problems):
            try:
                facts |= _of_map(found, problems)
            except BadFormat as error:
                problems.append(error)
    kept = problems[: limits.FACTS_PROBLEMS]
    if len(problems) > len(kept):
        kept.append(BadFormat("bad_facts", f"{len(problems) - len(kept):,} further entries could not be used"))
    return LibraryFacts(facts, kept)


# --- the file ---------------------------------------------------------------------------------------------------------


def _documents(data: bytes, problems: list[BadFormat]) -> Iterator[tuple[str, object]]:
    """Give the file's one document, or that of each line."""
    broken: BadFormat
    try:
        yield "", _decode(data, "")
    except BadFormat as error:
        broken = error
    else:
        return
    lines = [(n, line) for n, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if len(lines) < 2 or not any(_is_object(line) for _, line in lines[:2]):
        raise broken
    for n, line in lines:
        try:
            yield f"line {n}", _decode(line, f"line {n}")
        except BadFormat as error:
            problems.append(error)


def _is_object(line: bytes) -> bool:
    """Tell whether a line is a JSON object of its own."""
    try:
        return isinstance(_decode(line, ""), dict)
    except BadFormat:
        return False


def _decode(data: bytes, place: str) -> object:
    if len(data) > limits.FACTS_DOCUMENT_BYTES:
        raise LimitExceeded(
            "facts_too_large",
            f"{len(data):,} bytes, at most {limits.FACTS_DOCUMENT_BYTES:,}: write one map a line",
            place,
        )
    if data.count(b"{") + data.count(b"[") > limits.JSON_OBJECTS:
        raise LimitExceeded("facts_too_large", f"more than {limits.JSON_OBJECTS:,} JSON objects and lists", place)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFormat("bad_facts", f"no JSON: {error}", place or _line_of(data)) from error


def _line_of(data: bytes) -> str:
    """Return where the JSON of a document breaks."""
    try:
        json.loads(data.decode("utf-8", "replace"))
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):  # a number of thousands of digits; nested without end
        return "line 1"
    return ""  # what the one reader takes and the other does not, such as bytes that are no UTF-8


def _maps(value: object, place: str, as_of: object, problems: list[BadFormat], depth: int = 0) -> Iterator[_Found]:
    """Give the maps of a document; null stands for a map that the API does not know."""
    inner: list[tuple[str, object]] = []
    if isinstance(value, dict) and "versions" in value:
        yield _Found(place, value, value.get("as_of", as_of))
        return
    if depth == _DEEPEST or value is None:
        known = value is None
    elif isinstance(value, list):
        known, inner = True, [(f"{place}[{i}]", one) for i, one in enumerate(value)]
    elif isinstance(value, dict) and "docs" in value:
        known, inner = True, [(f"{place} docs".strip(), value["docs"])]
    elif isinstance(value, dict) and any("versions" in section(one) for one in value.values()):
        known = True
        inner = [(f"{place} {text(key)[:64]}".strip(), one) for key, one in value.items() if key != "as_of"]
    else:
        known = False
    if not known:
        kind = "JSON object without versions" if isinstance(value, dict) else f"JSON {type(value).__name__}"
        problems.append(BadFormat("bad_facts", f"{kind}; a map of BeatSaver's API, or a list of maps, expected", place))
    as_of = section(value).get("as_of", as_of)
    for where, one in inner:
        yield from _maps(one, where, as_of, problems, depth + 1)


# --- a map ------------------------------------------------------------------------------------------------------------


def _of_map(found: _Found, problems: list[BadFormat]) -> dict[str, Known]:
    """Return the facts of all versions of a map.

    Raises:
        BadFormat: no version of it has a hash.
    """
    detail = found.detail
    common = _common(found, problems)
    facts: dict[str, Known] = {}
    for version in map(section, _list(detail.get("versions"))):
        digest = text(version.get("hash")).casefold()
        if not _HASH.fullmatch(digest):
            continue
        diffs = [section(one) for one in _list(version.get("diffs"))]
        facts[digest] = common | _standing(detail, version, diffs, {})
        for diff in diffs:
            name = f"{text(diff.get('characteristic'))}/{text(diff.get('difficulty'))}".casefold()
            facts[f"{digest}/{name}"] = _standing(detail, version, diffs, diff) | _stars(diff)
    if not facts:
        raise BadFormat("bad_facts", "none of its versions has a hash of 40 hex digits", found.place)
    return facts


def _common(found: _Found, problems: list[BadFormat]) -> Known:
    """Return what holds for every version and difficulty of a map."""
    detail, known = found.detail, Known()
    as_of = _instant(found.as_of, "as_of", found.place, problems)
    if _ID.fullmatch(key := text(detail.get("id")).casefold()):
        known["beatsaver_id"] = key
    known["curated"] = bool(detail.get("curatedAt") or detail.get("curator"))
    published = _instant(detail.get("uploaded") or detail.get("createdAt"), "uploaded", found.place, problems)
    if published is not None:
        known |= {"submitted_at": published.isoformat(), "year": published.year}
    known |= _votes(section(detail.get("stats")), as_of)
    if as_of is not None:
        known["status_as_of"] = as_of.date().isoformat()
    word = text(detail.get("declaredAi"))
    if not word and detail.get("automapper") is True:  # answers from before declaredAi
        word = "automapper"
    if word and word != _NOT_DECLARED:
        known |= {"declared_ai": True, "rights": {"declared_ai": word}}
    if detail.get("deletedAt"):  # whoever made it has taken it back
        known["rights"] = {**known.get("rights", {}), "opt_out": True}
    return known


def _votes(stats: Json, as_of: dt.datetime | None) -> Known:
    up, down, score = (number(stats.get(name)) for name in ("upvotes", "downvotes", "score"))
    counts = {"up": _count(up), "down": _count(down), "score": score if 0 <= score <= 1 else None}
    if all(value is None for value in counts.values()):
        return {}
    known: Known = {"votes": counts | {"as_of": as_of and as_of.date().isoformat()}}
    return known | ({"rating": score} if counts["score"] is not None else {})


def _count(value: float) -> int | None:
    return int(value) if 0 <= value < 2**53 and value == math.floor(value) else None


def _standing(detail: Json, version: Json, diffs: list[dict[str, Any]], diff: Json) -> Known:
    """Say how a difficulty stands.

    BeatSaver says of the map that it is ranked, and repeats the stars of the difficulties that are: where any of a
    version has stars, only those are ranked. Without stars the map's word is taken for every difficulty of the
    published version.
    """
    published = text(version.get("state")) in {_PUBLISHED, ""}

    def counts(flag: str, stars: str) -> bool:
        if detail.get(flag) is not True:
            return False
        if any(number(one.get(stars)) > 0 for one in diffs):
            return number(diff.get(stars)) > 0
        return published

    ranked_by = [site.name for site in _SITES if counts(site.ranked, site.stars)]
    if detail.get("deletedAt"):
        status = "deleted"
    elif ranked_by:
        status = "ranked"
    elif any(counts(site.qualified, site.stars) for site in _SITES):
        status = "qualified"
    else:
        status = "published" if published else "wip"
    return {"status": status, "ranked_by": ranked_by}


def _stars(diff: Json) -> Known:
    """Return the stars of the first website that gives any."""
    for site in _SITES:
        stars = number(diff.get(site.stars))
        if 0 < stars < _MOST_STARS:
            return {"stars": stars, "stars_source": f"{site.name}, by BeatSaver"}
    return {}


def _instant(value: object, name: str, place: str, problems: list[BadFormat]) -> dt.datetime | None:
    """Return a date or instant in UTC, whole seconds; one that is none is a problem."""
    if value is None or value == "":
        return None
    try:
        found = dt.datetime.fromisoformat(text(value))
        found = found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        problems.append(BadFormat("bad_facts", f"{name} is {text(value)[:40]!r}; a date in ISO 8601 expected", place))
        return None
    return found.replace(microsecond=0)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
