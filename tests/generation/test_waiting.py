"""How many jobs may wait, of one visitor, from one address, and in all; and what is said to one more."""

from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from generation import queue, sources, status
from generation.engine.recipe import Recipe
from generation.models import Job, Prompt, Worker
from generation.senders import Sender, address_of
from generation.waiting import Full
from library.models import Batch
from tests.generation.test_queue import together
from tests.library.make import an_image
from tests.pages import browser
from tests.program import Program, refused

pytestmark = pytest.mark.django_db

FOX = {"prompt": "a fox", "num_images": "3", "seed": "41"}
HTMX = {"HX-Request": "true"}
YOURS = "You have 2 jobs waiting, which is as many as one visitor may have."


@pytest.fixture(autouse=True)
def few(settings: Settings, tmp_path: Any) -> None:
    settings.PLAYGROUND_MAX_WAITING = 2
    settings.PLAYGROUND_MAX_WAITING_PER_ADDRESS = settings.PLAYGROUND_MAX_WAITING_IN_ALL = 0
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    status.current()  # forgets the workers of other tests


@pytest.fixture
def client() -> Client:
    """A visitor who has as many jobs waiting as may be."""
    client = browser()
    for _ in range(2):
        assert client.post("/jobs/", FOX).status_code == 302
    return client


def submit(visitor: str = "me", address: str = "here") -> Job:
    recipe = Recipe(prompt="a ship", seed=1, width=1000, height=1000, steps=10, num_images=2)
    return queue.submit(recipe, sender=Sender(visitor, address=address))


# What is said


@pytest.mark.parametrize("path", ["/jobs/", "/advanced/"])
def test_one_more_is_told_to_come_back_and_finds_what_was_written(client: Client, path: str) -> None:
    answer = client.post(path, {**FOX, "prompt": "a <b>hen</b>", "num_images": "9"})
    html = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert f"{YOURS} Send it again later." in html
    assert "a &lt;b&gt;hen&lt;/b&gt;</textarea>" in html
    assert 'value="41"' in html
    assert 'value="9"' in html
    assert Job.objects.count() == 2


@pytest.mark.parametrize("path", ["/jobs/", "/advanced/"])
def test_to_htmx_it_is_a_sentence_that_leaves_the_form_alone(client: Client, path: str) -> None:
    answer = client.post(path, FOX, headers=HTMX)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert f'<span id="sentence">{YOURS}' in answer.content.decode()
    assert not {"HX-Retarget", "HX-Reswap"} & set(answer.headers)


def test_making_a_picture_again_counts_too(client: Client) -> None:
    answer = client.post(f"/images/{an_image().uuid}/again/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert YOURS in answer.content.decode()


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/prompt"])
def test_programs_are_told_in_json(client: Client, path: str) -> None:
    answer = Program(client).send(path, FOX)
    refused(answer, 429, YOURS)
    assert answer["Retry-After"] == "60"
    assert Job.objects.count() == 2


def test_a_wrong_request_is_told_what_is_wrong_first(client: Client) -> None:
    assert client.post("/jobs/", {**FOX, "seed": "x"}).status_code == 422
    refused(Program(client).send("/api/v1/jobs", {"prompt": ""}), 422)


def test_what_was_sent_already_is_told_again_however_much_waits() -> None:
    program = Program(browser())
    program.client.post("/jobs/", FOX)
    codes = [program.send("/api/v1/jobs", FOX, idempotency_key=key).status_code for key in ("a", "a", "b", "a")]
    assert codes == [201, 200, 429, 200]


def test_nothing_is_fetched_for_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "fetch", lambda *_: pytest.fail("it was fetched"))
    assert client.post("/advanced/", {**FOX, "source_url": "https://example.org/fox.png"}).status_code == 429
    refused(Program(client).send("/api/v1/jobs", {**FOX, "source_url": "https://example.org/fox.png"}), 429)


def test_the_time_is_when_the_first_of_them_begins() -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=0.5)  # 10 s a job
    for visitor in ("you", "me", "you", "me"):
        submit(visitor)
    with pytest.raises(Full) as full:
        submit("me")
    assert (full.value.retry_after, str(full.value)) == (10, f"{YOURS} Send it again in about 10 s.")


def test_a_long_wait_is_told_by_the_clock() -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=50)
    for visitor in ("you", "me", "me"):
        submit(visitor)
    with pytest.raises(Full, match=r"Send it again at about \d\d:\d\d\.$"):
        submit("me")


def test_after_a_limit_was_lowered_more_than_one_has_to_begin(settings: Settings) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=0.5)
    settings.PLAYGROUND_MAX_WAITING = 3
    for _ in range(3):
        submit()
    settings.PLAYGROUND_MAX_WAITING = 1
    with pytest.raises(Full) as full:
        submit()
    assert full.value.retry_after == 20


# What counts


@pytest.mark.parametrize("state", ["running", "done", "failed", "cancelled"])
def test_only_what_waits_counts(state: str) -> None:
    for job in (submit(), submit()):
        Job.objects.filter(pk=job.pk).update(state=state)
    submit()


def test_somebody_else_may_still_send() -> None:
    for visitor in ("me", "me", "you", "you"):
        submit(visitor)
    with pytest.raises(Full, match="You have 2 jobs waiting"):
        submit("you")


def test_of_one_address_all_visitors_count_together(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_WAITING, settings.PLAYGROUND_MAX_WAITING_PER_ADDRESS = 0, 1
    submit("me")
    with pytest.raises(Full, match="Your address has 1 job waiting, which is as many as one may have"):
        submit("")
    submit("you", "elsewhere")


def test_a_program_without_a_cookie_is_known_by_its_address(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_WAITING_PER_ADDRESS = 3
    codes = [Program().send("/api/v1/jobs", FOX).status_code for _ in range(4)]
    assert codes == [201, 201, 201, 429]
    elsewhere = Client(headers={"host": "localhost"}, REMOTE_ADDR="192.0.2.7")
    assert Program(elsewhere).send("/api/v1/jobs", FOX).status_code == 201


def test_in_all_is_in_all(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_WAITING_IN_ALL = 3
    for number in range(3):
        submit(str(number), str(number))
    with pytest.raises(Full, match="The queue has 3 jobs waiting, which is as many as it takes"):
        submit("3", "3")


def test_without_limits_everything_waits(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_WAITING = 0
    for _ in range(30):
        submit()


def test_whoever_runs_the_site_keeps_none(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_WAITING_IN_ALL = 1
    for _ in range(3):
        queue.submit(Recipe(prompt="a ship", seed=1))


def test_to_look_for_room_takes_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    submit()
    with django_assert_num_queries(1):
        queue.demand_room(Sender("me", address="here"))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_send_at_once_as_many_are_taken_as_may_wait(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_WAITING = 3

    def send() -> bool:
        try:
            return bool(submit())
        except Full:
            return False

    assert sorted(together(*[send] * 12)) == [False] * 9 + [True] * 3
    assert Job.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_leaves_nothing() -> None:
    program = Program(browser())
    for _ in range(2):
        program.client.post("/jobs/", FOX)
    refused(program.send("/api/v1/jobs", {**FOX, "prompt": "a hen"}, idempotency_key="a"), 429)
    assert (Job.objects.count(), Prompt.objects.count(), Batch.objects.count()) == (2, 1, 0)


# Where it comes from


def address(peer: str = "192.0.2.7", forwarded: str = "") -> str:
    return address_of(RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded}))


def test_a_job_does_not_tell_where_it_came_from() -> None:
    client = Client(headers={"host": "localhost"}, REMOTE_ADDR="192.0.2.7")
    client.post("/jobs/", FOX)
    client.post("/jobs/", FOX)
    [first, second] = Job.objects.values_list("address", flat=True)
    assert first == second
    assert len(first) == 64
    assert "192.0.2.7" not in first


@pytest.mark.parametrize(
    ("peer", "known"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("::1", "::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_an_address_has_one_form_and_of_ipv6_it_is_the_network(peer: str, known: str) -> None:
    assert address(peer) == known


@pytest.mark.parametrize("forwarded", ["203.0.113.5", "10.0.0.1, 203.0.113.5", "nonsense", ""])
def test_what_a_request_says_of_itself_counts_for_nothing(forwarded: str) -> None:
    assert address(forwarded=forwarded) == "192.0.2.7"


@pytest.mark.parametrize(
    ("forwarded", "known"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("10.0.0.1, 198.51.100.1 , 203.0.113.5", "203.0.113.5"),
        ("203.0.113.5, 2001:db8::7", "2001:db8::"),
        ("203.0.113.5, unknown", "192.0.2.7"),
        ("203.0.113.5,", "192.0.2.7"),
        ("", "192.0.2.7"),
    ],
)
def test_behind_a_proxy_the_last_address_counts_which_it_has_seen(
    settings: Settings, forwarded: str, known: str
) -> None:
    settings.PLAYGROUND_PUBLIC_URL = "https://pictures.example.org"
    assert address(forwarded=forwarded) == known
