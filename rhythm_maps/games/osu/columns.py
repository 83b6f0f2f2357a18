"""The chart columns that only osu! has."""

from __future__ import annotations

import pyarrow as pa

from rhythm_maps.columns import BOOL, F32, F64, I32, STR, Column, lists, struct

SETTINGS = struct(
    hp=F64, cs=F64, od=F64, ar=F64, slider_multiplier=F64, slider_tick_rate=F64, stack_leniency=F64
)  # fmt: skip
NOTES = lists(
    new_combo=BOOL, combo_skip=I32, hitsound=I32, sample_set=I32, addition_set=I32, volume=I32, spans=I32,
    length_px=F64, big=BOOL, raw_x=F32, raw_y=F32,
)  # fmt: skip
EDGES = lists(note=I32, time_s=F64, hitsound=I32, sample_set=I32, addition_set=I32)
CURVES = lists(note=I32, segment=I32, type=STR, x=F32, y=F32)
SCROLL = lists(time_s=F64, velocity=F64)
STRETCHES = lists(start_s=F64, end_s=F64)

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
        "(2 whistle, 4 finish, 8 clap), sample sets of the sound and of its additions (1 normal, 2 soft, 3 drum) and "
        "volume in percent as the file has them (0: as the timing point says; the game itself reads no volume of a "
        "slider), how often a slider's path is run through (0: no slider), the length of that path in osu! pixels "
        "(NaN: no slider, or the file leaves it to the curve), whether a taiko note is big, and the position in the "
        "file in osu! pixels in every mode (whole below version 128; a spinner stands in the middle wherever that is).",
        "osu! file format, [HitObjects]",
        profile="maps",
    ),
    Column(
        "edges", EDGES,
        "Edges of sliders, that is head, turns and tail, in order: index of the slider in `notes`, time, hitsound "
        "bits, and sample sets as the file has them (0: as the timing point says). Whole sliders up to 2,000,000 "
        "edges; warning edges_cut where more were left out.",
        "ppy/osu ConvertHitObjectParser, nodes",
        profile="maps",
    ),
    Column(
        "curves", CURVES,
        "Control points of sliders, one entry each, without the head (raw_x and raw_y of `notes_osu`): index of the "
        "slider in `notes`, number of the segment that a letter began, the segment's type (B Bezier, B4 B-spline of "
        "degree 4, L linear, P circle, C Catmull), position in osu! pixels. A segment goes on to the first point of "
        "the next one; two equal neighbours begin a new part of the same type.",
        "osu! file format, [HitObjects]; ppy/osu ConvertHitObjectParser.convertPathString",
        profile="maps",
    ),
    Column(
        "scroll", SCROLL,
        "Where slider velocity (osu, catch) or scroll speed (taiko, mania) changes, and to what; 1 before the first.",
        "ppy/osu LegacyBeatmapDecoder.handleTimingPoint",
    ),
    Column(
        "kiai", STRETCHES,
        "Stretches that the mapper marked as high points of the song; one that is never ended ends with the beats.",
        "osu! file format, [TimingPoints]",
    ),
    Column("breaks", STRETCHES, "Breaks in play as the file has them.", "osu! file format, [Events]"),
    Column(
        "colours", pa.list_(STR), "Combo colours as #rrggbb, in file order; empty where the skin decides.",
        "osu! file format, [Colours]",
    ),
    Column(
        "bookmarks_s", pa.list_(F64), "The mapper's bookmarks in the editor, in file order.",
        "osu! file format, [Editor]",
    ),
)  # fmt: skip
"""Own columns, composed with the core ones by `schema.chart_columns`."""
