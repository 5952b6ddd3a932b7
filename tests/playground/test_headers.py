"""What stands over every answer of the site, whatever it is and whoever asks."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from playground import views
from tests.access import ROWS
from tests.pages import browser
from tests.world import World

pytestmark = pytest.mark.django_db

WANTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def world(settings: Settings, tmp_path: Path) -> World:
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    settings.STATIC_ROOT = tmp_path / "static"
    for folder in (settings.PLAYGROUND_LIBRARY, settings.STATIC_ROOT):
        folder.mkdir()
    (settings.STATIC_ROOT / "site.css").touch()
    return World(shut=False)


def lacking(answer: Any) -> list[str]:
    """What is missing from it, or is weaker than it should be."""
    policy = {rule.strip().partition(" ")[0]: rule for rule in answer["Content-Security-Policy"].split(";")}
    found = [name for name, value in WANTED.items() if answer.headers.get(name) != value]
    found += [
        name for name in ("camera", "microphone", "geolocation") if f"{name}=()" not in answer["Permissions-Policy"]
    ]
    found += [] if policy.get("frame-ancestors", "").endswith("'none'") else ["frame-ancestors"]
    found += [] if policy["default-src"].endswith(("'none'", "'self'")) else ["default-src"]
    found += (
        ["a script"]
        if "unsafe" in answer["Content-Security-Policy"].replace("style-src-attr 'unsafe-inline'", "")
        else []
    )
    return found + (["HSTS without TLS"] if "Strict-Transport-Security" in answer.headers else [])


def test_they_stand_over_every_answer(world: World) -> None:
    answers = {
        (role, method, route): world.ask(role, method, route)
        for route in ROWS
        for role in ("stranger", "staff")
        for method in ("GET", "POST", "DELETE")
    }
    odd = {
        "nowhere": world.client.get("/nowhere"),
        "another name": Client(headers={"host": "evil.example"}).get("/"),
        "another site": browser().post("/jobs/", headers={"origin": "null"}),
        "too long": browser().post("/jobs/", headers={"content-length": "99999999999"}),
        "a static file": browser().get("/static/site.css"),
        "the administration": world.send("owner", "GET", "/admin/", {}),
    }
    assert odd["a static file"].status_code == 200
    assert {key: found for key, answer in {**answers, **odd}.items() if (found := lacking(answer))} == {}


def test_they_stand_over_a_fault_of_ours_and_it_tells_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(views.status, "current", broken)
    for path in ("/healthz", "/"):
        answer = world.send("staff", "GET", path, {})
        assert answer.status_code == 500
        assert lacking(answer) == []
        assert not [
            word
            for word in ("secret of the house", "Traceback", "RuntimeError", "/site-packages/")
            if word in answer.body
        ]


@pytest.mark.parametrize("over_tls", [False, True])
def test_every_cookie_is_out_of_reach_of_scripts_and_of_other_sites(
    world: World, settings: Settings, over_tls: bool
) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = over_tls
    world.people["member"].set_password("a long enough one")
    world.people["member"].save()
    client = browser()
    client.get("/sign-in/")
    client.post("/sign-in/", {"username": "member", "password": "a long enough one"})
    client.post("/theme/", {"theme": "dark"})
    client.post("/library/delete/", {"images": str(world.image.uuid)})
    assert {"csrftoken", "sessionid", "visitor", "theme", "messages"} == client.cookies.keys()
    for name, cookie in client.cookies.items():
        assert (cookie["samesite"], cookie["httponly"], bool(cookie["secure"])) == ("Lax", True, over_tls), name
        assert cookie["domain"] == "", name
