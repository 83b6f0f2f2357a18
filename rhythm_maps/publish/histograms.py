"""A card's pictures: one histogram a measure, the same bytes for the same numbers and the same matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from rhythm_maps.errors import MissingExtra
from rhythm_maps.publish.card_stats import Floats, Measure

COLOURS = ("#3b6fb6", "#e08a3c", "#4c9f70", "#b6496b", "#7a68b3", "#8c8c8c")
"""One a mode, in order; further modes share the last."""
_BINS = 40
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

    colours = [COLOURS[min(i, len(COLOURS) - 1)] for i in range(len(by_mode))]
    with mpl.rc_context(mpl.rcParamsDefault):  # a person's own style must not change the bytes
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        axes = figure.add_subplot()
        # Tex would be made of a "$" in a mode's name.
        labels = [mode.replace("$", r"\$") for mode in by_mode]
        axes.hist(
            list(by_mode.values()), bins=_edges(measure, by_mode).tolist(), stacked=True, color=colours, label=labels
        )
        if measure.log:
            axes.set_xscale("log")
        _dress(axes, measure, several=len(by_mode) > 1)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _edges(measure: Measure, by_mode: Mapping[str, Floats]) -> Floats:
    values = np.concatenate(list(by_mode.values()))
    low, high = float(values.min()), float(values.max())
    if measure.column == "year":
        return np.arange(low - 0.5, high + 1.0)
    if low == high:
        low, high = low * 0.9 - 0.1 * (not low), high * 1.1 + 0.1 * (not high)
    return np.geomspace(low, high, _BINS + 1) if measure.log else np.linspace(low, high, _BINS + 1)


def _dress(axes: Any, measure: Measure, *, several: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter  # noqa: PLC0415 - as above

    axes.set_xlabel(measure.title)
    axes.set_ylabel("charts" if several or measure.column != "duration_s" else "recordings")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if measure.log:
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    if several:
        axes.legend(frameon=False, fontsize="small")
