"""Whom a program speaks for, and how far its token reaches."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from generation import queue
from generation.api.v1 import api
from generation.engine.recipe import Recipe
from generation.models import Job
from generation.senders import Sender
from library.models import Batch, Image
from people.models import SCOPES, Token
from tests.library.make import an_image
from tests.pages import browser
from tests.program import JSON, Program, refused

pytestmark = pytest.mark.django_db

FOX = {"prompt": "a fox", "num_images": "3"}
JOBS = "/api/v1/jobs"

SCOPE_OF = {
    "get /api/v1/jobs": "read",
    "post /api/v1/jobs": "generate",
    "get /api/v1/jobs/{job}": "read",
    "post /api/v1/jobs/{job}/cancel": "generate",
    "get /api/v1/queue": "read",
    "get /api/v1/models": "read",
    "get /api/v1/samplers": "read",
    "get /api/v1/loras": "read",
    "get /api/v1/status": "read",
    "get /api/v1/images": "read",
    "get /api/v1/images/{image}": "read",
    "get /api/v1/images/{image}/file": "read",
    "get /api/v1/images/{image}/thumbnail": "read",
    "put /api/v1/images/{image}/favourite": "generate",
    "delete /api/v1/images/{image}/favourite": "generate",
    "delete /api/v1/images/{image}": "delete",
    "post /api/v1/images/{image}/restore": "delete",
    "post /prompt": "generate",
    "get /queue_status": "read",
    "get /getlibrary": "read",
    "post /deleteimage": "delete",
}


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def token(person: User, *scopes: str) -> str:
    return Token.objects.make(person, name="a script", scopes=scopes or SCOPES)[1]


def program(told: str, client: Client | None = None) -> Program:
    client = client or browser()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {told}"
    return Program(client)


def a_job(person: User | None = None, visitor: str = "") -> Job:
    return queue.submit(Recipe(prompt="a ship", seed=1, width=64, height=64), sender=Sender(visitor, person))


# Scopes


def test_every_call_has_its_scope() -> None:
    calls = {
        f"{method} {path}": described["security"]
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method, described in methods.items()
    }
    own = {call: scope for call, scope in SCOPE_OF.items() if "/api/v1/" in call}
    assert calls == {call: [{scope.capitalize(): []}] for call, scope in own.items()}


@pytest.mark.parametrize("shut", [False, True])
@pytest.mark.parametrize("call", SCOPE_OF)
def test_only_its_scope_is_good_for_a_call(settings: Settings, ada: User, call: str, shut: bool) -> None:
    settings.PLAYGROUND_LOGIN_REQUIRED = shut
    image = an_image()
    method, path = call.split()
    path = path.format(job=a_job(ada).uuid, image=image.uuid)
    values = {"path": f"library/{image.batch.uuid}/{image.name}"} if "deleteimage" in path else FOX
    for scope in SCOPES:
        answer = program(token(ada, scope)).send(path, values, method=method.upper())
        if scope == SCOPE_OF[call]:
            assert answer.status_code < 300
        else:
            refused(answer, 403, f"it needs the scope “{SCOPE_OF[call]}”.")
            assert answer.json()["scope"] == SCOPE_OF[call]


def test_what_a_token_lacks_is_said_before_anything_is_done(ada: User) -> None:
    image = an_image()
    reader = program(token(ada, "read"))
    for path in (JOBS, "/prompt", "/deleteimage", f"/api/v1/images/{image.uuid}/restore"):
        refused(reader.send(path, "nonsense"), 403)
    refused(reader.send(f"/api/v1/images/{image.uuid}", method="DELETE"), 403)
    assert not Job.objects.exists()
    assert Image.objects.kept().exists()


# Whom it speaks for


@pytest.mark.parametrize("path", [JOBS, "/prompt"])
def test_what_is_sent_with_a_token_is_its_persons(ada: User, path: str) -> None:
    program(token(ada)).send(path, FOX)
    assert (Job.objects.get().person, Job.objects.get().visitor) == (ada, "")
    herself = browser()
    herself.force_login(ada)
    assert b"a fox" in herself.get("/").content.partition(b'id="queue"')[0]


def test_mine_is_what_the_person_has_sent(ada: User) -> None:
    mine, other = a_job(ada), a_job(User.objects.create_user("bob"))
    a_job()
    asks = program(token(ada))
    assert [(job["uuid"], job["by"]) for job in asks.get(JOBS, mine="true")["jobs"]] == [(str(mine.uuid), "ada")]
    assert (asks.get(f"{JOBS}/{mine.uuid}")["mine"], asks.get(f"{JOBS}/{other.uuid}")["mine"]) == (True, False)
    assert asks.get(f"{JOBS}/{other.uuid}")["by"] == "bob"


def test_a_search_for_mine_finds_the_persons_pictures(ada: User) -> None:
    image = an_image()
    an_image()
    Batch.objects.filter(pk=image.batch_id).update(person=ada)
    told = program(token(ada)).get("/api/v1/images", q="by:me")["images"]
    assert [one["uuid"] for one in told] == [str(image.uuid)]


def test_the_persons_jobs_are_theirs_and_the_staffs_to_cancel(ada: User) -> None:
    bob, owner = User.objects.create_user("bob"), User.objects.create_user("owner", is_staff=True)
    job = a_job(ada)
    for other in (Program(), program(token(bob))):
        refused(other.send(f"{JOBS}/{job.uuid}/cancel"), 403, "Only whoever sent a job can cancel it.")
    assert program(token(ada)).send(f"{JOBS}/{job.uuid}/cancel").json()["state"] == "cancelled"
    assert program(token(owner)).send(f"{JOBS}/{a_job(ada).uuid}/cancel").json()["state"] == "cancelled"


def test_one_persons_idempotency_key_is_no_one_elses(ada: User) -> None:
    bob = User.objects.create_user("bob")
    asks = [Program(), program(token(ada)), program(token(bob)), program(token(ada))]
    codes = [each.send(JOBS, FOX, idempotency_key="a").status_code for each in asks]
    assert codes == [201, 201, 201, 200]


def test_a_person_has_one_limit_however_the_jobs_are_sent(settings: Settings, ada: User) -> None:
    settings.PLAYGROUND_MAX_WAITING = 2
    herself = browser()
    herself.force_login(ada)
    herself.post("/jobs/", FOX)
    asks = program(token(ada))
    assert [asks.send(path, FOX).status_code for path in ("/prompt", JOBS)] == [200, 429]


# No token, or none of ours


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "bearer " + "A" * 43,
        "Bearer " + "A" * 6000,
        "Bearer a b",
        "Bearer caf\xe9",
        "BEARER \x7f",
    ],
)
@pytest.mark.parametrize("shut", [False, True])
def test_an_unknown_token_is_refused_even_where_none_is_needed(settings: Settings, header: str, shut: bool) -> None:
    settings.PLAYGROUND_LOGIN_REQUIRED = shut
    for path in ("/api/v1/queue", "/queue_status", "/api/nowhere"):
        answer = browser().get(path, headers={"authorization": header})
        refused(answer, 401, "This token is not known here")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_that_was_revoked_or_whose_person_is_closed_out_is_unknown(ada: User) -> None:
    asks = program(token(ada))
    assert asks.client.get("/api/v1/queue").status_code == 200
    User.objects.update(is_active=False)
    refused(asks.client.get("/api/v1/queue"), 401)
    User.objects.update(is_active=True)
    Token.objects.get().revoke()
    refused(asks.client.get("/api/v1/queue"), 401)


def test_another_kind_of_authorization_is_the_proxys_business() -> None:
    basic = {"authorization": "Basic YWRhOnNlY3JldA=="}
    assert browser().get("/api/v1/queue", headers=basic).status_code == 200


def test_where_accounts_are_asked_for_a_token_is_needed(settings: Settings, ada: User) -> None:
    settings.PLAYGROUND_LOGIN_REQUIRED = True
    signed_in = browser()
    signed_in.force_login(ada)
    for client in (browser(), signed_in):
        for path in ("/api/v1/queue", "/queue_status", "/getlibrary", "/api/v1/openapi.json"):
            refused(client.get(path), 401, "Authorization: Bearer")
        refused(client.post(JOBS, '{"prompt": "a fox"}', content_type=JSON), 401)
    assert not Job.objects.exists()
    asks = program(token(ada, "generate"))
    assert asks.client.get("/api/v1/openapi.json").status_code == 200
    assert asks.send(JOBS, FOX).status_code == 201


def test_a_session_adds_nothing_to_a_token(ada: User) -> None:
    owner = browser()
    owner.force_login(User.objects.create_superuser("root"))
    job = a_job(User.objects.create_user("bob"))
    refused(program(token(ada), owner).send(f"{JOBS}/{job.uuid}/cancel"), 403)
    program(token(ada), owner).send(JOBS, FOX)
    assert Job.objects.latest("pk").person == ada


def test_a_token_opens_no_page(settings: Settings, ada: User) -> None:
    settings.PLAYGROUND_LOGIN_REQUIRED = True
    asks = program(token(ada)).client
    for path in ("/", "/library/", "/account/", "/account/tokens/", "/admin/", "/api/docs/", "/trash/"):
        assert asks.get(path)["Location"].startswith("/sign-in/")
    assert asks.post("/jobs/", FOX)["Location"].startswith("/sign-in/")


# Files


@pytest.mark.parametrize("shut", [False, True])
def test_the_files_that_answers_name_come_with_the_same_token(settings: Settings, ada: User, shut: bool) -> None:
    settings.PLAYGROUND_LOGIN_REQUIRED = shut
    image = an_image()
    [told] = program(token(ada)).get("/api/v1/images")["images"]
    [group] = program(token(ada)).get("/getlibrary")
    paths = [told["file"], told["thumbnail"], f"/{group['generated_images'][0]}", image.download_url]
    for path in paths:
        answer = program(token(ada, "read")).client.get(path)
        assert answer["Content-Type"] in ("image/png", "image/webp")
        refused(program(token(ada, "generate", "delete")).client.get(path), 403, "it needs the scope “read”.")
        refused(program("A" * 43).client.get(path), 401)
        assert browser().get(path).status_code == (302 if shut else 200)


def test_a_form_with_files_needs_no_other_token(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    refused(strict.post(JOBS, FOX), 403, "A form needs its token")
    assert program(token(ada), strict).client.post(JOBS, FOX).status_code == 201
    kind = {"content_type": "application/x-www-form-urlencoded"}
    refused(strict.generic("POST", JOBS, "prompt=a+fox", **kind), 415)


# What it costs


def test_a_token_costs_one_query(ada: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    asks = program(token(ada))
    asks.get("/api/v1/samplers")
    with django_assert_num_queries(1):
        asks.get("/api/v1/samplers")


def test_its_last_use_is_noted(ada: User) -> None:
    asks = program(token(ada))
    assert Token.objects.get().last_used is None
    asks.get("/api/v1/queue")
    assert Token.objects.get().last_used


# The documents


def test_the_page_names_the_scope_of_each_call_and_the_header(settings: Settings, ada: User) -> None:
    html = browser().get("/api/docs/").content.decode()
    assert html.count("<small>read</small>") == sum(scope == "read" for scope in SCOPE_OF.values())
    assert html.count("<small>delete</small>") == 3
    assert "Bearer TOKEN&#x27;" not in html
    settings.PLAYGROUND_LOGIN_REQUIRED = True
    herself: Any = browser()
    herself.force_login(ada)
    html = herself.get("/api/docs/").content.decode()
    assert html.count("Authorization: Bearer TOKEN&#x27;") == len(SCOPE_OF)
    described = herself.get("/api/docs/openapi.json").json()
    assert described["components"]["securitySchemes"]["Read"] == {"type": "http", "scheme": "bearer"}
    assert described == program(token(ada)).get("/api/v1/openapi.json")
