"""The LoRA files on the page with all settings."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.pages import findings
from tests.browser.test_accessibility import SMALL, WIDER
from tests.lora_files import make
from tests.site import Site

Visit = Callable[..., Page]


def test_a_slider_brings_a_file_into_the_picture(new_site: Callable[..., Site], visit: Visit, tiny_model: Path) -> None:
    site = new_site()
    for number, name in enumerate(("ink on old paper", "snow", "watercolour")):
        make(site.data / "models" / "lora" / f"{name}.safetensors", tiny_model, seed=number)
    site.start().wait_ready()
    page = visit(site.url + "/advanced/")
    page.get_by_role("textbox", name="Prompt").fill("a fox")
    page.get_by_role("slider", name="watercolour").fill("0.8")
    expect(page.get_by_role("spinbutton", name="watercolour")).to_have_value("0.8")
    expect(page.locator(".setting.changed")).to_have_count(1)
    for theme in ("Dark theme", "Light theme"):
        page.get_by_role("button", name=theme).click()
        assert findings(page) == []
    page.get_by_role("button", name="Generate").click()
    card = page.get_by_role("article")
    expect(card.get_by_role("heading")).to_have_text("a fox <lora:watercolour:0.8>")
    expect(card).to_contain_text("done in")
    page.goto(f"{site.url}/advanced/?prompt=a+fox+<lora:snow:-0.5>")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("a fox")
    expect(page.get_by_role("slider", name="snow")).to_have_value("-0.5")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("spinbutton", name="snow")).to_have_value("0")


def test_on_a_phone_the_sliders_fit_and_can_be_hit(new_site: Callable[..., Site], visit: Visit) -> None:
    site = new_site()
    folder = site.data / "models" / "lora"
    folder.mkdir(parents=True)
    for name in ("ink", "a_name_that_is_far_too_long_for_a_phone_v2_final_pruned"):
        (folder / f"{name}.safetensors").touch()
    site.start().wait_ready()
    page = visit(site.url + "/advanced/", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    expect(page.get_by_role("group", name="LoRA files")).to_be_visible()
    assert (page.evaluate(SMALL), page.evaluate(WIDER)) == ([], False)
