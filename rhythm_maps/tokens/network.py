"""EnCodec's networks as chains of layers that take a song block by block and give what the whole song would give.

The layers are those of `encodec.modules` with their weight norm folded. All of them look back only, so a layer needs
nothing but the last few inputs of the block before: a `State` keeps them, for one song. The first block is padded on
the left as the whole song would be (a reflection of its start), the last one on the right, where a part of a hop is
left over.

On a CPU the results have the very bits that the whole song gives, which keeps codes equal where two entries of a
codebook are as near as float32 can tell. This is why an ELU is worked out in place before its input is padded: torch
computes the ends of rows that are apart in memory by another formula.

Blocks must be whole hops, but for the last one; the first one must be longer than any padding, or be the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from rhythm_maps.tokens.torchless import import_encodec, import_torch

if TYPE_CHECKING:
    from torch import Tensor

State: TypeAlias = "dict[int, Tensor]"
"""What the layers of a chain keep of one song: number of a layer -> the end of its last input; {} before the start."""


class Layer(Protocol):
    """One step: ``[1, channels, n]`` to ``[1, channels', n']``."""

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song; `last` says that no other follows."""
        ...


def run(layers: Sequence[Layer], x: Tensor, state: State, *, last: bool) -> Tensor:
    """Send the next block of a song through a chain of layers."""
    for layer in layers:
        x = layer(x, state, last=last)
    return x


class Convolution:
    """A causal convolution, behind an ELU of its input (in place) where `activate` says so."""

    def __init__(self, module: Any, number: int, *, activate: bool) -> None:
        torch = import_torch()
        inner = module.conv.conv
        if not module.causal or module.pad_mode != "reflect" or inner.dilation != (1,) or inner.groups != 1:
            raise ValueError("not a convolution of the causal 24 kHz model")
        self._weight = _folded(inner).to(memory_format=torch.contiguous_format)
        self._bias = inner.bias.detach().clone()
        self._stride = inner.stride[0]
        self._before = inner.kernel_size[0] - self._stride
        self._number = number
        self._activate = activate

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        torch = import_torch()
        if self._activate:
            torch.nn.functional.elu_(x)
        y: Tensor = torch.conv1d(self._padded(x, state, last=last), self._weight, self._bias, self._stride)
        return y

    def _padded(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Return the block behind the end of the one before, and at the song's end filled up to a whole step."""
        before, n = self._before, x.shape[-1]
        after = -n % self._stride if last else 0
        known = state.get(self._number)
        if known is None and n <= max(before, after):
            # A whole song that is shorter than its padding: encodec has a rule for it.
            short: Tensor = import_encodec().modules.conv.pad1d(x, (before, after), mode="reflect")
            return short
        padded = x.new_empty((1, x.shape[1], before + n + after))
        body = padded[..., before : before + n]
        body.copy_(x)
        padded[..., :before] = body[..., 1 : before + 1].flip(-1) if known is None else known
        if after:
            end = before + n - 1
            padded[..., end + 1 :] = padded[..., end - after : end].flip(-1)
        if not last and before:
            state[self._number] = padded[..., n : n + before].clone()
        return padded


class Residual:
    """Two convolutions and a shortcut around them, both behind ELUs."""

    def __init__(self, module: Any, number: int) -> None:
        _, wide, _, point = module.block
        self._wide = Convolution(wide, number, activate=False)
        self._point = _folded(point.conv.conv), point.conv.conv.bias.detach().clone()
        self._shortcut = _folded(module.shortcut.conv.conv), module.shortcut.conv.conv.bias.detach().clone()

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        torch = import_torch()
        elu = torch.nn.functional.elu
        inner = elu(self._wide(elu(x), state, last=last), inplace=True)
        y: Tensor = torch.conv1d(x, *self._shortcut)
        return y.add_(torch.conv1d(inner, *self._point))


class Upsampling:
    """A causal transposed convolution behind an ELU; its kernel spans two steps."""

    def __init__(self, module: Any, number: int) -> None:
        inner = module.convtr.convtr
        if not module.causal or module.trim_right_ratio != 1 or inner.kernel_size[0] != 2 * inner.stride[0]:
            raise ValueError("not a transposed convolution of the causal 24 kHz model")
        self._weight, self._bias = _folded(inner), inner.bias.detach().clone()
        self._stride = inner.stride[0]
        self._number = number

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        torch = import_torch()
        x = torch.nn.functional.elu(x)
        known = state.get(self._number)
        if not last:
            state[self._number] = x[..., -1:].clone()
        start = 0
        if known is not None:
            x, start = torch.cat([known, x], dim=-1), self._stride
        y: Tensor = torch.conv_transpose1d(x, self._weight, self._bias, self._stride)
        return y[..., start : y.shape[-1] - self._stride]


class Recurrent:
    """The LSTM around which its input is added. It takes songs together: one LSTM step costs little more for eight."""

    def __init__(self, module: Any, number: int) -> None:
        if not module.skip:
            raise ValueError("not the LSTM of the 24 kHz model")
        self._lstm = module.lstm
        self._lstm.flatten_parameters()  # one block of memory, which cuDNN wants
        self._number = number

    def together(self, songs: Sequence[Tensor], states: Sequence[State], *, last: Sequence[bool]) -> list[Tensor]:
        """Take the next block of several songs, each ``[1, channels, n]`` with an n of its own."""
        torch = import_torch()
        parts: list[list[Tensor]] = [[] for _ in songs]
        known = [state.get(self._number) for state in states]
        start = 0
        for end in sorted({song.shape[-1] for song in songs}):  # shorter blocks leave the others, with their state
            active = [i for i, song in enumerate(songs) if song.shape[-1] >= end]
            x = torch.stack([songs[i][0, :, start:end].T for i in active], dim=1)
            y, (hidden, cell) = self._lstm(x, _joined([known[i] for i in active]))
            y += x
            for place, i in enumerate(active):
                parts[i].append(y[:, place])
                known[i] = torch.stack([hidden[:, place : place + 1], cell[:, place : place + 1]])
            start = end
        for state, kept, ended in zip(states, known, last, strict=True):
            if not ended and kept is not None:
                state[self._number] = kept
        return [torch.cat(part).T[None] for part in parts]

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of one song."""
        return self.together([x], [state], last=[last])[0]


def _joined(known: Sequence[Tensor | None]) -> tuple[Tensor, Tensor] | None:
    """Return the LSTM states of several songs as one; a song that only begins has zeros."""
    torch = import_torch()
    start = next((one for one in known if one is not None), None)
    if start is None:
        return None
    both = torch.cat([torch.zeros_like(start) if one is None else one for one in known], dim=2)
    return both[0], both[1]


def layers_of(network: Any) -> list[Layer]:
    """Return the chain of a `SEANetEncoder` or `SEANetDecoder`."""
    modules = import_encodec().modules
    seanet = import_encodec().modules.seanet
    chain: list[Layer] = []
    activate = False
    for number, module in enumerate(network.model):
        if isinstance(module, import_torch().nn.ELU):
            activate = True
            continue
        if isinstance(module, modules.SConv1d):
            chain.append(Convolution(module, number, activate=activate))
        elif isinstance(module, modules.SConvTranspose1d) and activate:
            chain.append(Upsampling(module, number))
        elif isinstance(module, seanet.SEANetResnetBlock) and not activate:
            chain.append(Residual(module, number))
        elif isinstance(module, modules.SLSTM) and not activate:
            chain.append(Recurrent(module, number))
        else:
            raise ValueError(f"layer {number} of the model, {type(module).__name__}, is not known")
        activate = False
    return chain


def _folded(convolution: Any) -> Tensor:
    """Return the weight of a convolution whose weight norm is worked out once, as torch does at each call."""
    torch = import_torch()
    with torch.inference_mode():
        # What torch itself calls for each forward, for the same bits (CONTRIBUTING.md, private hooks).
        weight: Tensor = torch._weight_norm(convolution.weight_v, convolution.weight_g, 0)  # noqa: SLF001
    return weight.clone()
