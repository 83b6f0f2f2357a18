"""What a push sends and a reader gets, counted in bytes."""

from __future__ import annotations

import numpy as np
import pytest
from generate import noise_wav, osu_text, zipped
from hub_builds import ids_of, sharded
from hub_chunks import chunks, new_share
from hub_runs import Runs

from rhythm_maps.build import run
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec


def say(capsys, text):
    with capsys.disabled():
        print(f"\n  {text}")


ALL = {"profile": "audio", "rights": "generated"}


def test_chunks_depend_on_content_and_not_on_place():
    data = np.random.default_rng(1).bytes(8 << 20)
    cut = list(chunks(data))
    assert b"".join(cut) == data
    assert 40 << 10 < len(data) / len(cut) < 100 << 10
    moved, _ = new_share([data], [b"inserted" + data])
    assert moved < 0.02


def check_one_per_cent(hub, runs, repo, builds, mapsets, seconds):
    old = builds.make(mapsets, seconds=seconds)
    new = builds.make(mapsets + mapsets // 100, seconds=seconds, since=old)
    runs.call("push", build=str(old), repo=repo, version="1.0.0", **ALL)
    runs.call("push", build=str(new), repo=repo, version="1.1.0", **ALL)
    there = hub.hub.repos[repo]
    versions = [[there.data(blob) for blob in there.resolve(tag).tree.values()] for tag in ("v1.0.0", "v1.1.0")]
    return (*new_share(*versions), sum(map(len, versions[1])))


def test_one_per_cent_more_mapsets_change_few_bytes(hub, runs, repo, builds, capsys):
    chunked, whole, size = check_one_per_cent(hub, runs, repo, builds, 100, 2.4)
    say(capsys, f"100 -> 101 mapsets, {size / 1e6:.0f} MB: {chunked:.1%} in new chunks, {whole:.0%} in new files")
    assert chunked < 0.05


@pytest.mark.stress
def test_one_per_cent_more_of_a_larger_build_change_few_bytes(hub, runs, repo, builds, capsys):
    chunked, whole, size = check_one_per_cent(hub, runs, repo, builds, 400, 4.5)
    say(capsys, f"400 -> 404 mapsets, {size / 1e6:.0f} MB: {chunked:.1%} in new chunks, {whole:.0%} in new files")
    assert chunked < 0.05


def test_a_push_is_one_commit_where_xet_is_on(hub, repo, builds, tmp_path, monkeypatch):
    """The client's own upload of a folder makes several. Files go inside the commit: this Hub has no Xet storage."""
    monkeypatch.setattr(hub.hub, "lfs", False)
    runs = Runs(tmp_path, hub.url, HF_TOKEN="hf_OwnerToken0123456789", HF_HUB_DISABLE_XET="0")
    try:
        assert runs.call("xet_is_on")
        build = builds.make(24, shards=2)
        made = runs.call("push", build=str(build), repo=repo, version="1.0.0", **ALL)
    finally:
        runs.close()
    assert len(made["sent"]) >= 20
    assert len(hub.requests("POST", "/commit/")) == 1
    assert len(hub.hub.repos[repo].commits) == 2


@pytest.mark.stress
def test_streaming_beats_reads_little_of_a_build_with_audio(hub, runs, repo, builds, capsys):
    build = builds.make(360, seconds=5.0)
    size = sum(path.stat().st_size for path in build.rglob("*") if path.is_file())
    audio = sum(path.stat().st_size for path in (build / "tracks").iterdir())
    assert audio >= 300e6
    runs.call("push", build=str(build), repo=repo, version="1.0.0", **ALL)
    hub.seen.clear()
    ids = runs.call("load", repo=repo, config="beats", key="track_id", streaming=True)
    assert ids == ids_of(build, "beats")
    served = hub.bytes_served()
    say(capsys, f"streaming beats out of {size / 1e6:.0f} MB read {served / 1e6:.2f} MB, {served / size:.2%}")
    assert served < 0.02 * size


@pytest.mark.stress
def test_streaming_a_preset_reads_little_of_the_charts(hub, runs, repo, tmp_path, capsys):
    """One chart in twelve is mania 4K: its row groups lie together, and the card's filter leaves out the others.

    The client reads 5 MB ahead wherever it begins, so files of a few MB are read whole whatever the filter.
    """
    (tmp_path / "maps").mkdir()
    for number in range(2400):
        mode = {"mode": 3, "difficulty": "4K"} if number % 12 == 0 else {}
        members = {"chart.osu": osu_text(number, notes=5000, **mode), "audio.wav": noise_wav(0.02, number)}
        (tmp_path / "maps" / f"{number}.osz").write_bytes(zipped(members))
    spec = make_spec("osu", configs=("charts", "beats"))
    plan = sharded(scan("osu", [tmp_path / "maps"], fractions=(1, 0, 0)).keep(), tmp_path / "manifest.jsonl", 1)
    build = run.build(plan, tmp_path / "osu", spec).out
    how = {"profile": "maps", "rights": "generated", "plain_card": False}
    runs.call("push", build=str(build), repo=repo, version="1.0.0", **how)
    size = sum(path.stat().st_size for path in (build / "charts").iterdir())
    hub.seen.clear()
    ids = runs.call("load", repo=repo, config="mania_4k", key="chart_id", streaming=True)
    served = hub.bytes_served()
    share = len(ids["train"]) / sum(len(one) for one in ids_of(build, "charts").values())
    say(capsys, f"streaming {share:.1%} of the charts read {served / size:.1%} of their {size / 1e6:.0f} MB")
    assert 0.07 < share < 0.09
    assert served < 0.3 * size
