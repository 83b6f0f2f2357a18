"""What `osu!.db` says of charts that their own files do not: standing, website ids and star ratings.

Only that: grades, plays and offsets in the same file concern the player and enter no row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from rhythm_maps.games.osu.database import Database, read_database

STATUS = {0: "unknown", 1: "unsubmitted", 2: "pending", 4: "ranked", 5: "approved", 6: "qualified", 7: "loved"}
"""The database's own scale, which is not the website's; 2 is pending, work in progress or graveyard."""
_RATES = {0: 1.0, 64: 1.5, 256: 0.75}
"""Mods (bit field) -> rate of play: none, double time, half time."""


def facts(data: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Read what an `osu!.db` says of each chart.

    Args:
        data: the file.

    Returns:
        md5 of the `.osu` -> core column -> value (dates in ISO 8601).

    Raises:
        BadFormat: it is damaged, or no such file.
    """
    database = read_database(data)
    rates = _rates(database)
    maps = database.beatmaps
    found: dict[str, dict[str, Any]] = {}
    for i, chart_id in enumerate(maps["chart_id"]):
        if not chart_id:
            continue
        known: dict[str, Any] = {"status": STATUS.get(int(maps["status"][i]), "unknown")}
        checked = maps["last_checked_at"][i]
        if not np.isnat(checked):
            known["status_as_of"] = str(checked.astype("datetime64[D]"))
        for name in ("beatmap_id", "beatmapset_id"):
            if maps[name][i] > 0:
                known[name] = int(maps[name][i])
        if i in rates:
            by_rate = dict(sorted(rates[i].items()))
            known["stars_by_rate"] = {"rate": list(by_rate), "stars": list(by_rate.values())}
            known["stars_source"] = f"osu!.db {database.version}"
            if 1.0 in by_rate:
                known["stars"] = by_rate[1.0]
        found[chart_id] = known
    return found


def _rates(database: Database) -> dict[int, dict[float, float]]:
    """Return beatmap row -> rate -> stars in the beatmap's own mode."""
    stars = database.star_ratings
    own = stars["mode"] == database.beatmaps["mode"][stars["beatmap"]]
    wanted = own & np.isin(stars["mods"], list(_RATES)) & np.isfinite(stars["stars"]) & (stars["stars"] >= 0)
    rates: dict[int, dict[float, float]] = defaultdict(dict)
    for row, mods, value in zip(*(stars[name][wanted].tolist() for name in ("beatmap", "mods", "stars")), strict=True):
        rates[row][_RATES[mods]] = value
    return rates
