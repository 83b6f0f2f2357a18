"""Weights for tests: random, but scaled so that the codes follow the music.

A freshly made EnCodec gives one and the same code for all frames of a codebook, so any two encoders agree on it. Here
every convolution is scaled until its output over a synthesised song has unit variance, and the codebooks are sampled
from what the encoder leaves to each of them. The codes then differ from frame to frame, and an encoder that computes
with less precision, or loses its state between blocks, gives others.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from rhythm_maps.audio.synth import Segment, render
from rhythm_maps.tokens.torchless import import_torch
from rhythm_maps.tokens.weights import Weights, empty_model, state_sha256

_TEMPO: Final = (Segment(0.0, 0.5), Segment(4.0, 0.37, 3))
_SECONDS: Final = 8.0
_SHRINK: Final = (0.25, 0.75)
"""A sampled residual is multiplied by something between these. It leaves something to the next codebook, and keeps
entries apart that were drawn from one frame: as twins they would be equally near to everything."""
_NOISE: Final = 0.1
"""Standard deviation of what is added to a sampled residual, relative to the residuals': no two codes are equal."""
_BITS: Final = 12
"""Binary digits that are kept of what is measured: what the order of sums changes in float64 is far below them."""
_OUTPUT_STD: Final = 0.1
"""Standard deviation of what the decoder plays: far from clipping."""


def calibrated(seed: int) -> Weights:
    """Return calibrated weights; the same for a seed and a version of torch.

    They are computed in float64 and rounded to few digits, so that processors and numbers of threads which add in
    another order give the same ones.

    Raises:
        MissingExtra: torch or encodec is not installed.
    """
    torch = import_torch()
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = empty_model().double()
        song = render(_TEMPO, _SECONDS, model.sample_rate, seed % (1 << 32)).mean(axis=1)
        residual = _scaled(model.encoder, torch.from_numpy(song.astype(np.float64))[None, None])[0].T
        played = torch.zeros_like(residual)
        generator = torch.Generator().manual_seed(seed)
        for layer in model.quantizer.vq.layers:
            book = _sample(residual, layer.codebook_size, generator)
            _set_codebook(layer._codebook, book)  # noqa: SLF001 - encodec's codebooks have no other name
            nearest = book[torch.cdist(residual, book).argmin(dim=1)]
            residual, played = residual - nearest, played + nearest
        _scaled(model.decoder, played.T[None], last_std=_OUTPUT_STD)
        state = {name: tensor.float().clone() for name, tensor in model.state_dict().items()}
    return Weights("calibrated", state_sha256(state), state)


def _scaled(network: Any, x: Any, last_std: float = 1.0) -> Any:
    """Run a network while scaling each of its convolutions to an output of standard deviation 1."""
    torch = import_torch()
    convolutions = [m for m in network.modules() if isinstance(m, (torch.nn.Conv1d, torch.nn.ConvTranspose1d))]

    def scale(convolution: Any, _: Any, output: Any) -> Any:
        factor = _round((last_std if convolution is convolutions[-1] else 1.0) / float(output.std()))
        convolution.weight_g.mul_(factor)
        convolution.bias.mul_(factor)
        return output * factor

    hooks = [convolution.register_forward_hook(scale) for convolution in convolutions]
    try:
        return network(x)
    finally:
        for hook in hooks:
            hook.remove()


def _sample(residual: Any, size: int, generator: Any) -> Any:
    """Draw `size` entries of a codebook from residuals ``[frames, dimension]``."""
    torch = import_torch()
    rows = torch.randint(len(residual), (size,), generator=generator)
    noise = torch.randn(size, residual.shape[1], generator=generator, dtype=residual.dtype)
    low, high = _SHRINK
    shrink = low + (high - low) * torch.rand(size, 1, generator=generator, dtype=residual.dtype)
    book = residual[rows] * shrink + noise * (_NOISE * residual.std())
    step = _step(float(residual.std()))
    return (book / step).round() * step


def _set_codebook(codebook: Any, entries: Any) -> None:
    codebook.embed.copy_(entries)
    codebook.embed_avg.copy_(entries)
    codebook.cluster_size.fill_(1.0)
    codebook.inited.fill_(1.0)


def _step(value: float) -> float:
    """Return the distance of the numbers near `value` that have `_BITS` binary digits."""
    return math.ldexp(1.0, math.frexp(value)[1] - _BITS)


def _round(value: float) -> float:
    return round(value / _step(value)) * _step(value)
