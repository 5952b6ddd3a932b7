"""Whatever is sent to a program's address, the answer is JSON with a sentence, and never a 500."""

from typing import Any

import pytest
from django.test import Client

from generation import queue
from generation.engine.recipe import Recipe
from generation.models import Job
from playground.middleware import LONGEST_BODY
from tests.pages import browser
from tests.program import JSON, Program, refused

pytestmark = pytest.mark.django_db

TAKING = ["/api/v1/jobs", "/prompt", "/deleteimage"]
ADDRESSES = [*TAKING, "/queue_status", "/getlibrary", "/api/v1/queue", "/api/nowhere", "/api/v1/images"]


@pytest.mark.parametrize("path", TAKING)
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (" ", "That is not JSON."),
        ("{", "That is not JSON."),
        ("prompt=a+fox", "That is not JSON."),
        ("[]", "has to be an object"),
        ('"{}"', "has to be an object"),
        ("null", "has to be an object"),
        pytest.param("[" * 100_000, "nested too deeply", id="lists"),
        pytest.param('{"a":' * 100_000, "nested too deeply", id="objects"),
        ('{"prompt": "a", "prompt": "b"}', "A name stands twice"),
        ('{"prompt": "a", "x": {"y": 1, "y": 2}}', "A name stands twice"),
        ('{"prompt": "a", "steps": NaN}', "NaN is no number"),
        ('{"prompt": "a", "steps": -Infinity}', "-Infinity is no number"),
        ('{"prompt": "a", "steps": 1e999}', "beyond all bounds"),
        pytest.param('{"prompt": "a", "steps": 1' + "0" * 5000 + "}", "That is not JSON.", id="digits"),
        ('{"prompt": "half \\ud83d"}', "not text"),
        ('{"\\udc00": "a"}', "not text"),
        (b'{"prompt": "\xff"}', "not text"),
        ('{"prompt": "a"}'.encode("utf-16"), "not text"),
    ],
)
def test_what_is_not_plain_json_is_refused(program: Program, path: str, body: str | bytes, sentence: str) -> None:
    refused(program.send(path, body), 400, sentence)
    assert not Job.objects.exists()


@pytest.mark.parametrize("path", TAKING)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "nonsense"])
def test_what_does_not_say_that_it_is_json_is_refused(program: Program, path: str, kind: str) -> None:
    refused(program.client.generic("POST", path, '{"prompt": "a fox"}', content_type=kind), 415, "Send it as JSON")
    assert not Job.objects.exists()


def test_the_kind_may_name_its_letters(program: Program) -> None:
    kind = f"{JSON.upper()}; charset=utf-8"
    answer = program.client.generic("POST", "/api/v1/jobs", '{"prompt": "a fox"}', content_type=kind)
    assert answer.status_code == 201


@pytest.mark.parametrize("path", TAKING)
def test_too_much_json_is_refused_unread(program: Program, path: str) -> None:
    body = b'{"prompt": "' + b"a" * 1024 * 1024 + b'"}'
    refused(program.send(path, body), 413, "1 MiB of JSON is the most")


@pytest.mark.parametrize("path", [*ADDRESSES, "/api/v1/openapi.json"])
def test_refusals_of_the_whole_site_are_json_here(path: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    long = {"CONTENT_LENGTH": str(LONGEST_BODY + 1)}
    refused(client.generic("POST", path, content_type=JSON, **long), 413)  # type: ignore[arg-type]
    refused(client.generic("POST", path, content_type=JSON, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked"), 411)
    refused(client.post(path, headers={"origin": "http://evil.example"}), 403, "Another site's page")
    refused(client.post(path, headers={"sec-fetch-site": "cross-site"}), 403, "Another site's page")
    refused(client.get(path, headers={"host": "evil.example"}), 400, "does not go by that name")


@pytest.mark.parametrize("path", ["/api/nowhere", "/api/v1/", "/api/v1/nowhere", "/api/v1/jobs/", "/api/v1/jobs/1"])
def test_what_is_not_there_is_not_found_in_json(program: Program, path: str) -> None:
    refused(program.client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/prompt", "POST"),
        ("POST", "/queue_status", "GET"),
        ("DELETE", "/getlibrary", "GET"),
        ("PUT", "/api/v1/jobs", "GET, POST"),
        ("PATCH", "/api/v1/images", "GET"),
        ("OPTIONS", "/api/v1/queue", "GET"),
    ],
)
def test_another_method_is_refused_with_those_there_are(program: Program, method: str, path: str, allowed: str) -> None:
    answer = program.send(path, method=method)
    refused(answer, 405, f"does not take {method}; it takes {allowed}.")
    assert answer["Allow"] == allowed


def test_what_breaks_is_told_in_json_too(program: Program) -> None:
    Job.objects.create(prompt=queue.submit(Recipe(prompt="a", seed=1)).prompt, recipe_data={"no": "recipe"})
    program.client.raise_request_exception = False
    for path in ("/queue_status", "/api/v1/queue"):
        refused(program.client.get(path), 500, "Something broke here")


# Forms with files


def a_form(client: Client, **fields: Any) -> Any:
    return client.post("/api/v1/jobs", {"prompt": "a fox", **fields})


def test_a_form_is_taken_with_its_token_alone() -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    refused(a_form(client), 403, "A form needs its token")
    client.get("/")
    token = client.cookies["csrftoken"].value
    refused(a_form(client), 403, "A form needs its token")
    assert client.post("/api/v1/jobs", {"prompt": "a fox"}, headers={"x-csrftoken": token}).status_code == 201
    assert a_form(client, csrfmiddlewaretoken=token).status_code == 201
    assert [job.recipe.prompt for job in Job.objects.all()] == ["a fox", "a fox"]


def test_a_torn_form_is_refused_at_once(program: Program) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"):
        answer = program.client.generic("POST", "/api/v1/jobs", b"--x\r\n" * 1000, content_type=kind)
        assert answer.status_code in (400, 422)
        refused(answer, answer.status_code)


def test_no_answer_is_kept_by_a_cache(program: Program) -> None:
    for path in ("/queue_status", "/getlibrary", "/api/v1/jobs", "/api/v1/status"):
        assert "no-store" in browser().get(path)["Cache-Control"]
