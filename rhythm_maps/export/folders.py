"""A build as plain files, for those who work with folders.

::

    DIR/audio/<song>.ogg                 the recording's own bytes
    DIR/annotations/<song>.beats         one beat a line: seconds, TAB, position in the bar (0 where there is no metre)
    DIR/timing_points/<song>.tsv         one tempo segment a line: seconds, beat length in seconds, BPM, metre
    DIR/metadata/<song>.json             title, artist, duration, split, charts, rights

``<song>`` is ``<artist> - <title> [<8 hex of track_id>]`` in characters that every file system takes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.run import read_info
from rhythm_maps.errors import UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.files.paths import safe_name

_LONGEST_NAME = 120
_CHART_COLUMNS = ("chart_id", "track_id", "mode", "difficulty", "mappers", "n_notes", "beatmap_id", "beatmapset_id")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: songs, of which with audio and with beats."""

    songs: int
    audio: int
    with_beats: int


def export_folders(build: Path, out: Path) -> Exported:
    """Write the recordings of a build as plain files.

    Args:
        build: the folder of a build that holds `tracks`, or `beats` (then there is no audio).
        out: the folder to fill; files of the same names are replaced.

    Raises:
        UsageError: it is no build, or holds neither tracks nor beats.
        BuildError: `out` cannot be written.
    """
    info = read_info(build)
    if info is None:
        raise UsageError(f"{build}: no build (it has no meta/info.json); make one with rhythm-maps build")
    config = next((name for name in ("tracks", "beats") if name in info["rows"]), None)
    if config is None:
        raise UsageError(f"{build}: holds neither tracks nor beats; build maps with --configs charts,beats,tracks")
    with writing(out, "Export again when that is mended."):
        return _write(build, out, config)


def _write(build: Path, out: Path, config: str) -> Exported:
    charts = _charts(build)
    songs = audio = with_beats = 0
    for split, row in read_recordings(build, config):
        name = song_name(row)
        if config == "tracks":
            extension = row["audio"]["path"].rpartition(".")[2]
            atomic.write_bytes(out / "audio" / f"{name}.{extension}", row["audio"]["bytes"])
            audio += 1
        atomic.write_bytes(out / "annotations" / f"{name}.beats", beats_text(row["beats"]).encode())
        atomic.write_bytes(out / "timing_points" / f"{name}.tsv", tempo_text(row["tempo"]).encode())
        text = json.dumps(_metadata(row, split, charts[row["track_id"]]), ensure_ascii=False, indent=2)
        atomic.write_bytes(out / "metadata" / f"{name}.json", f"{text}\n".encode())
        songs += 1
        with_beats += bool(row["beats"]["time_s"])
    return Exported(songs, audio, with_beats)


def song_name(row: dict[str, Any]) -> str:
    """Return a file name for a recording: readable, unique, and legal on every system."""
    text = safe_name(f"{row['artist']} - {row['title']}", _LONGEST_NAME)
    return f"{text or 'untitled'} [{row['track_id'][:8]}]"


def beats_text(beats: dict[str, list[Any]]) -> str:
    """Return beats as ``.beats`` text: seconds, TAB, position in the bar, one beat a line."""
    pairs = zip(beats["time_s"], beats["position"], strict=True)
    return "".join(f"{time_s:.6f}\t{position}\n" for time_s, position in pairs)


def tempo_text(tempo: dict[str, list[Any]]) -> str:
    """Return tempo segments as text with a header: start, beat length, BPM, metre (empty where there is none)."""
    lines = ["time_s\tbeat_length_s\tbpm\tmeter"]
    for time_s, length, meter in zip(tempo["time_s"], tempo["beat_length_s"], tempo["meter"], strict=True):
        lines.append(f"{time_s:.6f}\t{length:.9f}\t{60 / length:.6f}\t{'' if meter is None else meter}")
    return "\n".join(lines) + "\n"


def read_recordings(build: Path, config: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (split, row) of `tracks` or `beats`, one row in memory at a time."""
    for split in SPLITS:
        for path in sorted((build / config).glob(f"{split}-*.parquet")):
            for batch in pq.ParquetFile(path).iter_batches(batch_size=1):
                yield split, batch.to_pylist()[0]


def _charts(build: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((build / "charts").glob("*.parquet")):
        for row in pq.read_table(path, columns=list(_CHART_COLUMNS)).to_pylist():
            found[row["track_id"]].append({k: v for k, v in row.items() if k != "track_id" and v is not None})
    return found


def _metadata(row: dict[str, Any], split: str, charts: list[dict[str, Any]]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in {"audio", "beats", "tempo"}}
    return {"split": split, **kept, "charts": charts}
