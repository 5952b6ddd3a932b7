"""`manage.py check_library`: every disagreement between disk and rows is found, told and mended."""

import io
import os
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from PIL import Image as Pillow
from pytest_django import Settings

from library import png
from library.models import Batch, Image
from tests.library.make import a_batch, an_image, some, trashed

pytestmark = pytest.mark.django_db

AGREED = "3 pictures looked at. Files and rows agree. 0 pictures missing in all.\n"


def check() -> str:
    out = io.StringIO()
    call_command("check_library", stdout=out)
    return out.getvalue()


def is_shown(image: Image) -> bool:
    return Image.objects.kept().filter(pk=image.pk).exists()


def test_what_agrees_is_left_alone(client: Client) -> None:
    images = some(3)
    client.get(images[0].thumbnail_url)
    before = {path: path.stat().st_mtime_ns for path in images[0].batch.folder.parent.rglob("*")}
    rows = list(Image.objects.values())
    assert check() == AGREED
    assert {path: path.stat().st_mtime_ns for path in images[0].batch.folder.parent.rglob("*")} == before
    assert list(Image.objects.values()) == rows
    assert images[0].thumbnail_path.exists()


def test_a_file_without_a_row_gets_one() -> None:
    batch = a_batch()
    own = png.encode(Pillow.effect_noise((32, 16), 90), batch.recipe, seed=7, batch=str(batch.uuid), position=2)
    batch.folder.mkdir(parents=True)
    (batch.folder / "02.png").write_bytes(own.data)
    some(2)
    assert "1 without a row: taken in." in check()
    found = Image.objects.get(batch=batch)
    assert (found.position, found.seed, found.pixels) == (2, 7, own.pixels)
    assert check() == AGREED


def test_a_row_without_a_file_is_not_shown_until_it_is_back() -> None:
    images = some(3)
    data = images[0].path.read_bytes()
    images[0].path.unlink()
    assert "1 without a file: not shown until it is back." in check()
    assert not is_shown(images[0])
    images[0].path.write_bytes(data)
    assert "1 without a row: taken in." in check()
    assert is_shown(images[0])
    assert check() == AGREED


def test_a_damaged_file_is_not_shown_until_a_whole_one_is_there() -> None:
    images = some(3)
    data = images[0].path.read_bytes()
    images[0].path.write_bytes(data[: len(data) // 2])
    told = check()
    assert f"{images[0].batch.uuid}/01.png: damaged" in told
    assert "1 picture missing in all." in told
    assert not is_shown(images[0])
    assert images[0].path.exists()
    images[0].path.write_bytes(data)
    check()
    assert is_shown(images[0])


def test_another_picture_in_a_files_place_is_taken_over(client: Client) -> None:
    images = some(3)
    client.get(images[0].thumbnail_url)
    Pillow.new("RGB", (48, 40), "red").save(images[0].path)
    assert f"{images[0].batch.uuid}/01.png: another picture than its row tells of." in check()
    row = Image.objects.get(pk=images[0].pk)
    assert (row.width, row.height) == (48, 40)
    assert row.pixels != images[0].pixels
    assert not images[0].thumbnail_path.exists()
    assert check() == AGREED


def test_pictures_in_the_trash_are_looked_at_too() -> None:
    image = trashed(an_image())
    image.path.write_bytes(b"nothing")
    assert "damaged" in check()


def test_what_is_half_written_goes_unless_it_may_be_on_its_way() -> None:
    images = some(3)
    old, new = (images[0].batch.folder / name for name in (".04.png.part", ".05.png.part"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert ".04.png.part: half written, removed." in check()
    assert (old.exists(), new.exists()) == (False, True)


def test_thumbnails_of_nothing_and_stale_ones_go(client: Client, settings: Settings) -> None:
    images = some(3)
    for image in images:
        client.get(image.thumbnail_url)
    stranger = Path(settings.PLAYGROUND_CACHE) / "thumbnails" / "ab" / "abc.webp"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"")
    os.utime(images[0].thumbnail_path, (1, 1))
    assert "2 thumbnails of nothing, or older than their pictures: removed." in check()
    assert [image.thumbnail_path.exists() for image in images] == [False, True, True]
    assert not stranger.exists()


def test_what_searches_look_at_is_the_recipes() -> None:
    an_image(a_batch("a fox", steps=30))
    Batch.objects.update(steps=99, model="another")
    assert "1 with other settings than their recipe's in the search: mended." in check()
    assert Batch.objects.values_list("steps", "model").get() == (30, "tiny")


def test_the_index_of_words_is_made_anew_where_it_differs() -> None:
    if connection.vendor != "sqlite":
        return  # there the index is the table's own
    some(3)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO library_words(rowid, words) VALUES (4711, 'nobody wrote this')")
    assert "The index of words did not agree with the batches: made anew." in check()
    assert check() == AGREED


def test_without_its_folder_nothing_is_changed(settings: Settings) -> None:
    image = an_image()
    settings.PLAYGROUND_LIBRARY = Path(settings.PLAYGROUND_LIBRARY).with_name("elsewhere")
    with pytest.raises(CommandError, match="cannot be reached"):
        check()
    assert is_shown(image)
