"""Maps of Toy, a game that only tests know."""

from __future__ import annotations

from rhythm_maps.builders.base import MapsBuilder, configs_of


class Toy(MapsBuilder):
    """Builder of Toy."""

    BUILDER_CONFIGS = configs_of("toy")
