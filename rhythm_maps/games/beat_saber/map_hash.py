"""The map hash: what BeatSaver, SongCore, ScoreSaber and replays know a map by.

SHA1 over the bytes of Info.dat, then (v4) the audio data, then for each difficulty in Info order its beatmap and (v4)
its lightshow: one that several difficulties share is hashed each time, a missing file is skipped. Lower case hex, as
BeatSaver writes it (the game writes upper case). Sources: SongCore Hashing.cs, BeatSaver's infoSchema; checked against
the hash a public replay names. BeatSaver re-writes Info.dat on upload, so the hash of a map as uploaded differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from rhythm_maps.games.beat_saber.info import Info


def map_hash(info: Info, info_bytes: bytes, read: Callable[[str], bytes | None]) -> str:
    """Return the map hash.

    Args:
        info: the decoded Info.dat.
        info_bytes: its bytes as they stand in the file.
        read: gives the bytes of a file by its name in Info.dat, None where there is none.
    """
    digest = hashlib.sha1(info_bytes, usedforsecurity=False)
    names = [info.audio_data] if info.major == 4 else []
    for entry in info.difficulties:
        names += [entry.file, entry.lightshow] if info.major == 4 else [entry.file]
    for data in map(read, names):
        if data is not None:
            digest.update(data)
    return digest.hexdigest()
