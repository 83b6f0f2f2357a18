"""Tokens that were made before: one file a recording, in the cache folder, so that no song is encoded twice.

What a file holds depends on the recording's bytes and on the settings, never on a map: beats are put in when rows are
made. Its name holds a digest of settings, code and package versions, so whatever changes codes changes the name.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import msgspec

from rhythm_maps.files import atomic
from rhythm_maps.files.paths import cache_dir
from rhythm_maps.tokens.settings import TokenSettings, signal_versions
from rhythm_maps.tokens.track import TrackTokens

FOLDER = "tokens"
_SIGNAL_PATH = ("rhythm_maps.audio", "rhythm_maps.tokens")
"""Packages between an audio file and its codes."""


@lru_cache(maxsize=1)
def _signal_digest() -> str:
    """Return a sha256 of the source files between an audio file and its codes."""
    digest = hashlib.sha256()
    for package in _SIGNAL_PATH:
        for root in map(Path, import_module(package).__path__):
            for file in sorted(root.rglob("*.py")):
                digest.update(f"{package}/{file.relative_to(root).as_posix()}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def place(track_id: str, settings: TokenSettings) -> Path:
    """Return the file that holds, or would hold, the tokens of a recording.

    Args:
        track_id: sha256 of the audio file's bytes.
        settings: what decides its tokens.
    """
    parts = [settings, _signal_digest(), signal_versions()]
    key = hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]
    return cache_dir() / FOLDER / key / track_id[:2] / f"{track_id}.tokens"


def read(track_id: str, settings: TokenSettings) -> TrackTokens | None:
    """Return the tokens of a recording; None where there are none, or no whole ones."""
    try:
        found = msgspec.msgpack.decode(place(track_id, settings).read_bytes(), type=TrackTokens)
    except (OSError, msgspec.DecodeError):
        return None
    return found if found.is_whole and found.n_q == settings.n_q else None


def write(track_id: str, settings: TokenSettings, tokens: TrackTokens) -> None:
    """Keep the tokens of a recording; a reader sees a whole file or none."""
    atomic.write_bytes(place(track_id, settings), msgspec.msgpack.encode(tokens))
