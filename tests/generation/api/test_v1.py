"""The site's own dialect: jobs, the queue, and how the site is."""

from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation import queue
from generation.engine.recipe import Recipe
from generation.engine.samplers import SAMPLERS
from generation.forms import RecipeForm
from generation.models import Job, KnownModel, Pace, Worker
from library.models import Batch
from tests.library.make import an_image
from tests.pages import browser
from tests.program import Program, refused

pytestmark = pytest.mark.django_db

JOBS = "/api/v1/jobs"
NOBODYS = "01234567-89ab-4def-8123-456789abcdef"


def a_job(**fields: Any) -> Job:
    return queue.submit(Recipe(prompt="a ship", seed=1, width=64, height=64), **fields)


def change(job: Job, **fields: Any) -> None:
    Job.objects.filter(pk=job.pk).update(**fields)


def somebody(mark: str = "somebody") -> Program:
    """A program with the cookie of a visitor."""
    client = browser()
    client.cookies["visitor"] = signing.get_cookie_signer(salt="visitor").sign(mark)
    return Program(client)


def with_pictures(job: Job, count: int = 2) -> None:
    batch = Batch.objects.start(job.uuid, recipe=job.recipe_data, visitor=job.visitor)
    for position in range(1, count + 1):
        an_image(batch, position)


# Asking


def test_a_job_is_made_and_told(program: Program) -> None:
    answer = program.send(JOBS, {"prompt": "a fox", "num_images": 4, "seed": 41, "guidance_scale": 7, "steps": "30"})
    job, told = Job.objects.get(), answer.json()
    assert (answer.status_code, told["uuid"], told["state"], told["position"]) == (201, str(job.uuid), "waiting", 1)
    recipe = job.recipe
    assert (recipe.prompt, recipe.num_images, recipe.seed, recipe.steps) == ("a fox", 4, 41, 30)
    assert told["recipe"] == job.recipe_data
    assert told == program.get(f"{JOBS}/{job.uuid}")


def test_what_is_null_or_empty_means_the_default(program: Program) -> None:
    assert program.send(JOBS, {"prompt": "a fox", "steps": None, "seed": "", "negative_prompt": ""}).status_code == 201
    assert Job.objects.get().recipe.steps == 20  # the demo model's own


def test_with_a_speed_known_the_time_is_promised(program: Program) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=1.0)
    told = program.send(JOBS, {"prompt": "a fox", "width": 64, "height": 64}).json()
    assert told["promised"] > 0
    assert told["seconds"] == pytest.approx(told["promised"])


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({}, "prompt", "Write what you want to see."),
        ({"prompt": 5}, "prompt", "This has to be text."),
        ({"prompt": ["a fox"]}, "prompt", "This has to be text."),
        ({"prompt": "a\0fox"}, "prompt", "Null characters are not allowed."),
        ({"prompt": "x" * 2001}, "prompt", "at most 2000 characters"),
        ({"steps": True}, "steps", "This has to be a number or text."),
        ({"steps": {"a": 1}}, "steps", "This has to be a number or text."),
        ({"steps": 1.5}, "steps", "Enter a whole number."),
        ({"steps": 10**4000}, "steps", "less than or equal to 250"),
        ({"guidance_scale": 10**4000}, "guidance_scale", "Enter a number."),
        ({"guidance_scale": "nan"}, "guidance_scale", "Enter a number."),
        ({"seed": 2**32}, "seed", "The highest seed is 4294967295."),
        ({"width": 65}, "width", "multiple of step size 8"),
        ({"sampler": "Magic"}, "sampler", "The samplers are PLMS, DDIM"),
        ({"guidance": 7}, "guidance", "There is no such setting; there are prompt, "),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(program: Program, values: Any, field: str, sentence: str) -> None:
    answer = program.send(JOBS, {"prompt": "a fox", **values} if values else {})
    refused(answer, 422, sentence)
    assert list(answer.json()["fields"]) == [field]
    assert not Job.objects.exists()


def test_settings_that_do_not_go_together_are_refused_with_a_sentence(program: Program) -> None:
    refused(program.send(JOBS, {"prompt": "a fox", "width": 2048, "height": 2048}), 422, "2048 × 2048 px is more")


def test_whatever_the_form_learns_is_described(program: Program) -> None:
    paths = program.get("/api/v1/openapi.json")["paths"]
    described = paths[JOBS]["post"]["requestBody"]["content"]["application/json"]["schema"]
    files = {name for name, field in RecipeForm.base_fields.items() if hasattr(field, "allow_empty_file")}
    assert set(described["properties"]) == set(RecipeForm.base_fields) - files
    assert described["properties"]["steps"] == {"type": "integer", "minimum": 1, "maximum": 250}
    assert described["required"] == ["prompt"]


# Whose is what


def test_a_program_without_a_cookie_is_nobody_and_gets_none(program: Program) -> None:
    answer = program.send(JOBS, {"prompt": "a fox"})
    assert (Job.objects.get().visitor, answer.json()["mine"]) == ("", False)
    assert not answer.cookies


def test_a_visitors_job_is_theirs_alone_to_cancel() -> None:
    told = somebody().send(JOBS, {"prompt": "a fox"}).json()
    assert (Job.objects.get().visitor, told["mine"]) == ("somebody", True)
    path = f"{JOBS}/{told['uuid']}/cancel"
    for other in (somebody("else"), Program()):
        refused(other.send(path), 403, "Only whoever sent a job can cancel it.")
        assert other.get(f"{JOBS}/{told['uuid']}")["mine"] is False
    assert Job.objects.get().state == "waiting"
    assert somebody().send(path).json()["state"] == "cancelled"


def test_what_is_nobodys_can_be_cancelled_by_whoever_knows_it(program: Program) -> None:
    job = a_job()
    assert program.client.generic("POST", f"{JOBS}/{job.uuid}/cancel", content_type="").json()["state"] == "cancelled"
    assert program.send(f"{JOBS}/{job.uuid}/cancel").json()["state"] == "cancelled"


def test_who_is_signed_in_counts_for_nothing(admin_client: Any) -> None:
    job = a_job(visitor="somebody")
    admin_client.defaults["HTTP_HOST"] = "localhost"
    refused(Program(admin_client).send(f"{JOBS}/{job.uuid}/cancel"), 403)


# Looking


def test_jobs_are_listed_newest_first_in_portions(program: Program) -> None:
    jobs = [a_job() for _ in range(5)]
    first = program.get(JOBS, limit=2)
    second = program.get(JOBS, limit=2, after=first["next"])
    third = program.get(JOBS, limit=2, after=second["next"])
    told = [job["uuid"] for portion in (first, second, third) for job in portion["jobs"]]
    assert told == [str(job.uuid) for job in reversed(jobs)]
    assert third["next"] is None


def test_jobs_can_be_asked_for_by_state_and_by_whose_they_are() -> None:
    done, mine = a_job(), a_job(visitor="somebody")
    change(done, state="done")
    asks = somebody()
    assert [job["uuid"] for job in asks.get(JOBS, state="done")["jobs"]] == [str(done.uuid)]
    assert [job["uuid"] for job in asks.get(JOBS, mine="true")["jobs"]] == [str(mine.uuid)]
    assert Program().get(JOBS, mine="true")["jobs"] == []


def test_the_queue_has_the_running_job_first(program: Program) -> None:
    waiting, running, done = a_job(), a_job(), a_job()
    change(running, state="running", steps=10, first=1, group_size=3, step=5)
    change(done, state="done")
    told = program.get("/api/v1/queue")["jobs"]
    assert [(job["uuid"], job["position"]) for job in told] == [(str(running.uuid), 0), (str(waiting.uuid), 1)]
    assert 0 < told[0]["fraction"] < 1


def test_a_job_that_is_done_has_its_pictures(program: Program) -> None:
    job = a_job()
    with_pictures(job)
    change(job, state="done")
    told = program.get(f"{JOBS}/{job.uuid}")
    assert (told["fraction"], told["position"], len(told["images"])) == (1.0, None, 2)
    assert program.client.get(told["images"][0]["file"])["Content-Type"] == "image/png"
    assert program.client.get(told["page"]).status_code == 200


def test_how_the_site_is(program: Program) -> None:
    Worker.objects.create(host="here", pid=546_372, state="ready", model="demo model", is_demo=True)
    now = program.get("/api/v1/status")
    assert (now["state"], now["model"], now["is_demo"], now["jobs"]) == ("ready", "demo model", True, 0)
    assert program.get("/api/v1/samplers") == {"samplers": list(SAMPLERS)}


def test_the_models_are_told_with_all_that_is_known_of_them_and_without_their_paths(program: Program) -> None:
    known = {"family": "Stable Diffusion 2", "words": "Landscapes.", "size": 5_000_000_000, "sha256": "6ce0161689" * 6}
    KnownModel.objects.create(
        path="/somewhere/two.ckpt", name="two", defaults={"width": 768}, speed=0.1, group_size=3, place=0, **known
    )
    KnownModel.objects.create(path="/somewhere/torn", name="torn", problem="torn cannot be read: it is torn.", place=1)
    KnownModel.objects.create(path="/somewhere/gone", name="gone", is_there=False)
    Worker.objects.create(host="here", pid=1, slot="cpu", state="ready", model="two", speed=0.1, loaded=["two"])
    Pace.objects.learn("loading on cpu: two", 4.5)
    two, torn = program.get("/api/v1/models")["models"]
    assert {name: two[name] for name in known} == known
    assert (two["hash"], two["defaults"]["width"], two["seconds_to_load"]) == ("6ce0161689", 768, 4.5)
    assert (two["is_default"], two["in_use"], two["problem"]) == (True, True, "")
    assert two["seconds_per_image"] == pytest.approx(0.1 * 50 * 0.768 * 0.512)
    assert (torn["name"], torn["problem"], torn["in_use"]) == ("torn", "torn cannot be read: it is torn.", False)
    assert "/somewhere" not in program.client.get("/api/v1/models").content.decode()


def test_a_job_names_a_model_that_is_there(program: Program) -> None:
    KnownModel.objects.create(path="/somewhere/two.ckpt", name="two", defaults={"width": 768, "steps": 33})
    told = program.send(JOBS, {"prompt": "a fox", "model": "two"}).json()
    assert (told["recipe"]["model"], told["recipe"]["width"], told["recipe"]["steps"]) == ("two", 768, 33)
    assert program.send(JOBS, {"prompt": "a fox", "model": "two", "steps": 5}).json()["recipe"]["steps"] == 5


@pytest.mark.parametrize(
    "name", ["nope", "/somewhere/two.ckpt", "../two", "two.ckpt", "stabilityai/sd-turbo", "TWO", " two ckpt", "x" * 300]
)
def test_cve_2024_12029_another_name_a_path_or_a_hub_id_is_refused(program: Program, name: str) -> None:
    KnownModel.objects.create(path="/somewhere/two.ckpt", name="two")
    KnownModel.objects.create(path="/somewhere/gone", name="gone", is_there=False)
    for refused_name in (name, "gone"):
        answer = program.send(JOBS, {"prompt": "a fox", "model": refused_name})
        refused(answer, 422, "model: There is no model ")
        assert "There is two." in answer.json()["error"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("nonsense", [5, ["two"], {"a": 1}, True, "x" * 301, "\ud800", "two\x00"])
def test_a_model_that_is_no_name_is_refused(program: Program, nonsense: object) -> None:
    assert program.send(JOBS, {"prompt": "a fox", "model": nonsense}).status_code in (400, 422)
    assert not Job.objects.exists()


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=5", "state=odd", f"after={NOBODYS}"])
@pytest.mark.parametrize("path", [JOBS, "/api/v1/images"])
def test_a_question_without_sense_is_refused(program: Program, path: str, query: str) -> None:
    if not (path.endswith("images") and query == "state=odd"):
        refused(program.client.get(f"{path}?{query}"), 422, query.split("=")[0])


def test_no_key_and_no_mark_leaves_the_server(program: Program) -> None:
    job = a_job(visitor="a-mark")
    worker = Worker.objects.create(pk=918_273_645, host="here", pid=546_372, state="ready")
    Job.objects.update(id=827_364_550, worker=worker)
    with_pictures(job)
    for path in (JOBS, f"{JOBS}/{job.uuid}", "/api/v1/queue", "/api/v1/status", "/api/v1/images", "/queue_status"):
        text = program.client.get(path).content.decode()
        assert [word for word in ("918273645", "827364550", "546372", "a-mark") if word in text] == []


def queries(program: Program, path: str) -> int:
    with CaptureQueriesContext(connection) as context:
        program.get(path)
    return len(context)


@pytest.mark.parametrize("path", [JOBS, "/api/v1/queue", "/api/v1/images", "/getlibrary", "/queue_status"])
def test_it_takes_as_many_queries_however_much_there_is(program: Program, path: str) -> None:
    with_pictures(a_job())
    few = queries(program, path)
    for _ in range(5):
        with_pictures(a_job(), 4)
    assert queries(program, path) == few <= 6
