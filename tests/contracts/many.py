"""Makes any number of distinct mapsets of any game, from one mapset of its sample pack."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rhythm_maps import games
from rhythm_maps.audio.synth import encode_wav
from rhythm_maps.files import open_members
from rhythm_maps.files.zips import write_zip
from rhythm_maps.songs import song_key

_RATE = 8_000


def members_of(archive: Path) -> dict[str, bytes]:
    """Return all members of an archive."""
    with open_members(archive) as source:
        return {name: source.read(name) for name in source.names()}


def write_many(game: str, pack: Path, folder: Path, n: int, name: str = "{:04d}") -> list[Path]:
    """Write `n` mapsets that share nothing: another title, another recording and other chart bytes each.

    Args:
        game: the game.
        pack: its sample pack.
        folder: where to.
        n: how many.
        name: of each archive, without suffix; formatted with the mapset's number.
    """
    members, mapset, suffix = _template(game, pack)
    title = mapset.charts[0].title.encode()
    charts = {chart.file for chart in mapset.charts}
    audio = {chart.audio for chart in mapset.charts}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for i in range(n):
        changed = {}
        for member, data in members.items():
            if member in audio:
                changed[member] = _recording(i)
            else:
                # Space at the end is nobody's content, and makes charts that hold no title differ as well.
                text = data.replace(title, title + f" {i:04d}".encode())
                changed[member] = text + b"\n" * (i + 1) if member in charts else text
        path = folder / f"{name.format(i)}{suffix}"
        path.write_bytes(write_zip(changed))
        written.append(path)
    return written


def _template(game, pack):
    """Return the first mapset of one song whose audio is there and whose title is plain text in its files."""
    own = games.get(game)
    for archive in sorted(path for path in pack.iterdir() if path.name.endswith(own.archive_suffixes)):
        with open_members(archive) as source:
            mapset = own.identify(source)
        members = members_of(archive)
        songs = {song_key(chart.artist, chart.title) for chart in mapset.charts}
        texts = (members[name] for name in {*mapset.files, *(chart.file for chart in mapset.charts)})
        plain = any(mapset.charts[0].title.encode() in text for text in texts)
        if len(songs) == 1 and "" not in songs and plain and all(c.audio in members for c in mapset.charts):
            return members, mapset, archive.suffix
    raise AssertionError(f"the sample pack of {game} has no plain mapset of one song")


def _recording(number):
    """Return a second of noise that is each number's own."""
    noise = np.random.default_rng(number).uniform(-0.1, 0.1, (_RATE, 1))
    return encode_wav(noise.astype(np.float32), _RATE)
