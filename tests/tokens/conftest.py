"""What tests of tokens share: where their helpers lie, and the files that EncHF's own tools wrote."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))


@pytest.fixture
def golden(corpus):
    """Files that EncHF's own tools wrote, with what is wrong with them."""
    folder = corpus / "audio" / "enchf"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


@pytest.fixture(scope="session")
def weights_file(tmp_path_factory):
    """A state dict of calibrated weights."""
    import token_weights

    return token_weights.file(tmp_path_factory.getbasetemp().parent / "token_weights")


@pytest.fixture(scope="session")
def weights(weights_file):
    """Calibrated weights."""
    from rhythm_maps.tokens.weights import load

    return load(weights_file)
