"""Weights of the 24 kHz EnCodec model: the published ones, a file of one's own, or calibrated ones for tests."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.tokens import torch_settings
from rhythm_maps.tokens.torchless import import_encodec, import_torch

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["pretrained", "file", "calibrated"]

PRETRAINED_NAME = "encodec_24khz-d7cc33bc.th"
PRETRAINED_URL = f"https://dl.fbaipublicfiles.com/encodec/v0/{PRETRAINED_NAME}"
PRETRAINED_SHA256 = "d7cc33bcf1aad7f2dad9836f36431530744abeace3ca033005e3290ed4fa47bf"
"""Of the whole file, 93,171,529 bytes. encodec itself compares the first 8 digits, and only after a download."""
_TIMEOUT_S = 30.0
_PREFIX = "calibrated:"

_LOAD_ERRORS = (
    pickle.UnpicklingError, zipfile.BadZipFile, struct.error, RuntimeError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, EOFError, OSError, AssertionError, OverflowError, MemoryError,
)  # fmt: skip
"""What `torch.load` raises on files that are not its own."""


@dataclass(frozen=True)
class Weights:
    """The parameters of one model.

    Attributes:
        kind: ``pretrained`` (the published file, its sha256 checked), ``file`` or ``calibrated``.
        sha256: of the file; of calibrated weights, of their names and bytes in order of name.
        state: parameter name -> tensor, as `EncodecModel.encodec_model_24khz().state_dict()` has them.
    """

    kind: Kind
    sha256: str
    state: Mapping[str, Tensor] = field(repr=False, compare=False)

    def model(self) -> Any:
        """Return a new `encodec.EncodecModel` in evaluation mode, on the CPU, with these weights."""
        return _filled(self.state, self.kind)


def load(which: str | os.PathLike[str]) -> Weights:
    """Return the weights that a word or path names.

    Args:
        which: ``pretrained``, ``calibrated:SEED`` with a whole number, or the path of a state dict of
            `EncodecModel.encodec_model_24khz` as `torch.save` writes it.

    Raises:
        UsageError: a seed that is no number.
        InputError: the file cannot be read, or the published weights are neither in the cache nor to be downloaded.
        BadFormat: the file holds something else (``bad_weights``).
        MissingExtra: torch or encodec is not installed.
    """
    named = os.fspath(which)
    if named == "pretrained":
        return pretrained()
    if named.startswith(_PREFIX):
        seed = named.removeprefix(_PREFIX)
        if not (seed.isascii() and seed.isdigit() and len(seed) <= 18):
            raise UsageError(f"weights {named!r}: expected calibrated:SEED with a whole number, such as calibrated:0")
        from rhythm_maps.tokens.calibrate import calibrated  # noqa: PLC0415 - it imports this module

        return calibrated(int(seed))
    return from_file(named)


def pretrained() -> Weights:
    """Return the published weights, from torch's cache or else downloaded into it.

    The cache is where `torch.hub` keeps files: ``$TORCH_HOME/hub/checkpoints``, by default below ``~/.cache/torch``.

    Raises:
        InputError: the file is not in the cache and cannot be downloaded.
        BadFormat: the cached or downloaded file has another sha256 (``bad_weights``).
        MissingExtra: torch or encodec is not installed.
    """
    torch = import_torch()
    path = Path(torch.hub.get_dir()) / "checkpoints" / PRETRAINED_NAME
    if path.is_file():
        data = _read(path)
        _check(data, str(path), "delete the file to have it downloaded again, or give --weights FILE")
    else:
        data = _download(path)
        _check(data, PRETRAINED_URL, "something on the way changes it; try another network, or give --weights FILE")
        try:
            atomic.write_bytes(path, data)
        except OSError as error:
            raise InputError(f"{path}: the downloaded weights cannot be kept: {error}. Set TORCH_HOME") from error
    return Weights("pretrained", PRETRAINED_SHA256, _state(data, str(path)))


def from_file(path: str | os.PathLike[str]) -> Weights:
    """Return the weights in a file: a state dict of `EncodecModel.encodec_model_24khz` as `torch.save` writes it.

    It is loaded with ``weights_only=True``, so nothing in it is run. A file with the bytes of the published weights is
    ``pretrained``, wherever it lies.

    Raises:
        InputError: the file cannot be read.
        BadFormat: it holds something else (``bad_weights``).
        MissingExtra: torch or encodec is not installed.
    """
    data = _read(Path(path))
    sha256 = hashlib.sha256(data).hexdigest()
    return Weights("pretrained" if sha256 == PRETRAINED_SHA256 else "file", sha256, _state(data, os.fspath(path)))


def empty_model() -> Any:
    """Return `EncodecModel.encodec_model_24khz` without trained weights.

    Its random first values are drawn from a generator of their own: the caller's is left as it was.
    """
    encodec, torch = import_encodec(), import_torch()
    import warnings  # noqa: PLC0415 - used here alone

    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore", FutureWarning)  # encodec asks for weight_norm by its old name
        return encodec.EncodecModel.encodec_model_24khz(pretrained=False)


def _filled(state: Mapping[str, Any], name: str) -> Any:
    """Return a model with a state dict in it.

    Raises:
        BadFormat: names or shapes are not the model's (``bad_weights``).
    """
    with import_torch().device("meta"):  # no values, so none are drawn only to be replaced
        model = empty_model()
    with torch_settings.held():
        wrong = _differences(model.state_dict(), state)
        whole = {} if wrong else {key: tensor.detach().float().clone() for key, tensor in state.items()}
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise BadFormat(
            "bad_weights",
            f"not a state dict of EncodecModel.encodec_model_24khz: {'; '.join(wrong[:3])}{more}",
            name,
        )
    model.load_state_dict(whole, assign=True)
    return model.eval()


def state_sha256(state: Mapping[str, Tensor]) -> str:
    """Return the sha256 of a state dict: each name, a zero byte and the little-endian float32 values, by name."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + b"\0")
        digest.update(state[name].detach().cpu().contiguous().numpy().astype("<f4").tobytes())
    return digest.hexdigest()


def _differences(expected: Mapping[str, Tensor], state: Mapping[str, Any]) -> list[str]:
    """Say, parameter by parameter, what is missing, unknown or of another shape."""
    torch = import_torch()
    wrong = [f"{name} is missing" for name in expected if name not in state]
    wrong += [f"{name!r} is no parameter of it" for name in state if name not in expected]
    for name, tensor in expected.items():
        given = state.get(name)
        if given is None:
            continue
        if not isinstance(given, torch.Tensor) or not given.is_floating_point():
            wrong.append(f"{name} is no tensor of floats")
        elif given.shape != tensor.shape:
            wrong.append(f"{name} has the shape {tuple(given.shape)}, expected {tuple(tensor.shape)}")
        elif not bool(torch.isfinite(given).all()):
            wrong.append(f"{name} holds values that are not finite")
    return wrong


def _state(data: bytes, name: str) -> dict[str, Tensor]:
    """Unpack a state dict and check it against the model."""
    torch = import_torch()
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _LOAD_ERRORS as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BadFormat("bad_weights", f"not a file of tensors that torch.load reads ({said})", name) from error
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise BadFormat("bad_weights", "not a state dict: expected parameter names and tensors", name)
    return {key: tensor.detach() for key, tensor in _filled(state, name).state_dict().items()}


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.WEIGHTS_BYTES:
            raise BadFormat("bad_weights", f"{size:,} bytes; at most {limits.WEIGHTS_BYTES:,}", str(path))
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: the weights cannot be read: {error.strerror or error}. Give pretrained, calibrated:SEED or the "
            "path of a state dict of EncodecModel.encodec_model_24khz"
        ) from error


def _check(data: bytes, where: str, advice: str) -> None:
    """Refuse bytes that are not the published weights."""
    found = hashlib.sha256(data).hexdigest()
    if found != PRETRAINED_SHA256:
        raise BadFormat(
            "bad_weights",
            f"not the published EnCodec weights: sha256 {found}, expected {PRETRAINED_SHA256}; {advice}",
            where,
        )


def _download(path: Path) -> bytes:
    try:
        with urllib.request.urlopen(PRETRAINED_URL, timeout=_TIMEOUT_S) as answer:
            data: bytes = answer.read(limits.WEIGHTS_BYTES + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"the EnCodec weights are not at {path} and cannot be downloaded from {PRETRAINED_URL} ({reason}). Put the "
            "file there, or give a state dict of your own with --weights FILE"
        ) from error
    return data
