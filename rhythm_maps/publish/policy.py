"""What may leave the machine: which columns under which profile, and which rows not at all.

Profiles contain each other: ``annotations`` < ``maps`` < ``tokens`` < ``audio``. A push under one of them carries the
columns of it and of all before it. Tokens can be turned back into music, so they need the same right as audio does;
who wants them without anybody's notes publishes the configs ``beats`` and ``tokens`` alone. ``never`` columns are in
no profile.

Rows are refused by what they say themselves: official levels on every road, whatever anybody permits; charts that opt
out; and, where a game's terms want each author's permission, content of maps that nobody permitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rhythm_maps import games
from rhythm_maps.build.opt_outs import OptOuts
from rhythm_maps.build.spec import columns
from rhythm_maps.columns import Column
from rhythm_maps.errors import UsageError
from rhythm_maps.publish.permissions import Permission

PROFILES = ("annotations", "maps", "tokens", "audio")
"""The profiles of a push, each holding those before it."""
DEFAULT_PROFILE = PROFILES[0]
_ORDER = ("public", *PROFILES)
_CONFIG_NEEDS = {"tokens": "tokens", "tracks": "audio"}
"""Configs that are nothing without their largest column: below its profile they would repeat `beats`."""

OFFICIAL = "official"
OPTED_OUT = "opted_out"
NO_PERMISSION = "no_permission"
STALE = "stale_conditioning"
REMEDIES = {
    OFFICIAL: "official levels of a game are never published; build your other maps without --install",
    OPTED_OUT: "their authors opted out, or they were withdrawn from this dataset, which stays; an author's own rows "
    "come back when the line is taken from the list of opt-outs or from the file",
    NO_PERMISSION: "the terms of the game ask for each author's permission: give --permissions FILE, push privately, "
    "or push the profile annotations",
    STALE: "their conditioning was made from the beats of a chart that is left out; build them again with the opt-outs",
}
"""Why a row is left out -> what a person can do about it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What one publication may hold.

    Attributes:
        profile: one of `PROFILES`.
        public: everybody may see it.
        rights: the basis on which more than annotations is published, in the publisher's words.
        permissions: mapset id in lower case -> the author's permission.
        opt_outs: rows to leave out.
    """

    profile: str = DEFAULT_PROFILE
    public: bool = False
    rights: str = ""
    permissions: Mapping[str, Permission] = field(default_factory=dict)
    opt_outs: OptOuts = field(default_factory=OptOuts)

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise UsageError(f"profile {self.profile!r}: expected one of {', '.join(PROFILES)}")
        if self.profile != DEFAULT_PROFILE and not self.rights.strip():
            raise UsageError(
                f"profile {self.profile} holds other people's work: say on what basis you publish it, such as "
                '--rights "all maps and music are my own". It is kept with the dataset and shown on its card.'
            )

    def needs_permission(self, game: str) -> bool:
        """Tell whether rows of a game need a permission of their own."""
        asks = game in games.names() and games.get(game).asks_permission
        return self.public and self.profile != DEFAULT_PROFILE and asks

    def reasons(self, charts: pa.Table) -> list[str]:
        """Return why each chart must be left out, "" where it may be published.

        Args:
            charts: rows with `rights` and what else there is of ids and names.
        """
        opted = self.opt_outs.mask(charts)
        rights: Sequence[Mapping[str, Any]] = charts["rights"].to_pylist()
        owners = charts["game"].to_pylist()
        mapsets = charts["mapset_id"].to_pylist()
        asking = {game for game in set(owners) if self.needs_permission(game)}
        found = []
        for one, out, game, mapset in zip(rights, opted, owners, mapsets, strict=True):
            if one["official"]:
                found.append(OFFICIAL)
            elif out or one["opt_out"]:
                found.append(OPTED_OUT)
            else:
                missing = game in asking and mapset.casefold() not in self.permissions
                found.append(NO_PERMISSION if missing else "")
        return found


def allows(profile: str, column: Column) -> bool:
    """Tell whether a profile carries a column."""
    return column.profile in _ORDER and _ORDER.index(column.profile) <= _ORDER.index(profile)


def carries(profile: str, config: str) -> bool:
    """Tell whether a profile carries a config at all."""
    needed = _CONFIG_NEEDS.get(config, "public")
    return _ORDER.index(needed) <= _ORDER.index(profile)


def needed_profile(config: str) -> str:
    """Return the narrowest profile that carries a config."""
    return _CONFIG_NEEDS.get(config, DEFAULT_PROFILE)


def kept_columns(game: str, config: str, profile: str) -> tuple[Column, ...]:
    """Return the columns of a stored config that a profile carries, in schema order."""
    return tuple(column for column in columns(game, config) if allows(profile, column))
