"""The safety catch, through the real worker: a tiny model of the real kind that is told what to flag."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image as Pillow
from pytest_django import Settings

from generation import queue, tasks
from generation.engine import safety
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from generation.senders import Sender
from generation.worker import WorkerProcess
from library import placeholder, png
from library.models import Batch, Image
from tests.pages import browser
from tests.safety_checker import build, likenesses, make_old, rewrite

pytestmark = pytest.mark.django_db(transaction=True)

OpenWorker = Callable[..., WorkerProcess]
PLACEHOLDER = png.pixels_of(placeholder.withheld((64, 64)))


@pytest.fixture
def guarded(open_worker: OpenWorker, settings: Settings) -> Callable[..., WorkerProcess]:
    """Makes this process the worker with the catch on, and with a model for it that flags what it is told."""
    settings.PLAYGROUND_SAFETY_CHECKER = True

    def make(flags: str | float | None) -> WorkerProcess:
        if flags is not None:
            build(settings.PLAYGROUND_MODELS / safety.FOLDER, flags)
        return open_worker()

    return make


def made(**fields: Any) -> Job:
    """A job of three pictures that the worker has seen to."""
    usual = {"prompt": "a fox", "seed": 7, "num_images": 3, "width": 64, "height": 64, "steps": 3, "sampler": "DDIM"}
    job = queue.submit(Recipe(**{**usual, **fields}))
    tasks.generate_next()
    job.refresh_from_db()
    return job


def images_of(job: Job) -> list[Image]:
    return list(Image.objects.filter(batch__uuid=job.uuid, position__gt=0).select_related("batch").order_by("position"))


def test_what_is_flagged_is_a_marked_placeholder(guarded: OpenWorker) -> None:
    guarded("everything")
    job = made()
    assert job.state == "done"
    assert [(image.withheld, image.pixels) for image in images_of(job)] == [(True, PLACEHOLDER)] * 3
    for image in images_of(job):
        with Pillow.open(image.path) as picture:
            assert png.pixels_of(picture) == PLACEHOLDER
        own = png.read_recipe(image.path)
        assert own
        assert (own["withheld"], own["seed"]) == (True, image.seed)


def test_what_is_not_flagged_is_as_it_would_be_without_the_catch(guarded: OpenWorker, settings: Settings) -> None:
    process = guarded("nothing")
    job = made()
    process.catch = None
    assert [image.pixels for image in images_of(job)] == [image.pixels for image in images_of(made())]
    assert not any(image.withheld for image in images_of(job))
    own = png.read_recipe(images_of(job)[0].path)
    assert own
    assert "withheld" not in own


def test_of_a_group_only_the_flagged_pictures_are_withheld(guarded: OpenWorker, settings: Settings) -> None:
    process = guarded("nothing")
    plain = images_of(made())
    folder = settings.PLAYGROUND_MODELS / safety.FOLDER
    seen = likenesses(folder, [Pillow.open(image.path) for image in plain])
    lowest, _, highest = sorted(seen)
    assert highest - lowest > 0.01
    build(folder, highest - 0.004)
    process.catch = safety.SafetyCatch(settings.PLAYGROUND_MODELS, process.engine.device)  # type: ignore[union-attr]
    images = images_of(made())
    assert [image.withheld for image in images] == [likeness > highest - 0.004 for likeness in seen]
    for image, before in zip(images, plain, strict=True):
        assert image.pixels == (PLACEHOLDER if image.withheld else before.pixels)


def kept_bytes(job: Job) -> bytes:
    """All that is kept of a job and of its worker: every row and every file."""
    rows = [model.objects.values() for model in (Job, Worker, Batch, Image)]
    files = [path.read_bytes() for path in Batch.objects.get(uuid=job.uuid).folder.rglob("*") if path.is_file()]
    return repr([list(row) for row in rows]).encode() + b"".join(files)


def test_nothing_of_a_flagged_picture_is_kept_nor_told(
    open_worker: OpenWorker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    process = open_worker()
    shown = images_of(made(steps=250))  # long enough for previews
    process.row.refresh_from_db()
    assert process.row.preview["pictures"]
    settings.PLAYGROUND_SAFETY_CHECKER = True
    process.close()
    build(settings.PLAYGROUND_MODELS / safety.FOLDER, "everything")
    open_worker()
    Batch.objects.all().delete()
    job = made(steps=250)
    assert [image.withheld for image in images_of(job)] == [True] * 3
    assert Worker.objects.get().preview == {}
    for before in shown:
        assert before.pixels.encode() not in kept_bytes(job)
        assert before.pixels not in caplog.text
    assert len(list(Batch.objects.get(uuid=job.uuid).folder.iterdir())) == 3


def test_a_preview_from_before_the_catch_was_on_is_not_shown(process: WorkerProcess, settings: Settings) -> None:
    small = base64.b64encode(b"WebP").decode()
    job = queue.submit(Recipe(prompt="a fox", seed=7))
    process.set(preview={"job": str(job.uuid), "first": 1, "pictures": [small]})
    Job.objects.update(state="running", worker=process.row, first=1)
    assert Job.objects.select_related("worker").get().preview == {1: small}
    settings.PLAYGROUND_SAFETY_CHECKER = True
    assert Job.objects.select_related("worker").get().preview == {}


def test_without_its_model_no_picture_is_handed_out(guarded: OpenWorker) -> None:
    guarded(None)
    job = made()
    assert (job.state, images_of(job)) == ("failed", [])
    assert "huggingface.co/CompVis/stable-diffusion-safety-checker" in job.error
    assert "models/safety-checker" in job.error
    assert Batch.objects.get().error == job.error
    assert not Batch.objects.get().folder.exists()


def test_the_model_is_found_as_soon_as_it_is_there(guarded: OpenWorker, settings: Settings) -> None:
    guarded(None)
    assert made().state == "failed"
    build(settings.PLAYGROUND_MODELS / safety.FOLDER, "nothing")
    assert made().state == "done"


@pytest.mark.parametrize("name", safety.FILES)
def test_a_model_that_is_not_whole_is_none(guarded: OpenWorker, settings: Settings, name: str) -> None:
    process = guarded("nothing")
    (settings.PLAYGROUND_MODELS / safety.FOLDER / name).unlink()
    job = made()
    assert (job.state, images_of(job), name in job.error) == ("failed", [], True)
    assert str(settings.PLAYGROUND_MODELS) not in job.error
    assert process.row.state == "ready"


def without_thresholds(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: tensor for name, tensor in tensors.items() if name != "concept_embeds_weights"}


def not_numbers(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: tensor * float("nan") for name, tensor in tensors.items()}


@pytest.mark.parametrize("change", [without_thresholds, not_numbers])
def test_a_damaged_model_lets_nothing_through(guarded: OpenWorker, settings: Settings, change: Any) -> None:
    guarded("everything")
    rewrite(settings.PLAYGROUND_MODELS / safety.FOLDER, change)
    job = made()
    assert (job.state, images_of(job), "cannot be used" in job.error) == ("failed", [], True)


@pytest.mark.parametrize("name", safety.FILES)
def test_a_file_that_is_nonsense_lets_nothing_through(guarded: OpenWorker, settings: Settings, name: str) -> None:
    guarded("everything")
    (settings.PLAYGROUND_MODELS / safety.FOLDER / name).write_bytes(b"\x80nonsense")
    job = made()
    assert (job.state, images_of(job), "cannot be used" in job.error) == ("failed", [], True)


@pytest.mark.parametrize("flags", ["everything", "nothing"])
def test_a_model_as_it_lies_on_the_hub_is_understood(guarded: OpenWorker, settings: Settings, flags: str) -> None:
    guarded(flags)
    make_old(settings.PLAYGROUND_MODELS / safety.FOLDER)
    assert {image.withheld for image in images_of(made())} == {flags == "everything"}


def test_a_file_from_before_the_catch_was_on_does_not_come_back_through_it(
    open_worker: OpenWorker, settings: Settings
) -> None:
    """A worker died between file and row; it goes on with the catch on."""
    first = open_worker()
    job = made()
    Image.objects.filter(position=2).delete()
    first.close()
    settings.PLAYGROUND_SAFETY_CHECKER = True
    build(settings.PLAYGROUND_MODELS / safety.FOLDER, "everything")
    open_worker()
    Job.objects.filter(pk=job.pk).update(state="waiting", worker=None)
    tasks.generate_next()
    image = images_of(job)[1]
    with Pillow.open(image.path) as picture:
        assert (image.withheld, image.pixels, png.pixels_of(picture)) == (True, PLACEHOLDER, PLACEHOLDER)


def test_a_placeholder_without_a_row_is_adopted_as_one(guarded: OpenWorker) -> None:
    process = guarded("everything")
    job = made()
    Image.objects.filter(position=2).delete()
    process.catch = None
    Job.objects.filter(pk=job.pk).update(state="waiting", worker=None)
    tasks.generate_next()
    assert (images_of(job)[1].withheld, images_of(job)[1].pixels) == (True, PLACEHOLDER)


def test_a_source_picture_is_not_looked_at_but_what_comes_of_it_is(guarded: OpenWorker) -> None:
    guarded("everything")
    source = Pillow.effect_noise((64, 64), 90).convert("RGB")
    job = queue.submit(Recipe(prompt="a fox", seed=7, width=64, height=64, steps=3, strength=0.1), source=source)
    tasks.generate_next()
    original = Image.objects.get(batch__uuid=job.uuid, position=0)
    assert (original.withheld, original.pixels) == (False, png.pixels_of(source))
    assert [image.withheld for image in images_of(job)] == [True] * 3


@pytest.mark.parametrize("flags", ["everything", "nothing"])
def test_pages_and_api_tell_a_placeholder_from_a_picture(guarded: OpenWorker, flags: str) -> None:
    guarded(flags)
    job = made()
    image, client = images_of(job)[0], browser()
    is_withheld = flags == "everything"
    page = client.get(image.page_url).content.decode()
    assert ("The safety catch of this site flagged this picture" in page) == is_withheld
    assert ("Vary" in page.split("</main>")[0], "Make again" in page) == (not is_withheld, not is_withheld)
    assert ("withheld by the safety catch" in client.get("/library/").content.decode()) == is_withheld
    assert client.get(f"/api/v1/images/{image.uuid}").json()["withheld"] == is_withheld
    assert client.get(f"/api/v1/jobs/{job.uuid}").json()["images"][0]["withheld"] == is_withheld


def test_placeholders_are_not_called_the_same_pixels(guarded: OpenWorker) -> None:
    process = guarded("nothing")
    first = images_of(made())[0]
    again = queue.submit_again(first, sender=Sender(""))
    tasks.generate_next()
    assert "the same pixels" in browser().get(f"/library/{again.uuid}/").content.decode()
    process.catch = None
    Image.objects.filter(batch__uuid=again.uuid).update(withheld=True)
    assert "the same pixels" not in browser().get(f"/library/{again.uuid}/").content.decode()
