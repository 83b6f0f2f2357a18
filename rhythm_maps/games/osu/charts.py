"""From the bytes of `.osu` files to one batch of flat columns."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.base import ChartBatch, ChartReject, MapsetBytes
from rhythm_maps.games.osu import hitobjects, timing
from rhythm_maps.games.osu.beatmap import Beatmap, read_beatmap
from rhythm_maps.games.osu.ends import slider_ends
from rhythm_maps.games.osu.events import Events, read_events
from rhythm_maps.games.osu.hitline import SLIDER
from rhythm_maps.games.osu.objects import HitObjects
from rhythm_maps.games.osu.text import Dropped, OsuText, read_text
from rhythm_maps.games.osu.timing import Timing


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of a batch: what `rows` needs.

    Attributes:
        beatmaps, events, warnings: one entry a chart.
        timing, hits: of all charts.
    """

    beatmaps: list[Beatmap]
    events: list[Events]
    warnings: list[list[str]]
    timing: Timing
    hits: HitObjects


@dataclass(slots=True)
class _Files:
    """The files of a batch that are charts, as far as they are read one by one."""

    texts: list[OsuText] = field(default_factory=list)
    beatmaps: list[Beatmap] = field(default_factory=list)
    events: list[Events] = field(default_factory=list)

    def add(self, data: bytes) -> None:
        """Read the small sections of a file.

        Raises:
            BadFormat: it is no chart, or beyond a limit.
        """
        text = read_text(data)
        _check_lines(text, hitobjects.SECTION, limits.NOTES, "too_many_objects")
        _check_lines(text, timing.SECTION, limits.TEMPO_POINTS, "too_many_timing_points")
        beatmap, events = read_beatmap(text), read_events(text)
        self.texts.append(text)
        self.beatmaps.append(beatmap)
        self.events.append(events)


def parse_mapsets(mapsets: Sequence[MapsetBytes]) -> ChartBatch:
    """Parse the charts of many mapsets; see `base.Game.parse`.

    A chart's id is the md5 of its file, as the game names it; a mapset's is the website's where the file has one.
    Single bad lines are dropped and noted in `Charts.warnings`.
    """
    files = _Files()
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
                files.add(data)
            except BadFormat as bad:
                rejects.append(ChartReject(owner, name, bad))
                continue
            names.append(name)
            owners.append(owner)
            chart_ids.append(hashlib.md5(data, usedforsecurity=False).hexdigest())
    ids = [beatmap.beatmapset_id for beatmap in files.beatmaps]
    return ChartBatch(
        mapset=np.array(owners, np.int64),
        names=names,
        chart_ids=chart_ids,
        mapset_ids=[str(number) if number is not None and number > 0 else None for number in ids],
        data=_parse(files),
        rejects=rejects,
        opted_out=frozenset(i for i, beatmap in enumerate(files.beatmaps) if beatmap.opt_out),
    )


def _parse(files: _Files) -> Charts:
    """Read the large sections of all files together."""
    points, bad_points = timing.read_timing(files.texts)
    hits, bad_objects = hitobjects.read_objects(files.texts)
    hits = slider_ends(hits, points, files.beatmaps)
    bad = {"timing_points": _by_chart(bad_points), "hit_objects": _by_chart(bad_objects)}
    unknown = hits.objects.chart[(hits.objects.kind == SLIDER) & np.isnan(hits.objects.length_px)]
    curves = np.bincount(unknown, minlength=len(files.texts)).tolist()
    warnings = []
    for i, (text, beatmap, events) in enumerate(zip(files.texts, files.beatmaps, files.events, strict=True)):
        lines = beatmap.bad_lines | events.bad_lines
        for section, found in bad.items():
            if i in found:
                lines[section] = Dropped(len(found[i]), text.line_number(min(found[i])))
        codes = [f"bad_line.{section}:{each.lines}@{each.first}" for section, each in sorted(lines.items())]
        warnings.append([*codes, *([f"slider_without_length:{curves[i]}"] if curves[i] else [])])
    return Charts(files.beatmaps, files.events, warnings, points, hits)


def _by_chart(dropped: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """Return chart -> bytes at which its dropped lines begin."""
    found: dict[int, list[int]] = defaultdict(list)
    for chart, at in dropped:
        found[chart].append(at)
    return found


def _check_lines(text: OsuText, section: str, limit: int, code: str) -> None:
    spans = text.spans(section)
    if sum(stop - start for start, stop in spans) <= limit:  # a line takes two bytes
        return
    lines = sum(sum(1 for line in text.data[start:stop].split(b"\n") if line) for start, stop in spans)
    if lines > limit:
        raise LimitExceeded(code, f"{lines:,} lines, at most {limit:,} are read", f"[{section}]")
