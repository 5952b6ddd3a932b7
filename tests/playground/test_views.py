"""Health, theme, refusals, and that looking at anything changes nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from PIL import Image as Pillow
from pytest_django import Settings

from generation import queue, status
from generation.engine.recipe import Recipe
from generation.models import Job, Pause, Worker
from library import png
from library.models import Batch, Image
from tests.addresses import every_path
from tests.pages import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return browser()


@pytest.fixture(autouse=True)
def fresh(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    settings.PLAYGROUND_LIBRARY.mkdir()
    settings.PLAYGROUND_CACHE = tmp_path / "cache"
    status.current()  # forgets the workers of other tests


def a_worker(**fields: Any) -> Worker:
    return Worker.objects.create(host="here", pid=1, **fields)


# Health


def health(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/healthz")
    assert answer["Content-Type"] == "application/json"
    return answer.status_code, answer.json()


def test_livez_answers_without_asking_anybody(client: Client) -> None:
    with connection.execute_wrapper(lambda *_: pytest.fail("it asked the database")):
        answer = client.get("/livez")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.parametrize("state", ["ready", "generating"])
def test_all_is_well_with_a_worker_that_has_its_model(client: Client, state: str) -> None:
    a_worker(state=state)
    code, body = health(client)
    assert code == 200
    assert {**body, "seconds_per_image": 0} == {
        "status": "ok", "database": "ok", "disk": "ok", "worker": state, "reason": "", "seconds_per_image": 0,
    }  # fmt: skip


def test_a_paused_worker_is_well_too(client: Client) -> None:
    a_worker(state="ready")
    Pause.objects.begin()
    assert (health(client)[0], health(client)[1]["worker"]) == (200, "paused")


@pytest.mark.parametrize("state", ["starting", "loading", "none"])
def test_without_a_loaded_model_it_fails_and_says_why(client: Client, state: str) -> None:
    if state != "none":
        a_worker(state=state)
    code, body = health(client)
    assert (code, body["status"], body["worker"]) == (503, "failing", state)
    assert body["reason"].endswith(".")


def test_a_worker_without_a_model_says_which_one_is_at_fault(client: Client) -> None:
    a_worker(state="failed", notice="big.ckpt cannot be loaded: it is torn.")
    assert health(client)[0] == 503
    assert health(client)[1]["reason"] == "big.ckpt cannot be loaded: it is torn."


def test_a_worker_that_has_fallen_silent_is_none(client: Client) -> None:
    a_worker(state="ready", seen=timezone.now() - timedelta(minutes=1))
    assert (health(client)[0], health(client)[1]["worker"]) == (503, "none")


def test_a_library_that_has_gone_is_named(client: Client, settings: Settings, tmp_path: Path) -> None:
    a_worker(state="ready")
    settings.PLAYGROUND_LIBRARY = tmp_path / "gone"
    code, body = health(client)
    assert (code, body["database"]) == (503, "ok")
    assert body["disk"] == body["reason"] != "ok"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_named(client: Client, settings: Settings, tmp_path: Path) -> None:
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(tmp_path)  # a folder cannot be opened
    try:
        code, body = health(client)
        alive = client.get("/livez").status_code
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
    assert (code, body["worker"], body["disk"], alive) == (503, "none", "ok", 200)
    assert body["reason"].startswith("The database does not answer")


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_health_can_only_be_looked_at(client: Client, path: str, method: str) -> None:
    assert getattr(client, method)(path).status_code == 405


def test_health_is_asked_anew_each_time(client: Client) -> None:
    assert "no-store" in client.get("/healthz")["Cache-Control"]


# Theme


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_is_kept(client: Client, theme: str) -> None:
    answer = client.post("/theme/", {"theme": theme, "next": "/library/?before=x"})
    assert (answer.status_code, answer["Location"]) == (302, "/library/?before=x")
    cookie = answer.cookies["theme"]
    assert (cookie["max-age"], cookie["samesite"], cookie["httponly"]) == (365 * 24 * 3600, "Lax", True)
    assert f'data-theme="{theme}"' in client.get("/").content.decode()


@pytest.mark.parametrize("theme", ["", "system", "<script>", "dark "])
def test_any_other_theme_means_the_systems(client: Client, theme: str) -> None:
    client.post("/theme/", {"theme": "dark"})
    client.post("/theme/", {"theme": theme})
    assert "data-theme" not in client.get("/").content.decode()


def test_a_forged_theme_is_none(client: Client) -> None:
    client.cookies["theme"] = 'dark"><script>'
    assert "data-theme" not in client.get("/").content.decode()


ELSEWHERE = r"""
https://evil.example/ //evil.example ///evil.example /\evil.example \\evil.example http:evil javascript:alert(1)
http://localhost/ x admin:index
"""


@pytest.mark.parametrize("target", [*ELSEWHERE.split(), "", " //evil.example", "\t//evil.example", "\0"])
def test_the_theme_leads_nowhere_else(client: Client, target: str) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": target})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_target_cannot_add_headers(client: Client) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": "/\r\nSet-Cookie: evil=1"})
    assert "evil" not in answer.cookies
    assert "\n" not in answer["Location"]


# Refusals


@pytest.mark.parametrize("path", ["/nowhere/", "/jobs/1/", "/library/..%2f..%2fetc/passwd", "/%00", "/.env", "/data/"])
def test_what_is_not_there_is_said_on_a_page_of_the_site(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"There is nothing here. It may have been deleted." in answer.content


def test_too_many_fields_are_refused(client: Client) -> None:
    answer = client.post("/jobs/", {f"field{number}": "x" for number in range(300)})
    assert answer.status_code == 400
    assert b"That request could not be understood." in answer.content


def test_too_long_a_request_is_refused(client: Client) -> None:
    assert client.post("/jobs/", {"prompt": "x" * 3_000_000}).status_code in (400, 413)
    assert not Job.objects.exists()


def test_a_fault_of_ours_is_said_without_details(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_PIXELS = "not a number"
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    answer = client.post("/jobs/", {"prompt": "a fox"})
    assert answer.status_code == 500
    assert b"it was not your doing" in answer.content
    assert b"Traceback" not in answer.content


# Looking


def everything(folder: Path) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """All rows of all tables, and the files of the library."""
    rows = {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}
    return rows, {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("visitor", ["stranger", "sender", "owner"])
def test_looking_at_any_address_changes_nothing(client: Client, settings: Settings, visitor: str) -> None:
    client.post("/jobs/", {"prompt": "a fox"})
    job, waiting = Job.objects.get(), queue.submit(Recipe(prompt="a ship", seed=1))
    Job.objects.filter(pk=waiting.pk).update(state="running", worker=a_worker(state="generating"))
    batch = Batch.objects.start(job.uuid, recipe=job.recipe_data, visitor=job.visitor)
    encoded = png.encode(Pillow.effect_noise((16, 16), 90), {"prompt": "a fox"}, seed=1)
    image = Image.objects.store(encoded, batch=batch, position=1)
    looker = client if visitor == "sender" else browser()
    if visitor == "owner":
        looker.force_login(User.objects.create_superuser("owner"))
    looker.raise_request_exception = False
    values = {"uuid": job.uuid, "batch": job.uuid, "name": "01.png", "image": image.uuid}
    paths = list(every_path(get_resolver().url_patterns, values))
    before = everything(settings.PLAYGROUND_LIBRARY)
    codes = {(method, path): getattr(looker, method)(path).status_code for path in paths for method in ("get", "head")}
    assert everything(settings.PLAYGROUND_LIBRARY) == before
    assert {path: code for path, code in codes.items() if code >= 500} == {}
    assert len([path for path in paths if not path.startswith("/admin/")]) >= 13
    assert codes["get", f"/library/{job.uuid}/01.png"] == codes["get", f"/thumbs/{image.uuid}.webp"] == 200
    assert {codes["get", path] for path in (f"/jobs/{job.uuid}/cancel/", "/theme/")} == {405}
    assert codes["get", "/jobs/"] == 302  # back to the form
