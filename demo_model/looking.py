"""What pictures show, told from their pixels: the background's colour, how many things, a frame at the edges."""

from __future__ import annotations

import numpy as np
from PIL import Image

from demo_model.colours import COLOURS, RGB

EDGE = 4  # px
GRID = 64  # px, for counting
APART = 48  # how far a thing's colour lies from the background's, in levels of 255
LEAST = 0.012  # of the picture: smaller spots are not things


def edge_colour(picture: Image.Image) -> np.ndarray:
    """The median of the outermost px: the background, if it is plain."""
    pixels = np.asarray(picture.convert("RGB")).astype(float)
    sides = (pixels[:EDGE], pixels[-EDGE:], pixels[:, :EDGE], pixels[:, -EDGE:])
    median: np.ndarray = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), 0)
    return median


def distances(colour: np.ndarray) -> np.ndarray:
    """To each of the named colours, in COLOURS' order."""
    far: np.ndarray = np.linalg.norm(np.array([RGB[name] for name in COLOURS]) - colour, axis=1)
    return far


def background(picture: Image.Image) -> int:
    """The place in COLOURS of the colour that is nearest to the edges'."""
    return int(distances(edge_colour(picture)).argmin())


def things(picture: Image.Image) -> int:
    """How many things stand before a plain background: spots that differ from it and do not touch."""
    small = picture.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX)
    far = np.linalg.norm(np.asarray(small).astype(float) - edge_colour(picture), axis=2)
    return sum(area >= LEAST * GRID * GRID for area in areas(far > APART))


def areas(marked: np.ndarray) -> list[int]:
    """The sizes of the connected spots of a mask; corners connect."""
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(marked), strict=True)}
    found = []
    while left:
        waiting, area = [left.pop()], 0
        while waiting:
            y, x = waiting.pop()
            area += 1
            near = {(y + down, x + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= near
            waiting += near
        found.append(area)
    return found


def frame(picture: Image.Image) -> float:
    """How much the outermost 2 px differ from the ones 4 px further in, in levels of 255, as a mean over the sides."""
    pixels = np.asarray(picture.convert("RGB")).astype(float)
    turned = (np.rot90(pixels, turn) for turn in range(4))
    return float(np.mean([np.abs(side[:2, 8:-8].mean(0) - side[4:6, 8:-8].mean(0)).mean() for side in turned]))


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean absolute difference, in levels of 255."""
    pixels = [np.asarray(picture.convert("RGB")).astype(float) for picture in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean())
