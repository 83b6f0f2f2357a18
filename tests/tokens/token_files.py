"""Token files that tests make."""

from __future__ import annotations

import numpy as np

from rhythm_maps.tokens import ecdc

FRAMES = 93


def codes_of(frames=FRAMES, n_q=8, seed=0):
    return np.random.default_rng(seed).integers(0, 1024, (n_q, frames), dtype=np.uint16)


def write_tokens(path, frames=FRAMES, n_q=8, seed=0):
    """Write an EncHF token file whose last frame is not full; return its path."""
    ecdc.write_enchf(path, codes_of(frames, n_q, seed), max(frames * 320 - 7, 0))
    return path
