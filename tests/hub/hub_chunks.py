"""Content-defined chunks as the Hub's storage keeps them: a gear hash over 64 bytes, 64 KiB on average."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

_GEAR = np.random.default_rng(64).integers(0, 1 << 63, 256, dtype=np.uint64)
_MASK = np.uint64(((1 << 16) - 1) << 48)
_LEAST, _MOST = 8 << 10, 128 << 10
_BLOCK = 4 << 20
_WINDOW = 64


def _cuts(data: bytes) -> Iterator[int]:
    """Yield the positions after which the hash of the last 64 bytes allows a cut."""
    for begin in range(0, len(data), _BLOCK):
        start = max(0, begin - _WINDOW)
        values = _GEAR[np.frombuffer(data[start : begin + _BLOCK], np.uint8)]
        reach = 1
        while reach < _WINDOW:  # the sum over twice as many bytes, from two sums over half
            shifted = values.copy()
            shifted[reach:] += values[:-reach] << np.uint64(reach)
            values, reach = shifted, 2 * reach
        for at in np.flatnonzero((values & _MASK) == 0):
            if start + at >= begin:
                yield int(start + at) + 1


def chunks(data: bytes) -> Iterator[bytes]:
    """Cut bytes into chunks."""
    begin = 0
    for cut in [*_cuts(data), len(data)]:
        while cut - begin > _MOST:
            yield data[begin : begin + _MOST]
            begin += _MOST
        if cut - begin >= _LEAST or cut == len(data):
            if cut > begin:
                yield data[begin:cut]
            begin = cut


def new_share(old: Iterable[bytes], new: Iterable[bytes]) -> tuple[float, float]:
    """Return the share of bytes of `new` that are in no chunk of `old`, and in no whole file of it."""
    old, new = list(old), list(new)
    known = {hashlib.sha256(chunk).digest() for data in old for chunk in chunks(data)}
    files = {hashlib.sha256(data).digest() for data in old}
    total = sum(map(len, new))
    fresh = {hashlib.sha256(chunk).digest(): len(chunk) for data in new for chunk in chunks(data)}
    sent = sum(size for digest, size in fresh.items() if digest not in known)
    whole = sum(len(data) for data in new if hashlib.sha256(data).digest() not in files)
    return sent / total, whole / total
