"""Source pictures: whatever somebody brings becomes an upright RGB picture of the wanted size, or a sentence."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from generation.sources import NoPicture, from_upload, letterbox


def a_file(picture: Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    file.seek(0)
    return file


def claims(width: int, height: int) -> io.BytesIO:
    """A PNG whose header tells of a size that is not there."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + b"\0\0\0\0IDAT"
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_usual_kinds_are_read(kind: str) -> None:
    picture = from_upload(a_file(Image.new("RGB", (30, 20), "red"), kind))
    assert (picture.mode, picture.size) == ("RGB", (30, 20))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_a_camera_turned_stands_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    size = (30, 20) if orientation < 5 else (20, 30)
    assert from_upload(a_file(Image.new("RGB", (30, 20), "red"), "JPEG", exif=exif)).size == size


def test_what_is_clear_lies_on_black() -> None:
    assert from_upload(a_file(Image.new("RGBA", (8, 8), (255, 0, 0, 0)))).getpixel((4, 4)) == (0, 0, 0)
    half = from_upload(a_file(Image.new("RGBA", (8, 8), (255, 0, 0, 128)))).getpixel((4, 4))
    assert half == (128, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert from_upload(a_file(Image.new(mode, (8, 8)), kind)).mode == "RGB"


def test_sixteen_bits_keep_their_greys() -> None:
    assert from_upload(a_file(Image.new("I;16", (8, 8), 32896))).getpixel((4, 4)) == (128, 128, 128)


@pytest.mark.parametrize(
    "file",
    [
        io.BytesIO(b""),
        io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        io.BytesIO(b"<html><script>alert(1)</script>"),
        io.BytesIO(a_file(Image.effect_noise((64, 64), 90)).getvalue()[:2000]),
        a_file(Image.new("RGB", (8, 8)), "BMP"),
        a_file(Image.new("RGB", (8, 8)), "TIFF"),
        claims(64, 64),
    ],
)
def test_what_is_no_picture_is_told_so(file: io.BytesIO) -> None:
    with pytest.raises(NoPicture, match="no sound PNG"):
        from_upload(file)


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 1), (9000, 9000)])
def test_what_would_fill_the_memory_is_not_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(NoPicture, match="too large"):
        from_upload(claims(*size))


@pytest.mark.parametrize(
    ("size", "bands"),
    [((40, 20), [(0, 0), (63, 63)]), ((20, 40), [(0, 0), (63, 63)]), ((30, 30), [])],
)
def test_a_picture_is_fitted_whole_with_black_bands(size: tuple[int, int], bands: list[tuple[int, int]]) -> None:
    fitted = letterbox(Image.new("RGB", size, "red"), 64, 64)
    assert fitted.size == (64, 64)
    assert [fitted.getpixel(place) for place in bands] == [(0, 0, 0)] * len(bands)
    assert fitted.getpixel((32, 32)) == (255, 0, 0)
