"""What a refused push says names the build, and nobody's home."""

from __future__ import annotations

from pathlib import Path

import pytest

from rhythm_maps.errors import BuildError, NoDataError, UsageError
from rhythm_maps.files.outputs import writing
from rhythm_maps.publish.stage import stage


def test_refusals_name_the_build_by_its_own_name(levels, tmp_path):
    build = levels
    with pytest.raises(NoDataError) as refused:
        stage(build, tmp_path / "out", profile="maps", rights="mine", public=True)
    assert str(refused.value).startswith(f"{Path(build).name}: nothing may be published")
    with pytest.raises(UsageError) as refused:
        stage(tmp_path / "none", tmp_path / "out")
    assert str(refused.value).startswith("none: no build")
    assert str(tmp_path) not in str(refused.value)


def test_what_the_system_says_names_no_home(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "jane")
    out = tmp_path / "jane" / "maps" / "out"
    with pytest.raises(BuildError) as refused, writing(out, "Mend it."):
        (out / "x").write_bytes(b"")
    assert str(refused.value) == "~/maps/out: cannot be written: No such file or directory (~/maps/out/x). Mend it."
