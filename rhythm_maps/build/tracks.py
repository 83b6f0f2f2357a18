"""The rows of `tracks`, `beats` and `tokens`: one a recording, with the beats of the chart that knows it best."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from rhythm_maps.build.charts import Charts
from rhythm_maps.build.ledger import Ledger
from rhythm_maps.build.mapset_io import LoadedAudio, LoadedMapset
from rhythm_maps.build.recordings import Recordings
from rhythm_maps.build.spec import Spec
from rhythm_maps.build.tokens import TokenRows, account
from rhythm_maps.columns import arrow_schema
from rhythm_maps.errors import BadFormat
from rhythm_maps.games.base import FloatArray
from rhythm_maps.schema import AUDIO, BEATS_CONFIG, TRACKS
from rhythm_maps.tokens.track import TrackTokens

_OF_CHART = (
    "group_id", "song_key", "title", "artist", "tempo", "tempo_bpm", "beats", "has_downbeats", "labelled_start_s",
    "labelled_end_s", "timing_quality",
)  # fmt: skip
"""Columns that a recording takes from its representative chart."""
_FORBIDDING = ("opt_out", "download_disabled", "declared_ai")
"""Of a recording's rights what one of its charts is enough to say."""
Tempo = tuple[FloatArray, FloatArray, FloatArray]
"""Starts, beat lengths and metres (0 where none is stated) of a chart's tempo segments."""
_SAME_S = 0.002 + 1e-9
"""Tempo segments whose starts and beat lengths differ by no more (seconds) are the same."""


class Collector:
    """Collects recordings batch by batch.

    Row groups of `tracks` and `tokens` are given out as they fill, `beats` in one at the end.
    """

    def __init__(self, spec: Spec, recordings: Recordings) -> None:
        self._spec = spec
        self._recordings = recordings
        self._tokens = TokenRows(spec.tokens, spec.row_group_bytes) if spec.tokens is not None else None
        self._beats: list[pa.Table] = []
        self._pending: list[pa.Table] = []
        self._pending_bytes = 0

    def add(self, batch: Sequence[LoadedMapset], charts: Charts, ledger: Ledger) -> Iterator[tuple[str, pa.Table]]:
        """Add the recordings of a batch of whole groups, and write the ledger line of every audio file."""
        for loaded in batch:
            _reject_unusable(loaded, ledger)
        files = _recordings(batch)
        charts_of: dict[str, list[int]] = defaultdict(list)
        for i, one in enumerate(charts.parsed):
            if one.audio is not None:
                charts_of[one.audio.sha256].append(i)
        made = [sha for sha in files if sha in charts_of]
        for sha, found in files.items():
            _account(found, ledger, made=sha in charts_of)
        if not made:
            return
        tokens = self._make_tokens([files[sha][0] for sha in made], ledger)
        beats = _beats_table(charts, [files[sha][0][1] for sha in made], [charts_of[sha] for sha in made])
        if "beats" in self._spec.configs:
            self._beats.append(beats)
        if "tracks" in self._spec.configs:
            yield from self._tracks(beats, [files[sha][0][1] for sha in made])
        if self._tokens is not None:
            yield from self._tokens.add(beats, tokens)

    def _make_tokens(self, found: Sequence[tuple[LoadedMapset, LoadedAudio]], ledger: Ledger) -> dict[str, TrackTokens]:
        """Make the tokens of recordings, one after the other, and write the ledger line of each."""
        tokens: dict[str, TrackTokens] = {}
        if self._tokens is None:
            return tokens
        for loaded, audio in found:
            made = self._recordings.tokens(audio)
            account(ledger, loaded, audio, made)
            if not isinstance(made, BadFormat):
                tokens[audio.sha256] = made
        return tokens

    def finish(self) -> Iterator[tuple[str, pa.Table]]:
        """Give out what is left."""
        yield from self._flush()
        if self._tokens is not None:
            yield from self._tokens.flush()
        if self._beats:
            yield "beats", pa.concat_tables(self._beats)

    def _tracks(self, beats: pa.Table, audio: Sequence[LoadedAudio]) -> Iterator[tuple[str, pa.Table]]:
        schema = arrow_schema(TRACKS)
        for i, one in enumerate(audio):
            data = one.data or b""
            if self._pending and self._pending_bytes + len(data) > self._spec.row_group_bytes:
                yield from self._flush()
            paths = pa.array([f"{one.sha256}.{one.info.extension if one.info else 'bin'}"], pa.string())
            media = pa.StructArray.from_arrays([pa.array([data], pa.binary()), paths], fields=list(AUDIO))
            row = beats.slice(i, 1)
            self._pending.append(pa.table([*row.columns, media], schema=schema))
            self._pending_bytes += len(data)

    def _flush(self) -> Iterator[tuple[str, pa.Table]]:
        if self._pending:
            yield "tracks", pa.concat_tables(self._pending).combine_chunks()
        self._pending, self._pending_bytes = [], 0


def _recordings(batch: Sequence[LoadedMapset]) -> dict[str, list[tuple[LoadedMapset, LoadedAudio]]]:
    """Return the usable audio files by sha256, in manifest and name order: the first stands for its copies."""
    files: dict[str, list[tuple[LoadedMapset, LoadedAudio]]] = defaultdict(list)
    for loaded in batch:
        for _, audio in sorted(loaded.audio.items()):
            if audio.error is None:
                files[audio.sha256].append((loaded, audio))
    return files


def _reject_unusable(loaded: LoadedMapset, ledger: Ledger) -> None:
    """Write the lines of audio that gives no recording: not read, not readable, or named and not there."""
    entry = loaded.entry
    for file in entry.audio:
        error = loaded.error or loaded.audio[file.name].error
        if error is not None and error.code == "audio_shared":
            ledger.add(entry, "audio", file.name, "ignored", code=error.code, reason=error.reason)
        elif error is not None:
            ledger.reject(entry, "audio", file.name, error)
    reasons = {
        "audio_missing": "the map names an audio file that is not in the mapset",
        "audio_ambiguous": "the map's audio name fits several files that differ only in case",
        "audio_unnamed": "the map names no audio file",
    }
    for problem, named in sorted({(c.problem, c.audio_named) for c in entry.charts if c.problem}):
        ledger.reject(entry, "audio", named, BadFormat(problem, reasons[problem], named or entry.path))


def _account(found: Sequence[tuple[LoadedMapset, LoadedAudio]], ledger: Ledger, *, made: bool) -> None:
    sha = found[0][1].sha256
    for i, (loaded, audio) in enumerate(found):
        name = audio.entry.name
        if not made:
            ledger.add(loaded.entry, "audio", name, "ignored", code="no_chart", reason="no chart of it gave a row")
        elif i == 0:
            ledger.add(loaded.entry, "audio", name, "row", row_id=sha)
        else:
            ledger.add(loaded.entry, "audio", name, "duplicate_of", row_id=sha)


def _beats_table(charts: Charts, audio: Sequence[LoadedAudio], charts_of: Sequence[Sequence[int]]) -> pa.Table:
    """Make one row a recording.

    Args:
        charts: the batch's charts that gave rows.
        audio: the recordings.
        charts_of: for each recording the numbers of its charts.
    """
    own = of_charts(charts.table, charts_of)
    infos = [one.info for one in audio if one.info is not None]
    added = {
        "track_id": [one.sha256 for one in audio],
        "file_name": [one.entry.name for one in audio],
        "duration_s": [one.duration_s for one in audio],
        "duration_source": [one.duration_source for one in audio],
        "sampling_rate": [info.sampling_rate for info in infos],
        "channels": [info.channels for info in infos],
        "codec": [info.codec for info in infos],
        "bitrate_kbps": [info.bitrate_kbps for info in infos],
        "audio_status": [one.measured.status if one.measured else "unchecked" for one in audio],
        "timeline_shift_s": [one.clock.shift_s for one in audio],
        "clock_rule": [one.clock.rule for one in audio],
        "audio_md5": [one.md5 for one in audio],
        "loudness": [one.measured.loudness if one.measured else None for one in audio],
        "warnings": [[] for _ in audio],
    }
    schema = arrow_schema(BEATS_CONFIG)
    columns = [
        pa.array(added[f.name], f.type) if f.name in added else own[f.name].combine_chunks().cast(f.type)
        for f in schema
    ]
    return pa.table(columns, schema=schema)


def of_charts(table: pa.Table, charts_of: Sequence[Sequence[int]]) -> pa.Table:
    """Return what recordings take from their charts, one row a recording.

    Args:
        table: rows of charts.
        charts_of: for each recording the numbers of its charts in `table`.
    """
    picks = _representatives(table, charts_of)
    ids, games, rights = (table[name].to_pylist() for name in ("chart_id", "game", "rights"))
    derived = {
        "beats_agreement": [share for _, share in picks],
        "n_charts": [len(mine) for mine in charts_of],
        "chart_ids": [sorted(ids[i] for i in mine) for mine in charts_of],
        "games": [sorted({games[i] for i in mine}) for mine in charts_of],
        "rights": [
            strictest([rights[i] for i in (best, *mine)]) for (best, _), mine in zip(picks, charts_of, strict=True)
        ],
    }
    found = table.select(list(_OF_CHART)).take(pa.array([best for best, _ in picks], pa.int64()))
    for field in arrow_schema(BEATS_CONFIG):
        if field.name in derived:
            found = found.append_column(field, pa.array(derived[field.name], field.type))
    return found


def _representatives(table: pa.Table, charts_of: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """Choose the chart that gives each recording its beats; return it, and the share of charts with its segments.

    It is one whose segments most charts share, then one with most notes, then the one of the lowest id.
    """
    ids, notes = table["chart_id"].to_pylist(), table["n_notes"].to_pylist()
    tempo = table["tempo"].combine_chunks()
    fields = [tempo.field(name) for name in ("time_s", "beat_length_s", "meter")]
    offsets = fields[0].offsets.to_numpy()
    start, length, meter = (column.values.to_numpy(zero_copy_only=False) for column in fields)
    meter = np.nan_to_num(meter, nan=0.0)  # null where the source states no metre

    def segments(i: int) -> Tempo:
        own = slice(offsets[i], offsets[i + 1])
        return start[own], length[own], meter[own]

    found = []
    for mine in charts_of:
        tempos = {i: segments(i) for i in mine}
        keys = {i: tuple(column.tobytes() for column in tempo) for i, tempo in tempos.items()}
        charts_with = Counter(keys.values())
        kinds = {key: tempos[i] for i, key in keys.items()}  # a few, where there are hundreds of charts
        shared = {key: sum(charts_with[other] for other in kinds if _same(kinds[key], kinds[other])) for key in kinds}
        best = min(mine, key=lambda i: (-shared[keys[i]], -notes[i], ids[i]))
        found.append((best, shared[keys[best]] / len(mine)))
    return found


def strictest(rights: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the rights of an official chart where there is one, else of the first, with all that any of them says."""
    kept = next((one for one in rights if one["official"]), rights[0])
    said = {name: one[name] for name in _FORBIDDING for one in reversed(rights) if one.get(name)}
    return {**kept, **said}


def _same(one: Tempo, other: Tempo) -> bool:
    return len(one[0]) == len(other[0]) and all(
        bool(np.all(np.abs(a - b) <= _SAME_S)) for a, b in zip(one, other, strict=True)
    )
