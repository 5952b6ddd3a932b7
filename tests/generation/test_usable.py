"""A page's address fills its form: with what it says, and with the settings of a picture that it names."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from generation import status
from generation.advanced_form import AdvancedForm
from generation.models import Worker
from generation.usable import from_address
from library.models import Batch, Image
from tests.generation.test_dropping import NAMED, client, form_of
from tests.library.make import a_batch, an_image, trashed

__all__ = ["client"]  # a fixture
pytestmark = pytest.mark.django_db

ALL = {
    "negative_prompt": "snow", "num_images": 5, "seed": 41, "width": 128, "height": 64, "steps": 7,
    "guidance_scale": 3.25, "eta": 0.3, "sampler": "Euler a", "strength": 0.333,
}  # fmt: skip
ELSEWHERE = {
    "num_images": 99, "width": 500, "height": 333, "steps": 300,
    "guidance_scale": 30, "eta": "much", "sampler": "Restart", "strength": 7, "model": "dreamshaper_8.safetensors",
}  # fmt: skip
GONE = "That picture is not in the library any more."


@pytest.fixture(autouse=True)
def model(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    status.current()  # forgets the workers of other tests
    Worker.objects.create(host="here", pid=1, state="ready", model="tiny", model_defaults=NAMED)


def made_with(**recipe: Any) -> Image:
    """The second picture of a batch."""
    batch = a_batch("a fox in the snow")
    Batch.objects.filter(pk=batch.pk).update(recipe={**batch.recipe, **recipe})
    return Image.objects.select_related("batch").get(pk=an_image(batch, 2).pk)


def vary(image: Image, **query: str) -> Any:
    return from_address({"settings_of": str(image.uuid), "source_image": str(image.uuid), **query}, AdvancedForm)


def test_a_picture_is_varied_with_every_setting_and_itself_as_the_source(client: Client) -> None:
    image = made_with(**ALL)
    taken = vary(image)
    expected = {**ALL, "prompt": "a fox in the snow", "seed": 42, "source_image": str(image.uuid)}
    assert {name: value for name, value in taken.values.items() if name != "downsampling_factor"} == expected
    assert taken.line == "Settings from a-fox-in-the-snow-42.png, made with tiny."
    html = client.get(f"/advanced/?settings_of={image.uuid}&source_image={image.uuid}").content.decode()
    assert f'name="source_image" value="{image.uuid}" checked' in html
    for shown in ('value="3.25"', 'value="33.3"', '<option value="Euler a" selected>', taken.line):
        assert shown in html


def test_what_the_form_would_not_take_is_the_default_and_a_line_says_so(client: Client) -> None:
    image = made_with(**ELSEWHERE)
    taken = vary(image)
    assert taken.values == {"prompt": "a fox in the snow", "seed": 42, "source_image": str(image.uuid)}
    for told in (
        "made with dreamshaper_8.safetensors.", "The model in use is tiny.", "Its sampler Restart is not here",
        "Its size, 500 × 333 px, is", "Its number of images 99 is", "Its steps 300 is", "Its guidance scale 30 is",
    ):  # fmt: skip
        assert told in taken.line
    html = client.get(f"/advanced/?settings_of={image.uuid}&source_image={image.uuid}").content.decode()
    assert 'class="errors"' not in html
    assert "aria-invalid" not in html


def test_a_picture_that_says_nothing_can_be_varied() -> None:
    image = made_with()
    Batch.objects.update(recipe={}, words="a photo", origin="elsewhere")
    Image.objects.update(seed=None)
    taken = vary(image)
    assert taken.values == {"source_image": str(image.uuid)}
    assert taken.line == "a-photo-2.png does not say how it was made: the settings are the defaults."


def test_the_tool_that_made_it_is_named() -> None:
    image = made_with(**ALL)
    Batch.objects.update(origin="A1111 v1.10.1")
    assert vary(image).line.endswith("made with tiny by A1111 v1.10.1.")


def test_over_a_source_the_size_is_what_came_out() -> None:
    values = vary(made_with(width=64, height=32 * 4, downsampling_factor=4)).values
    assert (values["width"], values["height"], values["downsampling_factor"]) == (128, 256, 8)
    assert "width" not in vary(made_with(width=1024, height=1024, downsampling_factor=2)).values


def test_what_it_was_painted_over_itself_stays_behind() -> None:
    image = made_with(source_url="https://example.org/fox.png", source_image="9c55a5c5-2a4f-4a9b-8b0e-5d3a1f3c8f10")
    assert vary(image).values["source_image"] == str(image.uuid)
    assert not vary(image).values.keys() & {"source_url"}
    assert "source_image" not in from_address({"settings_of": str(image.uuid)}, AdvancedForm).values


def test_what_the_address_says_goes_over_what_the_picture_says() -> None:
    assert vary(made_with(**ALL), steps="9").values["steps"] == "9"


@pytest.mark.parametrize("path", ["/", "/advanced/"])
@pytest.mark.parametrize("key", ["9c55a5c5-2a4f-4a9b-8b0e-5d3a1f3c8f10", "no uuid", "\0"])
def test_a_picture_that_is_gone_is_said_and_the_rest_is_used(client: Client, path: str, key: str) -> None:
    form = form_of(client.get(path, {"settings_of": key, "prompt": "a crow"}))
    assert (form["prompt"], form["line"]) == ("a crow", GONE)


def test_a_deleted_picture_is_given_out_by_no_address(client: Client) -> None:
    image = trashed(made_with(**ALL))
    for key in (image.uuid, image.batch.uuid):
        assert from_address({"settings_of": str(key)}) == from_address({"settings_of": "x"})
    form = form_of(client.get("/advanced/", {"source_image": image.uuid}))
    assert (form["line"], form.get("source_image")) == (GONE, None)


def test_the_home_page_takes_the_settings_of_a_picture_and_of_a_batch(client: Client) -> None:
    image = made_with(**ALL)
    for key, seed, name in ((image.uuid, "42", image.download_name), (image.batch.uuid, "41", "“a fox in the snow”")):
        form = form_of(client.get("/", {"settings_of": key}))
        assert (form["prompt"], form["seed"], form["steps"], form["sampler"]) == (
            *("a fox in the snow", seed, "7", "Euler a"),
        )
        assert form["line"].startswith(f"Settings from {name}, made with tiny. 5 images became 6")


@pytest.mark.parametrize("page", ["/library/", "/library/{}/", "/library/{}/2/"])
def test_no_link_is_longer_than_a_web_server_reads_whatever_the_prompt_is(client: Client, page: str) -> None:
    image = an_image(a_batch("狐" * 2000, negative_prompt="雪" * 2000), 2)
    html = client.get(page.format(image.batch.uuid)).content.decode()
    links = re.findall(r'href="([^"]*settings_of[^"]*)"', html)
    assert links
    assert max(map(len, links)) < 200
