"""The chart columns that only Toy has."""

from __future__ import annotations

from rhythm_maps.columns import I32, STR, Column, lists

NOTES = lists(colour=STR, force=I32)

COLUMNS: tuple[Column, ...] = (
    Column("pads", I32, "Number of pads in the circle."),
    Column(
        "notes_toy", NOTES,
        "Same length and order as notes: colour of the stick and how hard it strikes, 1 to 3.",
        profile="maps",
    ),
)  # fmt: skip
