"""The core columns of every dataset: one declaration each, with type, unit, meaning and policy profile.

A game adds its own in ``games/<game>/columns.py``; `chart_columns` composes both. One name has one type in all games.
The card's column table, the Hugging Face features and the null columns of a game that lacks something all come from
these declarations. What a column is, `rhythm_maps.columns` says.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from rhythm_maps.columns import BOOL, DATE, F32, F64, I32, I64, STR, TIMESTAMP, Column, lists, struct

SCHEMA_VERSION = "1.0.0"
"""Version of the columns; a renamed, dropped or re-defined column raises the first number."""

NOTE_KINDS = ("tap", "hold", "slide", "roll", "spin")
"""The class labels of ``notes.kind``; a note stores the index."""
TAP, HOLD, SLIDE, ROLL, SPIN = range(5)

TEMPO = lists(time_s=F64, beat_length_s=F64, meter=I32, omit_first_bar=BOOL)
BEATS = lists(time_s=F64, position=I32)
NOTES = lists(time_s=F64, end_s=F64, beat=F64, kind=pa.int64(), lane=I32, x=F32, y=F32)
STARS = lists(rate=F32, stars=F32)
VOTES = struct(up=I64, down=I64, score=F64, as_of=DATE)
RIGHTS = struct(
    source=STR,
    terms_url=STR,
    basis=STR,
    permission_ref=STR,
    download_disabled=BOOL,
    declared_ai=STR,
    opt_out=BOOL,
    official=BOOL,
    obtained_at=TIMESTAMP,
)
AUDIO = struct(bytes=pa.binary(), path=STR)

_SHARED_IDS = (
    Column("group_id", STR, "Group of mapsets that share a song, an audio file or a chart file; never in two splits."),
    Column("song_key", STR, "Normalised artist and title; empty when the source names neither.", "rhythm_maps.songs"),
)
_SHARED_TIME = (
    Column(
        "tempo",
        TEMPO,
        "Tempo segments: start, length of a beat, beats in a bar (null where the source states none), and whether the "
        "first bar line is hidden.",
    ),
    Column(
        "tempo_bpm", F64, "Main tempo in beats a minute, by the game's own rule; null without tempo.", nullable=True
    ),
    Column(
        "beats",
        BEATS,
        "The beat grid on the game's clock and each beat's position in its bar: 1 is a downbeat, 0 means that the "
        "source states no metre. From the first tempo point (or the first object before it) to the end of the audio, "
        "else one bar past the last object; never below 0 s; at most 100,000.",
        "rhythm_maps.timeline",
    ),
    Column("has_downbeats", BOOL, "The source states a metre, so that positions mean something."),
    Column(
        "labelled_start_s",
        F64,
        "First note within 10 ms of a quarter of a beat: from here on objects confirm the grid; null without one.",
        "rhythm_maps.timeline",
        nullable=True,
    ),
    Column("labelled_end_s", F64, "Last such note; null without one.", "rhythm_maps.timeline", nullable=True),
    Column(
        "timing_quality",
        STR,
        "single: one tempo segment; sparse: segments at least 5 s apart; dense: some are closer; gimmick: a beat "
        "length outside 6 to 60,000 ms, or beats cut off at the cap; none: no tempo. Null where a game does not say.",
        "rhythm_maps.timeline",
        nullable=True,
    ),
)
_RIGHTS = Column(
    "rights",
    RIGHTS,
    "Where the content came from and the terms that govern it; basis and permission_ref: on what ground it is "
    "published, and 16 hex of the sha256 of the line that says so in the publisher's list of permissions; "
    "download_disabled and declared_ai: what its source says of downloads and of how it was made (null: nothing); "
    "opt_out: its file asks not to be used (`robots: disallow`), or its source says that it was deleted; "
    "official: a level of the game itself; obtained_at: when it was fetched, null for local files. A recording has the "
    "strictest of its charts.",
    profile="public",
)
_WARNINGS = Column(
    "warnings",
    pa.list_(STR),
    "Codes of what was repaired or left out, with a count after ':' where there can be several, and the number of the "
    "first such line after '@' where it is a line of a file.",
    profile="public",
)

CHARTS: tuple[Column, ...] = (
    Column(
        "chart_id",
        STR,
        "Id of the chart: the game's own (osu!: md5 of the file; Beat Saber: map hash/mode/difficulty).",
    ),
    Column("mapset_id", STR, "Id of the mapset: the game's own, else 'sha256:' and 16 hex of its content digest."),
    Column(
        "track_id",
        STR,
        "sha256 of the audio file's bytes: joins charts, beats, tracks and tokens; null without audio.",
        nullable=True,
    ),
    *_SHARED_IDS,
    Column("game", STR, "The game: osu, beat_saber, ..."),
    Column("mode", STR, "Mode of the game: osu, taiko, catch, mania; in Beat Saber the characteristic."),
    Column("file_name", STR, "Name of the chart's file inside its mapset."),
    Column("file_sha256", STR, "sha256 of the chart file's bytes."),
    Column("format_version", STR, "Version of the file format as the file states it."),
    Column("beatmap_id", I64, "osu! website's id of the chart; null when it has none.", nullable=True),
    Column("beatmapset_id", I64, "osu! website's id of the mapset; null when it has none.", nullable=True),
    Column(
        "beatsaver_id",
        STR,
        "BeatSaver's id (key) of the map: by BeatSaver's own facts, else by a folder or archive that is named as "
        "BeatSaver names downloads, with this song's title; null elsewhere.",
        nullable=True,
    ),
    Column("title", STR, "Song title, romanised where the source keeps both."),
    Column("artist", STR, "Song artist, romanised where the source keeps both."),
    Column("title_unicode", STR, "Song title in its own script; the title where the source keeps one only."),
    Column("artist_unicode", STR, "Song artist in its own script; the artist where the source keeps one only."),
    Column("subtitle", STR, "Song sub-title; empty where the game has none."),
    Column("source", STR, "Work the song comes from, as the mapper says; empty where unknown."),
    Column("tags", pa.list_(STR), "The mapper's search tags."),
    Column("difficulty", STR, "Name of the difficulty."),
    Column(
        "difficulty_rank",
        I32,
        "Rank of the difficulty where the game has fixed ones (Beat Saber 1 3 5 7 9).",
        nullable=True,
    ),
    Column("label", STR, "The mapper's own label of the difficulty.", nullable=True),
    Column("mappers", pa.list_(STR), "Who made the chart, as the file says."),
    Column("preview_s", F64, "Start of the song preview in seconds; null when not set.", nullable=True),
    Column("background", STR, "File name of the background picture; null without one.", nullable=True),
    Column("video", STR, "File name of the background video; null without one.", nullable=True),
    Column("cover", STR, "File name of the cover picture; null where the game has none.", nullable=True),
    Column(
        "has_storyboard",
        BOOL,
        "The chart's file holds a storyboard; null where the game has none.",
        nullable=True,
    ),
    Column("lighters", pa.list_(STR), "Who made its lights, as the file says; null elsewhere.", nullable=True),
    Column("environment", STR, "Name of the scene it plays in; null where the game has none.", nullable=True),
    Column("requirements", pa.list_(STR), "Mods it needs, as the file says; null elsewhere.", nullable=True),
    Column("suggestions", pa.list_(STR), "Mods it is better with, as the file says; null elsewhere.", nullable=True),
    Column("modded", BOOL, "It needs a mod, as the file says; null in games without mods.", nullable=True),
    Column("in_bounds", BOOL, "No object stands where only a mod can put it; null elsewhere.", nullable=True),
    Column(
        "declared_ai",
        BOOL,
        "Its source declares it AI-made (rights.declared_ai says how), or a generator is credited as its mapper; null "
        "where neither is said.",
        nullable=True,
    ),
    Column("keys", I32, "Number of columns of a mania chart; null elsewhere.", nullable=True),
    Column("njs", F64, "Beat Saber's note jump speed in metres a second; null elsewhere.", nullable=True),
    Column(
        "status",
        STR,
        "Standing on the game's website: ranked, approved, qualified, loved, pending, unsubmitted, unknown; BeatSaver: "
        "ranked, qualified (by ScoreSaber or BeatLeader), published, wip, deleted; null where no source says.",
        nullable=True,
    ),
    Column(
        "ranked_by", pa.list_(STR), "Who ranks it: ScoreSaber, BeatLeader; null where no source says.", nullable=True
    ),
    Column("curated", BOOL, "A curator of the website chose it; null where no source says.", nullable=True),
    Column("status_as_of", DATE, "Day on which the source last looked the status up.", nullable=True),
    Column("stars", F32, "Star rating without mods; null where no source says and it was not computed.", nullable=True),
    Column("stars_by_rate", STARS, "Star rating at several rates of play, slowest first.", nullable=True),
    Column("stars_source", STR, "What the stars come from, with its version.", nullable=True),
    Column("submitted_at", TIMESTAMP, "When the mapset was first published on the website.", nullable=True),
    Column("year", I32, "Year of submitted_at.", nullable=True),
    Column(
        "votes",
        VOTES,
        "Votes for and against the mapset on the website, the score that the website makes of them (0 to 1), and the "
        "day of the count where it is known.",
        nullable=True,
    ),
    Column("rating", F64, "votes.score as a column of its own, so that it can be filtered.", nullable=True),
    *_SHARED_TIME[:2],
    Column("tempo_min_bpm", F64, "Slowest tempo in beats a minute.", nullable=True),
    Column("tempo_max_bpm", F64, "Fastest tempo in beats a minute.", nullable=True),
    *_SHARED_TIME[2:],
    Column(
        "notes",
        NOTES,
        "What the player is scored on, sorted stably by time: start and end on the game's clock (equal where nothing "
        "is held), beat, kind, lane (-1 where the mode has none) and position (NaN where the mode has none).",
        profile="maps",
        labels={"kind": NOTE_KINDS},
    ),
    Column("n_notes", I32, "Number of notes."),
    Column("first_object_s", F64, "Start of the first note; null without notes.", nullable=True),
    Column("last_object_s", F64, "End of the last note to end; null without notes.", nullable=True),
    Column("length_s", F64, "From the first note's start to the last note's end; 0 without notes."),
    Column("nps", F64, "Notes a second, by the game's own rule; 0 where the length is 0."),
    Column("max_score", I64, "Highest score the game gives for it; null where it has no such number.", nullable=True),
    _RIGHTS,
    _WARNINGS,
)

BEATS_CONFIG: tuple[Column, ...] = (
    Column("track_id", STR, "sha256 of the audio file's bytes."),
    *_SHARED_IDS,
    Column("file_name", STR, "Name of the audio file inside its mapset (its first one, by sorted path)."),
    Column(
        "duration_s",
        F64,
        "Length of the audio file in seconds. It ends at duration_s + timeline_shift_s on the game's clock.",
        "soundfile",
    ),
    Column(
        "duration_source",
        STR,
        "header: what the file's headers say (of an MP3 without a tag its frames are counted); decoded: what could be "
        "decoded.",
    ),
    Column("sampling_rate", I32, "Samples a second.", "soundfile.info"),
    Column("channels", I32, "Number of channels.", "soundfile.info"),
    Column("codec", STR, "Audio codec, lower case: vorbis, mp3, pcm_16, flac, ...", "soundfile.info"),
    Column("bitrate_kbps", F64, "Size of the file over its duration, in kilobits a second.", nullable=True),
    Column(
        "audio_status",
        STR,
        "ok; truncated: the file has more than can be decoded; damaged: some samples are no numbers and count as 0; "
        "silent: every sample is 0; unreadable: its header can be read and no sample can; unchecked: only the header "
        "was read (decode_audio decodes).",
    ),
    Column(
        "timeline_shift_s",
        F64,
        "game time = sample / sampling_rate + timeline_shift_s, of samples as soundfile gives them: positive is "
        "silence to put in front, negative is dropped. osu! starts some MP3s elsewhere than other decoders do; 0 for "
        "all else.",
        "BASS 2.4, which osu! ships, measured",
    ),
    Column(
        "clock_rule",
        STR,
        "Why: none (no MP3, or a game without such a rule), no_tag, delay (the tag's delay is cut), no_delay and "
        "wrong_size (the tag has none, or is not believed), vbri.",
        "rhythm_maps.audio.mp3_clock",
    ),
    Column("title", STR, "Song title, of the chart that gives the beats."),
    Column("artist", STR, "Song artist, of the chart that gives the beats."),
    *_SHARED_TIME,
    Column(
        "beats_agreement",
        F32,
        "Share of the recording's charts whose tempo segments equal these within 2 ms. The grid is the one that most "
        "charts share, then the one with most objects, then the one of the lowest chart_id.",
    ),
    Column("n_charts", I32, "Number of charts of this build made for the recording."),
    Column("chart_ids", pa.list_(STR), "Their ids, sorted."),
    Column("games", pa.list_(STR), "Games that have charts for the recording."),
    Column("audio_md5", STR, "md5 of the audio file's bytes, as other tools name recordings."),
    Column(
        "loudness",
        F32,
        "Peak RMS of windows of 250 ms of the mean of the channels, 1 is full scale; null where audio_status is "
        "unchecked.",
        "EncHF_Dataset's measure",
        nullable=True,
    ),
    _RIGHTS,
    _WARNINGS,
)

TRACKS: tuple[Column, ...] = (
    *BEATS_CONFIG,
    Column("audio", AUDIO, "The audio file's own bytes and '<track_id>.<ext>'.", profile="audio", audio=True),
)

CONDITIONING = lists(beat_phase=F32, bar_phase=F32, tempo_bpm=F32, is_beat=F32, is_downbeat=F32, rms_db=F32)
SIDECAR = pa.struct(
    [
        *lists(name=STR, unit=STR, description=STR, minimum=F32, maximum=F32, mean=F32, std=F32),
        pa.field("values", pa.list_(pa.list_(F32))),
    ]
)
SIGNAL = struct(mono=STR, resampler=STR, target_rms=F64, gain_db=F64, timeline=STR)

TOKENS: tuple[Column, ...] = (
    Column(
        "track_id",
        STR,
        "sha256 of the audio file's bytes: joins charts, beats, tracks and tokens; null for a token file.",
        nullable=True,
    ),
    Column("group_id", STR, "As in charts; null where no maps were read.", nullable=True),
    Column(
        "path",
        STR,
        "Path of the token file below its root, '/' between folders, without suffix; null where tokens were made.",
        nullable=True,
    ),
    Column(
        "codes",
        pa.list_(pa.list_(pa.uint16())),
        "Codes [n_q][frames], coarsest codebook first. Frame i stands for the samples hop * i to hop * (i + 1) - 1.",
        "github.com/facebookresearch/encodec",
        profile="tokens",
    ),
    Column("n_q", I32, "Number of codebooks."),
    Column("frames", I32, "Number of frames: samples / hop, rounded up."),
    Column("hop", I32, "Samples a frame."),
    Column("sampling_rate", I32, "Samples a second of the codec."),
    Column("frame_rate", F64, "Frames a second: sampling_rate / hop."),
    Column("bandwidth_kbps", F64, "Bit rate of the codes: n_q * 10 bits a frame, in kilobits a second."),
    Column("model", STR, "Name of the codec's model."),
    Column("model_sha256", STR, "sha256 of its weights; null where a token file does not say.", nullable=True),
    Column(
        "weights",
        STR,
        "pretrained: the published ones; file: a file of the user; calibrated: made up, for tests, and no good for "
        "audio. Null where a token file does not say.",
        nullable=True,
    ),
    Column(
        "signal",
        SIGNAL,
        "What was done to the audio: how channels became one, the resampler, the loudness aimed at (null: gain off), "
        "the gain in dB, and whose timeline the samples are on (game or file). Null where a token file does not say.",
        nullable=True,
    ),
    Column("duration_s", F64, "Length in seconds of what was encoded."),
    Column(
        "conditioning",
        CONDITIONING,
        "One entry a frame: where it stands in its beat and bar (0 to 1), tempo, whether a beat or downbeat falls into "
        "it, and the loudness of the codec's input in dB. Null where a token file came without a map.",
        "the frame of an event at t seconds is round_half_even(t * sampling_rate) // hop",
        nullable=True,
    ),
    Column(
        "sidecar",
        SIDECAR,
        "One entry a feature of the user's own, with [feature][frame] values: name, unit, description, the range and "
        "the statistics that its file states (null where it states none).",
    ),
    _RIGHTS,
    _WARNINGS,
)


def chart_columns(own: Sequence[Column]) -> tuple[Column, ...]:
    """Compose the columns of a game's charts: the core ones, with the game's own before the counts.

    Raises:
        ValueError: a game re-declares a core column.
    """
    core = {column.name for column in CHARTS}
    clash = [column.name for column in own if column.name in core]
    if clash:
        raise ValueError(f"core columns declared again by a game: {', '.join(clash)}")
    at = next(i for i, column in enumerate(CHARTS) if column.name == "n_notes")
    return CHARTS[:at] + tuple(own) + CHARTS[at:]
