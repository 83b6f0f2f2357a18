"""A score as stable and lazer write it, alone in an `.osr` or by the thousand in `scores.db`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.osu.binary import Reader, open_reader
from rhythm_maps.games.osu.codes import COUNTS, TARGET_PRACTICE

LAZER = 30_000_000
"""First version that lazer gives to its scores (ppy/osu LegacyScoreEncoder.FIRST_LAZER_VERSION)."""
LONG_ID_SINCE, INT_ID_SINCE = 20140721, 20121008
"""First versions with an online id of 64 and of 32 bits; older scores have none."""

_SMALLEST = 45


@dataclass(frozen=True, slots=True)
class Score:
    """One score.

    Attributes:
        mode: number of the game mode.
        version: client version as a date; from `LAZER` on, lazer's own count.
        chart_id: md5 of the `.osu` file (None where absent).
        player: name of the player.
        replay_md5: the replay's own md5, as the client computed it (not one of the file's bytes).
        counts: the six counts by the names of `codes.COUNTS`; `codes.JUDGEMENTS` says what they are in each mode.
        score: total score.
        max_combo: highest combo.
        perfect: whether the combo was never broken.
        mods: bit field.
        life_bar: text "ms|life,..." with life from 0 to 1; None or empty where there is none (scores.db).
        played_at: when, in UTC.
        replay: compressed frames; None where the length is -1 (scores.db).
        online_id: number of the score on the server; 0 or -1 for none, None in versions before 2012-10-08.
        target_accuracy: total accuracy of Target Practice (stable only), else None.
    """

    mode: int
    version: int
    chart_id: str | None
    player: str | None
    replay_md5: str | None
    counts: Mapping[str, int]
    score: int
    max_combo: int
    perfect: bool
    mods: int
    life_bar: str | None
    played_at: datetime | None
    replay: bytes | None
    online_id: int | None
    target_accuracy: float | None


def read_score(reader: Reader) -> Score:
    """Read one score (ppy/osu LegacyScoreDecoder; for Target Practice ppy/osu's wiki).

    Raises:
        BadFormat: the file ends inside it, or a value cannot be; the place is the byte.
    """
    mode = reader.byte("the mode")
    version = reader.integer("the version")
    chart_id = reader.string("the md5 of the beatmap")
    player = reader.string("the player's name")
    replay_md5 = reader.string("the md5 of the replay")
    counts = {name: reader.ushort(name) for name in COUNTS}
    score = reader.integer("the score")
    max_combo = reader.ushort("the highest combo")
    perfect = reader.boolean("the perfect flag")
    mods = reader.integer("the mods")
    life_bar = reader.string("the life bar")
    played_at = reader.date("the date of the play")
    return Score(
        mode, version, chart_id, player, replay_md5, counts, score, max_combo, perfect, mods, life_bar, played_at,
        replay=read_block(reader, "the replay data"),
        online_id=_online_id(reader, version),
        target_accuracy=reader.double("the accuracy of Target Practice")
        if mods & TARGET_PRACTICE and version < LAZER
        else None,
    )  # fmt: skip


def read_block(reader: Reader, what: str) -> bytes | None:
    """Read bytes after their length; None where it is -1.

    Raises:
        BadFormat: another negative length, or one beyond the end (``bad_length``).
    """
    at, size = reader.at, reader.integer(f"the length of {what}")
    if size == -1:
        return None
    if not 0 <= size <= reader.left:
        raise reader.error("bad_length", f"{what}: a length of {size:,} bytes, {reader.left:,} are left", at)
    return reader.raw(size, what)


def _online_id(reader: Reader, version: int) -> int | None:
    if version >= LONG_ID_SINCE:
        return reader.long("the online id")
    return reader.integer("the online id") if version >= INT_ID_SINCE else None


@dataclass(frozen=True, slots=True)
class Scores:
    """A whole `scores.db`.

    Attributes:
        version: client version that wrote it, as a date.
        chart_ids: md5 of the `.osu` file of each beatmap with scores.
        scores: the scores of each beatmap.
        problems: what was found wrong and did not stop the reading.
    """

    version: int
    chart_ids: list[str | None]
    scores: list[list[Score]]
    problems: list[BadFormat]


def read_scores(data: bytes) -> Scores:
    """Read a `scores.db` (ppy/osu's wiki, "Legacy database file structure").

    Raises:
        BadFormat: it is none, or damaged; the place is the byte.
        LimitExceeded: it is larger than `limits.SMALL_DATABASE_BYTES`.
    """
    reader = open_reader(data, limits.SMALL_DATABASE_BYTES)
    version = reader.version()
    chart_ids: list[str | None] = []
    scores: list[list[Score]] = []
    for entry in range(reader.count("beatmaps with scores", 5)):
        reader.entry = entry
        chart_ids.append(reader.string("the md5 of a beatmap"))
        number = reader.count("scores of a beatmap", _SMALLEST)
        scores.append([read_score(reader) for _ in range(number)])
    reader.entry = None
    return Scores(version, chart_ids, scores, reader.trailing())
