"""Maps whose texts hold a mark wherever something must not be published, and a search for marks in every byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
from generate import noise_wav, osu_text, write_mapsets, zipped

from rhythm_maps.build.opt_outs import OptOut

MARK = "zqmark"
"""What must be found nowhere, in any case: song keys are lower case and have no spaces."""
TITLE = "Zqmark Title"


def marked(number: int, *, mapper: str = "", song: str = "", robots: bool = False, **more: object) -> bytes:
    """A chart whose song, difficulty and tags hold the mark; `mapper` and `song` replace its mapper and song."""
    title = song or f"{TITLE} {number}"
    text = osu_text(number, artist="Zqmark Artist", title=title, difficulty="Zqmark Hard", **more).decode()
    head = "[Metadata]\nTags:zqmark tags\nSource:Zqmark Film\n" + ("robots: disallow\n" if robots else "")
    text = text.replace("[Metadata]\n", head)
    if mapper:
        text = "\n".join(f"Creator:{mapper}" if line.startswith("Creator:") else line for line in text.split("\n"))
    return text.encode()


def write_osu(folder: Path) -> list[OptOut]:
    """Write mapsets of which some must not be published; return the opt-outs that say of which ones."""
    write_mapsets(folder, 8)
    track = noise_wav(0.2, 77)
    chart = marked(52).replace(b"Zqmark Title 52", b"Song").replace(b"Zqmark Artist", b"Band")
    chart = chart.replace(b"zqmark tags", b"tags").replace(b"Zqmark Film", b"Film")
    kept = chart.replace(b"Zqmark Hard", b"Easy")
    both = noise_wav(0.3, 99)
    slow = marked(56, mapper="Zqmark Mapper", song="Both").replace(b"1000,500,4", b"1000,600,4")
    fast = osu_text(57, artist="Somebody", title="Both", audio="song.wav", notes=8)
    mapsets = {
        "Zqmark robots": {"zqmark.osu": marked(50, robots=True, audio="zqmark.wav"), "zqmark.wav": noise_wav(0.1, 50)},
        "Zqmark mapper": {"zqmark.osu": marked(51, mapper="Zqmark Mapper"), "audio.wav": noise_wav(0.1, 51)},
        "one of two": {"zqmark hard.osu": chart, "easy.osu": kept, "audio.wav": noise_wav(0.1, 52)},
        "Zqmark set": {"zqmark.osu": marked(53), "audio.wav": noise_wav(0.1, 53)},
        "Zqmark song": {"zqmark.osu": marked(54, song="Zqmark Asked"), "audio.wav": noise_wav(0.1, 54)},
        "Zqmark track": {"zqmark.osu": marked(55, audio="zqmark.wav"), "zqmark.wav": track},
        # The name sorts before the other's, and two charts outvote one: the recording's row is theirs in the build.
        "Zqmark both": {
            "zqmark.osu": slow.replace(b"audio.wav", b"zqmark.wav"),
            "zqmark2.osu": slow.replace(b"audio.wav", b"zqmark.wav").replace(b"Zqmark Hard", b"Zqmark Insane"),
            "zqmark.wav": both,
        },
        "both": {"normal.osu": fast, "song.wav": both},
        "Zqmark broken": {"zqmark.osu": b"Zqmark", "zqmark2.osu": marked(58, audio="zqmark gone.wav", notes=0)},
    }
    for name, members in mapsets.items():
        (folder / f"{name}.osz").write_bytes(zipped(members))
    return [
        OptOut("mapper", "zqmark mapper "),
        OptOut("chart", hashlib.md5(chart).hexdigest().upper()),
        OptOut("mapset", "20000053"),
        OptOut("song", "zqmarkartist/zqmarkasked"),
        OptOut("track", hashlib.md5(track).hexdigest()),
    ]


def marks(folder: Path, mark: str = MARK) -> list[str]:
    """Return the files of a folder that hold a mark: in their bytes, or in a value or a name of a Parquet file."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_bytes().decode("latin-1") + path.relative_to(folder).as_posix()
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            text += f"{table.schema.metadata}{table.schema}" + repr(table.to_pylist())
        if mark.casefold() in text.casefold():
            found.append(path.relative_to(folder).as_posix())
    return found


def rows(folder: Path, config: str) -> list[dict[str, object]]:
    """All rows of a config of a folder."""
    return [row for path in sorted((folder / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
