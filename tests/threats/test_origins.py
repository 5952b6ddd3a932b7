"""What a page of another site can make a browser send here, with all the cookies that it has."""

from urllib.parse import quote

import pytest
from django.test import Client

from generation.dialects import speaks_json
from generation.models import Job
from tests.access import ROWS
from tests.world import World, everything

DRIVE_BY = {
    "a form": {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    "a form in a sandbox": {"origin": "null", "sec-fetch-site": "cross-site"},
    "a page on another port": {"origin": "http://localhost:3000", "sec-fetch-site": "same-site"},
    "an old browser": {"origin": "http://evil.example"},
    "a rebound name": {"host": "evil.example", "origin": "http://evil.example", "sec-fetch-site": "same-origin"},
}
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")
"""What a browser sends to other sites without asking them."""


@pytest.mark.parametrize("way", DRIVE_BY)
def test_cve_2024_10481_ghsa_5xxr_jvhm_jxmj_no_address_takes_anything_from_another_site(world: World, way: str) -> None:
    before = everything()
    for route in ROWS:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = world.ask("staff", method, route, undo=False, **DRIVE_BY[way])
            assert answer.status_code == (400 if way == "a rebound name" else 403), (method, route)
    assert everything() == before


@pytest.mark.parametrize("kind", SIMPLE)
def test_cve_2024_10481_a_browser_that_tells_nothing_is_stopped_by_the_kind_and_the_token(
    world: World, kind: str
) -> None:
    """Neither Origin nor Sec-Fetch-Site, as it was long ago."""
    world.client.handler.enforce_csrf_checks = True
    before = everything()
    for route in (route for route, row in ROWS.items() if "POST" in row and route != "api/v1/"):
        address = world.address(route, looks=False)
        sent = {"data": '{"prompt": "a fox"}', "content_type": kind, "referer": "http://evil.example/"}
        answer = world.send("staff", "POST", address, {"referer": sent.pop("referer")}, **sent)
        assert answer.status_code in ((400, 403, 415) if speaks_json(f"/{route}") else (403,)), (route, kind)
    assert everything() == before


def test_ghsa_5xxr_jvhm_jxmj_no_page_reads_an_answer_from_elsewhere(world: World) -> None:
    for route in ROWS:
        for method in ("GET", "OPTIONS"):
            answer = world.ask("staff", method, route, origin="null", **{"access-control-request-method": "POST"})
            assert not [name for name in answer.headers if name.lower().startswith("access-control")], route


HOSTS = "evil.example localhost.evil.example 127.0.0.1.nip.io 0x7f000001 [::1].evil.example rebind.network"


@pytest.mark.parametrize("host", HOSTS.split())
def test_comfyui_12860_no_address_answers_to_a_name_that_is_not_this_sites(world: World, host: str) -> None:
    for route in ("", "library/", "api/v1/jobs", "healthz", "livez", "queue_status", f"x{quote(host)}"):
        answer = Client(headers={"host": host}).get(f"/{route}")
        assert answer.status_code == 400, route
        assert host not in answer.content.decode()
    assert Job.objects.count() == 1
