"""EnCodec token files: both kinds that carry the suffix ``.ecdc``, of the mono 24 kHz model.

* ``enchf``: what EncHF's tools write, a torch-saved dict of ``audio_codes`` (int64 ``[1, 1, n_q, frames]``),
  ``audio_scales`` (``[None]``) and ``audio_length`` (samples). Read and written without torch (`torch_file`).
* ``binary``: the encodec package's own, ``ECDC``, version, a JSON header, then 10 bits a code, frame by frame,
  lowest bits first (encodec/binary.py and compress.py). Codes that its language model compressed cannot be read
  without that model.

Frames are ``ceil(samples / 320)``. The encodec package reckons them in floating point, which gives one frame too
many for some lengths; its own `decompress` fails on such files, whoever wrote them.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.names import shown
from rhythm_maps.tokens import torch_file
from rhythm_maps.tokens.codec import CODE_BITS, CODEBOOK_SIZE, HOP, MODEL, frames_of

_MAGIC: Final = b"ECDC"
_HEADER: Final = struct.Struct("!4sBI")

Kind = Literal["enchf", "binary"]


class Ecdc(NamedTuple):
    """The content of a token file.

    Attributes:
        codes: uint16 ``[n_q, frames]``, each below 1,024.
        samples: length of the audio in samples at 24 kHz, as the file states it.
        kind: which of the two kinds the file is.
    """

    codes: np.ndarray
    samples: int
    kind: Kind

    @property
    def frames(self) -> int:
        """Return the number of frames."""
        return int(self.codes.shape[1])


def read(source: str | os.PathLike[str] | bytes, name: str = "") -> Ecdc:
    """Read a token file of either kind.

    Args:
        source: path of the file, or its bytes.
        name: what to call it in messages; the file's own name where a path is given.

    Raises:
        InputError: the file cannot be read.
        BadFormat: neither kind (``not_ecdc``), damaged (``bad_ecdc``, or a code of `torch_file.read_dict`), or of
            another model, or compressed with the language model (``unsupported_ecdc``).
        LimitExceeded: larger than `limits.ECDC_BYTES`, or with more frames or codebooks than they allow.
    """
    if not isinstance(source, bytes):
        name = name or Path(source).name
    data = source if isinstance(source, bytes) else read_capped(Path(source), limits.ECDC_BYTES)
    if len(data) > limits.ECDC_BYTES:
        raise LimitExceeded("ecdc_too_large", f"{len(data):,} bytes; at most {limits.ECDC_BYTES:,}", name)
    if data.startswith(_MAGIC):
        return _read_binary(data, name)
    if data.startswith(b"PK"):
        return _read_enchf(data, name)
    what = "an empty file" if not data else f"begins with {shown(data[:4].decode('latin-1'))}"
    raise BadFormat("not_ecdc", f"{what}; a torch-saved dict (PK) or the codec's own format (ECDC) is expected", name)


def read_capped(path: Path, most: int) -> bytes:
    """Return the bytes of a file that has at most `most`.

    Raises:
        InputError: it cannot be read.
        LimitExceeded: it is larger (``file_too_large``).
    """
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise InputError(f"{path}: not a file")
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cannot be read: {error}") from error
    if len(data) > most:
        raise LimitExceeded("file_too_large", f"more than {most:,} bytes", path.name)
    return data


def write_enchf(path: str | os.PathLike[str], codes: np.ndarray, samples: int) -> None:
    """Write codes as EncHF's tools do, atomically.

    Args:
        path: the file to make or replace.
        codes: integers ``[n_q, frames]`` from 0 to 1,023.
        samples: length of the audio in samples at 24 kHz.

    Raises:
        UsageError: codes of another shape or range, or a length that has another number of frames.
    """
    atomic.write_bytes(Path(path), torch_file.write_dict(_checked(codes, samples), samples))


def write_binary(path: str | os.PathLike[str], codes: np.ndarray, samples: int) -> None:
    """Write codes in the encodec package's own format, without its language model, atomically.

    Args and errors as `write_enchf`.
    """
    codes = _checked(codes, samples)
    header = json.dumps({"m": MODEL, "al": samples, "nc": int(codes.shape[0]), "lm": False}).encode()
    bits = codes.T.reshape(-1, 1) >> np.arange(CODE_BITS, dtype=np.uint16) & 1
    packed = np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little")
    atomic.write_bytes(Path(path), _HEADER.pack(_MAGIC, 0, len(header)) + header + packed.tobytes())


def _checked(codes: np.ndarray, samples: int) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or not 1 <= codes.shape[0] <= limits.CODEBOOKS:
        raise UsageError(f"codes are {codes.dtype} {codes.shape}: integers [n_q, frames] are expected")
    if codes.size and not (codes.min() >= 0 and codes.max() < CODEBOOK_SIZE):
        raise UsageError(f"codes from {codes.min()} to {codes.max()}: 0 to {CODEBOOK_SIZE - 1} are expected")
    if codes.shape[1] > limits.TOKEN_FRAMES:
        raise UsageError(f"{codes.shape[1]:,} frames; at most {limits.TOKEN_FRAMES:,}")
    if frames_of(samples) != codes.shape[1]:
        raise UsageError(f"{samples} samples are {frames_of(samples)} frames, but the codes have {codes.shape[1]}")
    return codes.astype(np.uint16)


def _read_enchf(data: bytes, name: str) -> Ecdc:
    content = torch_file.read_dict(data, name)
    codes = content.get("audio_codes")
    if isinstance(codes, list) and len(codes) == 1:
        codes = codes[0]
    if not isinstance(codes, np.ndarray) or codes.dtype.kind not in "iu":
        raise BadFormat("bad_ecdc", "a torch file without integer audio_codes", name)
    if codes.ndim not in {2, 3, 4} or set(codes.shape[:-2]) - {1}:
        raise BadFormat("bad_ecdc", f"audio_codes {list(codes.shape)}; [1, 1, n_q, frames] of one song expected", name)
    codes = codes.reshape(codes.shape[-2:])
    _refuse_large(codes.shape[0], codes.shape[1], name)
    if codes.size and not (codes.min() >= 0 and codes.max() < CODEBOOK_SIZE):
        raise BadFormat("bad_ecdc", f"codes from {codes.min()} to {codes.max()}; 0 to 1023 expected", name)
    samples = _length(content.get("audio_length"), codes.shape[1], name)
    return Ecdc(np.ascontiguousarray(codes, dtype=np.uint16), samples, "enchf")


def _length(stated: Any, frames: int, name: str) -> int:
    if isinstance(stated, list) and len(stated) == 1:
        stated = stated[0]
    if isinstance(stated, np.ndarray) and stated.size == 1:
        stated = stated.item()
    if stated is None:  # the most that the frames can hold
        return frames * HOP
    if isinstance(stated, bool) or not isinstance(stated, int | float) or stated != stated // 1 or stated < 0:
        raise BadFormat("bad_ecdc", f"audio_length is {stated!r}; a number of samples expected", name)
    return int(stated)


def _refuse_large(n_q: int, frames: int, name: str) -> None:
    if not 1 <= n_q <= limits.CODEBOOKS or not 0 <= frames <= limits.TOKEN_FRAMES:
        most = f"at most {limits.CODEBOOKS} and {limits.TOKEN_FRAMES:,}"
        raise LimitExceeded("ecdc_too_large", f"{n_q:,} codebooks of {frames:,} frames; {most}", name)


def _read_binary(data: bytes, name: str) -> Ecdc:
    start = _HEADER.size
    if len(data) < start:
        raise BadFormat("bad_ecdc", "a header that is cut off", f"{name}, byte {len(data)}")
    _, version, size = _HEADER.unpack_from(data)
    if version != 0:
        raise BadFormat("unsupported_ecdc", f"version {version} of the format; 0 is expected", f"{name}, byte 4")
    if size > limits.ECDC_HEADER_BYTES:
        raise LimitExceeded("ecdc_too_large", f"a header of {size:,} bytes", f"{name}, byte 5")
    if len(data) < start + size:
        raise BadFormat("bad_ecdc", "a header that is cut off", f"{name}, byte {len(data)}")
    samples, n_q = _header(data[start : start + size], f"{name}, byte {start}")
    frames = frames_of(samples)
    _refuse_large(n_q, frames, name)
    packed = np.frombuffer(data, np.uint8, offset=start + size)
    wanted = frames * n_q * CODE_BITS
    if len(packed) * 8 < wanted:
        said = f"{-(-wanted // 8):,} bytes of codes are announced and {len(packed):,} are there"
        raise BadFormat("bad_ecdc", said, f"{name}, byte {len(data)}")
    bits = np.unpackbits(packed, count=wanted, bitorder="little").reshape(-1, CODE_BITS)
    codes = bits @ (1 << np.arange(CODE_BITS, dtype=np.uint16))
    return Ecdc(np.ascontiguousarray(codes.reshape(frames, n_q).T, dtype=np.uint16), samples, "binary")


def _header(text: bytes, place: str) -> tuple[int, int]:
    """Return the number of samples and of codebooks that the JSON header states."""
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFormat("bad_ecdc", "a header that is no JSON", place) from error
    if not isinstance(stated, dict):
        raise BadFormat("bad_ecdc", "a header that is no JSON object", place)
    if stated.get("m") != MODEL:
        raise BadFormat("unsupported_ecdc", f"codes of the model {stated.get('m')!r}; {MODEL} is read", place)
    if stated.get("lm") is not False:
        reason = "codes compressed with the language model, which is not to be had here; write them with use_lm=False"
        raise BadFormat("unsupported_ecdc", reason, place)
    samples, n_q = stated.get("al"), stated.get("nc")
    if type(samples) is not int or type(n_q) is not int or samples < 0:
        raise BadFormat("bad_ecdc", "a header without whole numbers al (samples) and nc (codebooks)", place)
    return samples, n_q
