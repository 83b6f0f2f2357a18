"""Writes osu!'s binary files the way stable does, value by value, so that tests read like the format."""

from __future__ import annotations

import lzma
import struct
from typing import Any

TICKS_2021 = 637_450_560_000_000_000  # 2021-01-01T00:00:00 UTC in 100 ns since the year 1
MD5 = "0123456789abcdef0123456789abcdef"


def byte(value: int) -> bytes:
    return struct.pack("<B", value)


def short(value: int) -> bytes:
    return struct.pack("<H", value & 0xFFFF)


def integer(value: int) -> bytes:
    return struct.pack("<i", value)


def long(value: int) -> bytes:
    return struct.pack("<q", value)


def single(value: float) -> bytes:
    return struct.pack("<f", value)


def double(value: float) -> bytes:
    return struct.pack("<d", value)


def uleb(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += byte(value & 0x7F | 0x80)
        value >>= 7
    return out + byte(value)


def text(value: str | None) -> bytes:
    if value is None:
        return b"\x00"
    raw = value.encode()
    return b"\x0b" + uleb(len(raw)) + raw


def stars(*pairs: tuple[int, float], tag: int = 0x0D) -> bytes:
    one = double if tag == 0x0D else single
    return integer(len(pairs)) + b"".join(b"\x08" + integer(m) + byte(tag) + one(s) for m, s in pairs)


def points(*rows: tuple[float, float, bool]) -> bytes:
    return integer(len(rows)) + b"".join(double(b) + double(t) + byte(red) for b, t, red in rows)


def beatmap(
    version: int,
    *,
    artist: str | None = "Camellia",
    md5: str = MD5,
    mode: int = 0,
    ratings: list[bytes] | None = None,
    timing: bytes | None = None,
    sized: bool | None = None,
) -> bytes:
    """One entry of osu!.db as a client of `version` writes it."""
    setting = byte if version < 20140609 else single
    body = b"".join([
        text(artist), text("かめりあ"), text("GHOST"), text(""), text("Mapper"), text("Hard"), text("audio.mp3"),
        text(md5), text("map.osu"),
        byte(4),  # ranked
        short(40_000), short(20), short(3),  # circles, sliders, spinners
        long(TICKS_2021),  # modified
        setting(9), setting(4), setting(6), setting(8),  # AR, CS, HP, OD
        double(1.4),  # slider multiplier
        *([] if version < 20140609 else (ratings or [stars((0, 5.25), (64, 7.5)), stars(), stars(), stars()])),
        integer(120), integer(125_000), integer(-1),  # drain s, length ms, preview ms
        timing if timing is not None else points((-100.0, -50.0, False), (500.0, 20.0, True), (-50.0, 900.0, False)),
        integer(1001), integer(2002), integer(3003),  # beatmap, beatmap set, thread
        byte(2), byte(9), byte(9), byte(0),  # grades: SS, none, none, silver SS
        short(-12),  # local offset
        single(0.7),  # stack leniency
        byte(mode),
        text("Game"), text("tag one"),
        short(-3),  # online offset
        text(None),  # title font
        byte(1), long(0), byte(0), text("1 Folder"), long(TICKS_2021),  # unplayed, last played, osz2, folder, checked
        byte(0), byte(1), byte(0), byte(7), byte(0),  # ignore sounds, ignore skin, no storyboard, no video, override
        *([short(77)] if version < 20140609 else []),
        integer(5), byte(30),  # unknown, mania scroll speed
    ])  # fmt: skip
    if sized is None:
        sized = version < 20191106
    return (integer(len(body)) if sized else b"") + body


def database(version: int, *beatmaps: bytes, count: int | None = None, permissions: int = 5) -> bytes:
    """A whole osu!.db."""
    head = integer(version) + integer(1) + byte(1) + long(0) + text("Player")
    return head + integer(len(beatmaps) if count is None else count) + b"".join(beatmaps) + integer(permissions)


def alone(plain: bytes) -> bytes:
    """LZMA data as osu! writes it."""
    return lzma.compress(plain, lzma.FORMAT_ALONE, preset=0)


FRAMES = b"0|256|-500|0,-1|256|-500|0,16|100.5|200.25|1,17|-3|384|21,-12345|0|0|4711,"


def score(
    version: int = 20210316,
    *,
    mode: int = 0,
    counts: tuple[int, ...] = (90, 5, 3, 20, 4, 2),
    mods: int = 0,
    life: str | None = "0|1,500|0.75,",
    replay: bytes | None = None,
    tail: bytes = b"",
) -> bytes:
    """One score; `tail` follows the online id."""
    online_id = [b"", integer(98), long(99)][(version >= 20121008) + (version >= 20140721)]
    return b"".join([
        byte(mode), integer(version), text(MD5), text("Player"), text("f" * 32),
        *(short(count) for count in counts),  # 300, 100, 50, geki, katu, miss
        integer(123_456), short(321), byte(0), integer(mods), text(life), long(TICKS_2021),
        integer(-1) if replay is None else integer(len(replay)) + replay,
        online_id, tail,
    ])  # fmt: skip


def osr(**options: Any) -> bytes:
    """A whole replay."""
    return score(**{"replay": alone(FRAMES), **options})


def scores_db(*beatmaps: tuple[str, list[bytes]], version: int = 20210316) -> bytes:
    body = b"".join(text(md5) + integer(len(plays)) + b"".join(plays) for md5, plays in beatmaps)
    return integer(version) + integer(len(beatmaps)) + body


def collection_db(*collections: tuple[str | None, list[str]], version: int = 20210316) -> bytes:
    body = b"".join(text(name) + integer(len(md5s)) + b"".join(map(text, md5s)) for name, md5s in collections)
    return integer(version) + integer(len(collections)) + body


def presence_db(*players: tuple[int, str | None], version: int = 20210316) -> bytes:
    body = b"".join(
        integer(number) + text(name) + byte(26) + byte(22) + byte(0b0110_0101) + single(4.5) + single(-51.25)
        + integer(1234) + long(TICKS_2021)
        for number, name in players
    )  # fmt: skip
    return integer(version) + integer(len(players)) + body
