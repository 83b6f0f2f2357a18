"""What a check asks for: of our cards with one thing missing, of other people's, and of files that disagree."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner

from rhythm_maps.build.parquet import write_table
from rhythm_maps.cli import cli
from rhythm_maps.errors import InputError, LimitExceeded, UsageError
from rhythm_maps.publish.card_check import NEEDS, check, check_text
from rhythm_maps.publish.card_yaml import dump, split_card


@pytest.fixture(scope="session")
def whole(carded) -> str:
    return (carded("osu") / "README.md").read_text(encoding="utf-8")


def codes(text: str, folder: Path | None = None) -> list[str]:
    return [finding.code for finding in check_text(text, folder)]


def without_key(text: str, *names: str) -> str:
    head, body = split_card(text)
    front = {name: value for name, value in yaml.safe_load(head).items() if name not in names}
    return dump(front) + body


def without_section(text: str, title: str) -> str:
    changed = re.sub(rf"^(##+) {re.escape(title)}\n.*?(?=^##+ |\Z)", "", text, flags=re.DOTALL | re.MULTILINE)
    assert changed != text
    return changed


KEYS = {
    "pretty_name": "pretty_name",
    "license": "license",
    "license_name": "license_link",
    "license_link": "license_link",
    "language": "language",
    "tags": "tags",
    "task_categories": "task_categories",
    "size_categories": "size_categories",
    "source_datasets": "source_datasets",
    "annotations_creators": "annotations_creators",
    "configs": "configs",
    "dataset_info": "dataset_info",
}
"""Key of the YAML -> the code that asks for it."""
SECTIONS = {
    "How to load it": "usage",
    "Statistics": "statistics",
    "Three rows": "rows",
    "Splits": "splits",
    "Time, beats and downbeats": "quality",
    "Where it comes from": "sources",
    "What was left out": "left_out",
    "Licence and rights": "rights",
    "Personal data": "personal_data",
    "Uses": "uses",
    "Limits and biases": "limits",
    "Versions": "versions",
    "Citation": "citation",
}
"""Section of our card -> the code that asks for it."""


def test_a_whole_card_lacks_nothing(whole):
    assert codes(whole) == []


@pytest.mark.parametrize("key", KEYS)
def test_a_card_without_one_key_of_the_yaml(whole, key):
    assert codes(without_key(whole, key)) == [KEYS[key]]


@pytest.mark.parametrize("title", SECTIONS)
def test_a_card_without_one_section(whole, title):
    assert codes(without_section(whole, title)) == [SECTIONS[title]]


@pytest.mark.parametrize("title", SECTIONS)
def test_a_heading_alone_is_no_section(whole, title):
    pattern = rf"^(##+ {re.escape(title)}\n).*?(?=^##+ |\Z)"
    empty = re.sub(pattern, r"\1\nMore to come.\n\n", whole, flags=re.DOTALL | re.MULTILINE)
    assert codes(empty) == [SECTIONS[title]]
    placeholder = re.sub(pattern, r"\1\n[More Information Needed]\n\n", whole, flags=re.DOTALL | re.MULTILINE)
    assert codes(placeholder) == [SECTIONS[title], "placeholder"]


def test_other_things_that_one_card_lacks(whole):
    head, body = split_card(whole)
    front = yaml.safe_load(head)
    nameless = [{k: v for k, v in config.items() if k != "default"} for config in front["configs"]]
    assert codes(dump(front | {"configs": nameless}) + body) == ["default_config"]
    assert codes(dump(front | {"license": "unknown"}) + body) == ["license"]
    assert codes(dump(front | {"dataset_info": front["dataset_info"][1:]}) + body) == ["dataset_info"]
    assert codes(body)[:1] == ["yaml"]
    assert codes(f"---\na: [\n---\n{body}") == ["yaml"]
    columns = body.index("## Columns"), body.index("## Splits")
    assert codes(f"---\n{head}\n---\n{body[: columns[0]]}{body[columns[1] :]}") == ["columns"]
    assert codes(whole.replace('"catch"', '"mania_5k"')) == ["unknown_config"]
    contents = body.index("## What is in it"), body.index("### Charts by split")
    assert codes(f"---\n{head}\n---\n{body[: contents[0]]}## More\n{body[contents[1] :]}") == ["contents"]
    start = body.index("\nCharts of osu!"), body.index("## How to load")
    assert codes(f"---\n{head}\n---\n{body[: start[0]]}{body[start[1] :]}") == ["summary"]
    last = body.index("## Opting out, errors")
    assert codes(f"---\n{head}\n---\n{body[:last]}{body[body.index('## Versions') :]}") == ["opt_out", "contact"]


def test_every_code_has_a_test(whole):
    """A need whose absence no test shows might be one that nothing can lack."""
    shown = {*SECTIONS.values(), "columns", "contents", "opt_out", "contact"}
    assert {need.code for need in NEEDS} == shown


PUSHED = """\
---
dataset_info:
  features:
  - name: audio
    dtype: audio
  - name: title
    dtype: string
  splits:
  - name: train
    num_bytes: 1042
    num_examples: 12
  download_size: 900
  dataset_size: 1042
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
---
"""
"""What datasets' own push writes, whole."""

BARE = """\
# my osu songs

Some ranked maps I collected for a beat tracker, see the notebook in my repo. 4k mania mostly, a few taiko converts.

Use `load_dataset("me/songs")`. Have fun! License: ask me.
"""

RICH = """\
---
pretty_name: Rhythm game corpus
language: [en]
tags: [music, beatmaps]
task_categories: [audio-classification]
size_categories: [10K<n<100K]
source_datasets: [original]
annotations_creators: [expert-generated]
configs:
- config_name: original
  default: true
  data_files: [{split: train, path: original/*.tar}]
- config_name: compressed
  data_files: [{split: train, path: compressed/*.tar}]
dataset_info:
- {config_name: original, splits: [{name: train, num_bytes: 1, num_examples: 46386}]}
- {config_name: compressed, splits: [{name: train, num_bytes: 1, num_examples: 46386}]}
---
# Rhythm game corpus

Every ranked map of the last eighteen years with its audio: 213,068 maps of 46,386 recordings, 2,526 hours of music.

## Overview

| config | rows | hours |
| --- | --- | --- |
| original | 46,386 | 2,526 |
| compressed | 46,386 | 2,526 |

### Distribution by year

![maps by year](https://example.org/years.png) and a table that lists the number of maps of every year since 2007.

## Usage

```python
# # Licence
from datasets import load_dataset
ds = load_dataset("someone/corpus", "compressed", streaming=True)
```

## Data Instances

`{"audio_hash": "0a1b", "audio_length": 183.2, "beatmaps": [{"beatmap_id": 1, "content": "osu file format"}]}`

## Data Fields

- `audio_hash`: sha256 of the original file.
- `beatmaps`: a list of the maps made for it, with the file's own text in `content`.

## Source Data and Collection

Maps came from the game's website by its interface, audio from the mapsets; both were matched by the name in the file.

## Data cleaning

Maps whose audio could not be decoded were removed, which were 112; of doubled files the first one was kept.

## Annotations

Maps were made by players and reviewed by nominators before they were ranked; their timing was checked by ear.

## Considerations for Using the Data

### Discussion of Biases

Only ranked maps are in it, which are mostly of anime and electronic music; recent years weigh more than early ones.

## Personal and Sensitive Information

[More Information Needed]

## Maintainers

Someone keeps it up to date about once a year; write in the community tab, which they read every week.

## Changelog

- 1.1: maps of 2025 were added, and four mapsets with broken audio are gone.

## Citation

```bibtex
@misc{corpus, title = {Rhythm game corpus}, howpublished = {Hugging Face}}
```
"""

ALL_SECTIONS = (
    "usage contents statistics rows columns splits quality sources left_out rights personal_data uses limits "
    "opt_out contact versions citation"
)
PUSHED_LACKS = (
    "license pretty_name language tags task_categories size_categories source_datasets annotations_creators summary"
)
FOREIGN = {
    "pushed": (PUSHED, f"{PUSHED_LACKS} {ALL_SECTIONS}"),
    "bare": (BARE, f"yaml {ALL_SECTIONS}"),
    "rich": (RICH, "license splits rights personal_data opt_out placeholder"),
}
"""README -> what a person who read it would ask for, written down by hand."""


@pytest.mark.parametrize("name", FOREIGN)
def test_cards_of_others(name):
    text, asked = FOREIGN[name]
    assert codes(text) == asked.split()


ODD = """\
---
configs: [1, {config_name: [a], data_files: {split: [], path: [3, '../x', '**a', '/etc/*', 'C:/x']}}]
dataset_info: [{config_name: {}, splits: 4, features: [1]}]
---
"""
TEXTS = [
    "",
    "---\n",
    "---\n---\n",
    "---\n- a\n---\n",
    "---\nd: 2026-13-45\n---\n",
    "---\n{[a]: 1}\n---\n",
    "\ufeff---\na: b\n---\n",
    "---\n" + "[" * 5000 + "\n---\n",
    "---\nconfigs: x\ndataset_info: 3\ntags: {}\n---\n# a\n",
    ODD,
    "#" * 100_000,
    "# \n" * 20_000,
    "![" * 100_000,
    "`" * 5001,
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_no_text_stops_a_check(text, tmp_path):
    found = check_text(text, tmp_path)
    assert found
    assert all(finding.problem and finding.remedy for finding in found)


def test_card_and_files_that_disagree(carded, tmp_path, whole):
    folder = Path(shutil.copytree(carded("osu"), tmp_path / "osu"))
    path = next(folder.glob("charts/train-*.parquet"))
    rows = pq.read_table(path)
    path.unlink()
    write_table(path, rows.slice(1).drop_columns(["keys"]))
    assert set(codes(whole, folder)) == {"row_counts", "features"}
    path.unlink()
    write_table(path, rows)
    assert codes(whole, folder) == []
    (folder / "assets" / "stars.png").unlink()
    assert codes(whole, folder) == ["pictures"]
    shutil.copy(path, folder / "charts" / "extra-00000-of-00001.parquet")
    path.write_bytes(b"no Parquet")
    assert set(codes(whole, folder)) == {"pictures", "files", "row_counts"}
    assert any("charts/extra-00000-of-00001.parquet" in f.problem for f in check_text(whole, folder))


def run(*arguments: object):
    return CliRunner().invoke(cli, ["card", *map(str, arguments)], catch_exceptions=False)


def test_commands_make_a_card_and_name_what_is_missing(carded, tmp_path):
    folder = Path(shutil.copytree(carded("beat_saber"), tmp_path / "bs"))
    made = run("render", folder)
    assert made.exit_code == 0
    assert re.search(r"README\.md and \d pictures in .*/bs/assets\.", made.output)
    assert run("check", folder, "--strict").exit_code == 0
    assert "every question answered" in run("check", folder / "README.md").output
    (tmp_path / "README.md").write_text(BARE, encoding="utf-8")
    loose, strict = run("check", tmp_path / "README.md"), run("check", tmp_path / "README.md", "--strict")
    assert (loose.exit_code, strict.exit_code) == (0, 1)
    assert "personal_data: personal data is not discussed\n    say whose names" in strict.output
    assert "18 things are missing or wrong." in strict.output


def test_what_cannot_be_read_is_an_error_that_says_so(tmp_path):
    with pytest.raises(InputError, match=r"README\.md: cannot be read"):
        check(tmp_path)
    (tmp_path / "README.md").write_bytes(b"\xff\xfe#")
    with pytest.raises(UsageError, match="not text in UTF-8"):
        check(tmp_path)
    (tmp_path / "README.md").write_bytes(b"#" * 3_000_000)
    with pytest.raises(LimitExceeded):
        check(tmp_path)
