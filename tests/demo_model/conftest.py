from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from demo_model.compose import Composer
from demo_model.subjects import SUBJECTS


def stand_in(number: int) -> Image.Image:
    """A picture with a transparent surrounding, another for each number, so that no test has to fetch the real ones."""
    picture = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10, 10, 246, 246), fill=(number * 37 % 256, number * 91 % 256, number * 53 % 256, 255))
    draw.rectangle((60, 60, 60 + number, 160), fill=(number * 17 % 256, 40, 200, 255))
    return picture


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    return [stand_in(number) for number in range(len(SUBJECTS))]


@pytest.fixture(scope="session")
def composer(pictures: list[Image.Image]) -> Composer:
    return Composer(pictures)


@pytest.fixture(scope="session")
def small_composer(pictures: list[Image.Image]) -> Composer:
    return Composer(pictures, size=64)
