"""Whoever takes much of the machine's time has to wait; everybody else, and every poll, has not."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from playground.costs import BURST, COSTLY, REFILL, ZIPS, Purses, Zip, purses
from tests.addresses import every_name
from tests.library.make import an_image
from tests.pages import browser
from tests.world import World

pytestmark = pytest.mark.django_db
HERE = "127.0.0.1"


@pytest.fixture
def world(settings: Settings, tmp_path: Path) -> World:
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    settings.PLAYGROUND_LIBRARY.mkdir()
    return World(shut=False)


def test_every_call_that_is_said_to_be_costly_is_there() -> None:
    assert set(every_name(get_resolver().url_patterns)) >= COSTLY


CALLS = {
    ("GET", "library/"): "library:library",
    ("GET", "library/compare/"): "library:compare",
    ("GET", "library/compare/difference.webp"): "library:difference",
    ("POST", "library/zip/"): "library:zip",
    ("POST", "advanced/"): "generation:advanced",
    ("POST", "jobs/"): "generation:create",
    ("POST", "settings/"): "generation:settings-of-picture",
    ("POST", "images/<uuid:uuid>/again/"): "generation:again",
    ("POST", "sign-in/"): "people:sign-in",
    ("POST", "invitation/<str:told>/"): "people:invitation",
    ("POST", "account/password/"): "people:password",
    ("POST", "api/v1/jobs"): "api:create_job",
    ("GET", "api/v1/images"): "api:list_images",
    ("GET", "getlibrary"): "generation.api.original.getlibrary",
    ("POST", "prompt"): "generation.api.original.prompt",
}
POLLS = ("status/", "queue/", "jobs/<uuid:uuid>/card/", "healthz", "livez", "thumbs/<uuid:image>.webp", "api/v1/queue")


def test_the_list_is_tested_whole() -> None:
    assert set(CALLS.values()) == COSTLY


def test_whoever_has_taken_too_much_is_told_how_long_to_wait_and_others_are_not(world: World) -> None:
    purses.take(HERE, BURST + 2)
    for method, route in CALLS:
        answer = world.ask("stranger", method, route)
        assert answer.status_code == 429, route
        assert int(answer["Retry-After"]) == pytest.approx(3 / REFILL, abs=1)
        assert f"Try again in {answer['Retry-After']} s." in answer.body
        assert (answer["Content-Type"] == "application/json") == route.startswith(("api/", "getlibrary", "prompt"))
        assert world.ask("member", method, route).status_code != 429 or route.startswith(
            ("api/", "getlibrary", "prompt")
        )
    assert [route for route in POLLS if world.ask("stranger", "GET", route).status_code == 429] == []
    elsewhere = Client(headers={"host": "localhost"}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.get("/library/").status_code == 200


def test_what_a_call_takes_is_counted(world: World) -> None:
    """A password is worth a fifth of a second on any machine; a poll is worth nothing."""
    User.objects.create_user("ada", password="a long enough one")
    world.ask("stranger", "GET", "queue/")
    assert purses.left(HERE) == BURST
    for number in range(4):
        browser().post("/sign-in/", {"username": f"nobody{number}", "password": "wrong"})
    assert purses.left(HERE) < BURST - 0.1


def test_it_comes_back_with_time() -> None:
    now = [0.0]
    some = Purses(lambda: now[0])
    some.take("me", BURST - 0.5)
    assert (some.wait("me"), some.wait("you")) == (0, 0)
    some.take("me", 1.5)
    assert some.wait("me") == 2 / REFILL
    now[0] += 2 / REFILL
    assert (some.wait("me"), some.left("me")) == (0, pytest.approx(1))
    now[0] += 10**6
    assert some.left("me") == BURST


def test_it_remembers_no_more_than_it_has_to() -> None:
    now = [0.0]
    some = Purses(lambda: now[0])
    for number in range(5000):
        some.take(f"192.0.2.{number}", 0.001)
        now[0] += 0.1
    assert len(some) < 1100


def test_so_many_zips_are_sent_at_once_and_the_next_waits(world: World) -> None:
    images = {"images": an_image().uuid}
    assert Zip.sent == 0
    zips: list[Any] = [browser().post("/library/zip/", images) for _ in range(ZIPS)]
    late = browser().post("/library/zip/", images)
    assert (late.status_code, late["Retry-After"]) == (429, "30")
    assert b"Other zip files are being sent just now. Try again in 30 s." in late.content
    assert [b"".join(answer)[:2] for answer in zips] == [b"PK"] * ZIPS
    assert Zip.sent == 0
    assert browser().post("/library/zip/", images).status_code == 200


def test_one_that_nobody_reads_to_its_end_is_over_when_it_is_closed() -> None:
    zips = [Zip([b"a", b"b"], HERE) for _ in range(2)]
    assert (next(zips[0]), Zip.sent) == (b"a", 2)
    for sent in (*zips, *zips):
        sent.close()
    assert Zip.sent == 0
