"""Plain shapes in one colour, drawn large with a transparent surrounding."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from demo_model.scenes import FINER, Colour

SIDE = 256  # px
SHAPES = {
    "circle": ("circle", "disc", "dot"),
    "square": ("square", "box"),
    "triangle": ("triangle",),
    "star": ("star shape", "five-pointed star"),
    "heart": ("heart shape",),
    "rhombus": ("diamond shape", "rhombus"),
}
POLYGONS = {
    "square": ((20, 20), (236, 20), (236, 236), (20, 236)),
    "triangle": ((128, 14), (250, 236), (6, 236)),
    "rhombus": ((128, 4), (236, 128), (128, 252), (20, 128)),
}


def shape(kind: str, colour: Colour) -> Image.Image:
    side = SIDE * FINER
    picture = Image.new("RGBA", (side, side), (*colour, 0))
    draw = ImageDraw.Draw(picture)
    if kind == "circle":
        draw.ellipse((8 * FINER, 8 * FINER, 248 * FINER, 248 * FINER), fill=(*colour, 255))
    else:
        corners = [(x * FINER, y * FINER) for x, y in outline(kind)]
        draw.polygon(corners, fill=(*colour, 255))
    return picture.reduce(FINER)


def outline(kind: str) -> list[tuple[float, float]]:
    if kind == "star":
        return [star_corner(number) for number in range(10)]
    if kind == "heart":
        return [heart_point(math.tau * number / 80) for number in range(80)]
    return list(POLYGONS[kind])


def star_corner(number: int) -> tuple[float, float]:
    """Every second of the ten corners lies further in."""
    angle = number * math.pi / 5 - math.pi / 2
    radius = 50 if number % 2 else 126
    return 128 + radius * math.cos(angle), 134 + radius * math.sin(angle)


def heart_point(t: float) -> tuple[float, float]:
    """The well-known heart curve, https://mathworld.wolfram.com/HeartCurve.html, upright and in px."""
    x = 16 * math.sin(t) ** 3
    y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
    return 128 + 7.3 * x, 120 - 7.3 * y
