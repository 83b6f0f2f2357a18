r"""UnityFS bundles: the container that holds a bundle's files, read with every size checked before it is used.

UnityPy reads this container too, but inflates whatever a header asks for (an LZMA block has no limit there), so the
container is read here and only its files go to UnityPy.

Source: UnityPy's BundleFile (MIT), which follows AssetStudio. All numbers are big-endian::

    "UnityFS\0"  u32 format  player\0  engine\0  i64 size  u32 packed, unpacked  u32 flags     header
    16 bytes hash  i32 n {u32 unpacked, u32 packed, u16 flags}  i32 n {i64 offset, size  u32 flags  path\0}   directory
    blocks, one after the other: inflated and joined, they hold the files at the directory's offsets
"""

from __future__ import annotations

import lzma
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, MissingExtra

MAGIC = b"UnityFS\0"
"""First bytes of a bundle."""

_COMPRESSION, _AT_END, _PADDED, _ENCRYPTED = 0x3F, 0x80, 0x200, 0x1400
_PLAIN, _LZMA, _LZ4, _LZ4HC = range(4)
_ALIGNED_FROM = 7
"""From this format on the directory starts at a multiple of 16."""
_ALIGNED_SINCE = (2019, 4, 15)
"""The same from this Unity on, whatever format the bundle states."""
_HEADER_BYTES = 512
"""No real header is longer: a magic word, two version texts and six numbers."""
_FORMATS = range(6, 9)
_PADDING_SINCE = {2020: (3, 34), 2021: (3, 2), 2022: (1, 1)}
"""Unity year -> (minor, build) from which flag 0x200 means padding; before, it meant encryption."""
_ENGINE = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})")


class _Block(NamedTuple):
    unpacked: int
    packed: int
    flags: int


class Node(NamedTuple):
    """One file of a bundle: its name and where it lies in the inflated blocks."""

    name: str
    offset: int
    size: int


class _Cursor:
    """Big-endian numbers and texts out of bytes; running off the end is `BadFormat`."""

    def __init__(self, data: bytes, place: str) -> None:
        self.data, self.place, self.at = data, place, 0

    def take(self, layout: str) -> tuple[int, ...]:
        try:
            values: tuple[int, ...] = struct.unpack_from(layout, self.data, self.at)
        except struct.error as error:
            raise BadFormat("bad_bundle", "a bundle that is cut off in its header", self.place) from error
        self.at += struct.calcsize(layout)
        return values

    def text(self) -> str:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise BadFormat("bad_bundle", "a text without an end in a bundle's header", self.place)
        value = self.data[self.at : end].decode("utf-8", "backslashreplace")
        self.at = end + 1
        return value


@dataclass(frozen=True, slots=True)
class Directory:
    """What a bundle says it holds; nothing but the directory was inflated.

    Attributes:
        engine: Unity's version, ``2021.3.16f1``.
        nodes: the files inside.
    """

    engine: str
    nodes: tuple[Node, ...]
    blocks: tuple[_Block, ...]
    start: int
    """Offset of the first block in the file."""


def is_bundle(path: Path) -> bool:
    """Tell whether a file starts like a bundle; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_directory(file: BinaryIO, size: int, place: str) -> Directory:
    """Read which files a bundle holds.

    Args:
        file: the bundle, open at its start.
        size: its length in bytes.
        place: its name, for messages.

    Raises:
        BadFormat: it is no bundle (``not_a_bundle``), damaged (``bad_bundle``), of a format or compression that is
            not known (``unknown_bundle``) or encrypted (``encrypted_bundle``).
        LimitExceeded: it inflates to more than `limits` allows (``bundle_too_large``).
    """
    head = _Cursor(file.read(_HEADER_BYTES), place)
    if not head.data.startswith(MAGIC):
        raise BadFormat("not_a_bundle", "not a UnityFS bundle", place)
    head.at = len(MAGIC)
    (form,) = head.take(">I")
    if form not in _FORMATS:
        raise BadFormat("unknown_bundle", f"bundle format {form}; 6 to 8 are known", place)
    _, engine = head.text(), head.text()
    _, packed, unpacked, flags = head.take(">qIII")
    _refuse_encrypted(flags, engine, place)
    at = head.at + (-head.at % 16 if form >= _ALIGNED_FROM or _version(engine) >= _ALIGNED_SINCE else 0)
    if packed > size or unpacked > limits.BUNDLE_DIRECTORY_BYTES:
        raise LimitExceeded("bundle_too_large", f"a directory of {unpacked:,} bytes in a file of {size:,}", place)
    directory_at = size - packed if flags & _AT_END else at
    file.seek(directory_at)
    data = _inflate(file.read(packed), unpacked, flags, place)
    start = at if flags & _AT_END else at + packed
    if flags & _PADDED:  # old Unity's meaning of the flag was refused above
        start += -start % 16
    blocks, nodes = _parse_directory(_Cursor(data, place))
    _check(blocks, nodes, size - start, place)
    return Directory(engine, nodes, blocks, start)


def read_bundle(path: Path, place: str) -> tuple[str, Mapping[str, bytes]]:
    """Read a bundle whole.

    Returns:
        Unity's version and name -> bytes of the files inside; of two with one name the first counts.

    Raises:
        InputError: the file cannot be read.
        BadFormat, LimitExceeded: as `read_directory`.
        MissingExtra: the package ``lz4`` is not installed.
    """
    try:
        size = path.stat().st_size
        if size > limits.BUNDLE_BYTES:
            reason = f"a bundle of {size:,} bytes; at most {limits.BUNDLE_BYTES:,}"
            raise LimitExceeded("bundle_too_large", reason, place)
        with path.open("rb") as file:
            directory = read_directory(file, size, place)
            file.seek(directory.start)
            data = b"".join(_inflate(file.read(b.packed), b.unpacked, b.flags, place) for b in directory.blocks)
    except OSError as error:
        raise InputError(f"{place}: cannot be read: {error.strerror}") from error
    files: dict[str, bytes] = {}
    for node in directory.nodes:
        files.setdefault(node.name, data[node.offset : node.offset + node.size])
    return directory.engine, files


def _version(engine: str) -> tuple[int, int, int]:
    """Return Unity's version; one that cannot be read is taken for a new one."""
    found = _ENGINE.match(engine)
    return (int(found[1]), int(found[2]), int(found[3])) if found else (9999, 0, 0)


def _refuse_encrypted(flags: int, engine: str, place: str) -> None:
    year, minor, build = _version(engine)
    old = year < min(_PADDING_SINCE) or (minor, build) < _PADDING_SINCE.get(year, (0, 0))
    if flags & (_PADDED if old else _ENCRYPTED):
        raise BadFormat("encrypted_bundle", "an encrypted bundle: its files cannot be read", place)


def _parse_directory(data: _Cursor) -> tuple[tuple[_Block, ...], tuple[Node, ...]]:
    data.take(">16s")
    (count,) = data.take(">i")
    if not 0 <= count <= limits.BUNDLE_BLOCKS:
        raise LimitExceeded("bundle_too_large", f"{count:,} blocks; at most {limits.BUNDLE_BLOCKS:,}", data.place)
    blocks = tuple(_Block(*data.take(">IIH")) for _ in range(count))
    (count,) = data.take(">i")
    if not 0 <= count <= limits.ARCHIVE_ENTRIES:
        raise LimitExceeded("bundle_too_large", f"{count:,} files; at most {limits.ARCHIVE_ENTRIES:,}", data.place)
    nodes = []
    for _ in range(count):
        offset, size, _ = data.take(">qqI")
        nodes.append(Node(data.text(), offset, size))
    return blocks, tuple(nodes)


def _check(blocks: Sequence[_Block], nodes: Sequence[Node], there: int, place: str) -> None:
    """Check sizes against the file and the limits, before a block is inflated."""
    packed, unpacked = sum(b.packed for b in blocks), sum(b.unpacked for b in blocks)
    if packed > there:
        raise BadFormat("bad_bundle", f"a bundle that is cut off: {packed:,} bytes expected, {there:,} there", place)
    most = min(limits.BUNDLE_INFLATED_BYTES, max(limits.RATIO_FREE_BYTES, limits.RATIO * packed))
    if unpacked > most:
        reason = f"{packed:,} bytes that would inflate to {unpacked:,}; at most {most:,}"
        raise LimitExceeded("bundle_too_large", reason, place)
    for node in nodes:
        if node.offset < 0 or node.size < 0 or node.offset + node.size > unpacked:
            raise BadFormat("bad_bundle", "a file that lies outside of its bundle", f"{place}/{node.name}")
    if sum(node.size for node in nodes) > unpacked:
        raise BadFormat("bad_bundle", "files of a bundle that overlap", place)


def _inflate(data: bytes, size: int, flags: int, place: str) -> bytes:
    """Undo one block; `size` was checked, and not one byte more is made."""
    method = flags & _COMPRESSION
    if method == _PLAIN:
        plain = data
    elif method == _LZMA:
        plain = _unlzma(data, size, place)
    elif method in {_LZ4, _LZ4HC}:
        plain = _unlz4(data, size, place)
    else:
        raise BadFormat("unknown_bundle", f"compression {method}; LZMA, LZ4 and LZ4HC are known", place)
    if len(plain) != size:
        reason = f"a block that holds {len(plain):,} bytes; {size:,} were expected"
        raise BadFormat("bad_bundle", reason, place)
    return plain


def _unlzma(data: bytes, size: int, place: str) -> bytes:
    """Undo raw LZMA1 behind five bytes of properties: (pb * 5 + lp) * 9 + lc, and the dictionary's size."""
    if len(data) < 5:
        raise BadFormat("bad_bundle", "an LZMA block without its properties", place)
    properties, dictionary = struct.unpack_from("<BI", data)
    if dictionary > limits.LZMA_DICTIONARY_BYTES:
        reason = f"an LZMA dictionary of {dictionary:,} bytes; at most {limits.LZMA_DICTIONARY_BYTES:,}"
        raise LimitExceeded("bundle_too_large", reason, place)
    rest, lc = divmod(properties, 9)
    pb, lp = divmod(rest, 5)
    chain = [{"id": lzma.FILTER_LZMA1, "dict_size": max(dictionary, 4096), "lc": lc, "lp": lp, "pb": pb}]
    try:
        stream = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=chain)
        return stream.decompress(data[5:], max_length=size) if size else b""
    except (lzma.LZMAError, ValueError, EOFError) as error:
        raise BadFormat("bad_bundle", f"damaged LZMA data ({error})", place) from error


def _unlz4(data: bytes, size: int, place: str) -> bytes:
    try:
        from lz4 import block  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtra(MISSING_EXTRA) from error
    try:
        plain: bytes = block.decompress(data, uncompressed_size=size) if size else b""
    except (block.LZ4BlockError, ValueError, MemoryError, OverflowError) as error:
        raise BadFormat("bad_bundle", f"damaged LZ4 data ({error})", place) from error
    return plain


MISSING_EXTRA = 'official levels need UnityPy, which is not installed. Run: pip install "rhythm-maps[unity]"'
"""What to do where the extra is missing."""
