"""Where a picture to paint over comes from: the web, the library, somebody's device. All of it may be hostile."""

from io import BytesIO
from typing import IO
from uuid import UUID

from PIL import Image, ImageOps

from generation import fetching
from generation.fetching import Busy, NoPicture, Turns, Way
from library.models import Image as LibraryImage

__all__ = ["Busy", "NoPicture", "from_library", "from_upload", "from_url", "letterbox"]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")  # Pillow tries no other decoder
LARGEST = 40_000_000  # px: what decodes into some 160 MB

UNREADABLE = "That is no sound PNG, JPEG, WebP or GIF picture."
TOO_MANY_PIXELS = f"That picture is too large: {LARGEST // 1_000_000} million px are the most."
GONE = "That picture is not in the library any more."

_turns = Turns()
_way = Way()


def from_url(address: str, *, visitor: str, way: Way = _way) -> Image.Image:
    """The picture at a web address.

    Raises:
        NoPicture: there is none to be had.
        Busy: as many are being fetched as may be.
    """
    with _turns.turn(visitor):
        data = fetching.fetch(address, way)
    return read(BytesIO(data))


def from_upload(file: IO[bytes]) -> Image.Image:
    """The picture in a file that somebody sent. Raises NoPicture."""
    return read(file)


def from_library(key: UUID | str) -> Image.Image:
    """A picture of the library. Raises NoPicture."""
    image = LibraryImage.objects.kept().select_related("batch").called(key)
    if image is None or image.path.is_symlink():
        raise NoPicture(GONE)
    try:
        with image.path.open("rb") as file:
            return read(file)
    except OSError as error:
        raise NoPicture(GONE) from error


def read(file: IO[bytes]) -> Image.Image:
    """The picture in a file, upright, as RGB on black, the first frame of several. Raises NoPicture."""
    try:
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > LARGEST:  # told by the header, before anything is decoded
                raise NoPicture(TOO_MANY_PIXELS)
            return _on_black(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise NoPicture(TOO_MANY_PIXELS) from error
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, MemoryError) as error:
        raise NoPicture(UNREADABLE) from error  # Pillow's for damaged files, whatever the damage


def _on_black(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):  # 16 bits and more: convert() would cut off what is brighter than 255
        picture = picture.convert("F").point(lambda level: level / 257).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    ground = Image.new("RGBA", clear.size, "black")
    return Image.alpha_composite(ground, clear).convert("RGB")


def letterbox(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The whole picture in `width` x `height` px, its aspect kept, with black bands where it does not fill them."""
    return ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, color="black")
