"""Real maps against the values that independent decoders found in them."""

from __future__ import annotations

import gzip
import json
import zipfile
from typing import Any, NamedTuple

import numpy as np
import pytest

from rhythm_maps import limits
from rhythm_maps.games.base import Facts, MapsetBytes
from rhythm_maps.games.osu import GAME
from rhythm_maps.games.osu.charts import Charts
from rhythm_maps.games.osu.notes import Notes
from rhythm_maps.schema import HOLD, ROLL, SLIDE, SPIN, TAP

pytestmark = pytest.mark.corpus

KINDS = np.array([[TAP, SLIDE, SPIN, SPIN], [TAP, ROLL, SPIN, SPIN], [TAP, SLIDE, SPIN, SPIN], [TAP, HOLD, HOLD, HOLD]])
"""[mode][kind of object] -> kind of note."""


class Real(NamedTuple):
    """One file: what was expected of it and where it stands in the batch."""

    expected: dict[str, Any]
    index: int


@pytest.fixture(scope="module")
def batch(corpus):
    lines = gzip.decompress((corpus / "osu" / "expected.jsonl.gz").read_bytes()).decode().splitlines()
    expected = [json.loads(line) for line in lines]
    sets = [MapsetBytes((("a", "a"),), {"a": (corpus / "osu" / each["file"]).read_bytes()}) for each in expected]
    found = GAME.parse(sets)
    return found, [Real(expected[at], i) for i, at in enumerate(found.mapset.tolist())], len(expected)


@pytest.fixture(scope="module")
def agreed(batch):
    """The files in which the two reference decoders agree."""
    return [real for real in batch[1] if not real.expected.get("disagree")]


def notes_of(charts: Charts, real: Real) -> Notes:
    bounds = slice(charts.note_offsets[real.index], charts.note_offsets[real.index + 1])
    return Notes(*(getattr(charts.notes, name)[bounds] for name in Notes.__slots__))


def test_nearly_all_real_files_parse(batch):
    found, real, total = batch
    assert total == 360
    assert len(real) + len(found.rejects) == total
    assert len(real) >= 358


def test_objects_stand_where_and_when_the_reference_has_them(batch, agreed):
    right = total = 0
    for real in agreed:
        notes, objects, mode = notes_of(batch[0].data, real), real.expected["ho"], real.expected["mode"]
        assert len(notes) == len(objects), real.expected["file"]
        total += len(objects)
        if not objects:
            continue
        start, _, kind, x, y = (np.array(column) for column in zip(*(each[:5] for each in objects), strict=True))
        ok = (np.abs(notes.time_ms - start) <= 1) & (notes.kind == KINDS[mode][kind])
        if mode in {0, 2}:
            ok &= np.abs(notes.x - (x if mode == 0 else np.clip(x, 0, 512))) < 1  # the reference drops fractions
        if mode == 0:
            ok &= np.abs(notes.y - y) < 1
        if mode == 3 and real.expected["col_ok"] and real.expected["keys"] not in {11, 13, 15, 17}:
            ok &= notes.lane == real.expected["col"]
        right += int(ok.sum())
    assert total > 250_000
    assert right / total >= 0.9999


def test_objects_end_when_the_reference_has_them(batch, agreed):
    """All but the sliders whose length is their curve's own: the closed formula needs no geometry."""
    right = total = sliders = 0
    for real in agreed:
        notes = notes_of(batch[0].data, real)
        end = np.array([each[1] for each in real.expected["ho"]], np.float64)
        right += int((np.abs(notes.end_ms - end) <= 1).sum())
        total += len(end)
        sliders += int((notes.spans > 0).sum())
    assert sliders > 15_000
    assert (total - right) / sliders <= 0.001
    assert right / total >= 0.9999


def test_sliders_have_the_spans_and_lengths_of_the_reference(batch, agreed):
    for real in agreed:
        notes = notes_of(batch[0].data, real)
        sliders = [each for each in real.expected["ho"] if each[2] == 1]
        at = notes.spans > 0
        assert notes.spans[at].tolist() == [each[5] + 1 for each in sliders]
        lengths = np.array([each[6] for each in sliders], np.float64)
        np.testing.assert_allclose(notes.length_px[at], lengths, atol=1e-3, err_msg=real.expected["file"])


def test_tempo_points_are_those_of_the_reference(batch, agreed):
    for real in agreed:
        timing = batch[0].data.timings[real.index]
        mine = np.stack([timing.tempo_ms, timing.beat_length_ms, timing.meter, timing.omit_first_bar], axis=1)
        points = np.array(real.expected["tp"], np.float64).reshape(-1, 4)
        np.testing.assert_allclose(mine, points, atol=1e-3, err_msg=real.expected["file"])


def test_slider_velocities_are_those_of_the_reference(batch, agreed):
    """The reference also lists points that only switch slider ticks (NaN): some test maps hold nothing else."""
    for real in agreed:
        timing = batch[0].data.timings[real.index]
        points = np.array(real.expected["sv"], np.float64).reshape(-1, 2)
        if real.expected["file"].rpartition("/")[2].startswith("nan-"):
            points = points[:0]
        np.testing.assert_allclose(
            np.stack([timing.velocity_ms, timing.velocity], axis=1), points, atol=1e-3, err_msg=real.expected["file"]
        )


def test_settings_are_those_of_the_reference(batch):
    for real in batch[1]:
        d = batch[0].data.beatmaps[real.index].difficulty
        wanted = np.array(real.expected["diff"], np.float64)
        top = 18 if real.expected["mode"] == 3 else 10
        wanted[:4] = np.clip(wanted[:4], 0, [10, top, 10, 10])  # the reference leaves some out of range
        mine = [d.hp, d.cs, d.od, d.ar, d.slider_multiplier, d.slider_tick_rate]
        np.testing.assert_allclose(mine, wanted, atol=1e-5, err_msg=real.expected["file"])


def test_names_are_those_of_the_reference(batch):
    """The reference cuts a value at a second colon, which ppy/osu does not."""
    for real in batch[1]:
        b = batch[0].data.beatmaps[real.index]
        mine = {
            "title": b.title, "title_unicode": b.title_unicode, "artist": b.artist, "artist_unicode": b.artist_unicode,
            "creator": b.creator, "version": b.difficulty_name, "audio": b.audio,
        }  # fmt: skip
        for key, value in mine.items():
            assert value.partition(":")[0].strip() == real.expected[key], real.expected["file"]
        assert b.version == real.expected["v"]
        assert (-1 if b.preview_ms is None else b.preview_ms) == real.expected["preview"]
        ids = [each if each and each > 0 else None for each in (b.beatmap_id, b.beatmapset_id)]
        assert ids == [each if each > 0 else None for each in real.expected["ids"]]


def test_keys_are_those_of_the_reference(batch):
    """Above ten keys the game plays two equal stages; the reference keeps the odd number."""
    for real in batch[1]:
        keys = real.expected.get("keys")
        if keys is not None:
            mine = batch[0].data.beatmaps[real.index].keys
            assert mine == (keys - 1 if keys in {11, 13, 15, 17} else keys)


def test_rows_of_real_files_are_sound(batch):
    found = batch[0]
    table = GAME.rows(found, Facts(np.full(len(found.names), np.nan)))
    assert table.num_rows == len(found.names)
    notes = table["notes"].combine_chunks()
    time_s = notes.field("time_s").flatten().to_numpy()
    whole = found.data.notes.time_ms == np.rint(found.data.notes.time_ms)
    np.testing.assert_array_equal(np.rint(time_s * 1000)[whole], found.data.notes.time_ms[whole])
    assert (found.data.notes.end_ms >= found.data.notes.time_ms).all()
    assert np.isfinite(notes.field("beat").flatten().to_numpy()).all()
    for beats in table["beats"].combine_chunks().field("time_s"):
        times = np.array(beats.as_py())
        assert len(times) <= limits.BEATS
        assert (np.diff(times) > 0).all()
        assert times[0] >= 0 if len(times) else True


class Zipped:
    """The members of a zip file, names in the code page that osu! writes."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path, metadata_encoding="cp932")

    def names(self):
        return sorted(name for name in self.zip.namelist() if not name.endswith("/"))

    def size(self, name):
        return self.zip.getinfo(name).file_size

    def read(self, name):
        return self.zip.read(name)


def test_real_archives_are_mapsets(corpus):
    paths = sorted(path for suffix in GAME.archive_suffixes for path in (corpus / "osu").rglob(f"*{suffix}"))
    assert len(paths) >= 14
    for path in paths:
        charts = GAME.identify(Zipped(path)).charts
        assert charts, path
        assert not [chart for chart in charts if "__MACOSX" in chart.name], path
