"""One official level as the members of a mapset: the files of a level folder, made in memory from two bundles."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.files.members import missing_member
from rhythm_maps.gunzip import gunzip_once
from rhythm_maps.sources.unity import folder
from rhythm_maps.sources.unity.objects import TEXT_ASSET, Bundle, Pointer
from rhythm_maps.sources.unity.records import LevelData, PackLevel, Preview
from rhythm_maps.sources.unity.song import read_song


class OfficialLevel:
    """The members of an official level (`files.members.MemberSource`): Info.dat, beatmaps, lightshows, song, cover.

    What cannot be had is no member and stands in `problems`: a song without its resource, a beatmap that the bundle
    does not hold. A difficulty keeps its place in Info.dat, so that it shows as a chart without a file. The cover is
    decoded when it is read.

    Args:
        level_id: what the level is called, for people: the pack's id, else the bundle's name.
        bundle: the level's bundle.
        data: what it holds.
        pack: what its pack says; None where no pack lists it.
        previews: what the pack says of each characteristic (`records.pair`).
        cover: reads the cover as a PNG file; None where there is none.
        v2: make the layout of format 2: `Info.dat` 2.1.0, gzipped beatmaps, no lightshows.

    Attributes:
        official: these are the game's own; rows of them must say so.
        problems: what is missing, and why.
    """

    official = True

    def __init__(
        self,
        level_id: str,
        bundle: Bundle,
        data: LevelData,
        pack: PackLevel | None,
        previews: Mapping[str, Mapping[int, Preview]],
        cover: Callable[[], bytes] | None = None,
        *,
        v2: bool = False,
    ) -> None:
        self.level_id = level_id
        self.problems: list[BadFormat] = []
        self._bundle = bundle
        self._v2 = v2
        self._cover = cover
        self._files: dict[str, bytes] = {}
        self._texts: dict[Pointer, bytes] = {}
        self._left = limits.BUNDLE_INFLATED_BYTES
        if pack is None:
            reason = "no pack lists this level: title, artist, BPM and jump speeds are not known"
            self.problems.append(BadFormat("no_pack_entry", reason, level_id))
        for group in data.sets if pack is not None else ():
            if group.name not in previews:
                reason = f"the pack does not list {group.name!r}: its jump speeds are not known"
                self.problems.append(BadFormat("no_pack_entry", reason, level_id))
        if pack is not None and pack.offset_s and not v2:
            reason = f"a song offset of {pack.offset_s} s, which Info.dat of format 4 cannot state"
            self.problems.append(BadFormat("song_time_offset", reason, level_id))
        listed = folder.entries(data.sets, previews, v2=v2)
        self._add_beatmaps(listed)
        audio_data = self._text(data.audio_data, folder.AUDIO_DATA) if data.audio_data else None
        bpm = pack.bpm if pack else 0.0
        if audio_data is not None:
            bpm = bpm if bpm > 0 else folder.derived_bpm(audio_data, folder.AUDIO_DATA)
            self._add_audio_data(audio_data)
        song = folder.Song(
            pack,
            pack.title if pack and pack.title else level_id,
            bpm,
            self._add_song(data.audio),
            folder.AUDIO_DATA if folder.AUDIO_DATA in self._files else "",
            folder.COVER if cover else "",
        )
        self._files[folder.INFO] = folder.info_v2(song, listed) if v2 else folder.info_v4(song, listed)

    def names(self) -> Sequence[str]:
        """Return the member names, sorted."""
        return sorted([*self._files, *([folder.COVER] if self._cover else [])])

    def size(self, name: str) -> int:
        """Return a member's size.

        Raises:
            BadFormat: as `read`.
        """
        return len(self.read(name))

    def read(self, name: str) -> bytes:
        """Return a member's bytes.

        Raises:
            BadFormat: there is no such member (``missing_member``), or the cover cannot be decoded (``bad_cover``).
        """
        if name not in self._files:
            if name != folder.COVER or self._cover is None:
                raise missing_member(name)
            self._files[name] = self._cover()
        return self._files[name]

    def crc32(self, name: str) -> int:
        """Return the CRC-32 of a member's bytes.

        Raises:
            BadFormat: as `read`.
        """
        return zlib.crc32(self.read(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: no file stays open."""

    def _add_beatmaps(self, listed: Sequence[folder.Entry]) -> None:
        for entry in listed:
            self._add_text(entry.beatmap, entry.file, required=True)
            if entry.lightshow and not self._v2 and entry.lightshow not in self._files:
                self._add_text(entry.lights, entry.lightshow, required=False)

    def _add_text(self, pointer: Pointer | None, name: str, *, required: bool) -> None:
        if pointer is None:
            if required:
                self.problems.append(BadFormat("missing_object", "the level names no beatmap for it", name))
            return
        data = self._text(pointer, name)
        if data is not None:
            self._files[name] = gzip.compress(data, mtime=0) if self._v2 else data

    def _add_audio_data(self, data: bytes) -> None:
        if self._v2 and folder.count_regions(data, folder.AUDIO_DATA) > 1:
            reason = "tempo changes that Info.dat of format 2 cannot state: times of notes are off after the first"
            self.problems.append(BadFormat("tempo_lost", reason, self.level_id))
        if not self._v2:
            self._files[folder.AUDIO_DATA] = data
        elif (regions := folder.bpm_info(data, folder.AUDIO_DATA)) is not None:
            self._files[folder.BPM_INFO] = regions

    def _add_song(self, clip: Pointer | None) -> str:
        """Add the song and return its file name; a song that cannot be had keeps the name that it would have."""
        if clip is None:
            self.problems.append(BadFormat("missing_object", "the level names no song", self.level_id))
            return "song.wav"
        try:
            song = read_song(self._bundle, clip)
        except BadFormat as error:
            self.problems.append(error)
            return "song.wav"
        self._files[song.name] = song.data
        return song.name

    def _text(self, pointer: Pointer, name: str) -> bytes | None:
        """Return a text asset, read once however often it is named; None for one that cannot be read."""
        if pointer not in self._texts:
            data = self._read_text(pointer, name)
            if data is None:
                return None
            self._left -= len(data)
            self._texts[pointer] = data
        return self._texts[pointer]

    def _read_text(self, pointer: Pointer, name: str) -> bytes | None:
        """Read a text asset without its gzip layer; a damaged one as it is, for whoever parses it to say so."""
        try:
            raw = str(self._bundle.read(pointer, TEXT_ASSET).get("m_Script", "")).encode("utf-8", "surrogateescape")
        except BadFormat as error:
            self.problems.append(BadFormat(error.code, error.reason, name))
            return None
        try:
            return gunzip_once(raw, name, max(0, min(limits.JSON_BYTES, self._left)))
        except BadFormat as error:
            self.problems.append(error)
            return raw
