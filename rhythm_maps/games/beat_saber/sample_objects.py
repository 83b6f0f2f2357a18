"""Where the objects of a generated Beat Saber chart stand, and how each version of the format writes them.

Hands take turns and every hand's cuts go down and up by turns, as a player's do. Each fourth bar is a
breather with a wall on one side and bombs on the other. All places are in beats; a beat's time is the song's
tempo map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rhythm_maps.audio.synth import Segment, steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Json = dict[str, Any]

_DOWN, _UP = (1, 1, 6, 7), (0, 0, 4, 5)
"""Cut directions: 0 up, 1 down, 4 up-left, 5 up-right, 6 down-left, 7 down-right."""
_V2_TURNS = (-60, -45, -30, -15, 15, 30, 45, 60)
"""Degrees of the values 0 to 7 of a rotation event of format 2."""
_STEPS = 4
"""Steps a beat."""


class Song(NamedTuple):
    """A piece of music: tempo from 0 s on in segments of whole beats, length, and seed of the band."""

    tempo: tuple[Segment, ...]
    seconds: float
    seed: int


class Pattern(NamedTuple):
    """How notes are placed.

    Attributes:
        on_beat, off_beat, quarter: chances of a note on a beat, half a beat and a quarter or three after it.
        doubles: chance that both hands cut on a downbeat.
        one_hand: the right hand plays alone.
        curves: some notes start an arc or a chain (formats 3 and 4).
        turns: the lanes turn every two bars.
    """

    on_beat: float = 0.95
    off_beat: float = 0.3
    quarter: float = 0.0
    doubles: float = 0.0
    one_hand: bool = False
    curves: bool = False
    turns: bool = False


class Note(NamedTuple):
    """A coloured note: beat, column from the left, row from the bottom, 0 red or 1 blue, cut direction."""

    beat: float
    x: int
    y: int
    colour: int
    direction: int


class Wall(NamedTuple):
    """A wall of one column: beat, duration in beats, column, and whether it hangs: the player crouches."""

    beat: float
    duration: float
    x: int
    crouch: bool


class Layout(NamedTuple):
    """All objects of a chart, in order of time.

    Attributes:
        notes: coloured notes.
        bombs: (beat, column, row).
        walls: walls.
        arcs: (head, tail) notes.
        chains: (head, tail beat, tail column, tail row).
        turns: (beat, degrees clockwise), before the objects of that beat.
        lights: (beat, event type, value).
    """

    notes: list[Note]
    bombs: list[tuple[float, int, int]]
    walls: list[Wall]
    arcs: list[tuple[Note, Note]]
    chains: list[tuple[Note, float, int, int]]
    turns: list[tuple[float, int]]
    lights: list[tuple[float, int, int]]


# --- layout ---------------------------------------------------------------------------------------


def lay_out(song: Song, pattern: Pattern, rng: np.random.Generator) -> Layout:
    """Place objects from the second bar to two beats before the end of the song."""
    grid = steps(song.tempo, song.seconds, _STEPS)
    wanted = grid.time_s + 2 * grid.beat_length_s <= song.seconds
    last = float(np.flatnonzero(wanted)[-1]) / _STEPS
    notes = _notes(last, pattern, rng)
    bars = range(1, int(last) // 4)
    breathers = [bar for bar in bars if bar % 4 == 3]
    sides = {bar: 3 * (i % 2) for i, bar in enumerate(breathers)}
    return Layout(
        notes=notes,
        bombs=[(4.0 * bar + offset, 3 - x, 0) for bar, x in sides.items() for offset in (2, 3)],
        walls=[Wall(4.0 * bar + 1.5, 2.0, x, crouch=bar % 8 == 7) for bar, x in sides.items()],
        arcs=_arcs(notes) if pattern.curves else [],
        chains=_chains(notes) if pattern.curves else [],
        turns=[(4.0 * bar, (15, -30, 30, -15)[bar // 2 % 4]) for bar in bars[1::2]] if pattern.turns else [],
        lights=[(float(beat), 1 + 3 * (beat % 2), 1 + 4 * (beat // 4 % 2)) for beat in range(int(last))],
    )


def _notes(last: float, pattern: Pattern, rng: np.random.Generator) -> list[Note]:
    """Choose the coloured notes; a breather has one on its downbeat only."""
    chances = (pattern.on_beat, pattern.quarter, pattern.off_beat, pattern.quarter)
    hand, swings, notes = 1, [0, 0], []
    for step in range(4 * _STEPS, int(last * _STEPS) + 1):
        beat = step / _STEPS
        breather = int(beat) // 4 % 4 == 3
        if (breather and beat % 4) or rng.random() >= chances[step % _STEPS]:
            continue
        both = beat % 4 == 0 and rng.random() < pattern.doubles and not pattern.one_hand
        hand = 1 if pattern.one_hand else 1 - hand
        for colour in (0, 1) if both else (hand,):
            notes.append(_note(beat, colour, swings[colour] % 2 == 0, pattern, rng))
            swings[colour] += 1
    return notes


def _note(beat: float, colour: int, down: bool, pattern: Pattern, rng: np.random.Generator) -> Note:  # noqa: FBT001
    """Place one cut: red on the left, blue on the right; downward cuts lie low, upward ones low or high."""
    x = int(rng.integers(1, 4)) if pattern.one_hand else 2 * colour + int(rng.integers(2))
    y = int(rng.choice((0, 0, 1) if down else (0, 2, 2)))
    return Note(beat, x, y, colour, int(rng.choice(_DOWN if down else _UP)))


def _arcs(notes: Sequence[Note]) -> list[tuple[Note, Note]]:
    """Join every fifth note to the next of its colour, where that comes a beat or more later."""
    arcs = []
    for i, head in enumerate(notes[::5]):
        tail = next((note for note in notes[5 * i + 1 :] if note.colour == head.colour), None)
        if tail is not None and tail.beat - head.beat >= 1:
            arcs.append((head, tail))
    return arcs


def _chains(notes: Sequence[Note]) -> list[tuple[Note, float, int, int]]:
    """Let every second note that is cut straight down from the middle row head a chain to the floor."""
    heads = [note for note in notes if note.y == 1 and note.direction == 1]
    return [(head, head.beat + 0.25, head.x, 0) for head in heads[::2]]


# --- formats --------------------------------------------------------------------------------------


def write_v2(layout: Layout, version: str) -> Json:
    """Write format 2.0 to 2.4: bombs are notes of type 3, turns are events of type 14 with values 0 to 7."""
    fields = ("_time", "_lineIndex", "_lineLayer", "_type", "_cutDirection")
    notes = [(n.beat, n.x, n.y, n.colour, n.direction) for n in layout.notes]
    notes += [(beat, x, y, 3, 0) for beat, x, y in layout.bombs]
    events = list(layout.lights) + [(beat, 14, _V2_TURNS.index(degrees)) for beat, degrees in layout.turns]
    walls = [(w.beat, w.x, int(w.crouch), w.duration, 1) for w in layout.walls]
    return {
        "_version": version,
        "_notes": _rows(fields, sorted(notes)),
        "_obstacles": _rows(("_time", "_lineIndex", "_type", "_duration", "_width"), walls),
        "_events": _rows(("_time", "_type", "_value"), sorted(events)),
    }


def write_v3(layout: Layout, version: str, tempo: Sequence[Segment]) -> Json:
    """Write format 3: one list a kind of object; `tempo` becomes BPM events."""
    notes = [(n.beat, n.x, n.y, n.colour, n.direction, 0) for n in layout.notes]
    arcs = [(h.colour, h.beat, h.x, h.y, h.direction, 1, t.beat, t.x, t.y, t.direction, 1, 0) for h, t in layout.arcs]
    chains = [(h.colour, h.beat, h.x, h.y, h.direction, *tail, 4, 1) for h, *tail in layout.chains]
    return {
        "version": version,
        "bpmEvents": _rows(("b", "m"), [(beat, bpm(segment)) for beat, segment in tempo_beats(tempo)]),
        "rotationEvents": _rows(("b", "e", "r"), [(beat, 0, degrees) for beat, degrees in layout.turns]),
        "colorNotes": _rows(("b", "x", "y", "c", "d", "a"), notes),
        "bombNotes": _rows(("b", "x", "y"), layout.bombs),
        "obstacles": _rows(("b", "d", "x", "y", "w", "h"), [(w.beat, w.duration, *_box(w)) for w in layout.walls]),
        "sliders": _rows(("c", "b", "x", "y", "d", "mu", "tb", "tx", "ty", "tc", "tmu", "m"), arcs),
        "burstSliders": _rows(("c", "b", "x", "y", "d", "tb", "tx", "ty", "sc", "s"), chains),
        "waypoints": [],
        "basicBeatmapEvents": _rows(("b", "et", "i", "f"), [(*light, 1) for light in layout.lights]),
        "colorBoostBeatmapEvents": [],
        "useNormalEventsAsCompatibleEvents": True,
    }


def write_v4(layout: Layout, version: str) -> Json:
    """Write format 4: objects point into tables of distinct data; fields that are 0 are left out."""
    notes = _Table(("x", "y", "c", "d", "a"))
    placed = [{"b": n.beat, "i": notes.index(_data(n))} for n in layout.notes]
    arcs, chains = _Table(("m", "tm", "a")), _Table(("tx", "ty", "c", "s"))
    bombs, walls = _Table(("x", "y")), _Table(("d", "x", "y", "w", "h"))
    objects: dict[str, list[Json]] = {
        "colorNotes": placed,
        "bombNotes": [{"b": beat, "i": bombs.index((x, y))} for beat, x, y in layout.bombs],
        "obstacles": [{"b": w.beat, "i": walls.index((w.duration, *_box(w)))} for w in layout.walls],
        "arcs": [
            {
                "hb": head.beat,
                "tb": tail.beat,
                "hi": notes.index(_data(head)),
                "ti": notes.index(_data(tail)),
                "ai": arcs.index((1, 1, 0)),
            }
            for head, tail in layout.arcs
        ],
        "chains": [
            {"hb": head.beat, "tb": beat, "i": notes.index(_data(head)), "ci": chains.index((x, y, 4, 1))}
            for head, beat, x, y in layout.chains
        ],
    }
    tables = {
        "colorNotesData": notes,
        "bombNotesData": bombs,
        "obstaclesData": walls,
        "arcsData": arcs,
        "chainsData": chains,
    }
    written = {name: [_without_zeros(row) for row in rows] for name, rows in objects.items()}
    return {"version": version, **written, **{name: table.rows() for name, table in tables.items()}}


def write_v4_lights(layout: Layout) -> Json:
    """Write the lightshow file of format 4.0."""
    events = _Table(("t", "i", "f"))
    placed = [_without_zeros({"b": beat, "i": events.index((kind, value, 1))}) for beat, kind, value in layout.lights]
    return {"version": "4.0.0", "basicEvents": placed, "basicEventsData": events.rows()}


class _Table:
    """The distinct data of one kind of object of format 4, in order of first use."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._places: dict[tuple[float, ...], int] = {}

    def index(self, values: tuple[float, ...]) -> int:
        """Return where `values` stand in the table; new ones are put at its end."""
        return self._places.setdefault(values, len(self._places))

    def rows(self) -> list[Json]:
        """Return the table as the file holds it."""
        return [_without_zeros(row) for row in _rows(self._fields, self._places)]


def _data(note: Note) -> tuple[int, int, int, int, int]:
    """Return what format 4 keeps of a note besides its beat."""
    return note.x, note.y, note.colour, note.direction, 0


def _box(wall: Wall) -> tuple[int, int, int, int]:
    """Return column, row, width and height of a wall as formats 3 and 4 count them."""
    return (wall.x, 2, 1, 3) if wall.crouch else (wall.x, 0, 1, 5)


def _rows(fields: Sequence[str], values: Iterable[Sequence[float]]) -> list[Json]:
    """Return one object a row of values."""
    return [dict(zip(fields, row, strict=True)) for row in values]


def _without_zeros(row: Mapping[str, float]) -> Json:
    """Leave out the fields that are 0."""
    return {key: value for key, value in row.items() if value}


# --- tempo ----------------------------------------------------------------------------------------


def tempo_beats(tempo: Sequence[Segment]) -> list[tuple[int, Segment]]:
    """Return each segment with the number of beats before it."""
    placed, beat = [], 0
    for i, segment in enumerate(tempo):
        placed.append((beat, segment))
        if i + 1 < len(tempo):
            beat += round((tempo[i + 1].start_s - segment.start_s) / segment.beat_length_s)
    return placed


def bpm(segment: Segment) -> float:
    """Return the tempo in beats a minute, without the noise of the division."""
    return round(60 / segment.beat_length_s, 6)
