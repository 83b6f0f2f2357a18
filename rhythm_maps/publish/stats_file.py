"""``meta/stats.json``: what a card counted, for programs. The card shows the same numbers to people."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from rhythm_maps.publish.card_stats import CardStats, Floats

STATS = "meta/stats.json"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of each measure, here and on the card."""
_DIGITS = 6
"""Significant digits: sums of floats differ in the last ones from one machine to another."""


def stats_bytes(stats: CardStats) -> bytes:
    """Return the file: one JSON object, keys in alphabetical order, null where a number is not known.

    ``measures`` holds, by the name of the card's picture, the distribution of a number in each mode ("" where there are
    no modes): ``rows``, ``minimum``, ``maximum``, ``mean``, and ``quantiles`` at `QUANTILES`.
    """
    known = {
        "agreeing": stats.agreeing,
        "as_of": stats.as_of,
        "declared_ai": stats.declared_ai,
        "groups": stats.groups,
        "hours": stats.hours,
        "ledger": [{"kind": k, "outcome": o, "code": c, "inputs": n} for (k, o, c), n in stats.ledger.items()],
        "mappers": stats.mappers,
        "measures": {
            measure.slug: {
                "column": measure.column,
                "of": measure.of,
                "modes": {mode: _distribution(values) for mode, values in by_mode.items()},
            }
            for measure, by_mode in stats.values.items()
        },
        "modes": stats.modes,
        "sources": [{"source": s, "terms_url": terms, "rows": n} for (s, terms), n in stats.sources.items()],
        "timing": [{"timing_quality": q, "has_downbeats": d, "rows": n} for (q, d), n in stats.timing.items()],
        "words": stats.words,
    }
    return msgspec.json.format(msgspec.json.encode(_plain(known), order="deterministic"), indent=2) + b"\n"


def _distribution(values: Floats) -> dict[str, Any]:
    return {
        "rows": len(values),
        "minimum": float(values.min()),
        "maximum": float(values.max()),
        "mean": float(values.mean()),
        "quantiles": np.quantile(values, QUANTILES).tolist(),
    }


def _plain(value: Any) -> Any:
    """Return what JSON has: numbers rounded, those that are not finite as null."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return _plain(msgspec.to_builtins(value)) if hasattr(value, "__dataclass_fields__") else value
