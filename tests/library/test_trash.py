"""Into the trash and out of it: what is deleted is given out by nothing but the trash's own page."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from library.models import Batch, Image
from library.views.trash import PORTION
from tests.library.make import a_batch, an_image, some, trashed
from tests.pages import EVIL, elements

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NOBODYS = "00000000-0000-4000-8000-000000000000"
NONSENSE = [
    ("", "No pictures were chosen."),
    ("x", "That names no pictures."),
    ("../../etc/passwd", "That names no pictures."),
    ("\x00", "That names no pictures."),
    (" ".join([NOBODYS] * 501), "That is too many at once: 500 pictures are the most."),
]


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def delete(client: Client, *images: Image, **fields: str) -> str:
    """The address that the answer leads to."""
    answer = client.post("/library/delete/", {"images": " ".join(str(image.uuid) for image in images), **fields})
    assert answer.status_code == 302
    return answer["Location"]


def pages_of(image: Image) -> list[str]:
    """Every address that gives it out, or something of it."""
    pair = f"a={image.uuid}&b={image.uuid}"
    own = [image.page_url, image.url, image.download_url, image.thumbnail_url, f"{image.page_url}delete/"]
    return [*own, f"/library/compare/?{pair}", f"/library/compare/difference.webp?{pair}"]


# Deleting


def test_a_deleted_picture_is_given_out_by_nothing_any_more(client: Client) -> None:
    image, sibling = some(2)
    page(client, image.page_url)
    assert delete(client, image) == "/library/"
    assert [client.get(path).status_code for path in pages_of(image)] == [404] * 7
    assert client.post(f"{image.page_url}favourite/", {"favourite": "yes"}).status_code == 404
    assert client.post(f"/images/{image.uuid}/again/").status_code == 404
    for path in ("/", "/library/", "/library/?q=fox", image.batch.page_url, sibling.page_url):
        client.get("/library/")  # where the line that undoes it names the picture once
        assert str(image.uuid) not in page(client, path)
        assert image.download_url not in page(client, path)
    assert image.path.exists()


def test_deleting_is_told_to_whoever_polls(client: Client) -> None:
    first, second = an_image(a_batch("a fox")), some(2, "an owl")[0]
    since = int(timezone.now().timestamp() * 1000)
    Batch.objects.update(changed=timezone.now() - timezone.timedelta(hours=1))  # type: ignore[attr-defined]
    delete(client, first, second)
    news = client.get("/library/", {"since": str(since)}).content.decode()
    assert f'id="batch-{first.batch.uuid}" hx-swap-oob="delete"' in news
    assert f'id="batch-{second.batch.uuid}"' in news
    assert second.page_url not in news


def test_a_batch_without_a_picture_left_is_nowhere_until_one_comes_back(client: Client) -> None:
    images = some(2)
    Batch.objects.update(error="The third could not be made.")
    delete(client, *images)
    assert "Nothing here yet" in page(client, "/library/")
    assert client.get(images[0].batch.page_url).status_code == 404
    client.post("/trash/restore/", {"images": str(images[1].uuid)})
    html = page(client, "/library/")
    assert images[1].page_url in html
    assert images[0].page_url not in html


def test_the_question_comes_first_without_javascript_and_leads_on(client: Client) -> None:
    image, following = some(2)
    link = re.search(r'id="delete" href="([^"]+)"', page(client, image.page_url))
    assert link
    html = page(client, link[1])
    assert f'name="images" value="{image.uuid}"' in html
    assert f'name="next" value="{following.page_url}"' in html
    assert Image.objects.kept().count() == 2
    assert delete(client, image, next=following.page_url) == following.page_url
    html = page(client, following.page_url)
    assert "Moved to the trash." in html
    assert f'name="images" value="{image.uuid}"' in html
    assert "Moved to the trash." not in page(client, following.page_url)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil", ""]
)
def test_it_leads_nowhere_else(client: Client, elsewhere: str) -> None:
    assert delete(client, an_image(), next=elsewhere) == "/library/"


def test_sent_twice_it_is_the_same_and_can_still_be_undone(client: Client) -> None:
    image = an_image()
    answers = [client.post("/library/delete/", {"images": str(image.uuid)}, headers=HTMX) for _ in range(2)]
    image.refresh_from_db()
    first = image.deleted
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content.count(b"<form") == 1
    assert b"Moved to the trash." in answers[1].content
    assert Image.objects.get(pk=image.pk).deleted == first


def test_several_are_deleted_in_as_many_queries_as_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for images in ([an_image()], [*some(3), *some(3)]):
        keys = " ".join(str(image.uuid) for image in images)
        for path in ("/library/delete/", "/trash/restore/"):
            with django_assert_num_queries(6):  # which they are, which batches, the two changes, begin and end of them
                assert client.post(path, {"images": keys}, headers=HTMX).status_code == 200


@pytest.mark.parametrize("path", ["/library/delete/", "/trash/restore/", "/library/favourites/", "/library/zip/"])
@pytest.mark.parametrize(("keys", "sentence"), NONSENSE)
def test_nonsense_gets_a_sentence_and_changes_nothing(client: Client, path: str, keys: str, sentence: str) -> None:
    an_image()
    answer = client.post(path, {"images": keys})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert client.post(path, {"images": str(uuid4())}).status_code == 404
    assert client.get(path).status_code == 405
    assert Image.objects.kept().count() == 1


@pytest.mark.parametrize("path", ["/library/delete/", "/trash/restore/", "/library/zip/", "/trash/{}/delete/"])
def test_another_sites_form_changes_nothing(path: str) -> None:
    image = trashed(an_image()) if path.startswith("/trash") else an_image()
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    assert strict.post(path.format(image.uuid), {"images": str(image.uuid)}).status_code == 403
    assert Image.objects.get().deleted == image.deleted


@pytest.mark.parametrize("position", ["0", "2", "9" * 30, "-1", "x"])
def test_a_question_about_nothing_is_not_found(client: Client, position: str) -> None:
    assert client.get(f"{an_image().batch.page_url}{position}/delete/").status_code == 404


# The trash's page


def test_the_trash_shows_the_last_deleted_first_and_when_each_goes(client: Client) -> None:
    old, new = trashed(an_image(a_batch("an owl")), days=29), trashed(an_image(a_batch("a fox")), days=2)
    kept = an_image(a_batch("a ship"))
    html = page(client, "/trash/")
    assert html.index("a fox") < html.index("an owl")
    assert "goes for good tomorrow" in html
    assert "a ship" not in html
    for image in (old, new):
        answer = client.get(f"/trash/{image.uuid}.webp")
        assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "image/webp", "no-store")
    assert client.get(f"/trash/{kept.uuid}.webp").status_code == 404
    assert 'href="/trash/"' in page(client, "/library/")


def test_an_empty_trash_says_what_it_is_for(client: Client) -> None:
    an_image()
    assert "The trash is empty" in page(client, "/trash/")


def test_it_comes_in_portions_of_which_none_is_shown_twice(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    images = [image for _ in range(PORTION // 24) for image in some(25)]
    Image.objects.filter(pk__in=[image.pk for image in images]).move_to_trash()
    path, shown = "/trash/", []
    while path:
        with django_assert_num_queries(2):  # the first page has no place to look up, but says how the worker is
            html = client.get(path, headers=HTMX if "before" in path else {}).content.decode()
        shown += re.findall(r"/trash/([0-9a-f-]{36})\.webp", html)
        following = re.search(r'hx-get="([^"]+)"', html[html.find('class="more"') :])
        path = following[1] if following and 'class="more"' in html else ""
    assert sorted(shown) == sorted(str(image.uuid) for image in images)


@pytest.mark.parametrize("cursor", ["x", "..", "%00", "9" * 500, NOBODYS])
def test_a_cursor_that_is_not_ours_means_the_beginning(client: Client, cursor: str) -> None:
    image = trashed(an_image())
    assert str(image.uuid) in page(client, f"/trash/?before={cursor}")


def test_what_people_write_stays_text(client: Client) -> None:
    image = trashed(an_image())
    pages = ("/trash/", f"/trash/{image.uuid}/delete/")
    harmless = [elements(page(client, path)) for path in pages]
    Batch.objects.update(words=EVIL)
    assert [elements(page(client, path)) for path in pages] == harmless


def test_one_or_several_come_back_to_where_they_were(client: Client) -> None:
    first, second, third = (trashed(image) for image in some(3))
    answer = client.post("/trash/restore/", {"images": str(second.uuid)})
    assert answer["Location"] == second.page_url
    answer = client.post("/trash/restore/", {"images": [str(first.uuid), str(third.uuid)], "next": "/trash/"})
    assert answer["Location"] == "/trash/"
    assert "Back in the library." in page(client, "/trash/")
    assert Batch.objects.portion(1)[0].kept_images == [first, second, third]
    assert client.get(f"/trash/{first.uuid}.webp").status_code == 404
    assert client.get(first.thumbnail_url).status_code == 200


def test_deleting_for_good_asks_and_then_leaves_nothing(client: Client) -> None:
    image, kept = trashed(an_image()), an_image()
    client.get(f"/trash/{image.uuid}.webp")
    paths = (image.path, image.thumbnail_path, image.path.parent)
    assert "Delete this picture for good?" in page(client, f"/trash/{image.uuid}/delete/")
    assert all(path.exists() for path in paths)
    answer = client.post(f"/trash/{image.uuid}/delete/")
    assert (answer.status_code, answer["Location"]) == (302, "/trash/")
    assert "Deleted for good." in page(client, "/trash/")
    assert not any(path.exists() for path in paths)
    assert client.post(f"/trash/{image.uuid}/delete/").status_code == 404
    assert client.post(f"/trash/{kept.uuid}/delete/").status_code == 404
    assert Image.objects.get() == kept
