"""The library page with a search, its controls, and what a poll brings."""

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from library.models import Batch, Image
from library.views.listing import MOST_NEWS
from tests.library.make import a_batch, an_image, some
from tests.pages import EVIL, elements

pytestmark = pytest.mark.django_db


def page(client: Client, q: str = "", **parameters: str) -> str:
    answer = client.get("/library/", {"q": q, **parameters})
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_what_is_searched_for_is_shown_and_the_box_keeps_what_was_written(client: Client) -> None:
    fox, owl = an_image(a_batch("a fox")), an_image(a_batch("an owl"))
    html = page(client, "  FOX nonsense:  ")
    assert 'value="  FOX nonsense:  "' in html
    html = page(client, "fox")
    assert str(fox.uuid) in html
    assert str(owl.uuid) not in html
    assert f'href="{fox.page_url}?q=fox"' in html


def test_what_is_not_understood_stands_under_the_box(client: Client) -> None:
    html = page(client, "steps:many")
    assert "“steps:many” is left out: steps takes a number, such as 20, &gt;20, &lt;=20 or 20..30." in html
    assert 'aria-describedby="problems"' in html


def test_nothing_found_says_so_with_a_way_to_everything(client: Client) -> None:
    an_image()
    html = page(client, "zebra")
    assert "Nothing found" in html
    assert 'href="/library/"' in html
    assert "Nothing here yet" not in html


def test_older_pictures_stay_within_the_search(client: Client) -> None:
    for number in range(26):
        an_image(a_batch("an owl" if number % 2 else f"a fox {number}."))
    html = page(client, "fox")
    match = re.search(r'href="(\?before=[^"]+)"', html)
    assert match
    rest = client.get("/library/" + unescape(match[1]), headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r"a fox \d+\.", html + rest)
    assert "fox 0." in rest
    assert "owl" not in html + rest


def test_each_part_of_a_search_can_be_taken_away(client: Client) -> None:
    html = page(client, "fox -dog steps:>20")
    for part, rest in (("fox", "-dog steps:>20"), ("-dog", "fox steps:>20"), ("steps:&gt;20", "fox -dog")):
        assert re.search(rf'href="\S+{re.escape(urlencode({"q": rest}))}" aria-label="Without {part}"', html)


@pytest.mark.parametrize(
    ("q", "controls", "result"),
    [
        ("fox", {"model": "demo model"}, 'fox model:"demo model"'),
        ("fox model:tiny", {}, "fox"),
        ("fox", {"steps": "20", "seed": "7", "size": "512x512"}, "fox size:512x512 seed:7 steps:>=20"),
        ("", {"from": "2026-01-31", "to": "2026-02-01"}, "after:2026-01-31 before:2026-02-01"),
        ("", {"mine": "me", "favourites": "yes", "with_source": "yes"}, "by:me fav:yes source:yes"),
        ("fav:no guidance:4", {"seed": "'"}, "guidance:4 fav:no"),
    ],
)
def test_the_controls_lead_to_the_search_that_says_the_same(
    client: Client, q: str, controls: dict[str, str], result: str
) -> None:
    answer = client.get("/library/", {"q": q, "controls": "1", **controls})
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer["Location"]).query)["q"] == [result]


def test_the_controls_show_the_search_and_offer_what_there_is(client: Client) -> None:
    an_image(a_batch(model="tiny"))
    an_image(a_batch(model="demo model", width=128, height=64))
    html = page(client, "model:tiny size:128x64 steps:>=20 fav:yes")
    assert re.findall(r"<option( selected)?>([^<]+)", html) == [("", "demo model"), (" selected", "tiny")]
    assert '<option value="128x64" selected>' in html
    assert html.index("32x16") < html.index("128x64</option>")
    assert 'name="steps" value="20"' in html
    assert 'value="yes" checked' in html


@pytest.mark.parametrize("q", [EVIL, "\x00", '"' * 600, "x" * 10_000, "seed:" + "9" * 40, "%ed%a0%80", "date:0-0-0"])
def test_whatever_is_searched_for_is_a_page(client: Client, q: str) -> None:
    an_image()
    harmless = {tag for tag, _ in elements(page(client, "a") + page(client, "!"))}
    assert {tag for tag, _ in elements(page(client, q))} <= harmless | {"a", "li", "ul", "b", "bdi"}
    assert client.get("/library/?q=%ED%A0%80%00").status_code == 200


def test_a_page_of_a_search_takes_as_many_queries_as_one_without(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        some(3)
    for q in ("", "fox", 'fox "a fox" -dog steps:>1 model:tiny fav:no seed:41 size:32x16'):
        with django_assert_num_queries(5):  # batches, images, models, sizes, the worker's state
            page(client, q)


def test_the_way_back_to_the_library_keeps_its_place(client: Client) -> None:
    image = an_image()
    for path in ("/library/", image.page_url, image.batch.page_url):
        assert "no-store" not in client.get(path)["Cache-Control"]


# News


def poll_of(html: str) -> str:
    match = re.search(r'id="poll" hx-get="([^"]+)"', html)
    assert match
    return unescape(match[1])


def later(address: str) -> str:
    """The same poll some seconds on: what had just been made is no news any more."""
    return re.sub(r"since=\d+", f"since={int(timezone.now().timestamp() * 1000)}", address)


@pytest.mark.parametrize("q", ["", "fox fav:no"])
def test_while_nothing_changes_a_poll_is_one_query_and_no_answer(
    client: Client, q: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    some(3)
    address = later(poll_of(page(client, q)))
    with django_assert_num_queries(1):
        answer = client.get(address)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_poll_brings_new_batches_and_renews_changed_ones(client: Client) -> None:
    old, untouched = an_image(a_batch("a fox")), an_image(a_batch("a hen"))
    address = later(poll_of(page(client)))
    new = an_image(a_batch("an owl"))
    old.set_favourite(True)
    html = client.get(address).content.decode()
    assert 'hx-swap-oob="afterbegin:#batches"' in html
    assert str(new.uuid) in html
    assert f'id="batch-{old.batch.uuid}" aria-label="a fox" hx-swap-oob="true"' in html
    assert str(untouched.uuid) not in html
    assert f"newest={new.batch.uuid}" in poll_of(html)
    assert client.get(later(poll_of(html))).status_code == 204


def test_a_poll_keeps_to_the_search_and_takes_away_what_no_longer_fits(client: Client) -> None:
    fox = an_image(a_batch("a fox"))
    fox.set_favourite(True)
    address = later(poll_of(page(client, "fav:yes")))
    new = an_image(a_batch("an owl"))
    fox.set_favourite(False)
    html = client.get(address).content.decode()
    assert str(new.uuid) not in html
    assert f'id="batch-{fox.batch.uuid}" hx-swap-oob="delete"' in html


def test_what_was_changed_a_moment_before_a_page_is_sent_once_more(client: Client) -> None:
    image = an_image()
    assert str(image.uuid) in client.get(poll_of(page(client))).content.decode()


def test_more_news_than_a_poll_carries_are_a_link(client: Client) -> None:
    address = later(poll_of(page(client, "fox")))
    for _ in range(MOST_NEWS + 1):
        an_image()
    html = client.get(address).content.decode()
    assert "Many new pictures" in html
    assert "hx-get" not in html


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 30, "%00", "٣"])
def test_a_poll_that_is_not_ours_is_no_error(client: Client, since: str) -> None:
    an_image()
    assert client.get(f"/library/?since={since}&newest=x").status_code in (200, 204)


def test_every_change_that_people_see_is_news() -> None:
    image = an_image()
    for change in (
        lambda: image.set_favourite(True),
        lambda: image.batch.set_error("No memory."),
        lambda: image.batch.add_seconds(1.0),
        lambda: an_image(image.batch, 2),
    ):
        moment = timezone.now()
        assert not Batch.objects.changed_since(moment).exists()
        change()
        assert Batch.objects.changed_since(moment - timezone.timedelta(milliseconds=1)).exists()
        Batch.objects.update(changed=moment - timezone.timedelta(days=1))
    assert Image.objects.count() == 2
