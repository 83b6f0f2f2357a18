"""Beat Saber's own chart columns, declared once: type, unit, meaning, origin and policy profile."""

from __future__ import annotations

from rhythm_maps.schema import F32, F64, I32, Column, lists

NOTES_BEAT_SABER = lists(color=I32, direction=I32, angle_offset=I32)
BOMBS = lists(time_s=F64, beat=F64, x=F32, y=F32)
WALLS = lists(time_s=F64, end_s=F64, beat=F64, end_beat=F64, x=F32, y=F32, width=F32, height=F32)

COLUMNS: tuple[Column, ...] = (
    Column(
        "notes_beat_saber",
        NOTES_BEAT_SABER,
        "Same length and order as notes: colour (0 left/red, 1 right/blue), cut direction (0 up, 1 down, "
        "2 left, 3 right, 4 up-left, 5 up-right, 6 down-left, 7 down-right, 8 any; 1000 and more are a mod's precise "
        "angles) and angle offset in degrees counter-clockwise, all as stored.",
        "bsmg wiki map-format; checked against bsmap",
        profile="maps",
    ),
    Column(
        "bombs",
        BOMBS,
        "Bombs, sorted stably by time: seconds, beat as stored, column from left and row from bottom.",
        "bsmg wiki map-format; checked against bsmap",
        profile="maps",
    ),
    Column(
        "walls",
        WALLS,
        "Walls, sorted stably by start: start and end in seconds and beats (an end before the start stands as "
        "the mapper wrote it), left column, lowest row, width and height in cells; a mod's precise values as given.",
        "bsmg wiki map-format; v2 wall types as the game converts them; checked against bsmap",
        profile="maps",
    ),
)
