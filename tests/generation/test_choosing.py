"""A request names a model: what the pages show, carry and fill in for it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from generation import status
from generation.advanced_form import AdvancedForm
from generation.choosing import followed
from generation.models import Job, KnownModel, Worker
from tests.generation.test_dropping import HTMX, drop, form_of, ours
from tests.pages import EVIL, browser, elements

pytestmark = pytest.mark.django_db

SMALL = {"width": 512, "height": 512, "steps": 20, "guidance_scale": 7.5, "sampler": "DDIM"}
LARGE = {"width": 1024, "height": 1024, "steps": 30, "guidance_scale": 5.0, "sampler": "Euler"}


@pytest.fixture(autouse=True)
def models() -> None:
    """`small`, the default, and `large`."""
    status.current()  # forgets the workers of other tests
    a_model("small", SMALL, place=0)
    a_model("large", LARGE, place=1, words="The finest details.")
    Worker.objects.create(host="here", pid=1, state="ready", model="small", model_defaults=SMALL, loaded=["small"])


def a_model(name: str, defaults: dict[str, Any], **fields: Any) -> KnownModel:
    return KnownModel.objects.create(path=f"/models/{name}", name=name, defaults=defaults, **fields)


@pytest.fixture
def client() -> Client:
    return browser()


def text(answer: Any, code: int = 200) -> str:
    assert answer.status_code == code
    return str(answer.content.decode())


# The advanced page


def test_the_models_are_there_to_choose_from_the_default_first(client: Client) -> None:
    html = text(client.get("/advanced/"))
    assert '<option value="" selected>small (default)</option><option value="large">large</option>' in html


def test_with_one_model_there_is_no_control(client: Client) -> None:
    KnownModel.objects.filter(name="large").update(problem="large cannot be read: it is torn.")
    assert 'name="model"' not in text(client.get("/advanced/"))


def test_the_settings_are_those_of_the_model_in_the_address(client: Client) -> None:
    html = text(client.get("/advanced/?model=large"))
    assert '<option value="large" selected>' in html
    assert 'data-default="30"' in html
    assert "default: Euler" in html
    assert "1024 × 1024 px" in html
    assert "The finest details." in html


def test_a_model_that_is_chosen_brings_its_defaults_and_leaves_what_was_changed(client: Client) -> None:
    sent = {"prompt": "a fox", "model": "large", "shown_model": "", "choose": "1"}
    posted = {**sent, **{name: str(value) for name, value in SMALL.items()}, "steps": "7", "seed": "5"}
    for headers in ({}, HTMX):
        form = form_of_advanced(client.post("/advanced/", posted, headers=headers))
        assert (form["width"], form["height"], form["guidance_scale"], form["steps"]) == ("1024", "1024", "5.0", "7")
        assert (form["seed"], form["shown_model"]) == ("5", "large")
    assert not Job.objects.exists()


def form_of_advanced(answer: Any) -> dict[str, str]:
    html = text(answer)
    return dict(re.findall(r'<input type="(?:number|hidden|text)"[^>]* name="(\w+)"[^>]* value="([^"]*)"', html))


def test_what_is_sent_without_javascript_right_after_another_model_was_chosen_follows_it_too(client: Client) -> None:
    posted = {"prompt": "a fox", "model": "large", "shown_model": "", **{name: str(SMALL[name]) for name in SMALL}}
    client.post("/advanced/", posted)
    recipe = Job.objects.get().recipe
    assert (recipe.model, recipe.width, recipe.steps, recipe.sampler) == ("large", 1024, 30, "Euler")


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"model": "large", "shown_model": "", "steps": "20"}, False),
        ({"model": "large", "shown_model": "", "steps": "21"}, True),
        ({"model": "large", "shown_model": "large", "steps": "20"}, True),
        ({"model": "", "shown_model": "large", "steps": "30"}, False),
        ({"model": "large", "steps": "20"}, True),
        ({"model": "nowhere", "shown_model": "", "steps": "20.0"}, False),
        ({"model": "large", "shown_model": "", "steps": EVIL}, True),
    ],
)
def test_only_what_the_model_before_meant_gives_way(values: dict[str, str], kept: bool) -> None:
    assert ("steps" in followed(values)) == kept


def test_the_promise_and_the_size_follow_the_model(client: Client) -> None:
    told = text(client.get("/promise/", {"all": "1", "model": "large"}))
    assert "1024 × 1024 px" in told
    assert "30 steps" in told


def test_a_model_that_is_not_there_is_said_on_the_page_and_refused_when_sent(client: Client) -> None:
    assert "The model in use is small." in text(client.get("/advanced/?model=gone"))
    html = text(client.post("/advanced/", {"prompt": "a fox", "model": "gone"}), 422)
    assert "There is no model gone. There are small, large." in html
    assert not Job.objects.exists()


def test_least_and_longest_sides_are_those_of_the_chosen_model(settings: Settings) -> None:
    a_model("tiny", {"width": 64, "height": 64})
    assert AdvancedForm(initial={"model": "tiny"}).least_side == 64
    assert AdvancedForm(initial={"model": "large"}).least_side == 256


def test_no_name_becomes_markup(client: Client) -> None:
    a_model("harmless", {})
    harmless = elements(text(client.get("/advanced/")))
    KnownModel.objects.filter(name="harmless").update(name=EVIL, words=EVIL)
    assert elements(text(client.get("/advanced/"))) == harmless
    assert client.get("/advanced/", {"model": EVIL}).status_code == 200
    assert client.get("/advanced/", {"model": "\0" * 9}).status_code == 200


# The home page


def test_the_home_page_carries_the_model_and_what_differs_from_its_defaults(client: Client) -> None:
    html = text(client.get("/", {"model": "large", "width": "1024", "steps": "12"}))
    assert "large · 12 steps" in html
    form = form_of(client.get("/", {"model": "large", "width": "1024", "steps": "12"}))
    assert (form["model"], form["steps"], "width" in form) == ("large", "12", False)
    client.post("/jobs/", {**form, "prompt": "a fox"})
    recipe = Job.objects.get().recipe
    assert (recipe.model, recipe.width, recipe.steps) == ("large", 1024, 12)


def test_the_default_is_not_carried(client: Client) -> None:
    assert "data-reset" not in text(client.get("/", {"model": "small"}))


def test_a_model_that_is_gone_is_told_and_the_default_used(client: Client) -> None:
    form = form_of(client.get("/", {"model": "gone", "steps": "20"}))
    assert "The model in use is small." in form["line"]
    assert "model" not in form


def test_a_picture_that_is_dropped_chooses_its_model_where_it_is_here(client: Client) -> None:
    form = form_of(drop(client, ours(model="large")))
    assert form["model"] == "large"
    assert "The model in use" not in form["line"]
    for name, line in (("small", False), ("other", True)):
        form = form_of(drop(client, ours(model=name)))
        assert "model" not in form
        assert ("The model in use is small." in form["line"]) == line


@pytest.mark.parametrize("name", ["large.safetensors", "LARGE", "Large.ckpt"])
def test_other_tools_write_the_name_in_their_own_way(client: Client, name: str) -> None:
    assert form_of(drop(client, ours(model=name)))["model"] == "large"


def test_while_its_model_is_loaded_a_job_s_card_says_so_and_how_long_it_will_take(client: Client) -> None:
    client.post("/jobs/", {"prompt": "a fox", "model": "large"})
    worker, job = Worker.objects.get(), Job.objects.get()
    Job.objects.update(state="running", worker=worker)
    card = f"/jobs/{job.uuid}/card/"
    before = text(client.get(card)).partition(f'hx-get="{card}')[2].partition('"')[0]
    assert client.get(card + before).status_code == 204
    Worker.objects.update(loading="large", ready_by=timezone.now() + timedelta(seconds=40), state="generating", speed=1)
    html = text(client.get(card + before))
    words = " ".join(html.partition('<p class="words">')[2].partition("</p>")[0].split())
    assert words.startswith("loading large · <span")
    assert words.endswith("</span> left")
    line = text(client.get("/status/"))
    assert "Loading large, about " in line
    Worker.objects.update(loading="", ready_by=None)
    assert "loading" not in text(client.get(card))


def test_a_failed_job_is_tried_again_with_its_model(client: Client) -> None:
    client.post("/jobs/", {"prompt": "a fox", "model": "large"})
    Job.objects.update(state="failed", error="x")
    assert '<input type="hidden" name="model" value="large">' in text(client.get("/"))
