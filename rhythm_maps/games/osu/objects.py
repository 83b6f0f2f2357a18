"""The hit objects of a batch of charts as flat columns, and what sliders list beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import numpy.typing as npt

from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.digits import BoolArray


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length; `KINDS` are their types."""

    KINDS: ClassVar[Sequence[Any]] = ()

    @classmethod
    def names(cls) -> list[str]:
        """Return the column names in order."""
        return [field.name for field in fields(cls)]

    @classmethod
    def empty(cls, n: int) -> Self:
        """Return `n` rows: NaN where a column can hold it, else 0."""
        return cls(*(np.full(n, np.nan, k) if np.dtype(k).kind == "f" else np.zeros(n, k) for k in cls.KINDS))

    @classmethod
    def make(cls, *columns: npt.ArrayLike) -> Self:
        """Return a table of the given columns, each turned into its type."""
        return cls(*(np.asarray(column).astype(kind) for column, kind in zip(columns, cls.KINDS, strict=True)))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put tables one after the other."""
        if len(parts) == 1:
            return parts[0]
        parts = [cls.empty(0), *parts]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.names()))

    def take(self, which: IntArray | BoolArray) -> Self:
        """Return some rows."""
        return type(self)(*(getattr(self, name)[which] for name in self.names()))

    def __len__(self) -> int:
        return len(getattr(self, self.names()[0]))


@dataclass(frozen=True, slots=True)
class Objects(Table):
    """Hit objects, one entry each. Times are milliseconds with the file's offset added.

    Attributes:
        kind: int64, `hitline.CIRCLE` and so on.
        type_bits: int32, the type field as stored.
        raw_x, raw_y: float32, osu! pixels, whole below version 128; where the file has a spinner, not where it stands.
        start_ms, end_ms: float64; the end of a slider is NaN until `sliders.end` has run.
        hitsound: int32, the hitsound field as stored.
        sample_set, addition_set, volume: int32, as stored, 0 where nothing is.
        spans: int32, how often a slider's path is run through (at least 1); 0 for the others.
        length_px: float64, a slider's length as stored; NaN where it has none and for the others.
        chart: int64, number of the chart in the batch.
    """

    KINDS = (
        np.int64, np.int32, np.float32, np.float32, np.float64, np.float64, np.int32, np.int32, np.int32, np.int32,
        np.int32, np.float64, np.int64,
    )  # fmt: skip

    kind: IntArray
    type_bits: npt.NDArray[np.int32]
    raw_x: npt.NDArray[np.float32]
    raw_y: npt.NDArray[np.float32]
    start_ms: FloatArray
    end_ms: FloatArray
    hitsound: npt.NDArray[np.int32]
    sample_set: npt.NDArray[np.int32]
    addition_set: npt.NDArray[np.int32]
    volume: npt.NDArray[np.int32]
    spans: npt.NDArray[np.int32]
    length_px: FloatArray
    chart: IntArray


@dataclass(frozen=True, slots=True)
class Points(Table):
    """Control points of sliders as listed, without the head.

    Attributes:
        owner: int64, row of the slider in `Objects`.
        segment: int32, number of the segment that a letter began.
        type: int64, index into `curve_types`.
        x, y: float32, osu! pixels.
    """

    KINDS = (np.int64, np.int32, np.int64, np.float32, np.float32)

    owner: IntArray
    segment: npt.NDArray[np.int32]
    type: IntArray
    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sounds(Table):
    """Hitsounds that sliders list of their edges: slider's row in `Objects`, number of the edge, hitsound bits."""

    KINDS = (np.int64, np.int64, np.int32)

    owner: IntArray
    edge: IntArray
    hitsound: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Banks(Table):
    """Sample sets that sliders list of their edges: slider's row in `Objects`, number of the edge, the two sets."""

    KINDS = (np.int64, np.int64, np.int32, np.int32)

    owner: IntArray
    edge: IntArray
    sample_set: npt.NDArray[np.int32]
    addition_set: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Lists:
    """What the sliders of some objects list."""

    points: Points
    sounds: Sounds
    banks: Banks

    @classmethod
    def join(cls, parts: Sequence[Lists]) -> Lists:
        """Put lists one after the other."""
        return cls(
            Points.join([part.points for part in parts]),
            Sounds.join([part.sounds for part in parts]),
            Banks.join([part.banks for part in parts]),
        )

    def shifted(self, rows: int) -> Lists:
        """Return the lists of objects that stand `rows` rows further down."""
        return Lists(
            replace(self.points, owner=self.points.owner + rows),
            replace(self.sounds, owner=self.sounds.owner + rows),
            replace(self.banks, owner=self.banks.owner + rows),
        )

    def moved(self, place: IntArray) -> Lists:
        """Return the lists with each owner's new row, in the order of the owners."""
        return Lists(_moved(self.points, place), _moved(self.sounds, place), _moved(self.banks, place))


_T = TypeVar("_T", Points, Sounds, Banks)


def _moved(part: _T, place: IntArray) -> _T:
    owner = place[part.owner]
    part = replace(part, owner=owner)
    return part if np.all(owner[1:] >= owner[:-1]) else part.take(np.argsort(owner, kind="stable"))


@dataclass(frozen=True, slots=True)
class HitObjects:
    """All that [HitObjects] says, sorted by chart, then stably by start.

    Attributes:
        objects: one row an object.
        lists: what sliders list, in the order of `objects`.
        curve_types: the types of curves as written: ``B``, ``L``, ``P``, ``C``, from version 128 on also ``B4``.
        offsets: int64 ``[charts + 1]``; chart i owns objects ``offsets[i]:offsets[i + 1]``.
    """

    objects: Objects
    lists: Lists
    curve_types: list[str]
    offsets: IntArray


def sort(objects: Objects, lists: Lists, curve_types: list[str], charts: int) -> HitObjects:
    """Sort objects by chart and start, stably, and what sliders list with them (ppy/osu LegacyBeatmapDecoder).

    Args:
        objects: in file order, chart by chart.
        lists: what sliders list, in any order of owners; the entries of one owner in theirs.
        curve_types: what `Points.type` counts.
        charts: number of charts in the batch.
    """
    same = objects.chart[1:] == objects.chart[:-1]
    place = np.arange(len(objects))
    if np.any(same & (objects.start_ms[1:] < objects.start_ms[:-1])):
        order = np.lexsort((objects.start_ms, objects.chart))
        place[order] = np.arange(len(order))
        objects = objects.take(order)
    offsets = np.searchsorted(objects.chart, np.arange(charts + 1))
    return HitObjects(objects, lists.moved(place), curve_types, offsets)
