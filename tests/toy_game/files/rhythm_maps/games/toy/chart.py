"""The ``.toy`` format, version 1.

::

    toy 1                          first line
    artist: Somebody               header: artist, title, level, pads, audio; each once
    tempo 0.5 0.4 3                start in seconds, seconds a beat, beats a bar; at least one
    step 1.3 2 0.0 red 1           time and length in seconds, pad between them, colour, force

Pads are counted clockwise from the top, which is 0.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.base import ChartBatch, ChartReject, MapsetBytes

_HEADER = ("artist", "title", "level", "pads", "audio")


@dataclass(frozen=True, slots=True)
class Chart:
    """One parsed chart: header, tempo lines and steps, both as columns."""

    header: dict[str, str]
    tempo: tuple[list[float], list[float], list[int]]
    steps: tuple[list[float], list[int], list[float], list[str], list[int]]


def read_header(data: bytes) -> dict[str, str]:
    """Read the header alone.

    Raises:
        BadFormat: it is no ``.toy`` file of version 1, or a field is missing.
    """
    if len(data) > limits.TEXT_BYTES:
        raise LimitExceeded("chart_too_large", f"{len(data)} bytes, at most {limits.TEXT_BYTES}")
    first, _, text = data.decode("utf-8", "replace").partition("\n")
    if first.strip() != "toy 1":
        raise BadFormat("bad_header", "the first line must be 'toy 1'", "line 1")
    header = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name in _HEADER:
            header[name] = value.strip()
    missing = [name for name in _HEADER if name not in header]
    if missing:
        raise BadFormat("bad_header", f"the header lacks {', '.join(missing)}", "line 1")
    return header


def read_chart(data: bytes) -> Chart:
    """Read one chart.

    Raises:
        BadFormat: as `read_header`; a line is not what the format says.
    """
    header = read_header(data)
    chart = Chart(header, ([], [], []), ([], [], [], [], []))
    pads = _number(header["pads"], "pads")
    if not 1 <= pads <= 64 or pads != int(pads):
        raise BadFormat("bad_header", f"{header['pads']} pads, expected 1 to 64", "pads")
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        kind, *fields = line.split()[:6] or [""]
        if kind in {"tempo", "step"}:
            _read_line(chart, kind, fields, int(pads), f"line {number}")
    if not chart.tempo[0]:
        raise BadFormat("no_tempo", "there is no tempo line")
    return chart


def _read_line(chart: Chart, kind: str, fields: list[str], pads: int, place: str) -> None:
    if kind == "tempo" and len(fields) == 3:
        start, length, meter = (_number(field, place) for field in fields)
        if not 0.006 <= length <= 60 or not 1 <= meter <= 64:
            raise BadFormat("bad_tempo", "expected 0.006 to 60 seconds a beat and 1 to 64 beats a bar", place)
        values: tuple[object, ...] = (start, length, int(meter))
        columns: tuple[list, ...] = chart.tempo
    elif kind == "step" and len(fields) == 5:
        start, pad, length, force = (_number(fields[i], place) for i in (0, 1, 2, 4))
        if pad not in range(pads) or length < 0 or force not in {1, 2, 3}:
            raise BadFormat(
                "bad_step", f"expected a pad below {pads}, a length of 0 or more and a force of 1 to 3", place
            )
        values, columns = (start, int(pad), length, fields[3], int(force)), chart.steps
    else:
        raise BadFormat(f"bad_{kind}", f"a {kind} line with {len(fields)} fields", place)
    for column, value in zip(columns, values, strict=True):
        column.append(value)


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) < 1e6:
        raise BadFormat("bad_number", f"{text[:40]!r} is no number below a million", place)
    return value


def parse_mapsets(mapsets: Sequence[MapsetBytes]) -> ChartBatch:
    """Parse the charts of many mapsets; the id of a chart is the sha1 of its file."""
    charts: list[Chart] = []
    found: list[tuple[int, str, str]] = []
    rejects: list[ChartReject] = []
    for owner, mapset in enumerate(mapsets):
        for name, file in mapset.charts:
            try:
                charts.append(read_chart(mapset.files[file]))
            except BadFormat as error:
                rejects.append(ChartReject(owner, name, error))
            else:
                found.append((owner, name, hashlib.sha1(mapset.files[file], usedforsecurity=False).hexdigest()))
    owners, names, ids = ([one[i] for one in found] for i in range(3))
    return ChartBatch(np.array(owners, np.int64), names, ids, [None] * len(found), charts, rejects)
