"""What the tests of archives share: opening bytes, and the module `zip_maker` beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rhythm_maps.errors import BadArchive
from rhythm_maps.files import open_members

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def opened(tmp_path):
    """Open bytes as an archive."""

    def open_bytes(data):
        path = tmp_path / "map.osz"
        path.write_bytes(data)
        return open_members(path)

    return open_bytes


@pytest.fixture
def refused(opened):
    """The code with which bytes are refused as a whole."""

    def code(data):
        with pytest.raises(BadArchive) as caught:
            opened(data)
        assert caught.value.reason
        return caught.value.code

    return code
