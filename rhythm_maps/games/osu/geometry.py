"""The length of a slider's path, approximated as ppy/osu does: SliderPath, osu-framework's PathApproximator.

It is needed for few sliders (`ends` says which): those that give no length, and those whose path is shorter than the
length they give and is not to be extended. All arithmetic on positions is in 32 bits, as the game's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import acos, atan2, ceil, pi
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.games.base import FloatArray, IntArray
from rhythm_maps.games.osu.text import FIRST_LAZER_VERSION

Path = npt.NDArray[np.float32]
"""Positions, float32 ``[points, 2]``."""

_BEZIER_TOLERANCE = np.float32(0.25)
_ARC_TOLERANCE = 0.1
_CATMULL_DETAIL = 50
_KNOT_WORK = 50
"""Cost of a step of `_spline`, which goes point by point, beside one of the others, which take whole arrays."""
_MOST_ARC_POINTS = 1000
"""An arc of more points is taken for a Bezier curve (SliderPath.calculateSubPath)."""


class Segment(NamedTuple):
    """A stretch of a path as written: its type (``B``, ``B4``, ``L``, ``P``, ``C``) and the points behind it."""

    type: str
    points: Path


class Curve(NamedTuple):
    """A slider's path as the file gives it: position of the head, segments, format version."""

    head: Path
    segments: Sequence[Segment]
    version: int


def parts(curve: Curve) -> list[Segment]:
    """Cut a path into the parts that are approximated one by one; positions are relative to the head.

    Versions 128 and later read some paths otherwise.
    """
    relative = [segment.points - curve.head for segment in curve.segments]
    if relative:
        relative[0] = np.concatenate((np.zeros((1, 2), np.float32), relative[0]))
    found: list[Segment] = []
    for i, segment in enumerate(curve.segments):
        after = relative[i + 1][:1] if i + 1 < len(relative) else None
        found += _cut(segment.type, relative[i], after, lazer=curve.version >= FIRST_LAZER_VERSION)
    return found


def is_final(path: Sequence[Segment]) -> bool:
    """Tell whether a path is never made longer: it has no extent, or its last two points are equal.

    Source: ppy/osu SliderPath.calculateLength: of the approximated path, not of the control points. A Bezier curve's
    last two points are equal where all its control points are.
    """
    if not path:
        return True
    kind, points = path[-1]
    line = _approximate(kind, points)
    if line is None:
        return bool((points == points[0]).all())
    return len(line) < 2 or np.array_equal(line[-1], line[-2])


def path_lengths(paths: Iterable[Sequence[Segment]]) -> FloatArray:
    """Return the lengths of paths of one chart in osu! pixels, neither shortened nor extended.

    Once the curves have cost `limits.CURVE_WORK`, the others count as their control polygons.

    Args:
        paths: each as `parts` cut it.
    """
    lengths: list[float] = []
    beziers = _Beziers()
    for owner, path in enumerate(paths):
        lengths.append(0.0)
        for kind, points in path:
            afford = kind[:1] in {"B", "L", "P"} or beziers.afford(_CATMULL_DETAIL * len(points))
            line = _approximate(kind, points) if afford else points
            if line is None:
                beziers.add(owner, kind, points)
            else:
                lengths[owner] += polyline(line)
    return np.array(lengths) + beziers.lengths(len(lengths))


def polyline(path: Path) -> float:
    """Return the length of a line through points: lengths of steps are 32-bit numbers, their sum is not."""
    steps = np.diff(path, axis=0)
    return float(np.sqrt((steps * steps).sum(axis=1, dtype=np.float32)).sum(dtype=np.float64))


def _cut(kind: str, points: Path, after: Path | None, *, lazer: bool) -> list[Segment]:
    """Cut one written segment where two neighbours are equal (ConvertHitObjectParser.convertPoints).

    Args:
        kind: the type as written.
        points: of the segment, the path's start included in the first.
        after: the first point of the next segment, at which this one ends.
        lazer: the rules of version 128 and later.
    """
    whole = points if after is None else np.concatenate((points, after))
    if kind[:1] == "P":
        if len(whole) > 3 or (len(whole) != 3 and not lazer):
            kind = "B"
        elif not lazer and _is_linear(whole):
            kind = "L"
    found: list[Segment] = []
    start = 0
    legacy_catmull = kind[:1] not in {"B", "L", "P"} and not lazer
    equal = (points[1:] == points[:-1]).all(axis=1)
    # The last point never begins a new part.
    for i in (np.flatnonzero(equal[:-1]) + 1).tolist():
        if legacy_catmull and i > 1:
            continue
        if i > start:
            found.append(Segment(kind, points[start:i]))
        start = i
    found.append(Segment(kind, whole[start:]))
    return found


def _is_linear(p: Path) -> bool:
    cross = (p[1, 1] - p[0, 1]) * (p[2, 0] - p[0, 0]) - (p[1, 0] - p[0, 0]) * (p[2, 1] - p[0, 1])
    return bool(abs(cross) < 1e-3)


def _approximate(kind: str, points: Path) -> Path | None:
    """Return a piecewise-linear path along a curve; None for Bezier curves (SliderPath.calculateSubPath)."""
    if len(points) < 3 or kind[:1] == "L":
        return points
    if kind[:1] == "P":
        return _arc(points) if len(points) == 3 else None
    return None if kind[:1] == "B" else _catmull(points)


def _arc(p: Path) -> Path | None:
    """Return the circular arc through three points; None where there is none to be had (CircularArcProperties)."""
    a, b, c = p
    if abs((b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1])) < 1e-3:
        return None
    d = np.float32(2) * (a[0] * (b - c)[1] + b[0] * (c - a)[1] + c[0] * (a - b)[1])
    squares = (p * p).sum(axis=1, dtype=np.float32)
    centre = np.array(
        [
            squares[0] * (b - c)[1] + squares[1] * (c - a)[1] + squares[2] * (a - b)[1],
            squares[0] * (c - b)[0] + squares[1] * (a - c)[0] + squares[2] * (b - a)[0],
        ],
        np.float32,
    ) / d  # fmt: skip
    from_centre = a - centre
    radius = float(np.sqrt((from_centre * from_centre).sum(dtype=np.float32)))
    start = atan2(from_centre[1], from_centre[0])
    end = atan2(c[1] - centre[1], c[0] - centre[0])
    while end < start:
        end += 2 * pi
    direction, extent = 1.0, end - start
    across = np.array([c[1] - a[1], a[0] - c[0]], np.float32)
    if float((across * (b - a)).sum(dtype=np.float32)) < 0:
        direction, extent = -1.0, 2 * pi - extent
    count = 2
    if 2 * radius > _ARC_TOLERANCE:
        count = max(2, ceil(extent / (2 * acos(1 - _ARC_TOLERANCE / radius))))
    if count >= _MOST_ARC_POINTS:
        return None
    theta = start + direction * np.arange(count) / (count - 1) * extent
    circle = np.stack([np.cos(theta), np.sin(theta)], axis=1).astype(np.float32)
    return np.asarray(centre + circle * np.float32(radius), np.float32)


def _catmull(p: Path) -> Path:
    """Return a Catmull-Rom spline, fifty steps a point (PathApproximator.CatmullToPiecewiseLinear)."""
    before = np.concatenate((p[:1], p[:-2]))
    v2, v3 = p[:-1], p[1:]
    after = np.concatenate((p[2:], (2 * p[-1] - p[-2])[None]))
    t = (np.arange(_CATMULL_DETAIL + 1, dtype=np.float32) / np.float32(_CATMULL_DETAIL))[None, :, None]
    v1, v2, v3, v4 = (v[:, None, :] for v in (before, v2, v3, after))
    half = np.float32(0.5)
    curve = half * (
        2 * v2 + (v3 - v1) * t + (2 * v1 - 5 * v2 + 4 * v3 - v4) * t * t + (3 * v2 - v1 - 3 * v3 + v4) * t * t * t
    )
    return np.asarray(curve.reshape(-1, 2), np.float32)


def _spline(points: Path, degree: int) -> list[Path]:
    """Return a B-spline as the Bezier curves between its knots (PathApproximator.bSplineToBezierInternal)."""
    last = len(points) - 1
    p = points.copy()
    pieces = []
    for i in range(last - degree):
        piece = np.empty((degree + 1, 2), np.float32)
        piece[0] = p[i]
        for j in range(degree - 1):
            piece[j + 1] = p[i + 1]
            for k in range(1, degree - j):
                weight = np.float32(min(k, last - degree - i))
                p[i + k] = (weight * p[i + k] + p[i + k + 1]) / (weight + 1)
        piece[degree] = p[i + 1]
        pieces.append(piece)
    return [*pieces, p[last - degree :]]


class _Beziers:
    """Bezier curves of many paths: all of one degree are halved together until they are flat."""

    def __init__(self) -> None:
        self._by_size: dict[int, list[tuple[int, Path]]] = defaultdict(list)
        self._polygons: list[tuple[int, float]] = []
        self._work = limits.CURVE_WORK

    def afford(self, work: int) -> bool:
        """Take the cost of other work; tell whether there was enough left."""
        self._work -= work
        return self._work >= 0

    def add(self, owner: int, kind: str, points: Path) -> None:
        """Add one part of a path, ``B`` or a B-spline ``B<degree>``."""
        degree = int(kind[1:4]) if kind[1:4].isascii() and kind[1:4].isdigit() else 0
        last = len(points) - 1
        if 0 < degree < last:
            self._work -= _KNOT_WORK * degree * degree * (last - degree)
            pieces = _spline(points, degree) if self._work >= 0 else [points]
        else:
            pieces = [points]
        for piece in pieces:
            # Halving a curve divides its bend by four, so that this many pieces will be flat.
            pieces_needed = max(1.0, float(np.sqrt(_bend(piece[None])[0]) / _BEZIER_TOLERANCE))
            self._work -= int(pieces_needed * (len(piece) ** 2 + 8))
            if self._work >= 0:
                self._by_size[len(piece)].append((owner, piece))
            else:
                self._polygons.append((owner, polyline(piece)))

    def lengths(self, owners: int) -> FloatArray:
        """Return the summed lengths of each owner's curves."""
        total = np.zeros(owners)
        for owner, length in self._polygons:
            total[owner] += length
        for group in self._by_size.values():
            total += _flatten(np.stack([piece for _, piece in group]), np.array([owner for owner, _ in group]), owners)
        return total


def _bend(curves: Path) -> npt.NDArray[np.float32]:
    """Return how far each curve ``[curves, points, 2]`` is from flat: its largest second difference, squared."""
    bend = curves[:, :-2] - 2 * curves[:, 1:-1] + curves[:, 2:]
    return np.asarray((bend * bend).sum(axis=2).max(axis=1, initial=0.0))


def _flatten(curves: Path, owner: IntArray, owners: int) -> FloatArray:
    """Halve curves of one degree until they are flat; return the summed lengths of their pieces by owner.

    Source: PathApproximator.BSplineToPiecewiseLinear, whose order is depth first; sums do not depend on it.
    """
    total = np.zeros(owners)
    inner = np.arange(2, 2 * curves.shape[1] - 2, 2)
    while len(curves):
        flat = _bend(curves) <= _BEZIER_TOLERANCE**2 * 4
        left, right = _halves(curves)
        if flat.any():
            both = np.concatenate((left[flat], right[flat, 1:]), axis=1)
            smooth = np.float32(0.25) * (both[:, inner - 1] + 2 * both[:, inner] + both[:, inner + 1])
            path = np.concatenate((both[:, :1], smooth, both[:, -1:]), axis=1)
            steps = np.diff(path, axis=1)
            length = np.sqrt((steps * steps).sum(axis=2, dtype=np.float32)).sum(axis=1, dtype=np.float64)
            total += np.bincount(owner[flat], weights=length, minlength=owners)
        bent = ~flat
        curves = np.concatenate((left[bent], right[bent]))
        owner = np.concatenate((owner[bent], owner[bent]))
    return total


def _halves(curves: Path) -> tuple[Path, Path]:
    """Return the control points of both halves of each curve (De Casteljau)."""
    left, right = np.empty_like(curves), np.empty_like(curves)
    level = curves
    count = curves.shape[1]
    for i in range(count):
        left[:, i], right[:, count - 1 - i] = level[:, 0], level[:, -1]
        level = (level[:, :-1] + level[:, 1:]) * np.float32(0.5)
    return left, right
