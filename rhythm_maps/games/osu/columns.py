"""The chart columns that only osu! has."""

from __future__ import annotations

from rhythm_maps.schema import BOOL, F64, I32, Column, lists, struct

SETTINGS = struct(
    hp=F64, cs=F64, od=F64, ar=F64, slider_multiplier=F64, slider_tick_rate=F64, stack_leniency=F64
)  # fmt: skip
NOTES = lists(new_combo=BOOL, combo_skip=I32, hitsound=I32, spans=I32, length_px=F64, big=BOOL)

COLUMNS: tuple[Column, ...] = (
    Column(
        "settings_osu", SETTINGS,
        "Difficulty settings: health drain, circle size (mania: number of keys), overall difficulty, approach rate "
        "(the overall difficulty where the file gives none), slider speed in 100 osu! pixels a beat, slider ticks a "
        "beat, stack leniency. Defaults and clamps as the game applies them.",
        "ppy/osu LegacyBeatmapDecoder.applyDifficultyRestrictions",
    ),
    Column(
        "notes_osu", NOTES,
        "What only osu! says of each note, same order as `notes`: the file's own new-combo bit and number of combo "
        "colours skipped (the game also starts a combo at the first object and after a spinner), hitsound bits "
        "(2 whistle, 4 finish, 8 clap), how often a slider's path is run through (0: no slider), the length of that "
        "path in osu! pixels (NaN: no slider, or the file leaves it to the curve), and whether a taiko note is big.",
        "osu! file format, [HitObjects]",
        profile="maps",
    ),
)  # fmt: skip
"""Own columns, composed with the core ones by `schema.chart_columns`."""
