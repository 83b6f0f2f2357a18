"""What `inspect` tells of osu!'s databases and replays: values by name, numbers with a meaning spelled out."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from rhythm_maps.games.base import FactTable, FileFacts
from rhythm_maps.games.osu.codes import (
    COUNTS,
    JUDGEMENTS,
    MODES,
    accuracy,
    grade,
    grade_name,
    mod_names,
    mode_name,
    permission_names,
    status_name,
)
from rhythm_maps.games.osu.collection import Collections
from rhythm_maps.games.osu.database import Database
from rhythm_maps.games.osu.presence import Presence
from rhythm_maps.games.osu.replay import Replay
from rhythm_maps.games.osu.scores import LAZER, Score, Scores

_PLAY = ("played_at", "player", "mode", "mods", "score", "accuracy", "max_combo", "count_miss", "grade")


def of_database(db: Database) -> FileFacts:
    """Tell what is in an `osu!.db`."""
    columns: dict[str, Any] = dict(db.beatmaps)
    modes = [mode_name(number) for number in columns["mode"].tolist()]
    status = [status_name(number) for number in columns["status"].tolist()]
    grades = {f"grade_{mode}": [grade_name(n) for n in columns[f"grade_{mode}"].tolist()] for mode in MODES}
    # The grade in the beatmap's own mode is the one a person asks for first.
    own = [grades[f"grade_{mode}"][i] if mode in MODES else "" for i, mode in enumerate(modes)]
    ratings: dict[str, Any] = {
        **db.star_ratings,
        "mode": [mode_name(number) for number in db.star_ratings["mode"].tolist()],
    }
    facts = {
        "version": db.version,
        "player": db.player,
        "beatmaps": len(db),
        "folders": db.folders,
        "modes": dict(Counter(modes)),
        "status": dict(Counter(status)),
        "account_unlocked": db.account_unlocked,
        "unlocks_at": db.unlocks_at,
        "permissions": permission_names(db.permissions),
    }
    shown = ("mode", "status", "stars", "bpm", "grade", "last_played_at", "folder")
    columns |= {"mode": modes, "status": status, **grades, "grade": own}
    return FileFacts(
        "osu!.db",
        f"osu!.db, the list of beatmaps of stable {db.version}: {len(db):,} beatmaps in {db.folders:,} folders.",
        facts,
        {
            "beatmaps": FactTable(columns, shown),
            "star_ratings": FactTable(ratings),
            "timing_points": FactTable(db.timing_points),
        },
        ("version", "player", "beatmaps", "folders"),
        db.problems,
    )


def of_collections(found: Collections) -> FileFacts:
    """Tell what is in a `collection.db`."""
    sizes = [len(one) for one in found.chart_ids]
    entries = {
        "collection": [name for name, one in zip(found.names, found.chart_ids, strict=True) for _ in one],
        "chart_id": [chart_id for one in found.chart_ids for chart_id in one],
    }
    return FileFacts(
        "collection.db",
        f"collection.db of stable {found.version}: {len(sizes):,} collections of {sum(sizes):,} beatmaps.",
        {"version": found.version, "collections": len(sizes), "beatmaps": sum(sizes)},
        {
            "collections": FactTable({"name": found.names, "beatmaps": sizes}, ("name", "beatmaps")),
            "entries": FactTable(entries, ("collection", "chart_id")),
        },
        ("version", "collections", "beatmaps"),
        found.problems,
    )


def of_scores(found: Scores) -> FileFacts:
    """Tell what is in a `scores.db`."""
    plays = [_play(score) for one in found.scores for score in one]
    names = list(plays[0]) if plays else ["chart_id", *_PLAY]
    columns = {
        "listed_under": [md5 for md5, one in zip(found.chart_ids, found.scores, strict=True) for _ in one],
        **{name: [play[name] for play in plays] for name in names if name != "judgements"},
    }
    n_maps = len(found.chart_ids)
    return FileFacts(
        "scores.db",
        f"scores.db, the local scores of stable {found.version}: {len(plays):,} scores on {n_maps:,} beatmaps.",
        {"version": found.version, "scores": len(plays), "beatmaps": n_maps},
        {"scores": FactTable(columns, _PLAY)},
        ("version", "scores", "beatmaps"),
        found.problems,
    )


def of_presence(found: Presence) -> FileFacts:
    """Tell what is in a `presence.db`."""
    names = found.players[0]._fields if found.players else ("player", "rank", "updated_at")
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one in found.players] for name in names}
    if found.players:
        columns["mode"] = [mode_name(number) for number in columns["mode"]]
        columns["permissions"] = [permission_names(bits) for bits in columns["permissions"]]
    number = len(found.players)
    return FileFacts(
        "presence.db",
        f"presence.db, the players that stable {found.version} saw online: {number:,}.",
        {"version": found.version, "players": number},
        {"players": FactTable(columns, ("player", "mode", "rank", "updated_at") if number else ())},
        ("version", "players"),
        found.problems,
    )


def of_nothing(version: int) -> FileFacts:
    """Tell of a database without entries: three kinds are the same bytes then."""
    what = f"An empty database of stable {version}: collection.db, scores.db and presence.db look the same when empty."
    return FileFacts("empty.db", what, {"version": version, "entries": 0}, shown=("version", "entries"))


def of_replay(replay: Replay) -> FileFacts:
    """Tell what is in an `.osr`."""
    play, frames = _play(replay.score), replay.frames
    client = "lazer" if replay.is_lazer else "stable"
    facts = {
        **play,
        "client": client,
        "seed": replay.seed,
        "frames": len(frames["dt_ms"]),
        "frames_length_ms": float(np.sum(frames["dt_ms"])),
        "lazer": replay.lazer,
    }
    who = play["player"] or "nobody named"
    return FileFacts(
        "replay",
        f"An osu! replay of {client}, mode {play['mode']}, by {who}.",
        facts,
        {"frames": FactTable(frames), "life_bar": FactTable(replay.life_bar)},
        _PLAY,
        replay.problems,
    )


def _play(score: Score) -> dict[str, Any]:
    """Return a score's values by name. Accuracy and grade follow stable's rule; lazer's scores have another."""
    mode = mode_name(score.mode)
    stable = score.version < LAZER
    names = JUDGEMENTS.get(mode, {})
    return {
        "played_at": score.played_at,
        "player": score.player,
        "chart_id": score.chart_id,
        "mode": mode,
        "mods": mod_names(score.mods),
        "mods_bits": score.mods & 0xFFFF_FFFF,
        "score": score.score,
        "accuracy": accuracy(mode, score.counts) if stable else None,
        "grade": grade(mode, score.counts, score.mods) if stable else None,
        "max_combo": score.max_combo,
        "perfect": score.perfect,
        **{name: score.counts[name] for name in COUNTS},
        "judgements": {name: score.counts[count] for name, count in names.items()},
        "version": score.version,
        "online_id": score.online_id,
        "replay_md5": score.replay_md5,
        "target_accuracy": score.target_accuracy,
    }
