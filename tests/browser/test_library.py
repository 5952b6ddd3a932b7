"""Finding pictures again: search, stars, pages of pictures, and a library that grows while one looks at it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.site import Site

Visit = Callable[..., Page]

SHOWN = "() => [...document.querySelectorAll('main img')].every((image) => image.naturalWidth === 96)"
ADD = """
from django.conf import settings
from PIL import Image as Pillow
from library.models import Batch
from tests.library.make import a_batch, an_image
for number in range({count}):
    batch = a_batch("{words}" + f" {{number}}", width=256, height=256)
    for position in (1, 2, 3):
        an_image(batch, position, Pillow.effect_noise((96, 64), 90))
"""


@pytest.fixture
def add(idle_site: Site) -> Callable[..., None]:
    """Puts batches of three pictures into the library, each with its number after the words."""

    def add(words: str, count: int = 1) -> None:
        done = idle_site.command("shell", "--verbosity", "0", "--command", ADD.format(words=words, count=count))
        assert done.returncode == 0, done.stderr

    with idle_site.database() as connection:
        connection.execute("DELETE FROM library_image")
        connection.execute("DELETE FROM library_batch")
        connection.commit()
    return add


def news(page: Page) -> Any:
    """The poll, asked now instead of in some seconds."""
    return page.evaluate("htmx.ajax('GET', byId('poll').getAttribute('hx-get'), {source: byId('poll')})")


def test_the_library_is_searched_by_words_keys_and_controls(
    idle_site: Site, visit: Visit, add: Callable[..., None]
) -> None:
    add("a fox", 2)
    add("an owl")
    page = visit(idle_site.url + "/library/")
    page.keyboard.press("/")
    page.keyboard.type("fox")
    page.keyboard.press("Enter")
    expect(page).to_have_url(idle_site.url + "/library/?q=fox")
    expect(page.locator("section.batch")).to_have_count(2)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Favourites", exact=True).check()
    expect(page).to_have_url(re.compile(r"q=fox\+fav%3Ayes$"))
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(page.get_by_label("Favourites", exact=True)).to_be_visible()  # still unfolded
    page.get_by_role("link", name="Without fav:yes").click()
    page.get_by_role("link", name="Without fox").click()
    expect(page.locator("section.batch")).to_have_count(3)

    plain = visit(idle_site.url + "/library/", java_script_enabled=False)
    expect(plain.get_by_label("Refresh")).to_be_hidden()
    plain.get_by_text("Filters", exact=True).click()
    plain.get_by_label("Seed").fill("43")
    plain.get_by_role("button", name="Apply").click()
    expect(plain.get_by_role("searchbox")).to_have_value("seed:43")
    plain.get_by_role("button", name="Favourite").first.click()
    expect(plain).to_have_url(idle_site.url + "/library/?q=seed%3A43")
    expect(plain.locator(".star [aria-pressed=true]")).to_have_count(1)


def test_a_star_is_given_by_pointer_or_key_and_stays(idle_site: Site, visit: Visit, add: Callable[..., None]) -> None:
    add("a fox")
    page = visit(idle_site.url + "/library/")
    stars = page.get_by_role("button", name="Favourite")
    page.locator(".tile").first.hover()
    stars.first.click()
    expect(stars.first).to_have_attribute("aria-pressed", "true")
    page.locator(".tile").nth(1).hover()
    page.locator("a.picture").nth(2).focus()
    page.keyboard.press("f")  # what has the focus goes before what lies under the pointer
    expect(stars.nth(2)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("a.picture").nth(2)).to_be_focused()
    page.locator("a.picture").nth(2).evaluate("element => { element.dataset.mark = 'the same' }")
    news(page)
    expect(page.locator("a.picture").nth(2)).to_have_attribute("data-mark", "the same")
    assert [star.get_attribute("aria-pressed") for star in stars.all()] == ["true", "false", "true"]
    expect(page.locator("a.picture").nth(2)).to_be_focused()


def test_a_poll_that_was_on_its_way_takes_no_star_back(idle_site: Site, visit: Visit, add: Callable[..., None]) -> None:
    add("a fox")
    page = visit(idle_site.url + "/library/")
    stars = page.get_by_role("button", name="Favourite")
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/library/?since=*", lambda route: held.append((route, route.fetch())))
    stars.first.click()
    expect(stars.first).to_have_attribute("aria-pressed", "true")
    page.evaluate("void htmx.ajax('GET', byId('poll').getAttribute('hx-get'), {source: byId('poll')})")
    while not held:
        page.wait_for_timeout(20)
    stars.nth(1).click()
    expect(stars.nth(1)).to_have_attribute("aria-pressed", "true")
    [(route, late)] = held
    assert late.text().count('aria-pressed="true"') == 1
    route.fulfill(response=late)
    page.wait_for_timeout(100)
    assert [star.get_attribute("aria-pressed") for star in stars.all()] == ["true", "true", "false"]


def test_pictures_are_turned_by_keys_and_swipes(idle_site: Site, visit: Visit, add: Callable[..., None]) -> None:
    add("a fox", 2)
    page = visit(idle_site.url + "/library/", has_touch=True)
    page.get_by_role("link", name="Open image 3").first.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("a fox 1 image 3, seed 43")
    page.keyboard.press("ArrowRight")
    expect(heading).to_contain_text("a fox 0 image 1, seed 41")
    page.keyboard.press("ArrowLeft")
    expect(heading).to_contain_text("a fox 1 image 3")
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    swipe(page, -200)
    expect(heading).to_contain_text("a fox 0 image 1")
    swipe(page, 200)
    expect(heading).to_contain_text("a fox 1 image 3")


def swipe(page: Page, across: int) -> None:
    box = page.locator("#stage img").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    wire = page.context.new_cdp_session(page)
    for kind, points in (("Start", [{"x": x, "y": y}]), ("Move", [{"x": x + across, "y": y}]), ("End", [])):
        wire.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})


def test_what_is_new_comes_by_itself_and_moves_nothing(idle_site: Site, visit: Visit, add: Callable[..., None]) -> None:
    add("a fox", 5)
    page = visit(idle_site.url + "/library/", viewport={"width": 900, "height": 600})
    looked_at = page.get_by_role("region", name="a fox 2")
    looked_at.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 200)")
    before = looked_at.evaluate("section => Math.round(section.getBoundingClientRect().top)")
    add("an owl", 2)
    news(page)
    expect(page.get_by_role("region", name="an owl 1")).to_be_attached()
    expect(page.locator("section.batch")).to_have_count(7)
    assert abs(looked_at.evaluate("section => section.getBoundingClientRect().top") - before) < 1
    page.get_by_role("link", name="New pictures ↑").click()
    expect(page.get_by_role("region", name="an owl 1")).to_be_in_viewport()
    expect(page.get_by_role("link", name="New pictures ↑")).to_be_hidden()
    names = page.locator("section.batch").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert names == ["an owl 1", "an owl 0", *(f"a fox {number}" for number in (4, 3, 2, 1, 0))]


def test_the_refresh_box_is_remembered_and_stops_the_poll(
    idle_site: Site, visit: Visit, add: Callable[..., None]
) -> None:
    add("a fox")
    page = visit(idle_site.url + "/library/")
    expect(page.get_by_label("Refresh")).to_be_checked()
    page.get_by_label("Refresh").uncheck()
    page.reload()
    expect(page.get_by_label("Refresh")).not_to_be_checked()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "since=" in request.url else None)
    news(page)
    assert asked == []
    page.get_by_label("Refresh").check()
    news(page)
    assert len(asked) == 1


def test_two_pictures_are_compared(idle_site: Site, visit: Visit, add: Callable[..., None]) -> None:
    add("a fox")
    keys = [row["uuid"] for row in idle_site.rows("SELECT uuid FROM library_image ORDER BY id")]
    page = visit(f"{idle_site.url}/library/compare/?a={keys[0]}&b={keys[1]}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("of the pixels differ")
    page.wait_for_function(
        "() => [...document.querySelectorAll('main img')].every((image) => image.naturalWidth === 96)"
    )
    page.goto(f"{idle_site.url}/library/compare/?a={keys[0]}&b={keys[0]}")
    expect(page.get_by_role("heading", level=1)).to_have_text("The pixels are identical.")
    page.get_by_role("img").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "a-fox-0-41.png"
