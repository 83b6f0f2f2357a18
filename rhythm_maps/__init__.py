"""Rhythm-game maps as versioned Hugging Face datasets: audio, beats and notes on one clock.

`load_dataset` reads your own maps, a build or a Hub repository; `register` makes ``datasets.load_dataset`` find the
games; `push_to_hub` publishes a build, and `to_dataset_dict` gives one under the policy of a push. They import what
they need when they are called: importing this package is cheap.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rhythm_maps.loading import load_dataset, register
    from rhythm_maps.publish.dataset_dict import to_dataset_dict
    from rhythm_maps.publish.push import push_to_hub

__all__ = ["__version__", "load_dataset", "push_to_hub", "register", "to_dataset_dict"]

_LAZY = {
    "load_dataset": "rhythm_maps.loading",
    "push_to_hub": "rhythm_maps.publish.push",
    "register": "rhythm_maps.loading",
    "to_dataset_dict": "rhythm_maps.publish.dataset_dict",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return metadata.version("rhythm-maps")
    if name in _LAZY:
        import importlib  # noqa: PLC0415 - nothing heavy at import

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
