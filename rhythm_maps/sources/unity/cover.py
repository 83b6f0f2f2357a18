"""Cover pictures: a sprite's texture as a PNG file.

Pillow decodes the formats that games on PCs use; phones' formats (ASTC, ETC2) give no cover.

Source: Unity's enum TextureFormat; the rows of a texture run upwards.
"""

from __future__ import annotations

import io
from typing import Final

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, LimitExceeded, MissingExtra
from rhythm_maps.sources.unity.bundle import MISSING_EXTRA
from rhythm_maps.sources.unity.objects import SPRITE, TEXTURE, Bundle, Pointer
from rhythm_maps.sources.unity.trees import Tree

_RAW: Final = {3: ("RGB", "RGB"), 4: ("RGBA", "RGBA"), 5: ("RGBA", "ARGB"), 14: ("RGBA", "BGRA")}
"""Texture format -> Pillow's mode and raw mode."""
_BLOCKS: Final = {10: 1, 12: 3, 25: 7}
"""DXT1, DXT5 and BC7 -> number of the block compression."""
_BLOCK_BYTES: Final = {1: 8, 3: 16, 7: 16}


def cover_png(bundle: Bundle, sprite: Pointer) -> bytes:
    """Return a sprite's picture as a PNG file.

    Raises:
        BadFormat: it is not in this bundle (``missing_object``), of a format that is not read, or damaged
            (``bad_cover``).
        LimitExceeded: more pixels than `limits.COVER_PIXELS`.
        MissingExtra: Pillow is not installed (it comes with UnityPy).
    """
    place = f"{bundle.place}/{sprite.path_id}"
    if bundle.has(sprite, TEXTURE):
        return _png(*_texture(bundle, sprite, place), None, place)
    tree = bundle.read(sprite, SPRITE)
    data = _section(tree.get("m_RD"))
    texture = bundle.follow(sprite, data.get("texture"))
    if texture is None:
        raise BadFormat("bad_cover", "a picture without a texture", place)
    return _png(*_texture(bundle, texture, place), _section(data.get("textureRect")), place)


def _section(value: object) -> Tree:
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _texture(bundle: Bundle, pointer: Pointer, place: str) -> tuple[int, int, int, bytes]:
    """Return format, width, height and bytes of a texture."""
    tree = bundle.read(pointer, TEXTURE)
    width, height = _whole(tree.get("m_Width")), _whole(tree.get("m_Height"))
    if width < 1 or height < 1:
        raise BadFormat("bad_cover", "a picture without pixels", place)
    if width * height > limits.COVER_PIXELS:
        raise LimitExceeded("cover_too_large", f"a picture of {width:,} by {height:,} pixels", place)
    data = tree.get("image data")
    stream = _section(tree.get("m_StreamData"))
    if not isinstance(data, bytes) or not data:
        offset, size = _whole(stream.get("offset")), _whole(stream.get("size"))
        data = bundle.resource(str(stream.get("path", "")), offset, size)
    return _whole(tree.get("m_TextureFormat")), width, height, data


def _png(form: int, width: int, height: int, data: bytes, crop: Tree | None, place: str) -> bytes:
    try:
        from PIL import Image  # noqa: PLC0415 - comes with UnityPy
    except ImportError as error:
        raise MissingExtra(MISSING_EXTRA) from error
    try:
        if form in _RAW:
            mode, raw = _RAW[form]
            image = Image.frombytes(mode, (width, height), data[: width * height * len(raw)], "raw", raw)
        elif form in _BLOCKS:
            kind = _BLOCKS[form]
            size = -(-width // 4) * -(-height // 4) * _BLOCK_BYTES[kind]
            image = Image.frombytes("RGBA", (width, height), data[:size], "bcn", kind)
        else:
            raise BadFormat("bad_cover", f"a picture of texture format {form}, which is not read", place)
        if crop:
            x, y = (int(float(crop.get(key, 0))) for key in ("x", "y"))
            w, h = (int(float(crop.get(key, 0))) for key in ("width", "height"))
            if w > 0 and h > 0 and x >= 0 and y >= 0 and x + w <= width and y + h <= height:
                image = image.crop((x, y, x + w, y + h))
        out = io.BytesIO()
        image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).convert("RGB").save(out, "PNG")
    except (ValueError, OSError, OverflowError, TypeError) as error:
        if isinstance(error, BadFormat):
            raise
        raise BadFormat("bad_cover", f"a picture that cannot be decoded ({type(error).__name__})", place) from error
    return out.getvalue()
