"""All settings on one page, by hand, by keyboard and without JavaScript."""

import json
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import findings
from tests.browser.test_dropping import LINK, OURS, PASTE, carry
from tests.browser.test_library import add
from tests.site import Site

__all__ = ["add"]  # a fixture

Visit = Callable[..., Page]


def test_settings_are_changed_marked_foretold_sent_and_reset(site: Site, visit: Visit) -> None:
    page = visit(site.url + "/advanced/")
    page.get_by_label("Prompt").fill("a red apple")
    page.get_by_role("slider", name="Steps").fill("30")
    page.get_by_role("spinbutton", name="Images").fill("2")
    page.get_by_label("Sampler").select_option("Euler a")
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("30")
    expect(page.locator(".setting.changed")).to_have_count(3)
    outlook = page.locator("#promise")
    expect(outlook).to_contain_text("128 × 128 px, 30 steps")
    expect(outlook).to_contain_text(re.compile(r"about \d+ s"))
    page.get_by_role("button", name="Generate").click()
    job = page.get_by_role("article")
    expect(job.locator("a.picture")).to_have_count(2)
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".setting.changed")).to_have_count(0)
    expect(page.get_by_label("Prompt")).to_have_value("a red apple")
    expect(job).to_have_count(1)


def test_a_factor_follows_the_sides_and_says_why_it_cannot_be_chosen(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url + "/advanced/?width=512&height=512")
    factors = page.get_by_label("Downsampling factor")
    option = factors.locator("option[value='4']")
    expect(option).to_have_text("4: 1024 × 1024 px")
    expect(option).to_be_enabled()
    page.get_by_role("slider", name="Width").fill("544")
    expect(option).to_have_text(re.compile(r"^4: 1088 × 1024 px, more than can be asked for until a worker"))
    expect(option).to_be_disabled()
    page.get_by_role("spinbutton", name="Height").fill("256")
    page.get_by_role("spinbutton", name="Height").press("Tab")
    expect(option).to_have_text("4: 1088 × 512 px")
    factors.select_option("4")
    page.get_by_role("spinbutton", name="Height").fill("512")
    page.get_by_role("spinbutton", name="Height").press("Tab")
    expect(page.locator("#promise")).to_contain_text("1088 × 1024 px is more than can be asked for")
    expect(factors).to_have_value("4")  # what is shown is what would be sent
    expect(option).to_be_enabled()
    page.get_by_role("slider", name="Width").fill("512")
    expect(page.locator("#promise")).to_contain_text("1024 × 1024 px")


def test_it_works_without_javascript(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url + "/advanced/?steps=9", java_script_enabled=False)
    page.get_by_label("Prompt").fill("a fox")
    page.get_by_label("Downsampling factor").select_option("4")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("9 steps")).to_be_visible()
    expect(page.get_by_text("factor 4")).to_be_visible()


def test_what_is_wrong_is_said_beside_its_setting_which_has_the_focus(
    idle_site: Site, visit: Visit, complaints: list[str]
) -> None:
    page = visit(idle_site.url + "/advanced/?prompt=a+fox")
    steps, width = (page.get_by_role("spinbutton", name=name) for name in ("Steps", "Width"))
    steps.fill("900")
    expect(page.locator("#promise")).to_have_text("Steps: Ensure this value is less than or equal to 250.")
    width.fill("1001")
    page.get_by_role("button", name="Generate").click()
    expect(width).to_be_focused()
    expect(width).to_have_accessible_description(re.compile("multiple of step size 8"))
    expect(steps).to_have_accessible_description("Ensure this value is less than or equal to 250.")
    expect(page.locator("#promise")).to_have_text("Nothing was sent: the form says what is wrong.")
    assert findings(page) == []
    assert width.evaluate("box => box.scrollWidth <= box.clientWidth")  # no sign hides the number
    width.fill("136")
    steps.fill("9")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("article")).to_have_count(1)
    assert "422" in complaints.pop()  # the browser names every such answer


@pytest.mark.parametrize("address", ["/", "/advanced/"])
def test_a_form_that_comes_too_soon_stays_and_says_so(
    idle_site: Site, visit: Visit, complaints: list[str], address: str
) -> None:
    page = visit(idle_site.url + address)

    def busy(route: Route) -> None:
        answer = route.fetch()
        assert answer.status == 422
        route.fulfill(response=answer, status=429)  # as it is while others' pictures are being fetched

    page.route("**/jobs/", busy)
    page.route("**/advanced/", busy)
    page.get_by_label("Prompt").fill("a fox")
    seed = page.get_by_role("textbox", name="Seed")
    seed.fill("many")
    page.get_by_role("button", name="Generate").click()
    expect(seed).to_have_accessible_description("A seed is a whole number.")
    expect(page.get_by_label("Prompt")).to_have_value("a fox")
    assert "429" in complaints.pop()
    complaints.clear()


def test_a_source_is_dropped_pasted_or_dragged_from_a_page(
    idle_site: Site, visit: Visit, add: Callable[..., None]
) -> None:
    add("a fox")
    page = visit(idle_site.url + "/advanced/")
    place, file, shown = (
        page.locator("[data-source]"),
        page.get_by_label("From this device"),
        page.locator("#dropped img"),
    )
    chosen = "input => [...input.files].map((file) => [file.name, file.size])"

    place.dispatch_event("dragover", {"dataTransfer": carry(page, OURS)})
    expect(place).to_have_class(re.compile("awaits"))
    place.dispatch_event("drop", {"dataTransfer": carry(page, OURS, "dropped.png")})
    expect(place).not_to_have_class(re.compile("awaits"))
    assert file.evaluate(chosen) == [["dropped.png", len(OURS)]]
    page.wait_for_function("() => document.querySelector('#dropped img').naturalWidth > 0")
    page.get_by_label("Prompt").evaluate(PASTE, carry(page, OURS, "pasted.png"))
    assert file.evaluate(chosen) == [["pasted.png", len(OURS)]]

    address = page.request.get(idle_site.url + "/api/v1/images").json()["images"][0]["file"]
    place.dispatch_event("drop", {"dataTransfer": page.evaluate_handle(LINK, idle_site.url + address)})
    page.wait_for_function("() => document.querySelector('#dropped img').naturalWidth === 96")
    expect(shown).to_be_visible()
    place.dispatch_event("drop", {"dataTransfer": page.evaluate_handle(LINK, idle_site.url + "/library/")})
    expect(page.get_by_role("alert")).to_have_text("That is no picture of this site.")
    place.dispatch_event("drop", {"dataTransfer": page.evaluate_handle(LINK, "https://example.org/fox.png")})
    expect(page.get_by_label("From the web")).to_have_value("https://example.org/fox.png")
    page.get_by_label("From the web").fill("")

    page.get_by_label("Prompt").fill("an owl")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("article")).to_have_count(1)
    [row] = idle_site.rows("SELECT uuid, recipe FROM generation_job ORDER BY id DESC LIMIT 1")
    assert json.loads(row["recipe"])["strength"] == 0.75
    assert page.request.get(f"{idle_site.url}/library/{UUID(row['uuid'])}/00-original.png").status == 200
