"""Codec tokens, conditioning and sidecars; the only room that imports torch and encodec.

What people call is here, and imported when it is asked for: importing this package is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rhythm_maps.tokens.sidecar import read_sidecar, write_sidecar_features, write_sidecar_features_for_rel
    from rhythm_maps.tokens.torch_rows import as_torch

__all__ = ["as_torch", "read_sidecar", "write_sidecar_features", "write_sidecar_features_for_rel"]

_LAZY = {
    "as_torch": "rhythm_maps.tokens.torch_rows",
    "read_sidecar": "rhythm_maps.tokens.sidecar",
    "write_sidecar_features": "rhythm_maps.tokens.sidecar",
    "write_sidecar_features_for_rel": "rhythm_maps.tokens.sidecar",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
