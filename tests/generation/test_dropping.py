"""A picture that somebody brings fills in the form, and a line says where from."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from generation import status
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from library import png
from playground.middleware import LONGEST_BODY
from tests.library.files import a_file, comment, exif, with_exif
from tests.library.test_comfyui import GRAPH
from tests.library.test_infotext import EXAMPLE
from tests.library.test_invokeai import INVOKE
from tests.library.test_original import with_metadata
from tests.library.test_png import NOT_OURS, RECIPE, a_picture, saved_as
from tests.library.test_settings_of import ITXT, a_png, holding
from tests.pages import EVIL, browser, elements

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NAMED = {"width": 64, "height": 64, "steps": 20, "guidance_scale": 4.0, "sampler": "DDIM"}


@pytest.fixture(autouse=True)
def model(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    status.current()  # forgets the workers of other tests
    Worker.objects.create(host="here", pid=1, state="ready", model="tiny", model_defaults=NAMED)


@pytest.fixture
def client() -> Client:
    return browser()


def drop(client: Client, data: bytes | None, name: str = "fox.png", headers: Any = HTMX, **fields: Any) -> Any:
    files = {} if data is None else {"picture": SimpleUploadedFile(name, data)}
    return client.post("/settings/", {**fields, **files}, headers=headers)


def ours(**changes: Any) -> bytes:
    return png.encode(a_picture(), {**RECIPE, **changes}, seed=77).data


def a1111(**changes: str) -> bytes:
    text = EXAMPLE
    for key, value in changes.items():
        text = re.sub(rf"{key.replace('_', ' ')}: [^,]+", f"{key.replace('_', ' ')}: {value}", text)
    return a_png(parameters=text)


def form_of(answer: Any, code: int = 200) -> dict[str, str]:
    """What the form in the answer would send, and `line`: what is said below it."""
    assert answer.status_code == code
    html = answer.content.decode().partition('id="composer"')[2].partition("</form>")[0]
    inputs = re.findall(r"<input (?![^>]*type=\"(?:checkbox|range)\")[^>]*>", html)
    pairs = [(re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in inputs]
    sent = {name[1]: unescape(value[1]) for name, value in pairs if name and value}
    prompt = re.search(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)
    line = re.search(r'<p class="(?:soft from|errors)"[^>]*>(.*?)</p>', html)
    assert prompt
    return {**sent, "prompt": unescape(prompt[1]), "line": unescape(line[1]) if line else ""}


def test_our_own_picture_fills_in_all_of_its_settings(client: Client) -> None:
    form = form_of(drop(client, ours(prompt="ein Füchschen", negative_prompt="fog, rain", eta=0.5, model="tiny")))
    del form["csrfmiddlewaretoken"], form["once"]
    assert form == {
        "prompt": "ein Füchschen",
        "negative_prompt": "fog, rain",
        "num_images": "3",
        "seed": "77",
        "width": "512",
        "height": "512",
        "guidance_scale": "7.5",
        "eta": "0.5",  # steps, sampler and factor are the defaults
        "line": "Settings from fox.png, made with tiny by Playground.",
    }


def test_what_the_picture_filled_in_is_what_is_asked_for(client: Client) -> None:
    recipe = {
        **RECIPE,
        "steps": 7,
        "sampler": "Euler a",
        "downsampling_factor": 4,
        "negative_prompt": "fog",
        "width": 64,
    }
    client.post("/jobs/", form_of(drop(client, ours(**recipe))))
    assert Job.objects.get().recipe == Recipe.from_dict({**recipe, "seed": 77, "model": ""})


@pytest.mark.parametrize("data", [a1111(), holding(ITXT)])
def test_the_picture_of_another_tool_fills_in_what_it_says(client: Client, data: bytes) -> None:
    form = form_of(drop(client, data, num_images="6", steps="99", eta="0.3"))
    assert form["prompt"].startswith("masterpiece, a red fox in snow")
    assert (form["negative_prompt"], form["seed"], form["sampler"]) == (
        "blurry, lowres",
        "965400086",
        "DPM++ 2M Karras",
    )
    assert (form["width"], form["guidance_scale"]) == ("512", "7.0")
    assert form["num_images"] == "6"  # which it does not say
    assert not {"steps", "eta"} & form.keys()  # what was there before is gone: 20 steps are the default
    assert form["line"] == (
        "Settings from fox.png, made with v1-5-pruned-emaonly by A1111 v1.10.1. The model in use is tiny."
    )


OTHERS = {
    "a1111.jpg": (with_exif("JPEG", exif(comment(EXAMPLE))), "v1-5-pruned-emaonly by A1111 v1.10.1"),
    "comfy.webp": (with_exif("WEBP", exif(Model=f"prompt:{json.dumps(GRAPH)}")), "v1-5-pruned-emaonly by ComfyUI"),
    "invoke.png": (a_png(invokeai_metadata=json.dumps(INVOKE)), "v1-5-pruned by InvokeAI 5.6.0"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_pictures_of_other_tools_and_formats_fill_in_too(client: Client, name: str) -> None:
    data, made = OTHERS[name]
    form = form_of(drop(client, data, name))
    assert "a red fox in snow" in form["prompt"]
    assert form["sampler"] == "DPM++ 2M Karras"
    assert form["width"] == "512"
    assert form["line"].startswith(f"Settings from {name}, made with {made}.")


def test_a_picture_of_the_original_playground_fills_in_too(client: Client) -> None:
    form = form_of(drop(client, with_metadata(a_file("PNG"), width=384, height=256)))
    assert form["line"] == "Settings from fox.png, made by the original playground."
    assert (form["prompt"], form["steps"], form["sampler"]) == ("ein Füchschen in snow", "40", "PLMS")
    assert (form["width"], form["height"], form["downsampling_factor"]) == ("384", "256", "4")


def test_what_was_painted_over_is_not_taken_over_and_it_is_said(client: Client) -> None:
    form = form_of(drop(client, ours(strength=7.5, source_url="https://example.org/fox.jpg")))
    assert form["line"] == (
        "Settings from fox.png, made with tiny by Playground. It was painted over another picture, which is not in it."
    )
    assert not {"strength", "source_url"} & form.keys()


def test_the_button_offers_the_three_formats(client: Client) -> None:
    assert 'name="picture" id="id_picture" accept="image/png,image/jpeg,image/webp"' in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence", "missing"),
    [
        ({"Sampler": "DPM++ SDE", "Schedule_type": "Automatic"}, "Its sampler DPM++ SDE is not here; the", "sampler"),
        ({"Size": "4096x4096"}, "Its size, 4096 × 4096 px, is not possible here; the default is used.", "width"),
        ({"Size": "1024x1032"}, "Its size, 1024 × 1032 px, is not possible here; the default is used.", "height"),
        ({"Size": "513x512"}, "Its size, 513 × 512 px, is not possible here; the default is used.", "width"),
        ({"Steps": "999"}, "Its steps 999 is not possible here; the default is used.", "steps"),
        ({"CFG_scale": "0"}, "Its guidance scale 0 is not possible here; the default is used.", "guidance_scale"),
        ({"Seed": "99999999999"}, "Its seed 99999999999 is not possible here.", None),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_over_is_said(client: Client, changes: Any, sentence: str, missing: str) -> None:
    form = form_of(drop(client, a1111(Model="tiny", **changes)))
    assert sentence in form["line"]
    assert missing not in form
    assert form["negative_prompt"] == "blurry, lowres"


def test_a_sampler_without_its_schedule_is_better_than_another(client: Client) -> None:
    form = form_of(drop(client, a1111(Sampler="Euler A", Schedule_type="SGM Uniform")))
    assert form["sampler"] == "Euler a"
    assert "Its sampler Euler a SGM Uniform is not here; Euler a is used." in form["line"]


def test_all_that_is_wrong_at_once(client: Client) -> None:
    recipe = dict.fromkeys(RECIPE, "nonsense")
    form = form_of(drop(client, ours(**recipe, source_image="x")))
    assert form["prompt"] == "nonsense"
    assert {"width", "steps", "sampler", "eta"} & form.keys() == set()


def test_words_that_are_too_long_are_cut_and_it_is_said(client: Client) -> None:
    form = form_of(drop(client, a_png(parameters="x" * 3000)))
    assert form["prompt"] == "x" * 2000
    assert form["line"] == "Settings from fox.png. Its prompt is cut after 2,000 characters."


@pytest.mark.parametrize(
    ("count", "images", "note"), [(1, "3", "1 image became 3"), (7, "9", "7 images"), (9, "9", "")]
)
def test_images_come_in_threes(client: Client, count: int, images: str, note: str) -> None:
    for answer in (drop(client, ours(num_images=count)), client.get("/", {"num_images": count})):
        form = form_of(answer)
        assert form["num_images"] == images
        assert ("threes" in form["line"], note in form["line"]) == (bool(note), True)


def test_a_picture_without_words_leaves_those_that_are_there(client: Client) -> None:
    assert form_of(drop(client, ours(prompt=""), prompt="a crow"))["prompt"] == "a crow"


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (saved_as("GIF"), "fox.gif", "fox.gif is no PNG, JPEG or WebP."),
        (
            saved_as("PNG"),
            "fox.png",
            "There are no settings in fox.png: no tool that is known here wrote any, or they were taken out.",
        ),
        (a_png(workflow="{}"), "fox.png", "fox.png was made by ComfyUI, whose settings cannot be read here."),
        (b"", "fox.png", "fox.png is no PNG, JPEG or WebP."),
        (None, "", "Choose a picture first."),
        (b"x", f"{'x' * 200}.png", f"{'x' * 59}… is no PNG, JPEG or WebP."),
    ],
)
def test_a_file_that_does_not_help_gets_422_a_sentence_and_takes_nothing_away(
    client: Client, headers: Any, data: bytes | None, name: str, sentence: str
) -> None:
    typed = {"prompt": "a <b>crow</b>", "seed": "x", "num_images": "12", "steps": "9", "sampler": "Heun"}
    answer = drop(client, data, name, **typed, headers=headers)
    assert ("<html" in answer.content.decode()) == (not headers)
    form = form_of(answer, 422)
    assert sentence in form["line"]
    assert {name: form[name] for name in typed} == typed


@pytest.mark.parametrize("kind", NOT_OURS)
def test_no_file_breaks_the_page(client: Client, kind: str) -> None:
    assert drop(client, NOT_OURS[kind]).status_code in (200, 422)


def test_without_javascript_it_is_the_whole_page(client: Client) -> None:
    answer = drop(client, ours(), headers={})
    assert "<html" in answer.content.decode()
    assert form_of(answer)["seed"] == "77"
    again = client.get("/settings/")
    assert (again.status_code, again["Location"]) == (302, "/")


def test_the_line_is_announced(client: Client) -> None:
    html = drop(client, ours()).content.decode()
    assert '<div hx-swap-oob="innerHTML:#said">Settings from fox.png' in html


def test_whatever_a_file_says_stays_text(client: Client) -> None:
    def page(words: str) -> list[Any]:
        recipe = dict.fromkeys(("prompt", "negative_prompt", "model"), words)
        html = drop(client, ours(**recipe, sampler=words), f"{words}.png", headers={}).content.decode()
        return elements(html)

    assert page(EVIL) == page("harmless")


def test_a_large_picture_within_the_limit_is_taken(client: Client) -> None:
    data = ours()
    assert form_of(drop(client, data + bytes(LONGEST_BODY - len(data) - 10_000)))["seed"] == "77"
