"""What any file or folder is, what is in it and what is wrong with it, as plain data for people and programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rhythm_maps import games, limits
from rhythm_maps.audio.probe import probe
from rhythm_maps.build import game_files, manifest
from rhythm_maps.build.mapset_io import examine
from rhythm_maps.build.previous import INFO_FILE
from rhythm_maps.build.run import read_info
from rhythm_maps.build.shard import LEDGER, iter_shard
from rhythm_maps.build.spec import make_spec
from rhythm_maps.errors import BadFormat, InputError
from rhythm_maps.games.base import Game
from rhythm_maps.sniff import HEAD_BYTES, what_is
from rhythm_maps.sources.local import Found, find_mapsets, normalise_root

_CHART_FACTS = (
    *("mapset_id", "chart_id", "mode", "title", "artist", "difficulty", "mappers", "format_version", "file_name"),
    *(
        "n_notes",
        "length_s",
        "nps",
        "tempo_bpm",
        "tempo_min_bpm",
        "tempo_max_bpm",
        "keys",
        "njs",
        "track_id",
        "warnings",
    ),
)
_TRACK_FACTS = (
    *("track_id", "file_name", "title", "artist", "duration_s", "codec", "sampling_rate", "channels", "bitrate_kbps"),
    "n_charts",
)


Progress = Callable[[Sequence[Any]], Iterator[Any]]


def inspect(path: Path, progress: Progress = iter, maps: Path | None = None) -> dict[str, Any]:
    """Find out what is at a path.

    Args:
        path: a file or folder.
        progress: wraps the list of mapsets or files of a folder while they are read, to show a bar.
        maps: a folder of maps, an archive or a file that lists charts (`osu!.db`): its songs are put beside the chart
            ids of replays and databases.

    Returns:
        ``kind`` ("maps", "game_file", "build", "manifest", "audio", "parquet" or "unknown") and the facts of that
        kind. "maps" has ``files`` beside its ``games``: files that are no maps, without their tables. Of these and of
        "game_file" see `game_files.describe_file`; `game_files.plain` makes JSON of them.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    known = _known(maps, progress) if maps else {}
    root, start = normalise_root(path)
    if start == root:
        info = read_info(start)
        return _build(info) if info else _folder(start, progress, known)
    owners = [found for name in games.names() if (found := owner_of(games.get(name), start))]
    if owners:
        return {"kind": "maps", "games": [_facts(*one, progress) for one in owners], "files": []}
    entry = game_files.describe_file(start)
    if entry is not None:
        return {"kind": "game_file", **(game_files.join(entry, known) if maps else entry)}
    return _other_file(start)


def _folder(folder: Path, progress: Progress, known: game_files.Known) -> dict[str, Any]:
    """Return the maps of a folder, and its other files with the songs they are about."""
    found = _maps(folder, progress)
    known = dict(known)
    for one in found["games"]:
        known |= game_files.songs_of_charts(one["charts"])
    files = []
    for entry in game_files.describe_folder(folder, progress):
        known |= game_files.songs_of_file(entry)
        # The frames of a thousand replays would fill the memory; they are shown file by file.
        files.append({**entry, "tables": {}})
    return {**found, "files": [game_files.join(entry, known) if known else entry for entry in files]}


def _known(path: Path, progress: Progress) -> game_files.Known:
    root, start = normalise_root(path)
    if start != root and (entry := game_files.describe_file(start)) is not None:
        return game_files.songs_of_file(entry)
    known: game_files.Known = {}
    if start == root:
        found = _maps(start, progress)["games"]
        for entry in game_files.describe_folder(start, progress):
            known |= game_files.songs_of_file(entry)
    else:
        owners = [owner for name in games.names() if (owner := owner_of(games.get(name), start))]
        found = [_facts(*one, progress) for one in owners]
    for one in found:
        known |= game_files.songs_of_charts(one["charts"])
    if not known:
        raise InputError(f"{path}: no maps are known there. Expected a folder of maps, an archive or an osu!.db.")
    return known


def _build(info: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "build", **{name: value for name, value in info.items() if name != "files"}}


def _maps(folder: Path, progress: Progress) -> dict[str, Any]:
    found = [(games.get(name), folder, find_mapsets(games.get(name), folder)) for name in games.names()]
    return {"kind": "maps", "games": [_facts(*one, progress) for one in found if one[2]]}


def owner_of(game: Game, path: Path) -> tuple[Game, Path, list[Found]] | None:
    """Return the mapset that a single file stands for, if any: an archive, or a chart and the files beside it."""
    if path.name.lower().endswith(game.archive_suffixes):
        stat = path.stat()
        return game, path.parent, [Found(path.name, is_archive=True, files=[(path.name, stat.st_size, 0)])]
    if not game.marks(path.name):
        return None
    owner = next((one for one in find_mapsets(game, path.parent) if one.path == "."), None)
    if owner is None:
        return None
    # Of a folder of many charts show the one that was named.
    owner.files = [one for one in owner.files if one[0] == path.name or not game.marks(Path(one[0]).name)]
    return game, path.parent, [owner]


def _facts(game: Game, root: Path, found: Sequence[Found], progress: Progress) -> dict[str, Any]:
    spec = make_spec(game.name, configs=("charts", "beats"), min_notes=0)
    charts: list[dict[str, Any]] = []
    tracks: list[dict[str, Any]] = []
    ledger: list[dict[str, Any]] = []
    for one in progress(found):
        if one.problem:
            ledger.append(_problem(one, BadFormat("unreadable_folder", one.problem)))
            continue
        try:
            entry = examine(game, root, 0, one)
        except BadFormat as error:
            ledger.append(_problem(one, error))
            continue
        for name, table in iter_shard([entry], [root], spec):
            rows = table.select(
                [c for c in table.column_names if name == LEDGER or c in (*_CHART_FACTS, *_TRACK_FACTS)]
            )
            {"charts": charts, "beats": tracks, LEDGER: ledger}[name].extend(rows.to_pylist())
    return {
        "game": game.name,
        "title": game.title,
        "mapsets": len(found),
        "charts": [{name: row[name] for name in _CHART_FACTS} for row in charts],
        "tracks": [{name: row[name] for name in _TRACK_FACTS} for row in tracks],
        "modes": dict(Counter(row["mode"] for row in charts)),
        "problems": [line for line in ledger if line["outcome"] in {"reject", "ignored"}],
        "copies": sum(line["outcome"] == "duplicate_of" and line["kind"] == "chart" for line in ledger),
    }


def _problem(found: Found, error: BadFormat) -> dict[str, Any]:
    facts = {"path": found.path, "kind": "input", "name": "", "outcome": "reject"}
    return {**facts, "code": error.code, "reason": error.reason, "place": error.place}


def _other_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        size = path.stat().st_size
        if head.startswith(b'{"') and b'"kind":"header"' in head:
            return _manifest(path)
        if head.startswith(b"PAR1"):
            return _parquet(path)
        if path.name == Path(INFO_FILE).name and b'"content_sha256"' in head:
            return _build(json.loads(path.read_bytes()))
        try:
            if size <= limits.AUDIO_BYTES:
                return {"kind": "audio", **probe(path.read_bytes(), path.name)._asdict()}
        except BadFormat as error:
            reason = error.reason
        else:
            reason = "too large to be one of them"
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return {
        "kind": "unknown",
        "looks_like": what_is(head) or "nothing that is known",
        "bytes": size,
        "as_audio": reason,
    }


def _manifest(path: Path) -> dict[str, Any]:
    plan = manifest.load(path)
    return {
        "kind": "manifest",
        "game": plan.header.game,
        "roots": plan.header.roots,
        "mapsets": plan.mapsets,
        "shards": plan.header.shards,
        "per_split": {s: sum(r.mapsets for r in plan.shards if r.split == s) for s in manifest.SPLITS},
        "rejects": [{"path": r.path, "code": r.code, "reason": r.reason, "place": r.place} for r in plan.rejects],
        "moved": len(plan.moved),
    }


def _parquet(path: Path) -> dict[str, Any]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        return {"kind": "unknown", "looks_like": "a damaged Parquet file", "as_audio": "", "reason": str(error)}
    schema = file.schema_arrow
    return {
        "kind": "parquet",
        "rows": file.metadata.num_rows,
        "row_groups": file.metadata.num_row_groups,
        "columns": {field.name: str(field.type) for field in schema},
    }
