"""Every address of the site by every method, asked by everybody, held against the table in tests/access.py."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver
from pytest_django import Settings

from generation.dialects import speaks_json
from tests.access import FILES, METHODS, OPEN, ROLES, ROWS, SIGN_IN, TOKENS, expected
from tests.pages import browser
from tests.world import LOST, WAITING, World, everything

pytestmark = pytest.mark.django_db


def routes(patterns: list[Any], start: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = start + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


EVERY = sorted(set(routes(get_resolver().url_patterns)))
SITE = [route for route in EVERY if not route.startswith("admin/")]
ADMIN = [route for route in EVERY if route.startswith("admin/")]


@pytest.fixture(params=["open", "login required"])
def shut(request: Any, settings: Settings, tmp_path: Path) -> bool:
    settings.PLAYGROUND_LOGIN_REQUIRED = request.param == "login required"
    settings.PLAYGROUND_DELETE, settings.PLAYGROUND_QUEUE_WORDS = "owner", "own"
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    settings.PLAYGROUND_LIBRARY.mkdir()
    return bool(settings.PLAYGROUND_LOGIN_REQUIRED)


@pytest.fixture
def world(shut: bool) -> World:
    return World(shut=shut)


def outcome(answer: Any) -> int | str:
    to = answer.headers.get("Location", "") or answer.headers.get("HX-Redirect", "")
    return SIGN_IN if to.startswith("/sign-in/") else int(answer.status_code)


def test_every_address_has_its_row_and_every_row_its_address() -> None:
    assert set(SITE) == ROWS.keys()
    assert ROWS.keys() > OPEN | FILES
    assert len(ADMIN) > 60


@pytest.mark.parametrize("role", ROLES)
def test_invokeai_9365_ghsa_7grx_3xcx_2xv5_everybody_gets_what_the_table_says_and_no_more(
    world: World, shut: bool, role: str
) -> None:
    wrong, told, before = {}, set(), everything()
    for route in SITE:
        for method in METHODS:
            wanted = expected(route, method, role, shut=shut)
            answer = world.ask(role, method, route, undo=wanted not in REFUSED)
            if (found := outcome(answer)) != wanted:
                wrong[method, route] = f"{found} instead of {wanted}"
            told |= {(method, route, word) for word in foreign(answer, role, route, shut=shut)}
    assert not wrong, "\n".join(f"{key}: {text}" for key, text in wrong.items())
    assert not told
    assert everything() == before


REFUSED = (401, 403, 404, 405, 422, 503, SIGN_IN)
"""After which nothing is otherwise, so there is nothing to be undone."""


def foreign(answer: Any, role: str, route: str, *, shut: bool) -> list[str]:
    """What of the maker's own stands in an answer to somebody else."""
    is_maker = role == "maker" or (shut and role in TOKENS and speaks_json(f"/{route}"))
    hidden = [] if is_maker else [WAITING]
    hidden += [] if is_maker or role == "staff" else [LOST]
    return [word for word in hidden if word in answer.body]


FRAGMENTS = """
queue/ queue/?v=x status/?v=x promise/?prompt=a+fox promise/?all=1&prompt=a+fox library/?since=0 library/?before=x
library/?since=0&q=zebra library/?q=by:maker library/?q=mammoth trash/?before=x advanced/ jobs/{job}/card/?v=x
models/?v=x downloads/?v=x library/{batch}/1/ trash/ jobs/{job}/
"""


@pytest.mark.parametrize("role", ROLES)
def test_invokeai_8822_the_fragments_of_a_page_are_as_shut_as_the_page(world: World, shut: bool, role: str) -> None:
    here = {"hx-request": "true", "hx-current-url": "http://localhost/"}
    for address in FRAGMENTS.format(job=world.job.uuid, batch=world.image.batch.uuid).split():
        answer = world.send(role, "GET", f"/{address}", here)
        if shut and role not in ("maker", "member", "staff"):
            assert (outcome(answer), answer.body) == (SIGN_IN, ""), address
        else:
            is_for_staff = address.startswith("downloads/") and role != "staff"
            assert answer.status_code in ((403,) if is_for_staff else (200, 204)), address
        assert foreign(answer, role, address, shut=shut) == [], address


@pytest.mark.parametrize("role", ["maker", "staff"])
def test_no_form_of_a_page_is_taken_without_its_token(world: World, shut: bool, role: str) -> None:
    """Programs' addresses have none: there a session counts for nothing, as the table says."""
    world.client.handler.enforce_csrf_checks = True
    before = everything()
    forms = [route for route in SITE if "POST" in ROWS[route] and not speaks_json(f"/{route}")]
    codes = {route: world.ask(role, "POST", route, undo=False).status_code for route in forms}
    assert codes == dict.fromkeys(forms, 403)
    assert everything() == before


@pytest.mark.parametrize("role", [*ROLES, "owner"])
def test_the_administration_is_for_staff_alone(world: World, shut: bool, role: str) -> None:
    before = everything()
    for route in ADMIN:
        for method in METHODS if role == "stranger" else ("GET", "POST"):
            answer = world.ask(role, method, route, undo=role in ("staff", "owner"))
            assert answer.status_code < 500, (method, route)
            if role not in ("staff", "owner"):
                assert is_denied(answer, route), (method, route, answer.status_code)
                assert not foreign(answer, role, route, shut=shut)
    assert everything() == before


def test_the_administrations_lists_are_there_for_the_owner(world: World, shut: bool) -> None:
    lists = [route for route in ADMIN if re.fullmatch(r"admin/((auth|people|library|generation)/\w+/)?", route)]
    assert len(lists) > 10
    assert {route: world.ask("owner", "GET", route).status_code for route in lists} == dict.fromkeys(lists, 200)


def is_denied(answer: Any, route: str) -> bool:
    to = answer.headers.get("Location", "")
    asked = to.startswith(("/sign-in/?next=", "/admin/login/?next=")) or (route == "admin/logout/" and to == "/admin/")
    return answer.status_code == 403 or (answer.status_code == 302 and asked)


def test_static_files_are_everybodys_and_nothing_beside_them(settings: Settings, tmp_path: Path, shut: bool) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    (settings.STATIC_ROOT / "css").mkdir(parents=True)
    (settings.STATIC_ROOT / "css" / "site.css").write_text("body {}")
    (tmp_path / "secret_key").write_text("a secret")
    stranger = browser()  # whose middleware finds the files when it is first asked
    assert b"".join(stranger.get("/static/css/site.css")) == b"body {}"
    for method in ("POST", "PUT", "DELETE"):
        assert stranger.generic(method, "/static/css/site.css").status_code in (302, 404, 405)
    for path in ("../secret_key", "%2e%2e/secret_key", "..%2fsecret_key", "..%5csecret_key", "/etc/passwd", "css/", ""):
        answer = stranger.get(f"/static/{path}")
        assert answer.status_code in (302, 404)
        assert b"a secret" not in answer.content
