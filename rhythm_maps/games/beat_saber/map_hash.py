"""The map hash: what BeatSaver, SongCore, ScoreSaber and replays know a map by.

SHA1 over the bytes of Info.dat, then (v4) the audio data, then for each difficulty in Info order its beatmap and (v4)
its lightshow: one that several difficulties share is hashed each time, a missing file is skipped. Lower case hex, as
BeatSaver writes it (the game writes upper case). Sources: SongCore Hashing.cs, BeatSaver's infoSchema; checked against
the hash a public replay names. BeatSaver re-writes Info.dat on upload, so the hash of a map as uploaded differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from rhythm_maps.games.beat_saber.info import Info


def map_hash(info: Info, info_bytes: bytes, files: Mapping[str, bytes], find: Callable[[str], str | None]) -> str:
    """Return the map hash.

    Args:
        info: the decoded Info.dat.
        info_bytes: its bytes as they stand in the file.
        files: member name -> bytes.
        find: turns a name as Info.dat gives it into a key of `files`, None where there is none.
    """
    digest = hashlib.sha1(info_bytes, usedforsecurity=False)
    names = [info.audio_data] if info.major == 4 else []
    for entry in info.difficulties:
        names += [entry.file, entry.lightshow] if info.major == 4 else [entry.file]
    for name in names:
        member = find(name)
        if member is not None and member in files:
            digest.update(files[member])
    return digest.hexdigest()
