"""Every call of the description, with what chance makes of it: no 5xx, no hang, only answers that it describes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings, strategies
from pytest_django import Settings
from schemathesis.checks import CHECKS, load_all_checks

from generation.api.v1 import api
from generation.models import Job
from library.models import Batch, Image
from playground.costs import purses
from playground.wsgi import application
from tests.world import LOST, WAITING, World

pytestmark = pytest.mark.django_db

SCHEMA: Any = schemathesis.openapi.from_dict(api.get_openapi_schema())
SCHEMA.app = application
SCHEMA.config.update(base_url="http://localhost")
CALLS = [operation.ok().label for operation in SCHEMA.get_all_operations()]
EXAMPLES = 40
"""Of each call."""
load_all_checks()
CHECKED = CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """As Django's own test client has it: the answers see the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(one_connection: None, settings: Settings, tmp_path: Path) -> World:
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    settings.PLAYGROUND_LIBRARY.mkdir()
    settings.PLAYGROUND_DELETE, settings.PLAYGROUND_QUEUE_WORDS = "owner", "own"
    settings.PLAYGROUND_MAX_WAITING_PER_ADDRESS = settings.PLAYGROUND_MAX_WAITING_IN_ALL = 0
    return World(shut=False)


def test_the_description_is_whole() -> None:
    assert len(CALLS) > 15


@pytest.mark.parametrize("call", CALLS)
def test_whatever_is_sent_the_answer_is_one_that_is_described(world: World, call: str) -> None:
    method, path = call.split()
    known = [world.image.uuid, world.other.uuid, world.lost.uuid, world.job.uuid]
    headers = strategies.sampled_from([{}, {"Authorization": f"Bearer {world.token_of('generate')}"}])

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(SCHEMA[path][method].as_strategy(), strategies.sampled_from([None, *known]), headers)
    def ask(case: Any, uuid: Any, token: dict[str, str]) -> None:
        if uuid and case.path_parameters:
            case.path_parameters = dict.fromkeys(case.path_parameters, str(uuid))
        case.headers = {**{name: value for name, value in case.headers.items() if name != "Authorization"}, **token}
        purses.forget()
        started = time.thread_time()
        answer = case.call()
        assert time.thread_time() - started < 1
        case.validate_response(answer, checks=CHECKED)
        told = answer.content.decode("utf-8", "replace")
        assert WAITING not in told
        assert LOST not in told

    ask()
    assert Job.objects.get(pk=world.job.pk).state == "waiting"
    assert set(Image.objects.kept()) == {world.image, world.other}
    assert Batch.objects.filter(visitor="maker").count() == 3
