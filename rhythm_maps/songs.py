"""The song key: artist and title reduced until two spellings of one song are the same text.

Splits are made by song, so the key errs on the side of joining: a cut, a TV size and a sped-up version of a song
belong to one split. Remixes and live versions keep their name and stay songs of their own.

======================================  =====================  ==================================
artist                                  title                  key
======================================  =====================  ==================================
``Some Artist``                         ``Song (TV Size)``     ``someartist/song``
``Some Artist feat. Guest``             ``Song [Cut Ver.]``    ``someartist/song``
``SOME ARTIST``                         ``Song ft. Guest``     ``someartist/song``
``Some Artist``                         ``Song -TV SIZE-``     ``someartist/song``
``Some Artist``                         ``Song (Sped Up)``     ``someartist/song``
``Some Artist``                         ``Song (X Remix)``     ``someartist/songxremix``
``Some Artist``                         ``(TV Size)``          ``someartist/tvsize``
``Some Artist``                         ``Life Size``          ``someartist/lifesize``
``Some Artist``                         (empty)                (empty: links nothing)
======================================  =====================  ==================================
"""

from __future__ import annotations

import re
import unicodedata

_GUESTS = frozenset({"feat", "ft", "featuring"})
_VERSION_WORDS = frozenset(
    "tv size ver version edit edited cut short full long extended game movie album single radio original mix opening "
    "ending op ed sped speed up nightcore daycore slowed down anime".split()
)
"""A bracket that holds nothing but these words names a version, not a song."""
_CLOSING_WORDS = frozenset({"ver", "version", "size", "edit"})
"""Outside brackets a run of version words counts only when it ends in one of these: "Life Size" is a title."""
_TRAILING_PAIRS = (("sped", "up"), ("speed", "up"), ("slowed", "down"))
_BRACKETS = re.compile(r"[(\[{<「『【〈《][^()\[\]{}<>「」『』【】〈〉《》]*[)\]}>」』】〉》]")


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text).split()


def _bracket(match: re.Match[str]) -> str:
    words = _words(match.group())
    version = bool(words) and all(word in _VERSION_WORDS for word in words)
    return " " if version or (words and words[0] in _GUESTS) else match.group()


def _without_version(words: list[str]) -> list[str]:
    for i, word in enumerate(words[1:], 1):
        if word in _GUESTS:
            words = words[:i]
            break
    if tuple(words[-2:]) in _TRAILING_PAIRS:
        return words[:-2]
    run = len(words)
    while run and words[run - 1] in _VERSION_WORDS:
        run -= 1
    return words[:run] if len(words) - run >= 2 and words[-1] in _CLOSING_WORDS else words


def normalise(name: str) -> str:
    """Reduce an artist or title to letters and digits, lower case, without version and guest decorations."""
    text = unicodedata.normalize("NFKC", name).casefold()
    # NFKC again: casefolding can produce text that is no longer normalised.
    text = unicodedata.normalize("NFKC", text)
    plain = "".join(_without_version(_words(_BRACKETS.sub(_bracket, text))))
    return plain or "".join(_words(text))


def song_key(artist: str, title: str) -> str:
    """Return ``artist/title`` normalised, or "" when either is empty (an empty key links nothing)."""
    left, right = normalise(artist), normalise(title)
    return f"{left}/{right}" if left and right else ""
