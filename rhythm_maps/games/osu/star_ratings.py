"""The star ratings of `osu!.db`: four lists a beatmap of (mods, stars) pairs, each value after a tag of its type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rhythm_maps.games.osu.binary import Reader
from rhythm_maps.games.osu.codes import MODES

INT, SINGLE, DOUBLE = 0x08, 0x0C, 0x0D
"""Tags of the types in a pair (ppy/osu SerializationReader.ObjType): stars became floats in 2025."""

_PAIRS = {
    SINGLE: np.dtype([("tag", "u1"), ("mods", "<i4"), ("tag_stars", "u1"), ("stars", "<f4")]),
    DOUBLE: np.dtype([("tag", "u1"), ("mods", "<i4"), ("tag_stars", "u1"), ("stars", "<f8")]),
}
_SMALLEST = _PAIRS[SINGLE].itemsize


class StarLists:
    """Collects the lists as they are read; runs of lists of one type become arrays at once."""

    def __init__(self) -> None:
        self._runs: list[tuple[int, bytearray]] = []
        self._counts: list[int] = []

    def read(self, reader: Reader) -> None:
        """Read the four lists of one beatmap.

        Raises:
            BadFormat: a count that does not fit, or a type that is none of these (``bad_tag``).
        """
        for mode in MODES:
            number = reader.count(f"star ratings of {mode}", _SMALLEST)
            self._counts.append(number)
            if number:
                self._pairs(reader, number)

    def _pairs(self, reader: Reader, number: int) -> None:
        data, at = reader.data, reader.at
        tag = data[at + 5]
        size = _PAIRS[tag].itemsize if tag in _PAIRS else 0
        end = at + number * size
        alike = size and data[at:end:size] == bytes([INT]) * number
        if alike and end <= len(data) and data[at + 5 : end : size] == bytes([tag]) * number:
            self._add(tag, reader.raw(end - at, "star ratings"))
            return
        for _ in range(number):
            self._pair(reader)

    def _pair(self, reader: Reader) -> None:
        start = reader.at
        if (tag := reader.byte("mods of a star rating")) != INT:
            raise reader.error("bad_tag", f"mods of a star rating: type 0x{tag:02x}, expected 0x{INT:02x}", start)
        reader.skip(4, "mods of a star rating")
        at, tag = reader.at, reader.byte("a star rating")
        if tag not in _PAIRS:
            raise reader.error("bad_tag", f"a star rating: type 0x{tag:02x}, expected 0x0c or 0x0d", at)
        reader.skip(_PAIRS[tag]["stars"].itemsize, "a star rating")
        self._add(tag, reader.data[start : reader.at])

    def _add(self, tag: int, raw: bytes) -> None:
        if not self._runs or self._runs[-1][0] != tag:
            self._runs.append((tag, bytearray()))
        self._runs[-1][1].extend(raw)

    def columns(self, modes: npt.NDArray[Any]) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[np.float64]]:
        """Return the ratings as columns, and each beatmap's rating without mods in its own mode.

        Args:
            modes: mode of each beatmap, ``[beatmaps]``.

        Returns:
            ``beatmap``, ``mode``, ``mods``, ``stars`` of one length; float64 ``[beatmaps]``, NaN where there is none.
        """
        runs = [np.frombuffer(raw, _PAIRS[tag]) for tag, raw in self._runs]
        mods = np.concatenate([np.empty(0, np.int32), *(run["mods"] for run in runs)])
        stars = np.concatenate([np.empty(0), *(run["stars"].astype(np.float64) for run in runs)])
        lists = np.repeat(np.arange(len(self._counts)), self._counts)
        beatmap, mode = np.divmod(lists, len(MODES))
        own = np.full(len(modes), np.nan)
        plain = np.flatnonzero((mods == 0) & (mode == modes[beatmap]))
        own[beatmap[plain]] = stars[plain]
        return {"beatmap": beatmap, "mode": mode.astype(np.uint8), "mods": mods, "stars": stars}, own
