"""The two files of a sidecar: where they lie, and what they hold before it is understood.

``NAME.ecdc`` has ``NAME.cond.npy``, float16 or float32 ``[frames, features]``, and ``NAME.cond.json``, beside it or at
the same place below another root. Only ``.ecdc`` is taken off: ``b_120.0.ecdc`` has ``b_120.0.cond.npy``. Tools that
took off two suffixes wrote ``b_120.cond.npy``, and one wrote ``NAME.cond.cond.json``; both are found, with a warning.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat
from rhythm_maps.tokens.ecdc import read_capped

NPY: Final = ".cond.npy"
JSON: Final = ".cond.json"
_DOUBLED_JSON: Final = ".cond.cond.json"
_MAGIC: Final = b"\x93NUMPY"
_HEADER: Final = re.compile(
    r"\{\s*'descr':\s*'([<>|=]?[fiu]\d)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d, ]*)\)\s*,?\s*\}\s*"
)
"""What NumPy writes as header: a dict of these three keys, sorted. Anything else, such as objects, is refused."""


class Found(NamedTuple):
    """A sidecar's files.

    Attributes:
        npy: the values.
        json: the description; None where there is none.
        warnings: codes of what is odd about the names.
    """

    npy: Path
    json: Path | None
    warnings: tuple[str, ...]


class Raw(NamedTuple):
    """A sidecar's content as it is stored.

    Attributes:
        values: the array, of any number of dimensions and any number type.
        meta: the JSON object; empty without one.
        doubled: keys that stand twice in an object of the JSON.
    """

    values: np.ndarray
    meta: dict[str, Any]
    doubled: tuple[str, ...]


def stem_of(path: Path) -> str:
    """Return the name that a token file shares with its sidecar."""
    return path.name[: -len(NPY)] if path.name.endswith(NPY) else path.name[: -len(path.suffix) or None]


def names_of(ecdc: Path, folder: Path | None = None) -> tuple[Path, Path]:
    """Return where a token file's values and description belong.

    Args:
        ecdc: the token file.
        folder: where its sidecar lies; None for beside it.
    """
    place, stem = folder or ecdc.parent, stem_of(ecdc)
    return place / f"{stem}{NPY}", place / f"{stem}{JSON}"


def find(ecdc: Path, folder: Path | None = None) -> Found | None:
    """Find a token file's sidecar, also under the names that other tools gave it.

    Args:
        ecdc: the token file, or the ``.cond.npy`` itself.
        folder: where its sidecar lies; None for beside it.

    Returns:
        None where there is none.

    Raises:
        BadFormat: several token files could own the one that is there (``ambiguous_sidecar``).
    """
    npy, _ = names_of(ecdc, folder)
    if npy.is_file():
        return Found(npy, *_json_of(npy))
    short = Path(stem_of(ecdc))
    if not short.suffix or ecdc.name.endswith(NPY):
        return None
    legacy = npy.with_name(f"{short.stem}{NPY}")
    if not legacy.is_file():
        return None
    others = [path for path in ecdc.parent.iterdir() if path.suffix == ecdc.suffix and path.name != ecdc.name]
    if any(stem_of(path) == short.stem for path in others):
        return None  # it is that file's own
    rivals = sorted(path.name for path in others if Path(stem_of(path)).stem == short.stem)
    if rivals:
        reason = f"it may belong to {ecdc.name} as well as to {rivals[0]}; rename it to {npy.name} if it is this one's"
        raise BadFormat("ambiguous_sidecar", reason, legacy.name)
    json_path, warnings = _json_of(legacy)
    return Found(legacy, json_path, ("legacy_name", *warnings))


def _json_of(npy: Path) -> tuple[Path | None, tuple[str, ...]]:
    stem = stem_of(npy)
    if (usual := npy.with_name(f"{stem}{JSON}")).is_file():
        return usual, ()
    if (doubled := npy.with_name(f"{stem}{_DOUBLED_JSON}")).is_file():
        return doubled, ("legacy_json_name",)
    return None, ("no_json",)


def load(found: Found) -> Raw:
    """Read a sidecar's files.

    Raises:
        InputError: one cannot be read.
        BadFormat: one is damaged (``bad_npy``, ``bad_json``).
        LimitExceeded: one is larger than `limits` allow.
    """
    values = _array(read_capped(found.npy, limits.SIDECAR_BYTES), found.npy.name)
    if found.json is None:
        return Raw(values, {}, ())
    meta, doubled = _object(read_capped(found.json, limits.SIDECAR_JSON_BYTES), found.json.name)
    return Raw(values, meta, doubled)


def _array(data: bytes, name: str) -> np.ndarray:
    if not data.startswith(_MAGIC) or len(data) < 12:
        raise BadFormat("bad_npy", "no NumPy file, or one that is cut off", f"{name}, byte {min(len(data), 12)}")
    wide = 2 if data[6] == 1 else 4  # bytes of the header's length
    start = 8 + wide + int.from_bytes(data[8 : 8 + wide], "little")
    header = _HEADER.fullmatch(data[8 + wide : min(start, 4096)].decode("latin-1"))
    if header is None:
        raise BadFormat("bad_npy", "a header that describes no plain array of numbers", f"{name}, byte {8 + wide}")
    kind, shape = np.dtype(header[1]), tuple(int(n) for n in header[3].replace(" ", "").split(",") if n)
    wanted = math.prod(shape) * kind.itemsize
    if len(data) - start != wanted:
        said = f"an array {list(shape)} of {wanted:,} bytes is announced and {len(data) - start:,} are there"
        raise BadFormat("bad_npy", said, f"{name}, byte {len(data)}")
    order: Any = "F" if header[2] == "True" else "C"
    return np.frombuffer(data, kind, offset=start).reshape(shape, order=order)


def _object(data: bytes, name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    doubled: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) < len(items):
            keys = [key for key, _ in items]
            doubled.extend(key for key in made if keys.count(key) > 1)
        return made

    try:
        # Not msgspec: files of other tools hold NaN, and a key that stands twice has to be noticed.
        meta = json.loads(data.decode("utf-8-sig"), object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise BadFormat("bad_json", f"no JSON: {error.msg}", f"{name}, line {error.lineno}") from error
    except (ValueError, RecursionError) as error:
        raise BadFormat("bad_json", "no JSON that can be read", name) from error
    if not isinstance(meta, dict):
        raise BadFormat("bad_json", "a JSON object is expected", name)
    return meta, tuple(doubled)
