"""Where accounts are asked for: every address there is, as a stranger asks for it."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import Resolver404, get_resolver, resolve
from pytest_django import Settings

from generation.dialects import speaks_json
from generation.models import Job, Worker
from library.models import Image
from people.models import Invitation
from playground import door
from tests.addresses import every_path
from tests.library.make import a_batch, an_image, trashed
from tests.pages import browser

pytestmark = pytest.mark.django_db

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
ALLOWED = {"people:sign-in", "people:invitation", "theme", "livez", "healthz"}
SECRET = "a zebra that nobody may know of"


@pytest.fixture(autouse=True)
def shut(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LOGIN_REQUIRED = True
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    settings.PLAYGROUND_LIBRARY.mkdir()


@pytest.fixture
def paths() -> list[str]:
    """All of them, with something behind each."""
    member = browser()
    member.force_login(User.objects.create_superuser("ada"))
    member.post("/jobs/", {"prompt": SECRET})
    job = Job.objects.get()
    image = an_image(a_batch(SECRET))
    lost = trashed(an_image(a_batch(SECRET)))
    Worker.objects.create(host="here", pid=1, state="ready", model=SECRET, notice=SECRET)
    invitation, _ = Invitation.objects.make(User.objects.get(), days=7)
    own = {"uuid": job.uuid, "job": job.uuid, "batch": image.batch.uuid, "position": 1, "image": image.uuid}
    other = {"name": image.name, "told": "nobody's", "invitation": invitation.uuid}
    found = list(every_path(get_resolver().url_patterns, {**own, **other}))
    return [
        *found,
        f"/trash/{lost.uuid}.webp",
        image.download_url,
        f"/images/{image.uuid}/again/",
        "/nowhere/",
        "/api/x",
    ]


def name_of(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def is_denied(path: str, answer: Any) -> bool:
    if speaks_json(path):
        return answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"
    return answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next=/")


def test_what_is_open_is_a_short_list() -> None:
    assert door.OPEN == ALLOWED


@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_is_let_in_nowhere_else(paths: list[str], method: str) -> None:
    stranger = browser()
    let_in = []
    for path in paths:
        answer = getattr(stranger, method)(path)
        assert SECRET not in b"".join(answer).decode(errors="replace")
        assert not answer.cookies or name_of(path) in ALLOWED
        if not is_denied(path, answer):
            let_in.append(name_of(path))
    assert len(paths) > 100
    assert set(let_in) == ALLOWED
    assert Image.objects.kept().count() == 1
    assert Job.objects.get().state == "waiting"


def test_the_same_addresses_are_there_for_a_member(paths: list[str]) -> None:
    member = browser()
    member.force_login(User.objects.get())
    pages = [path for path in paths if not speaks_json(path) and name_of(path) not in ALLOWED]
    assert not [path for path in pages if "/sign-in/" in member.get(path).headers.get("Location", "")]
    assert SECRET in member.get("/").content.decode()


def test_a_session_counts_for_nothing_with_programs(paths: list[str]) -> None:
    member = browser()
    member.force_login(User.objects.get())
    for path in filter(speaks_json, paths):
        assert member.get(path).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "a" * 32, "a" * 5000])
def test_a_made_up_session_is_nobodys(paths: list[str], cookie: str) -> None:
    stranger = browser()
    stranger.cookies["sessionid"] = cookie
    assert all(is_denied(path, stranger.get(path)) for path in ("/", "/library/", "/admin/", "/api/v1/jobs"))


def test_whoever_is_closed_out_is_out_at_once(paths: list[str]) -> None:
    member = browser()
    member.force_login(User.objects.get())
    assert member.get("/library/").status_code == 200
    User.objects.update(is_active=False)
    assert is_denied("/library/", member.get("/library/"))


# How one is asked


def test_a_page_is_asked_for_again_after_signing_in() -> None:
    answer = browser().get("/library/?q=a+fox&before=x")
    assert answer["Location"] == "/sign-in/?next=/library/%3Fq%3Da%2Bfox%26before%3Dx"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("referer", "following"),
    [("http://localhost/library/?q=x", "/library/%3Fq%3Dx"), ("http://evil.example/", "/"), ("", "/")],
)
def test_what_was_to_be_changed_is_not_and_leads_back_to_its_page(referer: str, following: str) -> None:
    answer = browser().post("/jobs/", {"prompt": "a fox"}, headers={"referer": referer})
    assert answer["Location"] == f"/sign-in/?next={following}"
    assert not Job.objects.exists()


def test_htmx_is_told_to_go_there_with_its_whole_page() -> None:
    here = {"HX-Request": "true", "HX-Current-URL": "http://localhost/library/?q=fox"}
    for answer in (browser().get("/queue/", headers=here), browser().post("/jobs/", headers=here)):
        assert answer["HX-Redirect"] == "/sign-in/?next=/library/%3Fq%3Dfox"
        assert answer.content == b""
    evil = {**here, "HX-Current-URL": "http://evil.example/x"}
    assert browser().get("/queue/", headers=evil)["HX-Redirect"] == "/sign-in/?next=/"


def test_programs_are_told_what_they_need() -> None:
    answer = browser().get("/api/v1/jobs")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")
    assert "Authorization: Bearer" in answer.json()["error"]


# What strangers may see


@pytest.mark.parametrize("path", ["/sign-in/", "/invitation/x/"])
def test_the_pages_outside_tell_nothing_of_what_is_inside(paths: list[str], path: str) -> None:
    html = browser().get(path).content.decode()
    assert 'class="bar"' in html
    assert not [word for word in (SECRET, 'id="status"', 'id="banner"', "<nav", "hx-get") if word in html]


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"transfer-encoding": "chunked"}])
def test_nor_do_refusals(paths: list[str], headers: dict[str, str]) -> None:
    html = browser().post("/jobs/", headers=headers).content.decode()
    assert "<title>" in html
    assert not [word for word in (SECRET, 'id="status"', "<nav") if word in html]


def test_health_is_told_without_reasons(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path / "gone"
    answer = browser().get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "failing", "database": "ok", "disk": "failing", "worker": "none"}
    member = browser()
    member.force_login(User.objects.create_user("ada"))
    assert str(tmp_path / "gone") in member.get("/healthz").json()["reason"]


@pytest.mark.django_db(transaction=True)
def test_health_is_told_to_a_member_too_while_the_database_is_away(tmp_path: Path) -> None:
    member, usual = browser(), connection.settings_dict["NAME"]
    member.force_login(User.objects.create_user("ada"))
    connection.close()
    connection.settings_dict["NAME"] = str(tmp_path)  # a folder cannot be opened
    try:
        answers = [client.get(path) for client in (member, browser()) for path in ("/healthz", "/livez")]
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
    assert [answer.status_code for answer in answers] == [503, 200] * 2
    assert [answer.json()["database"] for answer in answers[::2]] == ["failing"] * 2


def test_the_theme_can_be_changed_outside() -> None:
    answer = browser().post("/theme/", {"theme": "dark", "next": "/sign-in/"})
    assert (answer["Location"], answer.cookies["theme"].value) == ("/sign-in/", "dark")


# The open site


def test_an_open_site_asks_nobody(settings: Settings) -> None:
    settings.PLAYGROUND_LOGIN_REQUIRED = False
    for path in ("/", "/library/", "/api/v1/jobs", "/queue_status"):
        assert browser().get(path).status_code == 200
    assert 'href="/sign-in/?next=/library/"' in browser().get("/library/").content.decode()
