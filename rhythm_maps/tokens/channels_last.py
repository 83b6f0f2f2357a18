"""EnCodec's encoder for several songs at a time on a CPU: the channels of a sample lie beside each other in memory.

Songs that share the LSTM give other bits than a song alone, so the layers before it need not keep them either and take
the fastest road: convolutions that read and write their input as it lies, strided ones with three products in place of
four, both convolutions of single samples in a residual block with one sum, and NumPy's `expm1`, which takes a third of
the time of torch's.

Layers are as in `network`, but take and give ``[n, channels]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rhythm_maps.tokens.network import Causal, Layout, Recurrent, State, checked, folded, padded_short
from rhythm_maps.tokens.torchless import import_torch

if TYPE_CHECKING:
    from torch import Tensor


class _Padded(Causal):
    """A causal convolution whose input is put behind the end of the block before."""

    def _padded(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Return the block behind the end of the one before, and at the song's end filled up to a whole step."""
        before, n = self._before, len(x)
        after = -n % self._stride if last else 0
        known = state.get(self._number)
        if known is None and n <= max(before, after):
            if self._activate:
                x = _elu(x, x.clone())
            return padded_short(x.T[None], before, after)[0].T.contiguous()
        padded = x.new_empty((before + n + after, x.shape[1]))
        body = padded[before : before + n]
        if self._activate:
            _elu(x, body)
        else:
            body.copy_(x)
        padded[:before] = body[1 : before + 1].flip(0) if known is None else known
        if after:
            padded[before + n :] = body[n - 1 - after : n - 1].flip(0)
        if not last and before:
            state[self._number] = padded[n : n + before].clone()
        return padded


class Convolution(_Padded):
    """A causal convolution, behind an ELU of its input where `activate` says so."""

    def __init__(self, module: Any, number: int, *, activate: bool) -> None:
        super().__init__(module, number, activate=activate)
        self._weight = folded(checked(module))[:, :, None].contiguous(memory_format=import_torch().channels_last)

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        padded = self._padded(x, state, last=last)
        image = padded.view(1, 1, *padded.shape).permute(0, 3, 1, 2)  # [1, channels, 1, n] in memory as it lies
        y: Tensor = import_torch().conv2d(image, self._weight, self._bias, (1, self._stride))
        return y.permute(0, 2, 3, 1).reshape(-1, y.shape[1])


class Strided(_Padded):
    """A convolution whose kernel spans two strides: a filter of two taps over blocks of as many samples as a stride.

    Two outputs of such a filter take three products in place of four (S. Winograd, Arithmetic Complexity of
    Computations, 1980: the algorithm F(2, 2)). With taps f and g and blocks a, b, c the sums fa + gb and fb + gc are
    f(a - b) + (f + g)b and (f + g)b - g(b - c).
    """

    def __init__(self, module: Any, number: int, *, activate: bool) -> None:
        super().__init__(module, number, activate=activate)
        taps = folded(checked(module)).permute(2, 1, 0)  # [kernel, channels, channels']
        self._first, self._second = (tap.reshape(-1, tap.shape[-1]).contiguous() for tap in taps.chunk(2))
        self._both = self._first + self._second

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        addmm = import_torch().addmm
        blocks = self._padded(x, state, last=last).view(-1, self._first.shape[0])
        n = len(blocks) - 1
        even = n - n % 2
        between = blocks[1 : even + 1 : 2]
        y = blocks.new_empty((n, self._first.shape[1]))
        shared = addmm(self._bias, between, self._both)
        addmm(shared, blocks[0:even:2] - between, self._first, out=y[0:even:2])
        addmm(shared, between - blocks[2 : even + 1 : 2], self._second, alpha=-1, out=y[1:even:2])
        if n > even:
            addmm(addmm(self._bias, blocks[even : even + 1], self._first), blocks[n:], self._second, out=y[even:])
        return y


class Residual:
    """Two convolutions and a shortcut around them, both behind ELUs."""

    def __init__(self, module: Any, number: int) -> None:
        _, wide, _, point = module.block
        point, shortcut = point.conv.conv, module.shortcut.conv.conv
        self._wide = Convolution(wide, number, activate=True)
        self._point, self._shortcut = (folded(inner)[:, :, 0].T.contiguous() for inner in (point, shortcut))
        self._bias = (point.bias + shortcut.bias).detach()

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        inner = self._wide(x, state, last=last)
        y: Tensor = import_torch().addmm(self._bias, x, self._shortcut)
        return y.addmm_(_elu(inner, inner.new_empty(inner.shape)), self._point)


def _elu(x: Tensor, out: Tensor) -> Tensor:
    """Write the ELU of `x` to `out`, which lies together in memory, and return it."""
    torch = import_torch()
    torch.clamp(x, max=0, out=out)
    values = out.numpy()
    np.expm1(values, out=values)
    torch.maximum(x, out, out=out)
    return out


def _convolution(module: Any, number: int, *, activate: bool) -> _Padded:
    inner = checked(module)
    kind = Strided if inner.kernel_size[0] == 2 * inner.stride[0] else Convolution
    return kind(module, number, activate=activate)


CHANNELS_LAST: Final = Layout(
    time=0,
    of=lambda x: x,
    rows=lambda x: x,
    kinds={"SConv1d": _convolution, "SEANetResnetBlock": Residual, "SLSTM": Recurrent},
)
"""``[n, channels]``. It has the layers of the encoder only."""
