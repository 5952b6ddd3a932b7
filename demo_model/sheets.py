"""Many pictures as one."""

from __future__ import annotations

from PIL import Image


def sheet(pictures: list[Image.Image], columns: int) -> Image.Image:
    """The pictures, all of one size, in rows of `columns`."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * width, rows * height))
    for place, picture in enumerate(pictures):
        whole.paste(picture, (place % columns * width, place // columns * height))
    return whole
