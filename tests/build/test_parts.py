"""The small parts of a build: its description, presets, ledger and Parquet files."""

from __future__ import annotations

import gc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rhythm_maps import limits
from rhythm_maps.build import presets
from rhythm_maps.build.ledger import SCHEMA, Ledger, input_rejects
from rhythm_maps.build.manifest import MapsetEntry, RejectEntry
from rhythm_maps.build.parquet import TableWriter, write_table
from rhythm_maps.build.shard import cut
from rhythm_maps.build.spec import DEFAULT_CONFIGS, Spec, build_key, code_digest, make_spec, package_versions
from rhythm_maps.errors import BadFormat, UsageError


class TestSpec:
    def test_configs_come_in_one_order_however_they_are_asked_for(self):
        assert make_spec("osu", configs=["tracks", "charts"]).configs == ("charts", "tracks")
        assert make_spec("osu").configs == DEFAULT_CONFIGS

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"configs": ["token"]}, "unknown configs token"),
            ({"configs": []}, "none given"),
            ({"min_notes": -1}, "0 or more"),
            ({"row_group_bytes": 100}, "expected at least"),
            ({"preset": "mania_99k"}, "no preset 'mania_99k'"),
            ({"filters": [("beats", "==", 1)]}, "only scalar columns"),
            ({"filters": [("nowhere", "==", 1)]}, "does not exist"),
            ({"filters": [("mode", "~", 1)]}, "operator '~'"),
            ({"filters": ["mode"]}, "a filter is"),
        ],
    )
    def test_what_cannot_be_built_is_refused(self, arguments, message):
        with pytest.raises(UsageError, match=message):
            make_spec("osu", **arguments)

    def test_an_unknown_game_is_refused_with_the_known_ones(self):
        with pytest.raises(UsageError, match="beat_saber, osu"):
            make_spec("chess")

    def test_the_key_changes_with_everything_that_decides_bytes(self):
        specs = [
            make_spec("osu"),
            make_spec("osu", configs=["charts"]),
            make_spec("osu", min_notes=2),
            make_spec("osu", preset=next(iter(presets.presets("osu")))),
            make_spec("osu", filters=[("mode", "==", "mania")]),
            make_spec("osu", row_group_bytes=limits.MIB),
            Spec("osu", schema_version="0"),
        ]
        keys = {build_key(digest, spec) for digest in ("one", "two") for spec in specs}
        assert len(keys) == 2 * len(specs)
        assert build_key("one", specs[0]) == build_key("one", make_spec("osu"))
        assert all(len(key) == 12 for key in keys)

    def test_versions_and_code_are_part_of_the_key(self):
        assert set(package_versions()) == {"rhythm_maps", "pyarrow", "schema"}
        assert len(code_digest()) == 64


class TestPresets:
    @pytest.mark.parametrize("game", ["osu", "beat_saber"])
    def test_every_preset_says_what_it_is_and_filters(self, game):
        for name, preset in presets.presets(game).items():
            assert name.isidentifier()
            assert preset.description
            assert preset.filters

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[a\n", "configs/osu.toml"),
            ("a = 1\n", "must hold description and filters"),
            ('[a]\ndescription = "x"\n', "must hold"),
            ('[a]\ndescription = "x"\nfilters = [["nowhere", "==", 1]]\n', r"\[a\].*does not exist"),
        ],
    )
    def test_a_wrong_file_of_presets_is_named(self, tmp_path, monkeypatch, text, message):
        (tmp_path / "osu.toml").write_text(text)
        monkeypatch.setattr(presets.resources, "files", lambda package: tmp_path)
        presets.presets.cache_clear()
        try:
            with pytest.raises(UsageError, match=message):
                presets.presets("osu")
        finally:
            presets.presets.cache_clear()

    def test_filters_pass_the_rows_that_plain_python_passes_and_never_a_null(self):
        table = pa.table({"keys": pa.array([4, 7, None, 4, 5]), "mode": ["mania", "mania", "mania", "osu", "mania"]})
        rows = table.to_pylist()
        expected = {
            (("keys", "==", 4),): [r["keys"] == 4 for r in rows],
            (("keys", "!=", 4),): [r["keys"] is not None and r["keys"] != 4 for r in rows],
            (("keys", ">=", 5), ("mode", "==", "mania")): [r["keys"] is not None and r["keys"] >= 5 for r in rows],
            (("keys", "in", (4, 5)),): [r["keys"] in (4, 5) for r in rows],
            (("mode", "not in", ("mania",)),): [r["mode"] != "mania" for r in rows],
        }
        for filters, passes in expected.items():
            assert presets.mask(table, filters).to_pylist() == passes, filters
        assert presets.mask(table, ()) is None


def entry(path, root=0):
    return MapsetEntry(root, path, "0" * 64, [], [], [], [], [], split="train")


class TestLedger:
    def test_lines_are_sorted_by_input_kind_and_name_however_they_were_added(self):
        one, two = entry("z.osz"), entry("a.osz")
        ledger = Ledger([one, two])
        ledger.add(two, "chart", "b.osu", "row", row_id="1")
        ledger.add(one, "audio", "a.mp3", "row", row_id="2")
        ledger.add(one, "chart", "b.osu", "ignored", code="few_notes")
        ledger.reject(one, "chart", "a.osu", BadFormat("bad_text", "no text", "line 3"))
        ledger.reject(one, "input", "", BadFormat("bad_zip", "no zip"))
        lines = [(line["path"], line["kind"], line["name"]) for line in ledger.table().to_pylist()]
        assert lines == [
            ("z.osz", "input", ""),
            ("z.osz", "chart", "a.osu"),
            ("z.osz", "chart", "b.osu"),
            ("z.osz", "audio", "a.mp3"),
            ("a.osz", "chart", "b.osu"),
        ]

    def test_a_reject_has_a_place_always(self):
        ledger = Ledger([entry("a.osz")])
        ledger.reject(entry("a.osz"), "input", "", BadFormat("x", "y"))
        ledger.reject(entry("a.osz"), "chart", "b.osu", BadFormat("x", "y"))
        ledger.reject(entry("a.osz"), "chart", "c.osu", BadFormat("x", "y", "line 3"))
        assert ledger.table()["place"].to_pylist() == ["a.osz", "b.osu", "line 3"]

    def test_hostile_text_is_made_printable(self):
        table = input_rejects([RejectEntry(0, "a\x1b[31m\udcff.osz", "code", "why\n\x00", "place\u202e")])
        text = "".join(value for value in table.to_pylist()[0].values() if isinstance(value, str))
        assert text.isprintable()
        assert table["path"].to_pylist() == ["a\\x1b[31m\\udcff.osz"]

    def test_an_empty_ledger_has_its_columns(self):
        assert Ledger([]).table().schema == SCHEMA
        assert input_rejects([]).num_rows == 0


class TestParquet:
    @pytest.fixture
    def table(self):
        media = pa.StructArray.from_arrays(
            [pa.array([b"x" * 50_000] * 4), pa.array(["a", "b", "c", "d"])], ["bytes", "path"]
        )
        return pa.table({"name": ["n"] * 4, "audio": media, "notes": [[1.0, 2.0]] * 4})

    def test_every_table_is_one_row_group(self, tmp_path, table):
        with TableWriter(tmp_path / "t.parquet", table.schema) as writer:
            writer.write(table)
            writer.write(table.slice(1, 2))
        file = pq.ParquetFile(tmp_path / "t.parquet")
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 2]
        assert writer.rows == 6
        assert file.read().equals(pa.concat_tables([table, table.slice(1, 2)]))

    def test_media_is_plain_and_the_rest_is_zstd(self, tmp_path, table):
        write_table(tmp_path / "t.parquet", table)
        group = pq.ParquetFile(tmp_path / "t.parquet").metadata.row_group(0)
        columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
        assert {name: column.compression for name, column in columns.items()} == {
            "name": "ZSTD",
            "audio.bytes": "UNCOMPRESSED",
            "audio.path": "ZSTD",
            "notes.list.element": "ZSTD",
        }
        assert "RLE_DICTIONARY" not in columns["audio.bytes"].encodings
        assert columns["name"].has_offset_index

    def test_bytes_do_not_depend_on_how_a_table_is_chunked(self, tmp_path, table):
        write_table(tmp_path / "one.parquet", table)
        write_table(tmp_path / "two.parquet", pa.concat_tables([table.slice(0, 1), table.slice(1)]))
        assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()

    def test_a_file_given_up_in_the_middle_is_quiet(self, tmp_path, table, recwarn):
        def give_up():
            with TableWriter(tmp_path / "t.parquet", table.schema) as writer:
                writer.write(table)
                raise KeyError

        with pytest.raises(KeyError):
            give_up()
        gc.collect()
        assert [str(warning.message) for warning in recwarn] == []

    def test_a_table_without_rows_is_a_file_with_columns(self, tmp_path, table):
        write_table(tmp_path / "t.parquet", table.slice(0, 0))
        assert pq.read_table(tmp_path / "t.parquet").schema == table.schema

    def test_large_tables_are_cut_by_bytes_with_a_row_each_at_least(self):
        table = pa.table({"n": pa.array(range(1000), pa.int64())})
        parts = list(cut(table, 800))
        assert [len(part) for part in parts] == [100] * 10
        assert pa.concat_tables(parts).equals(table)
        assert len(list(cut(table, 1))) == 1000
        assert list(cut(table.slice(0, 0), 800)) == []
