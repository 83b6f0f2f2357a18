"""What a reviewer would ask for: checks of a dataset's README, ours or another's.

Each check has a code, says what is missing and what to do. A section counts when a heading announces it and text stands
under it: the word alone, or "[More Information Needed]", does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rhythm_maps import limits
from rhythm_maps.errors import InputError, LimitExceeded, UsageError
from rhythm_maps.publish.card_folder import folder_findings
from rhythm_maps.publish.card_yaml import split_card
from rhythm_maps.publish.findings import Finding, dicts


class Need(NamedTuple):
    """A section that a reviewer looks for."""

    code: str
    headings: str
    """Words of its heading, as a regular expression."""
    missing: str
    remedy: str


NEEDS = (
    Need("usage", r"load|usage|how to use|use it|quick ?start|getting started|example", "no code that loads it",
         "show a load_dataset call for each kind of use"),
    Need("contents", r"what is in|content|data instances|composition|overview|configs?\b|configurations",
         "nothing says what one row is and how many there are", "count rows by config and split"),
    Need("statistics", r"statistic|distribution|histogram|counts|figures", "no statistics of the content",
         "show distributions (tempo, length, difficulty) as tables or pictures"),
    Need("rows", r"three rows|sample rows|data instances|instances|example rows|examples? of (the )?data",
         "no example row", "show two or three real rows"),
    Need("columns", r"columns?|fields|features|schema", "columns are not described",
         "describe each column: type, unit, meaning, what null means"),
    Need("splits", r"^(data(set)? )?splits?$|split(ting| rule| criteria)|held.?out",
         "nothing says how splits were made",
         "say by what rule rows were put into splits, and how the same song is kept out of two of them"),
    Need("quality", r"quality|annotation process|annotations|time, beats|labels|ground truth|alignment",
         "nothing says who or what made the labels and how good they are",
         "say where beats and notes come from, how they were checked, which to trust"),
    Need("sources", r"where it comes from|sources?|source data|collection|curation|provenance",
         "nothing says where the data comes from", "name sources, their terms, and who made the content"),
    Need("left_out", r"left out|reject|exclu|filter|clean|process(ing|ed)|deduplic",
         "nothing says what was left out and why", "count what was rejected, doubled or filtered, by reason"),
    Need("rights", r"licen[cs]|rights|terms|copyright", "rights in the content are not discussed",
         "keep the licence of the compilation apart from the rights in maps and music, and say on what basis"),
    Need("personal_data", r"personal|privacy|pii|sensitive", "personal data is not discussed",
         "say whose names are in it and why, and what of players is not"),
    Need("uses", r"uses?$|intended|out.of.scope|considerations", "uses are not discussed",
         "say what it is meant for and what it is not for"),
    Need("limits", r"limit|bias|caveat|risk|known issues", "limits and biases are not discussed",
         "say whom and what it does not represent, and known faults"),
    Need("opt_out", r"opt(ing)?.?out|take.?down|removal|withdraw", "no way to opt out",
         "say how a mapper or artist gets their work removed, and what happens to old versions"),
    Need("contact", r"contact|maint(ain|enance)|authors?|curators?", "no contact, nothing on maintenance",
         "say who maintains it and where errors are reported"),
    Need("versions", r"versions?|change.?log|release notes|history", "no versions",
         "keep a change log, newest first, and tag each version"),
    Need("citation", r"cit(e|ation|ing)|bibtex", "no citation", "give a BibTeX entry"),
)  # fmt: skip

_YAML = {
    "pretty_name": "give the dataset a name for people",
    "language": "list the languages of its text ([mul] for many)",
    "tags": "add tags by which people find it",
    "task_categories": "name the tasks it serves",
    "size_categories": "name its size: n<1K, 1K<n<10K, ...",
    "source_datasets": "say [original], or the datasets it was made of",
    "annotations_creators": "say who made the labels: found, expert-generated, machine-generated, ...",
}
_HEADING = re.compile(r"(?P<level>#{1,6})[ \t]+(?P<title>\S.*)")
_PLACEHOLDER = re.compile(
    r"\[?more information needed\]?|\bTODO\b|\bTBD\b|lorem ipsum|\[needs more information\]", re.IGNORECASE
)
_FENCE = re.compile(r"^(`{3,}|~{3,})")
_LOADS = re.compile(r"load_dataset\(|read_parquet\(|scan_parquet\(|hf://datasets/|from_pretrained\(")
_CODE_LINE = "(a line of code)"
"""Stands in the prose for each line of code."""
_ENOUGH = 40
"""Characters under a heading that make a section; less is a heading without text."""


def check(path: Path) -> list[Finding]:
    """Check the card of a build, or a README file.

    Of a build, its files are compared with what the card says of them as well.

    Args:
        path: a folder with a README.md, or the file.

    Raises:
        InputError: there is no such file, or it cannot be read.
        LimitExceeded: it is larger than `limits.CARD_BYTES`.
        UsageError: it is not text in UTF-8.
    """
    folder = path if path.is_dir() else None
    readme = path / "README.md" if folder else path
    try:
        if readme.stat().st_size > limits.CARD_BYTES:
            raise LimitExceeded("card_size", f"more than {limits.CARD_BYTES:,} bytes, too long for a card", str(readme))
        text = readme.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{readme}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{readme}: not text in UTF-8 (byte {error.start}); is it a README?") from error
    return check_text(text, folder)


def check_text(text: str, folder: Path | None = None) -> list[Finding]:
    """Check a card; findings come in a fixed order, YAML first.

    Args:
        text: the README.
        folder: where it stands, to compare it with the files there; None to look at the text alone.
    """
    head, body = split_card(text)
    front, broken = _load(head)
    findings = list(broken)
    if not broken:
        findings += _yaml_findings(front)
    prose, code = _part(body)
    findings += _body_findings(prose, code, front)
    if folder is not None:
        findings += folder_findings(folder, front, prose)
    return findings


def _load(head: str | None) -> tuple[dict[str, Any], list[Finding]]:
    if head is None:
        return {}, [
            Finding("yaml", "no YAML at the top: the Hub knows no licence, name or config of it",
                    "begin the README with '---', the metadata, and '---'")
        ]  # fmt: skip
    try:
        front = yaml.safe_load(head)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date of month 13
        place = getattr(error, "problem_mark", None)
        line = f" (line {place.line + 2})" if place else ""
        return {}, [Finding("yaml", f"the YAML at the top cannot be read{line}", "mend it; quote values with ': '")]
    if not isinstance(front, dict):
        return {}, [
            Finding("yaml", "the YAML at the top is no list of names and values", "write one 'name: value' a line")
        ]
    return front, []


def _yaml_findings(front: Mapping[str, Any]) -> Iterator[Finding]:
    licence = front.get("license")
    if not licence or licence == "unknown":
        yield Finding(
            "license", "no licence is named", "add 'license: ...' ('other' with license_name and license_link)"
        )
    elif licence == "other" and not (front.get("license_name") and front.get("license_link")):
        yield Finding("license_link", "licence 'other' without name or link", "add license_name and license_link")
    for name, remedy in _YAML.items():
        if not front.get(name):
            yield Finding(name, f"{name} is not in the YAML", remedy)
    yield from _config_findings(front)


def _config_findings(front: Mapping[str, Any]) -> Iterator[Finding]:
    configs = dicts(front.get("configs"))
    if not configs:
        yield Finding("configs", "no configs in the YAML: load_dataset has to guess", "list configs with data_files")
    elif len(configs) > 1 and not any(c.get("default") or c.get("config_name") == "default" for c in configs):
        yield Finding("default_config", "several configs and none is the default", "add 'default: true' to one")
    infos = {str(info.get("config_name", "default")) for info in dicts(front.get("dataset_info"))}
    names = [str(c.get("config_name", "default")) for c in configs]
    if not infos:
        yield Finding("dataset_info", "no dataset_info in the YAML", "list features and rows by split of each config")
    elif missing := [name for name in names if name not in infos]:
        yield Finding(
            "dataset_info", f"no dataset_info for {', '.join(missing)}", "list its features and rows by split"
        )


def _body_findings(prose: str, code: str, front: Mapping[str, Any]) -> Iterator[Finding]:
    sections = _sections(prose)
    if len(_words("\n".join(text for _, text in sections[:2]))) < _ENOUGH:
        yield Finding("summary", "nothing at the top says what it is", "begin with a few sentences on what it holds")
    for need in NEEDS:
        pattern = re.compile(rf"\b(?:{need.headings})", re.IGNORECASE)
        found = [text for title, text in sections if pattern.search(title)]
        if not any(len(_words(text)) >= _ENOUGH for text in found) or (
            need.code == "usage" and not _LOADS.search(code)
        ):
            yield Finding(need.code, need.missing, need.remedy)
    if found_at := _PLACEHOLDER.search(prose):
        yield Finding("placeholder", f"a placeholder stands in it: {found_at[0]!r}", "say it, or take the heading out")
    configs = {str(c.get("config_name")) for c in dicts(front.get("configs"))}
    named = re.findall(r"load_dataset\(\s*[\"'][^\"']+[\"']\s*,\s*[\"']([^\"']+)[\"']", code)
    if unknown := sorted(set(named) - configs) if configs else []:
        yield Finding(
            "unknown_config", f"code loads {', '.join(unknown)}, which is no config", "name one that there is"
        )


def _part(body: str) -> tuple[str, str]:
    """Part a body into prose and code, line by line; code keeps one line of its own for each in the prose."""
    prose, code, fence = [], [], ""
    for line in body.splitlines():
        mark = _FENCE.match(line.lstrip())
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]) else fence
            code.append(line)
            prose.append(_CODE_LINE)
        elif mark:
            fence = mark[1]
            prose.append(_CODE_LINE)
        else:
            prose.append(line)
    return "\n".join(prose), "\n".join(code)


def _sections(prose: str) -> list[tuple[str, str]]:
    """Return (title, text) of every heading, after ("", text before the first).

    The text runs to the next heading of the same level or a higher one.
    """
    lines = prose.splitlines()
    heads = [(i, found) for i, line in enumerate(lines) if (found := _HEADING.match(line))]
    first = heads[0][0] if heads else len(lines)
    sections = [("", "\n".join(lines[:first]))]
    for at, (i, found) in enumerate(heads):
        # A heading of the first level is the page's title: its text ends where the next heading is.
        level = len(found["level"]) if len(found["level"]) > 1 else 6
        ends = (heads[k][0] for k in range(at + 1, len(heads)) if len(heads[k][1]["level"]) <= level)
        sections.append((found["title"].rstrip(" \t#"), "\n".join(lines[i + 1 : next(ends, len(lines))])))
    return sections


def _words(text: str) -> str:
    """Return what a section says: without headings, placeholders and the marks of Markdown."""
    lines = (line for line in text.splitlines() if not _HEADING.match(line))
    return re.sub(r"[\s|#*_>-]+", " ", _PLACEHOLDER.sub("", "\n".join(lines))).strip()
