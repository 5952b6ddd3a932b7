"""Source pictures from the form to the finished batch."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Pillow
from pytest_django import Settings

from generation import queue, sources, status, tasks
from generation.models import Job
from generation.worker import WorkerProcess
from library.models import Batch, Image
from tests.library.make import a_batch, an_image
from tests.pages import browser
from tests.program import Program

pytestmark = pytest.mark.django_db(transaction=True)

SETTINGS = {"prompt": "a fox", "num_images": "2", "seed": "7", "width": "64", "height": "64", "steps": "4"}


@pytest.fixture(autouse=True)
def folders(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    settings.PLAYGROUND_CACHE = tmp_path / "cache"
    status.current()  # forgets the workers of other tests


@pytest.fixture
def client() -> Client:
    return browser()


def a_file(size: tuple[int, int] = (80, 40), name: str = "server.py") -> SimpleUploadedFile:
    file = io.BytesIO()
    Pillow.new("RGB", size, "red").save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), "image/png")


def send(client: Client, **fields: Any) -> Any:
    return client.post("/advanced/", {**SETTINGS, **fields})


def images_of(job: Job) -> list[Image]:
    return list(Image.objects.filter(batch__uuid=job.uuid).select_related("batch").order_by("position"))


def test_a_picture_from_this_device_is_painted_over(client: Client, process: WorkerProcess) -> None:
    assert send(client, source_file=a_file(), strength_percent="50", downsampling_factor="4").status_code == 302
    job = Job.objects.get()
    assert (job.recipe.strength, job.recipe.downsampling_factor, job.recipe.sampler) == (0.5, 8, "DDIM")
    [original] = images_of(job)
    with Pillow.open(original.path) as kept:
        assert (original.path.name, kept.size, kept.getpixel((0, 0))) == ("00-original.png", (64, 64), (0, 0, 0))
    tasks.generate_next()
    job.refresh_from_db()
    assert (job.state, job.error, job.steps) == ("done", "", 2)
    assert [image.name for image in images_of(job)] == ["00-original.png", "01.png", "02.png"]
    batch = Batch.objects.get(uuid=job.uuid)
    assert batch.model == batch.recipe["model"] == process.row.model  # though the batch is older than the work
    page = client.get(images_of(job)[0].page_url).content.decode()
    assert "not made by the model: somebody brought it to be painted over, and it belongs to whoever made it." in page
    assert images_of(job)[0].seed is None


def test_while_it_waits_the_library_does_not_show_it(client: Client) -> None:
    send(client, source_file=a_file())
    assert Batch.objects.count() == 1
    assert not Batch.objects.worth_showing().exists()
    assert "00-original" not in client.get("/library/").content.decode()


def test_a_picture_of_the_library_is_remembered_as_the_source(client: Client, process: WorkerProcess) -> None:
    image = an_image(a_batch("a ship"))
    page = client.get(f"/advanced/?source_image={image.uuid}&strength=0.3").content.decode()
    assert image.thumbnail_url in page
    assert 'value="30.0"' in page
    send(client, source_image=str(image.uuid))
    job = Job.objects.get()
    assert (job.recipe.strength, job.recipe.source_image) == (0.75, str(image.uuid))
    tasks.generate_next()
    assert Batch.objects.get(uuid=job.uuid).source == image
    assert "Painted over it" in client.get(image.page_url).content.decode()
    assert "taken from the library to be painted over" in client.get(images_of(job)[0].page_url).content.decode()
    assert client.get(images_of(job)[0].url).status_code == 200
    assert client.get(images_of(job)[0].download_url).status_code == 200


def test_so_little_strength_that_no_step_is_run_gives_the_source_back(client: Client, process: WorkerProcess) -> None:
    send(client, source_file=a_file(), strength_percent="0.1")
    tasks.generate_next()
    job = Job.objects.get()
    assert (job.state, len({image.pixels for image in images_of(job)[1:]})) == ("done", 1)


def test_a_picture_that_was_painted_over_another_is_made_again_from_the_same(
    client: Client, process: WorkerProcess
) -> None:
    send(client, source_file=a_file())
    tasks.generate_next()
    first = Job.objects.get()
    client.post(f"/images/{images_of(first)[1].uuid}/again/")
    tasks.generate_next()
    again = Job.objects.latest("pk")
    assert [image.pixels for image in images_of(again)] == [image.pixels for image in images_of(first)]
    assert client.post(f"/images/{images_of(first)[0].uuid}/again/").status_code == 404


def test_a_source_that_is_gone_fails_the_job_in_words(client: Client, process: WorkerProcess) -> None:
    send(client, source_file=a_file())
    job = Job.objects.get()
    images_of(job)[0].path.unlink()
    tasks.generate_next()
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", tasks.NO_SOURCE)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"source_file": SimpleUploadedFile("a.png", b"<html>")}, "That is no sound PNG, JPEG, WebP or GIF picture."),
        ({"source_url": "http://127.0.0.1:22/"}, "No picture could be fetched from this address."),
        ({"source_url": "http://127.0.0.1:9/"}, "No picture could be fetched from this address."),
        ({"source_url": "file:///etc/passwd"}, "This is no address that a picture can be fetched from"),
        ({"source_url": "library/../../etc/passwd"}, "This is no address that a picture can be fetched from"),
        ({"source_image": str(uuid4())}, "That picture is not in the library any more."),
        ({"source_image": "../../etc/passwd"}, "There is no such picture."),
        ({"source_file": a_file(), "strength_percent": "0"}, "greater than or equal to 0.1"),
    ],
)
def test_what_cannot_be_a_source_is_said_before_anything_is_queued(
    client: Client, fields: dict[str, Any], sentence: str
) -> None:
    answer = send(client, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Job.objects.exists()
    assert not Batch.objects.exists()


def test_a_deleted_picture_is_no_source(client: Client) -> None:
    image = an_image()
    Image.objects.update(deleted=image.created)
    assert send(client, source_image=str(image.uuid)).status_code == 422


FOX = "http://example.org/fox.png"
ASK_FOR_IT: dict[str, Callable[[Client], Any]] = {
    "/advanced/": lambda client: send(client, source_url=FOX),
    "/advanced/ by htmx": lambda client: client.post(
        "/advanced/", {**SETTINGS, "source_url": FOX}, headers={"HX-Request": "true"}
    ),
    "/jobs/": lambda client: client.post("/jobs/", {"prompt": "a fox", "source_url": FOX}),
    "/api/v1/jobs": lambda client: Program(client).send("/api/v1/jobs", {"prompt": "a fox", "source_url": FOX}),
    "/prompt": lambda client: Program(client).send("/prompt", {"prompt": "a fox", "original_image_path": FOX}),
}


@pytest.mark.parametrize("path", ASK_FOR_IT)
def test_a_third_fetch_is_told_to_come_back(client: Client, path: str) -> None:
    with sources._turns.turn("ada"), sources._turns.turn("bob"):
        answer = ASK_FOR_IT[path](client)
    assert (answer.status_code, answer["Retry-After"]) == (429, "10")
    assert "Try again in a few seconds" in answer.content.decode()
    assert not Job.objects.exists()


def test_the_promise_counts_the_steps_that_will_be_run(client: Client) -> None:
    told = client.get(
        "/promise/", {**SETTINGS, "all": "1", "steps": "50", "source_url": "http://x", "strength_percent": "10"}
    )
    assert "5 of 50 steps" in told.content.decode()


OUTLOOK = {**SETTINGS, "all": "1", "steps": "50", "strength_percent": "10", "downsampling_factor": "4"}


def foretold(client: Client, **fields: str) -> str:
    return str(client.get("/promise/", {**OUTLOOK, **fields}).content.decode())


@pytest.mark.parametrize(
    "source", [{"source_chosen": "on"}, {"source_url": "http://x"}, {"source_image": str(uuid4())}]
)
def test_what_is_chosen_counts_in_the_promise_before_it_is_sent(client: Client, source: dict[str, str]) -> None:
    assert "<b>64 × 64 px</b>, 5 of 50 steps" in foretold(client, **source)


@pytest.mark.parametrize("nothing", [{}, {"source_chosen": ""}, {"source_chosen": "false"}, {"source_url": " "}])
def test_what_is_not_chosen_does_not_count_in_it(client: Client, nothing: dict[str, str]) -> None:
    assert "<b>128 × 128 px</b>, 50 steps" in foretold(client, **nothing)


def test_whatever_the_page_says_only_a_file_that_came_is_painted_over(client: Client) -> None:
    assert send(client, source_chosen="on", downsampling_factor="4").status_code == 302
    assert (Job.objects.get().recipe.strength, Job.objects.get().recipe.downsampling_factor) == (None, 4)


FIXED = '<small id="factor-fixed">8 with a source picture</small>'


def test_with_a_source_the_control_says_that_the_factor_is_8(client: Client) -> None:
    image = an_image(a_batch("a ship"))
    for source in (f"source_image={image.uuid}", "source_url=https://example.org/fox.png"):
        page = client.get(f"/advanced/?width=64&height=64&{source}").content.decode()
        assert FIXED in page
        assert '<option value="8" selected>8: 64 × 64 px</option>' in page
        assert '<option value="4" disabled>4: 128 × 128 px, with a source picture it is 8</option>' in page
    page = client.get("/advanced/?downsampling_factor=nonsense&source_url=https://example.org/fox.png")
    assert 'data-own="8"' in page.content.decode()
    for nothing in ("source_url=", f"source_image={uuid4()}", "source_image=../../etc/passwd"):
        page = client.get(f"/advanced/?width=64&height=64&downsampling_factor=4&{nothing}").content.decode()
        assert FIXED not in page
        assert '<option value="4" selected>4: 128 × 128 px</option>' in page


def test_without_a_source_a_strength_means_nothing(client: Client) -> None:
    send(client, strength_percent="10")
    assert Job.objects.get().recipe.strength is None
    assert queue.places()[0].job.recipe.steps_run == 4
