"""All settings on one page, by hand, by keyboard and without JavaScript."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.site import Site

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
