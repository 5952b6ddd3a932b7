"""Where source pictures come from, and how they are read and framed."""

import contextlib
import random
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo
from pytest_django import Settings

from generation import sources
from generation.fetching import SIZE, Turns
from generation.sources import Busy, NoPicture, from_library, from_upload, from_url, letterbox
from library import decoding, png
from library.models import Batch, Image
from tests.pictures import BLACK, BLUE, GREEN, RED, is_near, left_red, png_of, saved
from tests.ways import way_to
from tests.web import Web, a_png, answer


def uploaded(data: bytes, name: str = "a.png") -> Pillow.Image:
    return from_upload(SimpleUploadedFile(name, data))


def refusal(data: bytes) -> str:
    with pytest.raises(NoPicture) as caught:
        uploaded(data)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_usual_kinds_are_read_whatever_their_names(kind: str) -> None:
    picture = uploaded(saved(left_red(), kind), "server.py")
    assert (picture.mode, picture.size) == ("RGB", (40, 20))
    assert is_near(picture.getpixel((5, 10)), RED)
    assert is_near(picture.getpixel((35, 10)), BLUE)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO", "TGA", "PDF", "EPS"])
def test_other_kinds_are_not(kind: str) -> None:
    assert refusal(saved(left_red(), kind)) == decoding.UNREADABLE


@pytest.mark.parametrize("data", [b"", b"x", b"<svg/>", b"<html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert refusal(data) == decoding.UNREADABLE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_damaged_picture_is_read_or_refused_and_nothing_else(kind: str) -> None:
    """Wherever it is cut off and whatever bytes are wrong."""
    whole = saved(Pillow.effect_noise((64, 64), 90), kind)
    chance = random.Random(1)
    assert refusal(whole[: len(whole) // 2]) == decoding.UNREADABLE
    for _ in range(200):
        data = bytearray(whole[: chance.randrange(20, len(whole) + 1)])
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(NoPicture):
            assert uploaded(bytes(data)).mode == "RGB"


@pytest.mark.parametrize("size", [(50_000, 50_000), (8193, 8193), (16_385, 1), (1, 2**31 - 1), (2**30, 1)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_by_what_its_head_says(size: tuple[int, int]) -> None:
    assert refusal(png_of(*size)) == decoding.TOO_MANY_PIXELS


def test_a_text_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    texts = PngInfo()
    texts.add_text("a", "x" * 2**26, zip=True)
    assert refusal(saved(left_red(), pnginfo=texts)) == decoding.UNREADABLE


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    whole = saved(left_red(), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    assert uploaded(whole[:-2] + last + whole[-2:]).size == (40, 20)
    assert refusal(whole[:-2] + last * 1000 + whole[-2:]) == decoding.UNREADABLE


def test_a_file_that_is_too_large_is_refused() -> None:
    assert refusal(a_png() + bytes(SIZE)) == sources.TOO_LARGE_A_FILE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(9))
def test_a_picture_is_upright_whichever_way_the_camera_was_held(kind: str, orientation: int) -> None:
    upright = Pillow.new("RGB", (48, 32), BLUE)
    upright.paste(RED, (0, 0, 24, 16))
    upright.paste(GREEN, (24, 0, 48, 16))
    back = {6: Pillow.Transpose.ROTATE_90, 8: Pillow.Transpose.ROTATE_270}  # the others are their own opposites
    turn = back.get(orientation, decoding.TURNS_OF.get(orientation))
    lying = upright if turn is None else upright.transpose(turn)
    exif = Pillow.Exif()
    exif[decoding.ORIENTATION] = orientation
    picture = uploaded(saved(lying, kind, exif=exif, quality=95))
    assert picture.size == (48, 32)
    assert is_near(picture.getpixel((4, 4)), RED)
    assert is_near(picture.getpixel((44, 4)), GREEN)
    assert is_near(picture.getpixel((4, 28)), BLUE)


def test_nothing_of_the_file_but_its_pixels_goes_on() -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "my garden"
    data = saved(left_red(), "JPEG", exif=exif, icc_profile=b"profile", comment=b"secret")
    picture = uploaded(data)
    assert picture.info == {}
    assert dict(picture.getexif()) == {}
    again = saved(picture)
    assert not any(text in again for text in (b"garden", b"eXIf", b"iCCP", b"secret"))


def test_a_damaged_note_on_the_orientation_is_passed_over() -> None:
    assert uploaded(saved(left_red(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff")).size == (40, 20)


def test_what_shines_through_is_on_black() -> None:
    half = Pillow.new("RGBA", (8, 8), (255, 0, 0, 128))
    assert uploaded(saved(half)).getpixel((4, 4)) == (128, 0, 0)
    assert uploaded(saved(half, "WEBP", lossless=True)).getpixel((4, 4)) == (128, 0, 0)
    assert uploaded(saved(Pillow.new("LA", (8, 8), (200, 0)))).getpixel((4, 4)) == BLACK
    assert uploaded(saved(left_red(), transparency=RED)).getpixel((5, 5)) == BLACK
    palette = left_red().quantize(2)
    index = palette.getpixel((35, 10))
    assert uploaded(saved(palette, transparency=index)).getpixel((35, 10)) == BLACK
    assert uploaded(saved(palette, "GIF", transparency=index)).getpixel((35, 10)) == BLACK


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGBA", "LA"])
def test_all_kinds_of_pixels_become_rgb(mode: str) -> None:
    white = Pillow.new("RGB", (8, 8), "white").convert(mode)
    picture = uploaded(saved(white, "JPEG" if mode == "CMYK" else "PNG"))
    assert (picture.mode, picture.getpixel((4, 4))) == ("RGB", (255, 255, 255))


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    for options in ({}, {"transparency": 40_000}):
        grey = Pillow.new("I;16", (2, 1), 32_768)
        grey.putpixel((1, 0), 65_535)
        picture = uploaded(saved(grey, **options))
        assert [picture.getpixel((x, 0)) for x in (0, 1)] == [(128, 128, 128), (255, 255, 255)]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_is_taken(kind: str) -> None:
    data = saved(Pillow.new("RGB", (8, 8), RED), kind, save_all=True, append_images=[Pillow.new("RGB", (8, 8), BLUE)])
    assert is_near(uploaded(data).getpixel((4, 4)), RED)


@pytest.fixture
def image(db: None, settings: Settings, tmp_path: Path) -> Image:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    recipe = {"prompt": "a fox", "seed": 1}
    batch = Batch.objects.start(uuid4(), recipe=recipe, visitor="me")
    return Image.objects.store(png.encode(left_red(), recipe, seed=1), batch=batch, position=1)


def test_a_picture_of_the_library_is_taken_by_its_uuid(image: Image) -> None:
    assert png.pixels_of(from_library(image.uuid)) == png.pixels_of(from_library(str(image.uuid))) == image.pixels


def test_only_what_the_library_keeps_can_be_taken(image: Image) -> None:
    for key in ("", None, "../../etc/passwd", str(uuid4()), str(image.pk), image.batch.uuid):
        with pytest.raises(NoPicture, match="not in the library"):
            from_library(key)
    Image.objects.update(deleted=timezone.now())
    with pytest.raises(NoPicture, match="not in the library"):
        from_library(image.uuid)


def test_a_file_that_is_gone_or_damaged_is_no_picture(image: Image) -> None:
    image.path.write_bytes(b"x")
    with pytest.raises(NoPicture, match="no sound"):
        from_library(image.uuid)
    image.path.rename(image.path.with_name("elsewhere"))
    image.path.symlink_to("elsewhere")
    with pytest.raises(NoPicture, match="not in the library"):
        from_library(image.uuid)
    image.path.unlink()
    with pytest.raises(NoPicture, match="not in the library"):
        from_library(image.uuid)


def test_a_picture_comes_from_the_internet() -> None:
    data = saved(left_red(), "JPEG")
    with Web({"/a.jpg": answer(data), "/bad.jpg": answer(data[:200])}) as web:
        assert from_url(web.url("/a.jpg"), visitor="me", way=way_to(web)).size == (40, 20)
        with pytest.raises(NoPicture, match="no sound"):
            from_url(web.url("/bad.jpg"), visitor="me", way=way_to(web))
        assert from_url(web.url("/a.jpg"), visitor="me", way=way_to(web)).size == (40, 20)


def test_each_visitor_fetches_one_at_a_time_and_all_together_two() -> None:
    go_on = threading.Event()
    arrived = threading.Semaphore(0)

    def late(sock: Any) -> None:
        arrived.release()
        go_on.wait(10)
        sock.sendall(answer(a_png()))

    with Web({"/a.png": late}) as web:

        def fetch(visitor: str) -> None:
            from_url(web.url(), visitor=visitor, way=way_to(web))

        threads = [threading.Thread(target=fetch, args=(visitor,)) for visitor in ("me", "you")]
        threads[0].start()
        assert arrived.acquire(timeout=5)
        with pytest.raises(Busy, match="for you") as busy:
            fetch("me")
        assert busy.value.retry_after == 10
        threads[1].start()
        assert arrived.acquire(timeout=5)
        with pytest.raises(Busy, match="Other people's"):
            fetch("somebody")
        go_on.set()
        for thread in threads:
            thread.join(5)
        fetch("me")


def test_a_turn_ends_when_its_fetch_fails() -> None:
    turns = Turns(at_once=1)
    for _ in range(3):
        with pytest.raises(NoPicture), turns.turn("me"):
            raise NoPicture


@pytest.mark.parametrize(
    ("size", "frame", "box"),
    [
        ((40, 20), (64, 64), (0, 16, 64, 48)),
        ((20, 40), (64, 64), (16, 0, 48, 64)),
        ((400, 200), (64, 64), (0, 16, 64, 48)),
        ((40, 20), (128, 64), (0, 0, 128, 64)),
        ((64, 64), (64, 64), (0, 0, 64, 64)),
        ((30, 20), (64, 64), (0, 10, 64, 53)),
        ((3, 2), (512, 768), (0, 213, 512, 554)),
        ((16_384, 1), (64, 64), (0, 31, 64, 32)),
        ((1, 16_384), (512, 256), (255, 0, 256, 256)),
        ((1, 1), (8, 16), (0, 4, 8, 12)),
    ],
)
def test_a_letterbox_shows_the_whole_picture_in_the_middle(
    size: tuple[int, int], frame: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    framed = letterbox(Pillow.new("RGB", size, "white"), *frame)
    assert (framed.mode, framed.size, framed.getbbox()) == ("RGB", frame, box)


def test_a_letterbox_crops_nothing() -> None:
    framed = letterbox(left_red(), 64, 64)
    assert [framed.getpixel(place) for place in ((0, 32), (63, 32), (32, 15), (32, 48))] == [RED, BLUE, BLACK, BLACK]


def test_a_picture_that_fits_is_left_as_it_is() -> None:
    picture = Pillow.effect_noise((64, 32), 90).convert("RGB")
    assert png.pixels_of(letterbox(picture, 64, 32)) == png.pixels_of(picture)
