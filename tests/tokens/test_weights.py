"""Where weights come from, that nothing else is taken for them, and encodec beside a torchaudio that does not load."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys

import pytest
import torch

from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.tokens import weights as module
from rhythm_maps.tokens.weights import PRETRAINED_NAME, PRETRAINED_SHA256, empty_model, load, state_sha256

NOWHERE = "http://127.0.0.1:9/encodec.th"


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Where torch would keep the published weights; a download finds nobody."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(module, "PRETRAINED_URL", NOWHERE)
    path = tmp_path / "torch" / "hub" / "checkpoints" / PRETRAINED_NAME
    path.parent.mkdir(parents=True)
    return path


def test_without_file_and_network_the_error_says_what_to_do(cached):
    with pytest.raises(InputError) as caught:
        load("pretrained")
    for needed in (str(cached), NOWHERE, "--weights FILE"):
        assert needed in str(caught.value)


def test_a_cached_file_with_another_sum_is_refused(cached, weights_file):
    cached.write_bytes(weights_file.read_bytes())
    with pytest.raises(BadFormat, match=f"expected {PRETRAINED_SHA256}") as caught:
        load("pretrained")
    assert caught.value.place == str(cached)
    assert "--weights FILE" in str(caught.value)


def test_the_published_file_is_loaded_from_the_cache(cached, weights_file, monkeypatch):
    data = weights_file.read_bytes()
    cached.write_bytes(data)
    monkeypatch.setattr(module, "PRETRAINED_SHA256", hashlib.sha256(data).hexdigest())
    found = load("pretrained")
    assert (found.kind, found.sha256) == ("pretrained", hashlib.sha256(data).hexdigest())
    assert load(cached).kind == "pretrained"


def test_a_file_of_ones_own(weights_file):
    found = load(weights_file)
    assert (found.kind, found.sha256) == ("file", hashlib.sha256(weights_file.read_bytes()).hexdigest())
    assert found.model().state_dict().keys() == found.state.keys()


class Evil:
    def __reduce__(self):
        return print, ("run",)


def saved(path, what):
    torch.save(what, path)
    return path


@pytest.fixture(scope="module")
def state():
    return dict(empty_model().state_dict())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: [1, 2], "not a state dict"),
        (lambda s: {k: v for k, v in s.items() if "lstm" not in k}, "is missing"),
        (lambda s: s | {"more": torch.zeros(1)}, "'more' is no parameter of it"),
        (
            lambda s: s | {"quantizer.vq.layers.0._codebook.embed": torch.zeros(1024, 64)},
            r"shape \(1024, 64\), expected",
        ),
        (lambda s: s | {"quantizer.vq.layers.0._codebook.embed": 3}, "no tensor of floats"),
        (lambda s: s | {"quantizer.vq.layers.0._codebook.inited": torch.tensor([float("nan")])}, "not finite"),
        (lambda s: s | {"evil": Evil()}, "not a file of tensors"),
    ],
)
def test_other_content_is_refused(tmp_path, state, spoil, said):
    with pytest.raises(BadFormat, match=said) as caught:
        load(saved(tmp_path / "w.th", spoil(state)))
    assert caught.value.code == "bad_weights"


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"junk" * 99, pickle.dumps(Evil()), pickle.dumps({"a": 1})])
def test_other_files_are_refused_and_nothing_in_them_is_run(tmp_path, data, capsys):
    (tmp_path / "w.th").write_bytes(data)
    with pytest.raises(BadFormat):
        load(tmp_path / "w.th")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("seed", ["", "x", "-1", "1.5", "9" * 30])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(UsageError, match="calibrated:SEED"):
        load(f"calibrated:{seed}")


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.th")


@pytest.mark.stress
def test_calibrated_weights_are_the_same_for_any_number_of_threads(weights):
    threads, drawn = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(2 if threads == 1 else 1)
    try:
        again = load("calibrated:0")
    finally:
        torch.set_num_threads(threads)
    assert again.sha256 == state_sha256(weights.state) == state_sha256(again.state)
    assert again.kind == "calibrated"
    assert torch.equal(torch.get_rng_state(), drawn)


ABSENT = "sys.modules['torchaudio'] = None"
BROKEN = """
import importlib.abc
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio":
            raise OSError("libc10_cuda.so: cannot open shared object file")
sys.meta_path.insert(0, Broken())
"""
IMPORT = """
from rhythm_maps.tokens.torchless import import_encodec
print(import_encodec().EncodecModel.__name__, import_encodec() is sys.modules["encodec"])
try:
    import torchaudio
except (ImportError, OSError) as error:
    print("torchaudio:", type(error).__name__)
"""


@pytest.mark.parametrize(("how", "error"), [(ABSENT, "ModuleNotFoundError"), (BROKEN, "OSError")])
def test_encodec_is_imported_without_torchaudio(how, error):
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys\n{how}\n{IMPORT}"], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["EncodecModel True", f"torchaudio: {error}"], done.stderr


@pytest.mark.parametrize("package", ["torch", "encodec"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(package):
    script = (
        f"import sys\nsys.modules[{package!r}] = None\nfrom rhythm_maps.errors import MissingExtra\n"
        "from rhythm_maps.tokens.weights import load\ntry:\n    load('calibrated:0')\nexcept MissingExtra as e:\n"
        "    print(e)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert 'pip install "rhythm-maps[tokens]"' in done.stdout, done.stderr
