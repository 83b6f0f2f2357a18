"""Options and small parsers that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import click

from rhythm_maps import games
from rhythm_maps.build.scan import check_fractions
from rhythm_maps.errors import UsageError
from rhythm_maps.tokens.settings import DEFAULT_KBPS, PRETRAINED, TokenRun, TokenSettings, token_settings

T = TypeVar("T")

GAME = click.Choice(games.names())


class Fractions(click.ParamType[tuple[float, ...]]):
    """Three shares: ``0.8,0.1,0.1``."""

    name = "SHARES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Parse the shares."""
        try:
            return check_fractions([float(part) for part in str(value).split(",")])
        except (ValueError, UsageError) as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def scan_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of whatever scans."""
    command = click.option(
        "--install",
        "installs",
        multiple=True,
        type=click.Path(),
        metavar="PATH",
        help="Beat Saber's own folder: its official levels, the custom ones in it and in the folders that SongCore's "
        "folders.xml names (extra: rhythm-maps[unity]).",
    )(command)
    command = click.option(
        "--song-folders",
        is_flag=True,
        help="Also scan the folders that the folders.xml of SongCore names in the install that PATHS lie in.",
    )(command)
    command = click.option(
        "--facts",
        multiple=True,
        type=click.Path(),
        metavar="FILE",
        help="What the website says of the maps: saved answers of BeatSaver's API (JSON, JSON lines) or an osu!.db. "
        "One called beatsaver.json, beatsaver.jsonl or osu!.db beside the maps is found by itself.",
    )(command)
    command = click.option(
        "--previous",
        metavar="OLD",
        help="Manifest, build folder or Hub repository of the previous version: its songs keep their splits.",
    )(command)
    return click.option(
        "--splits",
        type=Fractions(),
        help="Shares of train,validation,test. Default 0.9,0.05,0.05; all train below 20 songs.",
    )(command)


def token_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the config `tokens`."""
    for option in (
        click.option(
            "--token-device",
            metavar="DEVICE",
            help="What encodes: auto (default), cpu, cuda. It changes the speed.",
        ),
        click.option(
            "--target-rms",
            type=float,
            help="Level that recordings are brought to before they are encoded, such as 0.1; default: as they are.",
        ),
        click.option(
            "--weights",
            metavar="FILE",
            help="The codec's weights: pretrained (default), a state dict, or calibrated:SEED for tests.",
        ),
        click.option("--bandwidth", type=float, help="Bit rate of tokens: 1.5, 3, 6 (default), 12 or 24 kbps."),
    ):
        command = option(command)
    return command


def token_arguments(
    configs: Sequence[str],
    bandwidth: float | None,
    weights: str | None,
    target_rms: float | None,
    device: str | None,
) -> tuple[TokenSettings | None, TokenRun]:
    """Check the options of `token_options`, and load the weights where tokens are asked for.

    Raises:
        UsageError: one of them is given without the config `tokens`, or out of range.
        RhythmMapsError: as `token_settings`.
    """
    given = {"--bandwidth": bandwidth, "--weights": weights, "--target-rms": target_rms, "--token-device": device}
    run = TokenRun(weights or PRETRAINED, device or "auto")
    if "tokens" in configs:
        kbps = DEFAULT_KBPS if bandwidth is None else bandwidth
        return token_settings(run.weights, bandwidth_kbps=kbps, target_rms=target_rms), run
    unused = [name for name, value in given.items() if value is not None]
    if unused:
        raise UsageError(f"{', '.join(unused)}: for tokens only, which --configs does not name")
    return None, run


def find_paths(game: str, *, yes: bool) -> tuple[str, ...]:
    """Return the default folder of a game's maps, when the person agreed to it.

    Raises:
        UsageError: none was found, or nobody agreed.
    """
    from rhythm_maps.sources.places import find_places

    found = find_places(games.get(game))
    if not found:
        raise UsageError(f"no PATH given, and no maps of {games.get(game).title} found in the usual folders")
    if not yes:
        others = "".join(f"\n  {path}" for path in found[1:])
        also = f"\nAlso found:{others}" if others else ""
        raise UsageError(f"no PATH given. Found {found[0]}: add --yes to take it, or name a folder.{also}")
    click.echo(f"Taking {found[0]}")
    return (str(found[0]),)


def bar(items: Sequence[T], label: str, unit: str = "mapset") -> Iterator[T]:
    """Iterate with a progress bar; none when the output is no terminal."""
    from tqdm import tqdm

    yield from tqdm(items, desc=label, unit=unit, disable=not sys.stderr.isatty(), leave=False)
