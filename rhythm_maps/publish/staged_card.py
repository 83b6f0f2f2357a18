"""The one place that asks for a card of a staged folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from rhythm_maps.build import readme
from rhythm_maps.build.previous import INFO_FILE
from rhythm_maps.build.spec import Spec
from rhythm_maps.files import atomic
from rhythm_maps.publish.facts import CardFacts


def write_card(folder: Path, facts: CardFacts) -> None:
    """Write ``README.md`` for what is in a folder."""
    del facts
    info = msgspec.json.decode((folder / INFO_FILE).read_bytes())
    spec = msgspec.convert(info["spec"], Spec)
    text = readme.render(spec, info["rows"], info["presets"], {**info, "version": info["versions"]["rhythm_maps"]})
    with atomic.create(folder / "README.md") as file:
        file.write(text.encode("utf-8"))
