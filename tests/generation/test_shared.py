"""The queue's panel is made once for all who would get the same, and never given to whoever would get another."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from generation import queue
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from generation.senders import Sender
from generation.shared import FRESH, Shared
from tests.pages import browser

pytestmark = pytest.mark.django_db


def a_job(words: str, visitor: str = "", person: User | None = None) -> Job:
    recipe = Recipe(prompt=words, seed=1, width=64, height=64)
    return queue.submit(recipe, sender=Sender(visitor, person))


def visitor(mark: str) -> Client:
    client = browser()
    client.cookies["visitor"] = signing.get_cookie_signer(salt="visitor").sign(mark)
    return client


def panel(client: Client) -> str:
    return client.get("/queue/?v=x&num_images=3").content.decode()


def test_the_second_who_asks_gets_the_same_with_little_work(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        a_job(f"a fox {number}", "a")
    first = panel(browser())
    with django_assert_max_num_queries(1):
        assert panel(visitor("b")) == first
    assert 'class="mine"' not in first


def test_whoever_sent_a_job_sees_it_as_their_own_in_whatever_order_they_ask() -> None:
    ada = User.objects.create_user("ada")
    a_job("a fox", "a")
    a_job("an owl", person=ada)
    member = browser()
    member.force_login(ada)
    clients = [visitor("a"), browser(), member, visitor("a"), browser()]
    assert [panel(client).count('class="mine"') for client in clients] == [1, 0, 1, 1, 0]


def test_hidden_words_stay_hidden_and_are_told_to_whoever_wrote_them(settings: Settings) -> None:
    a_job("a zebra", "a")
    assert "a zebra" in panel(browser())
    settings.PLAYGROUND_QUEUE_WORDS = "own"
    assert ["a zebra" in panel(client) for client in (visitor("a"), browser(), visitor("a"))] == [True, False, True]


@pytest.mark.parametrize("change", ["comes", "is cancelled", "begins"])
def test_a_job_that_comes_goes_or_begins_is_seen_at_once(change: str) -> None:
    first, second = a_job("a fox", "a"), a_job("an owl", "a")
    before = panel(browser())
    if change == "comes":
        a_job("a crow", "b")
    elif change == "is cancelled":
        second.cancel()
    else:
        Job.objects.filter(pk=first.pk).update(state="running", attempts=1, version=2)
    after = panel(browser())
    assert after != before
    assert ("a crow" in after, "an owl" in after) == (change == "comes", change != "is cancelled")


def test_what_others_asked_for_before_the_last_step_is_not_taken_for_the_newest() -> None:
    job = a_job("a fox", "a")
    Job.objects.filter(pk=job.pk).update(
        state="running", attempts=1, group_size=3, first=1, step=1, steps=20, version=2
    )
    assert "step 1 of 20, by <bdi>a visitor" in panel(browser())
    Job.objects.filter(pk=job.pk).update(step=2, version=3)
    [address] = re.findall(r'hx-get="(/queue/[^"]*)"', panel(visitor("a")))
    assert visitor("a").get(address).status_code == 200


def card(job: Job) -> str:
    return visitor("a").get(f"/jobs/{job.uuid}/card/?v=x").content.decode()


def test_the_queue_is_worked_out_once_for_many_waiting_cards_and_again_when_its_order_is_another(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first, second, third = (a_job(words, "a") for words in ("a fox", "an owl", "a crow"))
    assert "you are second" in card(second)
    with django_assert_num_queries(2):  # the job, and the marks of the queue
        assert "you are third" in card(third)
    first.cancel()
    assert "you are second" in card(third)


@pytest.mark.parametrize("path", ["/jobs/", "/advanced/"])
def test_to_send_a_job_takes_one_look_at_the_queue_and_at_the_workers(path: str) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=1.0)
    for number in range(3):
        a_job(f"a fox {number}")
    with CaptureQueriesContext(connection) as statements:
        fields = {"prompt": "an owl", "num_images": 3, "once": "a-key"}
        sent = browser().post(path, fields, headers={"HX-Request": "true"})
    assert "you are fourth, done in about" in sent.content.decode()
    for table in ("generation_worker", "generation_pace"):
        assert sum(f'FROM "{table}"' in statement["sql"] for statement in statements) == 1
    assert len(statements) <= 23


@pytest.mark.parametrize(
    ("change", "place"), [("", "third"), ("comes", "fourth"), ("goes", "second"), ("runs", "second")]
)
def test_what_was_foreseen_is_shown_while_the_queue_is_as_it_was(change: str, place: str) -> None:
    first, _ = a_job("a fox", "b"), a_job("an owl", "b")
    recipe = Recipe(prompt="a crow", seed=1, width=64, height=64)
    foreseen = queue.places(recipe)
    if change == "comes":
        a_job("a ship", "b")
    elif change == "goes":
        first.cancel()
    elif change == "runs":
        Job.objects.filter(pk=first.pk).update(state="running", attempts=1, version=2)
    job = queue.submit(recipe, sender=Sender("a"))
    queue.share(foreseen, job)
    assert f"you are {place}" in card(job)


def test_where_the_queue_has_emptied_the_status_is_asked_for_at_once() -> None:
    job = a_job("a fox", "a")
    asks = 'hx-get="/status/" hx-trigger="load"'
    assert asks not in panel(browser())
    job.cancel()
    assert asks in panel(browser())


def test_other_settings_have_another_promise() -> None:
    Worker.objects.create(host="here", pid=1, state="ready", speed=1.0)
    a_job("a fox", "a")
    told = {browser().get(f"/queue/?v=x&num_images={count}").content for count in ("3", "30", "nonsense")}
    assert len(told) == 3


def test_it_is_kept_for_two_seconds_however_often_it_is_asked_for_and_in_small_numbers() -> None:
    now, numbers = [0.0], count()
    some: Shared[int] = Shared(lambda: now[0])

    def asked(key: object) -> int:
        return some.get(key, lambda: next(numbers))

    told = []
    for _ in range(4):
        told.append(asked("key"))
        now[0] += FRESH * 0.4
    assert told == [0, 0, 0, 1]
    assert [asked(number) for number in range(100)] == [*range(2, 102)]
    assert [asked("x" * 2000), asked("x" * 2000), asked(99), len(some)] == [102, 103, 101, 32]


def test_many_who_ask_at_once_have_it_made_once() -> None:
    some: Shared[int] = Shared()
    numbers = count()

    def make() -> int:
        time.sleep(0.05)
        return next(numbers)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: some.get("key", make), range(8))) == {0}
