"""Where the tempo of a beatmap comes from, and its segments in seconds.

The level's BPM holds from beat 0; a beatmap's own tempo events (v2, v3) or, for a v4 beatmap of a v4 Info.dat, the
regions of its audio data change it from their beat on, and one at beat 0 replaces it. The game's loaders of v2 and v3
beatmaps are given the level's BPM and never the audio data, whatever version Info.dat has. Editors' own
``_BPMChanges`` lists and the v2 ``BPMInfo.dat`` draw grid lines in editors and are never used for time.

Sources: the game's BpmTimeProcessor as seen in a public decompilation, bsmap's TimeProcessor, BeatSaver's
``withBpmEvents``.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rhythm_maps import limits, timeline
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.beat_saber.document import Document, FloatArray, Shape, readable, take

_SLOWEST_BPM, _FASTEST_BPM = 1e-6, 1e9
"""Tempos outside are refused: far past every gimmick map, and times in float64 still mean something."""

FARTHEST_S = 1e9
"""Times further away than this (32 years) come from broken beats: such an object or event is dropped."""

_REGIONS = Shape("bpmData", ("si", "ei", "sb", "eb"))


class TempoMap(NamedTuple):
    """Tempo segments in order, at least one.

    Attributes:
        beat: first beat of each.
        time_s: the same in seconds.
        beat_length_s: length of a beat in seconds, positive.
    """

    beat: FloatArray
    time_s: FloatArray
    beat_length_s: FloatArray

    def seconds(self, beats: npt.ArrayLike) -> FloatArray:
        """Turn beats into seconds; the first segment reaches back, the last one on."""
        with np.errstate(over="ignore", invalid="ignore"):
            return timeline.seconds_at(beats, self.beat, self.time_s, self.beat_length_s)


def _usable(bpm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    value = np.asarray(bpm, np.float64)
    return (value >= _SLOWEST_BPM) & (value <= _FASTEST_BPM)


def segments(base_bpm: float, beat: FloatArray, bpm: FloatArray, warnings: Counter[str], place: str = "") -> TempoMap:
    """Make tempo segments of the level's BPM and tempo events.

    Args:
        base_bpm: Info.dat's BPM; NaN or absurd values are ignored when an event at beat 0 replaces it.
        beat: beats of the tempo events, in any order.
        bpm: their beats a minute, same length. Those without a readable beat are dropped, those whose tempo is
            0, negative or absurd take the base BPM again (as the game does with 0); both count as
            ``bad_bpm_event``.
        warnings: counts by code, added to.
        place: the chart's file, for messages.

    Raises:
        BadFormat: no usable tempo (``bad_tempo``).
        LimitExceeded: more events than `limits.TEMPO_POINTS`.
    """
    if len(beat) > limits.TEMPO_POINTS:
        reason = f"{len(beat):,} tempo events; {limits.TEMPO_POINTS:,} is the limit"
        raise LimitExceeded("too_many_tempo_points", reason, place)
    has_base = bool(_usable(base_bpm))
    good = _usable(bpm) & np.isfinite(beat)
    if not good.all():
        warnings["bad_bpm_event"] += int(len(good) - good.sum())
        keep = np.isfinite(beat) & (good | has_base)
        beat, bpm = beat[keep], np.where(good, bpm, base_bpm)[keep]
    order = np.argsort(beat, kind="stable")
    beat, bpm = beat[order], bpm[order]
    replaced = len(beat) > 0 and beat[0] <= 0
    if not has_base and not replaced:
        raise BadFormat("bad_tempo", "Info.dat states no usable BPM and no tempo event stands at beat 0", place)
    start = float(beat[0]) * 60 / (base_bpm if has_base else float(bpm[0])) if replaced else 0.0
    if not replaced:
        beat, bpm = np.concatenate(([0.0], beat)), np.concatenate(([base_bpm], bpm))
    length = 60 / bpm
    with np.errstate(over="ignore", invalid="ignore"):
        time_s = start + np.concatenate(([0.0], np.cumsum(np.diff(beat) * length[:-1])))
    sane = np.abs(time_s) <= FARTHEST_S
    if not sane.all():
        warnings["bad_bpm_event"] += int(len(sane) - sane.sum())
        beat, time_s, length = beat[sane], time_s[sane], length[sane]
    if not len(beat):
        raise BadFormat("bad_tempo", "the first tempo event lies at a beat that has no time", place)
    return TempoMap(beat, time_s, length)


def regions(data: bytes, place: str, warnings: Counter[str]) -> tuple[FloatArray, FloatArray]:
    """Read the tempo regions of a v4 audio data file as tempo events: beats and BPM, ``[regions]``.

    A region from sample ``si`` to ``ei`` and beat ``sb`` to ``eb`` has (eb - sb) / ((ei - si) /
    songFrequency) * 60 BPM. Regions without length, backwards or unreadable are dropped and counted as
    ``bad_tempo_region``.

    Raises:
        BadFormat: the file is no audio data.
    """
    doc = Document(data, place, warnings)
    (table,) = doc.tables(_REGIONS)
    table = readable(doc, table, "bad_tempo_region")
    rate = doc.scalar("songFrequency")
    length = (table["ei"] - table["si"]) / rate if rate > 0 else np.zeros(len(table["si"]))
    beats = table["eb"] - table["sb"]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        bpm = beats / length * 60
    good = (length > 0) & (beats > 0) & _usable(bpm)
    if not good.all():
        warnings["bad_tempo_region"] += int(len(good) - good.sum())
    return take(table, good)["sb"], bpm[good]
