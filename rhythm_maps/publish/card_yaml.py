"""The YAML of a card: what the Hub shows beside it, and what ``load_dataset`` needs."""

from __future__ import annotations

import re
from typing import Any

import yaml
from datasets import DatasetInfo, Features, SplitDict, SplitInfo
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData

from rhythm_maps import games
from rhythm_maps.build.readme import config_entries
from rhythm_maps.publish.contents import Contents, Stored
from rhythm_maps.publish.facts import CardFacts
from rhythm_maps.publish.subject import Subject

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_FRONT = re.compile(r"\A---\r?\n(?P<yaml>.*?)\r?\n---(?:\r?\n|\Z)", re.DOTALL)


def front_matter(contents: Contents, subject: Subject, facts: CardFacts) -> dict[str, Any]:
    """Return the card's metadata, ready for YAML.

    Rows of the data stand nowhere in it; what does is ours, the schema's, or the publisher's.
    """
    front: dict[str, Any] = {
        "pretty_name": subject.pretty_name,
        "license": "other",
        "license_name": "third-party-content",
        "license_link": subject.terms_url or "README.md",  # its section on rights
        "language": ["mul"],
        "multilinguality": ["multilingual"],
        "annotations_creators": ["found"],
        "language_creators": ["found"],
        "source_datasets": ["original"],
        "task_categories": _tasks(contents),
        "size_categories": [_size(contents)],
        "tags": _tags(contents),
    }
    if facts.repo and facts.public:
        front |= _gate()
    rows = {name: stored.rows for name, stored in contents.stored.items()}
    front["configs"] = config_entries(contents.kind, rows, contents.presets)
    front["dataset_info"] = _dataset_info(contents)
    return front


def dump(front: dict[str, Any]) -> str:
    """Return the card's head, with the lines of dashes around it."""
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=100)}---\n"


def split_card(text: str) -> tuple[str | None, str]:
    """Part a README into its YAML, None where it has none, and its body."""
    found = _FRONT.match(text.removeprefix("\ufeff"))
    return (found["yaml"], text.removeprefix("\ufeff")[found.end() :]) if found else (None, text)


def _tasks(contents: Contents) -> list[str]:
    heard = contents.has("tracks", "audio") or "tokens" in contents.stored
    return ["audio-classification", "other"] if heard else ["other"]


def _tags(contents: Contents) -> list[str]:
    tags = ["rhythm-game", contents.kind.replace("_", "-"), "music"] if contents.kind in games.names() else ["music"]
    if contents.first_with("beats") is not None:
        tags += ["beat-tracking", "music-information-retrieval"]
    if contents.has("charts", "notes"):
        tags.append("chart-generation")
    if "tokens" in contents.stored:
        tags += ["audio-tokens", "encodec"]
    return tags


def _size(contents: Contents) -> str:
    rows = max(sum(stored.rows.values()) for stored in contents.stored.values())
    return next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")


def _gate() -> dict[str, Any]:
    return {
        "extra_gated_heading": "Before you download",
        "extra_gated_prompt": (
            "Maps and music belong to the people who made them, and this dataset grants no rights in them. "
            "Rows are withdrawn when their authors ask for it."
        ),
        "extra_gated_fields": {
            "I use it as the terms of its sources allow": "checkbox",
            "I delete rows that a later version withdraws": "checkbox",
        },
    }


def _dataset_info(contents: Contents) -> Any:
    infos = {name: _info(stored) for name, stored in contents.stored.items()}
    for name, rows in contents.presets.items():
        infos[name] = _view_info(name, contents.stored["charts"], rows)
    data = DatasetCardData()
    DatasetInfosDict(infos).to_dataset_card_data(data)
    return data["dataset_info"]


def _info(stored: Stored) -> DatasetInfo:
    splits = SplitDict({split: SplitInfo(split, stored.num_bytes[split], rows) for split, rows in stored.rows.items()})
    return DatasetInfo(
        config_name=stored.name,
        features=Features.from_arrow_schema(stored.schema),
        splits=splits,
        download_size=sum(stored.download_bytes.values()),
        dataset_size=sum(stored.num_bytes.values()),
    )


def _view_info(name: str, charts: Stored, rows: dict[str, int] | Any) -> DatasetInfo:
    """Describe a preset: charts' columns (not listed again) and its own rows; bytes in proportion to them."""
    sizes = {split: charts.num_bytes[split] * n // charts.rows[split] for split, n in rows.items()}
    splits = SplitDict({split: SplitInfo(split, sizes[split], n) for split, n in rows.items()})
    download = sum(charts.download_bytes[split] for split in rows)
    return DatasetInfo(config_name=name, splits=splits, download_size=download, dataset_size=sum(sizes.values()))
