"""Where the picture comes from that is to be painted over: the internet, somebody's computer, or the library."""

import io

from django.core.files.uploadedfile import UploadedFile
from PIL import Image as Pillow

from generation.fetching import SIZE, Busy, Turns, Way, fetch
from library.decoding import NoPicture, decode
from library.models import Image

__all__ = ["Busy", "NoPicture", "from_library", "from_upload", "from_url", "letterbox"]

TOO_LARGE_A_FILE = f"That file is too large: a picture may have {SIZE // 2**20} MB."
NOT_THERE = "That picture is not in the library any more."

OPEN_INTERNET = Way()
_turns = Turns()


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
    if image is None:
        raise NoPicture(NOT_THERE)
    try:
        with image.safe_path.open("rb") as file:
            return decode(file)
    except OSError as error:
        raise NoPicture(NOT_THERE) from error


def letterbox(picture: Pillow.Image, width: int, height: int) -> Pillow.Image:
    """The whole picture in the middle of `width` x `height` px, as large as it fits, with black bands beside it."""
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    framed = Pillow.new("RGB", (width, height))
    scaled = picture.resize(size, Pillow.Resampling.LANCZOS)
    framed.paste(scaled, ((width - size[0]) // 2, (height - size[1]) // 2))
    return framed
