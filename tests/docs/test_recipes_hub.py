"""docs/recipes_hub.md runs as it stands against a dataset that was pushed to the test Hub.

Expectations come from the build's own rows, read by PyArrow.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict

import pyarrow.parquet as pq
import pytest
from doc_blocks import ROOT, python_blocks

from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec

sys.path[:0] = [str(ROOT / "tests" / "hub")]

RECIPES = ROOT / "docs" / "recipes_hub.md"
TOKEN = "hf_OwnerToken0123456789"
PUSH = (
    "import sys; from pathlib import Path; import rhythm_maps; "
    "rhythm_maps.push_to_hub(Path(sys.argv[1]), 'me/osu-maps', version='1.0.0', profile='audio', rights='Generated.')"
)


@pytest.fixture(scope="module")
def folder(place):
    write_samples("osu", place / "maps")
    plan = scan("osu", [place / "maps"], fractions=(0.45, 0.25, 0.30)).keep()
    return build(plan, place / "out" / "osu", make_spec("osu")).out


@pytest.fixture(scope="module")
def recipes(place, folder):
    """What the document's names held and what it printed, and which paths the Hub was asked for."""
    from hub_server import serve

    with serve(place / "hub", {TOKEN: "me"}) as hub:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        env |= {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(place / "hub_home"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "NO_PROXY": "127.0.0.1,localhost",
            "USE_TORCH": "0",
        }
        python = [sys.executable, "-P"]
        subprocess.run([*python, "-c", PUSH, folder], env=env, cwd=place, check=True)
        child = ROOT / "tests" / "docs" / "hub_child.py"
        shown = subprocess.run(
            [*python, child, RECIPES], env=env, cwd=place, check=True, capture_output=True, text=True
        )
    return json.loads(shown.stdout)


def rows(folder, config, split="*"):
    return [
        row for path in sorted(folder.glob(f"{config}/{split}-*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def test_blocks_are_short_and_all_found():
    blocks = python_blocks(RECIPES)
    assert len(blocks) == RECIPES.read_text(encoding="utf-8").count("```py")
    assert max(source.count("\n") for _, source in blocks) <= 30


def test_files_of_the_tag_are_listed(folder, recipes):
    assert [path.rpartition("/")[2] for path in recipes["files"]] == sorted(p.name for p in folder.glob("charts/*"))
    assert recipes["printed"].startswith("3 files, ")


def test_counts_by_mode_are_those_of_the_build(folder, recipes):
    expected = defaultdict(lambda: [0, 0, 0.0])
    for row in rows(folder, "charts"):
        sums = expected[row["mode"]]
        sums[0] += 1
        sums[1] += row["n_notes"]
        sums[2] += row["nps"]
    assert [row[:3] for row in recipes["per_mode"]] == [[mode, *expected[mode][:2]] for mode in sorted(expected)]
    for mode, charts, _, nps in recipes["per_mode"]:
        assert nps == pytest.approx(expected[mode][2] / charts, abs=0.005)
    assert recipes["counts"] == [row[:3] for row in recipes["per_mode"]]


def test_downbeats_unnest(folder, recipes):
    expected = sorted(
        [row["track_id"], time_s, 1]
        for row in rows(folder, "beats")
        for time_s, position in zip(row["beats"]["time_s"], row["beats"]["position"], strict=True)
        if position == 1
    )
    assert len(expected) > 50
    assert sorted(recipes["downbeats"]) == expected


def test_charts_join_their_recordings(folder, recipes):
    tracks = {row["track_id"]: row for row in rows(folder, "tracks")}
    columns = ("codec", "sampling_rate", "duration_s", "timeline_shift_s")
    expected = [
        [row["title"], row["difficulty"], row["n_notes"], *(tracks[row["track_id"]][name] for name in columns), split]
        for split in ("train", "validation", "test")
        for row in rows(folder, "charts", split)
        if row["track_id"]
    ]
    assert sorted(recipes["joined"]) == sorted(expected)
    assert 0 < len(expected) < len(rows(folder, "charts")), "a chart without audio joins nothing"


def test_a_filtered_join_of_the_training_split(folder, recipes):
    wanted = [row for row in rows(folder, "charts", "train") if row["mode"] == "osu" and row["track_id"]]
    assert [row["chart_id"] for row in recipes["training"]] == sorted(row["chart_id"] for row in wanted)
    assert {*recipes["training"][0]} == {"track_id", "chart_id", "title", "difficulty", "nps", "codec", "duration_s"}
