"""A picture and the Texture2D that holds it."""

from __future__ import annotations

import numpy as np
import unity_maker as maker
import unity_trees as trees_of

PIXELS = np.random.default_rng(1).integers(0, 256, (8, 12, 4), dtype=np.uint8)


def texture(data, form=4, width=12, height=8):
    """A Texture2D by the fields that a cover needs, in Unity's order."""
    sizes = trees_of.ints("m_Width", "m_Height", "m_TextureFormat")
    pixels = trees_of.node("TypelessData", "image data")
    tree = trees_of.node("Texture2D", "Base", trees_of.text("m_Name"), *sizes, pixels)
    value = {"m_Name": "T", "m_Width": width, "m_Height": height, "m_TextureFormat": form, "image data": data}
    return maker.Item(500, maker.TEXTURE, value, tree)
