"""One Arrow row a chart of Toy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from rhythm_maps import schema
from rhythm_maps.columns import lists_array
from rhythm_maps.games.base import Facts
from rhythm_maps.games.toy.chart import Chart
from rhythm_maps.games.toy.columns import COLUMNS
from rhythm_maps.timeline import bar_grid, beats_at, elapsed_beats

_TYPES = {column.name: column.type for column in schema.chart_columns(COLUMNS)}


def make_rows(charts: Sequence[Chart], facts: Facts) -> pa.Table:
    """Make one row a chart, in the batch's order."""
    every = [_row(chart, end_s) for chart, end_s in zip(charts, facts.audio_end_s.tolist(), strict=True)]
    names = every[0] if every else _row(_NOTHING, np.nan)
    return pa.table({name: _column(name, [row[name] for row in every]) for name in names})


_NOTHING = Chart(
    dict.fromkeys(("artist", "title", "level", "audio"), "") | {"pads": "1"}, ([0.0], [1.0], [1]), ([],) * 5
)


def _column(name: str, values: list) -> pa.Array:
    kind = _TYPES[name]
    if name not in {"tempo", "beats", "notes", "notes_toy"}:
        return pa.array(values, kind)
    first = kind.field(0).name
    offsets = np.cumsum([0, *(len(value[first]) for value in values)]).astype(np.int32)
    flat = {field.name: _flat([value[field.name] for value in values], field) for field in kind}
    return lists_array(kind, offsets, flat)


def _flat(parts: list, field: pa.Field) -> pa.Array:
    return pa.array(list(chain.from_iterable(parts)), field.type.value_type)


def _row(chart: Chart, audio_end_s: float) -> dict[str, object]:
    header, pads = chart.header, int(float(chart.header["pads"]))
    order = np.argsort(chart.tempo[0], kind="stable")
    start, length, meter = (np.array(column, kind)[order] for column, kind in zip(chart.tempo, "ddq", strict=True))
    steps = np.argsort(np.array(chart.steps[0], np.float64), kind="stable")
    time_s, lane, held = (np.array(column, kind)[steps] for column, kind in zip(chart.steps[:3], "dqd", strict=True))
    ends = time_s + held
    last = float(ends.max(initial=0.0))
    end_s = audio_end_s if np.isfinite(audio_end_s) else last + float(length[-1] * meter[-1])
    grid = bar_grid(start, length, meter, float(time_s[0]) if len(time_s) else float(start[0]), end_s)
    angle = 2 * np.pi * lane / pads
    span = last - float(time_s[0]) if len(time_s) else 0.0
    return {
        "mode": "circle",
        "format_version": "1",
        "title": header["title"],
        "artist": header["artist"],
        "title_unicode": header["title"],
        "artist_unicode": header["artist"],
        "subtitle": "",
        "source": "",
        "tags": [],
        "difficulty": header["level"],
        "mappers": [],
        "pads": pads,
        "tempo": {"time_s": start, "beat_length_s": length, "meter": meter, "omit_first_bar": [False] * len(start)},
        "tempo_bpm": 60 / float(length[0]),
        "beats": {"time_s": grid.time_s, "position": grid.position},
        "has_downbeats": True,
        "notes": {
            "time_s": time_s,
            "end_s": ends,
            "beat": beats_at(time_s, elapsed_beats(start, length), start, length),
            "kind": np.where(held > 0, schema.HOLD, schema.TAP),
            "lane": lane,
            "x": np.sin(angle),
            "y": np.cos(angle),
        },
        "notes_toy": {
            "colour": np.array(chart.steps[3], object)[steps],
            "force": np.array(chart.steps[4], np.int64)[steps],
        },
        "n_notes": len(time_s),
        "first_object_s": float(time_s[0]) if len(time_s) else None,
        "last_object_s": last if len(time_s) else None,
        "length_s": span,
        "nps": len(time_s) / span if span > 0 else 0.0,
        "warnings": ["beats_cut"] if grid.cut else [],
    }
