"""What stands in the library for a picture that nobody is to see."""

from PIL import Image, ImageDraw, ImageFont

WORD = "withheld"
GREY, INK = (88, 88, 88), (225, 225, 225)


def withheld(size: tuple[int, int]) -> Image.Image:
    """A plain grey picture of `size` px with a word on it: the same for every picture of that size."""
    picture = Image.new("RGB", size, GREY)
    font = ImageFont.load_default(max(8, size[0] // 8))
    middle = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(picture).text(middle, WORD, INK, font, anchor="mm")
    return picture
