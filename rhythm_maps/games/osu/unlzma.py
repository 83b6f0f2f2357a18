"""One bounded LZMA stream, as osu! puts frames and statistics into its replays."""

from __future__ import annotations

import lzma
import struct

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded

_HEADER = struct.Struct("<BIq")


def unlzma(data: bytes, cap: int, place: str) -> bytes:
    """Inflate an LZMA stream of the old "alone" kind: 5 bytes of properties, 8 of the size, data.

    Args:
        data: the stream; bytes after its end are ignored.
        cap: most bytes that may come out; at most one more is ever inflated.
        place: where it comes from, for messages.

    Raises:
        LimitExceeded: more than `cap` bytes are declared or come out (``lzma_too_large``), or the dictionary is
            larger than `limits.LZMA_MEMORY` (``lzma_too_large``).
        BadFormat: the stream is damaged or cut off (``bad_lzma``).
    """
    if len(data) < _HEADER.size:
        raise BadFormat("bad_lzma", f"{len(data)} bytes of LZMA data, its header alone has {_HEADER.size}", place)
    _, dictionary, declared = _HEADER.unpack_from(data)
    if declared > cap:
        raise LimitExceeded("lzma_too_large", f"{declared:,} bytes declared, at most {cap:,} are read", place)
    if dictionary > limits.LZMA_MEMORY:
        raise LimitExceeded("lzma_too_large", f"a dictionary of {dictionary:,} bytes", place)
    # The decoder's memory is the dictionary and a little more for its state.
    stream = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=2 * limits.LZMA_MEMORY)
    try:
        plain = stream.decompress(data, cap + 1)
    except lzma.LZMAError as error:
        raise BadFormat("bad_lzma", f"damaged LZMA data ({error})", place) from error
    if len(plain) > cap:
        raise LimitExceeded("lzma_too_large", f"LZMA data that inflates to more than {cap:,} bytes", place)
    if not stream.eof:
        raise BadFormat("bad_lzma", "LZMA data that is cut off before its end", place)
    return plain
