"""Text of the data in Markdown: none of it is read as Markdown, HTML or a template, and none runs on for pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rhythm_maps import limits
from rhythm_maps.files.paths import printable

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPECIAL = re.compile(r"[\\`*_{}\[\]()#+!|~$^=-]")
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@)", re.IGNORECASE)
"""Where a bare address would become a link: an empty comment there keeps the text as it is and breaks the link."""
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,60}")
_PLAIN = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._/-]*)?")
_IF = re.compile(r"^<!--if (?P<name>\w+)-->\n(?P<text>.*?)^<!--end-->\n", re.DOTALL | re.MULTILINE)


def cut(text: str, limit: int = limits.CARD_TEXT) -> str:
    """Return `text` on one line, with escapes for what cannot be shown, and with "..." for what is beyond `limit`."""
    line = printable(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit and len(text) <= 4 * limit else f"{line[: limit - 3].rstrip()}..."


def output(text: str) -> str:
    """Return what an example printed, its lines as they are but for what cannot be shown and what is too long."""
    lines = (printable(line.rstrip()) for line in text.splitlines())
    limit = limits.CARD_OUTPUT_LINE
    return "\n".join(line if len(line) <= limit else f"{line[: limit - 3]}..." for line in lines)


def escape(text: str, limit: int = limits.CARD_TEXT) -> str:
    """Return text of the data so that Markdown shows it as it is, in a sentence or a cell of a table."""
    safe = "".join(_ENTITIES.get(c, c) for c in cut(text, limit))
    return _LINK.sub("<!-- -->", _SPECIAL.sub(lambda found: f"\\{found[0]}", safe))


def code(word: str) -> str:
    """Return a code of ours as inline code; anything else as text."""
    return f"`{word}`" if _WORD.fullmatch(word) else escape(word)


def link(text: str) -> str:
    """Return an address of the data as a link where it is a plain one, else as text; "-" for none."""
    return f"<{text}>" if _PLAIN.fullmatch(text) else escape(text, 200) or "-"


def fence(text: str, language: str = "") -> str:
    """Return a fenced block whose fence is longer than any run of backquotes in `text`."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    bar = "`" * max(3, longest + 1)
    return f"{bar}{language}\n{text.rstrip()}\n{bar}"


def number(value: float) -> str:
    """Return a number as a person reads it: 12,345, 3.46, 0.0123."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def share(part: float, whole: float) -> str:
    """Return a share in percent; "-" of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def choose(template: str, true: Iterable[str]) -> str:
    """Keep or drop the parts of a template between ``<!--if name-->`` and ``<!--end-->``, which stand on own lines.

    Args:
        template: our own text, before any data is put into it.
        true: names whose parts stay.
    """
    names = set(true)
    return _IF.sub(lambda found: found["text"] if found["name"] in names else "", template)


def pairs(facts: Mapping[str, str]) -> Sequence[Sequence[str]]:
    """Return the rows of a table of names and values, without empty values."""
    return [[name, value] for name, value in facts.items() if value]
