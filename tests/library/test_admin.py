"""The library's rows in the admin: looked through, and changed many at once."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from library.models import Batch, Image
from tests.library.make import a_batch, an_image, some, trashed
from tests.library.test_folder import a_file, look
from tests.pages import EVIL

pytestmark = pytest.mark.django_db
LISTS = ("batch", "image")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ada"))
    return client


def page(admin: Client, path: str, **query: str) -> str:
    answer = admin.get(f"/admin/library/{path}", query)
    assert answer.status_code == 200
    return answer.content.decode()


def act(admin: Client, kind: str, action: str, rows: list[Any]) -> Any:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return admin.post(f"/admin/library/{kind}/", data, follow=True)


def shown(html: str) -> set[str]:
    """The uuids of the images whose thumbnails a list has."""
    return set(re.findall(r"/(?:thumbs|trash)/([0-9a-f-]{36})\.webp", html))


@pytest.mark.parametrize("kind", LISTS)
def test_the_lists_show_the_pictures_and_no_script_comes_through(admin: Client, kind: str) -> None:
    images = [*some(2, EVIL), an_image(a_batch("an owl"))]
    html = page(admin, f"{kind}/")
    assert shown(html) == {str(image.uuid) for image in images}
    assert EVIL not in html
    row = images[0].batch if kind == "batch" else images[0]
    assert images[0].thumbnail_url in page(admin, f"{kind}/{row.pk}/change/")


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_asks_as_much_of_many_rows_as_of_few(
    admin: Client, kind: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        some(3, f"fox {number}")
    with django_assert_max_num_queries(14):
        page(admin, f"{kind}/")


def test_filters_find_what_is_where(admin: Client, settings: Settings) -> None:
    kept, gone, starred = an_image(a_batch("a fox")), an_image(a_batch("an owl")), an_image(a_batch("a crow"))
    lost = an_image(a_batch("a cat", model="another", width=64))
    trashed(gone)
    starred.set_favourite(True)
    a_file(Path(settings.PLAYGROUND_LIBRARY) / "photo.jpg", kind="JPEG")
    lost.path.unlink()
    look()
    photo = Image.objects.get(file="photo.jpg")
    expected: dict[tuple[str, str], set[Image]] = {
        ("where", "library"): {kept, starred, photo},
        ("where", "trash"): {gone},
        ("favourite", "yes"): {starred},
        ("made", "elsewhere"): {photo},
        ("made", "here"): {kept, gone, starred},
    }
    for (name, value), images in expected.items():
        for kind in LISTS:
            found = shown(page(admin, f"{kind}/", **{name: value}))
            assert found == {str(image.uuid) for image in images}, (name, kind)
    for kind, prefix in (("batch", ""), ("image", "batch__")):
        assert "a cat" in page(admin, f"{kind}/", where="missing")
        assert "a cat" in page(admin, f"{kind}/", **{f"{prefix}model": "another"})
        assert "a fox" not in page(admin, f"{kind}/", **{f"{prefix}size": "64x16"})


@pytest.mark.parametrize("kind", LISTS)
def test_filters_by_what_is_not_known_have_a_name(admin: Client, kind: str) -> None:
    known, unknown = an_image(), an_image(a_batch("an owl", model="", width=0))
    name = "model" if kind == "batch" else "batch__model"
    assert re.search(rf'<a href="\?{name}=">\s*unknown</a>', page(admin, f"{kind}/"))
    assert shown(page(admin, f"{kind}/", **{name: ""})) == {str(unknown.uuid)}
    assert shown(page(admin, f"{kind}/", **{name: "tiny"})) == {str(known.uuid)}


@pytest.mark.parametrize("kind", LISTS)
def test_they_are_found_by_whom_they_are_for(admin: Client, kind: str) -> None:
    ada = User.objects.get()
    hers, somebodys = an_image(a_batch("a fox")), an_image(a_batch("an owl"))
    Batch.objects.filter(pk=hers.batch.pk).update(person=ada)
    foreign = an_image(a_batch("a crow"))
    Batch.objects.filter(pk=foreign.batch.pk).update(origin="InvokeAI")
    for by, found in ((str(ada.pk), {hers}), ("visitor", {somebodys}), ("x", {hers, somebodys, foreign})):
        assert shown(page(admin, f"{kind}/", by=by)) == {str(image.uuid) for image in found}
    assert "ada" in page(admin, f"{kind}/")


@pytest.mark.parametrize("kind", LISTS)
def test_it_is_searched_as_in_the_library(admin: Client, kind: str) -> None:
    fox, owl = an_image(a_batch("a fox", steps=30)), an_image(a_batch("an owl"))
    for term in ("fox", "steps:>20", str((fox.batch if kind == "batch" else fox).uuid)):
        assert shown(page(admin, f"{kind}/", q=term)) == {str(fox.uuid)}
    assert shown(page(admin, f"{kind}/", q='"')) <= {str(fox.uuid), str(owl.uuid)}


@pytest.mark.parametrize("kind", LISTS)
def test_many_are_changed_at_once_and_how_many_is_told(admin: Client, kind: str) -> None:
    images = some(3)
    an_image(a_batch("another"))
    rows = [images[0].batch] if kind == "batch" else images
    for action, told, among in (
        ("star", "3 pictures made favourites.", Image.objects.filter(favourite=True)),
        ("to_trash", "3 pictures moved to the trash.", Image.objects.trashed()),
        ("restore", "3 pictures restored.", Image.objects.kept().filter(batch=images[0].batch)),
        ("unstar", "3 pictures no favourites any more.", Image.objects.filter(favourite=False, batch=images[0].batch)),
    ):
        assert told in act(admin, kind, action, rows).content.decode()
        assert set(among) == set(images)


@pytest.mark.parametrize("kind", LISTS)
def test_many_are_downloaded_as_one_zip(admin: Client, kind: str) -> None:
    images = some(3)
    trashed(images[2])
    answer = act(admin, kind, "download", [images[0].batch] if kind == "batch" else images)
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.namelist() == [image.download_name for image in images[:2]]
    nothing = act(admin, kind, "download", [images[0].batch] if kind == "batch" else images[2:])
    assert nothing.status_code == 200


def test_who_may_only_look_changes_nothing(client: Client) -> None:
    viewer = User.objects.create_user("bob", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_image", "view_batch"]))
    client.force_login(viewer)
    image = an_image()
    assert image.thumbnail_url in page(client, "image/")
    act(client, "image", "to_trash", [image])
    assert Image.objects.kept().count() == 1


def test_nothing_is_added_or_edited_by_hand(admin: Client) -> None:
    image = an_image()
    assert admin.get("/admin/library/image/add/").status_code == 403
    admin.post(f"/admin/library/batch/{image.batch.pk}/change/", {"words": "else"})
    assert Batch.objects.get().words == "a fox"
    assert admin.get(f"/admin/library/image/{image.pk}/delete/").status_code == 403
