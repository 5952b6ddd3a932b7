"""A click on a picture opens the advanced page in a new tab, with every setting and the picture as source."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_library import add
from tests.site import Site

__all__ = ["add"]  # a fixture
Visit = Callable[..., Page]

ELSEWHERE = """
from library.models import Batch
Batch.objects.update(recipe={"prompt": "a fox", "sampler": "Restart", "steps": 300, "width": 500, "height": 333})
"""
BETWEEN = {"steps": 9, "width": 72, "height": 136, "guidance_scale": 3.25, "eta": 0.33, "strength": 0.3333}
BETWEEN_THE_STEPS = f"""
from library.models import Batch
Batch.objects.update(recipe={{"prompt": "a fox", "seed": 41, "num_images": 2, "sampler": "DDIM", **{BETWEEN}}})
"""
NOT_POSSIBLE = (
    "Its sampler Restart is not here; the default is used. Its size, 500 × 333 px, is not possible here; "
    "the default is used. Its steps 300 is not possible here; the default is used."
)


def picture(page: Page, number: int = 1) -> str:
    """The uuid of a picture on the page."""
    key = page.locator("a.picture").nth(number - 1).get_attribute("id")
    assert key
    return key.removeprefix("image-")


def is_varied(tab: Page, words: str, seed: int, uuid: str) -> None:
    expect(tab.get_by_label("Prompt")).to_have_value(words)
    expect(tab.get_by_label("Seed", exact=True)).to_have_value(str(seed))
    expect(tab.get_by_role("radio", name="This one")).to_be_checked()
    expect(tab.get_by_role("radio", name="This one")).to_have_attribute("value", uuid)
    expect(tab.locator("#promise")).to_contain_text("256 × 256 px, 15 of 20 steps")
    assert tab.evaluate("opener") is None


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("way", ["click", "Enter"])
def test_the_library_and_a_batch_open_it_by_click_and_key(
    idle_site: Site, visit: Visit, add: Callable[..., None], way: str, javascript: bool
) -> None:
    add("a fox")
    page = visit(idle_site.url + "/library/", java_script_enabled=javascript)
    batch = page.get_by_role("heading", level=2).get_by_role("link").get_attribute("href")
    for address in ("/library/", batch):
        page.goto(f"{idle_site.url}{address}")
        link = page.locator("a.picture").nth(1)
        with page.expect_popup() as tab:
            link.click() if way == "click" else link.press("Enter")
        is_varied(tab.value, "a fox 0", 42, picture(page, 2))
        expect(page).to_have_url(f"{idle_site.url}{address}")


def test_a_finger_opens_both_pages(idle_site: Site, visit: Visit, add: Callable[..., None]) -> None:
    add("a fox")
    phone = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 700}}
    page = visit(idle_site.url + "/library/", **phone)
    with page.expect_popup() as tab:
        page.locator("a.picture").first.tap(position={"x": 20, "y": 20})
    is_varied(tab.value, "a fox 0", 41, picture(page))
    expect(page.locator(".open").first).to_have_css("opacity", "1")
    page.get_by_role("link", name="Open image 2").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("image 2, seed 42")


def test_the_corner_is_there_for_pointer_and_keyboard_and_keeps_the_search(
    idle_site: Site, visit: Visit, add: Callable[..., None]
) -> None:
    add("a fox")
    page = visit(idle_site.url + "/library/?q=fox")
    corner = page.get_by_role("link", name="Open image 1")
    expect(corner).to_have_css("opacity", "0")
    page.locator("a.picture").first.hover()
    expect(corner).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    page.locator("a.picture").first.focus()
    page.keyboard.press("Tab")
    expect(corner).to_be_focused()
    expect(corner).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/1/\?q=fox$"))


def test_the_menus_letters_vary_and_open(idle_site: Site, visit: Visit, add: Callable[..., None]) -> None:
    add("a fox")
    page = visit(idle_site.url + "/library/")
    page.locator("a.picture").first.focus()
    with page.expect_popup() as tab:
        page.keyboard.press("v")
    is_varied(tab.value, "a fox 0", 41, picture(page))
    page.locator("#zoom").click(button="right")  # which lies above its tile
    with page.expect_popup() as tab:
        page.get_by_role("menuitem", name="Vary").click()
    is_varied(tab.value, "a fox 0", 41, picture(page))
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_contain_text("image 1, seed 41")
    with page.expect_popup() as tab:
        page.keyboard.press("v")
    expect(tab.value.get_by_label("Prompt")).to_have_value("a fox 0")
    page.locator("#stage .large").click()
    expect(page).to_have_url(re.compile(r"/a-fox-0-41\.png$"))  # the large picture is the file


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize(
    ("recipe", "told", "expected"),
    [
        (ELSEWHERE, NOT_POSSIBLE, {"width": 128, "height": 128, "steps": 20, "sampler": "DDIM", "strength": 0.75}),
        (BETWEEN_THE_STEPS, "Settings from a-fox-0-41.png.", BETWEEN),
    ],
)
def test_whatever_a_picture_was_made_with_is_ready_to_be_sent(
    idle_site: Site,
    visit: Visit,
    add: Callable[..., None],
    recipe: str,
    told: str,
    expected: dict[str, Any],
    javascript: bool,
) -> None:
    add("a fox")
    done = idle_site.command("shell", "--verbosity", "0", "--command", recipe)
    assert done.returncode == 0, done.stderr
    page = visit(idle_site.url + "/library/", java_script_enabled=javascript)
    with page.expect_popup() as opened:
        page.locator("a.picture").first.click()
    tab = opened.value
    expect(tab.get_by_text(told)).to_be_visible()
    expect(tab.locator(".errors")).to_have_count(0)
    tab.get_by_role("button", name="Generate").click()
    expect(tab.get_by_role("article")).to_be_visible()
    [row] = idle_site.rows("SELECT recipe FROM generation_job ORDER BY id DESC LIMIT 1")
    sent = json.loads(row["recipe"])
    assert {name: sent[name] for name in expected} == expected
    assert sent["source_image"] == picture(page)
