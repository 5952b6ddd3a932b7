"""LoRA files from the form to the picture, through the real worker."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image as Pillow
from pytest_django import Settings

from generation import paces, queue, tasks
from generation.advanced_form import AdvancedForm
from generation.engine import loras
from generation.engine.recipe import Recipe
from generation.models import Job
from generation.senders import Sender
from generation.worker import WorkerProcess
from library import png
from library.models import Image
from tests.generation.test_tasks import images_of, pixels_of, state_of, submit
from tests.lora_files import make
from tests.pages import browser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Where the LoRA files lie; three that are only looked at."""
    settings.PLAYGROUND_MODELS = tmp_path / "models"
    folder = tmp_path / "models" / "lora"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ink", "old style", "snow"):
        (folder / f"{name}.safetensors").touch()
    return folder


@pytest.fixture
def client() -> Client:
    return browser()


# Jobs


@pytest.fixture
def ink(process: WorkerProcess, settings: Settings, tiny_model: Path) -> Path:
    """A real one, for the worker of this process."""
    return make(Path(settings.PLAYGROUND_MODELS) / "lora" / "ink.safetensors", tiny_model)


def test_a_job_is_made_with_the_files_that_its_prompt_names(ink: Path) -> None:
    plain, changed, after = submit(), submit(prompt="a fox <lora:ink:0.8>"), submit()
    for _ in range(3):
        tasks.generate_next()
    assert [state_of(job) for job in (plain, changed, after)] == ["done"] * 3
    assert pixels_of(plain) == pixels_of(after) != pixels_of(changed)


def test_the_picture_tells_other_tools_which_files_and_their_hashes(ink: Path) -> None:
    job = submit(prompt="a fox <lora:ink:0.8>", num_images=1)
    tasks.generate_next()
    [image] = images_of(job)
    short = loras.content_hash(ink)[:12]
    with Pillow.open(image.path) as picture:
        text = picture.info["parameters"]
    assert text.splitlines()[0] == "a fox <lora:ink:0.8>"
    assert f'Lora hashes: "ink: {short}"' in text
    own = png.read_recipe(image.path)
    assert own
    assert own["recipe"]["lora_hashes"] == image.batch.recipe["lora_hashes"] == f"ink: {short}"
    assert Recipe.from_dict(own["recipe"]).prompt == "a fox <lora:ink:0.8>"


def test_a_picture_without_them_says_nothing_of_them(ink: Path) -> None:
    job = submit(num_images=1)
    tasks.generate_next()
    with Pillow.open(images_of(job)[0].path) as picture:
        assert "Lora" not in picture.info["parameters"]


def test_made_again_it_has_the_same_pixels(ink: Path) -> None:
    job = submit(prompt="a fox <lora:ink:0.8>")
    tasks.generate_next()
    again = queue.submit_again(images_of(job)[0], sender=Sender(""))
    tasks.generate_next()
    assert pixels_of(again) == pixels_of(job)


@pytest.mark.parametrize("content", [b"nonsense", None])
def test_a_file_that_cannot_be_used_fails_the_job_by_its_name_and_the_next_one_runs(
    ink: Path, content: bytes | None
) -> None:
    ink.unlink() if content is None else ink.write_bytes(content)
    failing, next_one = submit(prompt="a fox <lora:ink>"), submit()
    tasks.generate_next()
    tasks.generate_next()
    failing.refresh_from_db()
    assert (failing.state, state_of(next_one)) == ("failed", "done")
    assert ("no LoRA file called ink here" if content is None else "ink.safetensors is broken") in failing.error
    assert str(ink.parent) not in failing.error
    assert not Image.objects.filter(batch__uuid=failing.uuid).exists()


def test_the_time_of_a_changed_model_is_learned_apart(ink: Path, process: WorkerProcess) -> None:
    plain, changed = (Recipe(prompt=prompt, seed=1, num_images=1) for prompt in ("a fox", "a fox <lora:ink>"))
    paces.learn_group(plain, 1, 1.0, process.row)
    paces.learn_group(changed, 1, 3.0, process.row)
    assert paces.seconds_for([(plain, 1), (changed, 1)], process.row) == [1.0, 3.0]


# What is asked for


@pytest.mark.parametrize("page", ["/jobs/", "/advanced/"])
def test_a_name_that_is_not_there_is_refused_with_those_that_are(folder: Path, client: Client, page: str) -> None:
    answer = client.post(page, {"prompt": "a fox <lora:rain:1>"})
    assert answer.status_code == 422
    assert "There is no LoRA file called rain here. There are ink, old style, snow." in answer.content.decode()
    assert not Job.objects.exists()


def test_programs_learn_which_there_are_and_get_the_same_sentence(folder: Path, client: Client) -> None:
    assert client.get("/api/v1/loras").json() == {"loras": ["ink", "old style", "snow"]}
    sent: dict[str, Any] = {"content_type": "application/json"}
    refused = client.post("/api/v1/jobs", {"prompt": "a fox <lora:rain>"}, **sent)
    assert refused.status_code == 422
    assert "There are ink, old style, snow." in refused.json()["error"]
    assert client.post("/api/v1/jobs", {"prompt": "a fox <lora:ink:2>"}, **sent).status_code == 201
    assert Job.objects.get().recipe.prompt == "a fox <lora:ink:2>"


def test_names_alone_are_no_prompt(folder: Path, client: Client) -> None:
    answer = client.post("/jobs/", {"prompt": " <lora:ink:1> "})
    assert answer.status_code == 422
    assert "Write what you want to see." in answer.content.decode()


# The page with all settings


def test_without_files_the_page_has_no_control_for_them(settings: Settings, tmp_path: Path, client: Client) -> None:
    settings.PLAYGROUND_MODELS = tmp_path
    assert "LoRA" not in client.get("/advanced/").content.decode()


def test_each_file_has_a_weight_that_ends_in_the_prompt(folder: Path, client: Client) -> None:
    page = client.get("/advanced/").content.decode()
    for name in ("ink", "old style", "snow"):
        assert f'name="lora:{name}"' in page
    weights = {"lora:ink": "0.8", "lora:old style": "-0.25", "lora:snow": "0"}
    assert client.post("/advanced/", {"prompt": "a fox", **weights}).status_code == 302
    assert Job.objects.get().recipe.prompt == "a fox <lora:ink:0.8> <lora:old style:-0.25>"


def test_what_a_prompt_names_is_shown_as_a_weight(folder: Path, client: Client) -> None:
    page = client.get("/advanced/", {"prompt": "a fox <lora:ink:0.8> <lora:rain:1>"}).content.decode()
    assert re.search(r'name="lora:ink"[^>]* value="0.8"', page)
    assert re.search(r'name="lora:snow"[^>]* value="0"', page)
    assert re.search(r'<textarea name="prompt"[^>]*>a fox</textarea>', page)
    assert "Its LoRA file rain is not here." in page


def test_a_name_written_by_hand_counts_unless_its_weight_is_set(folder: Path) -> None:
    form = AdvancedForm({"prompt": "a fox <lora:ink:1> <lora:snow:1>", "lora:ink": "0", "lora:snow": "0.5"})
    assert form.is_valid()
    assert form.recipe().prompt == "a fox <lora:ink:1> <lora:snow:0.5>"


@pytest.mark.parametrize(("weight", "words"), [("3", "less than or equal to 2"), ("x", "number"), ("nan", "number")])
def test_a_weight_that_is_none_is_refused(folder: Path, client: Client, weight: str, words: str) -> None:
    answer = client.post("/advanced/", {"prompt": "a fox", "lora:old style": weight})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert re.search(rf'id="id_lora_1-errors">[^<]*{words}', page)


def test_too_many_or_too_long_is_refused_with_a_sentence(folder: Path, client: Client) -> None:
    for number in range(9):
        (folder / f"x{number}.safetensors").touch()
    many = {f"lora:x{number}": "1" for number in range(9)}
    assert "At most 8 LoRA files" in client.post("/advanced/", {"prompt": "a", **many}).content.decode()
    long = client.post("/advanced/", {"prompt": "a" * 1995, "lora:x1": "1"})
    assert long.status_code == 422
    assert "With its LoRA files the prompt is longer than 2,000 characters." in long.content.decode()


def test_a_hundred_are_shown_and_the_others_counted(folder: Path, client: Client) -> None:
    for number in range(150):
        (folder / f"many {number:03d}.safetensors").touch()
    page = client.get("/advanced/").content.decode()
    assert page.count('name="lora:') == 100
    assert "53 more are here" in page
    shown = dict.fromkeys(re.findall(r'name="(lora:[^"]+)"', page), "0")
    assert client.post("/advanced/", {"prompt": "a fox <lora:snow:1>", **shown}).status_code == 302


def test_a_files_name_is_text_on_the_page(folder: Path, client: Client) -> None:
    (folder / "\"' onfocus=alert(1) {{ 7|add }}.safetensors").touch()
    page = client.get("/advanced/").content.decode()
    assert 'name="lora:&quot;&#x27; onfocus=alert(1) {{ 7|add }}"' in page
    assert "' onfocus" not in page


def test_reset_takes_the_weights_back_and_keeps_the_words(folder: Path, client: Client) -> None:
    sent = {"prompt": "a fox", "lora:ink": "0.8", "reset": "1"}
    page = client.post("/advanced/", sent, headers={"HX-Request": "true"}).content.decode()
    assert "a fox</textarea>" in page
    assert re.search(r'name="lora:ink"[^>]* value="0"', page)


def test_the_promise_knows_that_the_model_is_changed(folder: Path) -> None:
    form = AdvancedForm({"prompt": "-", "lora:ink": "0.8"})
    assert form.is_valid()
    assert loras.count(form.recipe().prompt) == 1


# From a picture


def test_of_a_picture_that_somebody_brings_only_files_that_are_here_are_taken(
    folder: Path, client: Client, tmp_path: Path
) -> None:
    recipe = Recipe(prompt="a fox <lora:ink:0.8> <lora:rain:1>", seed=7).to_dict()
    path = tmp_path / "fox.png"
    path.write_bytes(png.encode(Pillow.new("RGB", (8, 8)), recipe, seed=7).data)
    with path.open("rb") as picture:
        page = client.post("/settings/", {"picture": picture}).content.decode()
    assert "a fox &lt;lora:ink:0.8&gt;</textarea>" in page
    assert "Its LoRA file rain is not here." in page


def test_copies_of_one_file_add_up(ink: Path) -> None:
    shutil.copy(ink, ink.with_name("copy.safetensors"))
    twice = submit(prompt="a fox <lora:ink:0.4> <lora:copy:0.4>")
    once = submit(prompt="a fox <lora:ink:0.8>")
    for _ in range(2):
        tasks.generate_next()
    assert pixels_of(twice) == pixels_of(once)
