"""Real databases and replays: read to their last byte, cut at many points, every value where another reader has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import FileFacts
from rhythm_maps.games.osu import GAME
from rhythm_maps.games.osu.database import read_database
from rhythm_maps.games.osu.replay import read_replay

pytestmark = pytest.mark.corpus

_LEGACY_ID = "taiko-replay-with-legacy-online-id.osr"


def files(corpus: Path, suffix: str) -> list[Path]:
    return sorted(path for path in (corpus / "osu").rglob(f"*{suffix}") if path.is_file())


def one(corpus: Path, end: str) -> bytes:
    (path,) = [path for path in files(corpus, Path(end).suffix) if path.as_posix().endswith(end)]
    return path.read_bytes()


def test_nine_databases_are_read_to_their_last_byte_and_two_of_sqlite_are_refused(corpus: Path) -> None:
    read, refused = [], []
    for path in files(corpus, ".db"):
        try:
            found = GAME.describe(path.name, path.read_bytes())
        except BadFormat as error:
            refused.append((path.name, error.code, "SQLite" in error.reason))
            continue
        assert isinstance(found, FileFacts)
        assert not found.problems, path
        read.append(found.form)
    assert sorted(read) == [
        *["collection.db"] * 3, *["empty.db"] * 2, *["osu!.db"] * 2, "presence.db", "scores.db",
    ]  # fmt: skip
    assert sorted(refused) == [
        ("AprilBeatmaps.db", "sqlite_database", True),
        ("client.db", "sqlite_database", True),
    ]


def test_sixty_replays_are_read_and_trailing_bytes_told_of(corpus: Path) -> None:
    found = {path: read_replay(path.read_bytes()) for path in files(corpus, ".osr")}
    assert len(found) == 60
    problems = {path.name: [p.code for p in replay.problems] for path, replay in found.items() if replay.problems}
    assert problems == {_LEGACY_ID: ["trailing_bytes"]}
    assert sum(len(replay.frames["x"]) for replay in found.values()) > 1_500_000
    for replay in found.values():
        assert replay.seed is not None
        assert all(np.isfinite(column).all() for column in replay.frames.values())
    assert [replay.score.online_id for path, replay in found.items() if path.name == _LEGACY_ID] == [255]


def test_lazers_replay_has_its_statistics(corpus: Path) -> None:
    replay = read_replay(one(corpus, "taiko-replay-with-new-online-id.osr"))
    assert replay.is_lazer
    assert replay.lazer is not None
    assert replay.lazer["online_id"] == 258
    assert replay.lazer["statistics"] == {"ok": 8, "great": 73, "large_bonus": 1, "ignore_hit": 9}
    assert replay.problems == []


def test_databases_hold_what_other_readers_find(corpus: Path) -> None:
    """Counts of maps and points, and the trap of negative beat lengths, as two other parsers report them."""
    old, new = (read_database(one(corpus, f"osu!/{version}.db")) for version in ("20210316", "20250108"))
    assert (len(old), len(new)) == (93, 71)
    assert (old.folders, new.folders) == (23, 19)
    points = old.timing_points
    assert (~points["uninherited"]).sum() == 5847
    assert (points["beat_length_ms"][~points["uninherited"]] < 0).all()
    assert (points["offset_ms"] < 0).sum() == 11
    for db in (old, new):
        assert all(len(md5) == 32 for md5 in db.beatmaps["chart_id"])
        assert set(db.beatmaps["mode"].tolist()) <= {0, 1, 2, 3}
        assert np.isfinite(db.star_ratings["stars"]).all()
        assert (db.star_ratings["stars"] < 20).all()
        assert ((db.beatmaps["ar"] >= 0) & (db.beatmaps["ar"] <= 10)).all()


@pytest.mark.parametrize(
    "end",
    [
        "osu!/20210316.db",
        "osu!/20250108.db",
        "Scores/20210316.db",
        "Presence/20210316.db",
        "Collection/20210316.db",
        "collections.db",
        "collections/test.db",
        "taiko-replay.osr",
        "mania-replay.osr",
    ],
)
def test_a_real_file_cut_at_200_points_is_an_error_with_a_byte(corpus: Path, end: str) -> None:
    data = one(corpus, end)
    # A name that settles the form, or short pieces would be no file of osu!'s at all.
    folder = end.partition("/")[0].lower()
    name = {"osu!": "osu!.db", "scores": "scores.db", "presence": "presence.db"}.get(folder, "collection.db")
    for size in np.linspace(0, len(data) - 1, 200).astype(int):
        with pytest.raises(BadFormat) as error:
            GAME.describe("a.osr" if end.endswith(".osr") else name, data[:size])
        assert int(error.value.place.removeprefix("byte ")) <= size
