"""A card's pictures: one histogram a measure, the same bytes for the same numbers and the same matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from rhythm_maps.errors import MissingExtra
from rhythm_maps.publish.card_stats import Floats, Measure

COLOURS = ("#3b6fb6", "#e08a3c", "#4c9f70", "#b6496b", "#7a68b3", "#c9a227", "#5aa9a9", "#7f5539", "#8c8c8c")
"""One a mode, most frequent first; any further share the last."""
_BINS = (12, 40)
"""Fewest and most bins; in between, twice the root of the number of values."""
_TAIL = 0.002
"""Share of the values at either end that is not drawn where it would squeeze the rest together; the axis says so."""
_SIZE, _DPI = (6.0, 2.6), 150


def need_matplotlib() -> None:
    """Say early that histograms cannot be drawn.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401, PLC0415 - an extra, and half a second
    except ImportError as error:
        raise MissingExtra(
            'the histograms of a card need matplotlib: pip install "rhythm-maps[plots]" (or pip install matplotlib)'
        ) from error


def histogram(measure: Measure, by_mode: Mapping[str, Floats]) -> bytes:
    """Draw one measure as a PNG, modes stacked on one another.

    Args:
        measure: what it is.
        by_mode: mode -> values, finite, and above 0 where the axis is logarithmic; at least one value.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    need_matplotlib()
    import matplotlib as mpl  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415 - no pyplot: it keeps state and asks for a display

    ordered = dict(sorted(by_mode.items(), key=lambda item: (-len(item[1]), item[0])))
    values = np.concatenate(list(ordered.values()))
    low, high = _range(values)
    outside = int(((values < low) | (values > high)).sum())
    log = measure.log and high > 10 * low  # over less, a logarithmic axis has hardly a tick
    bins = _edges(measure, low, high, log=log, values=len(values))
    colours = [COLOURS[min(i, len(COLOURS) - 1)] for i in range(len(ordered))]
    with mpl.rc_context(mpl.rcParamsDefault):  # a person's own style must not change the bytes
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        axes = figure.add_subplot()
        labels = [_label(mode) for mode in ordered]
        axes.hist(list(ordered.values()), bins=bins, stacked=True, color=colours, label=labels)
        axes.set_xlabel(measure.title + (f" ({outside:,} of {len(values):,} lie outside)" if outside else ""))
        axes.set_ylabel(measure.of)
        _dress(axes, log=log, whole=measure.column == "year", several=len(ordered) > 1)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _label(mode: str) -> str:
    """Return a mode's name as matplotlib shows it: a "$" would begin a formula, a leading "_" hides it."""
    return f" {mode}".replace("$", r"\$")


def _range(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(x) for x in np.quantile(values, (_TAIL, 1 - _TAIL)))
    if high - low > 2 * (inner_high - inner_low) > 0:
        low, high = inner_low, inner_high
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _edges(measure: Measure, low: float, high: float, *, log: bool, values: int) -> list[float]:
    fewest, most = _BINS
    bins = min(max(int(2 * values**0.5), fewest), most)
    if measure.column == "year":
        return list(np.arange(round(low) - 0.5, round(high) + 1.0))
    return list((np.geomspace if log else np.linspace)(low, high, bins + 1))


def _dress(axes: Any, *, log: bool, whole: bool, several: bool) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter  # noqa: PLC0415 - as above

    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    if whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if whole else f"{value:,g}"))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    if several:
        axes.legend(frameon=False, fontsize="small")
