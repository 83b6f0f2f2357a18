"""``rhythm-maps extract-official``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rhythm_maps.cli.options import bar
from rhythm_maps.files.paths import printable

if TYPE_CHECKING:
    from rhythm_maps.sources.unity import Extracted
    from rhythm_maps.sources.unity.packs import Reject

_SHOWN = 5


@click.command("extract-official", short_help="Write official Beat Saber levels as level folders.")
@click.argument("install", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--v2-info", is_flag=True, help="Info.dat of format 2 and gzipped beatmaps, without lightshows.")
def command(install: Path, out: Path, *, v2_info: bool) -> None:
    """Write the official levels of INSTALL (the folder of Beat Saber) into OUT, one folder a level.

    A folder holds Info.dat, beatmaps, lightshows, audio data, the song and the cover, as custom levels do. They are
    the game's own and are not to be passed on. Needs UnityPy: pip install "rhythm-maps[unity]".
    """
    from rhythm_maps.sources.unity import extract_official

    click.echo(_summary(extract_official(install, out, v2_info=v2_info, progress=lambda found: bar(found, "extract"))))


def _summary(done: Extracted) -> str:
    out = done.out.as_posix()
    lines = [f"Wrote {len(done.folders)} official levels with {done.beatmaps} beatmaps into {out}."]
    listed = sum(reject.error.code == "no_level_data" for reject in done.rejects)
    if listed:
        lines.append(f"{listed} more are listed in packs, but this install has no bundle of them.")
    bad = [reject for reject in done.rejects if reject.error.code != "no_level_data"]
    lines += _some(bad, f"{len(bad)} bundles could not be read:")
    lines += _some(done.notes, f"{len(done.notes)} things are missing in the folders:")
    lines.append(f"\nNext: rhythm-maps build beat_saber {out} --out OUT")
    return "\n".join(lines)


def _some(rejects: Sequence[Reject], title: str) -> list[str]:
    if not rejects:
        return []
    shown = [f"  {printable(r.path)}: {printable(str(r.error))}" for r in rejects[:_SHOWN]]
    codes = Counter(r.error.code for r in rejects[_SHOWN:])
    more = [f"  ... and {n} more [{code}]" for code, n in sorted(codes.items())]
    return [title, *shown, *more]
