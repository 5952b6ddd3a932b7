from http.cookies import Morsel

import pytest
from django.core import signing
from django.test import Client

from generation.models import Job
from generation.visitors import COOKIE
from tests.pages import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return browser()


def send(client: Client, prompt: str = "a fox") -> "Morsel[str] | None":
    """Send a prompt from the home page; the visitor's cookie if the answer sets it."""
    return client.post("/jobs/", {"prompt": prompt, "num_images": 3}).cookies.get(COOKIE)


@pytest.mark.parametrize("path", ["/", "/library/", "/queue/", "/status/", "/healthz"])
def test_whoever_only_looks_gets_no_cookie(client: Client, path: str) -> None:
    assert COOKIE not in client.get(path).cookies


def test_the_first_post_sets_a_cookie_for_a_year_that_scripts_cannot_read(client: Client) -> None:
    cookie = send(client)
    assert cookie is not None
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 365 * 24 * 3600)
    assert (cookie["path"], cookie["secure"]) == ("/", "")


def test_the_second_post_sets_none_and_belongs_to_the_same_visitor(client: Client) -> None:
    send(client)
    assert send(client) is None
    assert Job.objects.values("visitor").distinct().count() == 1


def test_every_browser_is_another_visitor() -> None:
    for _ in range(3):
        send(browser())
    assert Job.objects.values("visitor").distinct().count() == 3


def test_the_mark_is_random_and_in_no_table_but_the_jobs(client: Client) -> None:
    send(client)
    mark = Job.objects.get().visitor
    assert len(mark) >= 20
    assert client.cookies[COOKIE].value.startswith(f"{mark}:")


def test_a_visitor_sees_the_own_jobs_and_nobody_elses_as_mine(client: Client) -> None:
    send(client, "a fox in the snow")
    assert b"a fox in the snow" in client.get("/").content.partition(b'id="queue"')[0]
    stranger = browser()
    assert b"a fox in the snow" not in stranger.get("/").content.partition(b'id="queue"')[0]


@pytest.mark.parametrize("forgery", ["{mark}", "{mark}:x:y", "{other}", "", "caf\xe9:\xff", "a" * 5000])
def test_a_forged_cookie_is_nobody(client: Client, forgery: str) -> None:
    send(client, "a fox in the snow")
    mark = Job.objects.get().visitor
    other = signing.TimestampSigner(key="a guessed key", salt=COOKIE).sign(mark)
    forger = browser()
    forger.cookies[COOKIE] = forgery.format(mark=mark, other=other)
    assert b"a fox in the snow" not in forger.get("/").content.partition(b'id="queue"')[0]
    assert send(forger) is not None
    assert Job.objects.values("visitor").distinct().count() == 2


def test_behind_https_the_cookie_goes_over_https_only(client: Client) -> None:
    cookie = client.post("/jobs/", {"prompt": "a fox"}, secure=True).cookies[COOKIE]
    assert cookie["secure"] is True
