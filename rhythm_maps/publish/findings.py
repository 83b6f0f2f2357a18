"""What a check of a card found, and how it reads YAML that may hold anything."""

from __future__ import annotations

from typing import Any, NamedTuple


class Finding(NamedTuple):
    """One thing that a reviewer would ask for: its code, what is missing or wrong, and what to do."""

    code: str
    problem: str
    remedy: str


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the dicts of a YAML value that is one or a list of them; anything else is passed over."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]
