"""Beat Saber levels from ``CustomLevels``, zips, or any tree in which a folder holds an ``Info.dat``.

::

    import rhythm_maps
    ds = rhythm_maps.load_dataset("beat_saber", "charts", data_dir="CustomLevels")
    ds = rhythm_maps.load_dataset("beat_saber", "expert_plus", data_dir="CustomLevels", streaming=True)

Configs: charts (default), beats, tracks, and the presets of configs/beat_saber.toml. Keyword arguments: `MapsConfig`.
"""

from __future__ import annotations

from rhythm_maps.builders.base import MapsBuilder, configs_of


class BeatSaber(MapsBuilder):
    """Builder of Beat Saber."""

    BUILDER_CONFIGS = configs_of("beat_saber")
