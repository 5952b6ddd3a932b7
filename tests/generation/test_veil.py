"""Others' words in the queue, hidden: nothing that leaves the server has them but to whoever wrote them."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.urls import get_resolver
from PIL import Image as Pillow
from pytest_django import Settings

from generation import queue, status
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from generation.senders import Sender
from library.models import Image
from people.models import Token
from tests.addresses import every_path
from tests.pages import browser
from tests.program import Program, refused

pytestmark = pytest.mark.django_db

SECRET, PREVIEW = "a zebra that nobody may know of", "UHJldmlldw"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def hidden(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_QUEUE_WORDS = "own"
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    status.current()  # forgets the workers of other tests


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture(params=["person", "visitor", "nobody"])
def jobs(request: Any, ada: User) -> list[Job]:
    """One that runs, one that waits with a source, one that has failed, and one that is done: all of one sender."""
    sender = {"person": Sender("a", ada), "visitor": Sender("a"), "nobody": Sender()}[request.param]
    picture = Pillow.new("RGB", (64, 64))
    recipe = Recipe(prompt=SECRET, negative_prompt=SECRET, seed=977_531, width=64, height=64, source_url=SECRET)
    jobs = [queue.submit(recipe, sender=sender, source=picture if number == 1 else None) for number in range(4)]
    shown = {"job": str(jobs[0].uuid), "first": 1, "pictures": [PREVIEW] * 3}
    worker = Worker.objects.create(host="here", pid=1, state="generating", preview=shown)
    running = {"worker": worker, "first": 1, "group_size": 3, "step": 1, "steps": 9}
    Job.objects.filter(pk=jobs[0].pk).update(state="running", **running)
    Job.objects.filter(pk=jobs[2].pk).update(state="failed", error=SECRET, finished=jobs[2].created)
    Job.objects.filter(pk=jobs[3].pk).update(state="done", finished=jobs[3].created)
    return jobs


def somebody(mark: str) -> Client:
    client = browser()
    client.cookies["visitor"] = signing.get_cookie_signer(salt="visitor").sign(mark)
    return client


def others() -> list[Client]:
    """Everybody but who sent the jobs: a stranger, another visitor, a member, staff, and a program of a member."""
    bob, owner = User.objects.create_user("bob"), User.objects.create_user("owner", is_staff=True)
    clients = [browser(), somebody("b"), browser(), browser(), browser()]
    clients[2].force_login(bob)
    clients[3].force_login(owner)
    clients[4].defaults["HTTP_AUTHORIZATION"] = f"Bearer {Token.objects.make(bob, name='x', scopes=['read'])[1]}"
    return clients


def every_answer(client: Client, job: Job) -> dict[str, str]:
    """By address, what anybody can look at."""
    values = {"uuid": job.uuid, "job": job.uuid, "batch": job.uuid, "position": "0", "name": "00-original.png"}
    found = [path for path in every_path(get_resolver().url_patterns, values) if not path.startswith("/admin/")]
    answers: dict[str, str] = {}
    for path in [*found, "/api/v1/jobs?state=failed", f"/library/{job.uuid}/0/", f"/?settings_of={job.uuid}"]:
        for headers in ({}, HTMX):
            answer: Any = client.get(path, headers=headers)
            answers[f"{path} {headers}"] = b"".join(answer).decode("latin-1") if answer.status_code == 200 else ""
    return answers


def test_invokeai_8822_nothing_that_others_can_look_at_has_the_words_or_the_preview(jobs: list[Job]) -> None:
    for client in others():
        for job in jobs:
            answers = every_answer(client, job)
            assert len(answers) > 80
            told = {path for path, html in answers.items() if SECRET in html or PREVIEW in html or "977531" in html}
            assert told == set()
            assert not [path for path, html in answers.items() if html.startswith("\x89PNG")]


def test_the_source_of_what_waits_can_be_neither_taken_nor_deleted(jobs: list[Job]) -> None:
    path = f"library/{jobs[1].uuid}/00-original.png"
    stranger = Program()
    refused(stranger.send("/prompt", {"prompt": "a fox", "original_image_path": path}), 422, "no such picture")
    assert stranger.send("/deleteimage", {"path": path}).status_code == 404
    assert browser().post(f"/library/{jobs[1].uuid}/0/favourite/", {"favourite": "yes"}).status_code == 404
    assert Image.objects.kept().get().favourite is False


def test_the_place_and_how_it_is_with_it_are_still_told(jobs: list[Job]) -> None:
    html = browser().get("/queue/").content.decode()
    assert html.count("words not shown") == 2
    assert "images 1 to 3 of 3, step 1 of 9" in html
    assert "A job</bdi></a> failed." in html
    assert "Words that are not shown" in browser().get(f"/jobs/{jobs[0].uuid}/").content.decode()
    assert "See them in the library" in browser().get(f"/jobs/{jobs[3].uuid}/").content.decode()


def test_programs_are_told_that_something_is_hidden(jobs: list[Job]) -> None:
    for told in Program().get("/api/v1/queue")["jobs"]:
        assert (told["hidden"], told["prompt"], told["recipe"], told["images"], told["error"]) == (True, "", {}, [], "")
        assert told["state"] in ("running", "waiting")
    told = Program().get("/queue_status")
    assert [(job["prompt"], job["num_images"], job["seed"]) for job in told] == [("", 3, 0)] * 2


@pytest.mark.parametrize("jobs", ["person", "visitor"], indirect=True)
def test_whoever_wrote_them_sees_them(jobs: list[Job], ada: User) -> None:
    client = somebody("a")
    if jobs[0].person:
        client.force_login(ada)
    html = client.get("/").content.decode()
    assert html.count(SECRET) > 4
    assert PREVIEW in html
    assert SECRET in client.get(f"/jobs/{jobs[2].uuid}/card/").content.decode()
    assert client.get(f"/library/{jobs[1].uuid}/00-original.png").status_code == 200
    assert SECRET in client.get(f"/library/{jobs[1].uuid}/0/").content.decode()
    asks = Program(client)
    if jobs[0].person:
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {Token.objects.make(ada, name='x', scopes=['read'])[1]}"
    assert asks.get(f"/api/v1/jobs/{jobs[0].uuid}")["prompt"] == SECRET
    assert asks.get("/queue_status")[0]["prompt"] == SECRET


def test_a_program_without_a_name_is_told_what_it_has_just_sent() -> None:
    program = Program()
    told = program.send("/api/v1/jobs", {"prompt": SECRET}, idempotency_key="a").json()
    assert (told["prompt"], told["hidden"], told["position"]) == (SECRET, False, 1)
    assert program.send("/api/v1/jobs", {"prompt": SECRET}, idempotency_key="a").json() == told
    assert program.get(f"/api/v1/jobs/{told['uuid']}")["prompt"] == ""
    assert SECRET not in program.send(f"/api/v1/jobs/{told['uuid']}/cancel").content.decode()


def test_nothing_of_it_is_written_back(jobs: list[Job]) -> None:
    browser().get("/queue/")
    Program().get("/api/v1/jobs")
    assert {job.recipe.prompt for job in Job.objects.all()} == {SECRET}


def test_as_it_comes_everybody_sees_everything(settings: Settings, jobs: list[Job]) -> None:
    settings.PLAYGROUND_QUEUE_WORDS = "everyone"
    html = browser().get("/queue/").content.decode()
    assert html.count(SECRET) == 4  # two in the queue, one that failed with its error
    assert PREVIEW in html
    assert Program().get("/api/v1/queue")["jobs"][0]["prompt"] == SECRET
