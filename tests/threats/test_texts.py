"""A megabyte where a word belongs: every text has a length, and whoever sends more hears so at once."""

import time
from typing import Any

import pytest
from django import forms
from django.core.validators import MaxLengthValidator

from generation import admin, advanced_form, downloads_page
from generation import forms as recipes
from generation.models import Job, Pause
from people import forms as people
from tests.access import ROWS
from tests.world import World, everything

MODULES = (recipes, advanced_form, downloads_page, people, admin)
OURS = sorted(
    {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, forms.BaseForm) and kind.__module__ == module.__name__
    },
    key=str,
)
LONG = "x" * 10**6


def texts(form: type[forms.BaseForm]) -> dict[str, forms.Field]:
    """As the form has them when it is made: passwords get their lengths there."""
    made: Any = {people.JoinForm: people.JoinForm, people.PasswordForm: lambda: people.PasswordForm(None)}
    fields = made[form]().fields if form in made else form.base_fields  # type: ignore[attr-defined]
    return {name: field for name, field in fields.items() if type(field) in (forms.CharField, people.UsernameField)}


@pytest.mark.parametrize("form", OURS)
def test_cve_2024_11043_every_text_of_a_form_has_a_length(form: type[forms.BaseForm]) -> None:
    bounded = {
        name
        for name, field in texts(form).items()
        if any(isinstance(one, MaxLengthValidator) for one in field.validators)
    }
    assert bounded == texts(form).keys()


def test_there_are_texts_to_look_at() -> None:
    assert len([name for form in OURS for name in texts(form)]) > 15


FIELDS = """
prompt negative_prompt model sampler source_url source_image num_images seed steps username password password1 password2
old_password new_password1 new_password2 note days name scopes images next favourite prediction_type theme q
"""


@pytest.mark.timeout(60)
def test_cve_2024_11043_what_is_too_long_is_answered_within_a_second_and_kept_nowhere(world: World) -> None:
    for route in (route for route, row in ROWS.items() if "POST" in row):
        started = time.thread_time()
        assert post(world, route, dict.fromkeys(FIELDS.split(), LONG[:60_000])) < 500
        assert time.thread_time() - started < 1, route
    for name, rows in everything().items():
        assert [value for row in rows for value in row.values() if len(str(value)) > 5000] == [], name


def post(world: World, route: str, sent: dict[str, Any]) -> int:
    world.client.force_login(world.people["owner"])
    address = world.address(route, looks=False)
    if address.startswith(("/api/", "/prompt", "/deleteimage")):
        return int(world.client.post(address, sent, content_type="application/json").status_code)
    return int(world.client.post(address, sent).status_code)


@pytest.mark.parametrize("field", ["prompt", "negative_prompt", "model", "source_url"])
def test_cve_2024_11043_the_api_says_which_text_is_too_long(world: World, field: str) -> None:
    answer = world.client.post(
        "/api/v1/jobs", {"prompt": "a fox", field: LONG[:900_000]}, content_type="application/json"
    )
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{field}: ")
    assert len(answer.content) < 1000
    assert Job.objects.count() == 1


PAGES = "/ /advanced/ /library/ /trash/ /promise/ /queue/ /status/ /getlibrary /api/v1/images"
QUESTIONS = "q prompt since before v model steps settings_of limit after"
ENDLESS = ("x", "9", "a ", '"', "-", "words:", "\u0301")


@pytest.mark.parametrize("address", PAGES.split())
def test_cve_2024_11043_a_question_without_end_is_answered_within_a_second(world: World, address: str) -> None:
    """The web server takes 8190 bytes of address; what is behind it bears more."""
    for text in ENDLESS:
        started = time.thread_time()
        answer = world.client.get(address, dict.fromkeys(QUESTIONS.split(), text * (20_000 // len(text))))
        assert time.thread_time() - started < 1, text
        assert answer.status_code in (200, 204, 422), text


def test_a_reason_for_a_pause_is_two_hundred_characters(world: World) -> None:
    world.client.force_login(world.people["owner"])
    sent = {"action": "pause", "reason": LONG[:100_000], "_selected_action": ["1"], "select_across": "1"}
    assert world.client.post("/admin/generation/worker/", sent).status_code < 500
    assert max((len(pause.reason) for pause in Pause.objects.all()), default=0) <= 200
