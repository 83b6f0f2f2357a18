"""ppy/osu's own expected conversions, of maps that are played in the mode they were made for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.osu import GAME
from rhythm_maps.schema import NOTE_KINDS

pytestmark = pytest.mark.corpus

MANIA = "osu.Game.Rulesets.Mania.Tests/Resources/Testing/Beatmaps/"
OSU = "osu.Game.Rulesets.Osu.Tests/Resources/Testing/Beatmaps/"
CATCH = "osu.Game.Rulesets.Catch.Tests/Resources/Testing/Beatmaps/"
TAIKO = "osu.Game.Rulesets.Taiko/Resources/Testing/Beatmaps/"

TIMES, ENDS, COLUMNS, X, HEADS, DRUMS = "times", "ends", "columns", "x", "heads", "drums"
CASES: list[tuple[str, str, set[str]]] = [
    *((MANIA, f"{keys}K", {TIMES, ENDS, COLUMNS}) for keys in (*range(1, 11), 12, 14, 16, 18)),
    # The game's own tests of these are switched off, for the reason that is ours: two equal stages lose a column.
    *((MANIA, f"{keys}K", {TIMES, ENDS}) for keys in (11, 13, 15, 17)),
    *(
        (MANIA, name, {TIMES, ENDS, COLUMNS})
        for name in ("4869637", "mania-samples", "mania-slider", "mania-specific-spinner")
    ),
    *((CATCH, name, {TIMES, X}) for name in ("2781126", "3152510", "3524302", "3689906", "3949367")),
    *((CATCH, name, {TIMES, X}) for name in ("basic-hyperdash", "spinner-and-circles")),
    # Made with hard rock, which moves fruits; and one-slider maps.
    *((CATCH, name, {TIMES}) for name in ("1041052", "1284935", "2571731", "right-bound-hr-offset")),
    *((CATCH, name, {TIMES}) for name in ("high-speed-multiplier-precision", "slider", "spinner")),
    *((OSU, name, {TIMES, HEADS}) for name in ("1341554", "colinear-perfect-curve", "multi-segment-slider")),
    *((OSU, name, {TIMES, HEADS}) for name in ("repeat-slider", "slider-paths-edge-case", "slider-ticks-edge-case")),
    *((OSU, name, {TIMES, HEADS}) for name in ("slider-ticks", "uneven-repeat-slider")),
    # Their positions hold stacks that are not said to be ones.
    *((OSU, name, {TIMES}) for name in ("1124896", "2593923", "801165", "nan-slider", "old-stacking")),
    (TAIKO, "sample-to-type-conversions", {TIMES, ENDS, DRUMS}),
]
"""Folder, name and compared fields of every map that stays in its mode; the other files are of converted maps."""


def load(corpus, folder: str, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the row of a map, and the first converted object of each of its objects."""
    path = corpus / "osu" / "ppy+osu" / folder
    batch = GAME.parse([MapsetBytes((("a", "a"),), {"a": (path / f"{name}.osu").read_bytes()})])
    [row] = GAME.rows(batch, Facts(np.array([np.nan]))).to_pylist()
    text = (path / f"{name}-expected-conversion.json").read_text("utf-8-sig")
    return row, [mapping["Objects"][0] | {"at": mapping["StartTime"]} for mapping in json.loads(text)["Mappings"]]


def compare(row: dict[str, Any], wanted: list[dict[str, Any]], fields: set[str]) -> int:
    """Compare the fields of all objects; return how many values were compared."""
    notes, own = row["notes"], row["notes_osu"]
    late = 24 if int(row["format_version"]) < 5 else 0  # the game's tests leave the offset out
    kinds = [NOTE_KINDS[kind] for kind in notes["kind"]]
    compared = 0
    for i, one in enumerate(wanted):
        pairs: list[tuple[float, float, float]] = [(notes["time_s"][i] * 1000 - late, one["at"], 1)]
        if ENDS in fields:
            pairs.append((notes["end_s"][i] * 1000, one["EndTime"], 1))
        if COLUMNS in fields and not (kinds[i] == "hold" and own["raw_x"][i] == 256):  # spinners: a column by lot
            pairs.append((notes["lane"][i], one["Column"], 0))
        if X in fields and kinds[i] == "tap":
            pairs.append((notes["x"][i], one["Position"], 0))
        if HEADS in fields:
            stack = one.get("StackOffset", {"X": 0, "Y": 0})
            pairs.append((notes["x"][i], one["X"] - stack["X"], 1e-4))
            pairs.append((notes["y"][i], one["Y"] - stack["Y"], 1e-4))
        if DRUMS in fields:
            drum = {"IsRim": notes["lane"][i] == 1, "IsCentre": notes["lane"][i] == 0, "IsStrong": own["big"][i]}
            drum |= {"IsDrumRoll": kinds[i] == "roll", "IsSwell": kinds[i] == "spin"}
            pairs += [(value, one[name], 0) for name, value in drum.items()]
        for mine, theirs, tolerance in pairs:
            assert abs(mine - theirs) <= tolerance, (i, mine, one)
        compared += len(pairs)
    return compared


def test_maps_in_their_own_mode_are_what_the_game_makes_of_them(corpus):
    total = 0
    for folder, name, fields in CASES:
        row, wanted = load(corpus, folder, name)
        assert len(row["notes"]["time_s"]) == len(wanted), name
        total += compare(row, wanted, fields)
    assert len(CASES) == 50
    assert total == 15764


def test_every_expected_conversion_of_an_unconverted_map_is_compared(corpus):
    """Files of one content count once: forks hold copies."""
    modes = {MANIA: "mania", OSU: "osu", CATCH: "catch", TAIKO: "taiko"}
    listed = {(folder, name) for folder, name, _ in CASES}
    seen: set[str] = set()
    for folder, mode in modes.items():
        for path in sorted((corpus / "osu" / "ppy+osu" / folder).glob("*-expected-conversion.json")):
            osu = path.with_name(path.name.replace("-expected-conversion.json", ".osu"))
            if not osu.exists():
                continue
            data = osu.read_bytes()
            batch = GAME.parse([MapsetBytes((("a", "a"),), {"a": data})])
            own = GAME.rows(batch, Facts(np.array([np.nan])))["mode"].to_pylist() == [mode]
            assert own == ((folder, osu.stem) in listed), osu.name
            seen.add(hashlib.sha256(data).hexdigest())
    assert len(seen) > 70
