"""All settings on one page, by hand, by keyboard and without JavaScript."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.site import ROOT, Site

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
    assert width.evaluate("box => box.scrollWidth <= box.clientWidth")  # no sign hides the number
    width.fill("136")
    steps.fill("9")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("article")).to_have_count(1)
    assert "422" in complaints.pop()  # the browser names every such answer


def test_over_a_source_the_factor_is_8_and_says_so(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url + "/advanced/")
    factor, always = page.get_by_label("Downsampling factor"), page.get_by_text("8, as always over a source picture")
    expect(factor).to_be_visible()
    expect(always).to_be_hidden()
    page.get_by_label("From the web").fill("https://example.org/fox.png")
    expect(always).to_be_visible()
    expect(factor).to_be_hidden()
    page.get_by_label("From the web").fill("")
    expect(factor).to_be_visible()
    page.get_by_label("From this device").set_input_files(ROOT / "demo_model" / "sheet.png")
    expect(always).to_be_visible()
