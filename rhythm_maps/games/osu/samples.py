"""The osu! half of the sample pack: seven generated mapsets over all four modes, and the database that knows them.

Everything is made up here: music, titles, names and patterns. Objects stand on the beats of the tempo that
the music was rendered from, rounded to milliseconds as the editor does. Website ids lie far above any that
osu! has given out. One chart names an audio file that is not there, so that a build of the pack shows a
reject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rhythm_maps.audio.synth import Samples, Segment, encode_mp3, encode_ogg, encode_wav, render, steps
from rhythm_maps.files.zips import write_zip
from rhythm_maps.games.base import Sample
from rhythm_maps.games.osu.sample_library import Entry, write_database
from rhythm_maps.games.osu.sample_objects import (
    CATCH,
    MANIA,
    STANDARD,
    TAIKO,
    Chart,
    Names,
    Pattern,
    Song,
    Speed,
    ms,
    objects,
    scroll_of,
)

_MAPPER = "Example Mapper"
_SETTINGS = (
    "HPDrainRate",
    "CircleSize",
    "OverallDifficulty",
    "ApproachRate",
    "SliderMultiplier",
    "SliderTickRate",
)
_STATUS = {900_000_001: 4, 900_000_002: 5, 900_000_004: 7, 900_000_005: 4, 900_000_007: 2, -1: 1}
"""Website id of a mapset -> its status in the sample's `osu!.db`: ranked, approved, loved, ranked, pending, none."""
_COLOURS = ("255,192,0", "0,202,0", "18,124,255", "242,24,57")
_BACKGROUND = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da633070480000017400d150cf31be0000000049454e44ae426082"
)
"""A PNG of one blue pixel."""


class _Mapset(NamedTuple):
    """One archive: its file name, website id (-1 for none), charts, and songs whose audio is left out."""

    file_name: str
    set_id: int
    charts: tuple[Chart, ...]
    absent: tuple[Song, ...] = ()


def mapsets() -> Iterator[Sample]:
    """Generate the seven ``.osz`` archives and the database that knows them, with the same bytes on one machine.

    Raises:
        BuildError: the libsndfile at hand cannot encode the music.
    """
    for mapset in _CATALOGUE:
        yield Sample(mapset.file_name, _archive(mapset))
    entries = [
        Entry(data, chart.mode, _STATUS[mapset.set_id], chart.beatmap_id, mapset.set_id, 0.7 * chart.settings[2])
        for mapset in _CATALOGUE
        for chart, data in zip(mapset.charts, _charts(mapset).values(), strict=True)
    ]
    yield Sample("osu!.db", write_database(entries))


def _charts(mapset: _Mapset) -> dict[str, bytes]:
    """Write a mapset's charts: member name -> text, in the catalogue's order."""
    members = {}
    for seed, chart in enumerate(mapset.charts):
        names = chart.names
        stem = f"{names.artist or 'Unknown'} - {names.title or 'Unknown'} ({_MAPPER}) [{chart.difficulty}]"
        members[f"{stem}.osu"] = _chart_text(chart, mapset.set_id, seed)
    return members


def _archive(mapset: _Mapset) -> bytes:
    """Write a mapset's charts, songs and background into a zip; audio is stored, it does not deflate."""
    members = {"bg.png": _BACKGROUND, **_charts(mapset)}
    songs = {chart.song.file: chart.song for chart in mapset.charts if chart.song not in mapset.absent}
    members |= {name: _audio(song) for name, song in songs.items()}
    return write_zip(members, stored=[name for name in songs if not name.endswith(".wav")])


def _audio(song: Song) -> bytes:
    """Play and encode a song; the WAV is mono at half the rate, to be different and small."""
    suffix = song.file.rpartition(".")[2]
    rate = 22_050 if suffix == "wav" else 44_100
    music = render(song.tempo, song.seconds, rate, song.seed)
    if suffix == "wav":
        return encode_wav(np.asarray(music.mean(axis=1, keepdims=True), np.float32), rate)
    encode: Callable[[Samples, int], bytes] = encode_mp3 if suffix == "mp3" else encode_ogg
    return encode(music, rate)


# --- text -----------------------------------------------------------------------------------------


def _chart_text(chart: Chart, set_id: int, seed: int) -> bytes:
    """Write one ``.osu`` file: sections in the order and spelling of the editor, lines ending in CR LF."""
    rng = np.random.default_rng([chart.song.seed, chart.mode, seed])
    scroll = scroll_of(chart)
    rest = chart.pattern.rest_s
    bookmarks = ",".join(str(ms(speed.start_s)) for speed in scroll if speed.kiai)
    lines = [f"osu file format v{chart.version}", "", "[General]", *_general(chart), "", "[Editor]"]
    lines += [f"Bookmarks: {bookmarks}", "DistanceSpacing: 1.2", "BeatDivisor: 4", "GridSize: 8", ""]
    lines += ["[Metadata]", *_metadata(chart, set_id), "", "[Difficulty]", *_difficulty(chart), ""]
    lines += ["[Events]", "//Background and Video events", '0,0,"bg.png",0,0', "//Break Periods"]
    lines += [f"2,{ms(rest[0])},{ms(rest[1])}"] if rest else []
    lines += ["", "[TimingPoints]", *_timing_points(chart, scroll), ""]
    if chart.mode in {STANDARD, CATCH}:
        lines += ["[Colours]", *(f"Combo{i} : {rgb}" for i, rgb in enumerate(_COLOURS, 1)), ""]
    lines += ["[HitObjects]", *objects(chart, scroll, rng), ""]
    return "\r\n".join(lines).encode()


def _general(chart: Chart) -> list[str]:
    """Return the lines of [General]; the preview starts at the second bar."""
    grid = steps(chart.song.tempo, chart.song.seconds)
    preview = ms(float(grid.time_s[grid.position == 1][1]))
    values = {
        "AudioFilename": chart.song.file,
        "AudioLeadIn": 0,
        "PreviewTime": preview,
        "Countdown": 0,
        "SampleSet": "Soft",
        "StackLeniency": "0.7",
        "Mode": chart.mode,
        "LetterboxInBreaks": 0,
    }
    return [f"{key}: {value}" for key, value in values.items()]


def _metadata(chart: Chart, set_id: int) -> list[str]:
    """Return the lines of [Metadata]; Unicode names and ids came with format 10."""
    names = chart.names
    fields = {"Title": names.title, "TitleUnicode": names.title_unicode, "Artist": names.artist}
    fields |= {"ArtistUnicode": names.artist_unicode, "Creator": _MAPPER, "Version": chart.difficulty}
    fields |= {"Source": names.source, "Tags": "generated sample rhythm-maps"}
    fields |= {"BeatmapID": str(chart.beatmap_id), "BeatmapSetID": str(set_id)}
    if chart.version < 10:
        fields = {key: value for key, value in fields.items() if not key.endswith(("Unicode", "ID"))}
    return [f"{key}:{value}" for key, value in fields.items()]


def _difficulty(chart: Chart) -> list[str]:
    """Return the lines of [Difficulty]."""
    return [f"{key}:{value:g}" for key, value in zip(_SETTINGS, chart.settings, strict=True)]


def _timing_points(chart: Chart, scroll: list[Speed]) -> list[str]:
    """Return [TimingPoints]: time, beat length, metre, set, index, volume, uninherited, effects."""
    points = [(s.start_s, 1, f"{s.beat_length_s * 1000:.15g},{s.meter},2,0,60,1,0") for s in chart.song.tempo]
    for speed in scroll:
        meter = [s.meter for s in chart.song.tempo if s.start_s <= speed.start_s][-1]
        points.append((speed.start_s, 0, f"{-100 / speed.velocity:.15g},{meter},2,0,60,0,{int(speed.kiai)}"))
    points.sort(key=lambda point: (ms(point[0]), -point[1]))
    return [f"{ms(start)},{rest}" for start, _, rest in points]


# --- catalogue ------------------------------------------------------------------------------------


def _plain(artist: str, title: str, source: str = "") -> Names:
    """Return names that are the same in both scripts."""
    return Names(artist, title, artist, title, source)


def _duo(title: str) -> Names:
    """Return names of a song of the mapset that holds several."""
    return _plain("Example Duo", title)


_FIRST_LIGHT = Song("audio.ogg", (Segment(0.45, 0.5),), 26.0, 1)
_LANTERNS = Song("audio.mp3", (Segment(0.6, 3 / 7), Segment(12.6, 3 / 7, 3)), 24.0, 2)
_ROOFS = Song("rain.ogg", (Segment(0.12, 60 / 174),), 24.0, 3)
_ORCHARD = Song("orchard.wav", (Segment(0.3, 0.6), Segment(9.9, 0.4)), 20.0, 4)
_CLOCK = Song("audio.ogg", (Segment(1.0, 60 / 155),), 26.0, 5)
_RAINY_DAY = Song("audio.ogg", (Segment(0.0, 0.3),), 22.0, 6)
_LEFT = Song("left bank.ogg", (Segment(0.05, 0.46875),), 20.0, 7)
_RIGHT = Song("right bank.mp3", (Segment(0.25, 0.625, 3),), 22.0, 8)
_LOST = Song("lost tape.ogg", (Segment(0.0, 0.5),), 20.0, 9)

_LANTERN_NAMES = _plain("Example Artist", "Paper Lanterns", "Made-up Festival")
_CLOCK_NAMES = Names("Sample Gakudan", "Tokei no Umi", "サンプル楽団", "時計の海")
_CHOIR_NAMES = Names("", "", "見本合唱団", "雨の日のサンプル")
_EASY, _HARD = (3, 3, 3, 4, 1.2, 1), (5.5, 4, 8, 9, 1.8, 2)
_RELAXED = Pattern(off_beat=0.65, spacing=70, long=0.2)
_STREAMS = Pattern(off_beat=0.7, stream=0.25, spacing=150, long=0.15, speeds=(1.0, 1.2), spin=True)
_REST = Pattern(off_beat=0.8, speeds=(1.0, 1.25, 0.75), spin=True, rest_s=(10.45, 13.45))
_DRUMS = Pattern(stream=0.2, long=0.06, speeds=(1.0, 1.1), spin=True)
_FRUIT = Pattern(off_beat=0.8, stream=0.15, spacing=110, long=0.15, spin=True)
_SEVEN = Pattern(off_beat=0.7, stream=0.1, long=0.2, keys=7)
_FOUR, _FOUR_FAST = Pattern(off_beat=0.4), Pattern(off_beat=0.8, stream=0.3)

# fmt: off
_CATALOGUE = (
    _Mapset("900000001 Example Artist - First Light.osz", 900_000_001, (
        Chart("Normal", STANDARD, _FIRST_LIGHT, _plain("Example Artist", "First Light"), _REST,
              (4, 4, 5, 6, 1.4, 1), 900_000_101),
    )),
    _Mapset("900000002 Example Artist - Paper Lanterns.osz", 900_000_002, (
        Chart("Easy", STANDARD, _LANTERNS, _LANTERN_NAMES, _RELAXED, _EASY, 900_000_102),
        Chart("Insane", STANDARD, _LANTERNS, _LANTERN_NAMES, _STREAMS, _HARD, 900_000_103, version=128),
    )),
    _Mapset("Example Drummers - Rain on Tin Roofs.osz", -1, (
        Chart("Oni", TAIKO, _ROOFS, _plain("Example Drummers", "Rain on Tin Roofs"), _DRUMS,
              (6, 5, 6, 5, 1.4, 1), version=9),
    )),
    _Mapset("900000004 Sample Grove - Orchard Road.osz", 900_000_004, (
        Chart("Rain", CATCH, _ORCHARD, _plain("Sample Grove", "Orchard Road"), _FRUIT,
              (5, 4, 8, 8, 1.6, 1), 900_000_104),
    )),
    _Mapset("900000005 Sample Gakudan - Tokei no Umi.osz", 900_000_005, (
        Chart("4K Normal", MANIA, _CLOCK, _CLOCK_NAMES, _FOUR, (7, 4, 7, 5, 1.4, 1), 900_000_105),
        Chart("4K Hyper", MANIA, _CLOCK, _CLOCK_NAMES, _FOUR_FAST, (8, 4, 8, 5, 1.4, 1), 900_000_106),
    )),
    _Mapset("Sample Choir - Rainy Day.osz", -1, (
        Chart("7K Another", MANIA, _RAINY_DAY, _CHOIR_NAMES, _SEVEN, (8, 7, 8, 5, 1.4, 1)),
    )),
    _Mapset("900000007 Example Duo - Two Banks.osz", 900_000_007, (
        Chart("Left Bank", STANDARD, _LEFT, _duo("Left Bank"), _RELAXED, _EASY, 900_000_107),
        Chart("Right Bank", STANDARD, _RIGHT, _duo("Right Bank"), _STREAMS, _HARD, 900_000_108),
        Chart("Lost Tape", STANDARD, _LOST, _duo("Lost Tape"), _RELAXED, _EASY, 900_000_109),
    ), absent=(_LOST,)),
)
# fmt: on
