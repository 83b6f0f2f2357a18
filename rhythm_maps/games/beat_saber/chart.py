"""Levels to charts: every wanted beatmap read, put on the clock and sorted, or rejected with a reason.

One bad difficulty never touches its siblings. What a row needs of a chart is here as NumPy columns; Arrow comes
later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import ChartBatch, ChartReject, MapsetBytes
from rhythm_maps.games.beat_saber import beatmap, lights
from rhythm_maps.games.beat_saber import info as info_file
from rhythm_maps.games.beat_saber.document import FloatArray, Table, take
from rhythm_maps.games.beat_saber.info import Difficulty, Info
from rhythm_maps.games.beat_saber.map_hash import map_hash
from rhythm_maps.games.beat_saber.mapset import Names, find_info
from rhythm_maps.games.beat_saber.objects import Objects, size
from rhythm_maps.games.beat_saber.tempo import FARTHEST_S, TempoMap, regions, segments

TempoEvents = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart on the game's clock.

    Attributes:
        info, difficulty: what Info.dat says of the level and of this difficulty.
        tempo: its segments.
        objects: its objects: every table has ``time_s`` (and ``end_s`` where it has ``end_beat``) beside the columns
            `objects.FIELDS` and is sorted stably by time; every value but the sizes of fakes is finite.
        warnings: counts by code of what was repaired or left out.
        has_lights: lights were asked for; they are among the objects where there are any.
    """

    info: Info
    difficulty: Difficulty
    tempo: TempoMap
    objects: Objects
    warnings: Counter[str]
    has_lights: bool = False


class _Level:
    """One mapset being parsed: its Info.dat, names, hash and the tempo that all of its charts may share."""

    def __init__(self, mapset: MapsetBytes) -> None:
        self.files = mapset.files
        self.wants_lights = "lights" in mapset.include
        member = find_info(mapset.files, mapset.files.__getitem__)
        self.info = info_file.read(mapset.files[member], member)
        self.names = Names(mapset.files, member)
        self.difficulties = {entry.name: entry for entry in self.info.difficulties}
        self.map_hash = map_hash(
            self.info, mapset.files[member], lambda name: self.files.get(self.names.find(name) or "")
        )
        self.warnings = Counter(self.info.warnings)
        self.shared_tempo = self._shared_tempo()

    def _shared_tempo(self) -> TempoEvents | None:
        """Return the audio data's regions as tempo events of v4 beatmaps, None where Info.dat's BPM holds for them.

        An unreadable file is a warning, because every chart can still be read.
        """
        member = self.names.find(self.info.audio_data) if self.info.major == 4 else None
        if member is None:
            return None
        try:
            events = regions(self.files[member], member, self.warnings)
        except BadFormat:
            self.warnings["bad_audio_data"] += 1
            return None
        return events if len(events[0]) else None

    def chart(self, name: str, file: str) -> Chart:
        """Read one chart.

        Raises:
            BadFormat: it cannot be had; siblings are not concerned.
        """
        difficulty = self.difficulties.get(name)
        if difficulty is None or file not in self.files:
            raise BadFormat("missing_chart", f"the mapset holds no chart {name!r} in this file", file)
        warnings = Counter(self.warnings)
        objects = beatmap.read(self.files[file], file, warnings)
        tables = objects.tables
        if self.wants_lights:
            tables |= self._lights(objects, difficulty, file, warnings)
        own = objects.table("bpm_events")
        shared = self.shared_tempo if objects.major == 4 else None
        beat, bpm = shared or (own["beat"], own["bpm"])
        tempo = segments(self.info.bpm, beat, bpm, warnings, place=file)
        known = np.isfinite(bpm) & (np.abs(tempo.seconds(beat)) <= FARTHEST_S)
        tables["bpm_events"] = {"beat": beat[known], "bpm": bpm[known]}
        objects.tables = {kind: _timed(table, tempo, warnings) for kind, table in tables.items() if size(table)}
        return Chart(self.info, difficulty, tempo, objects, warnings, self.wants_lights)

    def _lights(self, objects: Objects, difficulty: Difficulty, file: str, warnings: Counter[str]) -> dict[str, Table]:
        """Return the lights of a chart, which format 4 keeps in a file of their own that an older Info cannot name."""
        member = self.names.find(difficulty.lightshow) if objects.major == 4 else file
        if member is None or member not in self.files:
            if difficulty.lightshow and objects.major == 4:
                warnings["missing_lightshow"] += 1
            return {}
        stated = beatmap.release(objects.version) or (objects.major, 0)
        old_tempo = objects.major == 2 and stated < (2, 5)
        table = lights.read(self.files[member], member, objects.major, old_tempo=old_tempo, warnings=warnings)
        return {"lights": table} if table else {}


def _timed(table: Table, tempo: TempoMap, warnings: Counter[str]) -> Table:
    """Add times and sort stably by them; objects so far away that they have no sane time are dropped."""
    time_s = tempo.seconds(table["beat"])
    table = table | {"time_s": time_s}
    sane = np.abs(time_s) <= FARTHEST_S
    if "end_beat" in table:
        table["end_s"] = tempo.seconds(table["end_beat"])
        sane &= np.abs(table["end_s"]) <= FARTHEST_S
    if not sane.all():
        warnings["no_time"] += int(len(sane) - sane.sum())
        table = take(table, sane)
    if (np.diff(table["time_s"]) >= 0).all():
        return table
    order = np.argsort(table["time_s"], kind="stable")
    return {name: column[order] for name, column in table.items()}


def parse(mapsets: Sequence[MapsetBytes]) -> ChartBatch:
    """Parse the wanted charts of many levels (`Game.parse`): each is in the batch or among its rejects, once.

    Chart ids are ``<map hash>/<characteristic>/<difficulty>``. The hash covers the files that are given: pass
    those of all charts of a level, also of charts that are not wanted.
    """
    charts: list[Chart] = []
    where: list[int] = []
    hashes: list[str] = []
    rejects: list[ChartReject] = []
    for index, mapset in enumerate(mapsets):
        try:
            level = _Level(mapset)
        except BadFormat as error:
            rejects += [ChartReject(index, name, error) for name, _ in mapset.charts]
            continue
        for name, file in mapset.charts:
            try:
                charts.append(level.chart(name, file))
            except BadFormat as error:
                rejects.append(ChartReject(index, name, error))
                continue
            where.append(index)
            hashes.append(level.map_hash)
    names = [chart.difficulty.name for chart in charts]
    return ChartBatch(
        mapset=np.array(where, np.int64),
        names=names,
        chart_ids=[f"{digest}/{name}" for digest, name in zip(hashes, names, strict=True)],
        mapset_ids=list[str | None](hashes),
        data=charts,
        rejects=rejects,
    )
