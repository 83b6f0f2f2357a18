"""``rhythm-maps versions``."""

from __future__ import annotations

import click

from rhythm_maps.cli.report import table


@click.command("versions", short_help="List the versions of a published dataset.")
@click.argument("repo")
def command(repo: str) -> None:
    """List the versions of the Hub dataset REPO (owner/name), newest first."""
    from rhythm_maps.publish.versions import versions

    found = versions(repo)
    if not found:
        click.echo(f"{repo} has no version yet. Publish one: rhythm-maps push BUILD {repo} --version 1.0.0")
        return
    configs = sorted({config for version in found for config in version.rows})
    rows = [["version", *configs, "profile", "commit"]]
    for version in found:
        counts = [f"{sum(version.rows[c].values()):,}" if c in version.rows else "-" for c in configs]
        rows.append(
            [f"v{version.name}{' (head)' if version.head else ''}", *counts, version.profile, version.commit[:8]]
        )
    click.echo(table(rows))
    click.echo(
        f'\nOpen one in Python:\n  ds = load_dataset("{repo}", "{_first(configs)}", revision="v{found[0].name}")'
    )
    if len(found) > 1:
        click.echo(f"Compare two:\n  rhythm-maps diff {repo}@v{found[1].name} {repo}@v{found[0].name}")


def _first(configs: list[str]) -> str:
    return "charts" if "charts" in configs or not configs else configs[0]
