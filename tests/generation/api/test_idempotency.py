"""A request that is sent twice makes one job."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from generation.models import IdempotencyKey, Job
from tests.generation.api.test_v1 import JOBS, somebody
from tests.program import Program, refused

pytestmark = pytest.mark.django_db

FOX: dict[str, Any] = {"prompt": "a fox", "num_images": 3}


def test_the_second_time_the_first_job_is_told(program: Program) -> None:
    first = program.send(JOBS, FOX, idempotency_key="k-1")
    second = program.send(JOBS, '{"num_images":3,  "prompt":"a f\\u006fx"}', idempotency_key="k-1")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Job.objects.count() == 1


def test_another_key_or_none_makes_another_job(program: Program) -> None:
    for headers in ({"idempotency_key": "a"}, {"idempotency_key": "b"}, {}, {}):
        assert program.send(JOBS, FOX, **headers).status_code == 201
    assert Job.objects.count() == 4


def test_another_request_with_the_same_key_is_refused(program: Program) -> None:
    program.send(JOBS, FOX, idempotency_key="a")
    refused(program.send(JOBS, {**FOX, "seed": 7}, idempotency_key="a"), 409, "Another request was sent")
    assert Job.objects.count() == 1


def test_a_key_is_that_of_one_visitor(program: Program) -> None:
    asks = [program, somebody(), somebody("else")]
    assert [each.send(JOBS, FOX, idempotency_key="a").status_code for each in asks * 2] == [201] * 3 + [200] * 3


def test_a_refused_request_leaves_its_key_free(program: Program) -> None:
    refused(program.send(JOBS, {"prompt": ""}, idempotency_key="a"), 422)
    assert program.send(JOBS, FOX, idempotency_key="a").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\t", "schlüssel", "a\x7f"])
def test_a_key_has_a_form(program: Program, key: str) -> None:
    refused(program.send(JOBS, FOX, idempotency_key=key), 400, "1 to 255 visible ASCII characters")
    assert not Job.objects.exists()


def test_after_a_day_a_key_is_forgotten(program: Program) -> None:
    program.send(JOBS, FOX, idempotency_key="a")
    IdempotencyKey.objects.update(created=timezone.now() - timedelta(hours=25))
    assert program.send(JOBS, FOX, idempotency_key="b").status_code == 201
    assert [known.key for known in IdempotencyKey.objects.all()] == ["b"]
    assert program.send(JOBS, FOX, idempotency_key="a").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_those_that_come_at_once_one_makes_a_job() -> None:
    barrier, codes = Barrier(6), []

    def send() -> None:
        barrier.wait()
        codes.append(Program(Client(headers={"host": "localhost"})).send(JOBS, FOX, idempotency_key="a").status_code)
        connection.close()

    threads = [Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] * 5 + [201]
    assert Job.objects.count() == IdempotencyKey.objects.count() == 1
