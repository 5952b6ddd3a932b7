"""Settings that the home page has no box for travel with its form."""

import re
from typing import Any

import pytest
from django.test import Client

from generation.models import Job, KnownModel
from tests.generation.test_dropping import HTMX, NAMED, client, drop, form_of, model
from tests.library.test_png import RECIPE
from tests.pages import EVIL

__all__ = ["client", "model"]  # fixtures
pytestmark = pytest.mark.django_db


def test_settings_in_the_address_are_carried_and_told(client: Client) -> None:
    given = {"steps": "30", "sampler": "Euler a", "width": "128", "negative_prompt": "blurry", "guidance_scale": "4.0"}
    html = client.get("/", given).content.decode()
    assert "30 steps · Euler a · 128 × 64 · without: blurry" in html
    form = form_of(client.get("/", given))
    assert {name: form.get(name) for name in given} == {**given, "guidance_scale": None}  # the default
    client.post("/jobs/", {**form, "prompt": "a fox"})
    assert Job.objects.get().recipe.steps == 30


def test_the_defaults_are_not_carried(client: Client) -> None:
    given = {**NAMED, "eta": "0", "downsampling_factor": "8", "negative_prompt": " "}
    assert "data-reset" not in client.get("/", given).content.decode()


def test_what_is_carried_outlives_an_error(client: Client) -> None:
    form = form_of(client.post("/jobs/", {"prompt": "", "steps": "30"}), 422)
    assert form["steps"] == "30"


@pytest.mark.parametrize("given", [{"steps": "-1"}, {"width": EVIL}, {"sampler": "\0"}, {"steps": "9" * 5000}])
def test_a_wrong_setting_in_the_address_is_said_and_the_default_is_used(client: Client, given: Any) -> None:
    form = form_of(client.get("/", {**given, "eta": "0.5"}))
    assert form["line"].startswith("Settings from the address. Its ")
    assert form["line"].endswith("the default is used.")
    assert client.post("/jobs/", {**form, "prompt": "a fox"}).status_code == 302
    assert Job.objects.get().recipe.eta == 0.5


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_reset_leaves_what_has_a_box(client: Client, headers: Any) -> None:
    typed = {"prompt": "a crow", "seed": "5", "num_images": "6"}
    form = form_of(drop(client, None, **typed, steps="30", eta="0.3", reset="1", headers=headers))
    assert {name: form[name] for name in typed} == typed
    assert not {"steps", "eta"} & form.keys()


def test_a_job_that_failed_is_tried_again_with_all_of_its_settings(client: Client) -> None:
    KnownModel.objects.create(path="/models/big", name="big")
    asked = {
        **RECIPE,
        "model": "big",
        "width": 64,
        "height": 128,
        "eta": 0.25,
        "sampler": "Euler a",
        "negative_prompt": "fog",
        "steps": 3,
    }
    client.post("/jobs/", asked)
    Job.objects.update(state="failed")
    card = client.get(f"/jobs/{Job.objects.get().uuid}/card/").content.decode()
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', card))
    client.post("/jobs/", again)
    first, second = Job.objects.order_by("pk")
    assert first.recipe == second.recipe
