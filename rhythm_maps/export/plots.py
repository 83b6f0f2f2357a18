"""A picture of a few seconds of a chart: waveform, beats, notes and conditioning on one clock."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rhythm_maps.build.one_song import one_song
from rhythm_maps.decoding import decode
from rhythm_maps.errors import MissingExtra, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import saving
from rhythm_maps.schema import NOTE_KINDS
from rhythm_maps.tokens.codec import HOP, SAMPLING_RATE
from rhythm_maps.tokens.conditioning import Frames, Tempo, beat_conditioning, rms_db

_COLOURS = ("#0b6e99", "#2a9d5c", "#c2571a", "#8a3fa0", "#666666")
"""Of the note kinds tap, hold, slide, roll and spin."""
_BEAT, _DOWNBEAT = "#b0b0b0", "#c0392b"
_LEGEND: Final = {
    "loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0, "frameon": False, "fontsize": 7, "ncols": 5
}  # fmt: skip
"""Legends stand above their panel, where they hide nothing."""
_POINTS = 4000
"""Most points of a drawn waveform: more than a picture has columns."""
_LEAD_S = 1.0
"""Seconds that are shown before a chart's first note."""


def plot_song(path: Path, out: Path, *, chart: str = "", start_s: float | None = None, seconds: float = 8.0) -> str:
    """Draw a few seconds of a chart as a PNG.

    Args:
        path: an archive, a chart, a folder of maps, or a build that holds `tracks`.
        out: the file to write.
        chart: part of the chart's name, as `one_song` takes it; "" for the first one with audio.
        start_s: where to begin, on the game's clock; None for a second before the first note.
        seconds: how much to show.

    Returns:
        What is drawn, for a person: song, difficulty and seconds.

    Raises:
        UsageError: a time or length that is no number above zero, or that lies after the audio's end.
        MissingExtra: matplotlib or soxr is not installed.
        InputError, NoDataError: as `one_song`.
        BadFormat: the audio cannot be decoded.
        BuildError: `out` cannot be written.
    """
    if not 0 < seconds <= 600:
        raise UsageError(f"{seconds} seconds to draw: expected more than 0 and at most 600")
    own, track = one_song(path, chart)
    first = own["first_object_s"] or 0.0
    begin = max(first - _LEAD_S, 0.0) if start_s is None else start_s
    end = begin + seconds
    samples = decode(track, rate=SAMPLING_RATE, mono=True).samples
    length = len(samples) / SAMPLING_RATE
    if not (math.isfinite(begin) and 0 <= begin < length):
        raise UsageError(f"start at {begin} s: expected 0 or more, and less than the audio's {length:.2f} s")
    figure = draw(own, track, samples, (begin, end))
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    with saving(out, "Name another file."):
        atomic.write_bytes(out, picture.getvalue())
    return f"{own['artist']} - {own['title']} [{own['difficulty']}], {begin:.2f} to {end:.2f} s"


def draw(chart: dict[str, Any], track: dict[str, Any], samples: NDArray[np.float32], span: tuple[float, float]) -> Any:
    """Draw a part of a chart.

    Args:
        chart: a row of `charts`.
        track: the row of `tracks` it was made for.
        samples: float32 ``[n]``, its audio on the game's clock, mono, at `SAMPLING_RATE`.
        span: where the part begins and ends, in seconds on the game's clock.

    Returns:
        A ``matplotlib.figure.Figure`` of four panels: waveform and notes, with the chart's own beats; phases and
        level, the recording's conditioning, with the recording's beats.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = _figure()
    wave, notes, phases, level = figure.subplots(4, 1, sharex=True, height_ratios=(2, 3, 1.5, 1))
    title = f"{chart['artist']} - {chart['title']} [{chart['difficulty']}], {chart['mode']}"
    figure.suptitle(title.translate({ord("$"): r"\$"}), fontsize=11)
    for panel, row in ((wave, chart), (notes, chart), (phases, track), (level, track)):
        for time_s, position in zip(row["beats"]["time_s"], row["beats"]["position"], strict=True):
            if span[0] <= time_s <= span[1]:
                down = position == 1
                panel.axvline(time_s, color=_DOWNBEAT if down else _BEAT, linewidth=1.2 if down else 0.8, zorder=0)
        panel.tick_params(labelsize=8)
    _draw_wave(wave, samples, span)
    _draw_notes(notes, chart, span)
    _draw_conditioning(phases, level, track, samples, span)
    level.set_xlim(*span)
    level.set_xlabel("seconds on the game's clock (red: downbeats, grey: beats)", fontsize=9)
    return figure


def _draw_conditioning(
    phases: Any, level: Any, track: dict[str, Any], samples: NDArray[np.float32], span: tuple[float, float]
) -> None:
    beats, tempo = track["beats"], track["tempo"]
    frames = Frames(len(samples), SAMPLING_RATE, HOP)
    segments = Tempo(
        np.array(tempo["time_s"]),
        np.array(tempo["beat_length_s"]),
        np.array([meter or 0 for meter in tempo["meter"]], np.int64),
    )
    made = beat_conditioning(frames, np.array(beats["time_s"]), np.array(beats["position"]), segments).values
    shown = slice(*(int(round(time_s * SAMPLING_RATE) // HOP) for time_s in span))
    times = frames.start_s[shown]
    phases.step(times, made["beat_phase"][shown], where="post", color=_COLOURS[0], linewidth=1, label="beat_phase")
    phases.step(times, made["bar_phase"][shown], where="post", color=_COLOURS[2], linewidth=1, label="bar_phase")
    phases.plot(times[made["is_beat"][shown] > 0], np.ones(int(made["is_beat"][shown].sum())), "k|", label="is_beat")
    phases.legend(**_LEGEND)
    phases.set_ylabel("phase", fontsize=9)
    level.step(times, rms_db([samples], HOP)[shown], where="post", color=_COLOURS[1], linewidth=1)
    level.set_ylabel("rms_db", fontsize=9)
    level.set_ylim(-70, 3)


def _draw_wave(panel: Any, samples: NDArray[np.float32], span: tuple[float, float]) -> None:
    """Draw the lowest and highest sample of each column."""
    begin, end = (int(time_s * SAMPLING_RATE) for time_s in span)
    part = samples[begin:end]
    step = max(len(part) // _POINTS, 1)
    columns = part[: len(part) // step * step].reshape(-1, step)
    times = span[0] + np.arange(len(columns)) * step / SAMPLING_RATE
    panel.fill_between(times, columns.min(axis=1), columns.max(axis=1), color="#4a6fa5", linewidth=0.3)
    panel.set_ylabel("audio", fontsize=9)


def _draw_notes(panel: Any, chart: dict[str, Any], span: tuple[float, float]) -> None:
    """Draw each note at its lane, or at its x position where the mode has no lanes; a line while it is held."""
    notes = chart["notes"]
    lanes = np.array(notes["lane"])
    by_lane = bool((lanes >= 0).any())
    heights = lanes if by_lane else np.nan_to_num(np.array(notes["x"], np.float64))
    for number, kind in enumerate(NOTE_KINDS):
        own = [
            (start, end, height)
            for start, end, height, note in zip(notes["time_s"], notes["end_s"], heights, notes["kind"], strict=True)
            if note == number and end >= span[0] and start <= span[1]
        ]
        if own:
            starts, ends, at = (np.array(column) for column in zip(*own, strict=True))
            panel.hlines(at, starts, ends, color=_COLOURS[number], linewidth=3, alpha=0.6)
            panel.plot(starts, at, "o", color=_COLOURS[number], markersize=4, label=kind)
    if panel.get_legend_handles_labels()[0]:
        panel.legend(**_LEGEND)
    panel.yaxis.get_major_locator().set_params(integer=True)
    panel.set_ylabel("lane" if by_lane else "x", fontsize=9)


def _figure() -> Any:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra; without pyplot there is no global state
    except ImportError as error:
        raise MissingExtra("pictures need matplotlib: pip install 'rhythm-maps[plots]'") from error
    return Figure(figsize=(12, 7), dpi=110, layout="constrained")
