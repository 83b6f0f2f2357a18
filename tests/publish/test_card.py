"""A card says what is in its folder, and nothing of the data changes what it says."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import socket
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from datasets import load_dataset
from generate import zipped
from huggingface_hub import DatasetCard
from published import FACTS
from trees import build_osu, digests, faults_of

from rhythm_maps import games
from rhythm_maps.build import presets
from rhythm_maps.build.parquet import write_table
from rhythm_maps.build.token_build import build_tokens
from rhythm_maps.build.token_folder import plan_folder
from rhythm_maps.cli import cli
from rhythm_maps.errors import BadFormat, BuildError, InputError, MissingExtra, UsageError
from rhythm_maps.publish import card as card_module
from rhythm_maps.publish.card import facts_of, write_card
from rhythm_maps.publish.card_check import check
from rhythm_maps.publish.card_yaml import front_matter, split_card
from rhythm_maps.publish.contents import read_contents
from rhythm_maps.publish.examples import run_examples
from rhythm_maps.publish.facts import CardFacts, Change
from rhythm_maps.publish.subject import subject
from rhythm_maps.tokens.ecdc import write_enchf

HOSTILE = (
    "--- \"'{{ title }} {% raw %} $title ${hours} <script>alert(1)</script> | a | `b` ``` ~~~ [x](http://evil.example) "
    "![p](q.png) *s* _u_ <!--if charts--> @PLACE@ \U0001f3b5\u202e www.evil.example # "
)


def card(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def front(folder: Path) -> dict:
    head, _ = split_card(card(folder))
    return yaml.safe_load(head)


def section(folder: Path, title: str) -> str:
    """The text under a heading: to the next one of its level or a higher one."""
    level, text = re.split(rf"^(##+) {re.escape(title)}$", card(folder), maxsplit=1, flags=re.MULTILINE)[1:]
    return re.split(rf"^#{{2,{len(level)}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def table_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


@pytest.mark.parametrize("game", games.names())
def test_a_reviewer_finds_every_question_answered(carded, game):
    assert check(carded(game)) == []
    assert faults_of(carded(game)) == []


@pytest.mark.parametrize("game", games.names())
def test_every_config_opens_with_the_rows_and_columns_that_the_card_states(carded, game):
    folder = carded(game)
    infos = {info["config_name"]: info for info in front(folder)["dataset_info"]}
    assert {*infos} == {entry["config_name"] for entry in front(folder)["configs"]}
    assert {"charts", "beats", "tracks"} < {*infos}
    assert {*infos} & {*presets.presets(game)}
    for name, info in infos.items():
        opened = load_dataset(str(folder), name)  # datasets compares the number of rows with dataset_info itself
        assert {s["name"]: s["num_examples"] for s in info["splits"]} == opened.num_rows
        if name in {"charts", "beats", "tracks"}:
            first = next(iter(opened.values()))
            assert [feature["name"] for feature in info["features"]] == first.column_names


def test_the_same_folder_elsewhere_gives_the_same_bytes(osu, carded, tmp_path):
    twin = tmp_path / "deep" / "er" / "[1] osu"
    shutil.copytree(carded("osu"), twin)
    (twin / "README.md").unlink()
    write_card(twin, FACTS)
    assert digests(twin) == digests(osu)


def test_nothing_of_the_machine_is_in_a_card(carded):
    for game in games.names():
        folder = carded(game)
        for text in (card(folder), (folder / "meta" / "info.json").read_text("utf-8")):
            for secret in (str(folder.parent), str(Path.home()), socket.gethostname(), "rhythm-maps-card-"):
                assert secret not in text
            assert not re.search(rf"(?<![\w-]){re.escape(getpass.getuser())}(?![\w-])/", text)


def test_numbers_are_those_of_the_files(carded):
    folder = carded("osu")
    beats = pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("beats/*.parquet"))])
    charts = pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("charts/*.parquet"))])
    rows = {line[0]: line[1:] for line in table_rows(section(folder, "What is in it"))}
    units = {"minutes": 60, "seconds": 1}
    seconds = sum(float(cell.split()[0]) * units[cell.split()[1]] for cell in rows["music"])
    assert seconds == pytest.approx(sum(beats["duration_s"].to_pylist()), abs=9.1), "a tenth of a minute a split"
    assert rows["`charts`"] == ["8", "2", "1"]
    assert rows["`mania_4k` (preset)"] == ["2", "-", "-"]
    modes = {(line[0], line[1]): line[2:] for line in table_rows(section(folder, "Charts by split and mode"))}
    assert modes["train", "osu"][0] == "6"
    assert sum(int(line[-1]) for key, line in modes.items() if key[0] != "split") == sum(charts["n_notes"].to_pylist())
    statistics = {line[0]: line[1:] for line in table_rows(section(folder, "Statistics"))}
    for name, column in (("Notes a second", "nps"), ("Main tempo in beats a minute", "tempo_bpm")):
        assert float(statistics[name][3]) == pytest.approx(np.median(charts[column].to_pylist()), rel=0.005)
    quality = table_rows(section(folder, "Time, beats and downbeats"))[1:]
    assert sum(int(line[2]) for line in quality) == len(beats)
    assert {line[0] for line in quality} == set(beats["timing_quality"].to_pylist())
    assert "**7 groups,\n0 of them in two splits**" in section(folder, "Splits")
    assert ["audio", "reject", "`audio_missing`", "1"] in table_rows(section(folder, "What was left out"))


def test_columns_are_those_of_the_files_with_their_meaning_and_nulls(carded):
    folder = carded("beat_saber")
    lines = {line[0].strip("`"): line[1:] for line in table_rows(section(folder, "Columns"))}
    schema = pq.read_schema(next(iter(sorted(folder.glob("tracks/*.parquet")))))
    charts = pa.concat_tables([pq.read_table(path) for path in folder.glob("charts/*.parquet")])
    assert {*charts.column_names, *schema.names} == {*lines} - {"column"}
    assert all(line[1] for line in lines.values()), "every column says what it means"
    assert lines["audio"][0] == "`Audio(decode=False)`"
    assert lines["notes"][3] == "maps"
    for name in ("stars", "title", "keys", "njs"):
        share = charts[name].null_count / len(charts)
        assert lines[name][2] == (f"{100 * share:.0f} %" if share else "")


def test_pictures_are_there_and_named_in_words(carded):
    folder = carded("osu")
    shown = re.findall(r"^!\[(Histogram: [^\]]+)\]\((assets/\w+\.png)\)$", card(folder), re.MULTILINE)
    assert {path for _, path in shown} == {f"assets/{path.name}" for path in (folder / "assets").iterdir()}
    assert [path for _, path in shown] == [f"assets/{n}.png" for n in ("stars", "notes_a_second", "tempo", "length")]
    for _, path in shown:
        data = (folder / path).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert not re.search(rb"tIME|Software|Creation", data)


def test_examples_are_those_that_ran_with_what_they_printed(carded):
    text = section(carded("osu"), "How to load it")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 5
    assert all(out.strip() for _, out in blocks)
    calls = re.findall(r'load_dataset\("someone/maps", "(\w+)", revision="v1\.2\.0", split="\w+", streaming=True', text)
    assert calls == ["charts", "catch", "beats", "tracks"]
    rows = load_dataset(str(carded("osu")), "charts", split="train")
    assert f"{rows[0]['artist']} - {rows[0]['title']} [{rows[0]['difficulty']}]" in blocks[0][1]
    track = load_dataset(str(carded("osu")), "tracks", split="train")[0]
    assert f"{track['sampling_rate']} Hz, {len(track['beats']['time_s'])} beats" in blocks[-1][1]


def test_three_real_rows_of_different_modes(carded):
    lines = {line[0].strip("`"): line[1:] for line in table_rows(section(carded("osu"), "Three rows"))}
    rows = {row["chart_id"]: row for split in load_dataset(str(carded("osu")), "charts").values() for row in split}
    assert len(set(lines["chart_id"])) == len(set(lines["mode"])) == 3
    for chart_id, title, notes in zip(lines["chart_id"], lines["title"], lines["n_notes"], strict=True):
        assert (rows[chart_id]["title"], str(rows[chart_id]["n_notes"])) == (title, notes)


def test_what_the_publisher_says_is_on_it(carded):
    folder = carded("osu")
    assert "I made every one of these maps and songs." in section(folder, "Licence and rights")
    left = table_rows(section(folder, "What was left out"))
    assert ["`no_permission`", "no written permission of the map's holder", "12"] in left
    versions = section(folder, "Versions")
    assert versions.index("1.2.0") < versions.index("1.1.0")
    assert ["`charts`", "4", "1", "0"] in table_rows(versions)
    assert "One song was withdrawn." in versions
    assert "https://huggingface.co/datasets/someone/maps/discussions" in section(
        folder, "Opting out, errors, maintenance"
    )
    assert "\\url{https://huggingface.co/datasets/someone/maps}" in section(folder, "Citation")


def test_hostile_text_of_the_data_is_shown_as_text(tmp_path):
    title = (HOSTILE * 200)[:10_000]
    maps = tmp_path / "maps"
    maps.mkdir()
    for i in range(4):
        text = (
            f"osu file format v14\n\n[General]\nAudioFilename: a.mp3\n\n[Metadata]\nTitle:{i} {title}\nArtist:{title}\n"
            f"Creator:{title}\nVersion:{title}\nTags:{title}\n\n[TimingPoints]\n0,500,4,1,0,100,1,0\n\n"
            f"[HitObjects]\n256,192,{1000 + i},1,0\n100,100,1500,1,0\n"
        )
        (maps / f"{i}.osz").write_bytes(zipped({"a.osu": text.encode()}))
    folder = build_osu(maps, tmp_path / "out", configs=["charts"]).out
    facts = CardFacts(rights=title, left_out={title: 2}, changes=(Change("1.0.0", notes=(title,)),))
    write_card(folder, facts)
    head, _ = split_card(card(folder))
    assert yaml.safe_load(head) == json.loads(json.dumps(front_matter(read_contents(folder), subject("osu"), facts)))
    assert not re.search(r"evil|script>|\{\{|---", head), "nothing of the data is in the YAML"
    assert DatasetCard.load(folder / "README.md").data.to_dict() == front(folder)
    assert load_dataset(str(folder), "charts").num_rows == {"train": 4}
    assert [finding.code for finding in check(folder)] == []
    prose = re.sub(r"^(`{3,})\w+\n.*?\n\1$", "", split_card(card(folder))[1], flags=re.DOTALL | re.MULTILINE)
    assert "```" not in re.sub(r"\\`", "", prose)
    assert "<script" not in prose
    assert "{{" not in prose
    assert not re.search(r"(?<!\\)\[x\]|(?<!\\)!\\?\[p\]|(?<!-->)//evil|\u202e|www\.evil", prose)
    assert max(map(len, prose.splitlines())) < 3000
    widths = [{len(row) for row in table_rows(part)} for part in re.split(r"\n\s*\n", prose) if part.startswith("|")]
    assert len(widths) > 8
    assert all(len(width) == 1 for width in widths), "no cell ends before its end"


def test_columns_that_a_policy_took_out_are_not_spoken_of(osu):
    for path in osu.glob("charts/*.parquet"):
        rows = pq.read_table(path).drop_columns(["notes", "notes_osu", "edges", "curves"])
        path.unlink()
        write_table(path, rows)
    shutil.rmtree(osu / "tracks")
    (osu / "assets" / "year.png").write_bytes(b"of an older card")
    write_card(osu, CardFacts(repo="a/b", version="2.0.0", profile="annotations", public=True))
    assert check(osu) == []
    assert not (osu / "assets" / "year.png").exists()
    text = card(osu)
    assert not re.search(r"`(notes|curves|tracks)`|\| `audio`|soundfile\.read|beats\.wav", text)
    assert [entry["config_name"] for entry in front(osu)["configs"]][:3] == ["charts", "beats", "standard"]
    assert front(osu)["extra_gated_fields"]


def test_a_folder_of_recordings_alone(tmp_path, carded):
    folder = tmp_path / "beats only"
    shutil.copytree(carded("osu"), folder)
    for name in ("charts", "tracks", "assets"):
        shutil.rmtree(folder / name)
    write_card(folder, CardFacts())
    assert check(folder) == []
    assert sorted(path.name for path in (folder / "assets").iterdir()) == ["length.png", "tempo.png"]


def test_the_card_of_token_files_speaks_of_what_they_have(tmp_path):
    write_enchf(tmp_path / "tokens" / "song.ecdc", np.zeros((2, 75), np.uint16), 24_000)
    write_enchf(tmp_path / "tokens" / "other.ecdc", np.ones((2, 150), np.uint16), 48_000)
    folder = tmp_path / "built"
    build_tokens(plan_folder(tmp_path / "tokens"), folder)
    for command in (["render"], ["check", "--strict"]):
        done = CliRunner().invoke(cli, ["card", *command, str(folder)])
        assert done.exit_code == 0, done.output
    assert "a reviewer finds every question answered" in done.output
    assert faults_of(folder) == []
    assert front(folder)["tags"] == ["music", "audio-tokens", "encodec"]
    assert not {"charts", "mappers", "beats.time_s"} & set(
        re.findall(r"[\w.]+", card(folder).partition("## Columns")[0])
    )
    assert "mapper" not in section(folder, "Licence and rights")
    assert "(2, 75)" in section(folder, "How to load it") or "(2, 150)" in section(folder, "How to load it")
    assert load_dataset(str(folder), "tokens").num_rows == {"train": 2}
    counted = json.loads((folder / "meta" / "stats.json").read_text("utf-8"))
    assert counted["measures"]["length"]["modes"][""]["maximum"] == 2


def test_a_version_that_was_downloaded_knows_its_change_log(osu):
    changes = [asdict(change) for change in FACTS.changes]
    (osu / "meta" / "changes.json").write_text(json.dumps(changes), encoding="utf-8")
    assert facts_of(osu).changes == FACTS.changes
    assert facts_of(osu).version == "1.2.0"
    (osu / "meta" / "changes.json").write_text('[{"version": 3}]', encoding="utf-8")
    with pytest.raises(BadFormat, match=r"not what a push writes.* at .*changes\.json"):
        facts_of(osu)


def test_the_numbers_are_kept_for_programs_too(osu):
    counted = json.loads((osu / "meta" / "stats.json").read_text("utf-8"))
    charts = pa.concat_tables([pq.read_table(path) for path in sorted(osu.glob("charts/*.parquet"))])
    assert counted["groups"] == 7
    assert sum(row["charts"] for row in counted["modes"]) == len(charts)
    assert {row["mode"] for row in counted["modes"]} == set(charts["mode"].to_pylist())
    stars = counted["measures"]["stars"]["modes"]["osu"]
    values = [row["stars"] for row in charts.select(["mode", "stars"]).to_pylist() if row["mode"] == "osu"]
    assert (stars["rows"], stars["minimum"], stars["maximum"]) == (6, *(pytest.approx(f(values)) for f in (min, max)))
    assert stars["quantiles"][2] == pytest.approx(np.median(values), rel=1e-5)
    assert counted["ledger"] == [{"kind": "audio", "outcome": "reject", "code": "audio_missing", "inputs": 1}]
    info = json.loads((osu / "meta" / "info.json").read_text("utf-8"))
    assert "meta/stats.json" in info["files"]


def test_dates_of_facts_and_generated_charts_are_told(osu):
    assert re.search(r"is of \d{4}-\d\d-\d\d: see `status_as_of`", section(osu, "Where it comes from"))
    assert "Charts known to be made by a generator (`declared_ai`): None." in section(osu, "Where it comes from")
    path = next(osu.glob("charts/train-*.parquet"))
    rows = pq.read_table(path)
    path.unlink()
    at = rows.schema.get_field_index("declared_ai")
    write_table(path, rows.set_column(at, rows.schema.field(at), pa.array([True, True, *[None] * (len(rows) - 2)])))
    write_card(osu, FACTS)
    assert "(`declared_ai`): 2." in section(osu, "Where it comes from")


def test_an_example_that_fails_leaves_the_folder_as_it_was(osu):
    path = next(osu.glob("tracks/train-*.parquet"))
    rows = pq.read_table(path)
    broken = pa.array([{"bytes": b"no music", "path": "a.ogg"}] * len(rows), rows.schema.field("audio").type)
    path.unlink()
    write_table(path, rows.set_column(rows.schema.names.index("audio"), rows.schema.field("audio"), broken))
    before = digests(osu)
    with pytest.raises(BuildError, match='"Sound, on the game\'s clock" does not run on it, so no card was written'):
        write_card(osu, CardFacts())
    assert digests(osu) == before


def test_a_group_in_two_splits_gives_no_card(osu):
    shutil.copy(next(osu.glob("beats/train-*.parquet")), next(osu.glob("beats/test-*.parquet")))
    before = digests(osu)
    with pytest.raises(BuildError, match=r"group \w+ is in test and in train|group \w+ is in train and in test"):
        write_card(osu, CardFacts())
    assert digests(osu) == before


def test_without_matplotlib_the_message_names_the_extra(osu, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    before = digests(osu)
    with pytest.raises(MissingExtra, match=r'pip install "rhythm-maps\[plots\]"'):
        write_card(osu, CardFacts())
    assert digests(osu) == before


def test_what_is_no_build_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        write_card(tmp_path / "none", CardFacts())
    with pytest.raises(UsageError, match="no build of rhythm-maps"):
        write_card(tmp_path, CardFacts())
    (tmp_path / "meta").mkdir()
    info = {"key": "", "schema_version": "1.0.0", "game": "osu"}
    (tmp_path / "meta" / "info.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(UsageError, match="holds no Parquet file with rows"):
        write_card(tmp_path, CardFacts())


def test_the_same_card_again_runs_nothing_and_any_change_does(osu, monkeypatch):
    """As a push does that is tried again: fast, and the same bytes."""
    ran = []
    monkeypatch.setattr(card_module, "run_examples", lambda *args: ran.append(1) or run_examples(*args))
    write_card(osu, FACTS)
    before = digests(osu)
    (osu / "README.md").unlink()
    write_card(osu, FACTS)
    assert (digests(osu), len(ran)) == (before, 1)
    path = next(osu.glob("charts/test-*.parquet"))
    rows = pq.read_table(path)
    path.unlink()
    write_table(path, rows.set_column(rows.schema.names.index("nps"), rows.schema.field("nps"), pa.array([99.0])))
    write_card(osu, FACTS)
    assert len(ran) == 2
    assert "| 99 |" in card(osu)
