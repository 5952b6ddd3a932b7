"""From a prompt to pictures that can be opened, with the demo model, as a newcomer sees it."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.pages import ask_for
from tests.site import Site

Visit = Callable[..., Page]
SOME_OF_NINE = """() => {
    const shown = document.querySelectorAll("article img").length;
    return 0 < shown && shown < 9;
}"""


def test_a_prompt_becomes_pictures_group_by_group_and_the_library_keeps_them(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    job = ask_for(page, "a red apple on a blue background", 9)
    pictures = job.get_by_role("img")

    expect(job).to_contain_text(re.compile(r"images? \d+( to \d+)? of 9, step \d+ of 20"))
    expect(job.locator(".picture")).to_have_count(9)  # each has its place from the beginning
    page.wait_for_function(SOME_OF_NINE)
    first = pictures.first.get_attribute("src")

    page.reload()
    expect(pictures.first).to_have_attribute("src", first or "")
    expect(pictures).to_have_count(9)
    expect(job).to_contain_text("done")

    page.get_by_role("link", name="Library").click()
    batch = page.get_by_role("region", name="a red apple on a blue background").first
    expect(batch).to_contain_text("20 steps")
    expect(batch).to_contain_text("s an image")
    expect(batch.get_by_role("img")).to_have_count(9)
    with page.expect_response("**/01/a-red-apple-on-a-blue-background-*.png") as png:
        batch.get_by_role("link", name="Open image 1").click()
    assert png.value.headers["content-type"] == "image/png"
    page.wait_for_function("() => document.images[0].naturalWidth === 128")


def test_a_job_that_is_done_stops_polling_and_says_so_once(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    job = ask_for(page, "a rocket in the night sky")
    expect(job.get_by_role("img")).to_have_count(3)
    expect(page.locator("#said")).to_have_text("Done: a rocket in the night sky")
    expect(job).not_to_have_attribute("hx-get", re.compile("."))
    expect(job.locator("header").get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("complementary", name="Queue")).to_contain_text("nobody waits")


def test_everything_works_without_javascript(site: Site, visit: Visit) -> None:
    page = visit(site.url, java_script_enabled=False)
    page.get_by_label("Prompt").fill("two cats on a yellow background")
    page.get_by_role("button", name="Roll a seed").click()
    seed = page.get_by_role("textbox", name="Seed").input_value()
    assert seed.isdigit()
    expect(page.get_by_label("Prompt")).to_have_value("two cats on a yellow background")

    page.get_by_role("button", name="Generate").click()
    page.wait_for_url("**/jobs/*-*/")
    expect(page.get_by_role("article").get_by_role("img")).to_have_count(3)  # the page refreshes itself
    expect(page.get_by_role("article")).to_contain_text(re.compile(rf"done in \d+ s, seed {seed}"))

    page.get_by_role("link", name="Make more pictures").click()
    expect(page.get_by_role("article")).to_contain_text("two cats on a yellow background")
    page.get_by_role("link", name="Library").click()
    batch = page.get_by_role("region", name="two cats on a yellow background")
    expect(batch.get_by_role("img")).to_have_count(3)
    with page.expect_popup() as tab:
        batch.get_by_role("img").first.click()
    expect(tab.value.get_by_label("Prompt")).to_have_value("two cats on a yellow background")
    expect(tab.value.get_by_role("radio", name="This one")).to_be_checked()
    batch.get_by_role("link", name="Open image 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"image 1, seed {seed}")
