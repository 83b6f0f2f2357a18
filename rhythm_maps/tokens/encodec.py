"""EnCodec tokens of 24 kHz mono audio: the codes of `encodec.EncodecModel.encode`, several times as fast.

A song goes through the network block by block with its state carried on (`network`), so that what is worked on stays
in the processor's caches and memory does not grow with the song. Codes do not depend on the size of the blocks.

Songs given together share the LSTM, which takes little longer for eight of them, and on a CPU go through layers that
are laid out for speed (`channels_last`). Sums then run in another order: where two entries of a codebook are equally
near in float32 (fewer than 1 in 50,000 codes) the other may be taken, and the books behind it in that frame follow.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rhythm_maps.errors import UsageError
from rhythm_maps.tokens import network, torch_settings
from rhythm_maps.tokens.channels_last import CHANNELS_LAST
from rhythm_maps.tokens.codec import CODEBOOK_SIZE, DEFAULT_KBPS, HOP, MOST_CODEBOOKS, N_Q, SAMPLING_RATE
from rhythm_maps.tokens.torchless import import_torch
from rhythm_maps.tokens.weights import Weights, load

Samples = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint16]
_Submit: TypeAlias = Callable[[Callable[[], Any]], Callable[[], Any]]

SHORTEST_BLOCK_S: Final = 0.5
"""Smaller blocks meet routines for small matrices, which round otherwise."""
_INNER_S: Final = 1.0
"""The layers near the samples take no more at once: a second of their widest output is 3 MB."""
_WARM_UP: Final = 3
"""Frames of the block before that a block begins with: the layers before the LSTM look back 478 samples."""
_TOGETHER: Final[Mapping[str, int]] = {"cpu": 8, "cuda": 64}
"""Songs that share the LSTM: more gain nothing on a CPU."""


class _Song(NamedTuple):
    """One song on its way: what the layers before the LSTM gave of it, what the others keep of it, its codes."""

    fronts: Iterator[tuple[Any, bool]]
    state: network.State
    codes: list[Codes]


class Encoder:
    """Turns audio into EnCodec codes and back.

    Attributes:
        weights: what it works with; its `kind` and `sha256` belong to every row of tokens.
        bandwidth_kbps: 1.5, 3, 6, 12 or 24.
        n_q: codebooks: 2, 4, 8, 16 or 32.
        device: ``cpu`` or ``cuda`` or what else of torch's devices was asked for.
    """

    def __init__(
        self,
        weights: Weights | str | os.PathLike[str] = "pretrained",
        *,
        bandwidth_kbps: float = DEFAULT_KBPS,
        device: str = "auto",
        block_s: float = 8.0,
        tf32: bool = False,
        threads: int | None = None,
    ) -> None:
        """Load the model.

        Args:
            weights: weights, or what `weights.load` takes: ``pretrained``, ``calibrated:SEED`` or a path.
            bandwidth_kbps: 1.5, 3, 6, 12 or 24.
            device: ``auto`` takes CUDA where there is some, else the CPU.
            block_s: seconds of audio that are worked on at once. Codes do not depend on it.
            tf32: on CUDA, compute with 10 bits of mantissa instead of 23. It is faster and gives other codes.
            threads: threads of the CPU to use; torch's own setting by default. Codes do not depend on it. Several
                processes of one thread each are the fastest way through many songs.

        Raises:
            UsageError: an argument out of its range.
            InputError, BadFormat: see `weights.load`.
            MissingExtra: torch or encodec is not installed.
        """
        if bandwidth_kbps not in N_Q:
            raise UsageError(f"bandwidth {bandwidth_kbps}: expected one of {', '.join(f'{b:g}' for b in N_Q)} kbit/s")
        if not block_s >= SHORTEST_BLOCK_S or block_s == float("inf"):
            raise UsageError(f"block_s {block_s}: expected at least {SHORTEST_BLOCK_S} seconds")
        if threads is not None and threads < 1:
            raise UsageError(f"threads {threads}: expected at least 1")
        self.weights = weights if isinstance(weights, Weights) else load(weights)
        self.bandwidth_kbps = float(bandwidth_kbps)
        self.n_q = N_Q[bandwidth_kbps]
        self.device = _device(device)
        self._block = max(round(block_s * SAMPLING_RATE / HOP), 1) * HOP
        self._inner = min(self._block, int(_INNER_S * SAMPLING_RATE) // HOP * HOP)
        self._tf32 = tf32
        self._threads = (threads or import_torch().get_num_threads()) if self.device == "cpu" else 1
        model = self.weights.model().to(self.device)
        with self._set_up():
            self._alone = network.EncoderChain(model.encoder)
            self._decoder = network.layers_of(model.decoder)
            self._books = [layer.codebook.detach().clone() for layer in model.quantizer.vq.layers]
            self._norms = [book.t().pow(2).sum(0, keepdim=True) for book in self._books]

    def encode(self, samples: Samples) -> Codes:
        """Encode a song.

        Args:
            samples: float32 ``[n]`` at 24 kHz, mono, as decoded: 1.0 is full scale.

        Returns:
            uint16 ``[n_q, ceil(n / 320)]``, each below 1024; frame i holds the samples from 320 i on.

        Raises:
            UsageError: not one dimension of finite floats.
        """
        return self.encode_stream([samples])

    def encode_stream(self, blocks: Iterable[Samples]) -> Codes:
        """Encode a song that comes in pieces of any length; memory does not grow with it, but for the codes.

        Returns:
            as `encode` of all the pieces together.

        Raises:
            UsageError: a piece is not one dimension of finite floats.
        """
        return self._run([blocks], self._alone)[0]

    def encode_many(self, songs: Sequence[Samples]) -> list[Codes]:
        """Encode songs together, in batches of similar length: faster than one at a time, above all on a GPU.

        Returns:
            for each song what `encode` returns, but for the rare frames in which two codes are equally near.

        Raises:
            UsageError: a song is not one dimension of finite floats.
        """
        size = _TOGETHER.get(self.device.partition(":")[0], 1)
        order = sorted(range(len(songs)), key=lambda i: -len(songs[i]))
        found: dict[int, Codes] = {}
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            found.update(zip(batch, self._run([[songs[i]] for i in batch], self._together), strict=True))
        return [found[i] for i in range(len(songs))]

    def decode(self, codes: npt.NDArray[Any]) -> Samples:
        """Turn codes back into audio.

        Args:
            codes: whole numbers ``[n_q, frames]`` below 1024, of any number of codebooks from 1 to 32.

        Returns:
            float32 ``[320 * frames]`` at 24 kHz. The song's own end lies within the last frame.

        Raises:
            UsageError: another shape, or a code that no codebook has.
        """
        return np.concatenate([np.empty(0, np.float32), *self.decode_stream(codes)])

    def decode_stream(self, codes: npt.NDArray[Any]) -> Iterator[Samples]:
        """Turn codes back into audio block by block, which takes little memory; else as `decode`."""
        torch = import_torch()
        whole = torch.from_numpy(_checked_codes(codes)).to(self.device)
        state: network.State = {}
        frames, step = whole.shape[1], self._inner // HOP
        start = 0
        while start < frames:
            end = start + step if frames - start > 1.5 * step else frames
            with self._set_up():
                book = torch.nn.functional.embedding
                parts = [book(row[start:end], entries) for row, entries in zip(whole, self._books, strict=False)]
                embedded = sum(parts[1:], parts[0]).T[None].contiguous()
                played = network.run(self._decoder, embedded, state, last=end == frames)
                block: Samples = played[0, 0].cpu().numpy()
            yield block
            start = end

    @cached_property
    def _together(self) -> network.EncoderChain:
        """What several songs go through: on a CPU a chain of its own, which is faster and gives other bits."""
        if self.device != "cpu":
            return self._alone
        with self._set_up():
            return network.EncoderChain(self.weights.model().encoder, CHANNELS_LAST)

    def _run(self, songs: Sequence[Iterable[Samples]], chain: network.EncoderChain) -> list[Codes]:
        """Encode songs side by side, a block of each at a time; a song that has ended leaves the others."""
        with self._submitter() as submit:
            everyone = [_Song(self._fronts(song, chain, submit), {}, []) for song in songs]
            running = everyone
            while running:
                step = [(song, front) for song in running if (front := next(song.fronts, None)) is not None]
                if step:
                    with self._set_up():
                        fronts, lasts = zip(*(front for _, front in step), strict=True)
                        behind = chain.behind(fronts, [song.state for song, _ in step], last=lasts)
                        found = self._quantize_songs(behind)
                    for (song, _), codes in zip(step, found, strict=True):
                        song.codes.append(codes)
                running = [song for song, (_, last) in step if not last]
        return [np.concatenate([np.empty((self.n_q, 0), np.uint16), *song.codes], axis=1) for song in everyone]

    @contextmanager
    def _submitter(self) -> Iterator[_Submit]:
        """Give a function that starts a call and returns a function that waits for its result.

        With several threads the layers before the LSTM, which need no state but a few samples, run ahead of it.
        """
        if self._threads == 1:
            yield lambda call: call
            return
        with torch_settings.held(tf32=self._tf32):
            pool = ThreadPoolExecutor(self._threads, initializer=import_torch().set_num_threads, initargs=(1,))
            try:
                yield lambda call: pool.submit(call).result
            finally:
                pool.shutdown(cancel_futures=True)

    def _fronts(
        self, song: Iterable[Samples], chain: network.EncoderChain, submit: _Submit
    ) -> Iterator[tuple[Any, bool]]:
        """Send the blocks of a song through the layers before the LSTM; each with whether it is the last."""
        waiting: deque[tuple[Callable[[], Any], bool]] = deque()
        before = np.empty(0, np.float32)
        for block, last in _rechunk(song, self._block):
            waiting.append((submit(partial(self._front, chain, before, block, last=last)), last))
            before = block[-_WARM_UP * HOP :]
            if len(waiting) >= self._threads:
                wait, ended = waiting.popleft()
                yield wait(), ended
        for wait, ended in waiting:
            yield wait(), ended

    def _front(self, chain: network.EncoderChain, before: Samples, block: Samples, *, last: bool) -> Any:
        """Send a block, with some frames of the one before, through the layers: ``[n]`` to ``[frames, 512]``."""
        torch = import_torch()
        with self._set_up():
            parts = [torch.from_numpy(part).to(self.device) for part, _ in _rechunk([before, block], self._inner)]
            return chain.front(parts, last=last)[len(before) // HOP :]

    def _quantize_songs(self, songs: Sequence[Any]) -> list[Codes]:
        """Quantize vectors of several songs: on a CPU song by song, for its caches, else all at once."""
        if self.device == "cpu":
            return [self._quantize(vectors) for vectors in songs]
        codes = self._quantize(import_torch().cat(list(songs)))
        return np.split(codes, np.cumsum([len(vectors) for vectors in songs])[:-1], axis=1)

    def _quantize(self, residual: Any) -> Codes:
        """Find the nearest entry of each codebook in turn, by encodec's formula: ``[n, 128]`` to ``[n_q, n]``."""
        torch = import_torch()
        codes = []
        for book, norms in zip(self._books[: self.n_q], self._norms, strict=False):
            products = 2 * residual @ book.t()
            distance = torch.sub(residual.pow(2).sum(1, keepdim=True), products, out=products).add_(norms)
            nearest = _argmin(distance)
            residual = residual - torch.nn.functional.embedding(nearest, book)
            codes.append(nearest)
        return np.asarray(torch.stack(codes).cpu().numpy(), np.uint16)

    @contextmanager
    def _set_up(self) -> Iterator[None]:
        """Compute without gradients, in full float32 unless TF32 was asked for; torch's settings are put back.

        Every operation takes one thread of the CPU: several threads take a block each instead.
        """
        torch = import_torch()
        with torch.inference_mode(), torch_settings.held(tf32=self._tf32):
            yield


def _argmin(distance: Any) -> Any:
    """Return the first least of each row. NumPy's takes a quarter of the time of torch's on a CPU."""
    if distance.device.type != "cpu":
        return distance.min(dim=-1).indices
    return import_torch().from_numpy(distance.numpy().argmin(axis=-1))


def _rechunk(pieces: Iterable[Samples], size: int) -> Iterator[tuple[Samples, bool]]:
    """Cut a song into blocks of `size` samples, each with whether it is the last, which has 0.5 to 1.5 of a size.

    A last block of a few samples would meet other routines of the BLAS, which round otherwise.
    """
    kept = np.empty(0, np.float32)
    for piece in pieces:
        kept = np.concatenate([kept, _checked(piece)]) if len(kept) else _checked(piece)
        while len(kept) > 1.5 * size:
            yield kept[:size], False
            kept = kept[size:]
    if len(kept):
        yield kept, True


def _checked(samples: Any) -> Samples:
    """Return samples as contiguous float32, or say what is wrong with them."""
    array = np.asarray(samples)
    if array.ndim != 1 or array.dtype.kind != "f":
        raise UsageError(f"samples of shape {array.shape} and type {array.dtype}: expected float32 [n], 24 kHz mono")
    array = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(array).all():
        raise UsageError("samples hold values that are not finite")
    return array


def _checked_codes(codes: Any) -> npt.NDArray[np.int64]:
    """Return codes as int64, or say what is wrong with them."""
    array = np.asarray(codes)
    if array.ndim != 2 or array.dtype.kind not in "iu" or not 1 <= len(array) <= MOST_CODEBOOKS:
        raise UsageError(f"codes of shape {array.shape} and type {array.dtype}: expected whole numbers [n_q, frames]")
    if array.size and not (array.min() >= 0 and array.max() < CODEBOOK_SIZE):
        raise UsageError(f"codes from {array.min()} to {array.max()}: expected 0 to {CODEBOOK_SIZE - 1}")
    return array.astype(np.int64)


def _device(name: str) -> str:
    """Return the device to use."""
    torch = import_torch()
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        said = str(error).splitlines()[0]
        raise UsageError(f"device {name!r} cannot be used here ({said}): give auto, cpu or cuda") from error
    return name
