"""``rhythm-maps build ecdc_folder``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rhythm_maps.cli.report import counts_table
from rhythm_maps.errors import UsageError

_OWN = {"game", "paths", "out", "cond_root"}


def build_token_folder(
    context: click.Context, paths: tuple[str, ...], out: Path | None, cond_root: Path | None
) -> None:
    """Build a folder of token files; `paths` are the folder and, without ``--out``, the one to make."""
    given = click.core.ParameterSource.COMMANDLINE
    others = [
        option.opts[0]
        for option in context.command.params
        if option.name not in _OWN and context.get_parameter_source(str(option.name)) is given
    ]
    if others:
        raise UsageError(f"ecdc_folder takes no {', '.join(others)}: only --out and --cond-root")
    folders = [*paths] if out is None else [*paths, str(out)]
    if len(folders) != 2:
        raise UsageError("give one folder of token files, and --out: the folder to make")
    root, out = map(Path, folders)
    from tqdm import tqdm

    from rhythm_maps.build.token_build import build_tokens
    from rhythm_maps.build.token_folder import plan_folder

    plan = plan_folder(root, cond_root)
    with tqdm(
        total=len(plan.files), desc="build", unit="file", disable=not sys.stderr.isatty(), leave=False
    ) as progress:
        info = build_tokens(plan, out, progress.update)
    click.echo(f"Built {out}: {info['hours']:.2f} hours.\n\nRows by config and split\n{counts_table(info['rows'])}")
    for what, count in info["ledger"].items():
        if " reject " in what:
            click.echo(f"  {count:,}  {what}")
    click.echo(f'\nNext: load_dataset("{out.as_posix()}")')
