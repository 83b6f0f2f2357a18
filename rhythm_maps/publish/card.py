"""The card of a dataset: README.md and pictures, made of what lies in its folder.

Nothing in it comes from elsewhere but `CardFacts`, and nothing says when or where it was made: the same folder and
facts give the same bytes. Numbers are counted anew, and examples are run; what does not count or run gives no card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from rhythm_maps import games
from rhythm_maps.build.assemble import INFO, content_digest, file_entry, info_bytes
from rhythm_maps.errors import BadFormat
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.publish import card_cache, card_rows, card_sections, card_stats, card_yaml, histograms
from rhythm_maps.publish.card_sections import shown
from rhythm_maps.publish.card_stats import CardStats
from rhythm_maps.publish.contents import Contents, read_contents
from rhythm_maps.publish.examples import Example, run_examples
from rhythm_maps.publish.facts import CHANGES, CardFacts, Change
from rhythm_maps.publish.markdown import choose, escape, fence
from rhythm_maps.publish.stats_file import STATS, stats_bytes
from rhythm_maps.publish.subject import Subject, subject

ASSETS = "assets"
README = "README.md"


def write_card(folder: Path, facts: CardFacts) -> None:
    """Write ``README.md``, ``assets/*.png`` and ``meta/stats.json`` of a build or of a staged folder.

    They are entered in its info.

    Args:
        folder: the folder; its Parquet files and ``meta/info.json`` are read.
        facts: where it goes, which version, under what policy; ``CardFacts()`` for a build that stays where it is.

    Raises:
        MissingExtra: matplotlib, which draws the histograms, is not installed.
        InputError: there is no such folder.
        UsageError: `folder` is no build, or has no rows.
        BadFormat: one of its files cannot be read.
        BuildError: an example of the card does not run on it, a group lies in two splits, or it cannot be written. What
            stood there stays as it was.
    """
    histograms.need_matplotlib()
    contents = read_contents(folder)
    name = card_cache.key(contents, facts)
    with writing(folder.absolute(), "Make the card again when it is mended."):
        files = card_cache.get(name)
        if files is None:
            files = _files(contents, facts)
            card_cache.put(name, files)
        _write(contents, files)


def facts_of(folder: Path) -> CardFacts:
    """Return what a folder itself knows of a card's facts: nothing of a build; of a version its policy and change log.

    Raises:
        UsageError: it is no build.
        BadFormat: its change log is not what a push writes.
    """
    info = read_contents(folder).info
    rights = info.get("rights", {}).get("basis", "")
    log = folder / CHANGES
    try:
        changes = msgspec.json.decode(log.read_bytes(), type=tuple[Change, ...]) if log.is_file() else ()
    except msgspec.DecodeError as error:
        raise BadFormat("bad_changes", f"not what a push writes: {error}", str(log)) from error
    version = changes[0].version if changes else ""
    left_out = info.get("left_out", {})
    return CardFacts("", version, info.get("profile", ""), rights=rights, left_out=left_out, changes=changes)


def _files(contents: Contents, facts: CardFacts) -> dict[str, bytes]:
    about = subject(contents.kind)
    stats = card_stats.count(contents)
    front = card_yaml.front_matter(contents, about, facts)
    pictures = {
        f"{ASSETS}/{measure.slug}.png": histograms.histogram(measure, by_mode)
        for measure, by_mode in stats.values.items()
    }
    ran = run_examples(contents, facts, front)
    text = card_yaml.dump(front) + "\n" + _body(contents, about, stats, facts, ran, list(pictures))
    return {**pictures, STATS: stats_bytes(stats), README: text.encode("utf-8")}


def _body(
    contents: Contents, about: Subject, stats: CardStats, facts: CardFacts, ran: list[Example], pictures: list[str]
) -> str:
    template = resources.files("rhythm_maps.hub_cards").joinpath("card.md").read_text(encoding="utf-8")
    words = card_sections.words(stats)
    true = {
        *contents.stored,
        "beats" if stats.timing else "",
        "audio" if contents.has("tracks", "audio") else "",
        "presets" if contents.presets else "",
        "groups" if stats.groups else "no_groups",
        "several" if len(next(iter(contents.stored.values())).rows) > 1 else "one_split",
        "statistics" if stats.values else "",
        "words" if words else "",
        "maps" if contents.kind in games.names() else "no_maps",
        ("published_ledger" if facts.profile else "ledger") if _has_ledger(contents) and stats.ledger else "",
    }
    fields = {
        "title": about.pretty_name,
        "summary": about.summary,
        "terms": f"Their terms are at <{about.terms_url}>." if about.terms_url else "Their makers know the terms.",
        "glance": card_sections.glance(contents, stats, facts),
        "examples": card_sections.examples(ran),
        "rows": card_sections.rows(contents, stats),
        "configs_text": card_sections.configs_text(contents),
        "modes": card_sections.modes(stats),
        "quantiles": card_sections.quantiles(stats),
        "pictures": card_sections.pictures(stats, pictures),
        "words": words,
        "three": card_rows.three_rows(contents),
        "columns": card_rows.column_tables(contents),
        "groups": f"{stats.groups:,}",
        "timing": card_sections.timing(stats),
        "agreement": card_sections.agreement(stats),
        "sources": card_sections.sources(stats),
        "left_out": card_sections.left_out(facts),
        "rejects": card_sections.rejects(stats),
        "mappers": f"- {card_sections.mappers(stats)}" if stats.mappers else "",
        "versions": card_sections.versions(facts),
        **_of_info(contents),
        **_of_facts(contents, about, facts),
        **{f"game_{name.lower().replace(' ', '_')}": about.texts.get(name, "") for name in _GAME_SECTIONS},
    }
    text = Template(choose(template, true)).substitute(fields)
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    while "\n\n\n" in lines:
        lines = lines.replace("\n\n\n", "\n\n")
    return lines.rstrip("\n") + "\n"


def _has_ledger(contents: Contents) -> bool:
    return (contents.folder / "meta" / "ledger.parquet").is_file()


_GAME_SECTIONS = ("Beats", "Sources", "Limits", "Opting out")


def _of_info(contents: Contents) -> dict[str, str]:
    info = contents.info
    spec = {name: value for name, value in info.get("spec", {}).items() if value not in ("", [], None, False)}
    for name in ("game", "playlist", "schema_version"):
        spec.pop(name, None)
    return {
        "schema": escape(str(info.get("schema_version", ""))),
        "tool": escape(str(info.get("versions", {}).get("rhythm_maps", ""))),
        "fractions": escape(" / ".join(f"{share:g}" for share in info.get("fractions") or ()), 100) or "of the build",
        "settings": "; ".join(f"{escape(name)} {shown(value)}" for name, value in sorted(spec.items())) or "defaults",
    }


def _of_facts(contents: Contents, about: Subject, facts: CardFacts) -> dict[str, str]:
    where = f"https://huggingface.co/datasets/{facts.repo}" if facts.repo else ""
    profile = (
        f"Published under the policy profile `{facts.profile}`." if facts.profile else "A local build: all columns."
    )
    if facts.rights:
        profile += f" The publisher's basis for more than annotations: {escape(facts.rights, 1000)}"
    credits_ = "credits" in contents.stored
    gone = contents.folder / "meta" / "tombstones.jsonl"
    count = len(gone.read_text(encoding="utf-8").splitlines()) if gone.is_file() else 0
    contact = (
        f"Whoever made or holds something in here and wants it out, and whoever finds an error: open a discussion at "
        f"<{where}/discussions>, with the id of the row, the map or the name. Rows are taken out in the next version, "
        "and versions that hold them are withdrawn."
        if where
        else "This folder was made on its owner's own machine and is not published: ask whoever gave it to you."
    )
    return {
        "profile": profile,
        "attribution": "**Attribution.** "
        + ("`credits` lists every mapper, artist and source; name them." if credits_ else _attribution(contents)),
        "contact": contact,
        "tombstones": f"`meta/tombstones.jsonl` holds {count:,} of them." if count else "So far there are none.",
        "citation": _citation(about, facts, where),
    }


def _attribution(contents: Contents) -> str:
    if contents.first_with("artist") is None:
        return "Rows name nobody; whoever uses them names those who made the recordings."
    return "Rows name the song, its artist and its mappers where the source does; name them."


def _citation(about: Subject, facts: CardFacts, where: str) -> str:
    owner, _, name = facts.repo.rpartition("/")
    fields: Mapping[str, Any] = {
        "title": "{" + about.pretty_name + "}",
        "author": "{" + owner + "}" if owner else "",
        "howpublished": f"\\url{{{where}}}" if where else "",
        "version": facts.version,
        "note": "Made with rhythm_maps",
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items() if value]
    key = re.sub(r"[^A-Za-z0-9]+", "_", name or about.pretty_name).strip("_")
    return fence("\n".join([f"@misc{{{key},", *lines, "}"]), "bibtex")


def _write(contents: Contents, files: Mapping[str, bytes]) -> None:
    """Write pictures, then the card that shows them, then the info that names both."""
    folder = contents.folder
    for path, data in files.items():
        atomic.write_bytes(folder / path, data)
    stale = [path for path in folder.glob(f"{ASSETS}/*.png") if f"{ASSETS}/{path.name}" not in files]
    for picture in stale:
        atomic.remove_file(picture)
    info = dict(contents.info)
    if "files" in info:
        kept = {name: entry for name, entry in info["files"].items() if not name.startswith(f"{ASSETS}/")}
        listed = {**kept, **{path: file_entry(folder / path) for path in files}}
        info["files"] = dict(sorted(listed.items()))
        info["content_sha256"] = content_digest(info["files"])
        atomic.write_bytes(folder / INFO, info_bytes(info))
