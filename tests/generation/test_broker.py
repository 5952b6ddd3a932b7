"""The broker on SQLite."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.brokers import get_broker

from generation import queue
from generation.broker import SQLiteBroker
from generation.engine.recipe import Recipe
from generation.models import Pace

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="another database has another broker"),
]


def elsewhere(work: Callable[[], object]) -> None:
    """With a connection of its own, as another process has one."""

    def run() -> None:
        work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def ask(broker: SQLiteBroker) -> tuple[bool, int]:
    """Whether there was a wake-up, and how many statements that took."""
    with CaptureQueriesContext(connection) as queries:
        found = broker.dequeue()
    return bool(found), len(queries)


def test_a_wake_up_is_found_after_its_commit_and_nothing_is_asked_while_nothing_is_committed() -> None:
    broker = get_broker()
    assert isinstance(broker, SQLiteBroker)
    assert ask(broker) == (False, 1)
    assert [ask(broker) for _ in range(3)] == [(False, 0)] * 3

    elsewhere(lambda: queue.submit(Recipe(prompt="a fox", seed=1)))
    assert ask(broker)[0]
    assert ask(broker) == (False, 1), "there might be another one"
    assert ask(broker) == (False, 0)


def test_other_commits_make_it_ask_once() -> None:
    broker = get_broker()
    ask(broker)
    elsewhere(lambda: Pace.objects.learn("anything", 1.0))
    assert [ask(broker) for _ in range(2)] == [(False, 1), (False, 0)]
