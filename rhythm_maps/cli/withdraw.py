"""``rhythm-maps withdraw``."""

from __future__ import annotations

import click

from rhythm_maps.cli.report import table
from rhythm_maps.errors import UsageError


@click.command("withdraw", short_help="Take rows of a published dataset back.")
@click.argument("repo")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--version", required=True, metavar="2.0.0", help="Number of the version without them.")
@click.option("--reason", default="", help='A few words for its tombstones; "withdrawn" without.')
@click.option("--dry-run", is_flag=True, help="Say what would be taken back, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask: versions that are taken back do not come again.")
def command(repo: str, ids: tuple[str, ...], version: str, reason: str, *, dry_run: bool, yes: bool) -> None:
    """Take the rows of ID... (chart, mapset or track ids) out of the Hub dataset REPO, and out of its history.

    Versions that hold them are taken back, their files are deleted from the Hub, and a version without them is
    published. Later pushes leave them out as well. When it is stopped, run it again.
    """
    from rhythm_maps.publish.hub import Repository
    from rhythm_maps.publish.withdraw import withdraw

    repository = Repository(repo)
    if not yes or dry_run:
        found = withdraw(repository, ids, version, reason=reason, dry_run=True, note=_say)
        what = [*(f"  take back {ref}" for ref in found.taken_back), f"  delete {found.deleted} files from the Hub"]
        what += [f"  give {ref} a new commit, because its history held them" for ref in found.rewritten]
        click.echo("\n".join([f"Withdrawing from {repo} would", *what, f"  publish v{found.version} without the rows"]))
        if dry_run:
            return
        if not click.confirm("This cannot be undone. Go on?", err=True):
            raise UsageError("nothing was withdrawn")
    done = withdraw(repository, ids, version, reason=reason, note=_say)
    click.echo(f"Withdrew from {repo}; v{done.version} is without them (commit {done.commit[:8]}).")
    if done.rows:
        click.echo(table([["config", "rows gone"], *([config, f"{n:,}"] for config, n in sorted(done.rows.items()))]))
    click.echo(f"Taken back: {', '.join(done.taken_back) or 'no version held them'}. Files deleted: {done.deleted}.")
    click.echo("Copies that others have made stay with them; meta/tombstones.jsonl tells them what to delete.")


def _say(text: str) -> None:
    click.echo(f"{text} ...", err=True)
