"""Saved answers of BeatSaver's API: every shape of them, what becomes of each field, and what damage costs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.beat_saber import GAME

HASH, OTHER = "e200f38322473f9a777d38432d002338928b2598", "0" * 40
EXPERT = f"{HASH}/standard/expert"


def version(*diffs, digest=HASH, **more):
    return {"hash": digest, "state": "Published", "diffs": list(diffs)} | more


def diff(difficulty="Expert", **more):
    return {"characteristic": "Standard", "difficulty": difficulty} | more


def detail(*versions, **more):
    return {"id": "2b69a", "declaredAi": "None", "versions": list(versions) or [version(diff())]} | more


def read(*details, **more):
    """Facts of maps in a page of a search, without problems."""
    found = GAME.library("beatsaver.json", json.dumps({"docs": list(details)} | more).encode())
    assert found.problems == []
    return found.facts


def standing(facts, key=EXPERT):
    return facts[key]["status"], facts[key]["ranked_by"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(detail()),
        json.dumps([detail(), None]),
        json.dumps({"docs": [detail()], "info": {"total": 1}}, indent=2),
        json.dumps({HASH: detail(), OTHER: None}),
        "\ufeff" + json.dumps(detail()),
        json.dumps(detail()) + "\r\n\r\n" + json.dumps({"docs": []}) + "\n",
        json.dumps(detail(version(diff(), digest=HASH.upper()), surprise={"a": [1]})),
    ],
    ids=["map", "list", "search", "by hash", "mark", "lines", "upper case, unknown keys"],
)
def test_every_answer_of_the_api_is_read(text):
    found = GAME.library("any name", text.encode())
    assert found.problems == []
    assert found.facts[HASH]["beatsaver_id"] == "2b69a"
    assert set(found.facts) == {HASH, EXPERT}


def test_what_a_map_says_of_itself():
    known = read(
        detail(
            uploaded="2022-09-02T20:17:50.123Z",
            curatedAt="2022-10-01T00:00:00Z",
            stats={"upvotes": 90, "downvotes": 10, "score": 0.85, "plays": 0},
        ),
        as_of="2026-11-20",
    )[HASH]
    assert known["submitted_at"] == "2022-09-02T20:17:50+00:00"
    assert (known["year"], known["curated"], known["status_as_of"]) == (2022, True, "2026-11-20")
    assert known["votes"] == {"up": 90, "down": 10, "score": 0.85, "as_of": "2026-11-20"}
    assert known["rating"] == 0.85
    assert "declared_ai" not in known


def test_null_and_absent_fields_say_nothing():
    nothing = dict.fromkeys(("id", "uploaded", "curatedAt", "stats", "declaredAi", "ranked", "deletedAt"))
    for one in (detail() | nothing, {"versions": [{"hash": HASH}]}, {"versions": [{"hash": HASH, "diffs": None}]}):
        assert read(one)[HASH] == {"curated": False, "status": "published", "ranked_by": []}


def test_only_difficulties_with_stars_are_ranked():
    facts = read(detail(version(diff(stars=7.5, blStars=8.25), diff("Easy")), ranked=True, blRanked=True))
    assert standing(facts) == ("ranked", ["ScoreSaber", "BeatLeader"])
    assert (facts[EXPERT]["stars"], facts[EXPERT]["stars_source"]) == (7.5, "ScoreSaber, by BeatSaver")
    assert standing(facts, f"{HASH}/standard/easy") == ("published", [])
    assert "stars" not in facts[f"{HASH}/standard/easy"]
    assert standing(facts, HASH) == ("published", [])  # a difficulty that BeatSaver does not list


def test_one_ranking_website_does_not_speak_for_the_other():
    facts = read(detail(version(diff(blStars=8.25)), ranked=False, blRanked=True))
    assert standing(facts) == ("ranked", ["BeatLeader"])
    assert facts[EXPERT]["stars_source"] == "BeatLeader, by BeatSaver"
    assert standing(read(detail(version(diff(stars=5)), ranked=False))) == ("published", [])


def test_without_any_stars_the_maps_word_is_taken_for_the_published_version():
    facts = read(detail(version(diff()), version(diff(), digest=OTHER, state="Uploaded"), ranked=True))
    assert standing(facts) == ("ranked", ["ScoreSaber"])
    assert standing(facts, f"{OTHER}/standard/expert") == ("wip", [])
    assert standing(read(detail(qualified=True))) == ("qualified", [])


def test_a_deleted_map_says_so_and_counts_as_opted_out():
    facts = read(detail(deletedAt="2024-01-01T00:00:00Z", ranked=True, declaredAi="Admin"))
    assert standing(facts)[0] == "deleted"
    assert facts[HASH]["rights"] == {"declared_ai": "Admin", "opt_out": True}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"declaredAi": "Uploader"}, "Uploader"),
        ({"declaredAi": "SageScore", "automapper": True}, "SageScore"),
        ({"declaredAi": None, "automapper": True}, "automapper"),
        ({"declaredAi": "None", "automapper": False}, None),
        ({"declaredAi": None}, None),
    ],
)
def test_who_declared_it_ai_made_is_the_sources_own_word(more, word):
    known = read(detail(**more))[HASH]
    assert known.get("rights") == (word and {"declared_ai": word})
    assert known.get("declared_ai") == (True if word else None)


def test_what_lies_outside_its_column_is_left_out():
    stats = {"upvotes": 1e300, "downvotes": -1, "score": 7}
    facts = read(detail(version(diff(stars=1e300, blStars=float("1e30"))), ranked=True, id="../etc", stats=stats))
    assert {"votes", "rating", "beatsaver_id"}.isdisjoint(facts[HASH])
    assert "stars" not in facts[EXPERT]


# --- damage -----------------------------------------------------------------------------------------------------------


def test_a_broken_line_costs_only_itself():
    lines = [json.dumps(detail()), '{"id": "1", "versions": [', '{"error": "Not Found"}', '{"versions": []}', "7"]
    lines.append(json.dumps(detail(version(digest=OTHER))))
    found = GAME.library("beatsaver.jsonl", "\n".join(lines).encode())
    assert {HASH, OTHER} <= set(found.facts)
    assert [(problem.code, problem.place) for problem in found.problems] == [
        ("bad_facts", f"line {n}") for n in (2, 3, 4, 5)
    ]
    assert "40 hex digits" in found.problems[2].reason
    assert "a map of BeatSaver's API" in found.problems[3].reason


def test_a_damaged_document_is_an_error_with_its_place():
    text = json.dumps({"docs": [detail()]}, indent=2).replace('"docs"', "docs")
    with pytest.raises(BadFormat, match=r"line 2, column 3") as caught:
        GAME.library("beatsaver.json", text.encode())
    assert caught.value.code == "bad_facts"


def test_a_date_that_is_none_is_named_and_the_rest_is_kept():
    text = json.dumps({"docs": [detail(), detail(version(digest=OTHER), uploaded="yesterday")]})
    found = GAME.library("beatsaver.json", text.encode())
    assert [(p.place, "'yesterday'" in p.reason) for p in found.problems] == [("docs[1]", True)]
    assert found.facts[OTHER]["beatsaver_id"] == "2b69a"
    assert "submitted_at" not in found.facts[OTHER]


def test_what_is_too_large_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(limits, "FACTS_DOCUMENT_BYTES", 200)
    long = json.dumps(detail(description="x" * 300))
    with pytest.raises(LimitExceeded, match="one map a line"):
        GAME.library("beatsaver.json", long.encode())
    lines = "\n".join([json.dumps(detail()), json.dumps(detail()), long])
    found = GAME.library("beatsaver.jsonl", lines.encode())
    assert HASH in found.facts
    assert [(p.code, p.place) for p in found.problems] == [("facts_too_large", "line 3")]


def test_a_file_of_nothing_but_damage_tells_the_first_and_counts_the_others(monkeypatch):
    monkeypatch.setattr(limits, "FACTS_PROBLEMS", 3)
    found = GAME.library("beatsaver.jsonl", b"{}\n" * 10)
    assert [p.place for p in found.problems] == ["line 1", "line 2", "line 3", ""]
    assert "7 further" in found.problems[3].reason


@pytest.mark.parametrize("depth", [10, 900, 100_000])
def test_lists_in_lists_without_end_are_refused(depth):
    text = "[" * depth + json.dumps(detail()) + "]" * depth
    assert outcome(text.encode()) == ({}, ["bad_facts"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = (*detail(), "uploaded", "curatedAt", "stats", "ranked", "deletedAt", "automapper", "as_of")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON), JSON, st.integers(0, 400))
def test_any_values_and_any_cut_give_facts_or_a_coded_error(changed, in_diff, cut):
    one = detail(version(diff(stars=in_diff, characteristic=in_diff)), **changed)
    data = json.dumps([one, detail(version(digest=OTHER))]).encode()
    facts, codes = outcome(data)
    assert OTHER in facts
    assert set(codes) <= {"bad_facts"}
    assert outcome(data[: min(cut, len(data) - 1)]) == ({}, ["bad_facts"])


def outcome(data):
    """Facts and the codes of what could not be used, of the whole file where that is refused."""
    try:
        found = GAME.library("beatsaver.json", data)
    except BadFormat as error:
        return {}, [error.code]
    return found.facts, [problem.code for problem in found.problems]
