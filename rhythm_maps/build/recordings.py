"""What decoding shows of recordings, and their codes: decoded once, told of before, and not at all when condemned."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from rhythm_maps.audio.measure import UNREADABLE, Measured, measure
from rhythm_maps.audio.mp3_clock import Clock
from rhythm_maps.build import token_cache
from rhythm_maps.build.mapset_io import LoadedAudio
from rhythm_maps.build.spec import Spec
from rhythm_maps.build.whereabouts import At
from rhythm_maps.errors import BadFormat
from rhythm_maps.tokens.settings import TokenRun
from rhythm_maps.tokens.track import TrackTokens, encoder, tokenize

KILLED = "audio_killed_worker"
"""Code of a recording that killed its worker alone, twice."""


class Recordings:
    """Decodes and encodes the recordings of a shard, one at a time.

    A chart's beats run to the end of what can be decoded, so a recording is measured before its charts are parsed.
    Where every chart is wanted its codes are made in the same pass; with filters only those of the recordings that
    still have a chart are, and these are decoded a second time.
    """

    def __init__(self, spec: Spec, run: TokenRun, condemned: Collection[str], at: At) -> None:
        """Take what is wanted, how tokens are made, the ids that are not decoded, and whom to tell of the place."""
        self._settings = spec.tokens
        self._run = run
        self._condemned = condemned
        self._at = at
        self._path = ""
        self._encode_at_once = spec.tokens is not None and not spec.all_filters and not spec.playlist
        self._made: dict[str, TrackTokens | BadFormat] = {}

    def enter(self, path: str) -> None:
        """Go to a mapset."""
        self._path = path
        self._at(path)

    def measured(self, track_id: str, data: bytes, name: str, clock: Clock) -> Measured:
        """Return what decoding a recording showed.

        Args:
            track_id: sha256 of its bytes.
            data: the whole file.
            name: what it is called, for messages.
            clock: how the game's clock runs against its samples.

        Raises:
            BadFormat: as `measure`.
        """
        if track_id in self._condemned:
            return UNREADABLE
        if self._encode_at_once:
            self._made[track_id] = self._make(track_id, data, name, clock)
        made = self._made.get(track_id) or self._cached(track_id, clock)
        if isinstance(made, TrackTokens):
            return made.measured
        with self._decoding(track_id):
            return measure(data, name)

    def tokens(self, audio: LoadedAudio) -> TrackTokens | BadFormat:
        """Return the tokens of a recording that was read with its bytes, or why it gives none.

        Raises:
            RhythmMapsError: the weights cannot be had, or are not those that the build began with.
        """
        if audio.sha256 not in self._made:
            return self._make(audio.sha256, audio.data or b"", audio.entry.name, audio.clock)
        return self._made[audio.sha256]

    def forget(self) -> None:
        """Let go of the tokens that were made for a batch."""
        self._made.clear()

    def _cached(self, track_id: str, clock: Clock) -> TrackTokens | None:
        return None if self._settings is None else token_cache.read(track_id, clock.shift_samples, self._settings)

    def _make(self, track_id: str, data: bytes, name: str, clock: Clock) -> TrackTokens | BadFormat:
        if self._settings is None:
            raise AssertionError("tokens are made of a spec that has their settings")
        if track_id in self._condemned:
            return BadFormat(KILLED, "decoding or encoding it killed its worker, alone, twice", name)
        found = self._cached(track_id, clock)
        if found is not None:
            return found
        codec = encoder(self._settings, self._run)
        with self._decoding(track_id):
            try:
                made = tokenize(data, name, self._settings, codec, shift_s=clock.shift_s)
            except BadFormat as error:
                return error
        token_cache.write(track_id, clock.shift_samples, self._settings, made)
        return made

    @contextmanager
    def _decoding(self, track_id: str) -> Iterator[None]:
        """Say that a recording is being decoded, so that it is known when that kills this process."""
        self._at(self._path, track_id)
        try:
            yield
        finally:
            self._at(self._path)
