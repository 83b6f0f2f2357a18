"""Beat Saber levels from ``CustomLevels``, zips, or any tree in which a folder holds an ``Info.dat``.

::

    import rhythm_maps
    ds = rhythm_maps.load_dataset("beat_saber", "charts", data_dir="CustomLevels")
    ds = rhythm_maps.load_dataset("beat_saber", "expert_plus", data_dir="CustomLevels", streaming=True)
    ds = rhythm_maps.load_dataset("beat_saber", "standard_ranked", data_dir="CustomLevels", facts="saved.json")
    ds = rhythm_maps.load_dataset("beat_saber", data_dir="CustomLevels", include_lights=True)

What BeatSaver says of a map (id, standing, stars, votes, declared AI-made) is in no file of it. ``facts=`` names saved
answers of its API (``https://api.beatsaver.com/maps/hash/<hash>``, ``/maps/ids/<ids>``, ``/search/text/0``), whole or
one a line; a ``beatsaver.json`` or ``beatsaver.jsonl`` beside the maps is found by itself. Maps are matched by their
hash, nothing is asked of a server. Without facts those columns are null, and the presets ranked, standard_ranked and
curated hold nothing. Charts that BeatSaver declares AI-made are left out unless ``include_ai=True``.

Configs: charts (default), beats, tracks, and the presets of configs/beat_saber.toml. Keyword arguments: `MapsConfig`.
"""

from __future__ import annotations

from rhythm_maps.builders.base import MapsBuilder, configs_of


class BeatSaber(MapsBuilder):
    """Builder of Beat Saber."""

    BUILDER_CONFIGS = configs_of("beat_saber")
