"""``rhythm-maps card``."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group("card", short_help="Make and check the card (README) of a dataset folder.")
def command() -> None:
    """Make and check the card of a dataset: the README.md that the Hub shows, and its pictures."""


@command.command("render", short_help="Replace the README of BUILD by a full card.")
@click.argument("build", type=click.Path(path_type=Path))
def render(build: Path) -> None:
    """Replace the README of BUILD by a full card, with histograms (extra: rhythm-maps[plots]).

    The card's examples are run on the folder; when one fails, the README stays as it is. A push makes the card of what
    it publishes by itself.
    """
    from rhythm_maps.publish.card import facts_of, write_card

    write_card(build, facts_of(build))
    pictures = sorted(path.name for path in (build / "assets").glob("*.png"))
    click.echo(
        f"Wrote {(build / 'README.md').as_posix()} and {len(pictures)} pictures in {(build / 'assets').as_posix()}."
    )
    click.echo(f"Check it with: rhythm-maps card check {build.as_posix()}")


@command.command("check", short_help="Name what a reviewer would ask for.")
@click.argument("path", metavar="BUILD|README", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 1 when anything is missing.")
def check(path: Path, strict: bool) -> None:
    """Name what a reviewer would ask for: of the card of BUILD, compared with its files, or of any README.md."""
    from rhythm_maps.publish.card_check import check as check_card

    findings = check_card(path)
    for finding in findings:
        click.echo(f"{finding.code}: {finding.problem}\n    {finding.remedy}")
    if not findings:
        click.echo(f"{path.as_posix()}: a reviewer finds every question answered.")
        return
    missing = "1 thing is" if len(findings) == 1 else f"{len(findings)} things are"
    click.echo(f"\n{missing} missing or wrong.")
    if strict:
        sys.exit(1)
