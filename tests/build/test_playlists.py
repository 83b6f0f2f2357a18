"""Playlists as a filter of builds and loads: what is kept, what the ledger says of the rest, what was not found."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import rhythm_maps
from rhythm_maps.build.playlists import listed, read_playlists
from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import build_key, make_spec
from rhythm_maps.cli import cli
from rhythm_maps.errors import BadFormat, InputError, UsageError


@pytest.fixture(scope="session")
def levels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("levels")
    write_samples("beat_saber", folder)
    return folder


@pytest.fixture
def manifest(levels, tmp_path):
    path = tmp_path / "m.jsonl"
    scan("beat_saber", [levels]).write(path)
    return path


def write(path, *songs):
    path.write_text(json.dumps({"playlistTitle": "T", "songs": list(songs)}))
    return path


def charts(out):
    return [
        row["chart_id"]
        for file in sorted((out / "charts").glob("*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]


@pytest.fixture
def every(manifest, tmp_path):
    """The ids of all charts, sorted."""
    build(manifest, tmp_path / "all", make_spec("beat_saber", configs=("charts",)))
    return sorted(charts(tmp_path / "all"))


def test_only_listed_songs_and_difficulties_are_kept(every, manifest, tmp_path):
    whole, part = sorted(
        {chart.partition("/")[0] for chart in every}, key=lambda h: -sum(c.startswith(h) for c in every)
    )[:2]
    one = next(chart for chart in every if chart.startswith(part))
    characteristic, difficulty = one.split("/")[1:]
    named = {"characteristic": characteristic, "name": difficulty[0].lower() + difficulty[1:]}
    playlist = write(
        tmp_path / "p.bplist",
        {"hash": whole.upper()},
        {"hash": part.upper(), "difficulties": [named]},
        {"hash": "0" * 40, "songName": "not here"},
    )
    out = tmp_path / "out"
    arguments = ["build", "beat_saber", str(manifest), "--out", str(out), "--playlist", str(playlist)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    wanted = sorted({chart for chart in every if chart.startswith(whole)} | {one})
    assert sorted(charts(out)) == wanted
    assert "1 of 3 songs and difficulties of the playlist were not found" in result.output
    assert json.loads((out / "meta" / "info.json").read_text())["not_found"] == ["0" * 40]
    ledger = pq.read_table(out / "meta" / "ledger.parquet").to_pylist()
    left = {line["id"] for line in ledger if (line["outcome"], line["code"]) == ("ignored", "not_in_playlist")}
    assert sorted(left) == sorted(set(every) - set(wanted))


def test_a_song_that_another_filter_drops_is_not_one_that_is_missing(every, manifest, tmp_path):
    kept, dropped = every[0].partition("/")[0], every[-1].partition("/")[0]
    playlist = write(tmp_path / "p.bplist", {"hash": kept}, {"hash": dropped})
    filters = [("mapset_id", "==", kept)]
    result = build(manifest, tmp_path / "out", make_spec("beat_saber", filters=filters, playlists=[playlist]))
    assert {chart.partition("/")[0] for chart in charts(tmp_path / "out")} == {kept}
    assert result.info["not_found"] == []


def test_the_songs_decide_the_bytes_and_not_how_a_playlist_is_written(tmp_path):
    a = write(tmp_path / "a.bplist", {"hash": "AA"}, {"hash": "bb"})
    b = write(tmp_path / "b.json", {"hash": "BB", "songName": "B"}, {"hash": "aa"}, {"hash": "aa"})
    c = write(tmp_path / "c.bplist", {"hash": "aa"})
    keys = [build_key("m", make_spec("beat_saber", playlists=paths)) for paths in ([a], [b], [c], [c, a], [])]
    assert keys[0] == keys[1] == keys[3]
    assert len(set(keys)) == 3


def test_workers_give_the_same_bytes(every, manifest, tmp_path):
    spec = make_spec("beat_saber", playlists=[write(tmp_path / "p.bplist", {"hash": every[0].partition("/")[0]})])
    infos = [build(manifest, tmp_path / str(n), spec, workers=n).info for n in (1, 2)]
    assert infos[0] == infos[1]


def test_load_dataset_takes_playlists(every, levels, tmp_path):
    playlist = write(tmp_path / "p.bplist", {"hash": every[0].partition("/")[0]})
    ds = rhythm_maps.load_dataset(
        "beat_saber", data_dir=levels, playlists=[str(playlist)], cache_dir=tmp_path / "hf", min_notes=0
    )
    found = [chart for split in ds.values() for chart in split["chart_id"]]
    assert found
    assert set(found) == {chart for chart in every if chart.startswith(every[0].partition("/")[0])}


@pytest.mark.parametrize(
    ("chart_id", "found"),
    [("ab/Standard/Easy", ["ab/standard/easy", "ab"]), ("AB/Lawless/Easy", ["ab"]), ("abc/Standard/Easy", [])],
)
def test_a_chart_is_listed_by_its_id_or_the_parts_before_a_slash(chart_id, found):
    assert list(listed(chart_id, frozenset({"ab", "ab/standard/easy"}))) == found


def test_what_is_no_playlist_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "bad.bplist").write_bytes(b"{")
    with pytest.raises(BadFormat, match=r"bad\.bplist"):
        read_playlists("beat_saber", [tmp_path / "bad.bplist"])
    with pytest.raises(UsageError, match="no song is listed"):
        read_playlists("beat_saber", [write(tmp_path / "empty.bplist")])
    with pytest.raises(InputError, match=r"gone\.bplist: cannot be read"):
        read_playlists("beat_saber", tmp_path / "gone.bplist")
    with pytest.raises(UsageError, match=r"Beat Saber has playlists as \.bplist or \.json"):
        read_playlists("beat_saber", ["p.txt"])
    with pytest.raises(UsageError, match="osu! has no playlists"):
        read_playlists("osu", ["p.bplist"])
