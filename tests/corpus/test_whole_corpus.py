"""Builds of all real maps: everything gives a row or a line that says why not."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from rhythm_maps.build import manifest
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

pytestmark = pytest.mark.corpus
KINDS = {0: 0, 1: 2, 2: 4, 3: 1}
"""Kinds of the expected values (circle, slider, spinner, hold) as classes of notes.kind (tap, slide, spin, hold)."""


class Built:
    """One build of a game's corpus, read back."""

    def __init__(self, game: str, corpus: Path, folder: Path) -> None:
        found = scan(game, [corpus / game])
        self.manifest = folder / "m.jsonl"
        found.write(self.manifest)
        self.out = folder / "out"
        self.info = build(self.manifest, self.out, make_spec(game, min_notes=0)).info
        self.charts = self.rows("charts")
        self.ledger = pq.read_table(self.out / "meta" / "ledger.parquet").to_pylist()

    def rows(self, config: str) -> list[dict[str, Any]]:
        return [row for path in sorted((self.out / config).glob("*")) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="module", params=["osu", "beat_saber"])
def built(request: pytest.FixtureRequest, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(folder / "cache"))
        return Built(request.param, corpus, folder)


def expected(corpus: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(corpus / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_the_ledger_accounts_for_everything(built: Built) -> None:
    """One line for each chart entry and audio file of the manifest; rejects have code, reason and place."""
    lines = list(manifest.read_lines(built.manifest))
    entries = [line for line in lines if isinstance(line, manifest.MapsetEntry)]
    asked = Counter(("chart", e.path, c.name) for e in entries for c in e.charts)
    asked += Counter(("audio", e.path, a.name) for e in entries for a in e.audio)
    asked += Counter(
        ("audio", e.path, named)
        for e in entries
        for _, named in {(c.problem, c.audio_named) for c in e.charts if c.problem}
    )
    asked += Counter(("input", line.path, "") for line in lines if isinstance(line, manifest.RejectEntry))
    answered = Counter((line["kind"], line["path"], line["name"]) for line in built.ledger if line["kind"] != "member")
    assert answered == asked
    assert all(
        line["code"] and line["reason"] and line["place"] for line in built.ledger if line["outcome"] == "reject"
    )
    rows = [line["id"] for line in built.ledger if line["outcome"] == "row" and line["kind"] == "chart"]
    assert sorted(rows) == sorted(row["chart_id"] for row in built.charts)
    assert len(set(rows)) == len(rows)
    copies = [line for line in built.ledger if line["outcome"] == "duplicate_of"]
    assert {line["id"] for line in copies if line["kind"] == "chart"} <= set(rows)


def test_copies_keep_the_first_by_sorted_path(built: Built) -> None:
    first: dict[str, tuple[str, str]] = {}
    for line in built.ledger:
        if line["kind"] == "chart" and line["outcome"] in {"row", "duplicate_of"}:
            place = (line["path"], line["name"])
            if line["outcome"] == "row":
                first[line["id"]] = place
            else:
                assert first[line["id"]] < place


def test_every_row_joins_its_track(built: Built) -> None:
    tracks = {row["track_id"]: row for row in built.rows("tracks")}
    assert tracks
    assert {row["track_id"] for row in built.charts} - {None} == set(tracks)
    for track_id, row in tracks.items():
        assert hashlib.sha256(row["audio"]["bytes"]).hexdigest() == track_id
        assert row["duration_s"] > 0


def test_osu_files_give_rows_with_the_decoders_objects(built: Built, corpus: Path) -> None:
    """At least 350 of 360 files have rows; 99.5 % of objects have start within 1 ms, kind, and x, y or lane."""
    if built.info["game"] != "osu":
        pytest.skip("osu! only")
    rows = {row["file_sha256"][:16]: row for row in built.charts}
    wanted = expected(corpus / "osu", "expected.jsonl.gz")
    assert len(wanted) == 360
    assert sum(one["sha"] in rows for one in wanted) >= 350
    right = total = 0
    for one in wanted:
        if one.get("disagree") or one["sha"] not in rows:
            continue
        notes = rows[one["sha"]]["notes"]
        total += len(one["ho"])
        if len(one["ho"]) != len(notes["time_s"]):
            continue
        objects = np.array([o[:5] for o in one["ho"]], np.float64).reshape(-1, 5)
        ok = np.abs(np.array(notes["time_s"]) * 1000 - objects[:, 0]) <= 1
        mode = rows[one["sha"]]["mode"]
        if mode == "taiko":
            ok &= np.array([k in {0, 3, 4} for k in notes["kind"]], bool)
        else:
            kinds = np.array([KINDS[int(k)] for k in objects[:, 2]], np.int64)
            ok &= np.array(notes["kind"], np.int64) == np.where((kinds == 2) & (mode == "mania"), kinds, kinds)
        if mode == "osu":
            ok &= (np.array(notes["x"]) == objects[:, 3].astype("f4")) & (
                np.array(notes["y"]) == objects[:, 4].astype("f4")
            )
        elif mode == "catch":
            ok &= np.array(notes["x"]) == objects[:, 3].astype("f4")
        elif mode == "mania" and one.get("col_ok") is not False and "col" in one:
            ok &= np.array(notes["lane"]) == np.array(one["col"])
        right += int(ok.sum())
    assert total > 250_000
    assert right / total >= 0.995


def test_beat_saber_difficulties_give_rows_with_bsmaps_notes(built: Built, corpus: Path) -> None:
    """Every difficulty with notes has a row; 99 % of notes have seconds within 1 ms, colour, x, y and direction."""
    if built.info["game"] != "beat_saber":
        pytest.skip("Beat Saber only")
    where = {
        (line["path"], line["name"].split("#")[0]): line["id"]
        for line in built.ledger
        if line["kind"] == "chart" and line["outcome"] in {"row", "duplicate_of"}
    }
    rows = {row["chart_id"]: row for row in built.charts}
    found: dict[str, int] = defaultdict(int)
    for one in expected(corpus / "beat_saber", "expected_beatmaps.jsonl.gz"):
        if one["dir"].endswith(("4_0/error", "4_1/error")):
            continue  # empty strings in place of numbers: bsmap's reading means nothing
        if not one["notes"]:
            continue
        notes_row = rows[where[one["dir"], f"{one['characteristic']}/{one['difficulty']}"]]
        notes, own = notes_row["notes"], notes_row["notes_beat_saber"]
        mine = Counter(zip(notes["beat"], own["color"], notes["x"], notes["y"], own["direction"], strict=True))
        seconds = dict(zip(notes["beat"], notes["time_s"], strict=True))
        for beat, second, color, x, y, direction, *_ in one["notes"]:
            key = (beat, color, np.float32(x).item(), np.float32(y).item(), direction)
            same = mine[key] > 0 and abs(seconds[beat] - second) <= 0.001
            mine[key] -= same
            found["right" if same else "wrong"] += 1
    assert found["right"] > 40_000
    assert found["right"] / (found["right"] + found["wrong"]) >= 0.99
