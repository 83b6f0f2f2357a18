"""What the cards of these tests are told: a second version, with rights and rows that were left out."""

from __future__ import annotations

from rhythm_maps.publish.facts import CardFacts, Change

FACTS = CardFacts(
    repo="someone/maps",
    version="1.2.0",
    profile="audio",
    rights="I made every one of these maps and songs.",
    left_out={"official": 3, "no_permission": 12},
    changes=(
        Change("1.2.0", added={"charts": 4}, removed={"charts": 1}, notes=("One song was withdrawn.",)),
        Change("1.1.0", added={"charts": 7, "tracks": 6}),
    ),
)
