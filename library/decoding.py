"""The picture in a file that may be anything, decoded defensively. No database."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

from PIL import Image as Pillow

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
PIXELS = 2**26
"""Of a picture: as many as the largest that this site can be set to make."""
SIDE = 2**14
"""px. What scales a picture down needs memory with its longer side, whatever its shorter one is."""
SCANS = 50
"""Of a JPEG; usual ones have ten. Each is as much work as the whole picture and may be a few bytes."""
LARGE = 2**22  # px

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
TOO_MANY_PIXELS = f"That picture is too large: it may have {PIXELS // 10**6} million pixels, and {SIDE:,} along a side."

_one_at_a_time = threading.Lock()
"""The largest picture takes about a GB while it is read: large ones take turns, and it stays at that."""


class NoPicture(Exception):
    """There is no picture to be had; the message is a sentence for people."""


def decode(file: IO[bytes]) -> Pillow.Image:
    """The picture in a file that may be anything: upright, RGB, and nothing of the file but its pixels.

    Of a moving picture it is the first. What shines through is on black, as a letterbox's bands are.

    Raises:
        NoPicture
    """
    with _sound_or_no_picture(), Pillow.open(file, formats=FORMATS) as picture, _turn(picture):
        _refuse_bombs(picture, file)
        picture.load()
        turn = TURNS_OF.get(_orientation(picture))
        plain = _opaque(picture)
        upright = plain if turn is None else plain.transpose(turn)
        upright.info.clear()  # where it was taken, a profile of colours: nothing that a copy should carry on
        return upright


def decode_file(path: Path) -> Pillow.Image:
    """The same of a file on this machine. Raises OSError: it is not there, or no sound picture."""
    with path.open("rb") as file:
        try:
            return decode(file)
        except NoPicture as error:
            raise OSError(f"{path} is not a sound picture: {error}") from error


def _turn(picture: Pillow.Image) -> AbstractContextManager[Any]:
    return _one_at_a_time if picture.width * picture.height > LARGE else nullcontext()


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
