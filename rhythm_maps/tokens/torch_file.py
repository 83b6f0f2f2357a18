"""The one shape of torch's files that EncHF saves, read and written without torch and without unpickling.

``torch.save`` of a dict is a zip: ``<folder>/data.pkl`` holds a pickle whose tensors are references, and
``<folder>/data/<key>`` the bytes of each storage. The pickle is walked opcode by opcode; it may only make dicts,
lists, tuples, numbers, text and tensors. Nothing it names is imported or called.
Sources: torch/serialization.py (the zip), torch/_utils.py (`_rebuild_tensor_v2`), pickletools of Python (the opcodes).
"""

from __future__ import annotations

import io
import math
import pickletools
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.files.archive import ZipMembers

_ALIGNMENT = 64
"""torch places storages at multiples of this, so that they can be mapped into memory."""
_LOCAL_HEADER = 30
_TENSOR = "torch._utils _rebuild_tensor_v2"
_DICT = "collections OrderedDict"
_STORAGES: Final[Mapping[str, str]] = {
    "torch LongStorage": "i8",
    "torch IntStorage": "i4",
    "torch ShortStorage": "i2",
    "torch CharStorage": "i1",
    "torch ByteStorage": "u1",
    "torch DoubleStorage": "f8",
    "torch FloatStorage": "f4",
    "torch HalfStorage": "f2",
}
"""Storages a tensor may have -> NumPy's name without byte order."""


class _Name(NamedTuple):
    """A global that the pickle names."""

    text: str


class _Storage(NamedTuple):
    """A storage that a tensor refers to."""

    kind: str
    key: str


class Tensor(NamedTuple):
    """A tensor as the pickle describes it: steps and offset in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]


class _ForeignError(Exception):
    """The pickle holds what is neither a plain value nor a tensor."""


_MARK: Final = object()
"""Where a group on the stack begins."""


def read_dict(data: bytes, name: str) -> dict[str, Any]:
    """Read a torch-saved dict; its tensors, and those of its lists, become NumPy arrays.

    Args:
        data: the whole file.
        name: what it is called, for messages.

    Raises:
        BadFormat: no such file (``not_torch``, ``bad_torch``, a code of `BadArchive`), or it holds other objects
            (``foreign_object``).
        LimitExceeded: the pickle is larger than `limits.TOKEN_PICKLE_BYTES`.
    """
    with ZipMembers(io.BytesIO(data), len(data)) as members:
        found = [member for member in members.names() if member.count("/") == 1 and member.endswith("/data.pkl")]
        if len(found) != 1:
            raise BadFormat("not_torch", "a zip archive, but no torch file: it has no data.pkl", name)
        pickle = found[0]
        if members.size(pickle) > limits.TOKEN_PICKLE_BYTES:
            raise LimitExceeded("too_large", f"a pickle above {limits.TOKEN_PICKLE_BYTES:,} bytes", pickle)
        folder = pickle.partition("/")[0]
        order = _byte_order(members, folder)
        value = _walk(members.read(pickle), pickle)
        if not isinstance(value, dict):
            raise BadFormat("bad_torch", f"a dict is expected, not {type(value).__name__}", pickle)

        def filled(one: Any) -> Any:
            if not isinstance(one, Tensor):
                return one
            return _array(one, members.read(f"{folder}/data/{one.storage.key}"), order, pickle)

        return {
            str(key): [filled(item) for item in one] if isinstance(one, list) else filled(one)
            for key, one in value.items()
        }


def write_dict(codes: np.ndarray, samples: int) -> bytes:
    """Return the torch file of EncHF's dict, the same bytes for the same codes.

    Args:
        codes: ``[n_q, frames]``, written as an int64 tensor ``[1, 1, n_q, frames]``.
        samples: ``audio_length``.
    """
    shape = (1, 1, *codes.shape)
    steps = (codes.size, codes.size, codes.shape[1], 1)
    storage = b"(" + _text("storage") + b"ctorch\nLongStorage\n" + _text("0") + _text("cpu") + _int(codes.size) + b"tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + _int(0) + _ints(shape) + _ints(steps)
    tensor += b"\x89ccollections\nOrderedDict\n)RtR"
    pairs = _text("audio_codes") + tensor + _text("audio_scales") + b"]Na" + _text("audio_length") + _int(samples)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member, content in (
            ("data.pkl", b"\x80\x02}(" + pairs + b"u."),
            ("byteorder", b"little"),
            ("data/0", codes.astype("<i8").tobytes()),
            ("version", b"3\n"),
        ):
            info = zipfile.ZipInfo(f"archive/{member}", (1980, 1, 1, 0, 0, 0))
            start = out.tell() + _LOCAL_HEADER + len(info.filename) + 4
            padding = -start % _ALIGNMENT
            info.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
            archive.writestr(info, content)
    return out.getvalue()


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode("ascii")


def _int(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _ints(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_int, values)) + b"t"


def _byte_order(members: ZipMembers, folder: str) -> str:
    member = f"{folder}/byteorder"
    if member not in members.names():
        return "<"  # versions of torch that did not say it ran on little-endian machines
    return ">" if members.read(member) == b"big" else "<"


def _array(tensor: Tensor, data: bytes, order: str, place: str) -> np.ndarray:
    kind = np.dtype(f"{order}{tensor.storage.kind}")
    flat = np.frombuffer(data, kind, len(data) // kind.itemsize)
    if len(tensor.shape) != len(tensor.steps) or min((tensor.offset, *tensor.shape, *tensor.steps)) < 0:
        raise BadFormat("bad_torch", "a tensor whose shape and strides do not fit", place)
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, kind)
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.steps, strict=True))
    if last >= len(flat) or math.prod(tensor.shape) > len(flat):
        raise BadFormat("bad_torch", f"a tensor up to element {last:,} of a storage of {len(flat):,}", place)
    strides = [step * kind.itemsize for step in tensor.steps]
    view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.array(view)


def _walk(data: bytes, member: str) -> Any:
    """Follow a pickle and return what it describes, with `Tensor` for tensors.

    Raises:
        BadFormat: it is damaged (``bad_torch``), or holds other objects (``foreign_object``).
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    at = 0
    try:
        for opcode, argument, position in pickletools.genops(data):
            at = position or 0
            if opcode.name == "STOP":
                return stack.pop()
            if opcode.name not in _STEPS:
                raise _ForeignError(f"the opcode {opcode.name}")  # noqa: TRY301 - one handler says where
            _STEPS[opcode.name](stack, memo, argument)
    except _ForeignError as error:
        reason = f"a pickle with {error}: it may only hold tensors and plain values; nothing of it was run"
        raise BadFormat("foreign_object", reason, f"{member}, byte {at}") from None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise BadFormat("bad_torch", "a damaged or cut off pickle", f"{member}, byte {at}") from error
    raise BadFormat("bad_torch", "a pickle without an end", f"{member}, byte {len(data)}")


def _group(stack: list[Any]) -> list[Any]:
    """Take what lies above the last mark off the stack, and the mark."""
    at = len(stack) - 1 - stack[::-1].index(_MARK)
    group = stack[at + 1 :]
    del stack[at:]
    return group


def _set_items(stack: list[Any], items: list[Any]) -> None:
    if not isinstance(stack[-1], dict):
        raise TypeError
    stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _append(stack: list[Any], items: list[Any]) -> None:
    if not isinstance(stack[-1], list):
        raise TypeError
    stack[-1].extend(items)


def _tuple(stack: list[Any], count: int) -> None:
    group = tuple(stack[len(stack) - count :])
    if len(group) != count:
        raise IndexError
    del stack[len(stack) - count :]
    stack.append(group)


def _storage(stack: list[Any]) -> None:
    word, kind, key, *_ = stack.pop()
    if word != "storage" or not isinstance(kind, _Name) or kind.text not in _STORAGES:
        raise _ForeignError(f"a storage of {kind!r}")
    stack.append(_Storage(_STORAGES[kind.text], str(key)))


def _reduce(stack: list[Any]) -> None:
    arguments, called = stack.pop(), stack.pop()
    if called == _Name(_DICT) and arguments == ():
        stack.append({})
        return
    if called != _Name(_TENSOR):
        raise _ForeignError(f"a call of {called!r}")
    storage, offset, shape, steps, *_ = arguments
    if not isinstance(storage, _Storage) or not all(isinstance(n, int) for n in (offset, *shape, *steps)):
        raise TypeError
    stack.append(Tensor(storage, offset, tuple(shape), tuple(steps)))


def _global(stack: list[Any], name: str) -> None:
    if name not in {_TENSOR, _DICT, *_STORAGES}:
        raise _ForeignError(f"the object {name!r}")
    stack.append(_Name(name))


def _push(stack: list[Any], memo: dict[int, Any], value: Any) -> None:
    del memo
    stack.append(value)


def _put(stack: list[Any], memo: dict[int, Any], index: Any) -> None:
    memo[index] = stack[-1]


def _get(stack: list[Any], memo: dict[int, Any], index: Any) -> None:
    stack.append(memo[index])


_Step = Callable[[list[Any], dict[int, Any], Any], object]
_STEPS: Final[Mapping[str, _Step]] = {
    "PROTO": lambda stack, memo, value: None,
    "FRAME": lambda stack, memo, value: None,
    "BINUNICODE": _push,
    "SHORT_BINUNICODE": _push,
    "BININT": _push,
    "BININT1": _push,
    "BININT2": _push,
    "LONG1": _push,
    "BINFLOAT": _push,
    "NONE": lambda stack, memo, value: stack.append(None),
    "NEWTRUE": lambda stack, memo, value: stack.append(True),
    "NEWFALSE": lambda stack, memo, value: stack.append(False),
    "EMPTY_DICT": lambda stack, memo, value: stack.append({}),
    "EMPTY_LIST": lambda stack, memo, value: stack.append([]),
    "EMPTY_TUPLE": lambda stack, memo, value: stack.append(()),
    "MARK": lambda stack, memo, value: stack.append(_MARK),
    "TUPLE": lambda stack, memo, value: stack.append(tuple(_group(stack))),
    "TUPLE1": lambda stack, memo, value: _tuple(stack, 1),
    "TUPLE2": lambda stack, memo, value: _tuple(stack, 2),
    "TUPLE3": lambda stack, memo, value: _tuple(stack, 3),
    "SETITEM": lambda stack, memo, value: _set_items(stack, [stack.pop(-2), stack.pop()]),
    "SETITEMS": lambda stack, memo, value: _set_items(stack, _group(stack)),
    "APPEND": lambda stack, memo, value: _append(stack, [stack.pop()]),
    "APPENDS": lambda stack, memo, value: _append(stack, _group(stack)),
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": lambda stack, memo, value: memo.__setitem__(len(memo), stack[-1]),
    "BINGET": _get,
    "LONG_BINGET": _get,
    "GLOBAL": lambda stack, memo, name: _global(stack, name),
    "STACK_GLOBAL": lambda stack, memo, value: _global(stack, f"{stack.pop(-2)} {stack.pop()}"),
    "BINPERSID": lambda stack, memo, value: _storage(stack),
    "REDUCE": lambda stack, memo, value: _reduce(stack),
}
"""What each opcode does; any other is refused."""
