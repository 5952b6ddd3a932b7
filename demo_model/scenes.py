"""Backgrounds as the script draws them: plain colours, gradients, and nine scenes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from demo_model.colours import RGB

FINER = 2  # scenes are drawn so many times larger and scaled down, which makes their edges smooth
Colour = tuple[int, int, int]
Stop = tuple[float, Colour]  # how far down, from 0 to 1, and which colour is there


def shade(chance: np.random.Generator, name: str, spread: float = 9) -> Colour:
    """The named colour, a little different each time."""
    values = np.clip(np.array(RGB[name]) + chance.normal(0, spread, 3), 0, 255)
    return int(values[0]), int(values[1]), int(values[2])


def plain(chance: np.random.Generator, colour: Colour, size: int) -> Image.Image:
    """One colour, mostly with a little light from above or in the middle."""
    pixels = np.broadcast_to(np.array(colour, np.float64), (size, size, 3)).copy()
    roll = chance.random()
    if roll < 0.4:
        pixels += np.linspace(14, -14, size)[:, None, None]
    elif roll < 0.7:
        y, x = np.mgrid[0:size, 0:size] / size - 0.5
        pixels += (16 - 50 * (x * x + y * y))[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def gradient(stops: list[Stop], size: int) -> Image.Image:
    """From top to bottom through the given colours."""
    places = [place for place, _ in stops]
    down = np.linspace(0, 1, size)
    column = np.stack([np.interp(down, places, [colour[i] for _, colour in stops]) for i in range(3)], 1)
    return Image.fromarray(np.broadcast_to(column[:, None], (size, size, 3)).astype(np.uint8).copy())


def scene(chance: np.random.Generator, name: str, size: int) -> Image.Image:
    large = size * FINER
    return DRAWN[name](chance, large).reduce(FINER)


def disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour, flat: float = 1) -> None:
    """A filled circle; `flat` is its height against its width."""
    draw.ellipse((x - radius, y - radius * flat, x + radius, y + radius * flat), fill=colour)


def horizon(chance: np.random.Generator) -> float:
    return float(chance.uniform(0.55, 0.7))


def dots(
    chance: np.random.Generator, draw: ImageDraw.ImageDraw, count: int, width: int, height: float, colour: Colour
) -> None:
    """Stars or snowflakes: small discs, anywhere in the upper `height` px."""
    for _ in range(count):
        x, y = chance.random() * width, chance.random() * height
        disc(draw, x, y, chance.uniform(0.005, 0.012) * width, colour)


def meadow(chance: np.random.Generator, size: int) -> Image.Image:
    h = horizon(chance)
    sky: list[Stop] = [(0, (110, 185, 245)), (h, (200, 230, 250))]
    picture = gradient([*sky, (h + 0.01, (120, 195, 75)), (1, (60, 145, 50))], size)
    if chance.random() < 0.6:
        x, y = chance.uniform(0.1, 0.9) * size, chance.uniform(0.08, 0.22) * size
        for step in (-1, 0, 1):
            disc(ImageDraw.Draw(picture), x + step * size * 0.07, y, size * 0.07, (255, 255, 255), flat=0.65)
    return picture


def beach(chance: np.random.Generator, size: int) -> Image.Image:
    h = horizon(chance)
    sky: list[Stop] = [(0, (120, 200, 250)), (0.42, (205, 235, 250))]
    sea: list[Stop] = [(0.43, (40, 130, 200)), (h, (70, 190, 210))]
    picture = gradient([*sky, *sea, (h + 0.02, (245, 220, 160)), (1, (225, 190, 120))], size)
    disc(ImageDraw.Draw(picture), chance.uniform(0.1, 0.9) * size, size * 0.14, size * 0.08, (255, 235, 120))
    return picture


def snow(chance: np.random.Generator, size: int) -> Image.Image:
    h = horizon(chance)
    sky: list[Stop] = [(0, (165, 195, 225)), (h, (225, 235, 245))]
    picture = gradient([*sky, (h + 0.01, (250, 252, 255)), (1, (225, 232, 245))], size)
    dots(chance, ImageDraw.Draw(picture), 26, size, size, (255, 255, 255))
    return picture


def desert(chance: np.random.Generator, size: int) -> Image.Image:
    h = horizon(chance)
    sky: list[Stop] = [(0, (250, 190, 110)), (h, (255, 230, 180))]
    picture = gradient([*sky, (h + 0.01, (225, 170, 95)), (1, (190, 125, 60))], size)
    disc(ImageDraw.Draw(picture), chance.uniform(0.1, 0.9) * size, size * 0.16, size * 0.09, (255, 245, 190))
    return picture


def night(chance: np.random.Generator, size: int) -> Image.Image:
    h = horizon(chance)
    sky: list[Stop] = [(0, (8, 12, 45)), (h, (30, 40, 95))]
    picture = gradient([*sky, (h + 0.01, (18, 40, 40)), (1, (8, 22, 24))], size)
    draw = ImageDraw.Draw(picture)
    dots(chance, draw, 22, size, h * size, (255, 250, 215))
    disc(draw, chance.uniform(0.12, 0.88) * size, size * 0.15, size * 0.085, (250, 240, 190))
    return picture


def sunset(chance: np.random.Generator, size: int) -> Image.Image:
    h = horizon(chance)
    sky: list[Stop] = [(0, (75, 50, 130)), (0.35, (225, 95, 110)), (h, (255, 185, 90))]
    picture = gradient([*sky, (h + 0.01, (70, 45, 75)), (1, (40, 28, 50))], size)
    x, y, radius = chance.uniform(0.12, 0.88) * size, h * size, 0.13 * size
    box = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(picture).pieslice(box, 180, 360, fill=(255, 230, 130))
    return picture


def sea(chance: np.random.Generator, size: int) -> Image.Image:
    water: list[Stop] = [(0, (60, 190, 220)), (0.8, (10, 80, 150)), (0.86, (8, 65, 125))]
    picture = gradient([*water, (0.87, (200, 180, 130)), (1, (170, 145, 100))], size)
    draw = ImageDraw.Draw(picture)
    for _ in range(9):
        x, y = chance.random() * size, chance.random() * size * 0.8
        radius = chance.uniform(0.012, 0.03) * size
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, outline=(210, 240, 250), width=max(1, size // 100))
    return picture


def space(chance: np.random.Generator, size: int) -> Image.Image:
    picture = gradient([(0, (6, 4, 18)), (0.5, (24, 10, 45)), (1, (5, 5, 20))], size)
    draw = ImageDraw.Draw(picture)
    dots(chance, draw, 36, size, size, (255, 255, 255))
    x, y = chance.uniform(0.1, 0.9) * size, (0.13 if chance.random() < 0.5 else 0.87) * size
    red, green, blue = (int(value) for value in chance.integers(90, 230, 3))
    disc(draw, x, y, size * 0.1, (red, green, blue))
    return picture


def city(chance: np.random.Generator, size: int) -> Image.Image:
    street: list[Stop] = [(0.81, (110, 112, 118)), (1, (80, 82, 88))]
    picture = gradient([(0, (130, 190, 240)), (0.8, (215, 232, 248)), *street], size)
    draw = ImageDraw.Draw(picture)
    left = 0.0
    while left < size:
        width, top = chance.uniform(0.1, 0.2) * size, chance.uniform(0.2, 0.6) * size
        grey = int(chance.integers(95, 170))
        draw.rectangle((left, top, left + width, size * 0.81), fill=(grey, grey + 5, grey + 18))
        for y in np.arange(top + size * 0.04, size * 0.76, size * 0.08):
            for x in np.arange(left + size * 0.025, left + width - size * 0.03, size * 0.05):
                draw.rectangle((x, y, x + size * 0.02, y + size * 0.03), fill=(250, 230, 140))
        left += width
    return picture


DRAWN = {
    "meadow": meadow,
    "beach": beach,
    "snow": snow,
    "desert": desert,
    "night": night,
    "sunset": sunset,
    "sea": sea,
    "space": space,
    "city": city,
}
