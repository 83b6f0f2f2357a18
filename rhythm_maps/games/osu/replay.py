"""`.osr` replays of stable and lazer: the score, the frames and the life bar as columns, lazer's own statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.games.osu.binary import open_reader
from rhythm_maps.games.osu.numbers import MAX_VALUE
from rhythm_maps.games.osu.pipes import read_pipes
from rhythm_maps.games.osu.scores import LAZER, Score, read_block, read_score
from rhythm_maps.games.osu.unlzma import unlzma

LAZER_BLOCK_SINCE = LAZER + 1
"""First version with lazer's statistics after the online id (ppy/osu LegacyScoreEncoder.LATEST_VERSION)."""
SEED = -12345
"""Time of the frame that is none: its keys are the seed of the random mods."""

# No closer limit for x: in mania it holds the keys, and 18 of them reach 2^18.
_FRAME_LIMITS = (MAX_VALUE, MAX_VALUE, MAX_VALUE, MAX_VALUE)
_JSON_PLACE = "lazer's statistics"


@dataclass(frozen=True, slots=True)
class Replay:
    """A whole `.osr`.

    Attributes:
        score: all but what follows.
        frames: columns of one length, ``dt_ms`` (time since the frame before), ``x``, ``y`` float64 (osu! pixels;
            in mania x holds the keys), ``keys`` int64 (bit field); every frame that the file has but the seed's.
            Times are of the clock the game ran: in beatmaps before format 5 that is 24 ms after the file's.
        seed: of the random mods; None where there is none.
        life_bar: columns ``time_ms``, ``life`` (0 to 1) float64.
        lazer: lazer's statistics as they are (mods with their settings, statistics by judgement, client version and
            so on); None in replays of stable.
        problems: what was found wrong and did not stop the reading, such as damaged frames.
    """

    score: Score
    frames: Mapping[str, npt.NDArray[Any]]
    seed: int | None
    life_bar: Mapping[str, npt.NDArray[np.float64]]
    lazer: Mapping[str, Any] | None
    problems: list[BadFormat]

    @property
    def is_lazer(self) -> bool:
        """Tell whether lazer wrote it."""
        return self.score.version >= LAZER


def read_replay(data: bytes) -> Replay:
    """Read an `.osr` (ppy/osu LegacyScoreDecoder).

    Damaged frames, life bar or statistics are problems of a replay whose score is still there.

    Raises:
        BadFormat: the score cannot be read; the place is the byte.
        LimitExceeded: the file is larger than `limits.REPLAY_BYTES`.
    """
    reader = open_reader(data, limits.REPLAY_BYTES)
    score = read_score(reader)
    problems: list[BadFormat] = []
    lazer: Mapping[str, Any] | None = None
    if score.version >= LAZER_BLOCK_SINCE:
        try:
            lazer = _statistics(read_block(reader, _JSON_PLACE))
        except BadFormat as error:
            problems.append(error)
            reader.at = len(data)
    problems += reader.trailing()
    frames, seed = _frames(score.replay, problems)
    life = _life_bar(score.life_bar, problems)
    return Replay(score, frames, seed, life, lazer, problems)


def _life_bar(text: str | None, problems: list[BadFormat]) -> dict[str, npt.NDArray[np.float64]]:
    values = np.empty((0, 2))
    try:
        values, bad = read_pipes((text or "").encode(), (MAX_VALUE, MAX_VALUE))
    except BadFormat as error:
        problems.append(error)
    else:
        if bad:
            problems.append(BadFormat("bad_life_bar", f"points that cannot be read, left out: {bad:,}", "the life bar"))
    return {"time_ms": values[:, 0].copy(), "life": values[:, 1].copy()}


def _frames(replay: bytes | None, problems: list[BadFormat]) -> tuple[dict[str, npt.NDArray[Any]], int | None]:
    values, bad = np.empty((0, len(_FRAME_LIMITS))), 0
    try:
        text = unlzma(replay, limits.REPLAY_TEXT_BYTES, "the frames") if replay else b""
        values, bad = read_pipes(text, _FRAME_LIMITS)
    except BadFormat as error:
        problems.append(error)
    whole = values[:, 3] == np.trunc(values[:, 3])
    bad += int((~whole).sum())
    values = values[whole]
    if bad:
        problems.append(BadFormat("bad_frames", f"frames that cannot be read, left out: {bad:,}", "the frames"))
    is_seed = values[:, 0] == SEED
    seeds = values[is_seed, 3]
    rest = values[~is_seed]
    frames: dict[str, npt.NDArray[Any]] = {name: rest[:, i].copy() for i, name in enumerate(("dt_ms", "x", "y"))}
    frames["keys"] = rest[:, 3].astype(np.int64)
    return frames, int(seeds[-1]) if len(seeds) else None


def _statistics(block: bytes | None) -> Mapping[str, Any] | None:
    if not block:
        return None
    text = unlzma(block, limits.SCORE_JSON_BYTES, _JSON_PLACE)
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFormat("bad_json", f"JSON that cannot be read ({error})", _JSON_PLACE) from error
    if not isinstance(found, dict):
        raise BadFormat("bad_json", "an object was expected", _JSON_PLACE)
    _check_depth(found)
    return found


def _check_depth(found: dict[str, Any]) -> None:
    level: list[Any] = [found]
    for _ in range(limits.SCORE_JSON_DEPTH):
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = [value for values in inside for value in values if isinstance(value, dict | list)]
        if not level:
            return
    raise LimitExceeded("json_too_deep", f"more than {limits.SCORE_JSON_DEPTH} levels", _JSON_PLACE)
