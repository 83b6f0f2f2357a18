"""One bounded gzip layer: Beat Saber keeps some JSON files gzipped, under the same names as plain ones."""

from __future__ import annotations

import zlib

from rhythm_maps.errors import BadArchive, LimitExceeded

MAGIC = b"\x1f\x8b"
"""First two bytes of a gzip file (RFC 1952, 2.3.1); no JSON text in any Unicode encoding starts with them."""

_GZIP_WBITS = 31
"""zlib's number for "a gzip header and trailer": it checks the trailer's CRC-32 and length."""


def gunzip_once(data: bytes, place: str, cap: int) -> bytes:
    """Undo one gzip layer where `data` starts with its magic, else return `data` unchanged.

    A second layer is never followed (the game reads one): what is inside comes back as it is. Bytes after
    the gzip stream are ignored (padding); a second gzip stream there is not, as leaving it out might lose
    half of the text.

    Args:
        data: bytes of a file or member.
        place: where they come from, for messages: a member name.
        cap: most bytes that may come out; at most one more is ever inflated.

    Returns:
        The inflated bytes, their CRC checked.

    Raises:
        LimitExceeded: more than `cap` bytes come out (``gzip_too_large``).
        BadArchive: the stream is damaged, cut off or followed by another one (``bad_gzip``).
    """
    if not data.startswith(MAGIC):
        return data
    stream = zlib.decompressobj(_GZIP_WBITS)
    try:
        plain = stream.decompress(data, cap + 1)
    except zlib.error as error:
        raise BadArchive("bad_gzip", f"damaged gzip data ({error})", place) from error
    if len(plain) > cap:
        raise LimitExceeded("gzip_too_large", f"gzip data that inflates to more than {cap:,} bytes", place)
    if not stream.eof:
        raise BadArchive("bad_gzip", "gzip data that is cut off before its end", place)
    if stream.unused_data.startswith(MAGIC):
        raise BadArchive("bad_gzip", "a second gzip stream after the first; one is expected", place)
    return plain
