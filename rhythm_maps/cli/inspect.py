"""``rhythm-maps inspect``."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from rhythm_maps.cli.options import bar
from rhythm_maps.cli.report import counts_table, table
from rhythm_maps.files.paths import printable

_SHOWN_CHARTS = 40
_SHOWN_PROBLEMS = 20


@click.command("inspect", short_help="Show what a file or folder is.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON: every field, dates as ISO 8601.")
@click.option(
    "--maps",
    type=click.Path(path_type=Path),
    help="Maps or an osu!.db: songs are named beside the replays and scores of PATH.",
)
def command(path: Path, *, as_json: bool, maps: Path | None) -> None:
    """Show what PATH is, what is in it and what is wrong with it.

    PATH is an archive (.osz, .olz, .zip), a chart, a folder of maps, a dataset folder, a manifest, an audio or a
    Parquet file, one of osu!'s databases (osu!.db, collection.db, scores.db, presence.db), a replay (.osr) or a folder
    of replays.
    """
    from rhythm_maps.build.game_files import plain
    from rhythm_maps.build.inspect import inspect
    from rhythm_maps.cli.game_files import file_lines

    facts = inspect(path, progress=lambda found: bar(found, "inspect", unit="item"), maps=maps)
    if as_json:
        # The frames of a replay, one number a line, are for nobody to read.
        indent = None if facts["kind"] == "game_file" else 2
        click.echo(json.dumps(plain(facts), ensure_ascii=False, indent=indent))
        return
    show = {
        "maps": _maps, "build": _build, "manifest": _manifest, "audio": _audio, "parquet": _parquet,
        "game_file": file_lines,
    }  # fmt: skip
    for line in show.get(facts["kind"], _unknown)(facts):
        click.echo(printable(line) if "\n" not in line else line)


def _maps(facts: dict[str, Any]) -> list[str]:
    from rhythm_maps.cli.game_files import folder_lines

    if not facts["games"] and not facts["files"]:
        return ["No maps of any game here."]
    lines: list[str] = []
    for one in facts["games"]:
        charts, tracks = one["charts"], one["tracks"]
        modes = ", ".join(f"{n} {mode}" for mode, n in one["modes"].items())
        copies = f", {one['copies']} copies" if one["copies"] else ""
        lines.append(
            f"{one['title']}: {_many(one['mapsets'], 'mapset')}, {_many(len(charts), 'chart')} ({modes}){copies}"
        )
        rows = [["song [difficulty]", "mode", "notes", "length", "BPM", "notes/s", "file"]]
        rows += [_chart(row) for row in charts[:_SHOWN_CHARTS]]
        lines += ["", table(rows)] if charts else []
        if len(charts) > _SHOWN_CHARTS:
            lines.append(f"  ... and {len(charts) - _SHOWN_CHARTS} more (--json shows all)")
        audio = [["audio", "length", "codec", "rate", "kbit/s"]]
        audio += [
            [
                _cut(row["file_name"], 40), _clock(row["duration_s"]), row["codec"], str(row["sampling_rate"]),
                f"{row['bitrate_kbps']:.0f}",
            ]
            for row in tracks[:_SHOWN_CHARTS]
        ]  # fmt: skip
        lines += ["", table(audio)] if tracks else []
        lines += _problems(one)
    return [*lines, *folder_lines(facts["files"])]


def _chart(row: dict[str, Any]) -> list[str]:
    song = _cut(printable(f"{row['artist']} - {row['title']} [{row['difficulty']}]"), 56)
    bpm = f"{row['tempo_bpm']:.1f}" if row["tempo_bpm"] else "-"
    name = _cut(printable(row["file_name"]), 36)
    return [song, row["mode"], f"{row['n_notes']:,}", _clock(row["length_s"]), bpm, f"{row['nps']:.1f}", name]


def _problems(one: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    problems = one["problems"]
    if problems:
        codes = Counter(f"{p['kind']} {p['outcome']} [{p['code']}]" for p in problems)
        lines += ["", "What is wrong: " + ", ".join(f"{n} x {code}" for code, n in codes.most_common())]
        for p in problems[:_SHOWN_PROBLEMS]:
            place = f" at {p['place']}" if p["place"] and p["place"] not in {p["path"], p["name"]} else ""
            name = f" > {p['name']}" if p["name"] else ""
            lines.append(f"  {printable(p['path'] + name + place)}: {printable(p['reason'])} [{p['code']}]")
        if len(problems) > _SHOWN_PROBLEMS:
            lines.append(f"  ... and {len(problems) - _SHOWN_PROBLEMS} more (--json shows all)")
    warned = Counter(warning for row in one["charts"] for warning in row["warnings"])
    if warned:
        lines.append("Warnings on rows: " + ", ".join(f"{n} x {code}" for code, n in warned.most_common()))
    return lines or ["", "Nothing is wrong."]


def _build(facts: dict[str, Any]) -> list[str]:
    version = facts["versions"]["rhythm_maps"]
    head = f"A dataset of {facts['game']}, schema {facts['schema_version']}, built by rhythm_maps {version}: "
    head += f"{facts['mapsets']} mapsets, " if facts["mapsets"] else ""
    head += f"{facts['hours']:.2f} hours."
    lines = [head, "", counts_table({**facts["rows"], **facts["presets"]})]
    if tokens := facts["spec"].get("tokens"):
        kbps, kind = tokens["bandwidth_kbps"], tokens["weights"]
        lines += ["", f"Tokens: EnCodec 24 kHz at {kbps:g} kbps, {kind} weights {tokens['weights_sha256'][:12]}."]
    if facts["rejects"]:
        lines += ["", "Rejected: " + ", ".join(f"{n} x {code}" for code, n in facts["rejects"].items())]
    return [*lines, "", f"Content sha256: {facts['content_sha256']}"]


def _manifest(facts: dict[str, Any]) -> list[str]:
    splits = ", ".join(f"{split} {n}" for split, n in facts["per_split"].items() if n)
    lines = [
        f"A manifest of {facts['game']}: {facts['mapsets']} mapsets ({splits}), roots {', '.join(facts['roots'])}."
    ]
    lines += [f"  rejected: {r['path']}: {r['reason']} [{r['code']}]" for r in facts["rejects"]]
    return lines


def _audio(facts: dict[str, Any]) -> list[str]:
    length = f"{_clock(facts['duration_s'])} ({facts['duration_s']:.3f} s by its header)"
    channels = _many(facts["channels"], "channel")
    rates = f"{facts['sampling_rate']} Hz, {channels}, {facts['bitrate_kbps']:.0f} kbit/s"
    return [f"Audio: {facts['codec']}, {length}, {rates}."]


def _parquet(facts: dict[str, Any]) -> list[str]:
    lines = [f"Parquet: {_many(facts['rows'], 'row')} in {_many(facts['row_groups'], 'row group')}."]
    return [*lines, *(f"  {name}: {kind}" for name, kind in facts["columns"].items())]


def _unknown(facts: dict[str, Any]) -> list[str]:
    return [
        f"Not a map, dataset, manifest or audio file that rhythm-maps reads: it looks like {facts['looks_like']}.",
        "Expected .osz, .olz or .zip, an .osu, an Info.dat, a folder of these, manifest.jsonl, audio or .parquet.",
    ]


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
