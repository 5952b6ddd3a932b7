"""What the evaluation reads from pictures, on pictures of which it is known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demo_model import looking
from demo_model.colours import COLOURS, RGB
from demo_model.compose import Composer
from demo_model.sheets import sheet


def dotted(colour: str, *places: tuple[int, int]) -> Image.Image:
    """White discs of 60 px before a colour."""
    picture = Image.new("RGB", (256, 256), RGB[colour])
    for x, y in places:
        ImageDraw.Draw(picture).ellipse((x - 30, y - 30, x + 30, y + 30), fill=(255, 255, 255))
    return picture


@pytest.mark.parametrize("colour", COLOURS)
def test_the_background_is_the_colour_at_the_edges(colour: str) -> None:
    assert COLOURS[looking.background(dotted(colour, (128, 128)))] == colour


def test_most_backgrounds_as_the_script_draws_them_are_told_right(small_composer: Composer) -> None:
    """Shades are drawn at random and vignetted, so some lie between two names."""
    plain = [one for one in map(small_composer.sample, range(600)) if one.background is not None]
    assert np.mean([looking.background(one.picture) == one.background for one in plain]) > 0.97


@pytest.mark.parametrize("places", [[], [(128, 128)], [(60, 128), (190, 128)], [(60, 190), (190, 190), (128, 60)]])
def test_things_that_do_not_touch_are_counted(places: list[tuple[int, int]]) -> None:
    assert looking.things(dotted("blue", *places)) == len(places)


def test_things_that_touch_are_one() -> None:
    assert looking.things(dotted("blue", (100, 128), (150, 128))) == 1


def test_specks_are_not_things() -> None:
    picture = dotted("blue", (128, 128))
    ImageDraw.Draw(picture).rectangle((10, 10, 14, 14), fill=(255, 255, 255))
    assert looking.things(picture) == 1


def test_a_frame_is_seen_and_a_plain_edge_is_not() -> None:
    picture = dotted("blue", (128, 128))
    assert looking.frame(picture) == 0
    ImageDraw.Draw(picture).rectangle((0, 0, 255, 255), outline=(80, 130, 245), width=2)
    assert looking.frame(picture) == pytest.approx(30)


def test_the_difference_is_the_mean_over_all_levels() -> None:
    assert looking.difference(Image.new("RGB", (8, 8), (10, 10, 10)), Image.new("RGB", (8, 8), (13, 10, 16))) == 3


def test_a_sheet_has_its_pictures_in_rows() -> None:
    whole = sheet([Image.new("RGB", (4, 4), (shade, 0, 0)) for shade in (1, 2, 3)], columns=2)
    assert whole.size == (8, 8)
    assert [whole.getpixel(place) for place in ((0, 0), (4, 0), (0, 4), (4, 4))] == [
        (1, 0, 0),
        (2, 0, 0),
        (3, 0, 0),
        (0, 0, 0),
    ]
