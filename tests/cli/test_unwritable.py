"""What the system does not let a command write is one clear error, and no traceback."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from generate import write_mapsets

from rhythm_maps.build.run import build
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import make_spec
from rhythm_maps.cli import cli
from rhythm_maps.errors import BuildError
from rhythm_maps.tokens import ecdc


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A folder of tokens, a build, and a file in whose place a folder is wanted."""
    base = tmp_path_factory.mktemp("places")
    (base / "file").write_bytes(b"")
    (base / "tokens").mkdir()
    ecdc.write_enchf(base / "tokens" / "a.ecdc", np.zeros((8, 10), np.uint16), 3_200)
    write_mapsets(base / "maps", 1, audio_seconds=2.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHYTHM_MAPS_CACHE", str(base / "cache"))
        build(scan("osu", [base / "maps"]).keep(), base / "build", make_spec("osu"))
    return {"TOKENS": base / "tokens", "BUILD": base / "build", "OUT": base / "file" / "out"}


@pytest.mark.parametrize(
    "command",
    [
        "sidecar init --audio-root TOKENS --cond-root OUT",
        "sidecar init --audio-root TOKENS --manifest-csv OUT",
        "sidecar add --audio-root TOKENS --cond-root OUT --const a=1",
        "sidecar audit --audio-root TOKENS --export-csv OUT",
        "export enchf TOKENS OUT",
        "export folders BUILD OUT",
        "export beat-this BUILD OUT --no-spectrograms",
        "inspect BUILD --plot OUT",
        "build ecdc_folder TOKENS OUT",
    ],
)
def test_an_output_that_cannot_be_written_is_named(places, command, monkeypatch, tmp_path):
    monkeypatch.setenv("RHYTHM_MAPS_CACHE", str(tmp_path))
    arguments = [str(places.get(word, word)) for word in command.split()]
    with pytest.raises(BuildError, match="cannot be written"):
        CliRunner().invoke(cli, arguments, catch_exceptions=False)
