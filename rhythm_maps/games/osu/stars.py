"""Star ratings of charts at several rates of play, by rosu-pp-py: the game's own difficulty calculation in Rust."""

from __future__ import annotations

from importlib import metadata

from rhythm_maps.errors import MissingExtra

RATES = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""Half time is 0.75, double time 1.5; the others are what lazer allows and what training by rate uses."""


def stars_by_rate(data: bytes) -> list[tuple[float, float]] | None:
    """Compute the star rating of a `.osu` file at `RATES`.

    Args:
        data: bytes of the file.

    Returns:
        (rate, stars) by rate; None for a file that rosu-pp cannot read, or one that it calls suspicious: such maps are
        made to keep a calculation busy for hours.

    Raises:
        MissingExtra: rosu-pp-py is not installed.
    """
    try:
        import rosu_pp_py as rosu  # noqa: PLC0415 - an extra, and only asked for
    except ImportError as error:
        raise MissingExtra('star ratings need rosu-pp-py: pip install "rhythm-maps[stars]"') from error
    try:
        beatmap = rosu.Beatmap(bytes=data)
    except (rosu.ParseError, rosu.ArgsError, ValueError):
        return None
    if beatmap.is_suspicious():
        return None
    return [(rate, rosu.Difficulty(clock_rate=rate).calculate(beatmap).stars) for rate in RATES]


def source() -> str:
    """Return the library and its version."""
    return f"rosu-pp-py {metadata.version('rosu-pp-py')}"
