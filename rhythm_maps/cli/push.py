"""``rhythm-maps push``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from rhythm_maps.cli.report import counts_table, table
from rhythm_maps.errors import UsageError


@click.command("push", short_help="Publish a build on the Hub as one version.")
@click.argument("build", type=click.Path(path_type=Path))
@click.argument("repo")
@click.option("--version", required=True, metavar="1.2.0", help="Its number, above those that were published.")
@click.option(
    "--profile",
    type=click.Choice(["annotations", "maps", "tokens", "audio"]),
    default="annotations",
    show_default=True,
    help="Which columns leave this machine; each profile holds those before it.",
)
@click.option("--public", is_flag=True, help="Let everybody see it. Without this only you do.")
@click.option("--configs", default="", help="Which tables to publish; all that the profile carries without it.")
@click.option(
    "--rights", default="", help="Beyond annotations: on which basis you may publish this. It is on the card."
)
@click.option(
    "--permissions", type=click.Path(path_type=Path), metavar="FILE", help="Permissions of authors, one map a line."
)
@click.option(
    "--opt-outs", type=click.Path(path_type=Path), metavar="FILE", help="Rows to leave out; your own list without it."
)
@click.option("--force-weights", is_flag=True, help="Publish tokens of a model that was not pretrained.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and change nothing on the Hub.")
@click.option("--yes", is_flag=True, help="Do not ask before something becomes public.")
def command(
    build: Path,
    repo: str,
    version: str,
    profile: str,
    configs: str,
    rights: str,
    permissions: Path | None,
    opt_outs: Path | None,
    *,
    public: bool,
    force_weights: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Publish BUILD as a version of the Hub dataset REPO (owner/name), which is made when it does not exist.

    Readers see the version before or this one, whole, at every moment. When a push is stopped, run it again: it
    finishes, and sends only what is missing.
    """
    from rhythm_maps.publish.hub import Repository
    from rhythm_maps.publish.push import push
    from rhythm_maps.publish.staging import Options

    names = tuple(name.strip() for name in configs.split(",") if name.strip())
    options = Options(profile, public, names or None, rights, permissions, opt_outs, force_weights)
    if public and not dry_run and not yes:
        question = f"Everybody will be able to see {repo}, and copies cannot be taken back. Go on?"
        if not click.confirm(question, err=True):
            raise UsageError("nothing was pushed; try --dry-run, or leave out --public")
    made = push(build, Repository(repo), version, options, dry_run=dry_run, note=_say)
    click.echo(_summary(made, [*_stay_here(build, profile, names)], dry_run=dry_run))


def _say(text: str) -> None:
    click.echo(f"{text} ...", err=True)


def _stay_here(build: Path, profile: str, names: Sequence[str]) -> Iterator[str]:
    """Say which configs the profile does not carry, where nobody chose among them."""
    from rhythm_maps.build.run import read_info
    from rhythm_maps.publish.policy import carries, needed_profile

    stored = (read_info(build) or {}).get("rows", {})
    stay = [config for config in stored if not names and not carries(profile, config)]
    wider = {config: f"{config} (--profile {needed_profile(config)})" for config in stay}
    if stay:
        yield ""
        yield f"Profile {profile} carries no {', '.join(wider.values())}; wider profiles need --rights."


def _summary(made: object, stay_here: Sequence[str], *, dry_run: bool) -> str:
    from rhythm_maps.cli.diff import change_lines
    from rhythm_maps.publish.push import Pushed

    assert isinstance(made, Pushed)
    size = sum(made.sent.values())
    tag, files = f"v{made.version}", f"{len(made.sent)} files, {size:,} bytes"
    if dry_run and made.commit:
        head = f"{made.repo} has {tag} already, and it is the same; nothing would be sent."
    elif dry_run:
        head = f"Would send {files} to {made.repo} as {tag}, and delete {len(made.deleted)}. Nothing was changed."
    elif made.sent or made.deleted:
        head = f"Pushed {tag} to {made.repo}: {files} sent, {len(made.deleted)} deleted; commit {made.commit[:8]}."
    else:
        head = f"{made.repo} has {tag} already, and it is the same; nothing was sent."
    lines = [head, "", "Rows by config and split:", counts_table(made.rows), *stay_here]
    if made.left_out:
        lines += ["", "Left out by the policy:", table(_left_out(made.left_out, made.examples))]
    if made.diff is not None:
        lines += ["", *change_lines(made.diff, f"v{made.since}", tag)]
    lines += ["", f"It {'would be' if dry_run else 'is'} {'public, behind a gate' if made.public else 'private'}."]
    if not dry_run:
        first = "charts" if "charts" in made.rows else next(iter(made.rows))
        lines += ["Open it in Python:", f'  ds = load_dataset("{made.repo}", "{first}", revision="{tag}")']
    return "\n".join(lines)


def _left_out(left_out: object, examples: object) -> list[list[str]]:
    from collections.abc import Mapping

    from rhythm_maps.publish.policy import REMEDIES

    assert isinstance(left_out, Mapping)
    assert isinstance(examples, Mapping)
    return [
        [f"{reason} ({', '.join(examples.get(reason, ()))}): {REMEDIES.get(reason, '')}", f"{n:,}"]
        for reason, n in left_out.items()
    ]
