"""The command line. One thin file a command: parse arguments, call one function, print.

This module imports click and nothing of ours but errors, so that ``--help`` is quick; a command's module is imported
when it runs.
"""

from __future__ import annotations

import importlib
import sys

import click

from rhythm_maps.errors import RhythmMapsError, UsageError

_COMMANDS = {
    "scan": "List your maps into a manifest: what is there, what belongs together, which split.",
    "build": "Turn maps or a manifest into a folder that load_dataset opens.",
    "inspect": "Show what a file or folder is, what is in it and what is wrong with it.",
    "export": "Turn a build into what other tools take: plain folders, EncHF, Beat This.",
    "audio": "Prepare recordings: bring a folder of them to one loudness at 24 kHz mono.",
    "tokens": "Turn recordings into EnCodec token files, and token files or builds back into audio.",
    "sidecar": "Write, show and check per-frame features beside token files.",
    "card": "Make and check the card (README) of a dataset folder, with statistics and pictures.",
    "push": "Publish a build on the Hub as one version: what the policy lets out, in one commit.",
    "versions": "List the versions of a published dataset.",
    "diff": "Compare two builds or published versions: rows added, removed, changed and moved.",
    "withdraw": "Take rows of a published dataset back, and every version that holds them.",
    "opt-out": "List what must be left out of builds and pushes: maps, mappers, songs, recordings.",
    "extract-official": "Write the official levels of a Beat Saber install as ordinary level folders.",
    "demo": "Build both games from a generated sample pack and show what comes out.",
}


class _LazyGroup(click.Group):
    """Knows its commands by name and one sentence each; imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"rhythm_maps.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rhythm-maps")
def cli() -> None:
    """Rhythm-game maps (osu!, Beat Saber) as Hugging Face datasets: audio, beats and notes on one clock."""


def main() -> None:
    """Run the command line; every expected failure is one clear message and exit code 1 (2 for usage)."""
    for stream in (sys.stdout, sys.stderr):
        # A title in Japanese must not end a build on a console that cannot show it (Windows, cp1252).
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(prog_name="rhythm-maps")
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except RhythmMapsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
