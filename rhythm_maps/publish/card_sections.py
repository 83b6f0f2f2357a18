"""The parts of a card that tell numbers: tables and sentences made of `CardStats`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.readme import table
from rhythm_maps.publish.card_stats import CardStats
from rhythm_maps.publish.contents import Contents
from rhythm_maps.publish.examples import Example
from rhythm_maps.publish.facts import CardFacts, Change
from rhythm_maps.publish.markdown import code, cut, escape, fence, link, number, pairs, share
from rhythm_maps.publish.stats_file import QUANTILES

_WORDS_SHOWN = 12
_ITEMS_SHOWN, _FIELDS_SHOWN = 3, 2
"""Of a list and of a struct, in the cell of a row that is shown."""
_ONE_ROW = {
    "charts": "one difficulty: ids, song, tempo, beats and counts{notes}",
    "beats": "one recording, without its audio: tempo, beats, length and format",
    "tracks": "one recording: all of `beats`, and the audio file's own bytes",
    "tokens": "one recording: EnCodec codes and one value a frame of each feature",
    "credits": "one person, artist or source: who made what is in it",
    "preview": "one difficulty out of a few dozen, small enough for the viewer",
}
_LEFT_OUT = {
    "official": "official levels of the game, which are never published",
    "opted_out": "left out because their authors asked for it",
    "no_permission": "no written permission of the map's holder",
    "stale_conditioning": "tokens whose conditioning came from the beats of a chart that is left out",
}


def glance(contents: Contents, stats: CardStats, facts: CardFacts) -> str:
    """Return the table at the top: what a reader wants to know first."""
    main = next(iter(contents.stored.values()))
    hours = sum(stats.hours.values())
    rows = {
        "version": facts.version,
        "rows": ", ".join(f"{name} {sum(s.rows.values()):,}" for name, s in contents.stored.items()),
        "songs": f"{stats.groups:,} (groups of mapsets that share a song)" if stats.groups else "",
        "music": _length(hours) if hours else "",
        "splits": ", ".join(main.rows),
        "profile": f"`{facts.profile}`" if facts.profile else "",
        "content": f"sha256 {_data_digest(contents)}" if contents.info.get("files") else "",
    }
    return table(["", ""], pairs(rows))


def _length(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} hours"
    return f"{hours * 60:.1f} minutes" if hours >= 1 / 60 else f"{hours * 3600:.1f} seconds"


def _data_digest(contents: Contents) -> str:
    from rhythm_maps.build.assemble import content_digest  # noqa: PLC0415 - pulls in the whole build

    files: Mapping[str, Any] = contents.info["files"]
    return content_digest({path: entry for path, entry in files.items() if path.partition("/")[0] in contents.stored})


def examples(ran: Sequence[Example]) -> str:
    """Return the examples with what they printed."""
    return "\n\n".join(f"**{one.title}**\n\n{fence(one.code, 'python')}\n\n{fence(one.printed, 'text')}" for one in ran)


def rows(contents: Contents, stats: CardStats) -> str:
    """Return rows by config, preset and split, and the hours of music."""
    splits = [s for s in SPLITS if any(s in stored.rows for stored in contents.stored.values())]
    lines = [[f"`{name}`", *_per(stored.rows, splits)] for name, stored in contents.stored.items()]
    lines += [[f"`{name}` (preset)", *_per(kept, splits)] for name, kept in contents.presets.items()]
    if any(stats.hours.values()):
        lines.append(["music", *(_length(stats.hours[s]) if s in stats.hours else "-" for s in splits)])
    return table(["config", *splits], lines)


def _per(counts: Mapping[str, int], splits: Sequence[str]) -> list[str]:
    return [f"{counts[split]:,}" if counts.get(split) else "-" for split in splits]


def configs_text(contents: Contents) -> str:
    """Say what one row of each config is, and what presets are."""
    notes = "; its notes" if contents.has("charts", "notes") else ""
    lines = [f"- `{name}`: {_ONE_ROW.get(name, 'see its columns').format(notes=notes)}." for name in contents.stored]
    if contents.presets:
        lines.append(
            "- Presets are views of `charts` by `filters:` over the same files: nothing is stored twice. The Hub's "
            "viewer ignores filters and shows all charts; a split without rows of a preset is not listed."
        )
    if sum("track_id" in stored.schema.names for stored in contents.stored.values()) > 1:
        lines.append("- `track_id` joins them.")
    return "\n".join(lines)


def modes(stats: CardStats) -> str:
    """Return charts, songs, hours and notes by split and mode."""
    hours = [_length(row.hours) if np.isfinite(row.hours) else "-" for row in stats.modes]
    lines = [
        [row.split, escape(row.mode) or "-", f"{row.charts:,}", f"{row.songs:,}", played, f"{row.notes:,}"]
        for row, played in zip(stats.modes, hours, strict=True)
    ]
    return table(["split", "mode", "charts", "songs", "play", "notes"], lines)


def quantiles(stats: CardStats) -> str:
    """Return the quantiles of each measure, over all modes."""
    lines = []
    for measure, by_mode in stats.values.items():
        values = np.concatenate(list(by_mode.values()))
        found = [f"{x:.0f}" if measure.column == "year" else number(x) for x in np.quantile(values, QUANTILES)]
        lines.append([measure.title, f"{len(values):,}", *found])
    return table(["", "rows", "5 %", "25 %", "median", "75 %", "95 %"], lines)


def pictures(stats: CardStats, names: Sequence[str]) -> str:
    """Return the pictures, each with words for those who do not see it."""
    shown = []
    for measure, name in zip(stats.values, names, strict=True):
        values = np.concatenate(list(stats.values[measure].values()))
        alt = f"Histogram: {measure.title}, from {number(values.min())} to {number(values.max())}"
        shown.append(f"![{alt}]({name})")
    return "\n\n".join(shown)


def words(stats: CardStats) -> str:
    """Return the tables of languages and genres, where columns say them."""
    parts = []
    for name, counts in stats.words.items():
        if counts:
            lines = [[escape(word), f"{n:,}"] for word, n in list(counts.items())[:_WORDS_SHOWN]]
            rest = sum(list(counts.values())[_WORDS_SHOWN:])
            parts.append(table([name, "charts"], [*lines, ["others", f"{rest:,}"]] if rest else lines))
    return "\n\n".join(parts)


def mappers(stats: CardStats) -> str:
    """Say how charts are spread over mappers, without names."""
    if stats.mappers is None:
        return ""
    many = stats.mappers
    if many.number <= 10:
        return f"Charts are by {many.number} {'mapper' if many.number == 1 else 'mappers'} only."
    return (
        f"{many.number:,} mappers; the ten busiest have {100 * many.top_share:.1f} % of the credits (Gini coefficient "
        f"{many.gini:.2f}: 0 where all have as many)."
    )


def timing(stats: CardStats) -> str:
    """Return the rows by timing quality and by whether they have downbeats."""
    total = sum(stats.timing.values())
    lines = [
        [quality, "yes" if downbeats else "no", f"{n:,}", share(n, total)]
        for (quality, downbeats), n in stats.timing.items()
    ]
    return table(["timing_quality", "downbeats", "rows", "share"], lines)


def agreement(stats: CardStats) -> str:
    """Say how many recordings have one grid in all their charts."""
    if not np.isfinite(stats.agreeing):
        return ""
    return f"{100 * stats.agreeing:.1f} % of the recordings have the same tempo in all their charts, within 2 ms."


def sources(stats: CardStats) -> str:
    """Return the sources that rows state, with their terms; the dates of their facts; how many rows are AI-made."""
    if not stats.sources:
        return "Rows state no source."
    lines = [[escape(source) or "-", link(terms), f"{n:,}"] for (source, terms), n in stats.sources.items()]
    parts = [table(["source", "terms", "rows"], lines)]
    if stats.as_of:
        first, last = stats.as_of
        days = f"of {first}" if first == last else f"of days from {first} to {last}"
        parts.append(f"What sources say of charts (status, stars, votes) is {days}: see `status_as_of`.")
    if stats.declared_ai is not None:
        known = f"{stats.declared_ai:,}" if stats.declared_ai else "None"
        parts.append(f"Charts known to be made by a generator (`declared_ai`): {known}.")
    return "\n\n".join(parts)


def left_out(facts: CardFacts) -> str:
    """Say what the policy left out and why."""
    if not facts.left_out:
        return "The publishing policy left out no row." if facts.profile else ""
    lines = [
        [code(reason), _LEFT_OUT.get(reason, escape(reason.replace("_", " "))), f"{n:,}"]
        for reason, n in facts.left_out.items()
    ]
    return "By the publishing policy:\n\n" + table(["reason", "what it means", "rows"], lines)


def rejects(stats: CardStats) -> str:
    """Return what the build read and left out, by kind, outcome and code."""
    if not stats.ledger:
        return "Nothing that was read was rejected, doubled or ignored."
    lines = [
        [escape(kind), escape(outcome.replace("_", " ")), code(why) if why else "", f"{n:,}"]
        for (kind, outcome, why), n in stats.ledger.items()
    ]
    return "While building:\n\n" + table(["of", "outcome", "code", "number"], lines)


def versions(facts: CardFacts) -> str:
    """Return the change log, newest first."""
    if not facts.changes and facts.version:
        return f"Version {escape(facts.version)} is the first one that this card has a record of."
    if not facts.changes:
        return "This folder has no version and has not been published; `rhythm-maps push` does both, with a tag."
    return "\n\n".join(_change(change) for change in facts.changes)


def _change(change: Change) -> str:
    names = list(dict.fromkeys([*change.added, *change.removed, *change.changed]))
    what = [[f"`{n}`", *(f"{d.get(n, 0):,}" for d in (change.added, change.removed, change.changed))] for n in names]
    parts = [f"**{escape(change.version)}**"]
    if what:
        parts.append(table(["config", "rows added", "removed", "changed"], what))
    parts += [escape(note, 400) for note in change.notes]
    return "\n\n".join(parts)


def shown(value: Any) -> str:
    """Return a value of a row for a cell: text as text, lists and structs by what they begin with."""
    if isinstance(value, dict):
        return "; ".join(f"{key} {shown(item)}" for key, item in list(value.items())[:_FIELDS_SHOWN])
    if isinstance(value, list):
        first = ", ".join(shown(item) for item in value[:_ITEMS_SHOWN])
        return f"{first}, ... ({len(value):,})" if len(value) > _ITEMS_SHOWN else first
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None:
        return "-"
    return escape(value) if isinstance(value, str) else escape(cut(str(value)))
