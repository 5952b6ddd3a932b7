"""A source picture counts in what the advanced page foretells, however it comes there, and takes the factor with it."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_dropping import LINK, OURS, PASTE, STORE, carry, file
from tests.site import Site

Visit = Callable[..., Page]


@pytest.fixture
def page(idle_site: Site, visit: Visit) -> Page:
    """50 steps, the factor 4, a strength of 10 %."""
    page = visit(idle_site.url + "/advanced/?steps=50&strength=0.1&downsampling_factor=4&prompt=a+fox")
    is_foretold(page, "256 × 256 px, 50 steps")
    return page


def is_foretold(page: Page, words: str) -> None:
    expect(page.locator("#promise")).to_contain_text(words)


def factor_of(page: Page) -> Locator:
    return page.get_by_label("Downsampling factor")


def is_painted_over(page: Page, words: str = "128 × 128 px, 5 of 50 steps") -> None:
    is_foretold(page, words)
    expect(factor_of(page)).to_have_value("8")
    expect(page.locator("label[for=id_downsampling_factor]")).to_have_text(
        "Downsampling factor 8 with a source picture"
    )
    expect(factor_of(page).locator("option[value='4']")).to_be_disabled()
    expect(factor_of(page).locator("option[value='4']")).to_have_text("4: 256 × 256 px, with a source picture it is 8")


def is_not_painted_over(page: Page, words: str = "256 × 256 px, 50 steps", factor: str = "4") -> None:
    is_foretold(page, words)
    expect(factor_of(page)).to_have_value(factor)
    expect(page.get_by_text("8 with a source picture")).to_be_hidden()
    expect(factor_of(page).locator("option[value='4']")).to_be_enabled()
    expect(factor_of(page).locator("option[value='4']")).to_have_text("4: 256 × 256 px")


def test_a_chosen_file_counts_until_it_is_removed(page: Page, idle_site: Site) -> None:
    chooser, shown = page.get_by_label("From this device"), page.get_by_role("img", name="The source picture")
    chooser.set_input_files(file(OURS))
    is_painted_over(page)
    expect(shown).to_be_visible()
    page.get_by_role("button", name="Remove it").click()
    is_not_painted_over(page)
    expect(shown).to_be_hidden()
    expect(chooser).to_be_focused()

    chooser.set_input_files(file(OURS))
    page.get_by_role("spinbutton", name="Strength").fill("50")
    page.get_by_role("spinbutton", name="Strength").press("Tab")
    is_painted_over(page, "128 × 128 px, 25 of 50 steps")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("article")).to_have_count(1)
    [row] = idle_site.rows("SELECT recipe FROM generation_job ORDER BY id DESC LIMIT 1")
    recipe = json.loads(row["recipe"])
    assert (recipe["strength"], recipe["downsampling_factor"], recipe["width"]) == (0.5, 8, 128)


def test_a_file_that_is_dropped_counts_until_a_reset(page: Page) -> None:
    place = page.get_by_role("region", name="Source picture")
    place.dispatch_event("drop", {"dataTransfer": carry(page, OURS)})
    is_painted_over(page)
    page.get_by_role("button", name="Reset").click()
    is_not_painted_over(page, "128 × 128 px, 20 steps", factor="8")
    page.get_by_label("Prompt").evaluate(PASTE, carry(page, OURS))
    is_painted_over(page, "128 × 128 px, 15 of 20 steps")


def test_an_address_counts_as_soon_as_it_is_there(page: Page) -> None:
    address = page.get_by_label("From the web")
    address.fill("https://example.org/fox.png")
    expect(factor_of(page)).to_have_value("8")
    address.press("Tab")
    is_painted_over(page)
    address.fill("")
    address.press("Tab")
    is_not_painted_over(page)
    link = page.evaluate_handle(LINK, "https://example.org/fox.png")
    page.get_by_role("region", name="Source picture").dispatch_event("drop", {"dataTransfer": link})
    expect(address).to_have_value("https://example.org/fox.png")
    is_painted_over(page)


def test_a_picture_of_the_library_counts_from_the_start(page: Page, idle_site: Site) -> None:
    idle_site.command("shell", "-v0", "-c", STORE)
    [row] = idle_site.rows("SELECT uuid FROM library_image WHERE position = 1 ORDER BY id DESC LIMIT 1")
    page.goto(page.url + f"&source_image={row['uuid']}")
    is_painted_over(page)
    page.get_by_label("None").check()
    is_not_painted_over(page)
    page.get_by_label("This one").check()
    is_painted_over(page)
