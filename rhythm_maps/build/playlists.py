"""Playlists as a filter: charts are listed by their ids, or by what those of a mapset begin with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rhythm_maps import games, limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, UsageError


def read_playlists(game: str, paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str]) -> tuple[str, ...]:
    """Return what playlists list together: sorted, in lower case, so that the same songs give the same build.

    Raises:
        UsageError: the game has no playlists that are read, or they list no song.
        InputError: one cannot be read.
        BadFormat: one is no playlist; the message names it.
    """
    own = games.get(game)
    found: set[str] = set()
    for path in [Path(one).expanduser() for one in ([paths] if isinstance(paths, str | os.PathLike) else paths)]:
        if not path.name.lower().endswith(own.playlist_suffixes or ()):
            known = " or ".join(own.playlist_suffixes)
            raise UsageError(
                f"{path}: {own.title} has playlists as {known}" if known else f"{own.title} has no playlists"
            )
        try:
            found.update(listed.casefold() for listed in own.playlist(_bytes(path)))
        except BadFormat as error:
            raise BadFormat(error.code, f"{path}: {error.reason}", error.place) from error
    if paths and not found:
        raise UsageError(f"{paths}: no song is listed, so no chart would be left")
    return tuple(sorted(found))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > limits.PLAYLIST_BYTES:
            raise LimitExceeded("playlist_too_large", f"more than {limits.PLAYLIST_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def listed(chart_id: str, playlist: frozenset[str]) -> Iterator[str]:
    """Return what of a playlist means this chart: its id, or the parts before one of its "/" (its mapset)."""
    folded = chart_id.casefold()
    end = len(folded)
    while end > 0:
        if folded[:end] in playlist:
            yield folded[:end]
        end = folded.rfind("/", 0, end)
