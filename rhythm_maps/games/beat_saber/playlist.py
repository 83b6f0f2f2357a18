"""Playlists (``.bplist``): JSON that lists levels by their map hash, and the difficulties of each that are meant.

::

    {"playlistTitle": "...", "image": "base64,...", "songs": [
        {"hash": "E200F3...", "key": "2b69a", "songName": "...",
         "difficulties": [{"characteristic": "Standard", "name": "expertPlus"}]},
        {"levelid": "custom_level_E200F3..."}]}

Sources: the playlist managers of the game and BeatSaver's export. The game writes hashes in upper case, tools write
difficulties in any case.
"""

from __future__ import annotations

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.beat_saber.document import Document
from rhythm_maps.games.beat_saber.values import section, text

_CUSTOM_LEVEL = "custom_level_"


def read(data: bytes) -> tuple[str, ...]:
    """Return what a playlist lists: map hashes, or ``<map hash>/<characteristic>/<difficulty>`` where it names some.

    A song without a hash stands under its level id or BeatSaver key: no level has that, so it is one that is missing.

    Raises:
        BadFormat: it is no JSON (``bad_json``), or lists no songs (``bad_playlist``).
        LimitExceeded: it is larger than `limits.JSON_BYTES`.
    """
    songs = Document(data, "").root().get("songs")
    if not isinstance(songs, list):
        raise BadFormat("bad_playlist", "it has no list of songs", "songs")
    found: list[str] = []
    for i, entry in enumerate(songs):
        song = section(entry)
        listed = song.get("difficulties")
        level = _level(song)
        if not level:
            raise BadFormat("bad_playlist", "a song has neither hash, level id nor key", f"songs[{i}]")
        charts = [_chart(section(one)) for one in listed] if isinstance(listed, list) else []
        found += [f"{level}/{chart}" for chart in charts if chart] or [level]
    return tuple(dict.fromkeys(found))


def _level(song: dict[str, object]) -> str:
    level_id = text(song.get("levelid")) or text(song.get("levelId"))
    if level_id.lower().startswith(_CUSTOM_LEVEL):
        level_id = level_id[len(_CUSTOM_LEVEL) :]
    return (text(song.get("hash")) or level_id or text(song.get("key"))).strip().lower()


def _chart(difficulty: dict[str, object]) -> str:
    characteristic, name = text(difficulty.get("characteristic")).strip(), text(difficulty.get("name")).strip()
    return f"{characteristic}/{name}" if characteristic and name else ""
