"""What people are promised before they send, what a job keeps of it, and pictures made again."""

import uuid
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image as Pillow
from pytest_django import Settings

from generation import queue, status
from generation.engine.recipe import Recipe
from generation.models import Job, KnownModel, Worker
from generation.templatetags.times import duration
from library import png
from library.models import Batch, Image
from tests.pages import browser

pytestmark = pytest.mark.django_db
RECIPE = Recipe(prompt="a ship", seed=1, width=64, height=64)


@pytest.fixture(autouse=True)
def fresh(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    status.current()  # forgets the workers of other tests


@pytest.fixture
def client() -> Client:
    return browser()


@pytest.fixture
def image() -> Image:
    """The fifth of seven pictures made in threes."""
    recipe = {**RECIPE.to_dict(), "num_images": 7}
    batch = Batch.objects.start(uuid.uuid4(), recipe=recipe, visitor="")
    encoded = png.encode(Pillow.effect_noise((16, 16), 90), recipe, seed=5, group={"first": 4, "size": 3})
    return Image.objects.store(encoded, batch=batch, position=5)


def promise(client: Client, **settings: object) -> str:
    return str(client.get("/promise/", {"width": 64, "height": 64, **settings}).content.decode().strip())


def test_a_job_keeps_what_its_sender_was_promised(client: Client) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=0.5)
    queue.submit(RECIPE)
    promised = promise(client, num_images=6)
    client.post("/jobs/", {"prompt": "a fox", "num_images": 6, "width": 64, "height": 64})
    [ahead, place] = queue.places()
    job = Job.objects.latest("pk")
    assert job.promised == place.seconds > (ahead.seconds or 0)
    assert promised == f"about {duration(job.promised)}, 1 ahead of you"


def test_a_long_wait_is_promised_by_the_clock(client: Client) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=99.0)
    assert promise(client, num_images=30, steps=250).startswith("at about ")


@pytest.mark.parametrize("nonsense", [{"num_images": "7"}, {"steps": "x"}, {"width": "9" * 99}, {"sampler": "\0"}])
def test_nonsense_is_promised_nothing(client: Client, nonsense: dict[str, str]) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=0.5)
    assert promise(client, **nonsense) == ""


def test_making_a_picture_again_asks_for_its_group(client: Client, image: Image) -> None:
    answer = client.post(f"/images/{image.uuid}/again/")
    again = Job.objects.latest("pk")
    assert answer["Location"] == f"/jobs/{again.uuid}/"
    assert (again.remake_of, again.group_size) == (image.uuid, 3)
    assert (again.recipe.seed, again.recipe.num_images) == (4, 3)
    assert client.get(f"/images/{image.uuid}/again/").status_code == 405


def test_a_deleted_picture_cannot_be_made_again(client: Client, image: Image) -> None:
    Image.objects.update(deleted=image.created)
    assert client.post(f"/images/{image.uuid}/again/").status_code == 404


def test_a_picture_is_made_again_with_its_own_model_where_that_is_here(client: Client, image: Image) -> None:
    KnownModel.objects.create(path="/big", name="big")
    Batch.objects.update(recipe={**image.batch.recipe, "model": "big"}, model="big")
    client.post(f"/images/{image.uuid}/again/")
    again = Job.objects.latest("pk")
    assert (again.recipe.model, again.note) == ("big", "")


def test_where_its_model_is_gone_the_job_says_so(client: Client, image: Image) -> None:
    Batch.objects.update(recipe={**image.batch.recipe, "model": "big"}, model="big")
    page = client.post(f"/images/{image.uuid}/again/", follow=True).content.decode()
    again = Job.objects.latest("pk")
    assert again.recipe.model == ""
    assert again.note == "The model big is not here any more: another one makes this, so it will differ."
    assert again.note in page
