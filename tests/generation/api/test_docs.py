"""The page that describes the API."""

import re

import pytest
from django.utils.html import escape

from generation import status
from generation.api import original
from generation.limits import MEMORY, NOT_MEASURED
from generation.models import Worker
from tests.program import Program

pytestmark = pytest.mark.django_db


def text(program: Program) -> str:
    answer = program.client.get("/api/docs/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_every_call_has_its_place_and_an_example(program: Program) -> None:
    html = text(program)
    paths = program.get("/api/v1/openapi.json")["paths"]
    assert len(paths) > 10
    for path, methods in paths.items():
        assert html.count(f"<code>{path}</code>") == len(methods)
    for method, path, *_ in original.CALLS:
        assert re.search(rf"{method}</span> <code>{path}</code>", html)
    assert html.count("<pre") == html.count('class="call"') == sum(map(len, paths.values())) + len(original.CALLS)


def test_the_examples_name_this_site_and_say_what_they_send(program: Program) -> None:
    html = text(program)
    assert "curl http://localhost/api/v1/queue<" in html
    assert "-X PUT http://localhost/api/v1/images/{image}/favourite" in html
    assert "Content-Type: application/json&#x27; \\\n  -d &#x27;{&quot;prompt&quot;: &quot;a fox&quot;" in html


def test_it_says_what_each_setting_takes(program: Program) -> None:
    html = text(program)
    assert "<code>steps</code></dt><dd>integer, 1 to 250</dd>" in html
    assert "<code>sampler</code></dt><dd>PLMS, DDIM" in html
    assert "<code>limit</code></dt><dd>integer, 1 to 100</dd>" in html


def test_it_says_how_large_a_picture_may_be(program: Program) -> None:
    status.current()  # forgets the workers of other tests
    assert f"of more than 1,048,576 px in all is {NOT_MEASURED}." in text(program)
    Worker.objects.create(host="here", pid=1, state="ready", max_pixels=700_000)
    assert f"of more than 700,000 px in all is {escape(MEMORY)}." in text(program)
    assert program.get("/api/v1/status")["max_pixels"] == 700_000


def test_it_needs_nothing_but_this_site(program: Program) -> None:
    html = text(program)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
    assert html.count("<script") == html.count("<script src=") + html.count('<script id="')
    assert "style=" not in html


def test_its_address_is_found_without_the_slash(program: Program) -> None:
    assert program.client.get("/api/docs")["Location"] == "/api/docs/"
