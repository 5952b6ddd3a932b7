"""The page with all settings."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from pytest_django import Settings

from generation import defaults, status
from generation.advanced_form import AdvancedForm
from generation.limits import MEMORY, OWNER
from generation.models import Job, Worker
from tests.pages import EVIL, browser, elements

pytestmark = pytest.mark.django_db

ALL = {
    "prompt": "a fox", "negative_prompt": "snow", "num_images": "5", "seed": "42", "width": "256", "height": "320",
    "steps": "7", "guidance_scale": "3.5", "eta": "0.5", "sampler": "DDIM", "downsampling_factor": "4",
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh() -> None:
    status.current()  # forgets the workers of other tests


@pytest.fixture
def client() -> Client:
    return browser()


def a_worker(**fields: Any) -> Worker:
    return Worker.objects.create(host="here", pid=1, state="ready", **fields)


def text(answer: Any, code: int = 200) -> str:
    assert answer.status_code == code
    return str(answer.content.decode())


def test_every_setting_is_sent_as_it_is_given(client: Client) -> None:
    answer = client.post("/advanced/", ALL)
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.uuid}/"
    sent = {name: str(value) for name, value in job.recipe_data.items() if name in ALL}
    assert sent == ALL


def test_to_htmx_it_answers_with_the_jobs_card(client: Client) -> None:
    answer = client.post("/advanced/", ALL, headers={"HX-Request": "true"})
    assert f'id="job-{Job.objects.get().uuid}"' in text(answer)
    assert "queue-changed" in answer["HX-Trigger"]


def test_the_address_fills_the_form(client: Client) -> None:
    html = text(client.get("/advanced/", {**ALL, "seed": "9"}))
    for shown in (">snow</textarea>", 'value="7"', 'value="3.5"', 'value="9"', '<option value="DDIM" selected>'):
        assert shown in html
    assert "512 × 640 px" in html  # 256 x 320 by the factor 4


@pytest.mark.parametrize("seed", ["0", ""])
def test_a_seed_of_nought_or_nothing_is_random(client: Client, seed: str) -> None:
    for _ in range(2):
        client.post("/advanced/", {**ALL, "seed": seed})
    first, second = (job.recipe.seed for job in Job.objects.all())
    assert first != second


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"prompt": ""}, "Write what you want to see."),
        ({"num_images": "31"}, "less than or equal to 30"),
        ({"steps": "0"}, "greater than or equal to 1"),
        ({"width": "1024", "height": "1024", "downsampling_factor": "2"}, "more than can be asked for until a worker"),
        ({"sampler": "best"}, "The samplers are PLMS"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client: Client, wrong: dict[str, str], sentence: str) -> None:
    html = text(client.post("/advanced/", {**ALL, **wrong}), 422)
    assert sentence in html
    assert ">snow</textarea>" in html
    assert not Job.objects.exists()
    fragment = client.post("/advanced/", {**ALL, **wrong}, headers={"HX-Request": "true"})
    assert text(fragment, 422).startswith("<form")
    assert fragment["HX-Retarget"] == "#composer"


def test_a_reset_keeps_the_words(client: Client) -> None:
    html = text(client.post("/advanced/", {**ALL, "reset": "1"}))
    assert ">a fox</textarea>" in html
    assert ">snow</textarea>" in html
    assert 'value="7"' not in html
    assert not Job.objects.exists()


def test_it_tells_what_would_come_out_and_when(client: Client) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=0.5)
    told = text(client.get("/promise/", {**ALL, "all": "1"}))
    assert "512 × 640 px" in told
    assert "7 steps" in told
    assert "about " in told
    wrong = text(client.get("/promise/", {**ALL, "all": "1", "steps": "900"}))
    assert "less than or equal to 250" in wrong


def test_factors_that_are_too_large_here_cannot_be_chosen_and_say_why(client: Client, settings: Settings) -> None:
    worker = a_worker(max_pixels=512 * 512)
    factors = AdvancedForm(initial={"width": "512", "height": "512"}).factors
    assert [(one.factor, one.hindrance) for one in factors] == [(2, MEMORY), (4, MEMORY), (8, ""), (16, "")]
    html = text(client.get("/advanced/?width=512&height=512"))
    assert f'<option value="4" disabled>4: 1024 × 1024 px, {escape(MEMORY)}</option>' in html
    assert f"Beyond 262,144 px in all it is {escape(MEMORY)}." in html
    settings.PLAYGROUND_MAX_PIXELS = 1024 * 1024
    html = text(client.get("/advanced/?width=512&height=512"))
    assert '<option value="4">4: 1024 × 1024 px</option>' in html
    assert f'<option value="2" disabled>2: 2048 × 2048 px, {OWNER}</option>' in html
    worker.delete()
    assert f"Beyond 1,048,576 px in all it is {OWNER}." in text(client.get("/advanced/"))


def test_a_factor_that_is_chosen_although_it_is_too_large_is_sent_and_refused(client: Client) -> None:
    a_worker(max_pixels=512 * 512)
    answer = client.post("/advanced/", {"prompt": "x", "width": "512", "height": "512", "downsampling_factor": "2"})
    html = text(answer, 422)
    assert f'<option value="2" selected>2: 2048 × 2048 px, {escape(MEMORY)}</option>' in html
    assert f"2048 × 2048 px is {escape(MEMORY)} (262,144 px in all)." in html


@pytest.mark.parametrize(
    ("model_defaults", "max_pixels", "longest"),
    [
        ({"width": 512, "height": 512}, 2**31 - 1, 1024),
        ({"width": 512, "height": 512}, 512 * 512, 1024),
        ({"width": 256, "height": 256}, 256 * 256, 256),
        ({"width": 256, "height": 256}, 256 * 300, 288),
        ({"width": 1536, "height": 512}, 2048 * 2048, 1536),
    ],
)
def test_the_sides_end_where_nothing_fits_any_more(
    client: Client, model_defaults: dict[str, int], max_pixels: int, longest: int
) -> None:
    a_worker(model="sd", model_defaults=model_defaults, max_pixels=max_pixels)
    assert AdvancedForm().longest_side == longest
    assert f'max="{longest}" step="32" value="{model_defaults["width"]}"' in text(client.get("/advanced/"))


def test_the_sides_follow_the_models_own_size(client: Client) -> None:
    assert (AdvancedForm().least_side, AdvancedForm().longest_side) == (64, 1024)  # the demo model's are 128
    Worker.objects.create(host="here", pid=1, state="ready", model="sd", model_defaults={"width": 512, "height": 512})
    assert AdvancedForm().least_side == 256


SLIDERS = {
    "num_images": ("1", "30", "1", "3"),
    "width": ("256", "1024", "32", "512"),
    "height": ("256", "1024", "32", "512"),
    "steps": ("1", "250", "1", "50"),
    "guidance_scale": ("1", "20", "0.1", "7.5"),
    "strength_percent": ("0.1", "100", "0.1", "75"),
    "eta": ("0", "1", "0.05", "0"),
}
"""Name -> least, most, step and default."""


def test_sliders_and_their_boxes_go_as_far_and_in_the_same_steps(client: Client) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", model="sd", model_defaults={"width": 512, "height": 512})
    html = text(client.get("/advanced/"))
    for name, bounds in SLIDERS.items():
        inputs = [tag for tag in re.findall(r"<input[^>]*>", html) if f'"id_{name}"' in tag]
        assert [re.findall(r'(?:min|max|step|value)="([^"]*)"', tag) for tag in inputs] == [list(bounds)] * 2


def test_the_samplers_have_the_names_that_people_know(client: Client) -> None:
    names = re.findall(r'<option value="([^"]*)"', text(client.get("/advanced/")).partition('name="sampler"')[2])
    known = ("PLMS", "DDIM", "Euler", "Euler a", "Heun", "DPM++ 2M", "DPM++ 2M Karras", "UniPC", "LCM")
    assert names == ["", *known]
    assert defaults.values({})["sampler"] == "PLMS"


@pytest.mark.parametrize(
    ("query", "usual"),
    [({}, "DPM++ 2M"), ({"source_url": "http://example.org/fox.png"}, "DDIM"), ({"sampler": "Heun"}, "DPM++ 2M")],
)
def test_the_usual_sampler_is_another_over_a_source(client: Client, query: dict[str, str], usual: str) -> None:
    html = text(client.get("/advanced/", query))
    assert f'<option value="">default: {usual}</option>' in html
    told = text(client.get("/promise/", {"all": "1", "steps": "9", "sampler": "", **query}))
    assert f"steps {query.get('sampler', usual)}<" in told


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_setting_becomes_markup(client: Client, name: str) -> None:
    harmless = elements(text(client.get("/advanced/", {**ALL, name: "harmless"})))
    assert elements(text(client.get("/advanced/", {**ALL, name: EVIL}))) == harmless
    assert client.post("/advanced/", {**ALL, name: "\0" + EVIL}).status_code in (302, 422)
