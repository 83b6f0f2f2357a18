"""What a card says that is not in the folder it describes: where it goes, which version, under what policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CHANGES = "meta/changes.json"
"""The change log that every version carries, newest first: what the card shows, and the next version goes on with."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a dataset's change log.

    Attributes:
        version: the version it describes, without "v".
        added: config -> rows that are new in it.
        removed: config -> rows that are no longer there.
        changed: config -> rows whose content differs.
        notes: further sentences: moved songs, withdrawals, a new schema version.
    """

    version: str
    added: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What `card.write_card` is told beside the folder.

    Attributes:
        repo: "owner/name" on the Hub; "" for a build that stays where it is.
        version: the version being published, without "v"; "" when none.
        profile: the policy profile that made the folder's columns; "" for an unprojected build.
        public: it will be public.
        rights: the basis on which more than annotations is published, in the publisher's words; "" when none.
        left_out: reason -> rows that the policy left out (``official``, ``no_permission``, ``opted_out``, ...).
        changes: the change log, newest first.
    """

    repo: str = ""
    version: str = ""
    profile: str = ""
    public: bool = False
    rights: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
