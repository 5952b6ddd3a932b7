"""Behind a tunnel or a proxy: one setting, and the real web server as such a one talks to it."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.site import Site, served

PUBLIC = "https://pictures.example.org"
PROXY = {"Host": "pictures.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1, 203.0.113.5"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(Site(tmp_path_factory.mktemp("public") / "data", PLAYGROUND_PUBLIC_URL=PUBLIC)) as site:
        yield site


def post(site: Site, **headers: str) -> tuple[int, str, list[str]]:
    """A prompt sent from the home page: status, where to, cookies."""
    _, page, got = site.ask("GET", "/", headers=PROXY)
    cookies = got.get_all("Set-Cookie") or []
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.decode())
    assert token
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"csrfmiddlewaretoken": token[1], "prompt": "a fox"}).encode()
    status, _, got = site.ask("POST", "/jobs/", body, {**PROXY, **kind, **headers})
    return status, got.get("Location", ""), [*cookies, *(got.get_all("Set-Cookie") or [])]


def test_its_forms_are_taken_and_its_cookies_go_over_https_only(site: Site) -> None:
    site.cookies.clear()
    status, location, cookies = post(site, Origin=PUBLIC, Referer=f"{PUBLIC}/")
    assert (status, location.startswith("/jobs/")) == (302, True)
    assert {cookie.partition("=")[0] for cookie in cookies} == {"csrftoken", "visitor"}
    assert all("; Secure" in cookie and "; HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_browsers_are_told_to_come_over_https_only_once_they_have(site: Site) -> None:
    assert site.ask("GET", "/livez", headers=PROXY)[2]["Strict-Transport-Security"] == f"max-age={180 * 24 * 3600}"
    plain = {**PROXY, "X-Forwarded-Proto": "http"}
    assert site.ask("GET", "/livez", headers=plain)[2]["Strict-Transport-Security"] is None


def test_a_proxy_that_does_not_say_how_it_was_asked_changes_nothing_of_that(site: Site) -> None:
    site.cookies.clear()
    status, _, cookies = post(site, Origin=PUBLIC, **{"X-Forwarded-Proto": "http"})
    assert status == 302
    assert all("; Secure" in cookie for cookie in cookies)


@pytest.mark.parametrize("origin", ["http://pictures.example.org", "https://evil.example", "null"])
def test_other_sites_forms_are_not(site: Site, origin: str) -> None:
    assert post(site, Origin=origin)[0] == 403


def test_two_who_come_by_the_same_proxy_have_their_own_addresses(site: Site) -> None:
    seen = ("1.2.3.4, 9.9.9.9", "9.9.9.9", "8.8.8.8")
    sent = [post(site, Origin=PUBLIC, **{"X-Forwarded-For": hops})[1] for hops in seen]
    first, same, other = (site.job(path.strip("/").rpartition("/")[2])["address"] for path in sent)
    assert first == same != other


def test_an_unknown_name_is_refused_still(site: Site) -> None:
    assert site.ask("GET", "/", headers={**PROXY, "Host": "evil.example"})[0] == 400
    assert site.ask("GET", "/", headers={**PROXY, "X-Forwarded-Host": "evil.example"})[0] == 200
