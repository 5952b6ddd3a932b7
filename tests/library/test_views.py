"""The library page, pictures and thumbnails as a browser asks for them."""

import base64
import re
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image as Pillow
from pytest_django import Settings

from library import png
from library.models import Batch, Image
from library.models.shelf import MARK
from tests.pages import EVIL, browser, elements

pytestmark = pytest.mark.django_db

opened: list[str] = []
"""Every file that this process has opened."""
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)


@pytest.fixture
def client() -> Client:
    return browser()


@pytest.fixture(autouse=True)
def folders(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    settings.PLAYGROUND_CACHE = tmp_path / "cache"


def a_batch(words: str = "a fox", **fields: Any) -> Batch:
    recipe = {"prompt": words, "seed": 41, "width": 32, "height": 16, "steps": 20, "sampler": "DDIM", "model": "tiny"}
    return Batch.objects.create(**{"uuid": uuid4(), "words": words, "recipe": recipe, **fields})


def an_image(batch: Batch | None = None, position: int = 1) -> Image:
    encoded = png.encode(Pillow.effect_noise((32, 16), 90), {"prompt": "a fox"}, seed=40 + position)
    return Image.objects.store(encoded, batch=batch or a_batch(), position=position)


def page(client: Client, path: str = "/library/", **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


# The page


def test_an_empty_library_gives_examples_to_begin_with(client: Client) -> None:
    assert 'href="/?prompt=a%20rocket%20in%20the%20night%20sky' in page(client)


def test_the_newest_comes_first_with_its_settings_and_its_pictures(client: Client) -> None:
    an_image(a_batch("a ship"))
    image = an_image(a_batch("a fox", seconds=2.5))
    html = page(client)
    assert html.index("a fox") < html.index("a ship")
    assert f'href="{image.page_url}"' in html
    assert f'src="{image.thumbnail_url}"' in html
    assert "2.5 s" in html


def test_an_error_is_told_where_pictures_are_missing(client: Client) -> None:
    a_batch(error="The device ran out of memory.")
    assert "The device ran out of memory." in page(client)


def test_a_deleted_picture_is_not_shown(client: Client) -> None:
    image = an_image()
    Image.objects.update(deleted=timezone.now())
    assert str(image.uuid) not in page(client)


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as context:
        page(client)
    return len(context)


def test_twelve_batches_take_as_many_queries_as_one(client: Client) -> None:
    an_image()
    one = queries(client)
    for _ in range(11):
        batch = a_batch()
        for position in range(1, 4):
            an_image(batch, position)
    assert queries(client) == one <= 5


def next_portion(html: str) -> str:
    match = re.search(r'href="(\?before=[^"]+)"', html)
    assert match
    return "/library/" + match[1]


def test_older_pictures_come_a_portion_at_a_time(client: Client) -> None:
    for number in range(15):
        an_image(a_batch(f"picture number {number}."))
    first = page(client)
    assert "number 14." in first
    assert "number 3." in first
    assert "number 2." not in first
    rest = page(client, next_portion(first), **{"HX-Request": "true"})
    assert [number for number in range(15) if f"number {number}." in rest] == [0, 1, 2]
    assert "<html" not in rest
    assert "before=" not in rest


def test_without_javascript_older_pictures_are_a_whole_page(client: Client) -> None:
    for _ in range(13):
        an_image()
    assert "<html" in page(client, next_portion(page(client)))


@pytest.mark.parametrize("cursor", ["", "x", "a:b", "..", "%00", "%ED%A0%80", "9" * 5000, str(UUID(int=7))])
def test_a_cursor_that_is_not_ours_means_the_beginning(client: Client, cursor: str) -> None:
    an_image()
    assert "a fox" in page(client, f"/library/?before={cursor}")


def test_seed_6_whatever_people_write_stays_text(client: Client) -> None:
    batch = a_batch(error="harmless")
    harmless = elements(page(client))
    recipe = {**batch.recipe, **dict.fromkeys(batch.recipe, EVIL), "negative_prompt": ""}
    Batch.objects.update(words=EVIL, error=EVIL, recipe=recipe)
    html = page(client)
    assert elements(html) == harmless
    assert "{{ 7|add:7 }}" in html


def test_no_key_of_the_database_leaves_the_server(client: Client) -> None:
    for number in range(13):
        batch = a_batch(pk=918_273_000 + number)
        Image.objects.filter(pk=an_image(batch).pk).update(id=546_372_000 + number)
    html = page(client)
    for text in re.findall(r"[\w-]{8,}", html):  # cursors are base64
        html += base64.urlsafe_b64decode(text + "=" * (-len(text) % 4) if len(text) % 4 != 1 else "").decode("latin-1")
    assert "918273" not in html
    assert "546372" not in html


# Pictures


def test_a_picture_is_the_file_as_it_is(client: Client) -> None:
    image = an_image()
    answer = client.get(image.url)
    assert answer.status_code == 200
    assert answer.getvalue() == image.path.read_bytes()
    assert answer["Content-Type"] == "image/png"


@pytest.mark.parametrize("kind", ["picture", "thumbnail"])
def test_a_file_may_be_kept_for_ever_and_is_never_taken_for_a_page(client: Client, kind: str) -> None:
    image = an_image()
    answer = client.get(image.url if kind == "picture" else image.thumbnail_url)
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("inline; filename=")
    assert "default-src" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("A Fox, in the snow!", "a-fox-in-the-snow-41.png"),
        ("雪", "picture-41.png"),
        ('../..\r\nX: "y"; z=/etc', "x-y-zetc-41.png"),
        ("long" * 100, "long" * 15 + "-41.png"),
    ],
)
def test_a_picture_is_called_by_its_words_and_its_seed(client: Client, words: str, name: str) -> None:
    disposition = client.get(an_image(a_batch(words)).url)["Content-Disposition"]
    assert disposition == f'inline; filename="{name}"'


TRAVERSALS = r"""
../secret.png ../../secret.png ..%2fsecret.png %2e%2e%2fsecret.png %2e%2e/secret.png %252e%252e%252fsecret.png
..%5csecret.png ..\secret.png ....//secret.png ..;/secret.png %c0%ae%c0%ae/secret.png secret.png ./01.png
01.png%00 %00 01.png%00.png 01.png%0a /etc/passwd %2fetc%2fpasswd file:///etc/passwd C:%5cWindows%5cwin.ini ~root
1.png 001.png +1.png -1.png %201.png 01.PNG 01.png/ 01.png.png 01 .01.png.part 99.png 00.png %D9%A0%D9%A1.png
"""


@pytest.mark.parametrize("name", TRAVERSALS.split())
def test_cve_2025_6237_seed_2_a_name_that_is_no_picture_of_the_batch_opens_nothing(
    client: Client, tmp_path: Path, name: str
) -> None:
    image = an_image()
    for folder in (tmp_path, tmp_path / "library", image.path.parent):
        (folder / "secret.png").write_bytes(image.path.read_bytes())
    (image.path.parent / ".01.png.part").touch()
    opened.clear()
    assert client.get(f"/library/{image.batch.uuid}/{name}").status_code == 404
    mark = str(image.path.parent.parent / MARK)  # every page looks whether the folder is there
    assert [path for path in opened if path.startswith((str(tmp_path), "/etc/passwd")) and path != mark] == []


@pytest.mark.parametrize("dialect", ["another", "UPPER", "hex", "../library/{}", "{}%00"])
def test_only_the_batchs_own_uuid_leads_to_its_pictures(client: Client, dialect: str) -> None:
    key: UUID = an_image().batch.uuid
    while key.hex.isdigit():  # one without letters has no other spelling
        key = an_image().batch.uuid
    spelt = {"another": str(uuid4()), "UPPER": str(key).upper(), "hex": key.hex}.get(dialect, dialect.format(key))
    assert client.get(f"/library/{spelt}/01.png").status_code == 404


@pytest.mark.parametrize("gone", ["deleted", "missing", "a folder", "a link"])
@pytest.mark.parametrize("kind", ["picture", "thumbnail"])
def test_a_picture_that_is_gone_is_not_found(client: Client, tmp_path: Path, kind: str, gone: str) -> None:
    image = an_image()
    if gone == "deleted":
        Image.objects.update(deleted=timezone.now())
    else:
        image.path.rename(tmp_path / "elsewhere.png")
    if gone == "a folder":
        image.path.mkdir()
    if gone == "a link":
        image.path.symlink_to(tmp_path / "elsewhere.png")
    assert client.get(image.url if kind == "picture" else image.thumbnail_url).status_code == 404


# Thumbnails


def test_a_thumbnail_is_made_when_it_is_first_asked_for(client: Client) -> None:
    image = an_image()
    assert not image.thumbnail_path.exists()
    answer = client.get(image.thumbnail_url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    made = image.thumbnail_path.stat().st_mtime_ns
    assert client.get(image.thumbnail_url).getvalue() == answer.getvalue()
    assert image.thumbnail_path.stat().st_mtime_ns == made


def test_a_deleted_pictures_thumbnail_is_not_given_out_although_it_is_kept(client: Client) -> None:
    image = an_image()
    client.get(image.thumbnail_url)
    Image.objects.update(deleted=timezone.now())
    assert client.get(image.thumbnail_url).status_code == 404


@pytest.mark.parametrize("content", [b"", b"<script>alert(1)</script>", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_file_has_no_thumbnail(client: Client, content: bytes) -> None:
    image = an_image()
    image.path.write_bytes(content)
    assert client.get(image.thumbnail_url).status_code == 404


def test_a_thumbnail_of_nobody_is_not_found(client: Client) -> None:
    assert client.get(f"/thumbs/{uuid4()}.webp").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_files_and_the_page_can_only_be_looked_at(client: Client, method: str) -> None:
    image = an_image()
    for path in ("/library/", image.url, image.thumbnail_url):
        assert getattr(client, method)(path).status_code == 405
    assert image.path.exists()
    assert Image.objects.kept().exists()
