"""Files of a build: shard k of every config holds the same songs, and the same maps give the same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from contract_rows import assert_same_rows, rows_of
from many import members_of
from packs import FRACTIONS, make_build

from rhythm_maps import games
from rhythm_maps.build import manifest
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import DEFAULT_CONFIGS, make_spec

STORED = {"chart": "charts", "audio": "tracks"}
"""Kind of a ledger line -> the config whose rows it counts."""


def groups_of(file):
    return pq.read_table(file, columns=["group_id"])["group_id"].to_pylist()


def digests(folder):
    """Relative path -> sha256, of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_shard_k_of_every_config_holds_the_same_groups(game, packs):
    """So that the tables of a shard can be joined without the others."""
    out = packs.build_of_many(game)
    names, *others = (sorted(file.name for file in (out / config).iterdir()) for config in DEFAULT_CONFIGS)
    assert others == [names, names]
    assert [name for name in names if name.startswith("train")] == [f"train-{k:05d}-of-00008.parquet" for k in range(8)]
    seen = set()
    for name in names:
        charts, beats, tracks = ([*dict.fromkeys(groups_of(out / config / name))] for config in DEFAULT_CONFIGS)
        assert beats == tracks
        assert set(charts) == set(beats)
        assert not seen & set(charts)
        seen |= set(charts)
    assert len(seen) == 50


def test_no_group_is_in_two_splits(game, packs):
    split_of = {}
    for config in DEFAULT_CONFIGS:
        for file in (packs.build(game) / config).iterdir():
            for group in groups_of(file):
                assert split_of.setdefault(group, file.name.split("-")[0]) == file.name.split("-")[0]
    assert len(set(split_of.values())) > 1


def test_a_row_group_holds_one_cluster(game, packs):
    """Charts of a shard are sorted by the game's cluster, so that a preset reads few row groups."""
    cluster = list(games.get(game).cluster)
    for path in (packs.build_of_many(game) / "charts").iterdir():
        file = pq.ParquetFile(path)
        found = []
        for i in range(file.num_row_groups):
            values = {tuple(row.values()) for row in file.read_row_group(i, columns=cluster).to_pylist()}
            assert len(values) == 1
            found += values
        assert len(found) == len(set(found))


def test_two_scans_and_builds_elsewhere_give_the_same_bytes(game, packs, tmp_path, monkeypatch):
    """Other folders, another working folder, relative paths, cold caches: no byte of it shows."""
    results = []
    for place in ("here", "elsewhere/deep down"):
        folder = tmp_path / place
        shutil.copytree(packs.samples(game), folder / "maps")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(folder / "cache"))
        make_build(game, "maps" if place == "here" else folder / "maps", Path("out") / game)
        results.append(digests(folder / "out" / game))
    assert results[0] == results[1]
    assert results[0] == digests(packs.build(game))


def test_the_info_of_a_build_lists_its_files_and_their_digests(game, packs):
    out = packs.build(game)
    info = json.loads((out / "meta/info.json").read_text(encoding="utf-8"))
    assert {name: file["sha256"] for name, file in info["files"].items()} == {
        name: digest for name, digest in digests(out).items() if name != "meta/info.json"
    }
    rows = {
        config: sum(pq.read_metadata(file).num_rows for file in (out / config).iterdir()) for config in DEFAULT_CONFIGS
    }
    assert {config: sum(splits.values()) for config, splits in info["rows"].items()} == rows


@pytest.mark.parametrize("stored", DEFAULT_CONFIGS)
def test_a_config_built_alone_has_the_same_bytes(game, stored, packs, tmp_path):
    """What other tables are made beside it does not show in a file."""
    source = scan(game, [packs.samples(game)], fractions=FRACTIONS).keep()
    build(source, tmp_path / "out", make_spec(game, configs=(stored,)))
    assert digests(tmp_path / "out" / stored) == digests(packs.build(game) / stored)


def test_every_chart_and_audio_file_of_the_manifest_is_in_the_ledger_once(game, packs):
    ledger = pq.read_table(packs.build(game) / "meta/ledger.parquet").to_pylist()
    plan = scan(game, [packs.samples(game)], fractions=FRACTIONS)
    for kind, wanted in accounted(plan.lines()).items():
        assert sorted((line["path"], line["name"]) for line in ledger if line["kind"] == kind) == wanted


def accounted(lines):
    """Kind -> sorted (path, name) of all that a manifest says there is."""
    entries = [line for line in lines if isinstance(line, manifest.MapsetEntry)]
    charts = [(entry.path, chart.name) for entry in entries for chart in entry.charts]
    named = {(entry.path, chart.audio_named) for entry in entries for chart in entry.charts if chart.problem}
    audio = {(entry.path, file.name) for entry in entries for file in entry.audio}
    return {"chart": sorted(charts), "audio": sorted(audio | named)}


def test_a_manifest_is_text_that_names_no_absolute_path_but_its_roots(game, packs):
    lines = scan(game, [packs.samples(game)]).lines()
    header, *rest = (msgspec.to_builtins(line) for line in lines)
    assert header["roots"] == [str(packs.samples(game))]
    assert str(packs.root) not in json.dumps(rest)


def test_copies_of_mapsets_give_no_rows_of_their_own(game, packs, exports, tmp_path):
    """Every mapset twice, as archive and unpacked: the same rows, one line more for each chart and audio file."""
    folder = tmp_path / "maps"
    shutil.copytree(packs.samples(game), folder)
    for archive in packs.archives(game):
        for name, data in members_of(archive).items():
            (folder / "unpacked" / archive.stem / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "unpacked" / archive.stem / name).write_bytes(data)
    for config in DEFAULT_CONFIGS:
        assert_same_rows(rows_of(exports(game, config, data_dir=folder)), rows_of(exports(game, config)))
    result = make_build(game, folder, tmp_path / "out")
    ledger = pq.read_table(tmp_path / "out/meta/ledger.parquet").to_pylist()
    for kind, wanted in accounted(scan(game, [folder]).lines()).items():
        lines = [line for line in ledger if line["kind"] == kind]
        assert sorted((line["path"], line["name"]) for line in lines) == wanted
        rows = [line["id"] for line in lines if line["outcome"] == "row"]
        copies = [line["id"] for line in lines if line["outcome"] == "duplicate_of"]
        assert len(rows) == len(set(rows)) == sum(result.info["rows"][STORED[kind]].values())
        assert sorted(copies) == sorted(rows)
