"""The README of a build: YAML by which ``load_dataset`` finds configs and splits, and what a person needs to know."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any

import yaml

from rhythm_maps import games
from rhythm_maps.build import presets
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.spec import Spec, columns
from rhythm_maps.columns import Column
from rhythm_maps.tokens.codec import HOP, MODEL, SAMPLING_RATE
from rhythm_maps.tokens.settings import PRETRAINED

Counts = Mapping[str, Mapping[str, int]]
"""Config -> split -> rows."""


def render(spec: Spec, counts: Counts, preset_counts: Counts, summary: Mapping[str, Any]) -> str:
    """Return the README.

    Args:
        spec: the build.
        counts: rows of the stored configs by split; only splits that have rows.
        preset_counts: the same for the presets, which are views of charts.
        summary: what the text tells: ``hours``, ``rejects`` (code -> number), ``version``.
    """
    game = games.get(spec.game)
    front = {
        "pretty_name": f"{game.title} maps",
        "license": "other",
        "license_name": "third-party-content",
        "license_link": game.terms_url,
        "tags": ["rhythm-game", spec.game.replace("_", "-"), "beat-tracking", "music-information-retrieval"],
        "configs": config_entries(spec.game, counts, preset_counts),
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=100)
    fields = {
        "title": game.title,
        "terms": game.terms_url,
        "prose": prose(spec.game)[0],
        "rows": table(["config", *SPLITS], [[c, *_per_split(n)] for c, n in {**counts, **preset_counts}.items()]),
        "hours": f"{summary['hours']:.2f}",
        "tokens": _tokens(spec),
        "rejects": rejects(summary["rejects"]),
        "first": next(iter(counts), spec.configs[0]),
        "columns": "\n\n".join(_columns_section(spec, config) for config in spec.configs),
        "version": summary["version"],
    }
    template = Template(resources.files("rhythm_maps.hub_cards").joinpath("build.md").read_text(encoding="utf-8"))
    return f"---\n{head}---\n\n{template.substitute(fields)}"


def _tokens(spec: Spec) -> str:
    """Say what the tokens are and whose weights made them; empty where the build holds none."""
    if spec.tokens is None:
        return ""
    own = "" if spec.tokens.weights == PRETRAINED else "; not the published ones, and no others turn them into audio"
    text = (
        f"`tokens` has one row a recording with tokens, by `track_id` too: EnCodec codes ({MODEL}, "
        f"{spec.tokens.bandwidth_kbps:g} kbps; weights: {spec.tokens.weights}, sha256 "
        f"`{spec.tokens.weights_sha256}`{own}) and conditioning, one entry a frame. Frame i covers samples {HOP} i to "
        f"{HOP} i + {HOP - 1} at {SAMPLING_RATE:,} Hz, and second 0 is that of the beats. "
        "`rhythm_maps.tokens.as_torch(row)` gives tensors, and "
        f'`rhythm_maps.load_dataset("{spec.game}", "examples", data_dir=...)` joins charts, audio and tokens.'
    )
    return f"\n{textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)}\n"


def config_entries(game: str, counts: Counts, preset_counts: Counts) -> list[dict[str, Any]]:
    """Return the ``configs:`` of a README's YAML; the first stored config is the default.

    Args:
        game: whose presets they are.
        counts: rows of the stored configs by split.
        preset_counts: the same for presets, which are filtered views of charts' files.
    """
    configs: list[dict[str, Any]] = []
    for config, rows in counts.items():
        entry: dict[str, Any] = {"config_name": config, "data_files": _data_files(config, rows)}
        if not configs:
            entry["default"] = True
        configs.append(entry)
    for name, rows in preset_counts.items():
        filters = [list(f) for f in presets.get(game, name).filters]
        plain = [[c, op, list(v) if isinstance(v, tuple) else v] for c, op, v in filters]
        configs.append({"config_name": name, "data_files": _data_files("charts", rows), "filters": plain})
    return configs


def _data_files(folder: str, rows: Mapping[str, int]) -> list[dict[str, str]]:
    return [{"split": split, "path": f"{folder}/{split}-*.parquet"} for split in SPLITS if rows.get(split)]


def _per_split(rows: Mapping[str, int]) -> list[str]:
    return [f"{rows[split]:,}" if rows.get(split) else "-" for split in SPLITS]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; cells are taken as they are."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _columns_section(spec: Spec, config: str) -> str:
    cols = columns(spec.game, config)
    known = columns(spec.game, "beats")
    if config == "tracks" and "beats" in spec.configs:
        return f"### tracks\n\nThe columns of `beats`, and:\n\n{column_table([c for c in cols if c not in known])}"
    return f"### {config}\n\n{column_table(cols)}"


def column_table(cols: Sequence[Column]) -> str:
    """Lay out what columns are: type, meaning, policy."""
    rows = [[f"`{c.name}`", f"`{type_name(c)}`", c.description.replace("|", "\\|"), c.profile] for c in cols]
    return table(["column", "type", "meaning", "policy"], rows)


def type_name(column: Column) -> str:
    """Return the type of a column as a README shows it."""
    text = (
        str(column.type)
        .replace("item: ", "")
        .replace("element: ", "")
        .replace("double", "float64")
        .replace("date32[day]", "date32")
    )
    text = re.sub(r"\bfloat\b", "float32", text)
    return "Audio(decode=False)" if column.audio else text


def prose(name: str) -> tuple[str, dict[str, str]]:
    """Return the texts of a dataset's kind out of ``hub_cards/<name>.md``; empty where it has none.

    Returns:
        What it is, in a few sentences, and the file's further sections by heading, which only a full card shows.
    """
    source = resources.files("rhythm_maps.hub_cards").joinpath(f"{name}.md")
    text = source.read_text(encoding="utf-8") if source.is_file() else ""
    first, *sections = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return first.strip(), {head.strip(): body.strip() for head, body in zip(sections[::2], sections[1::2], strict=True)}


def rejects(counts: Mapping[str, int]) -> str:
    """Lay out the codes of what was rejected, and how often."""
    if not counts:
        return "Nothing was rejected."
    return table(["code", "inputs, charts and audio files"], [[f"`{code}`", f"{n:,}"] for code, n in counts.items()])
