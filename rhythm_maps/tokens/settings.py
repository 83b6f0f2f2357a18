"""What decides the tokens of a recording, apart from what only changes how fast they are made."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from rhythm_maps.errors import UsageError
from rhythm_maps.tokens.codec import CODE_BITS, DEFAULT_KBPS, FRAME_RATE, N_Q

if TYPE_CHECKING:
    from rhythm_maps.tokens.weights import Weights

PRETRAINED = "pretrained"


class TokenSettings(msgspec.Struct, frozen=True):
    """The part of a build's description, and of every cached result's key, that decides tokens.

    Attributes:
        bandwidth_kbps: one of `codec.N_Q`.
        weights: ``pretrained``, ``file`` or ``calibrated``; never a path.
        weights_sha256: sha256 of the weights.
        target_rms: level to which each recording is brought (peak of its windowed RMS); None leaves it as it is.
        timeline: ``game``: sample 0 is time 0 of the game's clock.
    """

    bandwidth_kbps: float = DEFAULT_KBPS
    weights: str = PRETRAINED
    weights_sha256: str = ""
    target_rms: float | None = None
    timeline: str = "game"

    @property
    def n_q(self) -> int:
        """Return the number of codebooks."""
        return round(self.bandwidth_kbps * 1000 / FRAME_RATE / CODE_BITS)


class TokenRun(NamedTuple):
    """How tokens are made: where the weights lie and what computes. It is no part of a build's key.

    Songs are encoded one by one and, on CPUs, with one thread a process, so that their codes depend on nothing else;
    a build is faster with more workers. An accelerator can round a near-tie between two codes the other way.

    Attributes:
        weights: ``pretrained``, the path of a state dict, or ``calibrated:SEED``.
        device: ``auto``, ``cpu``, ``cuda``, ...
    """

    weights: str = PRETRAINED
    device: str = "auto"


def token_settings(
    weights: str = PRETRAINED, *, bandwidth_kbps: float = DEFAULT_KBPS, target_rms: float | None = None
) -> TokenSettings:
    """Check what is asked of tokens, load the weights once to see that they are good, and put it together.

    Args:
        weights: as in `TokenRun`.
        bandwidth_kbps: one of `codec.N_Q`.
        target_rms: None, or a level above 0 and below 1.

    Raises:
        UsageError: a number is out of range.
        MissingExtra: torch or encodec is not installed.
        RhythmMapsError: the weights cannot be had; the message says how to get them.
    """
    if bandwidth_kbps not in N_Q:
        raise UsageError(f"bandwidth is {bandwidth_kbps:g} kbps: expected one of {', '.join(map(str, N_Q))}")
    if target_rms is not None and not 0.0 < target_rms < 1.0:
        raise UsageError(f"target_rms is {target_rms:g}: expected a level between 0 and 1, such as 0.1")
    found = load_weights(weights)
    return TokenSettings(float(bandwidth_kbps), found.kind, found.sha256, target_rms)


def tokens_asked(
    configs: Sequence[str],
    *,
    weights: str | None = None,
    bandwidth: float | None = None,
    target_rms: float | None = None,
    device: str | None = None,
) -> tuple[TokenSettings | None, TokenRun]:
    """Turn the arguments of a command or load into settings; None of them where tokens are not among the configs.

    Args:
        configs: what is to be made.
        weights, device: as in `TokenRun`; None for its defaults.
        bandwidth: in kbps; None for `DEFAULT_KBPS`.
        target_rms: as in `TokenSettings`.

    Raises:
        UsageError: one of them is given, and tokens are not asked for.
        RhythmMapsError: as `token_settings`.
    """
    run = TokenRun(weights or PRETRAINED, device or "auto")
    if "tokens" in configs:
        kbps = DEFAULT_KBPS if bandwidth is None else bandwidth
        return token_settings(run.weights, bandwidth_kbps=kbps, target_rms=target_rms), run
    asked = {"weights": weights, "bandwidth": bandwidth, "target_rms": target_rms, "device": device}
    unused = [name for name, value in asked.items() if value is not None]
    if unused:
        raise UsageError(f"{', '.join(unused)}: for the config tokens, which is not among {', '.join(configs)}")
    return None, run


def load_weights(which: str) -> Weights:
    """Return the weights that a word or path names; those that were loaded last are held.

    Args:
        which: as in `TokenRun`.

    Raises:
        MissingExtra: torch or encodec is not installed.
        RhythmMapsError: as `rhythm_maps.tokens.weights.load`.
    """
    with contextlib.suppress(OSError):
        status = Path(which).stat()
        return _load(which, (status.st_size, status.st_mtime_ns))
    return _load(which, None)


@lru_cache(maxsize=1)
def _load(which: str, stamp: tuple[int, int] | None) -> Weights:
    from rhythm_maps.tokens import weights  # noqa: PLC0415 - pulls in torch

    del stamp  # a file that changes is loaded again
    return weights.load(which)


def signal_versions() -> dict[str, str]:
    """Return the versions of the packages between an audio file's bytes and its codes; none of them is imported."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - only builds of tokens need it

    found = {}
    for package in ("numpy", "soundfile", "soxr", "torch", "encodec"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found
