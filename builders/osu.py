"""osu! maps from a folder of exports (.osz, .olz), stable's ``Songs``, or any tree that holds ``.osu`` files.

::

    import rhythm_maps
    ds = rhythm_maps.load_dataset("osu", "charts", data_dir="~/osu/Exports")
    ds = rhythm_maps.load_dataset("osu", "mania_4k", data_dir="~/osu/Exports", streaming=True)

Configs: charts (default), beats, tracks, and the presets of configs/osu.toml. Keyword arguments: `MapsConfig`.
"""

from __future__ import annotations

from rhythm_maps.builders.base import MapsBuilder, configs_of


class Osu(MapsBuilder):
    """Builder of osu!."""

    BUILDER_CONFIGS = configs_of("osu")
