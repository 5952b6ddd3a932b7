"""A double click, and a program that sends again: requests that are really under way at the same time."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.site import Site, served

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Site]:
    """The web server's two processes, and nobody who makes pictures."""
    data = tmp_path_factory.mktemp("twice") / "data"
    no_limit = dict.fromkeys(("PLAYGROUND_MAX_WAITING", "PLAYGROUND_MAX_WAITING_PER_ADDRESS"), "0")
    with served(Site(data, PLAYGROUND_MODEL=str(tiny_model), **no_limit)) as site:
        yield site


def fields_of(page: str, **typed: str) -> dict[str, str]:
    """What a browser would send of the form."""
    values = dict(re.findall(r'name="(csrfmiddlewaretoken|once)"[^>]* value="([^"]+)"', page))
    assert values.keys() == {"csrfmiddlewaretoken", "once"}
    return {**values, **typed}


def click(site: Site, path: str, fields: dict[str, str], times: int = 2) -> list[str]:
    """The addresses that clicks at the same moment lead to."""
    body = urlencode(fields).encode()
    with ThreadPoolExecutor(times) as clicks:
        answers = list(clicks.map(lambda _: site.ask("POST", path, body, FORM), range(times)))
    assert [status for status, *_ in answers] == [302] * times, answers[0][1].decode()
    return [headers["Location"] for *_, headers in answers]


def count(site: Site) -> int:
    [row] = site.rows("SELECT count(*) AS jobs FROM generation_job")
    return int(row["jobs"])


@pytest.mark.parametrize(("form", "path"), [("/", "/jobs/"), ("/advanced/", "/advanced/")])
def test_a_double_click_makes_one_job(site: Site, form: str, path: str) -> None:
    before = count(site)
    for number in range(5):
        fields = fields_of(site.get(form)[1].decode(), prompt=f"a fox {number}", num_images="3")
        assert len(set(click(site, path, fields, times=6))) == 1
    assert count(site) == before + 5


def test_a_newcomer_s_double_click_makes_one_job_and_one_visitor(site: Site) -> None:
    newcomer = Site(site.data)
    newcomer.port = site.port
    fields = fields_of(newcomer.get("/")[1].decode(), prompt="hello", num_images="3")
    assert "visitor" not in newcomer.cookies
    [address] = set(click(newcomer, "/jobs/", fields))
    assert b"Cancel" in newcomer.get(address)[1], "whichever answer came last, the job is theirs"


def test_the_form_shown_anew_makes_another_job_of_the_same_words(site: Site) -> None:
    first, second = (
        click(site, "/jobs/", fields_of(site.get("/")[1].decode(), prompt="again", num_images="3"), times=1)
        for _ in range(2)
    )
    assert first != second


def test_other_words_in_the_same_form_make_another_job(site: Site) -> None:
    """Whoever never saw the answer may have changed them since."""
    fields = fields_of(site.get("/")[1].decode(), prompt="a ship", num_images="3")
    [first], [second] = click(site, "/jobs/", fields, 1), click(site, "/jobs/", {**fields, "prompt": "a boat"}, 1)
    assert first != second


def test_an_answer_to_htmx_brings_the_key_for_the_next_job(site: Site) -> None:
    for page, path in (("/", "/jobs/"), ("/advanced/", "/advanced/")):
        fields = fields_of(site.get(page)[1].decode(), prompt="a lamp", num_images="3")
        headers = {**FORM, "HX-Request": "true", "HX-Trigger": "composer"}
        answer = site.ask("POST", path, urlencode(fields).encode(), headers)[1].decode()
        [new] = re.findall(r'name="once" id="id_once" value="([^"]+)"[^>]*hx-swap-oob="true"', answer)
        assert new != fields["once"]


def test_a_program_that_sends_one_key_many_times_at_once_makes_one_job(site: Site) -> None:
    before, body = count(site), json.dumps({"prompt": "a fox", "num_images": 3}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "one"}
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda _: site.ask("POST", "/api/v1/jobs", body, headers), range(8)))
    assert sorted(status for status, *_ in answers) == [200] * 7 + [201]
    assert len({json.loads(content)["uuid"] for _, content, _ in answers}) == 1
    assert count(site) == before + 1
