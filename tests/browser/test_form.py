"""The prompt's form: one job for each wish, the seed, and what is wrong beside its field."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import ask_for, seed_of
from tests.site import Site

Visit = Callable[..., Page]


@pytest.fixture
def page(idle_site: Site, visit: Visit) -> Page:
    return visit(idle_site.url)


def test_one_prompt_after_another_can_be_sent_from_one_page(page: Page) -> None:
    for prompt in ("a fox", "a crow", "an owl"):
        ask_for(page, prompt)
    expect(page.get_by_role("article")).to_contain_text(["an owl", "a crow", "a fox"])
    expect(page.get_by_role("button", name="Generate")).to_be_focused()
    page.reload()
    expect(page.get_by_role("article")).to_contain_text(["an owl", "a crow", "a fox"])


def test_a_double_click_makes_one_job(page: Page) -> None:
    page.get_by_label("Prompt").fill("a fox")
    page.get_by_role("button", name="Generate").dblclick(delay=60)
    expect(page.get_by_role("article")).to_have_count(1)
    ask_for(page, "a crow")
    expect(page.get_by_role("article")).to_contain_text(["a crow", "a fox"])


def test_control_enter_sends_the_prompt_and_what_is_typed_next_stays(page: Page) -> None:
    prompt = page.get_by_label("Prompt")
    prompt.fill("a fox")
    prompt.press("Control+Enter")
    prompt.press("End")
    prompt.press_sequentially(" with a hat")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(prompt).to_be_focused()
    expect(prompt).to_have_value("a fox with a hat")


def test_enter_in_the_seeds_box_sends_the_form_and_does_not_roll_the_die(page: Page) -> None:
    page.get_by_label("Prompt").fill("a fox")
    seed_of(page).fill("7")
    page.get_by_role("checkbox", name="Keep the seed").check()
    seed_of(page).press("Enter")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(seed_of(page)).to_have_value("7")


def test_a_seed_is_for_one_job_unless_it_is_locked(page: Page) -> None:
    page.get_by_role("button", name="Roll a seed").click()
    expect(seed_of(page)).to_have_value(re.compile(r"^\d+$"))
    ask_for(page, "a fox")
    expect(seed_of(page)).to_have_value("")

    page.get_by_role("checkbox", name="Keep the seed").check()
    ask_for(page, "a crow")
    expect(seed_of(page)).to_have_value(re.compile(r"^\d+$"))
    rolled = seed_of(page).input_value()
    ask_for(page, "an owl")
    expect(page.get_by_role("article")).to_have_count(3)
    expect(seed_of(page)).to_have_value(rolled)


def test_a_seed_typed_while_the_answer_is_on_its_way_stays(page: Page) -> None:
    page.route("**/jobs/", lambda route: (seed_of(page).fill("99"), route.continue_()))
    seed_of(page).fill("7")
    ask_for(page, "a fox")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(seed_of(page)).to_have_value("99")


def test_slider_and_number_are_one(page: Page) -> None:
    number, slider = page.get_by_role("spinbutton", name="Images"), page.get_by_role("slider", name="Images")
    slider.fill("21")
    expect(number).to_have_value("21")
    number.fill("9")
    expect(slider).to_have_value("9")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("Prompt", "   ", "Write what you want to see."),
        ("Seed", "many", "A seed is a whole number."),
        ("Seed", "4294967296", "The highest seed is 4294967295."),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    page: Page, complaints: list[str], name: str, value: str, sentence: str
) -> None:
    page.get_by_label("Prompt").fill("a fox")
    field = page.get_by_role("textbox", name=name)
    field.fill(value)
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text(sentence)).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(sentence)
    expect(page.get_by_role("article")).to_have_count(0)

    field.fill("7")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("article")).to_have_count(1)
    assert "422" in complaints.pop()  # the browser names every such answer


def test_what_the_site_refuses_is_said_until_the_next_thing_is_done(page: Page, complaints: list[str]) -> None:
    token = page.locator("#composer [name=csrfmiddlewaretoken]")
    right = token.input_value()
    token.evaluate("field => { field.value = 'x' }")
    page.get_by_label("Prompt").fill("a fox")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("alert")).to_contain_text("Reload it and try again.")
    token.evaluate("(field, right) => { field.value = right }", right)
    ask_for(page, "a fox")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert all("403" in complaint for complaint in complaints)
    complaints.clear()
