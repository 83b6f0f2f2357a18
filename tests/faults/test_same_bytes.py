"""Same maps and same settings, same bytes: whatever the workers, the hash seed, the folder or what is read ahead."""

from __future__ import annotations

import getpass
import shutil
import socket
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import FRACTIONS, finish, start_build
from generate import noise_wav, osu_members, osu_text, write_mapsets, zipped
from trees import build_osu, digests

from rhythm_maps import limits
from rhythm_maps.build import manifest
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.shard import LEDGER, iter_shard
from rhythm_maps.build.spec import DEFAULT_CONFIGS, make_spec

SHARES = [float(share) for share in FRACTIONS.split(",")]
MAPSETS = 130


def write_odd_mapsets(folder: Path) -> None:
    """Mapsets that give every kind of ledger line: copies, rejects and ignored members."""
    good = osu_members(900)
    odd = {
        "copy": osu_members(0),
        "same-song": {**osu_members(1), "normal.osu": osu_text(1, difficulty="Again")},
        "cut": {"cut.osu": good["normal.osu"][:300], "whole.osu": osu_text(901, audio="cut.wav"), "cut.wav": b"RIFF"},
        "no-audio": {"a.osu": osu_text(902, audio="gone.wav")},
        "few-notes": {"a.osu": osu_text(903, notes=0), "audio.wav": noise_wav(0.05, 903)},
        "unused": {"a.osu": b"osu file format v14\n\n[HitObjects]\nnonsense\n", "audio.wav": noise_wav(0.05, 904)},
        "alias": {
            "A.osu": osu_text(905),
            "a.osu": osu_text(905, difficulty="Other"),
            "audio.wav": noise_wav(0.05, 905),
        },
    }
    for name, members in odd.items():
        (folder / f"{name}.osz").write_bytes(zipped(members))
    (folder / "no-zip.osz").write_bytes(b"this is no zip")


@pytest.fixture
def maps(tmp_path):
    write_mapsets(tmp_path / "maps", MAPSETS)
    write_odd_mapsets(tmp_path / "maps")
    return tmp_path / "maps"


@pytest.fixture
def expected(maps, tmp_path):
    result = build_osu(maps, tmp_path / "expected", fractions=SHARES)
    assert min(result.info["shards"].values()) >= 4
    assert set(result.info["rows"]) == set(DEFAULT_CONFIGS)
    return digests(result.out)


def test_one_worker_and_two_make_the_same_bytes(maps, expected, tmp_path):
    assert digests(build_osu(maps, tmp_path / "two", fractions=SHARES, workers=2).out) == expected


def test_one_worker_and_two_make_the_same_bytes_of_beat_saber(tmp_path):
    write_mapsets(tmp_path / "maps", 34, "beat_saber")
    plan = scan("beat_saber", [tmp_path / "maps"], fractions=SHARES).keep()
    one, two = (build(plan, tmp_path / f"out{n}", make_spec("beat_saber"), workers=n).out for n in (1, 2))
    assert digests(one) == digests(two)
    assert len(digests(one)) > 10


def test_folder_and_hash_seed_are_in_no_byte(maps, expected, tmp_path):
    """Even info.json is the same: it names no root."""
    elsewhere = tmp_path / "a much longer folder" / "with [brackets] é"
    shutil.copytree(maps, elsewhere)
    for seed, folder in (("1", maps), ("4242", elsewhere)):
        out = tmp_path / f"seed{seed}" / "named" / "otherwise"
        process = start_build(
            folder, out, workers=1, environment={"PYTHONHASHSEED": seed, "RHYTHM_MAPS_CACHE": f"{out}-c"}
        )
        code, _, err = finish(process)
        assert code == 0, err
        assert digests(out) == expected


def test_no_path_user_or_host_name_is_in_a_build(maps, expected, tmp_path):
    secrets = [str(tmp_path), tmp_path.name, str(Path.home()), getpass.getuser(), socket.gethostname()]
    secrets = [secret for secret in secrets if len(secret) > 4]
    for name in expected:
        path = tmp_path / "expected" / name
        data = path.read_bytes()
        if path.suffix == ".parquet":  # compressed: what it says must be read, too
            table = pq.read_table(path)
            columns = [c for c in table.column_names if c != "audio"]
            data += repr((table.select(columns).to_pydict(), table.schema.metadata)).encode()
        assert [secret for secret in secrets if secret.encode() in data] == [], name


@pytest.mark.parametrize("read_ahead", [0, 1, 5000, 1 << 40])
def test_what_is_read_ahead_changes_no_table(maps, read_ahead):
    """The ledger, too: the retry of a killed shard reads one group at a time."""
    plan = manifest.load(scan("osu", [maps], fractions=SHARES).keep())
    spec = make_spec("osu", row_group_bytes=limits.MIB)
    roots = [Path(root) for root in plan.header.roots]
    for shard in plan.shards[:4]:
        entries = manifest.read_shard(plan.path, shard)
        usual = list(iter_shard(entries, roots, spec))
        other = list(iter_shard(entries, roots, spec, read_ahead=read_ahead))
        assert [name for name, _ in usual] == [name for name, _ in other]
        assert {name for name, _ in usual} == {*DEFAULT_CONFIGS, LEDGER}
        for (name, table), (_, same) in zip(usual, other, strict=True):
            # As text: a NaN (the length of what is no slider) is not equal to itself.
            assert repr(table.to_pydict()) == repr(same.to_pydict()), (shard.name, name)


def test_a_config_has_the_same_bytes_alone_and_with_the_others(maps, expected, tmp_path):
    for config in DEFAULT_CONFIGS:
        alone = digests(build_osu(maps, tmp_path / config, fractions=SHARES, configs=[config]).out)
        rows = {name: sha for name, sha in alone.items() if name.startswith(config)}
        assert rows
        assert rows == {name: sha for name, sha in expected.items() if name.startswith(config)}


def test_the_ledger_accounts_for_every_chart_and_audio_file(maps, expected, tmp_path):
    lines = pq.read_table(tmp_path / "expected" / "meta" / "ledger.parquet").to_pylist()
    plan = list(manifest.read_lines(scan("osu", [maps], fractions=SHARES).keep()))
    entries = [line for line in plan if isinstance(line, manifest.MapsetEntry)]
    charts = sorted((entry.path, chart.name) for entry in entries for chart in entry.charts)
    audio = sorted((entry.path, file.name) for entry in entries for file in entry.audio)
    named = sorted((line["path"], line["name"]) for line in lines if line["kind"] == "chart")
    not_there = {"audio_missing", "audio_unnamed"}
    heard = sorted(
        (line["path"], line["name"]) for line in lines if line["kind"] == "audio" and line["code"] not in not_there
    )
    assert named == charts
    assert heard == audio
    outcomes = {(line["kind"], line["outcome"], line["code"]) for line in lines}
    assert {
        ("chart", "row", ""),
        ("chart", "duplicate_of", ""),
        ("chart", "ignored", "few_notes"),
        ("audio", "row", ""),
        ("audio", "duplicate_of", ""),
        ("audio", "reject", "audio_missing"),
        ("audio", "reject", "audio_unnamed"),
        ("audio", "reject", "unreadable_audio"),
        ("audio", "ignored", "no_chart"),
    } <= outcomes
    assert [line["path"] for line in lines if line["kind"] == "input"] == ["no-zip.osz"]
