from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from generation import status
from generation.limits import FORM, MEMORY, NOT_MEASURED, OWNER, Limit
from generation.models import Pause, Worker
from library.models import Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker() -> None:
    status.current()  # forgets the workers of other tests


def a_worker(**fields: Any) -> Worker:
    return Worker.objects.create(host="here", pid=1, **fields)


def test_without_a_worker_it_says_what_to_do() -> None:
    now = status.current()
    assert (now.state, now.is_up, now.speed, now.seconds_per_image) == ("none", False, 0.0, 0.0)
    assert "manage.py worker" in now.words


@pytest.mark.parametrize(
    ("state", "is_up"),
    [("starting", False), ("loading", False), ("ready", True), ("generating", True), ("failed", False)],
)
def test_a_living_worker_says_how_it_is(state: str, is_up: bool) -> None:
    a_worker(state=state)
    now = status.current()
    assert (now.state, now.is_up) == (state, is_up)
    assert now.words.endswith(".")


def test_a_paused_worker_has_its_model_and_waits() -> None:
    a_worker(state="ready")
    Pause.objects.begin("the card is needed for a film")
    now = status.current()
    assert (now.state, now.is_up, now.words) == ("paused", True, "Paused: the card is needed for a film")
    Pause.objects.begin()
    assert status.current().words == "Paused. Jobs wait until its owner resumes."
    Pause.objects.end()
    assert status.current().state == "ready"


def test_a_worker_that_is_to_pause_says_so_after_its_group() -> None:
    a_worker(state="generating")
    Pause.objects.begin("a film")
    assert (status.current().state, status.current().pause) == ("generating", "a film")


def test_a_worker_without_a_model_says_why() -> None:
    a_worker(state="failed", notice="big.ckpt cannot be loaded: it is torn.")
    assert status.current().words == "big.ckpt cannot be loaded: it is torn."


@pytest.mark.parametrize("seconds", [11, 3600, -11, -3600])
def test_a_silent_worker_is_none(seconds: int) -> None:
    a_worker(state="ready", seen=timezone.now() - timedelta(seconds=seconds))
    assert status.current().state == "none"


def test_a_silent_worker_is_none_however_often_one_asks() -> None:
    a_worker(state="ready", seen=timezone.now() - timedelta(minutes=1))
    assert [status.current().state for _ in range(3)] == ["none"] * 3


def test_a_worker_whose_clock_is_wrong_lives_as_soon_as_its_counter_moves() -> None:
    a_worker(state="ready", seen=timezone.now() - timedelta(hours=1), beats=5)
    assert status.current().state == "none"
    Worker.objects.update(beats=6)
    assert status.current().state == "ready"


def test_the_best_of_several_speaks() -> None:
    a_worker(state="loading")
    a_worker(state="ready", model="good")
    a_worker(state="failed", notice="torn")
    a_worker(state="generating", seen=timezone.now() - timedelta(minutes=1))
    now = status.current()
    assert (now.state, now.model) == ("ready", "good")


def test_the_time_of_a_picture_is_that_of_the_defaults() -> None:
    a_worker(state="ready", model="m", speed=2.0, model_defaults={"width": 1000, "height": 1000, "steps": 10})
    assert status.current().seconds_per_image == pytest.approx(20.0)


@pytest.mark.parametrize(
    "change",
    [{"state": "loading"}, {"notice": "torn"}, {"model": "other"}, {"is_demo": True}, {"loading": "other"}],
)
def test_the_version_changes_with_what_people_see(change: dict[str, Any]) -> None:
    a_worker(state="ready", model="m")
    before = status.current().version
    assert status.current().version == before
    Worker.objects.update(**change)
    assert status.current().version != before


@pytest.mark.parametrize(
    ("owner", "measured", "usual", "told"),
    [
        (None, 0, 512, (2**20, NOT_MEASURED)),
        (None, 0, 1536, (1536**2, NOT_MEASURED)),
        (None, 600_000, 512, (600_000, MEMORY)),
        (None, 600_000, 1024, (2**20, MEMORY)),  # such a one was made at the start
        (None, 2**22, 512, (2**22, FORM)),
        (None, 2**31 - 1, 512, (2**22, FORM)),
        (2**26, 600_000, 512, (2**26, OWNER)),
        (4096, 600_000, 512, (4096, OWNER)),
        (4096, 0, 512, (4096, OWNER)),
    ],
)
def test_a_picture_may_be_as_large_as_the_owner_says_or_else_as_fits(
    settings: Settings, owner: int | None, measured: int, usual: int, told: tuple[int, str]
) -> None:
    settings.PLAYGROUND_MAX_PIXELS = owner
    a_worker(state="ready", model="m", model_defaults={"width": usual, "height": usual}, max_pixels=measured)
    assert status.current().limit == Limit(*told)


def test_of_several_workers_that_can_work_the_smallest_memory_counts() -> None:
    for state, max_pixels in (("ready", 900_000), ("generating", 700_000), ("ready", 0), ("loading", 600_000)):
        a_worker(state=state, max_pixels=max_pixels)
    a_worker(state="ready", max_pixels=500_000, seen=timezone.now() - timedelta(minutes=1))
    assert status.current().limit.pixels == 700_000
    Pause.objects.begin()
    assert status.current().limit.pixels == 700_000


def test_without_a_worker_the_limit_is_the_usual_one() -> None:
    assert status.current().limit == Limit(2**20, NOT_MEASURED)


def test_it_takes_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        a_worker(state="ready")
    Shelf.objects.demand()
    with django_assert_num_queries(1):
        status.current()


def test_what_is_wrong_with_another_worker_is_told_beside_the_one_that_works() -> None:
    a_worker(state="ready", notice="a cannot be read.")
    for _ in range(2):
        a_worker(state="starting", notice="Another worker already uses cpu.")
    now = status.current()
    assert (now.state, now.notice) == ("ready", "a cannot be read. Another worker already uses cpu.")
