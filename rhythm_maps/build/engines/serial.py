"""Runs the shards one after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rhythm_maps.build.unit import Unit, write_unit


def run(units: Sequence[Unit], on_done: Callable[[Unit], None]) -> None:
    """Make every unit.

    Args:
        units: the shards that are not done yet.
        on_done: called after each.
    """
    for unit in units:
        write_unit(unit)
        on_done(unit)
