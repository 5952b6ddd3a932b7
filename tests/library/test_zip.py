"""Several pictures at once: as one file, and as favourites."""

import io
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from library.models import Batch, Image
from tests.library.make import a_batch, an_image, some, trashed

pytestmark = pytest.mark.django_db


def keys(*images: Image) -> dict[str, str]:
    return {"images": ",".join(str(image.uuid) for image in images)}


def unpacked(client: Client, *images: Image) -> ZipFile:
    answer = client.post("/library/zip/", keys(*images))
    assert answer.status_code == 200
    archive = ZipFile(io.BytesIO(answer.getvalue()))  # type: ignore[attr-defined]
    assert archive.testzip() is None
    return archive


def test_the_files_come_whole_under_names_that_tell_what_they_are(client: Client) -> None:
    older, newer = some(2, "A fox, in the snow"), some(1, "雪")
    archive = unpacked(client, *older, *newer)
    assert archive.namelist() == ["picture-41.png", "a-fox-in-the-snow-41.png", "a-fox-in-the-snow-42.png"]
    assert archive.read("a-fox-in-the-snow-42.png") == older[1].path.read_bytes()


def test_no_two_have_the_same_name(client: Client) -> None:
    batches = [a_batch(words) for words in ("a fox", "A Fox", "a fox!", "a fox 41")]
    archive = unpacked(client, *(an_image(batch) for batch in batches), an_image(a_batch("a fox 41", seed=2)))
    names = archive.namelist()
    assert len({name.casefold() for name in names}) == len(names) == 5
    assert {"a-fox-41.png", "a-fox-41-2.png", "a-fox-41-3.png"} < set(names)


def test_no_name_leads_out_of_the_folder_it_is_unpacked_in(client: Client) -> None:
    archive = unpacked(client, an_image(a_batch("../../etc/passwd\r\n")), an_image(a_batch("C:\\con")))
    assert [name for name in archive.namelist() if {"/", "\\", ":", ".."} & set(name.removesuffix(".png"))] == []
    assert all(info.external_attr >> 16 == 0o644 for info in archive.infolist())


def test_a_nul_which_sqlite_would_keep_is_in_no_name() -> None:
    image = Image(batch=Batch(words="a\x00 fox", recipe={}), position=1, seed=41)
    assert "\x00" not in image.download_name


def test_it_is_sent_as_a_file_to_keep(client: Client) -> None:
    answer = client.post("/library/zip/", keys(an_image()))
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="pictures-20')
    assert answer["Cache-Control"] == "no-store"
    assert answer.streaming


def test_what_is_in_the_trash_is_not_given_out(client: Client) -> None:
    kept, deleted = some(2)
    trashed(deleted)
    assert unpacked(client, kept, deleted).namelist() == ["a-fox-41.png"]
    assert client.post("/library/zip/", keys(deleted)).status_code == 404


def test_files_that_are_gone_are_named(client: Client, tmp_path: Path) -> None:
    kept, gone, link = some(3)
    gone.path.unlink()
    link.path.rename(tmp_path / "secret.png")
    link.path.symlink_to(tmp_path / "secret.png")
    archive = unpacked(client, kept, gone, link)
    assert archive.namelist() == ["a-fox-41.png", "missing.txt"]
    assert archive.read("missing.txt").decode().splitlines()[1:] == ["a-fox-42.png", "a-fox-43.png"]


def test_five_hundred_take_as_many_queries_as_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    image = an_image()
    others = [Image(batch=image.batch, position=place, seed=place, width=1, height=1) for place in range(2, 501)]
    images = [image, *Image.objects.bulk_create(others)]
    for many in ([image], images):
        with django_assert_num_queries(1):
            assert client.post("/library/zip/", keys(*many)).getvalue()  # type: ignore[attr-defined]


# Favourites


def test_several_get_their_stars_and_lose_them(client: Client) -> None:
    images = [*some(2), *some(1)]
    before = Batch.objects.get(images=images[0]).changed
    answer = client.post("/library/favourites/", {**keys(*images), "favourite": "yes"}, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert html.count('aria-pressed="true"') == 3
    assert f'hx-swap-oob="outerHTML:#star-{images[0].uuid}-off"' in html
    assert Image.objects.filter(favourite=True).count() == 3
    assert Batch.objects.get(images=images[0]).changed > before
    client.post("/library/favourites/", {**keys(*images), "favourite": "no"})
    assert not Image.objects.filter(favourite=True).exists()


def test_a_deleted_picture_gets_no_star(client: Client) -> None:
    kept, deleted = some(2)
    trashed(deleted)
    client.post("/library/favourites/", {**keys(kept, deleted), "favourite": "yes"})
    assert [image.favourite for image in Image.objects.order_by("position")] == [True, False]
    assert client.post("/library/favourites/", keys(deleted)).status_code == 404
