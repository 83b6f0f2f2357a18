"""What cannot be read costs its own row, is told as the caller wants it, and stands in the ledger."""

from __future__ import annotations

import shutil
import warnings
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from contract_rows import rows_of, same
from many import members_of
from packs import make_build
from test_shards import accounted

from rhythm_maps import games
from rhythm_maps.build.generate import RejectsWarning
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import DEFAULT_CONFIGS
from rhythm_maps.errors import BadFileError
from rhythm_maps.files.zips import write_zip

ARCHIVE = b"PK\x03\x04 cut off"
CHART = b"\x00\x01 this was a chart once\n"


class Damaged(NamedTuple):
    """A sample pack with two faults: the folder, the archive whose chart is damaged, and that chart."""

    folder: object
    archive: str
    chart: str


@pytest.fixture
def damaged(packs, tmp_path):
    """Copy a game's sample pack, damage one chart of a mapset of several, and add an archive that is none."""

    def make(game):
        folder = tmp_path / "damaged"
        shutil.copytree(packs.samples(game), folder)
        entries = {entry.path: entry for entry in scan(game, [packs.samples(game)]).entries}
        chosen = None
        for path in packs.archives(game):
            members, entry = members_of(path), entries[path.name]
            if chosen is None and len({c.file for c in entry.charts}) > 1 and len(entry.song_keys) == 1:
                chosen = Damaged(folder, path.name, entry.charts[-1].name)
                members[entry.charts[-1].file] = CHART
            (folder / path.name).write_bytes(write_zip(members))
        assert chosen is not None, "a sample pack needs a mapset of one song and several charts"
        (folder / f"bad{games.get(game).archive_suffixes[0]}").write_bytes(ARCHIVE)
        return chosen

    return make


def charts_by_song(loaded, known=()):
    """Song key and difficulty -> a chart's row without ids that depend on other files, and what is `known` by them."""
    rows = [row for data in rows_of(loaded).values() for row in data]
    ids = {"chart_id", "mapset_id", *known}
    found = {
        (row["song_key"], row["mode"], row["difficulty"]): {k: v for k, v in row.items() if k not in ids}
        for row in rows
    }
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("streaming", [False, True])
def test_warn_tells_and_reads_the_rest(game, damaged, exports, packs, streaming):
    """One line a shard: how many, the first with its reason and code, and what to do."""
    pack = damaged(game)
    options = {"data_dir": pack.folder, "on_bad_files": "warn", "streaming": streaming}
    entries = scan(game, [packs.samples(game)]).entries
    known = {column for entry in entries for chart in entry.charts for column in chart.facts}
    with pytest.warns(RejectsWarning) as told:
        left = charts_by_song(exports(game, "charts", **options), known)
    texts = [str(warning.message) for warning in told if warning.category is RejectsWarning]
    assert any("bad" + games.get(game).archive_suffixes[0] in text and "the scan" in text for text in texts)
    assert any(pack.archive in text for text in texts)
    assert all("rejected" in text and "[" in text and "on_bad_files" in text for text in texts)
    whole = charts_by_song(exports(game, "charts"), known)
    assert len(left) == len(whole) - 1
    assert all(same(row, whole[key]) for key, row in left.items())


@pytest.mark.parametrize("streaming", [False, True])
def test_error_stops_at_the_first(game, damaged, exports, streaming):
    pack = damaged(game)
    with pytest.raises(BadFileError, match=r"rejected in .*\[\w+\]"):
        rows_of(exports(game, "charts", data_dir=pack.folder, on_bad_files="error", streaming=streaming))
    (pack.folder / f"bad{games.get(game).archive_suffixes[0]}").unlink()
    with pytest.raises(BadFileError, match=r"rejected in (train|validation|test)-"):
        rows_of(exports(game, "charts", data_dir=pack.folder, on_bad_files="error", streaming=streaming))


@pytest.mark.parametrize("streaming", [False, True])
def test_skip_is_quiet_and_gives_the_same_rows(game, damaged, exports, streaming):
    pack = damaged(game)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RejectsWarning)
        quiet = charts_by_song(exports(game, "charts", data_dir=pack.folder, streaming=streaming))
    with pytest.warns(RejectsWarning):
        loud = charts_by_song(exports(game, "charts", data_dir=pack.folder, on_bad_files="warn", streaming=True))
    assert same(quiet, loud)


def test_error_holds_although_others_have_prepared_the_rows(game, damaged, exports):
    """datasets' cache keeps what a load that goes on has made; a strict one must not find it."""
    pack = damaged(game)
    exports(game, "charts", data_dir=pack.folder, on_bad_files="skip")
    with pytest.raises(BadFileError):
        exports(game, "charts", data_dir=pack.folder, on_bad_files="error")


def test_a_bad_input_changes_no_other_table(game, damaged, exports):
    """Beats and tracks: the damaged mapset keeps its recording, which its other charts know."""
    pack = damaged(game)
    for config in DEFAULT_CONFIGS[1:]:
        whole = [row["track_id"] for data in rows_of(exports(game, config)).values() for row in data]
        left = rows_of(exports(game, config, data_dir=pack.folder))
        assert sorted(row["track_id"] for data in left.values() for row in data) == sorted(whole)


def test_the_ledger_accounts_for_everything_once(game, damaged, tmp_path):
    pack = damaged(game)
    result = make_build(game, pack.folder, tmp_path / "out")
    ledger = pq.read_table(tmp_path / "out/meta/ledger.parquet").to_pylist()
    for kind, wanted in accounted(scan(game, [pack.folder]).lines()).items():
        assert sorted((line["path"], line["name"]) for line in ledger if line["kind"] == kind) == wanted
    assert {line["outcome"] for line in ledger} <= {"row", "duplicate_of", "reject", "ignored"}
    rejects = {(line["kind"], line["path"], line["name"]): line for line in ledger if line["outcome"] == "reject"}
    bad = rejects["input", f"bad{games.get(game).archive_suffixes[0]}", ""]
    chart = rejects["chart", pack.archive, pack.chart]
    for line in (bad, chart):
        assert line["code"]
        assert line["reason"]
        assert line["place"]
    rows = [line["id"] for line in ledger if line["outcome"] == "row" and line["kind"] == "chart"]
    assert len(rows) == len(set(rows)) == sum(result.info["rows"]["charts"].values())
    assert result.info["rejects"][bad["code"]] >= 1
