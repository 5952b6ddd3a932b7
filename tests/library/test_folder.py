"""What people put into the library's folder, or take away from it."""

import json
import os
import shutil
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo
from pytest_django import Settings

from library import png
from library.models import Batch, Image
from library.scanning import Changes, Scan
from tests.library.make import a_batch, an_image

pytestmark = pytest.mark.django_db
A1111 = (
    "a fox in snow\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965, Size: 24x16, Model: sd15"
)
GROUP = {"first": 1, "size": 2}


@pytest.fixture
def library(settings: Settings) -> Path:
    settings.PLAYGROUND_LIBRARY.mkdir()
    return Path(settings.PLAYGROUND_LIBRARY)


def a_file(path: Path, *, kind: str = "PNG", colour: str = "red", **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("RGB", (24, 16), colour).save(path, kind, **options)
    return path


def with_settings(path: Path, text: str = A1111, **options: Any) -> Path:
    texts = PngInfo()
    texts.add_text("parameters", text)
    return a_file(path, pnginfo=texts, **options)


def look() -> Changes:
    return Scan(settled=0).look()


# Found


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("a.webp", "WEBP")]
)
def test_a_picture_put_into_the_folder_is_found_and_marked_as_not_made_here(
    library: Path, client: Client, name: str, kind: str
) -> None:
    a_file(library / "holiday" / name, kind=kind)
    assert look() == Changes(new=1)
    image = Image.objects.select_related("batch").get()
    assert (image.batch.words, image.batch.origin, image.seed) == ("a", "elsewhere", None)
    assert (image.width, image.height, image.batch.size) == (24, 16, "24x16")
    html = client.get("/library/").content.decode()
    assert image.thumbnail_url in html
    assert "not made here" in html
    assert "not made here" in client.get(image.page_url).content.decode()
    for address in (image.url, image.download_url):
        answer = client.get(address)
        assert b"".join(answer.streaming_content) == (library / "holiday" / name).read_bytes()  # type: ignore[attr-defined]
        assert answer["Content-Type"] == f"image/{kind.lower()}"
    assert client.get(image.thumbnail_url).status_code == 200
    assert client.get(image.batch.page_url).status_code == 200
    assert look() == Changes()


def test_a_picture_made_elsewhere_brings_its_settings_and_its_day(library: Path, client: Client) -> None:
    path = with_settings(library / "x.png")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    look()
    batch = Batch.objects.get()
    assert (batch.words, batch.model, batch.seed, batch.steps) == ("a fox in snow", "sd15", 965, 20)
    assert batch.recipe["sampler"] == "Euler a"
    assert batch.created == datetime.fromtimestamp(1_700_000_000, UTC)
    image = batch.images.get()
    assert image.seed == 965
    found = client.get("/library/", {"q": "snow steps:20 seed:965"}).content.decode()
    assert image.thumbnail_url in found


def test_a_photo_is_filed_under_the_day_it_came(library: Path) -> None:
    path = a_file(library / "x.png")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    look()
    assert time.time() - Batch.objects.get().created.timestamp() < 60


def test_it_can_be_a_source_and_cannot_be_made_again(library: Path, client: Client) -> None:
    a_file(library / "x.jpg", kind="JPEG")
    look()
    image = Image.objects.get()
    page = client.get(f"/advanced/?settings_of={image.uuid}&source_image={image.uuid}").content.decode()
    assert image.thumbnail_url in page
    assert client.post(f"/images/{image.uuid}/again/").status_code == 404
    assert "Make again" not in client.get(image.page_url).content.decode()
    job = {"prompt": "a fox", "source_image": str(image.uuid), "num_images": "1", "strength_percent": "50"}
    assert client.post("/advanced/", job).status_code == 302
    assert Image.objects.filter(position=0).count() == 1


def test_a_photo_taken_upright_is_shown_upright(library: Path, client: Client) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    a_file(library / "x.jpg", kind="JPEG", exif=exif)
    look()
    image = Image.objects.get()
    assert (image.width, image.height) == (16, 24)
    thumbnail = b"".join(client.get(image.thumbnail_url).streaming_content)  # type: ignore[attr-defined]
    assert Pillow.open(BytesIO(thumbnail)).size == (16, 24)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"<html><script>alert(1)</script>"])
def test_what_is_no_picture_stays_out_and_is_looked_at_once(library: Path, content: bytes) -> None:
    (library / "x.png").write_bytes(content)
    read: list[str] = []
    scan = Scan(settled=0, tell=read.append)
    assert scan.look() == Changes(unreadable=["x.png"])
    assert scan.look() == Changes()
    assert read == ["x.png"]
    a_file(library / "x.png")  # in place: the folder's own time says nothing of it
    assert scan.look() == Changes(new=1)


@pytest.mark.parametrize("name", [".x.png", "x.gif", "x.svg", "x.png.txt", "index.html", ".01.png.part"])
def test_other_files_are_left_alone(library: Path, name: str) -> None:
    a_file(library / name)
    assert look() == Changes()
    assert not Image.objects.exists()


def test_no_link_is_followed(library: Path, client: Client, tmp_path: Path) -> None:
    a_file(tmp_path / "outside" / "x.png")
    (library / "folder").symlink_to(tmp_path / "outside")
    (library / "x.png").symlink_to(tmp_path / "outside" / "x.png")
    assert look() == Changes()
    a_file(library / "inside" / "x.png")
    look()
    image = Image.objects.get()
    shutil.move(library / "inside", tmp_path / "elsewhere")
    (library / "inside").symlink_to(tmp_path / "elsewhere")
    assert [client.get(path).status_code for path in (image.url, image.thumbnail_url)] == [404, 404]


def test_a_file_that_is_still_being_copied_is_waited_for(library: Path) -> None:
    path = a_file(library / "x.png")
    scan = Scan(settled=60)
    assert scan.look() == Changes()
    os.utime(path, (0, 0))  # as a copy that keeps its original's time: the change itself is new
    assert scan.look() == Changes()
    assert Scan(settled=0).look() == Changes(new=1)


@pytest.mark.parametrize(
    "name", ["a\udcffb.png", "a\nb.png", "'; drop table.png", "<script>alert(1)</script>.png", "%2e%2e.png"]
)
def test_any_name_does_no_harm(library: Path, client: Client, name: str) -> None:
    a_file(library / name)
    changes = look()
    assert changes.new + len(changes.unreadable) == 1
    html = client.get("/library/").content.decode()
    assert "<script>alert" not in html


def test_nonsense_in_our_own_chunk_harms_nothing(library: Path) -> None:
    recipes: list[Any] = [
        {"prompt": "a\0b", "seed": float("inf"), "steps": [1], "x" * 99: 1},
        {},
        [],
        "x",
        {"seed": 2**80},
    ]
    for number, recipe in enumerate(recipes):
        for place, position in enumerate((1, -1, 100, "1", True, None, 10**30)):
            texts = PngInfo()
            own = {"version": 1, "batch": str(uuid4()), "position": position, "group": position, "recipe": recipe}
            texts.add_itxt(png.CHUNK, json.dumps(own))
            a_file(library / f"{number}-{place}.png", pnginfo=texts)
    assert look() == Changes(new=35)


# A library from its folder


def test_a_library_is_built_again_from_its_folder_alone(library: Path) -> None:
    batch = a_batch()
    where = {"batch": str(batch.uuid)}
    source = png.encode_original(Pillow.new("RGB", (8, 8)), **where)
    made = [
        png.encode(Pillow.effect_noise((8, 8), 90), batch.recipe, seed=41, position=1, group=GROUP, **where),
        png.encode(Pillow.effect_noise((8, 8), 90), batch.recipe, seed=42, position=2, group=GROUP, **where),
    ]
    stored = [Image.objects.store(file, batch=batch, position=place) for place, file in enumerate([source, *made])]
    before = [(image.pixels, image.seed, image.group_size, image.path) for image in stored]
    Batch.objects.all().delete()
    assert look() == Changes(new=3)
    again = Batch.objects.get()
    assert (again.uuid, again.words, again.recipe, again.origin) == (batch.uuid, batch.words, batch.recipe, "")
    found = [(image.pixels, image.seed, image.group_size, image.path) for image in again.images.order_by("position")]
    assert found == before


def test_a_finished_file_without_a_row_joins_its_batch(library: Path) -> None:
    image = an_image()
    batch = image.batch
    encoded = png.encode(Pillow.new("RGB", (32, 16)), batch.recipe, seed=42, batch=str(batch.uuid), position=2)
    png.write(batch.folder / "02.png", encoded.data)
    assert look() == Changes(new=1)
    assert [image.position for image in batch.images.order_by("position")] == [1, 2]
    assert Image.objects.store(encoded, batch=batch, position=2).position == 2  # by the worker that goes on with it


def test_a_copy_of_a_picture_does_not_take_its_place(library: Path) -> None:
    image = an_image()
    shutil.copy(image.path, library / "copy.png")
    assert look() == Changes(new=1)
    image.refresh_from_db()
    assert image.file == ""
    assert Batch.objects.count() == 2
