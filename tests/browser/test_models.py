"""Choosing a model, by hand, by keyboard and without JavaScript, and what staff says of one."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.site import Site

Visit = Callable[..., Page]

MODELS = """
from django.contrib.auth.models import User
from generation.models import KnownModel
small = {"width": 512, "height": 512, "steps": 20, "sampler": "DDIM"}
large = {"width": 1024, "height": 1024, "steps": 30, "sampler": "Euler"}
KnownModel.objects.create(path="small", name="small", place=0, defaults=small,
                          family="Stable Diffusion 1", sha256="a" * 64)
KnownModel.objects.create(path="large", name="large", place=1, defaults=large, family="Stable Diffusion 2",
                          prediction_type="epsilon", is_told=True, words="The finest details.", sha256="b" * 64)
User.objects.create_superuser("ann", "", "a long walk home")
"""


@pytest.fixture
def site(idle_site: Site) -> Iterator[Site]:
    made = idle_site.command("shell", "--verbosity", "0", "--command", MODELS)
    assert made.returncode == 0, made.stderr
    yield idle_site
    with idle_site.database() as connection:
        for table in ("generation_knownmodel", "django_admin_log", "auth_user"):
            connection.execute(f"DELETE FROM {table}")
        connection.commit()


def test_a_chosen_model_brings_its_settings_and_what_was_typed_stays(site: Site, visit: Visit) -> None:
    page = visit(site.url + "/advanced/")
    page.get_by_label("Prompt").fill("a fox")
    page.get_by_label("Without").fill("snow")
    page.get_by_role("spinbutton", name="Steps").fill("7")
    page.get_by_label("Name").focus()
    page.get_by_label("Name").select_option("large")
    expect(page.get_by_role("spinbutton", name="Width")).to_have_value("1024")
    expect(page.get_by_label("Sampler")).to_contain_text("default: Euler")
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("7")
    expect(page.get_by_label("Prompt")).to_have_value("a fox")
    expect(page.get_by_label("Without")).to_have_value("snow")
    expect(page.get_by_text("The finest details.")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.locator(".setting.changed")).to_have_count(2)  # the model and the steps
    page.get_by_role("button", name="Generate").click()
    page.get_by_role("article").get_by_role("link", name="a fox").click()
    expect(page.get_by_text("7 steps Euler")).to_be_visible()
    expect(page.locator(".meta")).to_contain_text("large")


def test_without_javascript_a_button_shows_the_settings_of_the_chosen_model(site: Site, visit: Visit) -> None:
    page = visit(site.url + "/advanced/", java_script_enabled=False)
    page.get_by_label("Prompt").fill("a fox")
    page.get_by_label("Name").select_option("large")
    page.get_by_role("button", name="Show its settings").click()
    expect(page.get_by_role("spinbutton", name="Width")).to_have_value("1024")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".meta")).to_contain_text("1024 × 1024")
    expect(page.locator(".meta")).to_contain_text("large")


def test_from_the_models_page_to_a_prompt_that_names_one(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    page.get_by_role("link", name="Models").click()
    page.get_by_role("article").filter(has_text="large").get_by_role("link", name="Make pictures").click()
    expect(page.locator("#carried")).to_contain_text("large")
    page.get_by_label("Prompt").fill("a fox")
    page.get_by_role("button", name="Generate").click()
    page.get_by_role("article").get_by_role("link", name="a fox").click()
    expect(page.locator(".meta")).to_contain_text("30 steps Euler")


def test_staff_says_what_a_model_predicts(site: Site, visit: Visit) -> None:
    page = visit(site.url + "/models/")
    expect(page.get_by_label("What it predicts")).to_have_count(0)
    page.goto(site.url + "/admin/login/?next=/models/")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("a long walk home")
    page.get_by_role("button", name="Sign in").click()
    large = page.get_by_role("article").filter(has_text="large")
    large.get_by_label("What it predicts").select_option("v_prediction")
    large.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("/models/$"))
    expect(large.get_by_label("What it predicts")).to_have_value("v_prediction")
    [row] = site.rows("SELECT prediction_chosen FROM generation_knownmodel WHERE name = 'large'")
    assert row["prediction_chosen"] == "v_prediction"
