"""Who may speak to the site: known host names only, and no other site's page."""

import io
import platform
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from generation.models import Job
from playground.middleware import LONGEST_BODY
from tests.pages import browser

pytestmark = pytest.mark.django_db

OWN_NAME = platform.node().lower().removesuffix(".local")


def send(**headers: str) -> HttpResponse:
    """A prompt sent with these headers, their names written with underscores."""
    client = Client(headers={"host": "localhost:8000"})
    return client.post(  # type: ignore[return-value]
        "/jobs/", {"prompt": "a fox"}, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


KNOWN = """
localhost LocalHost:8000 localhost. 127.0.0.1 127.0.0.1:8000 192.168.1.5:8000 8.8.8.8 [::1] [::1]:8000 [fd00::5]
"""
UNKNOWN = """
evil.example localhost.evil.com evil-localhost sub.localhost 127.0.0.1.nip.io evil.local 2130706433 0x7f000001 127.1
0177.0.0.1 127.0.0.1@evil.example evil.example#localhost [::1 localhost:port localhost,evil.example localhost/../evil
[] . *
"""


@pytest.mark.parametrize("host", [*KNOWN.split(), OWN_NAME, OWN_NAME.upper(), f"{OWN_NAME}.local:8000"])
def test_this_machine_may_be_called_by_its_names_and_by_any_address(host: str) -> None:
    assert Client(headers={"host": host}).get("/livez").status_code == 200


@pytest.mark.parametrize("host", [*UNKNOWN.split(), ""])
@pytest.mark.parametrize("path", ["/", "/livez", "/healthz", "/static/css/site.css", "/nowhere", "/admin/"])
def test_comfyui_12860_any_other_name_gets_400_with_a_sentence(host: str, path: str) -> None:
    answer = Client(headers={"host": host}).get(path)
    assert answer.status_code == 400
    assert answer.content.startswith(b"This site does not go by that name. Open it by its IP address")


def test_the_public_name_is_known_too(settings: Settings) -> None:
    settings.PLAYGROUND_HOSTS = {*settings.PLAYGROUND_HOSTS, "pictures.example.org"}
    assert Client(headers={"host": "pictures.example.org"}).get("/livez").status_code == 200
    assert Client(headers={"host": "example.org"}).get("/livez").status_code == 400


def test_a_forwarded_name_counts_for_nothing() -> None:
    evil = {"host": "evil.example", "x-forwarded-host": "localhost"}
    assert Client(headers=evil).get("/livez").status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost:8000"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "http://localhost:8000", "sec_fetch_site": "same-origin"},
    ],
)
def test_the_sites_own_pages_and_scripts_without_a_browser_may_change_things(headers: dict[str, str]) -> None:
    assert send(**headers).status_code == 302
    assert Job.objects.count() == 1


REFUSED = [
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://evil.example"},
    {"origin": "http://localhost:8001"},
    {"origin": "http://localhost"},
    {"origin": "https://localhost:8000"},
    {"origin": "http://localhost:8000.evil.example"},
    {"origin": "http://localhost:8000/"},
    {"origin": "localhost:8000"},
    {"origin": "http://["},
    {"origin": "http://127.0.0.1:8000"},
    {"origin": "http://localhost:8000, http://evil.example"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"origin": "http://localhost:8000", "sec_fetch_site": "cross-site"},
]


@pytest.mark.parametrize("headers", REFUSED)
def test_cve_2024_10481_ghsa_5xxr_jvhm_jxmj_another_sites_page_may_change_nothing(headers: dict[str, str]) -> None:
    answer = send(**headers)
    assert answer.status_code == 403
    assert b"Another site&#x27;s page asked for this change, so nothing was done." in answer.content
    assert not Job.objects.exists()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("path", ["/jobs/", "/theme/", "/admin/login/", "/nowhere/"])
def test_no_address_and_no_method_is_an_exception(method: str, path: str) -> None:
    answer = getattr(browser(), method)(path, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


def test_the_public_address_is_the_sites_own(settings: Settings) -> None:
    settings.PLAYGROUND_PUBLIC_URL = "https://pictures.example.org"
    assert send(origin="https://pictures.example.org").status_code == 302
    assert send(origin="http://pictures.example.org").status_code == 403


@pytest.mark.parametrize("headers", REFUSED)
def test_looking_is_free_whoever_links_here(headers: dict[str, str]) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert browser().get("/", headers=named).status_code == 200


@pytest.mark.parametrize("path", ["/", "/library/", "/healthz", "/livez", "/nowhere", "/admin/login/"])
@pytest.mark.parametrize("method", ["get", "options", "post"])
def test_no_other_site_is_ever_let_in(path: str, method: str) -> None:
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = getattr(browser(), method)(path, headers=asked)
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


def pages(client: Client) -> list[Any]:
    """An answer of every kind of page, refusals among them."""
    client.force_login(User.objects.create_superuser("owner"))
    looks = ["/", "/library/", "/queue/", "/status/", "/nowhere/", "/admin/", "/admin/generation/job/", "/healthz"]
    refusals = [client.post("/jobs/", {"prompt": ""}), client.post("/jobs/", headers={"origin": "null"})]
    return [*map(client.get, looks), *refusals, client.get("/jobs/")]


def test_no_page_runs_scripts_but_the_sites_own() -> None:
    for answer in pages(browser()):
        policy = answer["Content-Security-Policy"]
        rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
        assert "unsafe" not in policy
        assert (rules["default-src"], rules["object-src"], rules["base-uri"]) == ("'self'", "'none'", "'none'")
        assert (rules["frame-ancestors"], rules["form-action"]) == ("'none'", "'self'")
        assert rules.get("script-src", "'self'") == "'self'"


def test_no_page_needs_more_than_the_policy_gives() -> None:
    for answer in pages(browser()):
        html = answer.content.decode()
        assert not any(text in html for text in ("hx-on", "js:", "javascript:", " onclick=", " style=", "<style"))
        assert html.count("<script") == html.count("<script src=") + html.count('<script id="')


def test_no_page_can_be_framed_or_mistaken() -> None:
    for answer in pages(browser()):
        assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/jobs/", "/theme/", "/admin/login/"])
def test_a_form_without_its_token_is_refused_with_a_sentence(path: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    client.get("/")
    answer = client.post(path, {"prompt": "a fox"})
    assert answer.status_code == 403
    assert b"The page was open for too long or cookies are off. Reload it and try again." in answer.content
    assert not Job.objects.exists()


def test_a_form_with_its_token_is_taken() -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    token = client.get("/").content.decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert client.post("/jobs/", {"prompt": "a fox", "csrfmiddlewaretoken": token}).status_code == 302


class Unread(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("The body was read.")


@pytest.mark.parametrize(
    ("headers", "code", "sentence"),
    [
        ({"CONTENT_LENGTH": str(LONGEST_BODY + 1)}, 413, "That is too large: 32 MiB are the most that is read."),
        ({"CONTENT_LENGTH": "9" * 5000}, 413, "That is too large"),
        ({"CONTENT_LENGTH": "-1"}, 413, "That is too large"),
        ({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 411, "That did not say how long it is"),
    ],
)
@pytest.mark.parametrize("path", ["/settings/", "/jobs/", "/theme/", "/admin/login/", "/nowhere/"])
def test_a_body_without_end_is_refused_unread(path: str, headers: Any, code: int, sentence: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    answer = client.generic(
        "POST", path, content_type="multipart/form-data; boundary=x", **headers, **{"wsgi.input": Unread()}
    )
    assert answer.status_code == code
    assert sentence in answer.content.decode()
