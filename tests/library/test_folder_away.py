"""What people take away from the library's folder, and the folder itself when it goes."""

import os
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image as Pillow
from pytest_django import Settings

from library.models import Image, Shelf, Unreachable
from library.pruning import prune
from library.scanning import Changes, Scan
from tests.library.make import an_image, some, trashed
from tests.library.test_folder import a_file, look

pytestmark = pytest.mark.django_db


@pytest.fixture
def library(settings: Settings) -> Path:
    settings.PLAYGROUND_LIBRARY.mkdir()
    return Path(settings.PLAYGROUND_LIBRARY)


# Taken away


def test_a_file_that_was_taken_away_is_nowhere_and_comes_back(library: Path, client: Client) -> None:
    image, other = some(2)
    Image.objects.filter(pk=image.pk).star(True)
    image.path.rename(library.parent / "kept.png")
    scan = Scan(settled=0)
    assert scan.look() == Changes(gone=1)
    addresses = [image.page_url, image.url, image.download_url, image.thumbnail_url]
    assert [client.get(path).status_code for path in addresses] == [404] * 4
    for path in ("/", "/library/", image.batch.page_url, other.page_url, "/trash/", "/library/?q=fav:yes"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert str(image.uuid) not in answer.content.decode()
    assert Image.objects.count() == 2
    (library.parent / "kept.png").rename(image.path)
    assert scan.look().new == 1
    image.refresh_from_db()
    assert (image.missing, image.favourite) == (None, True)
    assert client.get(image.url).status_code == 200


def test_a_whole_folder_that_goes_takes_its_pictures_along(library: Path) -> None:
    for path in ("a/1.png", "a/b/2.png", "c/3.png"):
        a_file(library / path, colour=(path[2] == "1" and "red") or "blue")
    scan = Scan(settled=0)
    assert scan.look().new == 3
    shutil.rmtree(library / "a")
    assert scan.look() == Changes(gone=2)
    assert Image.objects.kept().get().file == "3.png"


def test_a_file_that_was_moved_or_renamed_is_the_same_picture(library: Path) -> None:
    path = a_file(library / "a.png")
    look()
    image = Image.objects.get()
    image.set_favourite(True)
    (library / "new").mkdir()
    path.rename(library / "new" / "b.png")
    look()
    moved = Image.objects.get()
    assert (moved.pk, moved.folder, moved.file, moved.favourite, moved.missing) == (
        image.pk,
        "new",
        "b.png",
        True,
        None,
    )


def test_another_picture_in_its_place_is_another_picture(library: Path) -> None:
    path = a_file(library / "a.png", colour="red")
    scan = Scan(settled=0)
    scan.look()
    path.unlink()
    assert scan.look() == Changes(gone=1)
    a_file(path, colour="blue")
    scan.look()
    old, new = Image.objects.order_by("pk")
    assert (old.missing is None, new.missing) == (False, None)
    assert old.pixels != new.pixels
    path.rename(library / "b.png")
    scan.look()
    a_file(path, colour="red")
    scan.look()
    assert not Image.objects.filter(missing__isnull=False).exists()
    assert {image.file for image in Image.objects.all()} == {"a.png", "b.png"}


def test_what_lies_in_the_trash_stays_there(library: Path) -> None:
    trashed(an_image())
    assert look() == Changes()
    assert not Image.objects.kept().exists()


def test_looking_again_reads_only_what_has_changed(library: Path, django_assert_num_queries: Any) -> None:
    Shelf.objects.demand()
    for number in range(30):
        a_file(library / f"f{number}" / "1.png", colour=f"#0000{number:02d}")
        os.utime(library / f"f{number}", (0, 0))
    os.utime(library, (0, 0))
    read: list[str] = []
    scan = Scan(settled=0, tell=read.append)
    scan.look()
    assert len(read) == 30
    with django_assert_num_queries(0):
        scan.look()
    a_file(library / "f7" / "2.png", colour="#ff0000")
    os.utime(library / "f7", (1, 1))
    with django_assert_num_queries(10):
        scan.look()
    assert read[30:] == ["f7/2.png"]


# The folder itself


@pytest.fixture
def elsewhere(library: Path) -> Path:
    """The library's folder, moved away as a disk that was unplugged; one picture is in it."""
    an_image()
    look()
    return library.rename(library.parent / "unplugged")


@pytest.mark.parametrize("is_empty_there", [True, False])
def test_without_the_folder_nothing_is_hidden_and_everybody_is_told(
    library: Path, elsewhere: Path, client: Client, is_empty_there: bool
) -> None:
    if is_empty_there:
        library.mkdir()
    sentence = "perhaps a disk is not connected" if is_empty_there else "cannot be reached"
    assert sentence in Shelf.objects.fault()
    with pytest.raises(Unreachable, match=sentence):
        look()
    image = Image.objects.kept().select_related("batch").get()
    html = client.get("/library/").content.decode()
    assert image.thumbnail_url in html
    assert sentence in html
    health = client.get("/healthz")
    assert (health.status_code, health.json()["status"]) == (503, "failing")
    assert sentence in health.json()["disk"]
    with pytest.raises(Unreachable):
        an_image(image.batch, 2)
    assert library.exists() == is_empty_there
    if is_empty_there:
        library.rmdir()
    elsewhere.rename(library)
    assert Shelf.objects.fault() == ""
    assert look() == Changes()
    assert sentence not in client.get("/library/").content.decode()


def test_another_file_system_in_its_place_is_noticed_though_it_looks_alike(library: Path, elsewhere: Path) -> None:
    shutil.copytree(elsewhere, library)
    assert Shelf.objects.fault() == ""  # a copy with its mark is as good
    (library / ".playground").write_text("another")
    assert "is not the folder" in Shelf.objects.fault()
    Shelf.objects.adopt()
    assert Shelf.objects.fault() == ""
    assert look() == Changes()


def test_a_source_picture_is_refused_while_the_folder_is_away(elsewhere: Path, client: Client) -> None:
    upload = BytesIO()
    Pillow.new("RGB", (32, 32)).save(upload, "PNG")
    upload.seek(0)
    upload.name = "x.png"
    answer = client.post("/advanced/", {"prompt": "a fox", "source_file": upload, "strength_percent": "50"})
    assert answer.status_code == 422
    assert "cannot be reached" in answer.content.decode()


def test_the_trash_is_not_emptied_while_the_folder_is_away(library: Path, elsewhere: Path, client: Client) -> None:
    image = trashed(Image.objects.get(), days=40)
    with pytest.raises(Unreachable):
        prune()
    answer = client.post(f"/trash/{image.uuid}/delete/", follow=True)
    assert "cannot be reached" in answer.content.decode()
    assert Image.objects.count() == 1


def test_a_database_that_was_lost_takes_the_folder_as_it_is(library: Path) -> None:
    (library / ".playground").write_text("0" * 32)
    a_file(library / "x.png")
    assert look() == Changes(new=1)
    assert Shelf.objects.get().mark == "0" * 32
