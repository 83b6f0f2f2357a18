"""Real maps, built to Parquet, against the values that independent decoders found in them."""

from __future__ import annotations

import gzip
import json
import zipfile
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rhythm_maps import limits
from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.games.osu import GAME
from rhythm_maps.schema import HOLD, ROLL, SLIDE, SPIN, TAP

pytestmark = pytest.mark.corpus

MODES = ("osu", "taiko", "catch", "mania")
KINDS = np.array([[TAP, SLIDE, SPIN, SPIN], [TAP, ROLL, SPIN, SPIN], [TAP, SLIDE, SPIN, SPIN], [TAP, HOLD, HOLD, HOLD]])
"""[mode][kind of object] -> kind of note."""
TWO_STAGES = {11, 13, 15, 17}
"""Above ten keys the game plays two equal stages; the reference keeps the odd number and its columns."""


class Real(NamedTuple):
    """One file: what was expected of it, and its row."""

    expected: dict[str, Any]
    row: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.expected["file"])

    @property
    def differs(self) -> set[str]:
        """Fields in which the two reference decoders disagree."""
        return set(self.expected.get("disagree") or ())

    def column(self, name: str, field: str) -> np.ndarray:
        return self.row[name].field(field).values.to_numpy(zero_copy_only=False)

    def ms(self, name: str, field: str) -> np.ndarray:
        return self.column(name, field) * 1000

    def objects(self, field: int) -> np.ndarray:
        return np.array([each[field] for each in self.expected["ho"]], np.float64)


@pytest.fixture(scope="module")
def rows(corpus, tmp_path_factory):
    """Charts of a build of all real maps by the first 16 hex digits of their files' sha256."""
    folder = tmp_path_factory.mktemp("osu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(folder / "cache"))
        scan("osu", [corpus / "osu"]).write(folder / "m.jsonl")
        build(folder / "m.jsonl", folder / "out", make_spec("osu", configs=("charts",), min_notes=0))
    found = {}
    for path in sorted((folder / "out" / "charts").glob("*.parquet")):
        for batch in pq.read_table(path).to_batches(max_chunksize=1):
            row = {
                name: column if pa.types.is_struct(column.type) and name != "settings_osu" else column[0].as_py()
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            }
            found[row["file_sha256"][:16]] = {
                name: value.slice(0, 1).take([0]) if isinstance(value, pa.StructArray) else value
                for name, value in row.items()
            }
    return found


@pytest.fixture(scope="module")
def real(corpus, rows):
    """Every file of the expected values, with its row."""
    lines = gzip.decompress((corpus / "osu" / "expected.jsonl.gz").read_bytes()).decode().splitlines()
    return [Real(one, rows[one["sha"]]) for one in map(json.loads, lines) if one["sha"] in rows]


@pytest.fixture(scope="module")
def agreed(real):
    """The files in which the two reference decoders agree."""
    return [one for one in real if not one.differs]


def test_every_real_file_has_a_row(real, agreed):
    assert len(real) == 360
    assert len(agreed) == 300


def test_objects_are_those_of_the_reference(agreed):
    """Count, kind, start and end, repeats, length and position of every object; nothing is excepted."""
    total = 0
    for one in agreed:
        mode = one.expected["mode"]
        assert one.row["mode"] == MODES[mode]
        assert one.row["n_notes"] == len(one.expected["ho"]), one.name
        total += one.row["n_notes"]
        if not one.row["n_notes"]:
            continue
        assert np.abs(one.ms("notes", "time_s") - one.objects(0)).max() <= 1, one.name
        assert np.abs(one.ms("notes", "end_s") - one.objects(1)).max() <= 1, one.name
        np.testing.assert_array_equal(one.column("notes", "kind"), KINDS[mode][one.objects(2).astype(int)], one.name)
        _check_places(one)
        _check_sliders(one)
    assert total > 270_000


ENDS = {
    "slider-paths-edge-case.osu": "version 6: two equal points at the end of a Bezier path do not keep it short",
    "Within Temptation - The Unforgiving (Armin) [Marathon].osu": "the same, version 9",
    "adjacent-catmull-segments.osu": "Catmull paths before version 128 are one part in spite of equal neighbours",
    "catmull-duplicate-initial-controlpoint.osu": "but for one right behind the head",
    "controlpoint-custom-samplebank.osu": "a slider's end counts the length that the file gives",
    "multi-segment-slider.osu": "version 128: each letter begins a segment that ends at the next one's first point",
    "per-slider-node-sample-settings.osu": "a slider's end counts the length that the file gives",
    "Chata & nayuta - Yuune Zekka, Ryouran no Sai (sjoy) [Replay].osu": "equal points at the end of a Bezier path",
    "AKINO from bless4 & CHiCO with HoneyWorks - MIIRO vs. Ai no Scenario (monstrata) [Ultra Beginner].osu": "the same",
    "AKINO from bless4 & CHiCO with HoneyWorks - MIIRO vs. Ai no Scenario (monstrata) [Walao's Advanced].osu": "too",
}
"""Files in which the decoders disagree on ends: the game's rule, by which the Rust port of it has them right."""
COUNTS = {
    "Test Artist - Test Title (Test Creator) [New Difficulty].osu": "version 128: fractions and B-splines are legal"
}
"""Files in which they disagree on the number of objects."""
DEFAULT_SPEED = "without a SliderMultiplier line it is 1.4 (osu-parsers takes 1); difficulty values are clamped"


def test_where_the_decoders_disagree_the_games_rule_holds(real):
    """Every such file is named with its rule; the port of the game's own decoder is right in all of them."""
    seen: set[str] = set()
    for one in real:
        if not one.differs:
            continue
        name = one.name.rpartition("/")[2]
        assert one.differs <= {"end", "difficulty", "n_objects"}, DEFAULT_SPEED
        assert (name in ENDS) == ("end" in one.differs), name
        assert (name in COUNTS) == ("n_objects" in one.differs), name
        seen.add(name)
        assert one.row["n_notes"] == len(one.expected["ho"]), one.name
        if one.expected["ho"]:
            assert np.abs(one.ms("notes", "time_s") - one.objects(0)).max() <= 1, one.name
            assert np.abs(one.ms("notes", "end_s") - one.objects(1)).max() <= 1, one.name
            kinds = KINDS[one.expected["mode"]][one.objects(2).astype(int)]
            np.testing.assert_array_equal(one.column("notes", "kind"), kinds, one.name)
            _check_places(one)
            _check_sliders(one)
    assert set(ENDS) | set(COUNTS) <= seen
    assert sum(bool(one.differs) for one in real) == 60


def _check_places(one: Real) -> None:
    """Positions are equal; the reference drops fractions of version 128, and knows no y of holds (192)."""
    x, y, kind = one.objects(3), one.objects(4), one.objects(2)
    found_x = np.where(kind == 2, 256, one.column("notes_osu", "raw_x"))
    found_y = np.where(kind >= 2, 192, one.column("notes_osu", "raw_y"))
    if one.expected["v"] >= 128:
        found_x, found_y = np.trunc(found_x), np.trunc(found_y)
    np.testing.assert_array_equal(found_x, x, one.name)
    np.testing.assert_array_equal(found_y, y, one.name)
    if one.row["mode"] == "osu" and one.expected["v"] < 128:
        np.testing.assert_array_equal(one.column("notes", "x"), x, one.name)
        np.testing.assert_array_equal(one.column("notes", "y")[kind < 3], y[kind < 3], one.name)
    if one.row["mode"] == "catch":
        np.testing.assert_array_equal(np.trunc(one.column("notes", "x")), np.clip(x, 0, 512), one.name)


def _check_sliders(one: Real) -> None:
    sliders = [each for each in one.expected["ho"] if each[2] == 1]
    spans = one.column("notes_osu", "spans")
    at = spans > 0
    assert spans[at].tolist() == [each[5] + 1 for each in sliders], one.name
    length = np.array([each[6] for each in sliders], np.float64)
    np.testing.assert_allclose(one.column("notes_osu", "length_px")[at], length, rtol=0, atol=1e-3, err_msg=one.name)
    edges = one.column("edges", "time_s")
    assert len(edges) == int((spans[at] + 1).sum())
    last = np.cumsum(spans[at] + 1) - 1
    np.testing.assert_array_equal(edges[last], one.column("notes", "end_s")[at], one.name)


def test_mania_columns_and_keys_are_those_of_the_reference(real):
    compared = 0
    for one in real:
        keys = one.expected.get("keys")
        if keys is None:  # the reference leaves them out where there is no object
            assert (one.row["keys"] is None) == (one.row["mode"] != "mania")
            continue
        assert one.row["keys"] == (keys - 1 if keys in TWO_STAGES else keys), one.name
        if keys not in TWO_STAGES and one.expected["col_ok"]:
            np.testing.assert_array_equal(one.column("notes", "lane"), one.expected["col"], one.name)
            compared += len(one.expected["col"])
    assert compared > 100_000


def test_tempo_points_are_those_of_the_reference(real):
    """Also in files with differences: none of them is in timing."""
    total = 0
    for one in real:
        points = np.array(one.expected["tp"], np.float64).reshape(-1, 4)
        mine = [one.ms("tempo", "time_s"), one.ms("tempo", "beat_length_s")]
        mine += [one.column("tempo", "meter"), one.column("tempo", "omit_first_bar")]
        np.testing.assert_allclose(np.stack(mine, axis=1), points, rtol=0, atol=1e-3, err_msg=one.name)
        total += len(points)
    assert total > 1000


def test_slider_velocities_are_those_of_the_reference(real):
    """The reference also lists points that only switch slider ticks (NaN): some test maps hold nothing else."""
    for one in real:
        points = np.array(one.expected["sv"], np.float64).reshape(-1, 2)
        if one.name.rpartition("/")[2].startswith("nan-"):
            points = points[:0]
        mine = np.stack([one.ms("scroll", "time_s"), one.column("scroll", "velocity")], axis=1)
        np.testing.assert_allclose(mine, points, rtol=0, atol=1e-3, err_msg=one.name)


def test_kiai_is_that_of_the_reference(real):
    """The reference also lists points of mania and taiko that change the scroll speed alone."""
    total = 0
    for one in real:
        points = [point for i, point in enumerate(one.expected["kiai"]) if point[1] != _before(one.expected["kiai"], i)]
        starts = [time for time, on in points if on]
        np.testing.assert_allclose(one.ms("kiai", "start_s"), starts, rtol=0, atol=1e-3, err_msg=one.name)
        ends = [time for time, on in points if not on]
        np.testing.assert_allclose(one.ms("kiai", "end_s")[: len(ends)], ends, rtol=0, atol=1e-3, err_msg=one.name)
        assert len(starts) - len(ends) in {0, 1}
        total += len(starts)
    assert total > 300


def _before(points: list[list[float]], i: int) -> float:
    return points[i - 1][1] if i else 0


def test_settings_are_those_of_the_reference(real):
    for one in real:
        mine = list(one.row["settings_osu"].values())[:6]
        wanted = np.array(one.expected["diff"], np.float64)
        top = 18 if one.expected["mode"] == 3 else 10
        wanted[:4] = np.clip(wanted[:4], 0, [10, top, 10, 10])  # the reference leaves some out of range
        np.testing.assert_allclose(mine, wanted, rtol=0, atol=1e-5, err_msg=one.name)


def test_names_and_ids_are_those_of_the_reference(real):
    """The reference cuts a value at a second colon, which ppy/osu does not."""
    for one in real:
        for ours, theirs in (("title", "title"), ("artist", "artist"), ("difficulty", "version")):
            wanted = one.expected[theirs] or one.expected.get(f"{theirs}_unicode", "")
            assert one.row[ours].partition(":")[0].strip() == wanted, one.name
            if f"{theirs}_unicode" in one.expected:
                unicode = one.expected[f"{theirs}_unicode"] or one.expected[theirs]
                assert one.row[f"{ours}_unicode"].partition(":")[0].strip() == unicode, one.name
        creator = one.expected["creator"]
        assert one.row["mappers"] == ([creator] if creator else []), one.name
        assert one.row["format_version"] == str(one.expected["v"])
        ids = [each if each > 0 else None for each in one.expected["ids"]]
        assert [one.row["beatmap_id"], one.row["beatmapset_id"]] == ids, one.name


OTHER_COLOURS = {"too-many-combo-colours.osu": (0, 8), "template.osu": (1, None)}
"""Files with a Combo0 or a Combo9: which colours of the reference are the game's."""


def test_what_stands_around_the_objects_is_that_of_the_reference(real):
    counts = dict.fromkeys(("breaks", "bookmarks", "colours", "background", "preview"), 0)
    for one in real:
        breaks = np.array(one.expected["breaks"], np.float64).reshape(-1, 2)
        mine = np.stack([one.ms("breaks", "start_s"), one.ms("breaks", "end_s")], axis=1)
        np.testing.assert_allclose(mine, breaks, rtol=0, atol=1e-3, err_msg=one.name)
        assert [time * 1000 for time in one.row["bookmarks_s"]] == pytest.approx(one.expected["bookmarks"]), one.name
        colours = ["#{:02x}{:02x}{:02x}".format(*rgb) for rgb in one.expected["combo"]]
        # The reference takes any number behind "Combo"; the game takes 1 to 8.
        first, last = OTHER_COLOURS.get(one.name.rpartition("/")[2], (0, len(colours)))
        assert one.row["colours"] == colours[first:last], one.name
        assert (one.row["background"] or "") == one.expected["bg"], one.name
        preview = one.expected["preview"]
        assert one.row["preview_s"] == (None if preview == -1 else preview / 1000), one.name
        counts["breaks"] += len(breaks)
        counts["bookmarks"] += len(one.expected["bookmarks"])
        counts["colours"] += len(one.expected["combo"])
        counts["background"] += bool(one.expected["bg"])
        counts["preview"] += preview != -1
    assert min(counts.values()) > 100, counts


def test_rows_of_real_files_are_sound(real):
    for one in real:
        time_s, end_s = one.column("notes", "time_s"), one.column("notes", "end_s")
        assert (np.diff(time_s) >= 0).all(), one.name
        assert (end_s >= time_s).all(), one.name
        assert np.isfinite(one.column("notes", "beat")).all(), one.name
        whole = np.abs(time_s * 1000 - np.rint(time_s * 1000)) < 1e-6
        np.testing.assert_array_equal(np.rint(time_s[whole] * 1000) / 1000, time_s[whole])
        beats = one.column("beats", "time_s")
        assert len(beats) <= limits.BEATS
        assert (np.diff(beats) > 0).all(), one.name
        assert beats[0] >= 0 if len(beats) else True
        start, end = one.row["labelled_start_s"], one.row["labelled_end_s"]
        assert start is None or time_s[0] <= start <= end <= time_s[-1], one.name
        note = one.column("curves", "note")
        assert (one.column("notes_osu", "spans")[note] > 0).all(), one.name


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
