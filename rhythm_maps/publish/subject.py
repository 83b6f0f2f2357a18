"""What a dataset is about, as its card names it: a game, or a folder of token files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rhythm_maps import games
from rhythm_maps.build.readme import prose


@dataclass(frozen=True, slots=True)
class Subject:
    """The kind of a dataset.

    Attributes:
        title: what people call it: ``osu!``.
        pretty_name: of the dataset.
        terms_url: the terms that govern its content; "" where only their makers know.
        summary: what the dataset is, in a few sentences.
        texts: sections of its prose by heading (`hub_cards/<kind>.md`); "" of one that it lacks.
    """

    title: str
    pretty_name: str
    terms_url: str
    summary: str
    texts: Mapping[str, str]


def subject(kind: str) -> Subject:
    """Return the subject of what ``meta/info.json`` calls `kind`."""
    summary, texts = prose(kind)
    if kind in games.names():
        game = games.get(kind)
        return Subject(game.title, f"{game.title} maps", game.terms_url, summary, texts)
    title = texts.get("Title", kind)
    return Subject(title, title, "", summary, texts)
