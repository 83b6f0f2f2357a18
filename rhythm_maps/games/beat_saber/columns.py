"""Beat Saber's own chart columns, declared once: type, unit, meaning, origin and policy profile."""

from __future__ import annotations

from rhythm_maps.columns import BOOL, F32, F64, I32, I64, Column, lists, struct
from rhythm_maps.games.beat_saber.objects import FAKE_KINDS, LIGHT_KINDS

NOTES_BEAT_SABER = lists(color=I32, direction=I32, angle_offset=I32, rotation=F64)
BOMBS = lists(time_s=F64, beat=F64, x=F32, y=F32, rotation=F64)
WALLS = lists(time_s=F64, end_s=F64, beat=F64, end_beat=F64, x=F32, y=F32, width=F32, height=F32, rotation=F64)
ARCS = lists(
    **dict.fromkeys(("time_s", "end_s", "beat", "end_beat"), F64),
    **dict.fromkeys(("color", "direction", "tail_direction", "mid_anchor"), I32),
    **dict.fromkeys(("x", "y", "tail_x", "tail_y"), F32),
    **dict.fromkeys(("multiplier", "tail_multiplier", "rotation", "tail_rotation"), F64),
)
CHAINS = lists(
    **dict.fromkeys(("time_s", "end_s", "beat", "end_beat"), F64),
    **dict.fromkeys(("color", "direction", "slices"), I32),
    **dict.fromkeys(("x", "y", "tail_x", "tail_y"), F32),
    **dict.fromkeys(("squish", "rotation", "tail_rotation"), F64),
)
ROTATIONS = lists(time_s=F64, beat=F64, late=BOOL, degrees=F64)
NJS_EVENTS = lists(time_s=F64, beat=F64, use_previous=I32, easing=I32, relative_njs=F64)
BPM_EVENTS = lists(time_s=F64, beat=F64, bpm=F64)
FAKES = lists(
    **dict.fromkeys(("time_s", "end_s", "beat", "end_beat"), F64),
    kind=I64,
    **dict.fromkeys(("color", "direction"), I32),
    **dict.fromkeys(("x", "y", "width", "height"), F32),
)
LIGHTS = lists(time_s=F64, beat=F64, kind=I64, type=I32, value=I32, float_value=F64, boxes=I32, events=I32)
SETTINGS = struct(
    njs_offset=F64,
    half_jump_beats=F64,
    reaction_time_s=F64,
    jump_distance=F64,
    song_time_offset_s=F64,
    shuffle=F64,
    shuffle_period=F64,
)
SWINGS = struct(left=F64, right=F64)

_WIKI = "bsmg wiki map-format; checked against bsmap"

COLUMNS: tuple[Column, ...] = (
    Column(
        "settings_beat_saber",
        SETTINGS,
        "The mapper's offset to the half jump and the half jump itself in beats, the time from a note's appearance to "
        "its cut in seconds, the way in metres it covers at njs; what early game versions shifted the song by in "
        "seconds and their swing (shuffle, in parts of shuffle_period beats): stated, never applied to times.",
        "bsmg wiki; bsmap njs.ts",
    ),
    Column(
        "notes_beat_saber",
        NOTES_BEAT_SABER,
        "Same length and order as notes: colour (0 left/red, 1 right/blue), cut direction (0 up, 1 down, "
        "2 left, 3 right, 4 up-left, 5 up-right, 6 down-left, 7 down-right, 8 any; 1000 and more are a mod's precise "
        "angles) and angle offset in degrees counter-clockwise, all as stored; rotation of the lane in degrees "
        "clockwise, the same whether rotation events (format 2, 3) or the note itself (4) says it.",
        _WIKI,
        profile="maps",
    ),
    Column(
        "bombs",
        BOMBS,
        "Bombs, sorted stably by time: seconds, beat as stored, column from left and row from bottom, rotation of "
        "the lane in degrees clockwise.",
        _WIKI,
        profile="maps",
    ),
    Column(
        "walls",
        WALLS,
        "Walls, sorted stably by start: start and end in seconds and beats (an end before the start stands as "
        "the mapper wrote it), left column, lowest row, width and height in cells; a mod's precise values as given; "
        "rotation of the lane at the start in degrees clockwise.",
        "bsmg wiki map-format; v2 wall types as the game converts them; checked against bsmap",
        profile="maps",
    ),
    Column(
        "arcs",
        ARCS,
        "Arcs, sorted stably by head: head and tail in seconds and beats, colour, each end's column, row, cut "
        "direction and control point multiplier, mid anchor mode (0 straight, 1 clockwise, 2 counter-clockwise), and "
        "the lane's rotation in degrees clockwise. Never scored by themselves.",
        _WIKI,
        profile="maps",
    ),
    Column(
        "chains",
        CHAINS,
        "Chains, sorted stably by head: head and tail in seconds and beats, colour, the head's column, row and cut "
        "direction, the tail's column and row, number of slices with the head, squish (how much of the way the links "
        "fill), and the lane's rotation in degrees clockwise. The head is also in notes.",
        _WIKI,
        profile="maps",
    ),
    Column(
        "rotations",
        ROTATIONS,
        "Rotation events, sorted stably: seconds, beat, whether it turns only what comes later (late) or also what "
        "stands at its beat, degrees clockwise by which it turns further. Format 4.1 has none; objects say it.",
        "bsmg wiki map-format; values from 1000 on by Mapping Extensions",
        profile="maps",
    ),
    Column(
        "njs_events",
        NJS_EVENTS,
        "Changes of the note jump speed (format 4.1), sorted stably: seconds, beat, 1 where the previous value is "
        "kept, easing, and the difference to njs in metres a second.",
        _WIKI,
        profile="maps",
    ),
    Column(
        "bpm_events",
        BPM_EVENTS,
        "The tempo changes that the file states for the game (with a level of format 4 the regions of its audio data), "
        "sorted stably, values as they stand; tempo is what they come to.",
        "bsmg wiki map-format",
    ),
    Column(
        "fakes",
        FAKES,
        "What is shown and never counts, sorted stably: fake objects of the mod Noodle Extensions, and ghost notes "
        "(format 2, a type the game does not spawn; colour is that type). Start and end in seconds and beats, what it "
        "would be, colour and cut direction (-1 where it has none), column, row, width and height (NaN but for walls).",
        "Noodle Extensions' documentation; BeatSaver's parser",
        profile="maps",
        labels={"kind": FAKE_KINDS},
    ),
    Column(
        "lights",
        LIGHTS,
        "Lights, sorted stably by time; null unless they were asked for (include_lights). Basic events: their type and "
        "value as stored, brightness in float_value (1 where format 2 states none). Colour boosts: type 5, value 1 on, "
        "0 off. Groups of event boxes (formats 3 and 4), counted and not unfolded: group id in type, number of boxes, "
        "events in them; value 0, float_value NaN. boxes is 0 and events 1 for the first two.",
        "bsmg wiki map-format; brightness by bsmap",
        profile="maps",
        nullable=True,
        labels={"kind": LIGHT_KINDS},
    ),
    Column(
        "swings_per_s",
        SWINGS,
        "Swings of each hand a second of length_s; 0 where that is 0. Notes of a colour within 0.07 s are one swing "
        "unless they stand in one place or point apart.",
        "bsmap swing.ts",
    ),
    Column(
        "parity_warnings",
        I32,
        "Swings of both hands that a hand reaches from the wrong side when it cuts forehand and backhand in turn.",
        "rhythm_maps.games.beat_saber.swings",
    ),
)
