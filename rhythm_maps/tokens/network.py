"""EnCodec's networks as chains of layers that take a song block by block and give what the whole song would give.

The layers are those of `encodec.modules` with their weight norm folded. All of them look back only, so a layer needs
nothing but the last few inputs of the block before: a `State` keeps them, for one song. The first block is padded on
the left as the whole song would be (a reflection of its start), the last one on the right, where a part of a hop is
left over.

On a CPU the results have the very bits that the whole song gives, which keeps codes equal where two entries of a
codebook are as near as float32 can tell.

Blocks must be whole hops, but for the last one; the first one must be longer than any padding, or be the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from rhythm_maps.tokens.torchless import import_encodec, import_torch

if TYPE_CHECKING:
    from torch import Tensor

State: TypeAlias = "dict[int, Tensor]"
"""What the layers of a chain keep of one song: number of a layer -> the end of its last input; {} before the start."""

_VECTOR: Final = 32
"""Torch works out an ELU by so many values of a row, and what is left over by a formula that rounds otherwise."""


class Layer(Protocol):
    """One step: ``[1, channels, n]`` to ``[1, channels', n']``, or what else the layout of a chain is."""

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song; `last` says that no other follows."""
        ...


def run(layers: Sequence[Layer], x: Tensor, state: State, *, last: bool) -> Tensor:
    """Send the next block of a song through a chain of layers."""
    for layer in layers:
        x = layer(x, state, last=last)
    return x


class Causal:
    """What causal convolutions have in common, whatever their layout; `activate`: behind an ELU of their input."""

    def __init__(self, module: Any, number: int, *, activate: bool) -> None:
        inner = checked(module)
        self._bias = inner.bias.detach().clone()
        self._stride = inner.stride[0]
        self._before = inner.kernel_size[0] - self._stride
        self._number = number
        self._activate = activate


class Convolution(Causal):
    """A causal convolution, behind an ELU of its input where `activate` says so."""

    def __init__(self, module: Any, number: int, *, activate: bool) -> None:
        super().__init__(module, number, activate=activate)
        self._weight = folded(checked(module)).contiguous()

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        padded = self._padded(x, state, last=last)
        y: Tensor = import_torch().conv1d(padded, self._weight, self._bias, self._stride)
        return y

    def _padded(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Return the block behind the end of the one before, and at the song's end filled up to a whole step."""
        before, n = self._before, x.shape[-1]
        after = -n % self._stride if last else 0
        known = state.get(self._number)
        if known is None and n <= max(before, after):
            return padded_short(self._activated(x), before, after)
        padded = x.new_empty((1, x.shape[1], before + n + after))
        body = padded[..., before : before + n]
        if self._activate and n % _VECTOR == 0:
            import_torch().ops.aten.elu(x, out=body)
        else:
            body.copy_(self._activated(x))
        padded[..., :before] = body[..., 1 : before + 1].flip(-1) if known is None else known
        if after:
            end = before + n - 1
            padded[..., end + 1 :] = padded[..., end - after : end].flip(-1)
        if not last and before:
            state[self._number] = padded[..., n : n + before].clone()
        return padded

    def _activated(self, x: Tensor) -> Tensor:
        y: Tensor = import_torch().nn.functional.elu(x) if self._activate else x
        return y


class Residual:
    """Two convolutions and a shortcut around them, both behind ELUs."""

    def __init__(self, module: Any, number: int) -> None:
        _, wide, _, point = module.block
        self._wide = Convolution(wide, number, activate=True)
        self._point = folded(point.conv.conv), point.conv.conv.bias.detach().clone()
        self._shortcut = folded(module.shortcut.conv.conv), module.shortcut.conv.conv.bias.detach().clone()

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of a song."""
        torch = import_torch()
        inner = torch.nn.functional.elu(self._wide(x, state, last=last), inplace=True)
        y: Tensor = torch.conv1d(x, *self._shortcut)
        return y.add_(torch.conv1d(inner, *self._point))


class Upsampling:
    """A causal transposed convolution behind an ELU; its kernel spans two steps."""

    def __init__(self, module: Any, number: int) -> None:
        inner = module.convtr.convtr
        if not module.causal or module.trim_right_ratio != 1 or inner.kernel_size[0] != 2 * inner.stride[0]:
            raise ValueError("not a transposed convolution of the causal 24 kHz model")
        self._weight, self._bias = folded(inner), inner.bias.detach().clone()
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
    """The LSTM to whose output its input is added. One step of it costs little more for eight songs than for one."""

    def __init__(self, module: Any, number: int) -> None:
        if not module.skip:
            raise ValueError("not the LSTM of the 24 kHz model")
        self._lstm = module.lstm
        self._lstm.flatten_parameters()  # one block of memory, which cuDNN wants
        self._number = number

    def together(self, songs: Sequence[Tensor], states: Sequence[State], *, last: Sequence[bool]) -> list[Tensor]:
        """Take the next block of several songs, each ``[n, channels]`` with an n of its own."""
        torch = import_torch()
        parts: list[list[Tensor]] = [[] for _ in songs]
        known = [state.get(self._number) for state in states]
        start = 0
        for end in sorted({len(song) for song in songs}):  # shorter blocks leave the others, with their state
            active = [i for i, song in enumerate(songs) if len(song) >= end]
            x = torch.stack([songs[i][start:end] for i in active], dim=1)
            y, (hidden, cell) = self._lstm(x, _joined([known[i] for i in active]))
            y += x
            for place, i in enumerate(active):
                parts[i].append(y[:, place])
                known[i] = torch.stack([hidden[:, place : place + 1], cell[:, place : place + 1]])
            start = end
        for state, kept, ended in zip(states, known, last, strict=True):
            if not ended and kept is not None:
                state[self._number] = kept
        return [torch.cat(part) for part in parts]

    def __call__(self, x: Tensor, state: State, *, last: bool) -> Tensor:
        """Take the next block of one song, ``[1, channels, n]``."""
        return self.together([x[0].T], [state], last=[last])[0].T[None]


def _joined(known: Sequence[Tensor | None]) -> tuple[Tensor, Tensor] | None:
    """Return the LSTM states of several songs as one; a song that only begins has zeros."""
    torch = import_torch()
    start = next((one for one in known if one is not None), None)
    if start is None:
        return None
    both = torch.cat([torch.zeros_like(start) if one is None else one for one in known], dim=2)
    return both[0], both[1]


class Layout(NamedTuple):
    """How the layers of a chain see ``[n, channels]``.

    Attributes:
        time: the axis of time.
        of: from ``[n, channels]``.
        rows: back to it.
        kinds: the layer for each module of encodec, by the module's name.
    """

    time: int
    of: Callable[[Tensor], Tensor]
    rows: Callable[[Tensor], Tensor]
    kinds: Mapping[str, Callable[..., Any]]


CHANNELS_FIRST: Final = Layout(
    time=2,
    of=lambda x: x.T[None],
    rows=lambda x: x[0].T,
    kinds={
        "SConv1d": Convolution,
        "SConvTranspose1d": Upsampling,
        "SEANetResnetBlock": Residual,
        "SLSTM": Recurrent,
    },
)
"""``[1, channels, n]``, as encodec has it."""


def layers_of(network: Any, layout: Layout = CHANNELS_FIRST) -> list[Any]:
    """Return the chain of a `SEANetEncoder` or `SEANetDecoder`."""
    chain: list[Any] = []
    activate = False
    for number, module in enumerate(network.model):
        name = type(module).__name__
        if name == "ELU":
            activate = True
            continue
        kind = layout.kinds.get(name)
        if kind is None or (name in {"SEANetResnetBlock", "SLSTM"} and activate):
            raise ValueError(f"layer {number} of the model, {name}, is not known here")
        chain.append(kind(module, number, activate=activate) if name == "SConv1d" else kind(module, number))
        activate = False
    return chain


class EncoderChain:
    """A `SEANetEncoder`: samples to the vectors that are quantized, one a frame."""

    def __init__(self, network: Any, layout: Layout = CHANNELS_FIRST) -> None:
        layers = layers_of(network, layout)
        middle = next(i for i, layer in enumerate(layers) if isinstance(layer, Recurrent))
        self._near, self._deep = layers[: middle - 2], layers[middle - 2 : middle]
        self._recurrent: Recurrent = layers[middle]
        self._end = layers[middle + 1 :]
        self._layout = layout

    def front(self, parts: Iterable[Tensor], *, last: bool) -> Tensor:
        """Send a block of a song through the layers before the LSTM.

        Args:
            parts: the block, each part ``[n]``. The layers near the samples take one at a time.
            last: the song ends with this block.

        Returns:
            ``[frames, 512]``.
        """
        state: State = {}
        todo = list(parts)
        near = [
            run(self._near, self._layout.of(part[:, None]), state, last=last and i == len(todo))
            for i, part in enumerate(todo, 1)
        ]
        x = near[0] if len(near) == 1 else import_torch().cat(near, dim=self._layout.time)
        return self._layout.rows(run(self._deep, x, state, last=last))

    def behind(self, fronts: Sequence[Tensor], states: Sequence[State], *, last: Sequence[bool]) -> list[Tensor]:
        """Send the next block of each of some songs through the LSTM and what follows; their states move on.

        Args:
            fronts: ``[frames, 512]`` each, with frames of its own.
            states: of the songs.
            last: whether a song ends with this block.

        Returns:
            ``[frames, 128]`` each.
        """
        deep = self._recurrent.together(fronts, states, last=last)
        return [
            self._layout.rows(run(self._end, self._layout.of(x), state, last=ends))
            for x, state, ends in zip(deep, states, last, strict=True)
        ]


def checked(module: Any) -> Any:
    """Return torch's convolution in a `SConv1d`.

    Raises:
        ValueError: it is none of the causal 24 kHz model.
    """
    inner = module.conv.conv
    if not module.causal or module.pad_mode != "reflect" or inner.dilation != (1,) or inner.groups != 1:
        raise ValueError("not a convolution of the causal 24 kHz model")
    return inner


def padded_short(x: Tensor, before: int, after: int) -> Tensor:
    """Return a whole song ``[1, channels, n]`` that is shorter than its padding, padded: encodec has a rule for it."""
    padded: Tensor = import_encodec().modules.conv.pad1d(x, (before, after), mode="reflect")
    return padded


def folded(convolution: Any) -> Tensor:
    """Return the weight of a convolution whose weight norm is worked out once, as torch does at each call."""
    torch = import_torch()
    with torch.inference_mode():
        # What torch itself calls for each forward, for the same bits (CONTRIBUTING.md, private hooks).
        weight: Tensor = torch._weight_norm(convolution.weight_v, convolution.weight_g, 0)  # noqa: SLF001
    return weight.clone()
