"""Where the objects of a generated osu! chart stand: on beats, half beats and short streams of quarter beats.

Patterns come from a seeded random walk that keeps the habits of real charts: spacing follows time, a combo
lasts a bar, nothing overlaps but in mania, where no column plays twice in a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rhythm_maps.audio.synth import Segment, steps

STANDARD, TAIKO, CATCH, MANIA = range(4)
_CIRCLE, _SLIDER, _NEW_COMBO, _SPINNER, _HOLD = 1, 2, 4, 8, 128
_WHISTLE, _FINISH, _CLAP = 2, 4, 8
_FIELD = (512.0, 384.0)


class Song(NamedTuple):
    """A piece of music: name of its audio file (its suffix is the codec), tempo, length, seed of the band."""

    file: str
    tempo: tuple[Segment, ...]
    seconds: float
    seed: int


class Names(NamedTuple):
    """What a chart says of its song; Unicode names are left out of formats before 10."""

    artist: str
    title: str
    artist_unicode: str
    title_unicode: str
    source: str = ""


class Pattern(NamedTuple):
    """How objects are placed.

    Attributes:
        on_beat, off_beat: chances of an object on a beat and half a beat after it.
        stream: chance, at each beat, that an object a quarter of a beat follows for a beat or two.
        spacing: pixels a beat between objects.
        long: chance that an object outside a stream is a slider, drum roll, juice stream or hold.
        speeds: slider velocities, one for every four bars, in turn.
        spin: end with a spinner, swell or banana shower.
        rest_s: a break without objects, (start, end) in seconds.
        keys: columns of a mania chart.
    """

    on_beat: float = 0.95
    off_beat: float = 0.6
    stream: float = 0.0
    spacing: float = 90.0
    long: float = 0.3
    speeds: tuple[float, ...] = (1.0,)
    spin: bool = False
    rest_s: tuple[float, float] | None = None
    keys: int = 4


class Chart(NamedTuple):
    """One difficulty; `settings`: HP, CS, OD, AR, SliderMultiplier, SliderTickRate; `beatmap_id` 0: none."""

    difficulty: str
    mode: int
    song: Song
    names: Names
    pattern: Pattern
    settings: tuple[float, float, float, float, float, float]
    beatmap_id: int = 0
    version: int = 14


class Speed(NamedTuple):
    """An inherited timing point: from when, slider velocity, and whether it is kiai time."""

    start_s: float
    velocity: float
    kiai: bool


def scroll_of(chart: Chart) -> list[Speed]:
    """Change the slider velocity every four bars; every second such part is kiai time."""
    grid = steps(chart.song.tempo, chart.song.seconds)
    parts = grid.time_s[grid.position == 1][::4].tolist()
    speeds = chart.pattern.speeds
    return [Speed(start, speeds[i % len(speeds)], i % 2 == 1) for i, start in enumerate(parts)]


def ms(seconds: float) -> int:
    """Round to whole milliseconds, as the editor does."""
    return round(seconds * 1000)


class _Moment(NamedTuple):
    """A time at which an object starts.

    Attributes:
        time_s: start, on the grid.
        beat_s: length of a beat there.
        gap: beats since the last object ended, at most 2.
        position: place in the bar of the beat it belongs to.
        on_beat: it is on the beat itself.
        long_beats: length in beats; 0 for an object without one.
    """

    time_s: float
    beat_s: float
    gap: float
    position: int
    on_beat: bool
    long_beats: float


def objects(chart: Chart, scroll: list[Speed], rng: np.random.Generator) -> list[str]:
    """Return the lines of [HitObjects], in order of time."""
    tail = ",0:0:0:0:" if chart.version >= 10 else ""
    moments = _moments(chart, rng)
    if chart.mode == TAIKO:
        lines = _taiko(chart, scroll, moments, rng, tail)
    elif chart.mode == MANIA:
        lines = _mania(chart.pattern.keys, moments, rng, tail)
    else:
        lines = _standard(chart, scroll, moments, rng, tail)
    if chart.pattern.spin:
        start, end = _spin(chart.song)
        lines.append(f"256,192,{ms(start)},{_SPINNER | _NEW_COMBO},0,{ms(end)}{tail}")
    return lines


def _spin(song: Song) -> tuple[float, float]:
    """Return start and end of a spinner of four beats that ends the song."""
    grid = steps(song.tempo, song.seconds)
    beat_s = song.tempo[-1].beat_length_s
    start = float(grid.time_s[grid.time_s >= song.seconds - 5 * beat_s][0])
    return start, start + 4 * beat_s


def _moments(chart: Chart, rng: np.random.Generator) -> Iterator[_Moment]:
    """Choose when objects start, from the second bar on; what is long ends before the next, but in mania."""
    pattern, song = chart.pattern, chart.song
    grid = steps(song.tempo, song.seconds, 4)
    first = float(grid.time_s[(grid.position == 1) & (grid.part == 0)][1])
    stop = _spin(song)[0] if pattern.spin else song.seconds
    rest = pattern.rest_s or (stop, stop)
    free = end = stream = first - 1e-6
    for time_s, position, part, beat_s in zip(*(column.tolist() for column in grid), strict=True):
        if time_s < free or time_s + 2 * beat_s > stop or rest[0] - 2 * beat_s < time_s < rest[1]:
            continue
        if part == 0 and rng.random() < pattern.stream:
            stream = time_s + int(rng.integers(1, 3)) * beat_s - 1e-6
        streams = time_s < stream
        if not streams and rng.random() >= (pattern.on_beat, 0.0, pattern.off_beat, 0.0)[part]:
            continue
        long_beats = 0.0
        if not streams and rng.random() < pattern.long:
            long_beats = float(rng.choice((0.5, 1.0, 1.0, 2.0)))
        yield _Moment(time_s, beat_s, min((time_s - end) / beat_s, 2.0), position, part == 0, long_beats)
        end = time_s + long_beats * beat_s
        if long_beats and chart.mode != MANIA:
            free = end + 0.5 * beat_s - 1e-6


def _hitsound(moment: _Moment) -> int:
    """Return a whistle for downbeats and a clap for every second beat."""
    if not moment.on_beat:
        return 0
    return _WHISTLE if moment.position == 1 else _CLAP * (moment.position % 2 == 0)


def _length_px(chart: Chart, scroll: list[Speed], moment: _Moment) -> float:
    """Return the length of a slider path of ``long_beats`` under the slider velocity of its start."""
    velocity = [s.velocity for s in scroll if s.start_s <= moment.time_s + 1e-6][-1]
    return moment.long_beats * 100 * chart.settings[4] * velocity


class _Cursor:
    """Where the player's cursor is: a random walk that stays on the field.

    Attributes:
        x, y: position in osu! pixels.
        heading: direction of the last step in radians.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.x, self.y = 256.0, 192.0
        self.heading = float(rng.uniform(0, 2 * np.pi))
        self._rng = rng

    def step(self, distance: float, wander: float = 0.7) -> None:
        """Go on by a distance below 300 pixels, turning by about `wander` radians, or more at an edge."""
        for attempt in range(16):
            heading = self.heading + float(self._rng.normal(0, wander + 0.3 * attempt))
            x, y = self.x + distance * np.cos(heading), self.y + distance * np.sin(heading)
            if 16 <= x <= _FIELD[0] - 16 and 16 <= y <= _FIELD[1] - 16:
                break
        else:  # the farthest corner is always at least 320 pixels away
            corner_x, corner_y = _FIELD[0] * (self.x < 256), _FIELD[1] * (self.y < 192)
            heading = float(np.arctan2(corner_y - self.y, corner_x - self.x))
            x, y = self.x + distance * np.cos(heading), self.y + distance * np.sin(heading)
        self.x, self.y, self.heading = float(x), float(y), heading


def _standard(
    chart: Chart, scroll: list[Speed], moments: Iterator[_Moment], rng: np.random.Generator, tail: str
) -> list[str]:
    """Place circles and sliders (catch: fruits, juice streams): spacing follows time, a combo lasts a bar."""
    digits = 2 if chart.version >= 128 else 0
    cursor, combo, lines = _Cursor(rng), True, []
    for moment in moments:
        cursor.step(max(12.0, moment.gap * chart.pattern.spacing))
        combo = combo or (moment.position == 1 and moment.on_beat)
        head = f"{_xy(cursor, digits, ',')},{ms(moment.time_s)}"
        flags = _NEW_COMBO if combo else 0
        if moment.long_beats:
            spans = 2 if moment.long_beats > 1 else 1
            length = _length_px(chart, scroll, moment) / spans
            path = _path(cursor, length, digits, rng)
            lines.append(f"{head},{_SLIDER | flags},{_hitsound(moment)},{path},{spans},{length:.15g}")
        else:
            lines.append(f"{head},{_CIRCLE | flags},{_hitsound(moment)}{tail}")
        combo = False
    return lines


def _xy(cursor: _Cursor, digits: int, between: str) -> str:
    """Write a position: whole pixels, or fractions in lazer's format."""
    return f"{cursor.x:.{digits}f}{between}{cursor.y:.{digits}f}"


def _path(cursor: _Cursor, length: float, digits: int, rng: np.random.Generator) -> str:
    """Draw a path from the cursor: straight, an arc, or two Bezier pieces; the cursor moves to its tail."""
    kind = str(rng.choice(("L", "P", "B")))
    x, y = cursor.x, cursor.y
    cursor.step(length)
    end = _xy(cursor, digits, ":")
    if kind == "L":
        return f"L|{end}"
    bend = 0.15 if kind == "P" else 0.0
    middle_x = np.clip((x + cursor.x) / 2 - bend * (cursor.y - y), 0, _FIELD[0])
    middle_y = np.clip((y + cursor.y) / 2 + bend * (cursor.x - x), 0, _FIELD[1])
    middle = f"{middle_x:.{digits}f}:{middle_y:.{digits}f}"
    return f"P|{middle}|{end}" if kind == "P" else f"B|{middle}|{middle}|{end}"


def _taiko(
    chart: Chart, scroll: list[Speed], moments: Iterator[_Moment], rng: np.random.Generator, tail: str
) -> list[str]:
    """Place dons and kats (clap), big ones (finish) on some downbeats, and drum rolls."""
    lines = []
    for moment in moments:
        big = _FINISH if moment.on_beat and moment.position == 1 and rng.random() < 0.5 else 0
        head = f"256,192,{ms(moment.time_s)}"
        if moment.long_beats:
            length = _length_px(chart, scroll, moment)
            lines.append(f"{head},{_SLIDER},{big},L|{256 + length:.0f}:192,1,{length:.15g}")
        else:
            colour = _CLAP if rng.random() < 0.4 else 0
            lines.append(f"{head},{_CIRCLE},{big | colour}{tail}")
    return lines


def _mania(keys: int, moments: Iterator[_Moment], rng: np.random.Generator, tail: str) -> list[str]:
    """Place notes and holds: two at once on downbeats, no column twice in a row, none while it is held."""
    free, last, lines = np.zeros(keys), [0], []
    for moment in moments:
        open_columns = [k for k in range(keys) if free[k] <= moment.time_s and k not in last]
        wanted = 2 if moment.on_beat and moment.position in {1, 3} else 1
        last = sorted(rng.permutation(open_columns)[:wanted].tolist())
        held = int(rng.choice(last)) if last and moment.long_beats else -1
        for column in last:
            start, x = ms(moment.time_s), int((column + 0.5) * 512 / keys)
            if column == held:
                end_s = moment.time_s + moment.long_beats * moment.beat_s
                free[column] = end_s + 0.25 * moment.beat_s
                lines.append(f"{x},192,{start},{_HOLD},{_hitsound(moment)},{ms(end_s)}:0:0:0:0:")
            else:
                lines.append(f"{x},192,{start},{_CIRCLE},{_hitsound(moment)}{tail}")
    return lines
