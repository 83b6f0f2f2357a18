"""Inputs that are broken, hostile or strangely named: a message or a coded reject each, and nothing else is lost."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import rhythm_maps
from rhythm_maps.audio.synth import Segment, encode_ogg, render
from rhythm_maps.cli import cli
from rhythm_maps.errors import InputError, NoDataError, UsageError
from rhythm_maps.files.zips import write_zip

HEAD = (
    "osu file format v14\n\n[General]\n{audio}Mode: 0\n\n[Metadata]\nTitle:{title}\nArtist:A\nCreator:M\nVersion:N\n\n"
)
BODY = "[TimingPoints]\n0,500,4,1,0,100,1,0\n\n[HitObjects]\n256,192,1000,1,0\n100,100,1500,1,0\n"


def osu(title: str, audio: str | None = "song.ogg") -> bytes:
    named = "" if audio is None else f"AudioFilename: {audio}\n"
    return (HEAD.format(audio=named, title=title) + BODY).encode()


@pytest.fixture(scope="module")
def song() -> bytes:
    return encode_ogg(render([Segment(0.0, 0.5)], 2.0), 44100)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path / "cache"))


def build(maps: Path, out: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Build with one good mapset beside what is in `maps`; return the charts and the ledger."""
    result = CliRunner().invoke(cli, ["build", "osu", str(maps), "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    charts = [row for path in sorted((out / "charts").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    assert "Good" in [chart["title"] for chart in charts], "a bad input took a good one with it"
    return charts, pq.read_table(out / "meta" / "ledger.parquet").to_pylist()


def maps_with(tmp_path: Path, song: bytes, **files: bytes) -> Path:
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "good.osz").write_bytes(write_zip({"good.osu": osu("Good"), "song.ogg": song}))
    for name, data in files.items():
        (maps / f"{name}.osz").write_bytes(data)
    return maps


def bomb() -> bytes:
    """A zip of 1 GiB of zeros in 1 MiB."""
    buffer = BytesIO()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    packed = b"".join(packer.compress(block) for _ in range(1024)) + packer.flush()
    crc = 0
    for _ in range(1024):
        crc = zlib.crc32(block, crc)
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("bomb.osu")
        archive.writestr(info, packed)
    data = bytearray(buffer.getvalue())
    for at, header in ((0, 8), (data.rindex(b"PK\x01\x02"), 10)):
        data[at + header : at + header + 2] = (8).to_bytes(2, "little")
        sizes = at + header + 6
        data[sizes : sizes + 4] = crc.to_bytes(4, "little")
        data[sizes + 8 : sizes + 12] = (1 << 30).to_bytes(4, "little")
    return bytes(data)


def overlapped(song: bytes) -> bytes:
    """A zip in which two entries of the directory share one local entry."""
    data = bytearray(write_zip({"a.osu": osu("Twin"), "b.osu": osu("Twin"), "song.ogg": song}))
    directory = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", directory + 4)
    data[second + 42 : second + 46] = data[directory + 42 : directory + 46]
    return bytes(data)


def test_bad_archives_are_coded_rejects_and_the_rest_is_built(tmp_path: Path, song: bytes) -> None:
    maps = maps_with(
        tmp_path, song, text=b"not a zip at all\n", page=b"<!doctype html><title>429</title>", bomb=bomb(),
        overlap=overlapped(song), cut=write_zip({"a.osu": osu("Cut"), "song.ogg": song})[:-300], empty=b"",
        other=write_zip({"readme.txt": b"no map here"}),
    )  # fmt: skip
    charts, ledger = build(maps, tmp_path / "out")
    rejects = {str(line["path"]): line for line in ledger if line["outcome"] == "reject" and line["kind"] == "input"}
    assert [chart["title"] for chart in charts] == ["Good"]
    assert {path: line["code"] for path, line in rejects.items()} == {
        "text.osz": "not_a_zip", "page.osz": "not_a_zip", "empty.osz": "not_a_zip", "other.osz": "not_a_mapset",
        "bomb.osz": "archive_too_large", "cut.osz": "bad_zip", "overlap.osz": "overlap",
    }  # fmt: skip
    assert "HTML" in str(rejects["page.osz"]["reason"])
    assert all(line["place"] and line["reason"] for line in rejects.values())


def test_audio_names_lead_nowhere_outside_the_mapset(tmp_path: Path, song: bytes) -> None:
    """A name with .., an absolute one, none, and one that fits two files: the chart stays, the track is a reject."""
    (tmp_path / "x.mp3").write_bytes(song)
    maps = maps_with(
        tmp_path, song,
        up=write_zip({"a.osu": osu("Up", "../../x.mp3"), "song.ogg": song}),
        absolute=write_zip({"a.osu": osu("Absolute", str(tmp_path / "x.mp3")), "song.ogg": song}),
        none=write_zip({"a.osu": osu("None", None), "song.ogg": song}),
        case=write_zip({"a.osu": osu("Case", "SONG.ogg"), "song.ogg": song, "Song.OGG": song + b"\0"}),
        unique=write_zip({"a.osu": osu("Unique", "SONG.OGG"), "song.ogg": song + b"\0\0"}),
        silent=write_zip({"a.osu": osu("Silent", "song.ogg"), "song.ogg": b""}),
    )  # fmt: skip
    charts, ledger = build(maps, tmp_path / "out")
    found = {str(chart["title"]): (chart["track_id"] is not None, chart["warnings"]) for chart in charts}
    assert found == {
        "Good": (True, []), "Unique": (True, []), "Up": (False, ["audio_missing"]),
        "Absolute": (False, ["audio_missing"]), "None": (False, ["audio_unnamed"]),
        "Case": (False, ["audio_ambiguous"]), "Silent": (False, ["unreadable_audio"]),
    }  # fmt: skip
    rejects = [line for line in ledger if line["kind"] == "audio" and line["outcome"] == "reject"]
    assert sorted(str(line["path"]) for line in rejects) == [
        "absolute.osz", "case.osz", "none.osz", "silent.osz", "up.osz",
    ]  # fmt: skip
    assert all(line["code"] and line["place"] for line in rejects)


def test_hostile_members_are_never_read_and_are_listed(tmp_path: Path, song: bytes) -> None:
    data = write_zip({"a.osu": osu("Strange"), "song.ogg": song, "Nx/evil.osu": osu("Evil")})
    maps = maps_with(tmp_path, song, strange=data.replace(b"Nx/evil.osu", b"../evil.osu"))
    charts, ledger = build(maps, tmp_path / "out")
    assert sorted(str(chart["title"]) for chart in charts) == ["Good", "Strange"]
    assert [(line["code"], line["name"]) for line in ledger if line["kind"] == "member"] == [
        ("hostile_name", "'../evil.osu'")
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such name")
@pytest.mark.parametrize("streaming", [False, True])
def test_a_folder_with_brackets_and_colons_works(tmp_path: Path, song: bytes, *, streaming: bool) -> None:
    folder = tmp_path / "[x] (y) ::z"
    folder.mkdir()
    maps = maps_with(folder, song)
    charts, _ = build(maps, folder / "out [1]")
    ds = rhythm_maps.load_dataset(
        "osu", "charts", data_dir=maps, split="train", streaming=streaming, cache_dir=tmp_path / "hf"
    )
    assert [row["title"] for row in ds] == [chart["title"] for chart in charts] == ["Good"]


def test_no_input_and_no_maps_get_a_message(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs your maps: data_dir="):
        rhythm_maps.load_dataset("osu")
    with pytest.raises(UsageError, match="has no config 'chart': expected one of charts, beats, tracks"):
        rhythm_maps.load_dataset("osu", "chart", data_dir=tmp_path)
    with pytest.raises(UsageError, match="takes no argument min_note: expected some of"):
        rhythm_maps.load_dataset("osu", data_dir=tmp_path, min_note=3)
    with pytest.raises(NoDataError, match=r"no osu! mapsets found. Expected .osz or .olz archives"):
        rhythm_maps.load_dataset("osu", data_dir=tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        rhythm_maps.load_dataset("osu", data_dir=tmp_path / "none")


def test_no_home_user_host_or_path_in_any_built_byte(tmp_path: Path, song: bytes) -> None:
    maps = maps_with(tmp_path, song, page=b"<html>", cut=write_zip({"a.osu": osu("Cut"), "song.ogg": song})[:-300])
    os.mkfifo(maps / "pipe.osz") if hasattr(os, "mkfifo") else None
    build(maps, tmp_path / "out")
    words = {str(tmp_path), str(Path.home()), getpass.getuser(), socket.gethostname()}
    words = {word for word in words if len(word) > 4}
    assert words
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [word for word in words if word.encode() in data], path
    info = json.loads((tmp_path / "out" / "meta" / "info.json").read_bytes())
    assert info["rows"]["charts"] == {"train": 1}
