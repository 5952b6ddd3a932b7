"""Where the picture comes from that is to be painted over: the internet, somebody's computer, or the library."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from PIL import Image as Pillow

from generation.fetching import SIZE, Busy, NoPicture, Turns, Way, fetch
from library.models import Image

__all__ = ["Busy", "NoPicture", "from_library", "from_upload", "from_url", "letterbox"]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
PIXELS = 2**26
"""Of a picture: as many as the largest that this site can be set to make."""
SIDE = 2**14
"""px. What scales a picture down needs memory with its longer side, whatever its shorter one is."""
SCANS = 50
"""Of a JPEG; usual ones have ten. Each is as much work as the whole picture and may be a few bytes."""

ORIENTATION = 0x0112
TURNS_OF = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"""EXIF's orientation -> what makes the picture upright."""

UNREADABLE = "That is no sound PNG, JPEG, WebP or GIF picture."
TOO_LARGE_A_FILE = f"That file is too large: a picture may have {SIZE // 2**20} MB."
TOO_MANY_PIXELS = f"That picture is too large: it may have {PIXELS // 10**6} million pixels, and {SIDE:,} along a side."
NOT_THERE = "That picture is not in the library any more."

OPEN_INTERNET = Way()
_turns = Turns()

_one_at_a_time = threading.Lock()
"""The largest picture takes about a GB while it is read: those who come together take turns, and it stays at that."""


def from_url(address: str, *, visitor: str, way: Way = OPEN_INTERNET) -> Pillow.Image:
    """The picture that a web address leads to.

    Args:
        visitor: who asks, since each may fetch one at a time.

    Raises:
        Busy: too many are being fetched; a web server says 429 and Retry-After.
        NoPicture
    """
    with _turns.turn(visitor):
        data = fetch(address, way)
    return decode(io.BytesIO(data))


def from_upload(file: "UploadedFile[bytes]") -> Pillow.Image:
    """The picture in a file that somebody sent. Raises NoPicture."""
    data = file.read(SIZE + 1)
    if len(data) > SIZE:
        raise NoPicture(TOO_LARGE_A_FILE)
    return decode(io.BytesIO(data))


def from_library(key: object) -> Pillow.Image:
    """The picture of a kept image, by its uuid. Raises NoPicture."""
    image = Image.objects.kept().select_related("batch").called(key)
    if image is None or image.path.is_symlink():
        raise NoPicture(NOT_THERE)
    try:
        with image.path.open("rb") as file:
            return decode(file)
    except OSError as error:
        raise NoPicture(NOT_THERE) from error


def decode(file: IO[bytes]) -> Pillow.Image:
    """The picture in a file that may be anything: upright, RGB, and nothing of the file but its pixels.

    Of a moving picture it is the first. What shines through is on black, as a letterbox's bands are.

    Raises:
        NoPicture
    """
    with _sound_or_no_picture(), _one_at_a_time, Pillow.open(file, formats=FORMATS) as picture:
        _refuse_bombs(picture, file)
        picture.load()
        turn = TURNS_OF.get(_orientation(picture))
        plain = _opaque(picture)
        upright = plain if turn is None else plain.transpose(turn)
        upright.info.clear()  # where it was taken, a profile of colours: nothing that a copy should carry on
        return upright


@contextmanager
def _sound_or_no_picture() -> Iterator[None]:
    """Pillow's decoders raise all manner of errors for files that are damaged, or made to hurt."""
    try:
        yield
    except NoPicture:
        raise
    except Pillow.DecompressionBombError as error:
        raise NoPicture(TOO_MANY_PIXELS) from error
    except Exception as error:
        raise NoPicture(UNREADABLE) from error


def _refuse_bombs(picture: Pillow.Image, file: IO[bytes]) -> None:
    """By what the file's head says, before anything is decoded."""
    if picture.width * picture.height > PIXELS or max(picture.size) > SIDE:
        raise NoPicture(TOO_MANY_PIXELS)
    if picture.format in ("JPEG", "MPO"):
        place = file.tell()
        file.seek(0)
        scans = file.read().count(b"\xff\xda")
        file.seek(place)
        if scans > SCANS:
            raise NoPicture(UNREADABLE)


def _orientation(picture: Pillow.Image) -> int:
    """1, which is upright, where the file does not say or what it says cannot be read."""
    try:
        value: Any = picture.getexif().get(ORIENTATION, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) else 1


def _opaque(picture: Pillow.Image) -> Pillow.Image:
    """In RGB, over black."""
    if picture.mode.startswith("I"):  # 16 bits of grey, of which Pillow would cut off what is above 255
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
        picture.info.pop("transparency", None)  # its number is of 16 bits, too
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    black = Pillow.new("RGB", picture.size)
    picture = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    black.paste(picture, mask=picture)
    return black


def letterbox(picture: Pillow.Image, width: int, height: int) -> Pillow.Image:
    """The whole picture in the middle of `width` x `height` px, as large as it fits, with black bands beside it."""
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    framed = Pillow.new("RGB", (width, height))
    scaled = picture.resize(size, Pillow.Resampling.LANCZOS)
    framed.paste(scaled, ((width - size[0]) // 2, (height - size[1]) // 2))
    return framed
