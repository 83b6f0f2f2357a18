"""What the numbers in osu!'s binary files stand for: modes, mods, grades, judgements, standing, permissions."""

from __future__ import annotations

from collections.abc import Mapping

MODES = ("osu", "taiko", "catch", "mania")
"""Game modes by number."""

MODS = (
    *("NF", "EZ", "TD", "HD", "HR", "SD", "DT", "RX", "HT", "NC", "FL", "AT", "SO", "AP", "PF"),
    *("4K", "5K", "6K", "7K", "8K", "FI", "RD", "CN", "TP", "9K", "CO", "1K", "3K", "2K", "SV2", "MR"),
)
"""Mods by bit (ppy/osu LegacyMods; bits 29 and 30, ScoreV2 and Mirror, of its public API). TD was NoVideo once."""

TARGET_PRACTICE = 1 << 23
"""Scores of stable with this mod carry a further Double."""

_IMPLIED = {"NC": "DT", "PF": "SD"}

GRADES = ("SSH", "SH", "SS", "S", "A", "B", "C", "D", "F", "")
"""Grades by number, the H standing for hidden or flashlight (silver); empty where there is none."""

STATUS = ("unknown", "not_submitted", "pending", "unused", "ranked", "approved", "qualified", "loved")
"""Standing of a beatmap by number; ``pending`` is also work in progress and graveyard."""

PERMISSIONS = {1: "normal", 2: "moderator", 4: "supporter", 8: "friend", 16: "peppy", 32: "tournament_staff"}
"""Bits of a user's permissions."""

COUNTS = ("count_300", "count_100", "count_50", "count_geki", "count_katu", "count_miss")
"""The counts of a score, in the order of the format."""

JUDGEMENTS: Mapping[str, Mapping[str, str]] = {
    "osu": {
        "300": "count_300", "100": "count_100", "50": "count_50",
        "geki": "count_geki", "katu": "count_katu", "miss": "count_miss",
    },
    "taiko": {
        "great": "count_300", "good": "count_100",
        "great_large": "count_geki", "good_large": "count_katu", "miss": "count_miss",
    },
    "catch": {
        "fruit": "count_300", "drop": "count_100", "droplet": "count_50",
        "droplet_miss": "count_katu", "miss": "count_miss",
    },
    "mania": {
        "max": "count_geki", "300": "count_300", "200": "count_katu",
        "100": "count_100", "50": "count_50", "miss": "count_miss",
    },
}  # fmt: skip
"""What the counts are in each mode: the judgement's name and the count that holds it."""


def mode_name(number: int) -> str:
    """Return the name of a mode, ``mode_9`` for one that does not exist."""
    return MODES[number] if 0 <= number < len(MODES) else f"mode_{number}"


def grade_name(number: int) -> str:
    """Return the name of a grade; empty for none, ``grade_77`` for one that does not exist."""
    return GRADES[number] if 0 <= number < len(GRADES) else f"grade_{number}"


def status_name(number: int) -> str:
    """Return the name of a standing, ``status_9`` for one that does not exist."""
    return STATUS[number] if 0 <= number < len(STATUS) else f"status_{number}"


def mod_names(bits: int) -> list[str]:
    """Return the mods of a bit field, in the order of their bits.

    NC is always stored with DT, and PF with SD; only the former is named. Bits without a mod are named ``bit_31``.
    """
    bits &= 0xFFFF_FFFF
    names = [MODS[bit] if bit < len(MODS) else f"bit_{bit}" for bit in range(32) if bits >> bit & 1]
    implied = {_IMPLIED[name] for name in names if name in _IMPLIED}
    return [name for name in names if name not in implied]


def permission_names(bits: int) -> list[str]:
    """Return the permissions of a bit field; bits without a meaning are named ``bit_7``."""
    return [PERMISSIONS.get(1 << bit, f"bit_{bit}") for bit in range(32) if (bits & 0xFFFF_FFFF) >> bit & 1]


def accuracy(mode: str, counts: Mapping[str, int]) -> float | None:
    """Return the accuracy of a score of stable, 0 to 1 (ppy/osu LegacyScoreDecoder.PopulateAccuracy).

    Args:
        mode: name of the mode.
        counts: the six of `COUNTS`.

    Returns:
        None for a mode that does not exist and where nothing was hit or missed.
    """
    n300, n100, n50, geki, katu, miss = (counts[name] for name in COUNTS)
    points, total = {
        "osu": (n50 * 50 + n100 * 100 + n300 * 300, 300 * (n50 + n100 + n300 + miss)),
        "taiko": (n100 * 150 + n300 * 300, 300 * (n50 + n100 + n300 + miss)),
        "catch": (n50 + n100 + n300, n50 + n100 + n300 + miss + katu),
        "mania": (
            n50 * 50 + n100 * 100 + katu * 200 + (n300 + geki) * 300,
            300 * (n50 + n100 + n300 + miss + geki + katu),
        ),
    }.get(mode, (0, 0))
    return points / total if total else None


def grade(mode: str, counts: Mapping[str, int], mods: int) -> str | None:
    """Return the grade of a score of stable by the rule of its mode (ppy/osu LegacyScoreDecoder.PopulateAccuracy).

    Args:
        mode: name of the mode.
        counts: the six of `COUNTS`.
        mods: bit field; hidden, flashlight and fade-in make SS and S silver.

    Returns:
        None where there is no `accuracy`.
    """
    share = accuracy(mode, counts)
    if share is None:
        return None
    if mode in {"osu", "taiko"}:
        name = _by_great(counts)
    else:
        steps = (0.98, 0.94, 0.9, 0.85) if mode == "catch" else (0.95, 0.9, 0.8, 0.7)
        name = "SS" if share == 1 else next((g for g, least in zip("SABC", steps, strict=True) if share > least), "D")
    silver = set(mod_names(mods)) & {"HD", "FL", "FI"}
    return name + "H" if silver and name in {"SS", "S"} else name


def _by_great(counts: Mapping[str, int]) -> str:
    n300, n100, n50, _, _, miss = (counts[name] for name in COUNTS)
    total = n300 + n100 + n50 + miss
    great = n300 / total
    if great == 1:
        return "SS"
    rules = (
        ("S", great > 0.9 and n50 <= 0.01 * total and not miss),
        ("A", great > 0.9 or (great > 0.8 and not miss)),
        ("B", great > 0.8 or (great > 0.7 and not miss)),
        ("C", great > 0.6),
    )
    return next((name for name, holds in rules if holds), "D")
