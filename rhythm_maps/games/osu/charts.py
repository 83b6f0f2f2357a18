"""From the bytes of `.osu` files to one batch of flat columns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import ChartBatch, ChartReject, MapsetBytes
from rhythm_maps.games.osu.beatmap import Beatmap, read_beatmap
from rhythm_maps.games.osu.hitobjects import Objects, read_objects, slider_ends
from rhythm_maps.games.osu.notes import Notes, make_notes
from rhythm_maps.games.osu.text import read_text
from rhythm_maps.games.osu.timing import Timing, read_timing


@dataclass(frozen=True, slots=True)
class Chart:
    """One parsed `.osu` file."""

    beatmap: Beatmap
    timing: Timing
    notes: Notes
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of a batch: what `rows` needs.

    Attributes:
        beatmaps, timings, warnings: one entry a chart.
        notes: the notes of all charts, one after the other.
        note_offsets: int64 ``[charts + 1]``: chart i owns notes ``[i]`` to ``[i + 1]``.
    """

    beatmaps: list[Beatmap]
    timings: list[Timing]
    warnings: list[list[str]]
    notes: Notes
    note_offsets: npt.NDArray[np.int64]


def parse_chart(data: bytes) -> Chart:
    """Parse one `.osu` file.

    Raises:
        BadFormat: it is none, or beyond a limit. Single bad lines are dropped and counted in `Chart.warnings`.
    """
    text = read_text(data)
    beatmap = read_beatmap(text)
    timing = read_timing(text, beatmap.offset_ms)
    objects, bad_objects = read_objects(text, beatmap.offset_ms)
    objects, unknown = slider_ends(objects, timing, beatmap.difficulty.slider_multiplier)
    counts = {f"bad_line.{section}": count for section, count in sorted(beatmap.bad_lines.items())}
    counts |= {"bad_line.timing_points": timing.bad_lines, "bad_line.hit_objects": bad_objects}
    counts |= {"slider_without_length": unknown}
    warnings = tuple(f"{code}:{count}" for code, count in counts.items() if count)
    return Chart(beatmap, timing, make_notes(objects, beatmap.mode, beatmap.keys), warnings)


def parse_mapsets(mapsets: Sequence[MapsetBytes]) -> ChartBatch:
    """Parse the charts of many mapsets; see `base.Game.parse`.

    A chart's id is the md5 of its file, as the game names it; a mapset's is the website's where the file has one.
    """
    charts: list[Chart] = []
    names: list[str] = []
    owners: list[int] = []
    chart_ids: list[str] = []
    rejects: list[ChartReject] = []
    for owner, mapset in enumerate(mapsets):
        for name, file in mapset.charts:
            data = mapset.files.get(file)
            if data is None:
                error = BadFormat("missing_file", "the chart's file is not in the mapset", file)
                rejects.append(ChartReject(owner, name, error))
                continue
            try:
                charts.append(parse_chart(data))
            except BadFormat as bad:
                rejects.append(ChartReject(owner, name, bad))
                continue
            names.append(name)
            owners.append(owner)
            chart_ids.append(hashlib.md5(data, usedforsecurity=False).hexdigest())
    ids = [chart.beatmap.beatmapset_id for chart in charts]
    return ChartBatch(
        mapset=np.array(owners, np.int64),
        names=names,
        chart_ids=chart_ids,
        mapset_ids=[str(number) if number is not None and number > 0 else None for number in ids],
        data=_join(charts),
        rejects=rejects,
    )


def _join(charts: list[Chart]) -> Charts:
    """Put the notes of all charts one after the other; those of none are there for the types."""
    parts = [make_notes(Objects.empty(0), 0, None), *(chart.notes for chart in charts)]
    notes = Notes(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Notes)))
    return Charts(
        beatmaps=[chart.beatmap for chart in charts],
        timings=[chart.timing for chart in charts],
        warnings=[list(chart.warnings) for chart in charts],
        notes=notes,
        note_offsets=np.cumsum([0, *(len(chart.notes) for chart in charts)], dtype=np.int64),
    )
