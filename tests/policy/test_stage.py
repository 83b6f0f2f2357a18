"""What a push would upload: the columns of the profile, and no trace of what may not be published."""

from __future__ import annotations

import getpass
import json
import socket
from dataclasses import replace
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from planted import MARK, TITLE, marks, rows
from trees import digests

from rhythm_maps import limits, schema
from rhythm_maps.build.opt_outs import OptOut, OptOuts, sha256_of
from rhythm_maps.build.spec import CONFIGS, columns
from rhythm_maps.columns import STR, Column
from rhythm_maps.errors import BadFormat, InputError, NoDataError, UsageError
from rhythm_maps.publish.policy import PROFILES, allows, carries
from rhythm_maps.publish.records import Tombstone, read_tombstones
from rhythm_maps.publish.stage import stage

BASIS = "all of it is mine"
NOBODY = OptOuts()


def publish(build, profile="annotations", name="staged", **more):
    more.setdefault("rights", "" if profile == "annotations" else BASIS)
    return stage(build, Path(name), profile=profile, **more)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_the_build_itself_holds_what_is_looked_for(planted):
    build, _ = planted
    found = marks(build)
    assert {"meta/ledger.parquet", "meta/groups.parquet"} <= set(found)
    assert {"charts", "beats", "tracks"} <= {name.split("/")[0] for name in found}
    assert {"Zqmark Film", ""} == {row["source"] for row in rows(build, "charts")} - {"Film"}


def test_nothing_of_what_is_left_out_is_in_any_byte_card_and_ledger_included(carded):
    staged = carded
    assert staged.left_out == {"opted_out": 8}
    assert marks(staged.folder) == []
    # What stays is whole: eight plain mapsets, one chart of two, and the recording that lost its other charts.
    assert {row["title"] for row in rows(staged.folder, "charts")} >= {"Song", "Both", "Song 0001"}
    assert {config: sum(splits.values()) for config, splits in staged.rows.items()} == {
        "charts": 13, "beats": 10, "tracks": 10, "credits": 18, "preview": 13,
    }  # fmt: skip


def test_a_recording_that_loses_charts_says_what_its_others_say(planted, plain_card):
    build, opt_outs = planted
    [before] = [row for row in rows(build, "beats") if row["n_charts"] == 3]
    assert (before["artist"], before["file_name"], before["tempo_bpm"]) == ("Zqmark Artist", "zqmark.wav", 100)
    staged = publish(build, opt_outs=opt_outs)
    [after] = [row for row in rows(staged.folder, "beats") if row["track_id"] == before["track_id"]]
    [chart] = [row for row in rows(staged.folder, "charts") if row["track_id"] == before["track_id"]]
    assert (after["artist"], after["file_name"], after["tempo_bpm"]) == ("Somebody", "song.wav", 120)
    assert (after["chart_ids"], after["n_charts"], after["beats_agreement"]) == ([chart["chart_id"]], 1, 1)
    assert after["beats"] == chart["beats"]
    assert not after["rights"]["opt_out"]
    assert after["duration_s"] == before["duration_s"]


def test_without_a_list_only_files_that_ask_for_it_stay_out(planted, plain_card):
    build, _ = planted
    staged = publish(build, opt_outs=NOBODY)
    assert staged.left_out == {"opted_out": 1}
    [robots] = [row for row in rows(build, "charts") if row["rights"]["opt_out"]]
    assert robots["title"] == f"{TITLE} 50"
    assert staged.examples == {"opted_out": (robots["chart_id"],)}
    assert robots["title"] not in {row["title"] for row in rows(staged.folder, "charts")}
    assert robots["track_id"] not in {row["track_id"] for row in rows(staged.folder, "beats")}


def test_this_person_s_own_list_holds_where_none_is_given(planted, plain_card, tmp_path):
    build, _ = planted
    own = tmp_path / "RHYTHM_MAPS_CONFIG" / "opt_outs.jsonl"
    own.parent.mkdir()
    own.write_text('{"kind": "mapper", "value": "ZQMARK MAPPER"}\n')
    assert publish(build).left_out == {"opted_out": 4}


def test_official_levels_are_refused_under_every_profile_and_their_music_too(levels, plain_card):
    official = [row for row in rows(levels, "charts") if row["rights"]["official"]]
    [borrower] = [row for row in rows(levels, "charts") if row["title"] == "Song 0060" and row["difficulty"] == "Easy"]
    assert official
    assert borrower["track_id"] == official[0]["track_id"]
    for profile in PROFILES:
        staged = publish(levels, profile, f"staged {profile}", opt_outs=NOBODY)
        assert staged.left_out == {"official": len(official)}
        assert marks(staged.folder) == []
        assert marks(staged.folder, official[0]["track_id"]) == []
        [same] = [row for row in rows(staged.folder, "charts") if row["chart_id"] == borrower["chart_id"]]
        assert same["track_id"] is None
    music = [row["audio"]["bytes"] for row in rows(levels, "tracks") if row["track_id"] == official[0]["track_id"]]
    assert marks(Path("staged audio"), music[0][64:128].decode("latin-1")) == []


def test_a_public_push_of_content_needs_each_author_s_permission(levels, plain_card, tmp_path):
    permitted = next(row["mapset_id"] for row in rows(levels, "charts") if row["title"] == "Song 0001")
    line = {
        "map": permitted.upper(),
        "holder": "Mapper 1",
        "basis": "said yes",
        "date": "2026-05-01",
        "evidence": "zqmail",
    }
    file = tmp_path / "permissions.jsonl"
    file.write_text(json.dumps(line) + "\n")
    staged = publish(levels, "maps", public=True, permissions=file, opt_outs=NOBODY)
    [row] = rows(staged.folder, "charts")
    assert row["mapset_id"] == permitted
    assert (row["rights"]["basis"], len(row["rights"]["permission_ref"])) == ("said yes", 16)
    assert staged.left_out["no_permission"] > 5
    assert marks(staged.folder, "zqmail") == []
    assert [beat["chart_ids"] for beat in rows(staged.folder, "beats")] == [[row["chart_id"]]]
    ids = {row["id"] for row in rows(staged.folder, "meta") if "outcome" in row and row["outcome"] == "row"}
    assert ids == {row["chart_id"], row["track_id"]}
    # Neither annotations nor a private push ask for it.
    assert "no_permission" not in publish(levels, public=True, opt_outs=NOBODY).left_out
    assert "no_permission" not in publish(levels, "maps", opt_outs=NOBODY).left_out


def test_a_push_of_which_nothing_is_left_names_rows_reasons_and_remedies(levels, plain_card):
    with pytest.raises(NoDataError) as refused:
        publish(levels, "maps", public=True, opt_outs=NOBODY)
    text = str(refused.value)
    assert all(word in text for word in ("no_permission: ", "/Standard/Easy", ", ...", "--permissions", "official: "))
    assert not Path("staged").exists()


def test_the_ledger_has_a_line_for_everything_and_names_only_what_is_published(planted, plain_card):
    build, opt_outs = planted
    staged = publish(build, opt_outs=opt_outs)
    before = pq.read_table(build / "meta/ledger.parquet").to_pylist()
    after = pq.read_table(staged.folder / "meta/ledger.parquet").to_pylist()
    assert [(line["kind"], line["split"]) for line in after] == [(line["kind"], line["split"]) for line in before]
    assert sum(line["code"] == "opted_out" for line in after) == staged.left_out["opted_out"] + 5  # and recordings
    published = {row["chart_id"]: row["file_name"] for row in rows(staged.folder, "charts")}
    named = {line["id"]: line["name"] for line in after if line["kind"] == "chart" and line["id"]}
    assert named == published
    assert {line["path"] + line["reason"] + line["place"] for line in after} == {""}
    assert staged.info["rejects"] == json.loads((build / "meta/info.json").read_bytes())["rejects"]


def test_groups_are_those_of_what_is_published(planted, plain_card):
    build, opt_outs = planted
    staged = publish(build, opt_outs=opt_outs)
    groups = {row["group"]: row for row in pq.read_table(staged.folder / "meta/groups.parquet").to_pylist()}
    charts = rows(staged.folder, "charts")
    assert set(groups) == {row["group_id"] for row in charts}
    assert {key for row in groups.values() for key in row["song_keys"]} == {row["song_key"] for row in charts}
    plain = next(row for row in charts if row["title"] == "Song 0001")
    assert groups[plain["group_id"]]["audio"]


def test_tombstones_are_hashes_and_those_of_earlier_versions_stay(planted, plain_card):
    build, opt_outs = planted
    old = Tombstone("chart", "ab" * 32, "0.9.0", "withdrawn")
    staged = publish(build, opt_outs=opt_outs, version="1.0.0", tombstones=[old])
    stones = read_tombstones(staged.folder / "meta/tombstones.jsonl")
    gone = {row["chart_id"] for row in rows(build, "charts")} - {
        row["chart_id"] for row in rows(staged.folder, "charts")
    }
    assert {stone.sha256 for stone in stones if stone.kind == "chart"} == {old.sha256, *map(sha256_of, gone)}
    assert {stone.version for stone in stones} == {"0.9.0", "1.0.0"}
    again = publish(build, opt_outs=opt_outs, version="1.1.0", tombstones=stones)
    assert read_tombstones(again.folder / "meta/tombstones.jsonl") == stones


# --- columns ----------------------------------------------------------------------------------------------------------


def test_every_column_of_every_game_has_a_profile_and_never_is_in_none():
    for profile in PROFILES:
        assert not allows(profile, Column("x", STR, "X.", profile="never"))
        assert allows(profile, Column("x", STR, "X.", profile="public"))
    widest = {"notes": "maps", "audio": "audio", "codes": "tokens", "beats": "annotations"}
    for game in ("osu", "beat_saber"):
        for config in CONFIGS:
            for column in columns(game, config):
                assert column.profile in (*PROFILES, "public", "never"), column.name
                assert column.profile == widest.get(column.name, column.profile), column.name


@pytest.mark.parametrize("profile", PROFILES)
def test_staged_files_hold_the_columns_of_their_profile(profile, levels, plain_card):
    staged = publish(levels, profile, opt_outs=NOBODY)
    order = ("public", *PROFILES)
    assert ("tracks" in staged.rows) == (profile == "audio")
    for config in set(staged.rows) & set(CONFIGS):
        declared = {column.name: column.profile for column in columns("beat_saber", config)}
        expected = [name for name, one in declared.items() if one in order[: order.index(profile) + 1]]
        for path in (staged.folder / config).iterdir():
            assert pq.read_schema(path).names == expected
    assert ("notes" in pq.read_schema(next((staged.folder / "charts").iterdir())).names) == (profile != "annotations")


def test_a_column_that_is_never_published_is_in_no_byte(planted, plain_card, monkeypatch):
    build, _ = planted
    never = tuple(replace(c, profile="never") if c.name in {"tags", "source"} else c for c in schema.CHARTS)
    monkeypatch.setattr(schema, "CHARTS", never)
    staged = publish(build, "audio", opt_outs=NOBODY)
    assert marks(staged.folder, "zqmark tags") == []
    assert marks(staged.folder, "Zqmark Film") == []
    assert {row["role"] for row in rows(staged.folder, "credits")} == {"mapper", "artist"}


def test_a_column_that_nobody_declared_is_not_published(planted, plain_card, monkeypatch):
    build, _ = planted
    monkeypatch.setattr(schema, "CHARTS", tuple(c for c in schema.CHARTS if c.name != "tags"))
    with pytest.raises(UsageError, match=r"charts was built by a version with other columns \(tags\)"):
        publish(build, opt_outs=NOBODY)


def test_a_profile_beyond_annotations_needs_a_basis(planted):
    build, _ = planted
    with pytest.raises(UsageError, match=r"profile maps holds other people's work.*--rights"):
        publish(build, "maps", rights=" ")
    with pytest.raises(UsageError, match="expected one of annotations, maps, tokens, audio"):
        publish(build, "everything", rights=BASIS)


def test_the_basis_stands_in_info(planted, plain_card):
    build, opt_outs = planted
    staged = publish(build, "maps", opt_outs=opt_outs)
    info = json.loads((staged.folder / "meta/info.json").read_bytes())
    assert info == staged.info
    assert (info["rights"]["basis"], info["profile"], info["left_out"]) == (BASIS, "maps", {"opted_out": 8})
    assert not {"playlist", "opt_outs"} & set(info["spec"])


def test_configs_that_a_profile_does_not_carry(planted, plain_card):
    build, opt_outs = planted
    assert carries("tokens", "tokens")
    assert not carries("tokens", "tracks")
    with pytest.raises(UsageError, match="carries no tracks: give --profile audio"):
        publish(build, configs=["tracks"], opt_outs=opt_outs)
    with pytest.raises(UsageError, match="has no config token: it has charts, beats, tracks"):
        publish(build, configs=["token"], opt_outs=opt_outs)
    staged = publish(build, configs=["beats"], opt_outs=opt_outs)
    assert set(staged.rows) == {"beats", "credits"}
    assert marks(staged.folder) == []


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_same_build_and_policy_give_the_same_bytes_and_no_path_or_name(planted, carded):
    build, opt_outs = planted
    one, two = carded, publish(build, "audio", "zqfolder", opt_outs=opt_outs, repo="me/maps", version="1.0.0")
    assert digests(one.folder) == digests(two.folder)
    assert [*digests(one.folder)] == list(one.files)
    assert {*one.info["files"]} == {*one.files} - {"meta/info.json"}
    words = {str(Path.home()), getpass.getuser(), socket.gethostname(), str(build.parent), "zqfolder"}
    for word in (word for word in words if len(word) > 4):  # "root" is a column of the ledger
        assert marks(two.folder, word) == [], word


def test_a_file_that_loses_nothing_keeps_its_bytes(planted, plain_card):
    build, _ = planted
    staged = publish(build, "audio", opt_outs=NOBODY)
    before, after = digests(build), digests(staged.folder)
    data = {name for name in after if name.split("/")[0] in CONFIGS}
    [robots] = [row["group_id"] for row in rows(build, "charts") if row["rights"]["opt_out"]]
    touched = {
        path for path in data if any(row["group_id"] == robots for row in pq.read_table(build / path).to_pylist())
    }
    assert touched
    assert data - touched
    assert {name for name in data if after[name] != before[name]} == touched


def test_what_is_staged_opens_with_its_features_and_row_counts(carded):
    staged = carded
    for config, splits in staged.rows.items():
        loaded = datasets.load_dataset(str(staged.folder), config)
        assert {split: len(data) for split, data in loaded.items()} == splits
        assert all(data.features == staged.features[config] for data in loaded.values())
    mania = datasets.load_dataset(str(staged.folder), "mania_4k")
    assert {split: len(data) for split, data in mania.items()} == staged.info["presets"]["mania_4k"]


def test_a_split_that_loses_all_its_rows_does_not_exist(planted, plain_card):
    build, _ = planted
    titles = {row["mapset_id"] for path in (build / "charts").glob("test-*") for row in pq.read_table(path).to_pylist()}
    gone = OptOuts(tuple(OptOut("mapset", one).key for one in titles))
    staged = publish(build, opt_outs=gone)
    assert set(staged.rows["charts"]) == {"train", "validation"}
    assert not list(staged.folder.rglob("test-*"))


def test_large_row_groups_are_cut(planted, plain_card, monkeypatch):
    build, opt_outs = planted
    monkeypatch.setattr(limits, "PUBLISHED_ROW_GROUP_BYTES", 60_000)
    staged = publish(build, "audio", opt_outs=opt_outs)
    assert sum(staged.rows["tracks"].values()) == 10
    files = sorted((staged.folder / "tracks").iterdir())
    for path in files:
        meta = pq.ParquetFile(path).metadata
        sizes = [meta.row_group(i) for i in range(meta.num_row_groups)]
        assert all(group.num_rows == 1 or group.total_byte_size <= 70_000 for group in sizes)
        assert all(group.column(0).has_offset_index for group in sizes)
    assert sum(pq.ParquetFile(path).num_row_groups for path in files) > len(files)


def test_credits_name_everybody_and_preview_shows_every_mode(planted, plain_card):
    build, opt_outs = planted
    staged = publish(build, opt_outs=opt_outs)
    charts = rows(staged.folder, "charts")
    credits_ = {(row["role"], row["name"]): row for row in rows(staged.folder, "credits")}
    assert {name for role, name in credits_ if role == "mapper"} == {name for row in charts for name in row["mappers"]}
    assert {name for role, name in credits_ if role == "artist"} == {row["artist_unicode"] for row in charts}
    assert credits_["artist", "Artist 0003"]["n_charts"] == 2
    assert credits_["artist", "Artist 0003"]["n_songs"] == 1
    preview = rows(staged.folder, "preview")
    assert {row["mode"] for row in preview} == {"osu", "mania"}
    assert {"title", "tags", "settings_osu", "rights"} <= set(preview[0])
    assert not {"beats", "tempo", "notes"} & set(preview[0])


# --- what is refused --------------------------------------------------------------------------------------------------


def test_what_is_no_build_and_what_is_somebody_else_s_are_left_alone(planted, plain_card, tmp_path):
    build, opt_outs = planted
    with pytest.raises(UsageError, match="no build"):
        publish(tmp_path)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="left alone"):
        publish(build, name=str(mine))
    staged = publish(build, opt_outs=opt_outs)
    with pytest.raises(UsageError, match=r"under profile annotations\. Name the build itself"):
        publish(staged.folder, name="twice")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "line 2"),
        (b'{"map": "ab", "holder": "x", "basis": "y", "date": "2026-05-01"}', "evidence"),
        (b'{"map": "ab", "holder": "x", "basis": "y", "date": "May", "evidence": "z"}', "line 2"),
        (
            b'{"map": "ab", "holder": " ", "basis": "y", "date": "2026-05-01", "evidence": "z"}',
            "holder must not be empty",
        ),
        (b'{"map": "AA", "holder": "x", "basis": "y", "date": "2026-05-01", "evidence": "z"}', "has a line already"),
        (b'{"map": "b", "who": "x", "basis": "y", "date": "2026-05-01", "evidence": "z"}', "line 2"),
        (b"\xff\xfe", "line 2"),
    ],
)
def test_a_line_of_permissions_that_is_not_right_is_named(line, problem, levels, tmp_path):
    file = tmp_path / "permissions.jsonl"
    good = b'{"map": "aa", "holder": "x", "basis": "y", "date": "2026-05-01", "evidence": "z"}'
    file.write_bytes(good + b"\n" + line + b"\n")
    with pytest.raises(BadFormat, match=problem) as refused:
        publish(levels, "maps", public=True, permissions=file, opt_outs=NOBODY)
    assert "permissions.jsonl, line 2" in str(refused.value)
    with pytest.raises(InputError, match=r"gone\.jsonl: cannot be read"):
        publish(levels, "maps", public=True, permissions=tmp_path / "gone.jsonl", opt_outs=NOBODY)


def test_marks_are_found_where_they_are(planted):
    """The search itself: without it every test above could pass for nothing."""
    build, _ = planted
    assert marks(build, MARK.upper()) == marks(build)


# --- builds of a few configs ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def few(session_place, planted):
    """Build the planted maps with some configs only."""
    from trees import build_osu

    del planted
    maps = session_place / "Zqmark maps"

    def make(*configs, **more):
        name = "-".join([*configs, *more])
        return build_osu(maps, session_place / name, configs=configs, fractions=(0.5, 0.25, 0.25), **more).out

    return make


def test_a_build_without_charts_is_judged_by_what_its_recordings_say(few, planted, plain_card):
    build = few("beats")
    [asking] = [row for row in rows(build, "beats") if row["rights"]["opt_out"]]
    assert publish(build, opt_outs=NOBODY).left_out == {"opted_out": 1}
    [track] = [row for row in rows(build, "beats") if row["title"] == f"{TITLE} 55"]
    gone = OptOuts((OptOut("track", track["audio_md5"]).key, OptOut("song", "zqmarkartist/zqmarktitle53").key))
    staged = publish(build, opt_outs=gone)
    assert staged.left_out == {"opted_out": 3}
    kept = {row["track_id"] for row in rows(staged.folder, "beats")}
    assert not {asking["track_id"], track["track_id"]} & kept
    assert marks(staged.folder, track["title"]) == []
    assert set(staged.rows) == {"beats"}


def test_what_could_not_be_looked_up_is_not_passed_over(few, plain_card):
    """A build without charts does not know who made them, one without recordings does not know their md5s."""
    with pytest.raises(UsageError, match="has no charts, so opt-outs of kind mapper cannot be looked up"):
        publish(few("beats"), opt_outs=OptOuts((OptOut("mapper", "x").key,)))
    with pytest.raises(UsageError, match="has no beats, so opt-outs of kind md5 cannot be looked up"):
        publish(few("charts"), opt_outs=OptOuts((OptOut("track", "0" * 32).key,)))


def test_a_build_that_honoured_them_itself_can_be_published(few, planted, plain_card):
    _, opt_outs = planted
    build = few("charts", opt_outs=opt_outs)
    staged = publish(build, opt_outs=opt_outs, version="1.0.0")
    assert marks(staged.folder) == []
    assert staged.left_out == {"opted_out": 1}
    # Seven that the build left out, one that the push did.
    assert len(read_tombstones(staged.folder / "meta/tombstones.jsonl")) >= 8
