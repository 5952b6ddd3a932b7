"""The original playground's calls, as its pages and scripts make them."""

import re
from typing import Any

import pytest

from generation import queue, tasks
from generation.engine.recipe import SEEDS, Recipe
from generation.models import Job, Worker
from generation.worker import WorkerProcess
from library.models import Batch, Image
from tests.library.make import a_batch, an_image, some
from tests.program import Program, refused

pytestmark = pytest.mark.django_db

AS_ITS_PAGE_SENDS_IT = {
    "prompt": "a fox", "num_images": "3", "seed": "41", "height": "256", "width": "512", "ddim_steps": "30",
    "ddim_eta": "0.5", "scale": "8.5", "downsampling_factor": "8", "original_image_path": "", "strength": "0.75",
    "something_else": {"of": "later"}, "upscale_factor": "",
}  # fmt: skip
KEYS = {
    "text_prompt", "num_images", "queue_id", "time_taken", "seed", "height", "width", "ddim_steps", "ddim_eta", "scale",
    "strength", "downsampling_factor", "error", "original_image_path", "creation_unixtime", "generated_images",
}  # fmt: skip
NUMBERS = KEYS - {"text_prompt", "queue_id", "error", "original_image_path", "generated_images"}


def test_a_prompt_with_its_numbers_as_text_becomes_a_job(program: Program) -> None:
    answer = program.send("/prompt", AS_ITS_PAGE_SENDS_IT)
    job = Job.objects.get()
    assert (answer.status_code, answer.json()) == (200, {"queue_id": str(job.uuid)})
    recipe = job.recipe
    assert (recipe.prompt, recipe.num_images, recipe.seed, recipe.width, recipe.height) == ("a fox", 3, 41, 512, 256)
    assert (recipe.steps, recipe.eta, recipe.guidance_scale, recipe.strength) == (30, 0.5, 8.5, None)


def test_empty_texts_mean_the_default(program: Program) -> None:
    empty = dict.fromkeys(AS_ITS_PAGE_SENDS_IT, "")
    assert program.send("/prompt", {**empty, "prompt": "a fox"}).status_code == 200
    assert Job.objects.get().recipe.steps == 20


@pytest.mark.parametrize("seed", ["", 0, "0", 0.0, SEEDS, str(SEEDS), None])
def test_these_seeds_are_random(program: Program, seed: Any) -> None:
    for _ in range(2):
        assert program.send("/prompt", {"prompt": "a fox", "seed": seed}).status_code == 200
    one, other = (job.recipe.seed for job in Job.objects.all())
    assert one != other


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"prompt": ""}, "prompt: Write what you want to see."),
        ({"ddim_steps": "many"}, "ddim_steps: Enter a whole number."),
        ({"ddim_steps": 10**9}, "ddim_steps: "),
        ({"scale": [7]}, "scale: This has to be a number or text."),
        ({"width": "100000"}, "width: "),
        ({"seed": True}, "seed: This has to be a number or text."),
        ({"seed": 10**400}, "seed: The highest seed is 4294967295."),
        ({"num_images": 31}, "num_images: "),
        ({"original_image_path": "http://127.0.0.1/fox.png"}, "original_image_path: "),
        ({"original_image_path": "http://169.254.169.254/latest"}, "original_image_path: "),
    ],
)
def test_a_refused_request_gets_422_and_a_sentence(program: Program, values: Any, sentence: str) -> None:
    refused(program.send("/prompt", {"prompt": "a fox", **values}), 422, sentence)
    assert not Job.objects.exists()


def test_a_source_is_an_address_or_a_picture_of_the_library(program: Program) -> None:
    image = an_image()
    path = f"library/{image.batch.uuid}/01.png"
    assert program.send("/prompt", {"prompt": "a fox", "original_image_path": path}).status_code == 200
    recipe = Job.objects.get().recipe
    assert (recipe.source_image, recipe.strength) == (str(image.uuid), 0.75)
    Image.objects.update(deleted="2026-01-01T00:00Z")
    for wrong in (path, "library/../../etc/passwd", "/etc/passwd", f"/{path}", "file:///etc/passwd", 5):
        refused(program.send("/prompt", {"prompt": "a fox", "original_image_path": wrong}), 422, "original_image_path")


# Waiting


def test_the_running_request_stands_first(program: Program) -> None:
    waiting, running, done = (queue.submit(Recipe(prompt=words, seed=1)) for words in ("a", "b", "c"))
    Job.objects.filter(pk=running.pk).update(state="running")
    Job.objects.filter(pk=done.pk).update(state="done")
    told = program.get("/queue_status")
    assert [entry["queue_id"] for entry in told] == [str(running.uuid), str(waiting.uuid)]
    assert (told[0]["prompt"], told[0]["num_images"], told[0]["ddim_steps"]) == ("b", 3, 50)


@pytest.mark.django_db(transaction=True)
def test_a_group_is_complete_before_its_request_leaves_the_queue(process: WorkerProcess) -> None:
    program = Program()
    values = {"prompt": "a fox", "num_images": 3, "width": 64, "height": 64, "ddim_steps": 2}
    key = program.send("/prompt", values).json()["queue_id"]
    tasks.generate_next()
    assert program.get("/queue_status") == []
    [group] = program.get("/getlibrary")
    assert group["generated_images"] == [f"library/{key}/{position:02d}.png" for position in (1, 2, 3)]
    assert group["time_taken"] > 0
    for path in group["generated_images"]:
        assert program.client.get(f"/{path}")["Content-Type"] == "image/png"


# The library


def test_a_group_has_all_that_the_original_told(program: Program) -> None:
    batch = a_batch("a fox", guidance_scale=7)
    an_image(batch)
    [group] = program.get("/getlibrary")
    assert set(group) == KEYS
    assert all(isinstance(group[name], (int, float)) for name in NUMBERS)
    told = {name: group[name] for name in KEYS - {"queue_id", "creation_unixtime", "generated_images"}}
    assert told == {
        "text_prompt": "a fox", "num_images": 3, "time_taken": 0.0, "seed": 41, "height": 16, "width": 32,
        "ddim_steps": 20, "ddim_eta": 0.0, "scale": 7.0, "strength": -1, "downsampling_factor": 8, "error": "",
        "original_image_path": "",
    }  # fmt: skip
    assert group["creation_unixtime"] == pytest.approx(batch.created.timestamp())


def test_the_source_stands_first_and_is_not_counted(program: Program) -> None:
    path = f"library/{an_image().batch.uuid}/01.png"
    values = {"prompt": "an owl", "num_images": "2", "original_image_path": path, "strength": "0.5"}
    key = program.send("/prompt", values).json()["queue_id"]
    batch = Batch.objects.get(uuid=key)
    an_image(batch)
    [group] = program.get("/getlibrary", limit=1)
    assert group["generated_images"] == [f"library/{key}/00-original.png", f"library/{key}/01.png"]
    assert (group["num_images"], group["original_image_path"], group["strength"]) == (2, path, 0.5)
    assert program.client.get(f"/library/{key}/00-original.png").status_code == 200
    assert program.send("/deleteimage", {"path": f"library/{key}/00-original.png"}).json() == {"success": True}


def test_a_failed_group_with_a_source_is_listed_with_its_error(program: Program) -> None:
    path = f"library/{an_image().batch.uuid}/01.png"
    key = program.send("/prompt", {"prompt": "an owl", "original_image_path": path}).json()["queue_id"]
    Batch.objects.get(uuid=key).set_error("It failed.")
    assert program.get("/getlibrary", limit=1)[0]["error"] == "It failed."


def test_a_group_without_pictures_is_listed_with_its_error(program: Program) -> None:
    a_batch("nothing yet")
    a_batch("an owl").set_error("The device ran out of memory.")
    [group] = program.get("/getlibrary")
    assert (group["generated_images"], group["error"]) == ([], "The device ran out of memory.")


def test_a_group_that_was_painted_over_a_picture_says_so(program: Program) -> None:
    source = an_image(a_batch("a sketch"))
    an_image(a_batch("a fox", source_image=str(source.uuid), strength=0.6))
    an_image(a_batch("an owl", source_url="https://example.org/owl.png", strength=1.0))
    groups = program.get("/getlibrary", limit=2)
    assert [(group["original_image_path"], group["strength"]) for group in groups] == [
        ("https://example.org/owl.png", 1.0),
        (f"library/{source.batch.uuid}/01.png", 0.6),
    ]


def test_the_newest_groups_come_first_and_so_many_as_are_asked_for(program: Program) -> None:
    for words in "abc":
        an_image(a_batch(words))
    assert [group["text_prompt"] for group in program.get("/getlibrary", limit=2)] == ["c", "b"]
    for limit in ("x", "-1", "1e3", "9" * 5000):
        refused(program.client.get(f"/getlibrary?limit={limit}"), 422, "limit")


# Deleting


def test_a_picture_is_deleted_by_its_path(program: Program) -> None:
    one, other = some(2)
    path = f"library/{one.batch.uuid}/{one.name}"
    before = Batch.objects.get().changed
    assert program.send("/deleteimage", {"path": path}).json() == {"success": True}
    assert Batch.objects.get().changed > before
    assert one.path.exists()
    assert program.client.get(f"/{path}").status_code == 404
    assert program.get("/getlibrary")[0]["generated_images"] == [f"library/{other.batch.uuid}/02.png"]
    again = program.send("/deleteimage", {"path": path})
    assert (again.status_code, again.json()["success"]) == (404, False)


@pytest.mark.parametrize(
    "path",
    [
        "../etc/passwd", "library/{}/../01.png", "library/{}/01.png\0", "/etc/passwd", "library/{}/1.png",
        "library/{}/٠١.png", "library/{}/01.webp", "library/{}/01-original.png", "/library/{}/01.png", "%2e%2e/x",
        "", None, 5, ["library/{}/01.png"],
    ],
)  # fmt: skip
def test_cve_2024_11042_seed_1_what_is_no_picture_of_the_library_is_not_deleted(program: Program, path: Any) -> None:
    image = an_image()
    path = path.format(image.batch.uuid) if isinstance(path, str) else path
    answer = program.send("/deleteimage", {"path": path})
    assert (answer.status_code, answer.json()["success"]) == (404, False)
    assert Image.objects.kept().get().path.exists()


def test_no_key_of_the_database_stands_in_the_library(program: Program) -> None:
    Worker.objects.create(pk=918_273_645, host="here", pid=1, state="ready")
    image = an_image()
    Batch.objects.filter(pk=image.batch_id).update(words="a fox")
    keys = re.findall(r'"([a-z_]*(?:id|pk))":', program.client.get("/getlibrary").content.decode())
    assert keys == ["queue_id"]
