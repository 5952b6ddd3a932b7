"""One batch, one picture, its star, what it comes from, and two compared."""

import io
import re

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image as Pillow
from pytest_django import DjangoAssertNumQueries

from library.models import Batch, Image
from tests.library.make import a_batch, an_image, some
from tests.pages import EVIL, elements

pytestmark = pytest.mark.django_db


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def link(html: str, rel: str) -> str:
    match = re.search(rf'rel="{rel}" href="([^"]+)"', html)
    return match[1] if match else ""


# A batch, a picture


def test_a_batch_shows_its_pictures_and_all_its_settings(client: Client) -> None:
    images = some(3)
    html = page(client, images[0].batch.page_url)
    assert all(image.page_url in html for image in images)
    for label, value in (("Steps", "20"), ("Sampler", "DDIM"), ("Eta", "0.0"), ("Asked for by", "a visitor")):
        assert re.search(rf"<dt>{label}</dt><dd>(<a [^>]+>)?(<bdi>)?{value}<", html)
    assert f'href="/?settings_of={images[0].batch.uuid}"' in html


def test_ones_own_batch_is_ones_own(client: Client) -> None:
    image = an_image()
    client.post("/theme/")
    Batch.objects.update(visitor=client.get("/").wsgi_request.visitor)  # type: ignore[attr-defined]
    assert "<bdi>you</bdi></a></dd>" in page(client, image.page_url)


def test_a_picture_is_shown_whole_with_its_own_seed_and_a_readable_file(client: Client) -> None:
    image = some(2, "A fox, in the snow")[1]
    html = page(client, image.page_url)
    assert image.download_url == f"/library/{image.batch.uuid}/02/a-fox-in-the-snow-42.png"
    assert f'src="{image.download_url}" alt="A fox, in the snow" width="32" height="16"' in html
    assert 'download="a-fox-in-the-snow-42.png"' in html
    assert image.pixels in html
    assert f'href="/?settings_of={image.uuid}"' in html
    assert f'href="/advanced/?settings_of={image.uuid}&amp;source_image={image.uuid}" target="_blank"' in html
    assert "3 pictures, from image 1" in html


def test_the_readable_name_gives_the_same_file_and_no_other_name_does(client: Client) -> None:
    image = an_image()
    assert client.get(image.download_url).getvalue() == client.get(image.url).getvalue()  # type: ignore[attr-defined]
    for name in ("a-fox-42.png", "a-fox-41.PNG", "..%2f01.png", "a-fox-41.png/", "x", "a%2ffox-41.png"):
        assert client.get(f"/library/{image.batch.uuid}/01/{name}").status_code == 404
    assert client.get(image.download_url.replace("/01/", "/1/")).status_code == 404


def test_what_is_deleted_or_never_was_is_on_no_page(client: Client) -> None:
    image = an_image()
    pages = (image.page_url, image.download_url, f"/library/compare/?a={image.uuid}&b={image.uuid}")
    Image.objects.update(deleted=timezone.now())
    for path in (*pages, image.batch.page_url):
        assert client.get(path).status_code == 404
    assert client.post(f"{image.page_url}favourite/", {"favourite": "yes"}).status_code == 404
    for position in ("0", "2", "9" * 30):
        assert client.get(f"{image.batch.page_url}{position}/").status_code == 404


def test_seed_6_whatever_people_write_stays_text_on_every_page(client: Client) -> None:
    image, other = an_image(), an_image()
    Batch.objects.update(error="harmless")
    pages = (image.page_url, image.batch.page_url, f"/library/compare/?a={image.uuid}&b={other.uuid}")
    harmless = [elements(page(client, path)) for path in pages]
    Batch.objects.update(words=EVIL, error=EVIL, recipe={**image.batch.recipe, "prompt": EVIL, "sampler": EVIL})
    assert [elements(page(client, path)) for path in pages] == harmless


def test_the_pictures_of_the_library_follow_each_other_across_batches(client: Client) -> None:
    old, new = some(2), some(2)
    path, walked = new[0].page_url, []
    while path:
        walked.append(path)
        path = link(page(client, path), "next")
    assert walked == [image.page_url for image in (*new, *old)]
    assert link(page(client, old[0].page_url), "prev") == new[1].page_url
    assert link(page(client, new[0].page_url), "prev") == ""


def test_a_search_leads_from_picture_to_picture_as_it_shows_them(client: Client) -> None:
    first, second, _owl, third = some(3), some(3), some(1, "an owl"), some(3)
    for image in (first[1], second[0], second[2], third[1]):
        image.set_favourite(True)
    path, walked = f"{third[1].page_url}?q=fox+fav%3Ayes", []
    while path:
        walked.append(path.partition("?")[0])
        path = link(page(client, path), "next")
    assert walked == [image.page_url for image in (third[1], second[0], second[2], first[1])]


def test_a_picture_s_page_takes_the_same_queries_wherever_it_stands(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    images = [some(3)[1] for _ in range(3)]
    for path in (images[1].page_url, f"{images[1].page_url}?q=fox"):
        with django_assert_num_queries(4):  # the picture, those beside it, what came of it, the worker's state
            page(client, path)


# The star


def test_a_star_is_given_and_taken_and_shown_to_everybody(client: Client) -> None:
    image = an_image()
    star = f"{image.page_url}favourite/"
    answer = client.post(star, {"favourite": "yes"}, headers={"HX-Request": "true"})
    assert 'aria-pressed="true"' in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert 'aria-pressed="true"' in page(client, "/library/")
    assert client.post(star, {"favourite": "no"}, headers={"HX-Request": "true"}).status_code == 200
    assert 'aria-pressed="true"' not in page(client, "/library/")
    assert client.get(star).status_code == 405


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://localhost/library/?q=fox", "/library/?q=fox"),
        ("https://evil.example/library/", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_without_javascript_a_star_leads_back_to_its_page(client: Client, referer: str, back: str) -> None:
    image = an_image()
    answer = client.post(f"{image.page_url}favourite/", {"favourite": "yes"}, headers={"referer": referer})
    assert (answer.status_code, answer["Location"]) == (302, back or image.page_url)
    image.refresh_from_db()
    assert image.favourite


def test_a_star_given_twice_is_one() -> None:
    image = an_image()
    assert [image.set_favourite(True), image.set_favourite(True), image.set_favourite(False)] == [True, False, True]


# Lineage and comparison


def test_lineage_is_told_both_ways(client: Client) -> None:
    source = an_image(a_batch("a drawing"))
    child = an_image(a_batch("a painting", source_image=str(source.uuid)))
    again = an_image(a_batch("a drawing", remake_of=source.uuid))
    for path in (source.page_url, source.batch.page_url):
        html = page(client, path)
        assert f'Painted over it: <a href="{child.batch.page_url}"' in html
        assert f'Made again: <a href="{again.batch.page_url}"' in html
    assert f'Painted over <a href="{source.page_url}"' in page(client, child.page_url)
    assert str(source.uuid) not in page(client, child.page_url)  # it is told with a link
    assert f'Made again from <a href="{source.page_url}"' in page(client, again.batch.page_url)
    Image.objects.filter(pk=source.pk).update(deleted=timezone.now())
    assert "Painted over a picture that is gone" in page(client, child.page_url)


@pytest.mark.parametrize("key", [None, "", "x", "00000000-0000-0000-0000-000000000000", 7, ["a"], {}])
def test_a_source_that_nobody_knows_is_none(key: object) -> None:
    assert a_batch(source_image=key).source is None


def test_a_batch_made_again_says_of_each_picture_whether_it_is_the_same(client: Client) -> None:
    picture = Pillow.effect_noise((32, 16), 90)
    first = a_batch()
    originals = [an_image(first, 1, picture), an_image(first, 2)]
    second = a_batch(remake_of=originals[0].uuid)
    an_image(second, 1, picture)
    other = an_image(second, 2)
    verdicts = re.findall(r"Image (\d): <span[^>]*>([^<]+)", page(client, second.page_url))
    assert verdicts == [("1", "the same pixels"), ("2", "other pixels")]
    assert f"/library/compare/?a={originals[1].uuid}&amp;b={other.uuid}" in page(client, other.page_url)


def compare(client: Client, a: Image, b: Image) -> str:
    return page(client, f"/library/compare/?a={a.uuid}&b={b.uuid}")


def test_identical_pixels_are_said_to_be_so(client: Client) -> None:
    picture = Pillow.effect_noise((32, 16), 90)
    html = compare(client, an_image(picture=picture), an_image(picture=picture))
    assert "The pixels are identical." in html
    assert "difference.webp" not in html


def test_a_difference_is_told_in_numbers_and_shown(client: Client) -> None:
    black, other = Pillow.new("RGB", (10, 10)), Pillow.new("RGB", (10, 10))
    other.putpixel((3, 4), (0, 51, 0))
    a, b = an_image(picture=black), an_image(picture=other)
    html = compare(client, a, b)
    assert "1.0 % of the pixels differ." in html
    assert "By 0.17 of 255 on average, by 51 at most." in html
    answer = client.get(f"/library/compare/difference.webp?a={a.uuid}&b={b.uuid}")
    with Pillow.open(io.BytesIO(answer.content)) as shown:
        assert shown.convert("RGB").getpixel((3, 4)) == (0, 255, 0)
        assert shown.convert("RGB").getpixel((0, 0)) == (0, 0, 0)


def test_pictures_of_two_sizes_have_no_difference_but_a_sentence(client: Client) -> None:
    a, b = an_image(picture=Pillow.new("RGB", (10, 10))), an_image(picture=Pillow.new("RGB", (12, 10)))
    html = compare(client, a, b)
    assert "The pictures differ in size." in html
    assert "10 × 10 px, the other 12 × 10 px" in html
    assert client.get(f"/library/compare/difference.webp?a={a.uuid}&b={b.uuid}").status_code == 404


@pytest.mark.parametrize("query", ["", "a=x&b=y", "a={0}", "a={0}&b=00000000-0000-0000-0000-000000000000", "a=%00"])
def test_a_comparison_needs_two_pictures(client: Client, query: str) -> None:
    query = query.format(an_image().uuid)
    assert client.get(f"/library/compare/?{query}").status_code == 404
    assert client.get(f"/library/compare/difference.webp?{query}").status_code == 404


def test_a_comparison_of_files_that_are_gone_is_not_found(client: Client) -> None:
    a, b = an_image(), an_image()
    b.path.write_bytes(b"no picture")
    assert client.get(f"/library/compare/?a={a.uuid}&b={b.uuid}").status_code == 404
