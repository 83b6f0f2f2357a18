"""The columns of `examples`: a chart's, its recording's, its tokens', and the chart's features at the codec's rate."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from rhythm_maps.columns import F32, STR, Column, lists
from rhythm_maps.schema import TOKENS, TRACKS, chart_columns

NOTE_FEATURES = lists(note_onset=F32, note_active=F32, note_density=F32)
_PART_VALUES = {name: pa.list_(F32) for name in ("note_onset", "note_active", "note_density")}
PART_FEATURES = lists(part=STR, **_PART_VALUES)

OF_TRACK = ("audio_status", "timeline_shift_s", "clock_rule", "audio")
"""What an example takes from its row of tracks."""
OF_TOKENS = (
    "codes", "n_q", "frames", "hop", "sampling_rate", "frame_rate", "bandwidth_kbps", "model", "model_sha256",
    "weights", "signal", "duration_s", "conditioning", "sidecar",
)  # fmt: skip
"""What it takes from its row of tokens."""
_CHART_FEATURES = (
    Column(
        "note_features",
        NOTE_FEATURES,
        "One entry a frame: 1 where a note starts, 1 from a note's first frame to its last, and notes a second that "
        "start within half a second of the frame's middle.",
        "the frame of a note is round_half_even(time_s * sampling_rate) // hop",
        profile="maps",
    ),
    Column(
        "part_features",
        PART_FEATURES,
        "The same for each part of the player, with [part][frame] values: lane_0, lane_1, ..., or left and right hand; "
        "empty where the mode has none.",
        profile="maps",
    ),
)


def example_columns(own: Sequence[Column]) -> tuple[Column, ...]:
    """Compose the columns of `examples`: all of a game's charts, then its track's, its tokens' and the features."""
    joined = [*(c for c in TRACKS if c.name in OF_TRACK), *(c for c in TOKENS if c.name in OF_TOKENS)]
    return (*chart_columns(own), *joined, *_CHART_FEATURES)
